"""Whatever happens, in whatever order: the page plus its frames is what a fresh page shows.

Rows R1, R2, R10, R18 and I1 to I7.
Hypothesis chooses what debtors and agents do; after every step each screen must equal a page read anew.
"""

from __future__ import annotations

import asyncio
import difflib
import tempfile
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import func, select

from console import audit, clock
from console.inbox.models import Conversation, Message, ViewCount
from tests.conftest import SECRET_KEY
from tests.databases import SqliteCopies
from tests.front import Front, Person, Wire, a_console, settings_for
from tests.inbox import meta
from tests.journeys.screen import Screen
from tests.patience import eventually

pytestmark = pytest.mark.timeout(240)
PEOPLE = [f"5194400000{n}" for n in range(3)]
WHO = st.sampled_from(["ana", "luz"])
NUMBER = st.integers(1, 3)


class Watched:
    """One agent's page: read once, then kept by its socket."""

    def __init__(self, person: Person, view: str, opened: int | None) -> None:
        self.person, self.view, self.opened = person, view, opened
        self.path = f"/inbox/{opened}?view={view}" if opened else f"/inbox?view={view}"
        self._stack = AsyncExitStack()

    async def begin(self) -> None:
        self.screen = Screen(await self.person.see(self.path))
        await self.connect()

    async def connect(self) -> None:
        self.wire = Wire(await self._stack.enter_async_context(self.person.socket()))
        await self.wire.say(t="hello", head=self.screen.head, view=self.view, open=self.opened)
        self._listening = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        while True:
            self.screen.apply(await self.wire.hear(within=3600))

    async def drop(self) -> None:
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)
        await self._stack.aclose()

    async def equals_a_fresh_page(self) -> None:
        async def same() -> bool:
            fresh = Screen(await self.person.see(self.path))
            assert not self.screen.stale
            found = difference(self.screen.shown, fresh.shown)
            assert not found, "\n".join(found)
            return True

        equal: bool = await eventually(same, within=10)
        assert equal


def difference(shown: dict[str, str], fresh: dict[str, str]) -> list[str]:
    """The lines in which the screen is not the fresh page."""
    here, there = (
        [line.strip() for name in sorted(parts) for line in parts[name].splitlines()] for parts in (shown, fresh)
    )
    return list(difflib.unified_diff(here, there, "screen", "page", n=0, lineterm=""))


class LivingLine(RuleBasedStateMachine):
    """Debtors write, repeat themselves and read; agents answer, take, give back and close; sockets drop."""

    copies: ClassVar[SqliteCopies]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.now = datetime(2026, 11, 20, 15, tzinfo=UTC)
        self.sent: list[bytes] = []
        self.wamids: set[str] = set()
        self.keys = 0
        clock.set_source(lambda: self.now)

    @initialize()
    def begin(self) -> None:
        self.runner.run(self._begin())

    async def _begin(self) -> None:
        self.stack = AsyncExitStack()
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory(prefix="aldia-model-")))
        url = self.copies.one(folder)
        self.front: Front = await self.stack.enter_async_context(a_console(settings_for(url, folder)))
        self.agents = {name: await self.front.agent(name.title()) for name in ("ana", "luz")}
        for number in range(3):
            await self._write(number, "hola")
        self.watched = [
            Watched(self.agents["ana"], "all", 1),
            Watched(self.agents["ana"], "mine", None),
            Watched(self.agents["luz"], "unassigned", 2),
            Watched(self.agents["luz"], "resolved", None),
        ]
        for page in self.watched:
            await page.begin()

    async def _write(self, who: int, text: str, **more: Any) -> None:
        element = meta.text(text, sender=PEOPLE[who], **more)
        self.wamids.add(element["id"])
        self.sent.append(meta.body(element))
        assert (await self.front.webhook(self.sent[-1])).status_code == 200

    def _do(self, doing: Any) -> Any:
        self.now += timedelta(seconds=7)
        return self.runner.run(doing)

    @rule(who=st.integers(0, 2), text=st.sampled_from(["ok", "¿cuánto debo?", "<b>ya</b>", "🙏"]))
    def a_debtor_writes(self, who: int, text: str) -> None:
        self._do(self._write(who, text))

    @rule()
    def meta_repeats_itself(self) -> None:
        async def again() -> None:
            answers = await asyncio.gather(*(self.front.webhook(body) for body in self.sent[-3:]))
            assert {answer.status_code for answer in answers} == {200}

        self._do(again())

    @rule(who=WHO, number=NUMBER)
    def an_agent_answers(self, who: str, number: int) -> None:
        self.keys += 1
        self._do(self.agents[who].reply(number, f"respuesta {self.keys}", client_key=f"clave-{self.keys:08d}"))

    @rule(who=WHO, number=NUMBER)
    def an_agent_notes(self, who: str, number: int) -> None:
        self.keys += 1
        form = {"text": f"nota {self.keys}", "client_key": f"clave-{self.keys:08d}"}
        self._do(self.agents[who].do(f"/inbox/{number}/notes", **form))

    @rule(who=WHO, number=NUMBER, holder=st.sampled_from(["me", ""]))
    def an_agent_takes_or_gives_back(self, who: str, number: int, holder: str) -> None:
        self._do(self.agents[who].do(f"/inbox/{number}/assignment", holder=holder))

    @rule(who=WHO, number=NUMBER, deed=st.sampled_from(["resolution", "reopening"]))
    def an_agent_closes_or_opens(self, who: str, number: int, deed: str) -> None:
        self._do(self.agents[who].do(f"/inbox/{number}/{deed}", disposition="AD-NOCOB"))

    @rule(what=st.sampled_from(["sent", "delivered", "read", "failed"]))
    def a_tick_comes(self, what: str) -> None:
        async def tick() -> None:
            async with self.front.console.db.reading() as tx:
                ours = (await tx.scalars(select(Message).where(Message.direction == "out").limit(1))).one_or_none()
            if ours is not None:
                told = meta.status(ours.wamid or f"wamid.OURS{ours.id}", what, biz_opaque_callback_data=ours.ref)
                await self.front.webhook(meta.body(statuses=[told]))

        self._do(tick())

    @rule(which=st.integers(0, 3), who=st.integers(0, 2))
    def a_socket_drops_and_comes_back(self, which: int, who: int) -> None:
        async def drop() -> None:
            await self.watched[which].drop()
            await self._write(who, "mientras no estaba")
            await self.watched[which].connect()

        self._do(drop())

    @invariant()
    def every_screen_is_a_fresh_page(self) -> None:
        self.runner.run(self._check())

    async def _check(self) -> None:
        for page in self.watched:
            await page.equals_a_fresh_page()
        async with self.front.console.db.reading() as tx:
            kept = set(await tx.scalars(select(Message.wamid).where(Message.direction == "in")))
            counted = {
                (team, holder, status): n
                for team, holder, status, n in await tx.execute(
                    select(ViewCount.team_id, ViewCount.holder_id, ViewCount.status, ViewCount.n),
                )
                if n
            }
            recount = await tx.execute(
                select(
                    Conversation.team_id,
                    func.coalesce(Conversation.holder_id, 0),
                    Conversation.status,
                    func.count(),
                ).group_by(Conversation.team_id, Conversation.holder_id, Conversation.status),
            )
            assert counted == {(team, holder, status): n for team, holder, status, n in recount}
            assert (await audit.verify(tx, SECRET_KEY)).intact
        assert kept == self.wamids

    def teardown(self) -> None:
        if hasattr(self, "watched"):
            self.runner.run(self._end())
        self.runner.close()
        clock.set_source(None)

    async def _end(self) -> None:
        for page in self.watched:
            await page.drop()
        await self.stack.aclose()


@pytest.fixture(autouse=True, scope="module")
def _copies(_sqlite_copies: SqliteCopies) -> None:
    LivingLine.copies = _sqlite_copies


TestLivingLine = LivingLine.TestCase
TestLivingLine.settings = settings(
    max_examples=6,
    stateful_step_count=14,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
