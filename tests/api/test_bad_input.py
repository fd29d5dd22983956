"""Whatever is asked, the answer is one of ours: never a 500, never our insides, never somebody else's page."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.api.cursors import Cursors
from console.errors import Refused
from tests.api.house import House, Program, serving
from tests.inbox import meta

LISTINGS = ("/conversations", "/contacts", "/audit", "/users", "/teams", "/templates")
OURS = {200, 201, 400, 401, 403, 404, 405, 409, 413, 415, 422, 429}
# What shows that something of ours came out.
INSIDES = ("Traceback", "sqlalchemy", "msgspec", "SELECT ", ".py", "sqlite", "asyncpg")

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)


def members(*names: str) -> st.SearchStrategy[Any]:
    """An object with some members we know, filled with anything."""
    return st.dictionaries(st.sampled_from(names) | st.text(max_size=8), anything, max_size=4)


messages = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["text", "template", "image", "reaction", ""]) | anything,
        "text": st.fixed_dictionaries({}, optional={"body": st.text() | anything}) | anything,
        "template": members("name", "language", "variables", "components"),
        "context": members("message_id"),
        "reaction": members("message_id", "emoji"),
        "seen_sequence": anything,
    },
)
changes = members("assignee", "team", "status", "snoozed_until", "tags", "version")
filters = st.dictionaries(
    st.sampled_from(["limit", "cursor", "q", "phone", "status", "assignee", "handler", "tag", "from", "to", "actor"]),
    st.text(max_size=12) | st.sampled_from(["1", "100", "none", "me", "open", "'; DROP TABLE message; --", "%", "\\"]),
    max_size=3,
)
bodies = st.binary(max_size=60) | anything.map(lambda value: json.dumps(value).encode())


async def test_no_question_brings_an_error_of_ours(sqlite_database_url: str) -> None:
    """Rows A24, A33, A34."""
    async with serving(sqlite_database_url) as house, house.program() as program:
        await house.writes(meta.MARIA)
        path = f"/conversations/{(await program.conversation())['id']}"
        own = f"/users/{(await house.agent()).id}"
        theirs = f"{own}{path}"
        questions: list[tuple[str, str, Any]] = []

        @settings(max_examples=250, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(
            st.one_of(
                st.tuples(st.just("GET"), st.sampled_from(LISTINGS), filters),
                st.tuples(st.just("GET"), st.just(f"{path}/messages"), filters),
                st.tuples(st.just("GET"), st.sampled_from([f"{own}/search", f"{theirs}/search"]), filters),
                st.tuples(st.just("GET"), st.just(f"{theirs}/templates"), filters),
                st.tuples(st.just("PATCH"), st.sampled_from([path, theirs]), changes),
                st.tuples(st.just("POST"), st.sampled_from([f"{path}/messages", f"{theirs}/messages"]), messages),
                st.tuples(st.just("POST"), st.sampled_from([f"{path}/notes", f"{theirs}/notes"]), members("text")),
                st.tuples(st.just("POST"), st.just(f"{theirs}/transfer"), members("note", "assignee", "team")),
                st.tuples(st.just("POST"), st.just(f"{theirs}/template-previews"), members("name", "language")),
                st.tuples(st.just("PUT"), st.just(f"{theirs}/read-mark"), members("sequence")),
                st.tuples(st.just("PUT"), st.just(f"{own}/presence"), members("status", "reason", "minutes")),
                st.tuples(st.just("PATCH"), st.just("/contacts/1"), members("name", "version") | anything),
                st.tuples(st.just("POST"), st.just(f"{path}/messages"), bodies),
            ),
        )
        def ask(question: tuple[str, str, Any]) -> None:
            questions.append(question)

        ask()
        for question in questions:
            await answers_well(program, *question)


async def answers_well(program: Program, method: str, path: str, asked: Any) -> None:
    if method == "GET":
        answer = await program.http.get(path, params=asked)
    else:
        content = asked if isinstance(asked, bytes) else json.dumps(asked).encode()
        answer = await program.http.request(method, path, content=content, headers={"content-type": "application/json"})

    assert answer.status_code in OURS, (method, path, asked, answer.text)
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert {"type", "title", "status", "detail", "code"} <= set(answer.json())
        assert not [word for word in INSIDES if word in answer.text], answer.text


async def test_a_cursor_of_ours_is_good_for_its_own_listing_only(house: House, program: Program) -> None:
    await house.writes(*(f"5194421{number:04d}" for number in range(4)))
    page = await program.get("/conversations", limit=1, status="open")
    cursor = page["next_cursor"]

    assert (await program.http.get("/conversations", params={"cursor": cursor, "status": "open"})).status_code == 200
    for listing, params in (
        ("/conversations", {}),
        ("/conversations", {"status": "resolved"}),
        ("/conversations", {"status": "open", "assignee": "none"}),
        ("/contacts", {}),
        ("/audit", {}),
    ):
        answer = await program.http.get(listing, params={**params, "cursor": cursor})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")


@given(st.data())
def test_a_cursor_changed_anywhere_is_refused(data: st.DataObject) -> None:
    cursors = Cursors("a secret")
    place = (data.draw(st.integers(0, 2**60)), data.draw(st.integers(1, 2**60)))
    cursor = cursors.write("x", {"status": "open"}, place)
    at = data.draw(st.integers(0, len(cursor) - 1))
    other = data.draw(st.characters().filter(lambda letter: letter != cursor[at]))

    assert cursors.read("x", {"status": "open"}, cursor, (int, int)) == place
    for changed in (cursor[:at] + other + cursor[at + 1 :], cursor[:at], cursor + other, other + cursor, cursor + "="):
        assert refuses(cursors, changed)
    assert refuses(Cursors("another secret"), cursor)


def refuses(cursors: Cursors, cursor: str) -> bool:
    try:
        cursors.read("x", {"status": "open"}, cursor, (int, int))
    except Refused as refusal:
        return refusal.code == "invalid_cursor"
    return False


async def test_what_is_given_twice_or_unknown_is_refused_by_name(program: Program) -> None:
    """Row A32: one parameter, one meaning."""
    twice = await program.http.get("/conversations?status=open&status=resolved")
    listed = await program.http.get("/conversations?status[]=open")
    unknown = await program.http.get("/conversations?holder=1")
    nothing = await program.http.get("/conversations?status=null")

    assert (nothing.status_code, nothing.json()["field"]) == (400, "status")
    assert (twice.status_code, twice.json()["code"], twice.json()["field"]) == (400, "repeated_parameter", "status")
    assert (listed.status_code, listed.json()["field"]) == (400, "status[]")
    assert (unknown.status_code, unknown.json()["code"], unknown.json()["field"]) == (400, "unknown_field", "holder")


async def test_a_limit_is_a_number_from_one_to_a_hundred(program: Program) -> None:
    for listing in LISTINGS:
        for limit in ("0", "101", "-1", "1.5", "ten", "", "null", "9" * 40):
            answer = await program.http.get(listing, params={"limit": limit})
            assert (answer.status_code, answer.json()["field"]) == (400, "limit"), limit
        assert (await program.http.get(listing, params={"limit": "100"})).status_code == 200


@pytest.mark.parametrize(
    "moment",
    ["0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59Z"],
)
async def test_a_moment_at_the_ends_of_the_calendar_is_refused_by_name(
    house: House, program: Program, moment: str
) -> None:
    """Rows A33, F33: in another zone there is no such day, and no page could show it."""
    await house.writes(meta.MARIA)
    conversation = await program.conversation()
    mine = f"/conversations/{conversation['id']}"
    amount = {"amount": "1.00", "currency": "PEN"}
    consent = {"state": "withdrawn", "channel": "whatsapp", "purpose": "collection", "how": "call"}
    for method, path, field, asked in (
        ("PATCH", mine, "snoozed_until", {"status": "snoozed"}),
        ("POST", f"{mine}/scheduled-messages", "send_at", {"type": "text", "text": {"body": "Hola"}}),
        ("POST", "/payments", "paid_at", {"external_id": "P-1", "account": "A-1", "amount": amount, "method": "x"}),
        ("POST", f"/contacts/{conversation['contact']['id']}/consents", "said_at", consent),
    ):
        answer = await program.http.request(method, path, json={**asked, field: moment})
        assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text


@pytest.mark.parametrize("text", ["\u200b", "\u202e \u00a0", "\ufeff\n", "\u2028"])
async def test_a_text_that_shows_nothing_is_no_text(house: House, program: Program, text: str) -> None:
    await house.writes(meta.MARIA)
    mine = f"/conversations/{(await program.conversation())['id']}"

    message = await program.http.post(f"{mine}/messages", json={"type": "text", "text": {"body": text}})
    note = await program.http.post(f"{mine}/notes", json={"text": text})

    assert (message.status_code, message.json()["field"]) == (422, "text")
    assert note.status_code == 422
