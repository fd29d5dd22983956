"""Who may do what: every route, every frame of a socket and every kind of push has its row, and each is really tried.

The table is in tests/who_may.py. What has no row there fails, and so does a row of what no longer exists. Rows A27,
A29 and A41.
"""

from __future__ import annotations

import itertools
import re
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

import httpx
import pytest
import pytest_asyncio
import websockets
from sqlalchemy import select
from websockets.exceptions import InvalidStatus

from console import clock, sessions
from console.agents import ApiToken
from console.api import events
from console.api.tokens import SCOPES
from console.app import create_app
from console.audit import Actor
from console.canned.models import CannedText
from console.inbox import media_files, sockets
from console.inbox.channel import DeadLetter, MessageTemplate
from console.inbox.contacts import ReviewTask
from console.inbox.models import Media
from console.portfolio import disputes, plans, promises
from console.portfolio.instalments import Terms
from console.portfolio.states import today_in
from tests.databases import SqliteCopies
from tests.front import Front, Person, Wire, a_console, settings_for
from tests.inbox import meta
from tests.pdf_pages import papers
from tests.portfolio.debts import a_debtor
from tests.who_may import API, CALLS, EVENTS, FRAMES, PAGES, PUSHES, SOCKETS, WHO, Row

HTML = {"accept": "text/html"}
_keys = itertools.count(1)
pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class House:
    """A console with everything in it that the rows ask for."""

    front: Front
    people: dict[str, Person]
    witness: Witness
    names: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    let_in: tuple[list[Any], list[Any]] | None = None


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(_sqlite_copies: SqliteCopies, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    folder = tmp_path_factory.mktemp("authorisation")
    url = _sqlite_copies.one(folder)
    async with a_console(settings_for(url, folder)) as front:
        people = {
            "ana": await front.agent("Ana"),
            "beto": await front.agent("Beto", team="Mora judicial"),
            "sara": await front.agent("Sara", role="supervisor"),
            "tito": await front.agent("Tito", role="supervisor", team="Mora judicial"),
            "iván": await front.agent("Iván", role="admin", team="Mora judicial"),
        }
        house = House(front, people, Witness(Path(url.partition("///")[2])))
        await furnish(house)
        house.names["victim"] = str((await front.agent("Zoe", team="Mora judicial")).id)
        # What is Ana's alone: a link to a file, and a second session.
        house.names["link"] = (await people["ana"].http.get("/media/1")).headers["location"]
        async with Person(front, people["ana"].id, people["ana"].email):
            found = re.findall(r"/settings/sessions/(\d+)/end", await people["ana"].see("/settings/sessions"))
        house.names["session"] = found[-1]
        yield house
        house.witness.close()


async def furnish(house: House) -> None:
    front = house.front
    # Nobody works in the background: whatever changes, a request changed it.
    front.app.state["work"].cancel()
    await front.webhook(meta.body(meta.text("secreto de María")))
    await front.webhook(b"[1]")
    content = b"\xff\xd8\xff\xe0 a picture"
    stored = media_files.place(front.console.settings.media_dir, "ab" * 32)
    stored.parent.mkdir(parents=True)
    stored.write_bytes(content)
    paper = media_files.place(front.console.settings.media_dir, "cd" * 32)
    paper.parent.mkdir(parents=True)
    paper.write_bytes(papers.pdf(1))
    await _owe(house)
    async with front.console.db.transaction() as tx:
        of = {"message_id": 1, "kind": "image", "mime_type": "image/jpeg", "sha256": "ab" * 32, "size": len(content)}
        tx.add(Media(**of, state="stored", created_at=clock.now()))
        of |= {"kind": "document", "mime_type": "application/pdf", "sha256": "cd" * 32}
        tx.add(Media(**of, state="stored", created_at=clock.now()))
        doubt = {"kind": "user_id_changed", "digest": "0" * 64, "contact_id": 1, "conversation_id": 1, "details": {}}
        tx.add(ReviewTask(**doubt, created_at=clock.now()))
        template = {"name": "recordatorio", "language": "es", "category": "UTILITY", "status": "APPROVED"}
        body = [{"type": "BODY", "text": "Buenos días"}]
        tx.add(MessageTemplate(channel_id=1, components=body, updated_at=clock.now(), **template))
        for number, (scope, owner, team) in enumerate(
            [("all", None, None), ("team:1", None, 1), ("agent", house.people["ana"].id, None)], start=1
        ):
            text = CannedText(id=number, name=f"Texto {number}", name_key=f"texto {number}", folder="", body="Hola")
            text.scope, text.owner_id, text.team_id = scope, owner, team
            text.created_at = text.updated_at = clock.now()
            tx.add(text)
        assert await tx.scalar(select(DeadLetter.id)) == 1
        for scope in SCOPES:
            house.tokens[scope] = f"only-{scope}"
            house.tokens[f"all but {scope}"] = f"all-but-{scope}"
        for name, token in house.tokens.items():
            scopes = [name] if name in SCOPES else sorted(SCOPES.keys() - {name.removeprefix("all but ")})
            tx.add(ApiToken(name=name, token_hash=sessions.hash_of(token), scopes=scopes, created_at=clock.now()))


async def _owe(house: House) -> None:
    """Whoever writes in conversation 1 owes something to Ana's team, and has promised to pay."""
    database, ana = house.front.console.db, Actor(kind="agent", id=house.people["ana"].id, name="Ana")
    bill = ("C-08841", date(2026, 11, 5), 41250)
    who = {"name": "María Fernanda Ccori", "document": ("DNI", "45678912")}
    debt = await a_debtor(database, 1, phone=meta.MARIA, invoices=[bill], **who)  # type: ignore[arg-type]
    async with database.transaction() as tx:
        zone = ZoneInfo("America/Lima")
        await promises.make(
            tx,
            debt.account_id,
            by=ana,
            amount_minor=100,
            due_on=today_in(zone, clock.now()),
            conversation_id=1,
        )
        first_on = today_in(zone, clock.now())
        terms = Terms(total_minor=100, count=2, first_on=first_on)
        await plans.propose(tx, debt.account_id, by=ana, terms=terms, conversation_id=1)
        await disputes.open_dispute(tx, debt.account_id, by=ana, category="amount", conversation_id=1)


# The table and the product name the same things


async def test_every_route_has_its_row(tmp_path: Path) -> None:
    app = create_app(settings_for(f"sqlite+aiosqlite:///{tmp_path}/x.db", tmp_path))
    found: set[tuple[str, str]] = set()
    for route in app.routes:
        if type(route).__name__ == "WebSocketRoute":
            found.add(("WS", route.path))
        elif type(route).__name__ == "HTTPRoute":
            # Every path answers OPTIONS, with the methods it has and nothing else.
            found |= {(str(method), route.path) for method in route.methods if method != "OPTIONS"}
        else:
            found |= {("GET", route.path), ("POST", route.path)}

    tried = {(row.method, row.path) for row in PAGES + CALLS} | {("WS", path) for path in SOCKETS}
    assert found - tried == set(), "a way in that nobody has decided who may take"
    assert tried - found == set(), "a row for what no longer exists"
    assert len(PAGES + CALLS) == len({(row.method, row.path) for row in PAGES + CALLS})


async def test_every_frame_and_event_has_its_row() -> None:
    assert {str(kind.__struct_config__.tag) for kind in get_args(sockets.Frame)} == FRAMES.keys()
    assert set(get_args(events.Kind)) == EVENTS.keys()
    assert {row.who for row in CALLS} | {SOCKETS["/api/v1/stream"], "metrics"} == SCOPES.keys()


# Nobody who is not let in


@pytest.mark.timeout(240)
async def test_a_stranger_gets_nothing_but_what_is_for_anybody(house: House) -> None:
    """Anonymous: a page leads to the sign-in, everything else is told 401; nothing happens."""
    before = await everything(house)
    for row in PAGES + CALLS:
        if row.who == "anybody":
            continue
        for headers in ({}, HTML, {"hx-request": "true"}, {"authorization": "Bearer nobody"}):
            answer = await ask(house, house.front.outside, row, "ana", headers=headers)

            where = (row.method, row.path, headers)
            is_page = headers is HTML and row.method in {"GET", "HEAD"} and not row.path.startswith(API)
            assert answer.status_code == (303 if is_page else 401), where
            if is_page:
                assert answer.headers["location"].startswith("/login"), where
            assert "María" not in answer.text, where
            assert "Traceback" not in answer.text, where

    assert changed(before, await everything(house)) == set()


async def test_what_is_for_anybody_says_nothing_of_anybody(house: House) -> None:
    for row in PAGES:
        if row.who != "anybody":
            continue
        answer = await ask(house, house.front.outside, row, "ana")

        assert answer.status_code in row.answers, (row.method, row.path, answer.status_code)
        for never in ("María", "secreto", "ana@andes.example", "Ana", "51944"):
            assert never not in answer.text, (row.method, row.path)


async def test_options_say_the_methods_and_nothing_else(house: House) -> None:
    for path in {row.path: row.ask for row in PAGES + CALLS}.values():
        if "{" in path or path.startswith("/webhooks/"):
            continue
        answer = await house.front.outside.request("OPTIONS", path)

        assert answer.status_code == (401 if path.startswith(API) else 204), path
        assert "allow" in answer.headers or answer.status_code == 401
        assert "access-control-allow-origin" not in answer.headers


# Those who are signed in, each to their own


@pytest.mark.timeout(240)
async def test_everybody_gets_what_the_table_says_and_no_more(house: House) -> None:
    """Another team's agent 404, the wrong role 403, and whoever may is let through; refusals leave nothing behind."""
    for row in PAGES:
        if row.who == "anybody":
            continue
        await renew_sessions(house)
        allowed = WHO[row.who]
        before = await everything(house)
        for name in sorted(WHO["everyone"] - allowed):
            answer = await ask(house, house.people[name].http, row, name)

            where = (row.method, row.path, name)
            expected = {row.others, 403} if row.who == "supervisors of the team" and name != "tito" else {row.others}
            assert answer.status_code in expected, where
            assert "María" not in answer.text, where
        assert changed(before, await everything(house)) == set(), (row.method, row.path)
        for name in sorted(allowed):
            answer = await ask(house, house.people[name].http, row, name)

            assert answer.status_code in row.answers, (row.method, row.path, name, answer.status_code, answer.text)


async def test_a_program_does_what_its_scopes_say_and_nothing_with_a_cookie(house: House) -> None:
    """A41: one token with every scope but the one needed, one with that alone."""
    # Nobody's, it would be Ana's next. Sara has it when the pages were tried before, and otherwise takes it here.
    taken = await house.people["sara"].do("/inbox/1/assignment", holder="me")
    assert taken.status_code == 200, taken.text
    for row in CALLS:
        without = {"authorization": f"Bearer {house.tokens[f'all but {row.who}']}"}
        only = {"authorization": f"Bearer {house.tokens[row.who]}"}
        where = (row.method, row.path)

        before = await everything(house)
        assert (await ask(house, house.front.outside, row, "", headers=without)).status_code == 403, where
        assert (await ask(house, house.people["iván"].http, row, "iván")).status_code == 401, where
        assert changed(before, await everything(house)) == set(), where
        assert (await ask(house, house.front.outside, row, "", headers=only)).status_code in row.answers, where


async def test_no_token_opens_a_page(house: House) -> None:
    """A41: whatever it may do in the API."""
    async with house.front.console.db.transaction() as tx:
        tx.add(ApiToken(name="*", token_hash=sessions.hash_of("all"), scopes=["*"], created_at=clock.now()))
    for row in PAGES:
        if row.who != "anybody":
            for headers in ({"authorization": "Bearer all"}, {"cookie": "aldia=all"}):
                answer = await ask(house, house.front.outside, row, "ana", headers=headers)
                assert answer.status_code == 401, (row.method, row.path)


# Sockets


async def test_a_socket_opens_for_those_the_table_names(house: House) -> None:
    address = house.front.address.replace("http", "ws", 1)
    async with websockets.connect(f"{address}/live", origin=house.front.address) as socket:  # type: ignore[arg-type]
        await socket.wait_closed()
        assert socket.close_code == 4401
    for name, status in (("all but stream:read", 403), ("nobody", 401)):
        headers = {"authorization": f"Bearer {house.tokens.get(name, name)}"}
        with pytest.raises(InvalidStatus) as refused:
            async with websockets.connect(f"{address}/api/v1/stream", additional_headers=headers):
                pass
        assert refused.value.response.status_code == status
    headers = {"authorization": f"Bearer {house.tokens['stream:read']}"}
    async with websockets.connect(f"{address}/api/v1/stream", additional_headers=headers) as stream:
        assert await stream.recv()


async def test_no_frame_shows_or_changes_what_the_agent_behind_it_may_not_see(house: House) -> None:
    """Before a greeting and after it, from an agent and a supervisor of another team."""
    await renew_sessions(house)
    for name in ("beto", "tito"):
        before = await everything(house)
        for first in ([], [FRAMES["hello"]], [FRAMES["hello"] | {"open": None}]):
            async with house.people[name].socket() as socket:
                wire = Wire(socket)
                for frame in [*first, *FRAMES.values()]:
                    await wire.say(**frame)
                await wire.until(lambda frame: "pong" in frame.control)
                await house.front.webhook(meta.body(meta.text("más secretos de María")))
                await wire.say(t="ping")
                await wire.until(lambda frame: "pong" in frame.control)

                assert {part for frame in wire.heard for part in parts(frame.html)} <= of("everyone")
                assert not any("María" in frame.html or "secreto" in frame.html for frame in wire.heard)
                assert not house.front.app.state.presence.people(1), "nobody of another team is seen looking"
        after = await everything(house)
        assert not [row for row in after["read_mark"] if row not in before["read_mark"]]


async def test_every_push_goes_to_those_the_table_names_and_each_is_seen(house: House) -> None:
    """All that can happen to conversation 1, before the eyes of its team and of another one."""
    await renew_sessions(house)
    ana, sara, admin = (house.people[name] for name in ("ana", "sara", "iván"))
    async with ana.live(opened=1) as hers, house.people["beto"].live() as strangers, sara.live(opened=1) as theirs:
        await house.front.webhook(meta.body(meta.text("otra vez")))
        await sara.reply(1, "Buenos días")
        await sara.do("/inbox/1/notes", text="ojo", client_key="aaaaaaaa")
        await theirs.say(t="floor")
        await theirs.say(t="bot")
        await theirs.say(t="typing", on=True)
        await admin.do("/inbox/1/assignment", holder=str(ana.id))
        await sara.do("/supervisor/conversations/1/whispers", text="con calma", client_key="aaaaaaaa")
        await ana.do("/inbox/1/resolution", disposition="CD-PCOM")
        await ana.do("/inbox/1/reopening")
        await admin.do("/settings/number/pause", reason="feriado")
        await ana.do("/inbox/state", state="paused:break")
        await ana.do("/inbox/state", state="available")

        heard: set[str] = set()
        of_floor = {part for part in PUSHES if part.startswith(("floor-", "watch-", "bot-"))}
        while not heard >= PUSHES.keys() - of_floor:
            heard |= parts((await hers.hear()).html)
        assert not heard & of_floor, "an agent looks at no floor, and not at the bot"
        while not heard >= PUSHES.keys():
            heard |= parts((await theirs.hear()).html)
        assert heard == PUSHES.keys(), "a push that nobody has decided who may see"
        await strangers.say(t="ping")
        await strangers.until(lambda frame: "pong" in frame.control)
        assert {part for frame in strangers.heard for part in parts(frame.html)} <= of("everyone")
        assert not any("row-1" in frame.control.get("remove", ()) for frame in strangers.heard)


def of(who: str) -> set[str]:
    return {part for part, whose in PUSHES.items() if whose == who}


def parts(html: str) -> set[str]:
    """What the fragments of a frame are: how the id of each of their roots begins."""
    roots = (line for line in html.splitlines() if re.match(r"<\w+ [^>]*\bid=", line))
    return {re.split(r"-\d", match[1])[0] for line in roots if (match := re.search(r'\bid="([^"]+)"', line))}


# Asking


async def ask(
    house: House,
    http: httpx.AsyncClient,
    row: Row,
    name: str,
    *,
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    """Ask for what `row` names, as a page of ours would."""
    key = f"key-{next(_keys):06d}"
    path = row.ask.format(key=key, **house.names)
    request: dict[str, Any] = {"headers": {"origin": house.front.address, **(headers or {})}}
    if row.form is not None:
        request["data"] = {k: v.format(key=key) for k, v in row.form.items()}
    if row.json is not None:
        request["json"] = row.json
        request["headers"]["idempotency-key"] = key
    async with http.stream(row.method, path, **request) as answer:
        # A stream that is open never ends.
        if not (row.path.endswith("/stream") and answer.status_code == 200):
            await answer.aread()
        else:
            answer._content = b""
        return answer


async def renew_sessions(house: House) -> None:
    """Whoever ended all of their own sessions comes in again; asked only when a session or an account has changed."""
    tables = await everything(house)
    known = (tables["sign_in_session"], tables["agent"])
    if known == house.let_in:
        return
    for person in house.people.values():
        if (await person.http.get("/inbox/counts")).status_code == 401:
            await person.sign_in()
    tables = await everything(house)
    house.let_in = (tables["sign_in_session"], tables["agent"])


async def everything(house: House) -> dict[str, list[Any]]:
    """Every row of every table; read anew only when somebody has committed something since."""
    return house.witness.everything()


class Witness:
    """Looks at the database's file from outside. Its rows are not to be changed by whoever is given them."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._version = 0
        self._seen: dict[str, list[Any]] = {}

    def close(self) -> None:
        self._connection.close()

    def everything(self) -> dict[str, list[Any]]:
        [version] = self._connection.execute("PRAGMA data_version").fetchone()
        if version != self._version or not self._seen:
            self._seen = {table: self._rows(table) for table in self._tables()}
            self._version = version
        return self._seen

    def _tables(self) -> list[str]:
        named = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
        return [name for (name,) in self._connection.execute(named)]

    def _rows(self, table: str) -> list[Any]:
        read = self._connection.execute(f'SELECT * FROM "{table}"')
        # When somebody was last seen is noted once a minute, and a slow run has several.
        kept = [place for place, column in enumerate(read.description) if column[0] != "seen_at"]
        return read.fetchall() if len(kept) == len(read.description) else [[row[at] for at in kept] for row in read]


def changed(before: dict[str, list[Any]], after: dict[str, list[Any]]) -> set[str]:
    return {table for table, rows in after.items() if rows != before[table]}
