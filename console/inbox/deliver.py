"""The outbox: which queued message may leave now, who takes it to the wire, and what a crash leaves behind.

A claim is a lease with a token. Before any byte leaves, `wire` marks the row, and only for the holder of the token; so
a row that was never wired may be sent by somebody else, and a wired row without an outcome is nobody's to repeat.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

import msgspec
from sqlalchemy import ColumnElement, Row, Select, Table, and_, bindparam, exists, or_, select, true, tuple_, update

from console import audit, clock
from console.attachments import uploads
from console.attachments.uploads import Attached
from console.audit import SYSTEM
from console.bulk import execute_many
from console.consents.rules import MARKETING
from console.db import Tx, says
from console.inbox import channel_state, consent, pacing, yielding
from console.inbox.channel import Channel
from console.inbox.contacts import Contact
from console.inbox.models import Conversation, Message, Status
from console.inbox.stopped import may_answer

LEASE = timedelta(seconds=30)
"""How long a claim may take to reach the wire before somebody else may send the message."""
UNCONFIRMED_AFTER = timedelta(minutes=2)
"""How long a message may be on the wire without an outcome before it is shown as "sin confirmar"."""

_M = cast("Table", Message.__table__)
_C = cast("Table", Conversation.__table__)
_STOPS = (Contact.opted_out_at, Contact.wrong_number_at, Contact.marketing_stopped_at)
_PACE = update(_C).where(_C.c.id == bindparam("of_id")).values(paced_until=bindparam("until"), held_back_until=None)


class Claimed(msgspec.Struct, frozen=True):
    """One message that this process may send, not before `departs_at`. `claim` is the fencing token."""

    id: int
    conversation_id: int
    channel_id: int
    claim: str
    departs_at: datetime
    wa_id: str | None
    user_id: str | None
    ref: str
    kind: str
    text: str | None
    content: dict[str, Any] | None
    reply_to_wamid: str | None
    file: Attached | None = None


class Claims(msgspec.Struct, frozen=True):
    """What a claim brought, and when the number's pace allows more (None: nothing else waits for that)."""

    messages: list[Claimed]
    again_at: datetime | None = None


Held = tuple[int, str]
"""A message and the token it was claimed with."""


async def is_due(tx: Tx, channel_id: int) -> bool:
    """Whether a claim might bring anything; a glance without a lock."""
    channel = await tx.get(Channel, channel_id)
    now = clock.now()
    if channel is None or not _may_send(channel, now):
        return False
    return await tx.scalar(_candidates(channel_id, now, columns=(_M.c.id,)).limit(1)) is not None


async def claim(tx: Tx, channel_id: int, *, limit: int, rate: int) -> Claims:
    """Take up to `limit` queued messages, oldest first, that may leave now at `rate` a second for the whole number.

    One a conversation, and never past an earlier one that is still queued or on its way: the order on the screen is
    the order of sending. Rows that somebody else holds at this moment are passed over. Records "message.sending".
    """
    channel = await channel_state.lock(tx, channel_id)
    now = clock.now()
    if not _may_send(channel, now):
        return Claims([])
    columns = (*_M.c, _C.c.paced_until, Contact.wa_id, Contact.user_id, *_STOPS)
    found = (
        await tx.execute(
            _candidates(channel_id, now, columns=columns).limit(limit).with_for_update(of=(_M, _C), skip_locked=True),
        )
    ).all()
    found = await _without_stopped(tx, found)
    if late := await yielding.spoken_over(tx, [row.id for row in found if row.author_kind == "bot"]):
        await _become(tx, [row for row in found if row.id in late], "message.failed", **yielding.DROPPED)
        found = [row for row in found if row.id not in late]
    found, files = await uploads.with_their_files(tx, found)
    departures, again_at = _book(channel, len(found), now, rate)
    token = str(uuid.uuid4())
    mine = await _take([row.id for row in found[: len(departures)]], tx, token, now)
    leaving = [(row, departs) for row, departs in zip(found, departures, strict=False) if row.id in mine]
    claimed = [_claimed(row, token, departs, files.get(row.id)) for row, departs in leaving]
    await _pace(tx, found, claimed)
    for message in claimed:
        _record(tx, message.id, message.conversation_id, "message.sending", {"status": Status.SENDING})
    await tx.flush()
    return Claims(claimed, again_at)


async def wire(tx: Tx, held: Sequence[Held]) -> set[Held]:
    """Mark that the bytes of these messages leave now; say for which that is allowed.

    It is not for a claim that was lost meanwhile, nor while the channel is paused: such a message must not be sent.
    """
    if not held:
        return set()
    paused = exists().where(Channel.id == _M.c.channel_id, Channel.paused_at.is_not(None))
    wired = await tx.execute(
        update(_M)
        .where(_is(held), says(_M.c.status, Status.SENDING), _M.c.wired_at.is_(None), ~paused)
        .values(wired_at=clock.now())
        .returning(_M.c.id, _M.c.claim),
    )
    return {(id_, claim) for id_, claim in wired}


async def release(tx: Tx, held: Sequence[Held]) -> int:
    """Put claimed messages that were never wired back in the queue. Records "message.requeued"; says how many."""
    if not held:
        return 0
    back = await tx.execute(
        update(_M)
        .where(_is(held), says(_M.c.status, Status.SENDING), _M.c.wired_at.is_(None))
        .values(status=Status.QUEUED, claim=None, claimed_until=None, version=_M.c.version + 1)
        .returning(_M.c.id, _M.c.conversation_id),
    )
    rows = back.all()
    for row in rows:
        _record(tx, row.id, row.conversation_id, "message.requeued", {"status": Status.QUEUED})
    return len(rows)


async def recover(tx: Tx, *, limit: int = 500, alone: bool = False) -> int:
    """Settle what a crash left: never wired and the lease is over, queued again; wired without outcome, "unknown".

    `alone`: no other process sends and this one has not begun, so whatever is on its way belongs to the dead.

    An unknown message may have reached the contact. It is never sent again by a machine: a status that echoes our
    `ref` settles it, or a person does. Records "message.requeued" and "message.unconfirmed"; says how many rows moved.
    """
    now = clock.now()
    # An instant that lies too far ahead was written before the clock was set back.
    lease_over = or_(
        _M.c.claimed_until.is_(None),
        _M.c.claimed_until <= now,
        _M.c.claimed_until > now + LEASE + pacing.SKEW,
    )
    no_outcome = or_(_M.c.wired_at <= now - UNCONFIRMED_AFTER, _M.c.wired_at > now + LEASE)
    stale = await tx.execute(
        select(_M.c.id, _M.c.conversation_id, _M.c.wired_at)
        .join(_C, _C.c.id == _M.c.conversation_id)
        .where(
            # In the words of the index too: without them SQLite walks along all messages, the writer in its hand.
            says(_M.c.status, Status.QUEUED, Status.SENDING),
            says(_M.c.status, Status.SENDING),
            or_(true() if alone else and_(_M.c.wired_at.is_(None), lease_over), no_outcome),
        )
        .order_by(_M.c.id)
        .limit(limit)
        .with_for_update(of=(_M, _C), skip_locked=True),
    )
    rows = stale.all()
    lost = [row for row in rows if row.wired_at is None]
    doubtful = [row for row in rows if row.wired_at is not None]
    # The claim stays on a doubtful row: should its sender still be alive, it alone knows the outcome.
    await _become(tx, lost, "message.requeued", status=Status.QUEUED, claim=None, claimed_until=None)
    await _become(tx, doubtful, "message.unconfirmed", status=Status.UNKNOWN)
    return len(rows)


async def _without_stopped(tx: Tx, found: Sequence[Row[*tuple[Any, ...]]]) -> Sequence[Row[*tuple[Any, ...]]]:
    """Those that may still leave: who asked us to stop after a message was queued is not sent it all the same.

    The moment of sending decides. Records "message.failed" for the others, with the reason in `error_details`.
    """
    stopped: dict[str, list[Row[*tuple[Any, ...]]]] = {
        consent.OPTED_OUT: [],
        consent.WRONG_NUMBER: [],
        consent.NO_ADVERTISING: [],
    }
    for row in found:
        if row.marketing_stopped_at is not None and _advertises(row):
            stopped[consent.NO_ADVERTISING].append(row)
            continue
        if row.opted_out_at is None and row.wrong_number_at is None:
            continue
        if not await may_answer(tx, row.conversation_id, before=row.sequence):
            stopped[consent.OPTED_OUT if row.opted_out_at else consent.WRONG_NUMBER].append(row)
    for reason, rows in stopped.items():
        await _become(tx, rows, "message.failed", status=Status.FAILED, error_code=None, error_details=reason)
    gone = {row.id for rows in stopped.values() for row in rows}
    return [row for row in found if row.id not in gone] if gone else found


def _advertises(row: Row[*tuple[Any, ...]]) -> bool:
    named = (row.content or {}).get("template") or {}
    return row.kind == "template" and named.get("category") == MARKETING


def _may_send(channel: Channel, now: datetime) -> bool:
    slow = channel.slow_until
    is_slow = slow is not None and now < slow <= now + pacing.LONGEST_RETRY_AFTER + pacing.SKEW
    return channel.paused_at is None and not is_slow


def _candidates(channel_id: int, now: datetime, *, columns: Sequence[Any]) -> Select[Any]:
    earlier = _M.alias("earlier")
    pair_limit = now + pacing.PAIR_TOLERANCE
    return (
        select(*columns)
        .select_from(_M)
        .join(_C, _C.c.id == _M.c.conversation_id)
        .join(Contact, Contact.id == _C.c.contact_id)
        .where(
            says(_M.c.status, Status.QUEUED),
            _M.c.due_at <= now,
            _M.c.channel_id == channel_id,
            _past(_C.c.held_back_until, now, now + pacing.LONGEST_PAIR_BACKOFF + pacing.SKEW),
            _past(_C.c.paced_until, pair_limit, pair_limit + pacing.PAIR_INTERVAL + pacing.HORIZON + pacing.SKEW),
            ~exists().where(
                earlier.c.conversation_id == _M.c.conversation_id,
                says(earlier.c.status, Status.QUEUED, Status.SENDING),
                earlier.c.sequence < _M.c.sequence,
            ),
        )
        .order_by(_M.c.due_at, _M.c.id)
    )


def _past(column: ColumnElement[Any], moment: datetime, impossible: datetime) -> ColumnElement[bool]:
    """The instant has come; one that lies beyond what can be was written before the clock was set back."""
    return or_(column.is_(None), column <= moment, column > impossible)


def _book(channel: Channel, wanted: int, now: datetime, rate: int) -> tuple[list[datetime], datetime | None]:
    """Departures for as many of `wanted` as the pace allows, and when to ask for the rest."""
    departures: list[datetime] = []
    while len(departures) < wanted:
        departs = pacing.departure(channel.paced_until, now, rate=rate)
        if departs is None:
            assert channel.paced_until is not None  # noqa: S101 only a booked number refuses a departure
            # Half a horizon later there is room for many at once, and the first of them is not late yet.
            return departures, channel.paced_until - pacing.HORIZON / 2
        departures.append(departs)
        channel.paced_until = pacing.following(departs, rate=rate)
    return departures, None


async def _take(ids: Sequence[int], tx: Tx, token: str, now: datetime) -> set[int]:
    """Claim the rows that are still there to be claimed: another process may have had them since they were read."""
    if not ids:
        return set()
    taken = await tx.scalars(
        update(_M)
        .where(_M.c.id.in_(ids), says(_M.c.status, Status.QUEUED), _M.c.due_at <= now)
        .values(status=Status.SENDING, claim=token, claimed_until=now + LEASE, version=_M.c.version + 1)
        .returning(_M.c.id),
    )
    return set(taken)


async def _pace(tx: Tx, found: Iterable[Row[*tuple[Any, ...]]], claimed: Sequence[Claimed]) -> None:
    if not claimed:
        return
    paced = {row.conversation_id: row.paced_until for row in found}
    await execute_many(
        tx,
        _PACE,
        [
            {
                "of_id": message.conversation_id,
                "until": pacing.pair_following(paced[message.conversation_id], message.departs_at),
            }
            for message in claimed
        ],
    )


def _claimed(row: Row[*tuple[Any, ...]], token: str, departs: datetime, file: Attached | None) -> Claimed:
    ours = {"claim", "departs_at", "file"}
    given = {name: getattr(row, name) for name in Claimed.__struct_fields__ if name not in ours}
    return Claimed(claim=token, departs_at=departs, file=file, **given)


def _is(held: Sequence[Held]) -> ColumnElement[bool]:
    return tuple_(_M.c.id, _M.c.claim).in_(held)


async def _become(tx: Tx, rows: Sequence[Row[*tuple[Any, ...]]], action: str, **values: object) -> None:
    if not rows:
        return
    changed = {**values, "version": _M.c.version + 1}
    await tx.execute(update(_M).where(_M.c.id.in_([row.id for row in rows])).values(changed))
    for row in rows:
        _record(tx, row.id, row.conversation_id, action, {"status": values["status"]})


def _record(tx: Tx, message_id: int, conversation_id: int, action: str, new: dict[str, Any]) -> None:
    audit.record(tx, SYSTEM, action, conversation_id=conversation_id, message_id=message_id, new=new)
