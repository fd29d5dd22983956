"""Where a mistake harms: people in danger and what only sounds like it, strangers, who wants to be left alone."""

from __future__ import annotations

import pytest

from console.bots.labels import LABELS
from console.bots.normalise import plain
from console.bots.rules import verdict
from console.bots.tables import rules
from console.bots.understand import understand
from console.bots.words import rule_words

DANGER = [
    "me quiero morir", "ya no quiero vivir", "kiero matarme", "voi a suisidarme", "no aguanto más", "ya no doy mas",
    "me tomé todas las pastillas", "mi esposo me pega", "mi marido me golpea cuando llego tarde",
    "me van a matar si no pago", "los del gota a gota me amenazaron de muerte", "mis hijos estarían mejor sin mi",
    "me voy a tirar del puente", "hoy es mi último día", "quiero acabar con mi vida",
    "si me siguen cobrando me mato", "temo por mi vida", "no le encuentro sentido a la vida", "tengo la soga lista",
    "me quiero pegar un tiro", "ojalá no despierte mañana", "mi ex me quiere matar", "sufro violencia en mi casa",
    "auxilio me están pegando", "I want to die", "quero morrer", "perdí la chamba y me quiero morir",
    "ME QUIERO MORIRRRR 😭😭", "deje de cobrarme o me mato", "estoy en la azotea y voy a saltar",
]  # fmt: skip
IDIOMS = [
    "me muero de vergüenza", "me muero de risa jaja", "ni muerto pago", "estoy muerta de sueño",
    "se me murió el celular", "me mata el calor", "mi jefe me mata si contesto", "me pegó el sol",
    "muero de hambre jaja", "me mato trabajando", "hay que matar el tiempo",
]  # fmt: skip
TRAPS = {
    "quiero cancelar": {"payment_link"},
    "quiero liquidar mi deuda": {"payment_link"},
    "ya cancelé": {"already_paid"},
    "bajen la cuota por favor": {"payment_plan"},
    "quiero que me bajen los intereses": {"payment_plan"},
    "no, quiero hablar con una persona": {"human"},
    "no quiero hablar": {"deny"},
    "mándame el link y dime a qué hora atienden": {"payment_link", "hours"},
    "cuanto debe mi esposa": {"balance"},
    "numero equivocado, no me escriban mas": {"wrong_person", "opt_out"},
    "BAJA": {"opt_out"},
    "stop": {"opt_out"},
    "no voy a pagar": {"deny"},
    "hola": {"greeting"},
    "hola cuanto debo gracias": {"balance"},
    "muchas gracias": {"thanks"},
    "44218305": {"identity_answer"},
    "mi dni es 44218305": {"identity_answer"},
    "sí 👍": {"affirm"},
    "oe causa": {"greeting"},
    "no quiero dejar de recibir mensajes": {"other"},
}
DISPUTES = [
    "no reconozco esa deuda", "yo no debo nada", "esa deuda no es mía", "nunca saqué un préstamo",
    "me están cobrando de más", "solo fui aval", "me suplantaron", "el monto está mal", "desconozco ese cargo",
    "esa deuda ya prescribió", "no rekonosco la deuda",
]  # fmt: skip
STRANGERS = [
    "número equivocado", "no soy esa persona", "te equivocaste de número", "no conozco a ese señor", "aquí no vive",
    "ese señor ya no vive acá", "yo solo soy su referencia", "soy su hermana", "este número ya no es de él",
    "ekivocado",
]  # fmt: skip
AWAY = [
    "no me escriban más", "dejen de llamarme", "borren mi número", "ya no me manden mensajes", "los voy a bloquear",
    "sáquenme de su lista", "denme de baja", "no autorizo que usen mis datos", "dejen de molestar",
    "no me yamen mas", "no me escrivan",
]  # fmt: skip


@pytest.mark.parametrize("text", DANGER)
def test_somebody_in_danger_comes_first(text: str) -> None:
    assert understand(text).labels[0] == "distress"


@pytest.mark.parametrize("text", IDIOMS)
def test_playing_with_death_is_no_danger(text: str) -> None:
    assert "distress" not in understand(text).labels


@pytest.mark.parametrize(("text", "labels"), TRAPS.items())
def test_words_that_sound_like_something_else(text: str, labels: set[str]) -> None:
    assert set(understand(text).labels) == labels


@pytest.mark.parametrize("text", DISPUTES)
def test_a_debt_that_is_not_recognised(text: str) -> None:
    assert understand(text).labels == ("dispute",)


@pytest.mark.parametrize("text", STRANGERS)
def test_somebody_else_at_the_telephone(text: str) -> None:
    assert understand(text).labels == ("wrong_person",)


@pytest.mark.parametrize("text", AWAY)
def test_somebody_who_wants_to_be_left_alone(text: str) -> None:
    assert understand(text).labels[0] == "opt_out"


def test_rules_name_only_labels_that_exist() -> None:
    for rule in (*rules("rules.txt"), *rules("danger.txt")):
        assert {*rule.adds, *rule.drops} <= set(LABELS), rule.name


def test_every_rule_has_a_name_of_its_own_for_people() -> None:
    all_rules = (*rules("rules.txt"), *rules("danger.txt"))
    names = [rule_words(rule.name) for rule in all_rules]
    assert names == [rule.says for rule in all_rules]
    assert all(names)
    assert len(set(names)) == len(names)
    assert rule_words("nothing but thanks") == "el mensaje entero es «Agradece»"
    assert rule_words("a_rule that is no more") == "a rule that is no more"


def test_nothing_takes_distress_away() -> None:
    said = verdict(plain("me muero de vergüenza pero mi esposo me pega"))
    assert "distress" in said.adds
    assert "distress" not in said.drops


def test_what_the_rules_did_can_be_said() -> None:
    assert verdict(plain("no me escriban más")).names == ("no more messages",)
