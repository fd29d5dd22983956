"""Two contacts that proved to be one person: everything of the second moves under the first."""

from __future__ import annotations

from sqlalchemy import delete, select, update

from console import audit, clock
from console.audit import Actor
from console.consents.models import ConsentRecord
from console.db import Tx
from console.inbox import counts, tagging
from console.inbox.contacts import Alias, Contact
from console.inbox.models import Conversation, Draft, Message, ReadMark
from console.portfolio import points
from console.targets import clocks
from console.targets.setting import put


async def merge_contacts(tx: Tx, *, keep: int, absorb: int, by: Actor) -> None:
    """Move addresses and messages of contact `absorb` to contact `keep`.

    The absorbed contact and its conversation stay as empty rows with status `merged`, so that old ids still resolve
    and the history entry (which lists what moved) allows the step to be undone by hand.
    """
    aliases = list(await tx.scalars(select(Alias.id).where(Alias.contact_id == absorb)))
    gone = await tx.get_one(Contact, absorb)
    await tx.execute(update(Alias).where(Alias.contact_id == absorb).values(contact_id=keep))
    await tx.execute(
        update(Contact)
        .where(Contact.id == keep)
        .values(
            user_id=gone.user_id or Contact.user_id,
            wa_id=Contact.wa_id if gone.wa_id is None else gone.wa_id,
            version=Contact.version + 1,
        ),
    )
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
    before = counts.slot_of(absorbed)
    first = kept.last_sequence
    await tx.execute(
        update(Message)
        .where(Message.conversation_id == absorbed.id)
        .values(conversation_id=kept.id, sequence=Message.sequence + first),
    )
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
    kept.version += 1
    kept.updated_at = clock.now()
    absorbed.status = "merged"
    put(absorbed, clocks.closed())
    absorbed.last_sequence = absorbed.inbound_count = 0
    absorbed.last_message_id = None
    absorbed.version += 1
    await tagging.move(tx, keep=kept.id, absorb=absorbed.id)
    await _carry_mentions(tx, keep=kept.id, absorb=absorbed.id, first=first)
    for table in (ReadMark, Draft):
        await tx.execute(delete(table).where(table.conversation_id == absorbed.id))
    await counts.moved(tx, absorbed, before)
    audit.record(
        tx,
        by,
        "conversation.merged",
        conversation_id=kept.id,
        old={"absorbed": absorbed.id, "first_sequence": first + 1},
        new={"last_sequence": kept.last_sequence},
    )


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
