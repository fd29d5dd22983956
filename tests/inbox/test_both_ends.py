"""The console and the simulated WhatsApp, over HTTP both ways: what was accepted, and what the agent is shown of it."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from sqlalchemy import select

from console.inbox import media_files, reply, sender
from console.inbox.models import Conversation, Media, Message, Status
from integrations.simulator.serving import SimulatorServer
from integrations.simulator.settings import SimulatorSettings
from integrations.simulator.simulation import Simulation
from tests.front import APP_SECRET, Front, Person, a_console, settings_for
from tests.inbox import meta
from tests.patience import eventually

MARIA = "maria-fernanda-ccori"


class Ends:
    """A console whose Cloud API is a simulator, and the simulator's remote control."""

    def __init__(self, front: Front, control: httpx.AsyncClient, ana: Person) -> None:
        self.front = front
        self.control = control
        self.ana = ana
        self.db = front.console.db

    async def api(self, method: str, path: str, **body: Any) -> Any:
        """A call to the simulator's control."""
        answer = await self.control.request(method, f"/simulator/api{path}", json=body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    async def faults(self, **faults: Any) -> None:
        """Exactly these faults from now on."""
        await self.api("PUT", "/faults", **faults)

    async def writes(self, persona: str, text: str = "Hola") -> int:
        """Somebody writes; the id of their conversation."""
        before = set(await self.conversations())
        await self.api("POST", f"/personas/{persona}/messages", type="text", text=text)

        async def opened() -> list[int]:
            return [number for number in await self.conversations() if number not in before]

        numbers: list[int] = await eventually(cast("Any", opened))
        return numbers[0]

    async def conversations(self) -> list[int]:
        async with self.db.reading() as tx:
            return list(await tx.scalars(select(Conversation.id).where(Conversation.inbound_count > 0)))

    async def people(self, count: int) -> list[int]:
        """The conversations of so many people who have just written."""
        made = [await self.api("POST", "/personas", name=f"Persona {n}") for n in range(count)]
        return [await self.writes(persona["id"]) for persona in made]

    async def say(self, conversation_id: int, text: str = "Con gusto") -> None:
        async with self.db.transaction() as tx:
            conversation = await tx.get_one(Conversation, conversation_id)
            ana = (await self._viewer(tx))[0]
            await reply.reply(tx, conversation, by=ana, text=text, client_key=f"{conversation_id}{text}")

    async def _viewer(self, tx: Any) -> list[Any]:
        from console.agents import Agent, Viewer  # noqa: PLC0415

        agent = await tx.get_one(Agent, self.ana.id)
        return [Viewer(id=agent.id, name=agent.name, role=agent.role, team_ids=frozenset({1}))]

    async def accepted(self) -> Counter[str]:
        """How often each of our references was accepted: the simulator's own, append-only account."""
        entries = (await self.api("GET", "/ledger"))["entries"]
        return Counter(entry["opaque"] for entry in entries)

    async def ours(self) -> list[Message]:
        async with self.db.reading() as tx:
            return list(await tx.scalars(select(Message).where(Message.direction == "out").order_by(Message.id)))

    async def all_reach(self, *statuses: Status, within: float = 10) -> None:
        async def look() -> bool:
            return {message.status for message in await self.ours()} <= {str(status) for status in statuses}

        await eventually(cast("Any", look), within=within)

    async def nothing_was_sent_twice(self) -> None:
        """I3: at most one accepted call for each row, and none that the console knows nothing of."""
        accepted = await self.accepted()
        assert all(times == 1 for times in accepted.values())
        assert set(accepted) <= {message.ref for message in await self.ours()}


@pytest.fixture(autouse=True)
def _stops_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "GRACE_SECONDS", 0.2)


@pytest.fixture
async def ends(sqlite_database_url: str, tmp_path: Path) -> AsyncIterator[Ends]:
    async with both_ends(sqlite_database_url, tmp_path) as ends:
        yield ends


@pytest.fixture
async def ends_anywhere(database_url: str, tmp_path: Path) -> AsyncIterator[Ends]:
    async with both_ends(database_url, tmp_path) as ends:
        yield ends


@asynccontextmanager
async def both_ends(database_url: str, tmp_path: Path, **more: Any) -> AsyncIterator[Ends]:
    """`more`: settings."""
    async with a_simulator() as (simulator, address):
        settings = settings_for(database_url, tmp_path, whatsapp_api_url=address, **more)
        async with a_console(settings) as front, httpx.AsyncClient(base_url=address, trust_env=False) as control:
            simulator.webhooks.courier.redirect(f"{front.address}/webhooks/whatsapp")
            yield Ends(front, control, await front.agent("Ana"))


@asynccontextmanager
async def a_simulator() -> AsyncIterator[tuple[Simulation, str]]:
    listening = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    settings = SimulatorSettings(
        app_secret=APP_SECRET,
        access_token="a-token",
        verify_on_start=False,
        phone_number_id=meta.PHONE_NUMBER_ID,
        business_account_id=meta.BUSINESS_ACCOUNT_ID,
        sent_after=0.02,
        delivered_after=0.05,
        base_url=address,
    )
    server = SimulatorServer(settings)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined,unused-ignore]
    running = asyncio.create_task(server.serve(sockets=[listening]))
    await eventually(lambda: server.started)
    try:
        yield server.simulation, address
    finally:
        server.should_exit = True
        await running


async def test_a_message_comes_an_answer_goes_and_its_ticks_come_back(ends_anywhere: Ends) -> None:
    ends = ends_anywhere
    conversation = await ends.writes(MARIA, "Quiero pagar")

    await ends.ana.reply(conversation, "Con gusto, le envío el enlace")
    await ends.all_reach(Status.DELIVERED)
    await ends.api("POST", f"/personas/{MARIA}/chat", open=True)
    await ends.all_reach(Status.READ)

    chat = (await ends.api("GET", f"/threads/{MARIA}"))["messages"]
    assert [(bubble["mine"], bubble["text"]) for bubble in chat][-2:] == [
        (True, "Quiero pagar"),
        (False, "Con gusto, le envío el enlace"),
    ]
    assert "Con gusto, le envío el enlace" in await ends.ana.see(f"/inbox/{conversation}?view=all")


@pytest.mark.parametrize(
    "faults",
    [
        {"error_after_accept_one_in": 2},
        {"reset_after_one_in": 2},
        {"broken_answer_one_in": 2, "broken_answer": "html"},
        {"broken_answer_one_in": 2, "broken_answer": "no_id"},
        {"hang_seconds": 600, "hang_one_in": 2},
        {"reset_before_one_in": 2},
    ],
    ids=lambda faults: next(iter(faults)),
)
async def test_what_is_ambiguous_is_not_repeated_and_is_settled_by_the_echo(ends: Ends, faults: dict[str, Any]) -> None:
    """O6, O8, O12, O14: accepted and not answered; the statuses that carry our reference say that it arrived."""
    people = await ends.people(4)
    await ends.faults(**faults)

    for conversation in people:
        await ends.say(conversation)
    await ends.all_reach(Status.DELIVERED, Status.UNKNOWN)

    await ends.nothing_was_sent_twice()
    delivered = {message.ref for message in await ends.ours() if message.status == Status.DELIVERED}
    assert delivered == set(await ends.accepted())
    assert all(message.wamid for message in await ends.ours() if message.status == Status.DELIVERED)


async def test_without_any_echo_it_stays_unconfirmed_until_a_person_decides(ends: Ends) -> None:
    """O6."""
    (conversation,) = await ends.people(1)
    await ends.faults(error_after_accept_one_in=1, drop_statuses_percent=100)
    await ends.say(conversation)
    await ends.all_reach(Status.UNKNOWN)
    (old,) = await ends.ours()
    assert len(await ends.accepted()) == 1

    await ends.faults(drop_statuses_percent=100)
    answer = await ends.ana.do(f"/inbox/{conversation}/messages/{old.id}/resend")

    assert answer.status_code < 400, answer.text
    await ends.all_reach(Status.UNKNOWN, Status.SENT)
    assert [message.status for message in await ends.ours()] == [Status.UNKNOWN, Status.SENT]
    assert len(await ends.accepted()) == 2
    await ends.nothing_was_sent_twice()


async def test_refusals_that_pass_delay_and_lose_nothing(ends: Ends) -> None:
    """O12, O13: 429 with 130429 and 131056, 503 with 131016: each certain not to have been accepted."""
    people = await ends.people(2)
    await ends.faults(rate_limit_one_in=4, unavailable_one_in=3)

    for conversation in people:
        for text in ("uno", "dos"):
            await ends.say(conversation, text)
    await ends.all_reach(Status.DELIVERED, within=40)

    await ends.nothing_was_sent_twice()
    assert len(await ends.accepted()) == 4
    entries = (await ends.api("GET", "/ledger"))["entries"]
    for to in {entry["to"] for entry in entries}:
        assert [entry["text"] for entry in entries if entry["to"] == to] == ["uno", "dos"]


async def test_ticks_that_overtake_the_answer_are_not_lost(ends: Ends) -> None:
    """O10."""
    people = await ends.people(3)
    await ends.faults(status_before_answer=True, slow_seconds=0.2)

    for conversation in people:
        await ends.say(conversation)
    await ends.all_reach(Status.DELIVERED)

    await ends.nothing_was_sent_twice()


async def test_a_photograph_is_here_a_moment_after_it_was_sent(ends: Ends) -> None:
    conversation = await ends.writes(MARIA)
    await ends.api("POST", f"/personas/{MARIA}/photo")

    async def stored() -> list[Media]:
        async with ends.db.reading() as tx:
            return list(await tx.scalars(select(Media).where(Media.state == "stored")))

    (media,) = await eventually(cast("Any", stored))
    assert media.flagged is None
    answer = await ends.ana.http.get(f"/media/{media.id}", follow_redirects=True)
    assert answer.status_code == 200
    assert answer.headers["content-type"] in media_files.SHOWN_INLINE
    assert len(answer.content) == media.size
    assert f"/media/{media.id}" in await ends.ana.see(f"/inbox/{conversation}?view=all")


async def test_the_templates_of_the_account_are_offered(ends: Ends) -> None:
    from console.inbox.channel import MessageTemplate  # noqa: PLC0415

    async def known() -> bool:
        async with ends.db.reading() as tx:
            return await tx.scalar(select(MessageTemplate.id).limit(1)) is not None

    await eventually(cast("Any", known))
