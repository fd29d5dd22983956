"""What became of our messages: every status Meta reports is kept, and the tick on the bubble only climbs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Executable, bindparam, or_, select

from console import audit, clock
from console.audit import Actor
from console.bulk import among, bulk_update, fetch
from console.db import Tx, bulk_insert, table_of
from console.inbox import acts
from console.inbox.models import RANK, Message, Status, Tick
from console.reactions import giving
from integrations.whatsapp.events import StatusUpdate

META = Actor(kind="system", name="WhatsApp", origin="whatsapp")
_MEANS = {
    "sent": Status.SENT,
    "delivered": Status.DELIVERED,
    "read": Status.READ,
    "played": Status.READ,
    "failed": Status.FAILED,
}
# Statuses of messages we never sent (another app on the number) stay orphans; there is no use in asking for ever.
ORPHANS_LIVE = timedelta(days=8)

_MESSAGES = table_of(Message)
_MOVED = ("id", "status", "wamid", "read_at", "error_code", "error_details")
_OURS = ("id", "conversation_id", "wamid", "ref", "status", "read_at", "error_code", "error_details")

_OURS_OF = (
    select(*(_MESSAGES.c[name] for name in _OURS))
    .where(_MESSAGES.c.channel_id == bindparam("channel"), _MESSAGES.c.direction == "out")
    .order_by(_MESSAGES.c.id)
    .with_for_update()
)
_BY_WAMID = _OURS_OF.where(among(_MESSAGES.c.wamid, "names"))
_BY_REF = _OURS_OF.where(among(_MESSAGES.c.ref, "names"))
_TICKS = table_of(Tick)
_KEPT = select(_TICKS.c.wamid, _TICKS.c.status, _TICKS.c.participant).where(
    _TICKS.c.channel_id == bindparam("channel"), among(_TICKS.c.wamid, "names")
)


def climbs(present: str, reported: str) -> bool:
    """Whether a reported status is news: higher in rank, and a failure only before anything arrived."""
    means = _MEANS.get(reported)
    return means is not None and RANK[means] > RANK.get(Status(present), -1)


async def apply(tx: Tx, channel_id: int, updates: Sequence[StatusUpdate], moment: datetime) -> int:
    """Keep every new status with its payload and move the messages it speaks of. Says how many were new.

    A status that echoes our `ref` (biz_opaque_callback_data) settles a send whose outcome was unknown. One that comes
    before its message waits as a row without `message_id` until `fold` or `adopt_orphans` finds its message.
    """
    unique = {(u.wamid, u.status, u.participant): u for u in reversed(updates)}
    messages = await _ours(tx, channel_id, unique.values())
    new = await _not_yet_kept(tx, channel_id, unique)
    by_wamid = {m["wamid"]: m for m in messages if m["wamid"]}
    by_ref = {m["ref"]: m for m in messages if m["ref"]}
    rows, moves = [], []
    for update_ in new:
        message = by_wamid.get(update_.wamid) or by_ref.get(update_.opaque)
        rows.append(_tick_row(channel_id, update_, message["id"] if message else None, moment))
        if message and (message["wamid"] is None or climbs(message["status"], update_.status)):
            moves.append((message, rows[-1]))
    await bulk_insert(tx, Tick, rows, or_ignore=True)
    await _move(tx, moves)
    return len(new)


async def fold(tx: Tx, message: Message) -> None:
    """Apply what came before `message` had its wamid, ticks and acts; it is held by `tx` and not yet flushed."""
    waiting = (
        await tx.scalars(
            select(Tick).where(
                Tick.channel_id == message.channel_id,
                or_(Tick.wamid == message.wamid, Tick.opaque == message.ref),
                Tick.message_id.is_(None),
            ),
        )
    ).all()
    for tick in waiting:
        if tick.status in acts.ANNOUNCED and not tick.payload:
            await acts.adopt(tx, message, tick.participant, clock.now())
            await tx.delete(tick)
            continue
        tick.message_id = message.id
        if climbs(message.status, tick.status):
            message.status = _MEANS[tick.status]
            if message.status == Status.READ:
                message.read_at = _by_then(tick.at, tick.received_at)
            message.error_code, message.error_details = tick.error_code, tick.error_details
            message.version += 1
            _record(tx, message.conversation_id, message.id, message.status, tick.error_code)


async def adopt_orphans(tx: Tx, moment: datetime, *, limit: int = 200) -> int:
    """Apply waiting ticks whose message is known by now: the net under two processes that just missed each other."""
    pairs = (
        await tx.execute(
            select(Message, Tick)
            .join(Tick, (Tick.channel_id == Message.channel_id) & (Tick.wamid == Message.wamid))
            .where(Tick.message_id.is_(None), Tick.received_at > moment - ORPHANS_LIVE)
            .order_by(Message.id, Tick.id)
            .limit(limit)
            .with_for_update(),
        )
    ).all()
    for message in dict.fromkeys(message for message, _tick in pairs):
        await fold(tx, message)
    return len(pairs)


async def _ours(tx: Tx, channel_id: int, updates: Iterable[StatusUpdate]) -> list[dict[str, Any]]:
    """Our messages that these statuses speak of, held until the commit so that a tick can't be lost between two."""
    wamids = {u.wamid for u in updates}
    refs = {u.opaque for u in updates if u.opaque}
    found = await _by(tx, _BY_WAMID, channel_id, wamids)
    missing = refs - {message["ref"] for message in found.values()}
    if missing:
        found |= await _by(tx, _BY_REF, channel_id, missing)
    return list(found.values())


async def _by(tx: Tx, statement: Executable, channel_id: int, names: Collection[str]) -> dict[int, dict[str, Any]]:
    rows = await fetch(tx, statement, {"channel": channel_id, "names": names})
    return {row.id: row._asdict() for row in rows}


async def _not_yet_kept(
    tx: Tx,
    channel_id: int,
    unique: dict[tuple[str, str, str], StatusUpdate],
) -> list[StatusUpdate]:
    wamids = {wamid for wamid, _status, _participant in unique}
    known = {tuple(row) for row in await fetch(tx, _KEPT, {"channel": channel_id, "names": wamids})}
    return [update_ for key, update_ in unique.items() if key not in known]


def _tick_row(channel_id: int, reported: StatusUpdate, message_id: int | None, moment: datetime) -> dict[str, Any]:
    error = reported.errors[0] if reported.errors else None
    return {
        "channel_id": channel_id,
        "wamid": reported.wamid,
        "status": reported.status[:16],
        "participant": reported.participant,
        "opaque": reported.opaque,
        "message_id": message_id,
        "at": reported.at,
        "received_at": moment,
        "error_code": (error.code or None) if error else None,
        "error_details": (error.details or error.title) if error else None,
        "payload": reported.payload.decode("utf-8", "replace").replace("\x00", "\ufffd"),
    }


def _by_then(at: datetime | None, received_at: datetime) -> datetime:
    """When it happened, as far as that is possible: nothing was read after we heard of it."""
    return min(at or received_at, received_at)


async def _move(tx: Tx, moves: Sequence[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    """Each message to the highest status reported of it, one statement for all."""
    changed: dict[int, dict[str, Any]] = {}
    for message, tick in moves:
        message["wamid"] = message["wamid"] or tick["wamid"]
        changed[message["id"]] = message
        if not climbs(message["status"], tick["status"]):
            continue
        message["status"] = _MEANS[tick["status"]]
        if message["status"] == Status.READ:
            message["read_at"] = _by_then(tick["at"], tick["received_at"])
        failed = message["status"] == Status.FAILED
        message["error_code"] = tick["error_code"] if failed else None
        message["error_details"] = tick["error_details"] if failed else None
    if not changed:
        return
    free = {"claim": None, "claimed_until": None}
    rows = [{name: message[name] for name in _MOVED} | free for _id, message in sorted(changed.items())]
    await bulk_update(tx, Message, rows)
    # What failed may be a reaction, which then no longer stands; failures are few.
    if failed := [message["id"] for message in changed.values() if message["status"] == Status.FAILED]:
        await giving.undo(tx, failed)
    for message in changed.values():
        _record(tx, message["conversation_id"], message["id"], message["status"], message["error_code"])


def _record(tx: Tx, conversation_id: int, message_id: int, status: str, code: int | None) -> None:
    new = {"status": status} if code is None else {"status": status, "code": code}
    audit.record(tx, META, f"message.{status}", conversation_id=conversation_id, message_id=message_id, new=new)
