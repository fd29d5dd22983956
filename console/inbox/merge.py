"""Two contacts that proved to be one person: everything of the second moves under the first."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from sqlalchemy import delete, or_, select, update

from console import audit, clock
from console.audit import Actor
from console.consents.models import ConsentRecord
from console.db import Tx
from console.inbox import counts, tagging
from console.inbox.contacts import Alias, Contact, ReviewTask
from console.inbox.models import Conversation, Draft, Message, ReadMark
from console.portfolio import points
from console.portfolio.agreements import Dispute, Plan, Promise
from console.portfolio.ledger import PaymentLink
from console.scheduling.models import ScheduledMessage
from console.targets import clocks
from console.targets.setting import follow, put

_STOPS = ("opted_out_at", "wrong_number_at", "marketing_stopped_at", "identity_doubt_at")


async def merge_contacts(tx: Tx, *, keep: int, absorb: int, by: Actor) -> None:
    """Move addresses and messages of contact `absorb` to contact `keep`.

    The absorbed contact and its conversation stay as empty rows with status `merged`, so that old ids still resolve
    and the history entry (which lists what moved) allows the step to be undone by hand.
    """
    aliases = list(await tx.scalars(select(Alias.id).where(Alias.contact_id == absorb)))
    gone = await tx.get_one(Contact, absorb, populate_existing=True)
    stays = await tx.get_one(Contact, keep, populate_existing=True)
    await tx.execute(update(Alias).where(Alias.contact_id == absorb).values(contact_id=keep))
    await tx.execute(
        update(Contact)
        .where(Contact.id == keep)
        .values(
            user_id=gone.user_id or Contact.user_id,
            wa_id=Contact.wa_id if gone.wa_id is None else gone.wa_id,
            version=Contact.version + 1,
            **_stops(stays, gone),
        ),
    )
    await _carry_doubts(tx, keep=keep, absorb=absorb)
    audit.record(
        tx,
        by,
        "contact.merged",
        subject=f"contact:{keep}",
        old={"absorbed": absorb, "aliases": aliases},
        new={"kept": keep},
    )
    conversations = await tx.scalars(
        select(Conversation)
        .where(Conversation.contact_id.in_([keep, absorb]))
        .order_by(Conversation.id)
        .with_for_update(),
    )
    by_channel: dict[int, dict[int, Conversation]] = {}
    for conversation in conversations:
        by_channel.setdefault(conversation.channel_id, {})[conversation.contact_id] = conversation
    for pair in by_channel.values():
        await _merge_conversations(tx, pair.get(keep), pair.get(absorb), keep=keep, by=by)
    await tx.execute(update(ConsentRecord).where(ConsentRecord.contact_id == absorb).values(contact_id=keep))
    await tx.flush()
    await points.move(tx, keep=keep, absorb=absorb, moment=clock.now())


def _stops(stays: Contact, gone: Contact) -> dict[str, datetime | None]:
    """What either of the two asked for, or is held back for, holds for the one they are: since the earlier time."""
    either = {name: [each for one in (stays, gone) if (each := getattr(one, name))] for name in _STOPS}
    until = [each for one in (stays, gone) if (each := one.outreach_paused_until)]
    return {name: min(times, default=None) for name, times in either.items()} | {
        "outreach_paused_until": max(until, default=None)
    }


async def _carry_doubts(tx: Tx, *, keep: int, absorb: int) -> None:
    """A doubt about the second is one about the first, unless it was whether they are the same."""
    others = (ReviewTask.other_contact_id.is_(None), ReviewTask.other_contact_id.not_in([keep, absorb]))
    theirs = (ReviewTask.contact_id == absorb, ReviewTask.resolved_at.is_(None), or_(*others))
    await tx.execute(update(ReviewTask).where(*theirs).values(contact_id=keep))


async def _merge_conversations(
    tx: Tx,
    kept: Conversation | None,
    absorbed: Conversation | None,
    *,
    keep: int,
    by: Actor,
) -> None:
    if absorbed is None:
        return
    if kept is None:
        absorbed.contact_id = keep
        return
    before, kept_before = counts.slot_of(absorbed), counts.slot_of(kept)
    first = kept.last_sequence
    await tx.execute(
        update(Message)
        .where(Message.conversation_id == absorbed.id)
        .values(conversation_id=kept.id, sequence=Message.sequence + first),
    )
    await _carry_what_waits(tx, kept, absorbed)
    kept.last_sequence += absorbed.last_sequence
    kept.inbound_count += absorbed.inbound_count
    kept.last_at = max(kept.last_at, absorbed.last_at)
    kept.last_message_id = max(kept.last_message_id or 0, absorbed.last_message_id or 0) or None
    kept.window_closes_at = max(filter(None, (kept.window_closes_at, absorbed.window_closes_at)), default=None)
    kept.window_opened_at = max(filter(None, (kept.window_opened_at, absorbed.window_opened_at)), default=None)
    kept.last_inbound_wamid = absorbed.last_inbound_wamid or kept.last_inbound_wamid
    if kept.waiting_since is None and absorbed.waiting_since is not None:
        # Whoever waited under the other number waits on, and their clock runs on.
        for name in ("waiting_since", "answer_warns_at", "answer_due_at", "answer_tells_at"):
            setattr(kept, name, getattr(absorbed, name))
    if absorbed.status == "open" and absorbed.waiting_since is not None and kept.status != "open":
        # Somebody waits for an answer: that must not lie among what is settled or put aside.
        await follow(tx, kept, status="open", moment=clock.now())
        kept.status, kept.snoozed_until = "open", None
    if kept.holder_id is None and kept.team_id == absorbed.team_id:
        kept.holder_id = absorbed.holder_id
    kept.version += 1
    kept.updated_at = clock.now()
    absorbed.holder_id = None
    absorbed.status = "merged"
    put(absorbed, clocks.closed())
    absorbed.last_sequence = absorbed.inbound_count = 0
    absorbed.last_message_id = None
    absorbed.version += 1
    await tagging.move(tx, keep=kept.id, absorb=absorbed.id)
    await _carry_mentions(tx, keep=kept.id, absorb=absorbed.id, first=first)
    for table in (ReadMark, Draft):
        await tx.execute(delete(table).where(table.conversation_id == absorbed.id))
    moved: Counter[counts.Slot] = Counter([counts.slot_of(absorbed), counts.slot_of(kept)])
    moved.subtract([before, kept_before])
    await counts.apply(tx, moved)
    audit.record(
        tx,
        by,
        "conversation.merged",
        conversation_id=kept.id,
        old={"absorbed": absorbed.id, "first_sequence": first + 1},
        new={"last_sequence": kept.last_sequence, "status": kept.status, "holder_id": kept.holder_id},
    )


async def _carry_what_waits(tx: Tx, kept: Conversation, absorbed: Conversation) -> None:
    """What is to leave by itself leaves where the person is now; that two threads became one is no answer of theirs."""
    for one, others in ((kept, absorbed.inbound_count), (absorbed, kept.inbound_count)):
        waiting = update(ScheduledMessage).where(ScheduledMessage.conversation_id == one.id)
        seen = ScheduledMessage.inbound_count + others
        await tx.execute(waiting.values(conversation_id=kept.id, inbound_count=seen))
    for where in (Promise.conversation_id, Plan.conversation_id, Dispute.conversation_id, PaymentLink.conversation_id):
        await tx.execute(update(where.class_).where(where == absorbed.id).values({where: kept.id}))


async def _carry_mentions(tx: Tx, *, keep: int, absorb: int, first: int) -> None:
    """What somebody was mentioned in and has not seen is new to them where it stands now, `first` rows further down."""
    unseen = select(ReadMark.agent_id, ReadMark.mentioned).where(
        ReadMark.conversation_id == absorb, ReadMark.mentioned > ReadMark.sequence
    )
    for agent_id, mentioned in (await tx.execute(unseen)).all():
        mark = await tx.get(ReadMark, (agent_id, keep))
        mark = mark or ReadMark(agent_id=agent_id, conversation_id=keep, inbound_count=0, sequence=0, at=clock.now())
        mark.mentioned = mentioned + first
        tx.add(mark)
    await tx.flush()
