"""What templates make of what they are given, strangers' words above all."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from jinja2 import UndefinedError

from console import render
from console.canned.offering import Offer
from console.inbox.stopped import FREE, ConsentView
from console.inbox.views import TagView
from console.languages.catalogues import said
from console.mentions.people import Colleague
from console.render import fragment, page
from tests import shown
from tests.outline import Outline

pytestmark = pytest.mark.usefixtures("moment")

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' autofocus onfocus=alert(1) x='",
    "javascript:alert(1)",
    "{{7*7}} {% raw %} ${x} %s {0.__class__}",
    "</textarea></template><base href=//evil.example>",
    "\u202egnp.exe\u2066\u200b\x1b[31m\u2028",
)
LOGIN: dict[str, Any] = {
    "company": "Andes",
    "email": "",
    "notice": "throttled",
    "ticket": "",
    "provider": None,
    "wait_seconds": 48,
    "next": "",
    "demo_users": [],
    "chosen": None,
}
COLLISION: dict[str, Any] = {
    "conversation_id": 12,
    "author_name": "V",
    "text": None,
    "kind": "image",
    "at": shown.EARLIER,
    "message_id": 3,
}
TEMPLATES = {"conversation_id": 12, "name": "María", "company": "Andes"}
A_COLLEAGUE = Colleague(3, "Luz Paredes", "LP", "Cobranza", "luz paredes cobranza")
AN_OFFER = Offer(
    id=1,
    name="Saldo",
    folder="Pago",
    whose="team",
    text="Son {saldo}",
    missing=["saldo"],
    files=[("document", "pago.pdf")],
    words="saldo",
    used=2,
)
ONE_OF_EACH: dict[str, dict[str, Any]] = {
    "_about.html": {"conversation_id": 12, "header": shown.a_header(), "panel": shown.a_panel()},
    "_banner.html": {"banner": None},
    "_canned.html": {"conversation_id": 12, "offers": [AN_OFFER], "held_back": "Falta confirmar.", "can_confirm": True},
    "_colleagues.html": {"place": 12, "colleagues": [A_COLLEAGUE]},
    "_collision.html": COLLISION,
    "_composer.html": {"header": shown.a_header(), "draft": None, "last_sequence": 5, "consent": FREE, "files": []},
    "_consent.html": {"conversation_id": 12, "consent": ConsentView(suggestion="opt_out", message_id=5)},
    "_counts.html": {"counts": [], "view": "mine"},
    "_empty_pane.html": {},
    "_filter.html": {"bar": shown.a_bar()},
    "_filter_count.html": {"count": 3, "is_more": True},
    "_header.html": {"header": shown.a_header()},
    "_history.html": {"conversation_id": 12, "history": shown.a_panel().history, "whole": False},
    "_later.html": {"thread": shown.a_thread(shown.a_message())},
    "_list.html": {key: shown.an_inbox()[key] for key in ("counts", "view", "rows", "next_cursor", "bar")}
    | {"error": None},
    "_message.html": {"message": shown.a_message()},
    "_messages.html": {"thread": shown.a_thread(shown.a_message(), has_earlier=True, earlier_before=5)},
    "_no_access.html": {},
    "_notice.html": {"conversation_id": 12, "text": "La ventana se cerró."},
    "_pane.html": shown.a_pane(),
    "_owed.html": {"conversation_id": 12, "standing": shown.a_standing(), "owed": shown.what_is_owed()},
    "_panel.html": {"conversation_id": 12, "header": shown.a_header(), "panel": shown.a_panel()},
    "_presence.html": {"conversation_id": 12, "people": shown.a_pane()["presence"]},
    "_row.html": {"row": shown.a_row()},
    "_rows.html": {"rows": [shown.a_row()], "next_cursor": "abc"},
    "_tags.html": {"conversation_id": 12, "tags": shown.a_panel().tags, "standing": shown.a_standing()},
    "_templates.html": {**TEMPLATES, "templates": [shown.a_template()], "held_back": "Falta confirmar."},
    "_thread.html": {"thread": shown.a_thread(shown.a_message())},
    "_waiting_file.html": {"file": shown.a_waiting_file()},
    "_waiting_files.html": {"conversation_id": 12, "files": [shown.a_waiting_file()]},
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(ONE_OF_EACH))
def test_a_fragment_is_one_element_with_an_id_and_nothing_the_policy_forbids(name: str) -> None:
    outline = Outline(fragment(f"inbox/{name}", **ONE_OF_EACH[name]))

    assert [bool(attributes.get("id")) for depth, _tag, attributes in outline.elements if depth == 0] == [True]
    assert not outline.forbidden
    assert len(outline.ids) == len(set(outline.ids))


@pytest.mark.parametrize("words", HOSTILE)
def test_a_mention_stands_out_and_runs_nothing(words: str) -> None:
    people = [{"id": "3", "name": words}, {"id": "7", "name": "Luz"}]
    shown_as = str(render.marked(f"@{words} y @Luz: {words} https://andes.example", people))
    assert '<mark class="mention" data-agents="7">@Luz</mark>' in shown_as
    assert shown_as.count("<mark") == 2
    outline = Outline(shown_as)
    assert {tag for _depth, tag, _attributes in outline.elements} <= {"mark", "a"}
    assert not outline.forbidden
    assert render.apart("@Luz", people) == people[:1]


def test_every_fragment_of_the_inbox_is_tried_above() -> None:
    names = {path.name for path in (render.HERE / "templates" / "inbox").glob("_*.html")}

    assert names == set(ONE_OF_EACH)


def test_a_fragment_sees_only_what_it_is_given() -> None:
    with pytest.raises(UndefinedError):
        fragment("inbox/_row.html")


@pytest.mark.parametrize(
    "piece",
    [
        fragment("inbox/_row.html", row=shown.a_row()),
        fragment("inbox/_message.html", message=shown.a_message()),
        fragment("inbox/_header.html", header=shown.a_header()),
        fragment("inbox/_history.html", conversation_id=12, history=shown.a_panel().history, whole=False),
    ],
    ids=["row", "message", "header", "history"],
)
def test_page_answer_and_push_are_the_same_text(piece: str) -> None:
    whole = page("inbox/inbox.html", **shown.an_inbox())

    # Made when this file was read, by the clock of that day; what differs with the day is not compared.
    assert timeless(piece) in timeless(whole)


@pytest.mark.parametrize("words", HOSTILE)
def test_a_strangers_words_stay_words(words: str) -> None:
    assert Outline(everything(words)).skeleton == Outline(everything("María")).skeleton


@pytest.mark.parametrize("words", HOSTILE)
def test_a_strangers_words_are_shown_as_they_came(words: str) -> None:
    bubble = Outline(fragment("inbox/_message.html", message=shown.a_message(text=words)))

    assert words in bubble.text


def test_no_page_breaks_the_content_security_policy() -> None:
    pages = [
        page("inbox/inbox.html", **shown.an_inbox()),
        page("inbox/inbox.html", **shown.an_inbox(pane=None, rows=[], banner=None)),
        page("inbox/inbox.html", **shown.an_inbox(pane={"no_access": True}), error="No hay base de datos."),
        page("sign_in/login.html", **LOGIN),
        page("sign_in/setup.html", company="Andes", email="", name="", chosen=None, problems={"password": "Doce."}),
        page("error.html", status=503),
    ]  # fmt: skip

    assert not [flaw for html in pages for flaw in Outline(html).forbidden]
    assert all(len(ids) == len(set(ids)) for ids in (Outline(html).ids for html in pages))


@pytest.mark.parametrize("message", shown.every_message(), ids=lambda one: f"{one.kind}-{one.status}-{one.id}")
def test_every_kind_of_message_says_something(message: Any) -> None:
    bubble = Outline(fragment("inbox/_message.html", message=message))

    assert len(" ".join(bubble.text.split())) > len("20 de noviembre, 09:45")


def test_a_failure_says_what_to_do_and_offers_it() -> None:
    (failed,) = [one for one in shown.every_message() if one.status == "failed"]

    html = fragment("inbox/_message.html", message=failed)

    assert "Pida otro contacto." in html
    assert 'hx-post="/inbox/12/messages/' in html


def test_the_waiting_bubble_is_the_servers_own() -> None:
    html = page("inbox/inbox.html", **shown.an_inbox())
    waiting = re.search(r'<template id="bubble-text">(.*?)</template>', html, re.DOTALL)
    assert waiting

    real = fragment("inbox/_message.html", message=shown.our_message(status="queued", client_key="k"))

    assert Outline(waiting[1]).skeleton == Outline(real).skeleton


def test_only_whoever_holds_rights_is_offered_them() -> None:
    may = fragment("inbox/_header.html", header=shown.a_header())
    may_not = fragment(
        "inbox/_header.html", header=shown.a_header(can_assign=False, holder_id=2, holder_is_viewer=False)
    )

    assert "/transfer" in may
    assert "assignment" not in may_not


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("vea https://pagos.example/p/x?a=1&b=2.", ["https://pagos.example/p/x?a=1&b=2"]),
        ("(http://a.example:8080/x) y https://b.example", ["http://a.example:8080/x", "https://b.example"]),
        ("javascript:alert(1) data:text/html,x ftp://a.example //a.example", []),
        ("https://banco.example@evil.example/x https://banco:pw@evil.example https://1:2@evil.example", []),
        ("https://bаnco.example/", []),
        ("https://a.example/\u202efdp.exe", []),
        ('https://a.example/"onmouseover=alert(1)', ["https://a.example/"]),
        ("https://a.example/<b>", ["https://a.example/"]),
    ],
)
def test_only_plain_web_addresses_become_links_and_lead_where_they_say(text: str, addresses: list[str]) -> None:
    outline = Outline(render.linked(text))
    links = [attributes for _depth, tag, attributes in outline.elements if tag == "a"]

    assert [link["href"] for link in links] == addresses
    assert all(link["rel"] == "noopener noreferrer nofollow" for link in links)
    assert outline.text == text


NOON = datetime(2026, 11, 20, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "short", "long"),
    [
        (NOON - timedelta(hours=3), "09:00", "hoy 09:00"),
        (NOON - timedelta(hours=13), "ayer", "ayer 23:00"),
        (NOON - timedelta(days=14), "6 nov", "6 nov 12:00"),
        (NOON - timedelta(days=365), "20 nov 2025", "20 nov 2025 12:00"),
    ],
)
def test_a_moment_reads_as_people_in_that_zone_say_it(at: datetime, short: str, long: str) -> None:
    assert (render.short_when(at), render.long_when(at)) == (short, long)


def test_a_day_is_the_local_one() -> None:
    late = datetime(2026, 11, 21, 3, tzinfo=UTC)

    assert render.day_key(late) == "2026-11-20"
    assert render.day_words(late) == "Viernes 20 de noviembre"


def test_a_moment_without_zone_is_not_shown() -> None:
    with pytest.raises(ValueError, match="time zone"):
        render.clock_time(datetime(2026, 11, 20, 12))  # noqa: DTZ001 that is the point


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(hours=23, minutes=58, seconds=59), "23 h 58 min"),
        (timedelta(minutes=18), "18 min"),
        (timedelta(days=3, hours=2), "3 d 2 h"),
        (timedelta(seconds=-5), "0 min"),
    ],
)
def test_a_length_is_told_in_its_two_largest_units(length: timedelta, words: str) -> None:
    assert render.duration(length) == words


def test_another_business_has_its_own_zone() -> None:
    render.configure(zone=ZoneInfo("America/Mexico_City"), company="Otra")
    try:
        assert render.clock_time(NOON) == "11:00"
    finally:
        render.configure(zone=ZoneInfo("America/Lima"), company="Al Día")


@pytest.mark.parametrize(
    ("number", "words"),
    [("51944218305", "+51 944 218 305"), ("+5491123456789", "+54 9 11 2345 6789"), ("PE.123", "PE.123"), (None, "")],
)
def test_a_phone_number_is_spaced_as_people_write_it(number: str | None, words: str) -> None:
    assert render.phone(number) == words


@pytest.mark.parametrize(
    ("zone", "words"),
    [(ZoneInfo("America/Lima"), "Lima"), ("America/Argentina/Buenos_Aires", "Buenos Aires"), ("UTC", "UTC")],
)
def test_a_time_zone_is_called_by_its_place(zone: Any, words: str) -> None:
    assert render.city(zone) == words


@pytest.mark.parametrize(("octets", "words"), [(None, ""), (999, "999 B"), (184_000, "184 kB"), (1_250_000, "1.2 MB")])
def test_a_file_size_is_short(octets: int | None, words: str) -> None:
    assert render.size(octets) == words


@pytest.mark.parametrize(("language", "words"), [("es", "1.2 MB"), ("pt", "1,2 MB"), ("en", "1.2 MB")])
def test_a_file_size_has_the_decimals_of_its_reader(language: str, words: str) -> None:
    assert said(render.size(1_250_000), language) == words


@pytest.mark.parametrize(("name", "letters"), [("Ana María de la O", "AM"), ("+51 987", "?"), ("مريم علي", "مع")])
def test_initials_are_letters(name: str, letters: str) -> None:
    assert render.initials(name) == letters


def test_a_template_is_cut_at_its_placeholders_and_nowhere_else() -> None:
    assert render.pieces("Hola {{1}}, {x} ${y} {{ dia }}.") == [
        ("Hola ", False),
        ("1", True),
        (", {x} ${y} ", False),
        ("dia", True),
        (".", False),
    ]


@pytest.mark.parametrize(
    "odd",
    [
        None,
        [],
        {},
        {"latitude": None},
        {"latitude": "nan", "longitude": 1},
        {"latitude": 91, "longitude": 0},
        {"latitude": True, "longitude": True},
    ],
)
def test_a_place_that_is_nowhere_has_no_map(odd: Any) -> None:
    assert render.point(odd) is None


def everything(words: str) -> str:
    """All of the inbox, with `words` wherever somebody else's words can stand."""
    contact = shown.a_panel().contact
    contact.name = contact.username = contact.profile_name = contact.phone = words
    tags = [TagView(id=1, name=words, colour="purple")]
    row = shown.a_row(
        name=words, preview=words, holder_name=words, last_author=words, direction="out", initials="M", tags=tags
    )
    header = shown.a_header(name=words, holder_name=words, team_name=words, candidates=[(2, words)], phone=words)
    thread = shown.a_thread(*shown.every_message(words))
    panel = shown.a_panel(contact=contact, review_tasks=[words], tags=tags, owed=shown.what_is_owed(words))
    pane = shown.a_pane(header=header, thread=thread, panel=panel)
    template = shown.a_template(title=words, body=words, footer=words, variables=[("1", words, words)], why_not=words)
    return "".join(
        [
            page(
                "inbox/inbox.html",
                **shown.an_inbox(rows=[row], pane=pane, viewer=shown.a_viewer(name=words), bar=shown.a_bar(words)),
            ),
            fragment(
                "inbox/_templates.html",
                conversation_id=12,
                name=words,
                company=words,
                templates=[template],
                held_back=words,
            ),
            fragment(
                "inbox/_canned.html",
                conversation_id=12,
                offers=[
                    msgspec.structs.replace(
                        AN_OFFER, name=words, folder=words, text=words, words=words, files=[("document", words)]
                    )
                ],
                held_back=words,
                can_confirm=True,
            ),
            fragment(
                "inbox/_colleagues.html",
                place=12,
                colleagues=[Colleague(3, words, "L", words, words)],
            ),
            fragment("inbox/_collision.html", **(COLLISION | {"author_name": words, "text": words})),
            page("error.html", status=404, text=words),
        ],
    )


def timeless(html: str) -> str:
    html = re.sub(r"\d+ días? de atraso", "", html)
    return re.sub(r"(datetime|data-since|data-until)=\"[^\"]*\"[^<]*", "", html)
