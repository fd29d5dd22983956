"""What a message means, whatever is written: bounds, order, speed, and a model that is the same whenever it is made."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.bots import actions, features
from console.bots.actions import STEPS, step_for
from console.bots.labels import LABELS
from console.bots.model import FILE, Model, trained
from console.bots.normalise import LONGEST, plain
from console.bots.training import phrases, variations
from console.bots.training.__main__ import trained as made
from console.bots.understand import DOUBT, understand

ODD = [
    "", " ", "\0", "\0" * 4096, "😂" * 4096, "👨\u200d👩\u200d👧", "سلام كيف حالك", "你好，我欠多少钱", "Привет",
    "?" * 4096, "a" * 4096, "1" * 4096, "no " * 1365, "me " * 1365, "\ud800", "e\u0301" * 2048, "ﬁ½™", "\u202eabc",
    "no puedo " * 455, "1 " * 2048,
]  # fmt: skip
PIECES = st.sampled_from(
    [
        "no",
        "me",
        "ya",
        "pagué",
        "quiero",
        "morir",
        "de",
        "deuda",
        "no es mía",
        "el viernes",
        "link",
        "?",
        ",",
        "200",
        "😭",
        "\0",
        "hola",
        "xq",
    ]
)


def test_a_doubt_is_between_danger_and_anything_else() -> None:
    assert DOUBT <= understand("me siento vacía por dentro").doubt < 1
    for known in ("ya no quiero vivir", "me muero de vergüenza", "cuanto debo", "si", "no me escriban más"):
        assert understand(known).doubt == 0, known


def test_doubts_are_few_among_everyday_messages() -> None:
    lines = (Path(__file__).parent / "unseen.tsv").read_text(encoding="utf-8").splitlines()[1:]
    everyday = [line.split("\t")[0] for line in lines if "distress" not in line]
    assert sum(understand(text).doubt > 0 for text in everyday) <= len(everyday) / 100


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_odd_messages_have_a_meaning_too(text: str) -> None:
    assert understand(text).labels


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(max_size=300), st.lists(PIECES, max_size=40).map(" ".join)))
def test_every_message_has_known_labels_sorted_scores_and_one_action(text: str) -> None:
    understood = understand(text)
    assert 1 <= len(understood.labels) == len(set(understood.labels))
    assert set(understood.labels) <= set(LABELS)
    assert all(0 < intent.score <= 1 for intent in understood.intents)
    assert step_for(understood.labels) in STEPS
    if len(understood.labels) > 1:
        assert not {"greeting", "thanks"} & set(understood.labels)


@settings(max_examples=50, deadline=None)
@given(st.text(min_size=1, max_size=40))
def test_the_longest_message_costs_no_more_than_its_letters(text: str) -> None:
    looked_up = sum(len(group) for group in features.buckets(plain((text * LONGEST)[:LONGEST])))
    # Four sizes of pieces, words and pairs of words, and what a few ideas make of each other.
    assert looked_up <= 24 * LONGEST


def test_what_is_said_beyond_the_longest_message_is_not_read() -> None:
    assert plain("hola " * 2000) == plain("hola " * 2000 + "me quiero morir")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Cto toy debiendo??", "cuanto estoy debiendo ?"),
        ("PORFAAAA 🙏", "por favor gracias"),
        ("xq no boy a pagar", "porque no voy a pagar"),
        ("S/ 1,200.50", "s 1200 c 50"),
        ("ekivocado", "equivocado"),
        ("ño\u0301ño", "nono"),
    ],
)
def test_how_people_type_becomes_plain_words(text: str, words: str) -> None:
    assert " ".join(plain(text)) == words


def test_the_gravest_matter_is_acted_on_first() -> None:
    ranked = [step.label for step in STEPS]
    assert ranked[:4] == ["distress", "wrong_person", "opt_out", "dispute"]
    for grave, less in pairwise(["distress", "wrong_person", "opt_out", "dispute", "complaint"]):
        assert step_for([less, grave]).label == grave
    assert step_for(["payment_link", "dispute"]).action == "open_dispute"
    assert step_for(["payment_link", "hours"]).action == "send_payment_link"
    assert set(ranked) == set(LABELS)


def test_what_tells_of_a_debt_waits_for_identity() -> None:
    waiting = {step.label for step in STEPS if step.after_identity}
    assert waiting == {"balance", "payment_link", "due_date", "promise_to_pay", "payment_plan"}
    assert not waiting & actions.SILENT_ABOUT_MONEY


def test_the_model_fits_the_labels_and_is_small() -> None:
    assert trained().head.labels == LABELS
    assert FILE.stat().st_size < 5_000_000


def test_a_model_cut_off_is_refused() -> None:
    with pytest.raises(ValueError, match="make train"):
        Model(FILE.read_bytes()[:-1])


def test_the_same_phrases_make_the_same_model() -> None:
    few = phrases.read()[::200]
    first = made(few, turns=3)
    assert first == made(few, turns=3)
    assert Model(first).scores(plain("cuanto debo")).keys() == set(LABELS)


def test_phrases_are_many_distinct_and_of_five_countries() -> None:
    ours = phrases.read()
    assert len({phrase.text.lower() for phrase in ours}) == len(ours) >= 6000
    assert {phrase.country for phrase in ours} == {"PE", "MX", "CO", "CL", "AR"}
    assert {label for phrase in ours for label in phrase.labels} == set(LABELS)


def test_what_is_kept_out_has_no_twin_in_what_is_learnt() -> None:
    alike = [
        phrases.Phrase("quiero saber cuanto debo", ("balance",), "PE"),
        phrases.Phrase("hola, kiero saber cuanto devo por favor", ("balance",), "MX"),
        phrases.Phrase("a que hora abre la oficina", ("hours",), "MX"),
    ]
    first, second, _third = phrases.sides(alike, parts=1000)
    assert first == second


def test_variations_keep_the_meaning_and_are_the_same_every_time() -> None:
    few = phrases.read()[::100]
    assert variations.varied(few, seed=1) == variations.varied(few, seed=1)
    assert {phrase.labels for phrase in few} <= {phrase.labels for phrase in variations.varied(few, seed=1)}


def test_the_bot_understands_most_of_its_own_phrases() -> None:
    some = phrases.read()[::11]
    right = sum(set(understand(phrase.text).labels) == set(phrase.labels) for phrase in some)
    assert right >= 0.97 * len(some)


def test_messages_never_learnt_from_are_understood_and_no_grave_one_is_missed() -> None:
    unseen = phrases.read_file(Path(__file__).with_name("unseen.tsv"))
    heard = [(phrase, set(understand(phrase.text).labels)) for phrase in unseen]
    for grave in ("distress", "opt_out", "wrong_person", "dispute"):
        assert [phrase.text for phrase, labels in heard if grave in phrase.labels and grave not in labels] == []
    assert sum(set(phrase.labels) == labels for phrase, labels in heard) >= 0.9 * len(unseen)


@pytest.mark.parametrize(
    "text",
    [
        "ya deje una carta para mi familia, me despido",
        "si siguen llamando hago una locura",
        "estoy harta de respirar",
        "lo unico que me queda es la soga",
        "tome mucho clonazepam",
        "voy a abrir la llave del gas y dormirme",
        "mi hija se corta los brazos desde q nos cobran",
    ],
)
def test_veiled_words_of_danger_are_danger(text: str) -> None:
    assert "distress" in understand(text).labels


@pytest.mark.parametrize(
    "text",
    [
        "la luz me esta matando, cuanto debo",
        "me pego un tiro en el pie si pago dos veces jeje ya pague",
        "me mato la risa ese meme",
        "voy a matar esa cuota el lunes",
        "antes muerta que pagarles",
        "estoy con la soga al cuello, pago el lunes",
    ],
)
def test_idioms_of_death_are_no_danger(text: str) -> None:
    assert "distress" not in understand(text).labels
