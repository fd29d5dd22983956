"""The loop that keeps the index: it follows the history, and reads once, from the newest back, what was there before.

It never stands in a message's way: it reads what was committed, works it out beside the database's writers, and writes
a little at a time. Several processes may run it; who comes second with a step throws it away.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence

import msgspec
import structlog
from sqlalchemy import func, select, update

from console import audit, pacing
from console.audit import AuditEntry, Entry
from console.bulk import among, fetch
from console.db import Database, Tx
from console.inbox.contacts import Contact
from console.inbox.models import Conversation, Message
from console.pacing import Pace, Portion
from console.portfolio.models import Account, ContactPoint
from console.search import gathering, index
from console.search.gathering import Change
from console.search.models import SearchMessage, SearchProgress

log = structlog.get_logger()
AT_ONCE, AT_LEAST, WITHIN = 200, 10, 0.03
"""Messages or people in one transaction, at most and at least, and seconds: whoever writes meanwhile waits no more."""
LOOK_EVERY = 1.0
"""Seconds between looks; news wake the loop sooner."""
SHARE, SETTLE = 0.25, 0.2
"""Of the time, in steps this many seconds apart: in a flood the index comes later, and the messages do not."""
HURRY, BREATH = 0.6, 0.02
"""The same for what was there before, while nothing new comes."""

# What changes nothing of what a message says, of the actions that speak of one.
_QUIET = frozenset(
    f"message.{what}"
    for what in ("sending", "delivered", "read", "failed", "reacted", "requeued", "unconfirmed", "queued_again")
)
_OF_PEOPLE = frozenset({"account.created", "account.stated", "account.erased"})
_CONTACT = select(Conversation.contact_id).where(among(Conversation.id, "conversations"))
_OWING = (
    select(ContactPoint.contact_id)
    .join(Account, Account.debtor_id == ContactPoint.debtor_id)
    .where(among(Account.id, "accounts"), ContactPoint.contact_id.is_not(None))
)
_CALLED = select(ContactPoint.contact_id).where(
    among(ContactPoint.debtor_id, "debtors"), ContactPoint.contact_id.is_not(None)
)


class Step(msgspec.Struct):
    """What one step found and where it leads; `version` is that of the progress it was read at."""

    version: int
    reached: dict[str, int | None]
    messages: Change
    people: Change
    moved: list[int] = []

    @property
    def is_idle(self) -> bool:
        """Whether there was nothing to do."""
        return not (self.reached or self.messages or self.people or self.moved)


Work = Callable[[Tx, int], Awaitable[Step]]


class Feeder:
    """Feeds the index in one process."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._awake = asyncio.Event()
        self._portion = Portion(least=AT_LEAST, most=AT_ONCE, within=WITHIN)

    async def follow(self, _entries: Sequence[Entry]) -> None:
        """Something happened."""
        self._awake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Keep the index until `stop`."""
        beside, alone = Pace(SHARE, least=SETTLE), Pace(HURRY, least=BREATH)
        while not stop.is_set():
            self._awake.clear()
            with beside.working(), alone.working():
                is_new, is_old = await self.step(), await self.fill()
            if is_new or is_old:
                await (beside if is_new else alone).rest(stop)
            else:
                await pacing.news(stop, self._awake, within=LOOK_EVERY)

    async def catch_up(self) -> None:
        """Follow the history to its end."""
        while await self.step():
            pass

    async def step(self) -> bool:
        """Follow the history a little further; whether there was anything."""
        async with self._db.reading() as tx:
            begun = await _progress(tx)
        if begun.history is None:
            await self._begin()
        return await self._take(_followed)

    async def fill(self) -> bool:
        """One step of reading what was there before; whether there is more."""
        return await self._take(_filled)

    async def _take(self, work: Work) -> bool:
        async with self._db.reading() as tx:
            step = await work(tx, self._portion.size)
        if step.is_idle:
            return False

        async def write(tx: Tx) -> None:
            with self._portion.held():
                await _write(tx, step)

        await self._db.write(write, lengthy=True)
        return True

    async def _begin(self) -> None:
        """From here on the history is followed; all that is older is to be read once."""
        async with self._db.transaction() as tx:
            head = await audit.head_of(tx)  # before the newest message: what commits in between is heard of
            newest = await tx.scalar(select(func.max(Message.id))) or 0
            begun = {"history": head, "fill_from": newest + 1, "fill_below": newest + 1, "people_after": 0}
            first = update(SearchProgress).where(SearchProgress.id == 1, SearchProgress.history.is_(None))
            await tx.execute(first.values(version=SearchProgress.version + 1, **begun))
        log.info("search.filling", messages_up_to=newest)


async def _write(tx: Tx, step: Step) -> None:
    """What `step` found, unless another process went this step before."""
    mine = SearchProgress.version == step.version
    moved = update(SearchProgress).where(SearchProgress.id == 1, mine)
    counted = moved.values(version=step.version + 1, **step.reached).returning(SearchProgress.id)
    if (await tx.execute(counted)).first():
        await index.write_messages(tx, step.messages)
        await index.write_people(tx, step.people)
        for conversation_id in step.moved:
            await index.move_conversation(tx, conversation_id)


async def _progress(tx: Tx) -> SearchProgress:
    return (await tx.scalars(select(SearchProgress).where(SearchProgress.id == 1))).one()


async def _followed(tx: Tx, at_once: int) -> Step:
    """The next entries of the history, and what they change in the index."""
    progress = await _progress(tx)
    entries = await audit.entries_after(tx, progress.history or 0, limit=at_once)
    if not entries:
        return Step(progress.version, {}, Change([], []), Change([], []))
    spoken = {one.message_id for one in entries if one.message_id and one.action not in _QUIET}
    erased = await _erased(tx, entries)
    reached: dict[str, int | None] = {"history": entries[-1].id}
    if any((one.subject or "").startswith("import:") for one in entries):
        reached["people_after"] = 0  # a whole portfolio came or went: everybody is looked at again
    merged = [one.conversation_id for one in entries if one.action == "conversation.merged" and one.conversation_id]
    return Step(
        progress.version,
        reached,
        await gathering.messages(tx, spoken | erased),
        await gathering.people(tx, await _whom(tx, entries)),
        merged,
    )


async def _whom(tx: Tx, entries: Sequence[Entry]) -> set[int]:
    """The contacts whose names, numbers or debts these entries may have changed."""
    found = {
        int(one.subject.removeprefix("contact:"))
        for one in entries
        if one.subject and one.subject.startswith("contact:") and one.subject[8:].isdigit()
    }
    conversations = {
        one.conversation_id
        for one in entries
        if one.conversation_id and (one.action.startswith("contact.") or one.action.endswith((".created", ".merged")))
    }
    accounts = {one.account_id for one in entries if one.account_id and one.action in _OF_PEOPLE}
    debtors = {
        int(one.subject.removeprefix("debtor:"))
        for one in entries
        if one.subject and one.subject.startswith("debtor:") and one.subject[7:].isdigit()
    }
    for wanted, values in (
        (_CONTACT, {"conversations": conversations}),
        (_OWING, {"accounts": accounts}),
        (_CALLED, {"debtors": debtors}),
    ):
        found |= {row[0] for row in await fetch(tx, wanted, values)} if any(values.values()) else set()
    return found | await _absorbed(tx, entries)


async def _absorbed(tx: Tx, entries: Collection[Entry]) -> set[int]:
    """The contacts that became part of another."""
    numbers = [one.id for one in entries if one.action == "contact.merged"]
    if not numbers:
        return set()
    told = await tx.scalars(select(AuditEntry.old).where(AuditEntry.id.in_(numbers)))
    return {msgspec.json.decode(old)["absorbed"] for old in told if old}


async def _erased(tx: Tx, entries: Collection[Entry]) -> set[int]:
    """All that is indexed of conversations whose words were erased."""
    erasing = [one for one in entries if "eras" in one.action]
    conversations = {one.conversation_id for one in erasing if one.conversation_id}
    contacts = {int(one.subject[8:]) for one in erasing if (one.subject or "").startswith("contact:") and one.subject}
    if contacts:
        of = select(Conversation.id).where(Conversation.contact_id.in_(contacts))
        conversations |= set(await tx.scalars(of))
    if not conversations:
        return set()
    indexed = select(SearchMessage.message_id).where(SearchMessage.conversation_id.in_(conversations))
    return set(await tx.scalars(indexed))


async def _filled(tx: Tx, at_once: int) -> Step:
    """A step of what was there before: people first, for they are few and named most; then messages, newest first."""
    progress = await _progress(tx)
    nothing = Change([], [])
    if progress.people_after is not None:
        wanted = select(Contact.id).where(Contact.id > progress.people_after).order_by(Contact.id).limit(at_once)
        ids = list(await tx.scalars(wanted))
        people = await gathering.people(tx, ids) if ids else nothing
        return Step(progress.version, {"people_after": ids[-1] if ids else None}, nothing, people)
    if progress.fill_below is not None:
        older = select(Message.id).where(Message.id < progress.fill_below).order_by(Message.id.desc()).limit(at_once)
        ids = list(await tx.scalars(older))
        messages = await gathering.messages(tx, ids) if ids else nothing
        return Step(progress.version, {"fill_below": ids[-1] if ids else None}, messages, nothing)
    return Step(progress.version, {}, nothing, nothing)
