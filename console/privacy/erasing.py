"""Erasure: a person's words, names, numbers and files go; that something was said, when, and what it hashed to stays.

The history holds digests under a key that each message keeps for itself (`Message.salt`). Forgetting the key makes the
digest say nothing any more, and breaks nothing: the chain still verifies, entry by entry.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import msgspec
from sqlalchemy import ColumnElement, String, Update, cast, delete, literal, or_, select, update

from console import audit, clock
from console.attachments.models import StagedFile, Upload
from console.audit import Actor
from console.bots.models import BotSession, BotStep
from console.canned import files as canned_files
from console.consents import proof_files
from console.consents.models import ConsentRecord
from console.db import Tx
from console.errors import Refused
from console.evidence import packs as packs_of_evidence
from console.evidence.packs import EvidencePack, PackState
from console.inbox import media_files
from console.inbox.channel import ChannelEvent, DeadLetter
from console.inbox.contacts import Alias, Contact, ReviewTask
from console.inbox.dispositions import Outcome
from console.inbox.models import Conversation, Draft, Media, Message, MessageVersion, Reaction, Status, Tick
from console.languages.words import Words
from console.message_templates import files as template_files
from console.pdf_pages import keeping as drawn_pages
from console.portfolio.agreements import Dispute
from console.portfolio.corrections import Correction
from console.portfolio.models import Account, ContactPoint, Debtor, PointState
from console.privacy import traces
from console.quality.models import QualityFlag, QualityPick, QualityReview, QualitySeat
from console.reasons import keeping as reasons
from console.scanning import keeping as scanning
from console.search.models import SearchMessage
from console.supervision.models import Whispered

Part = TypeVar("Part", int, str)
_AT_ONCE = 500
# Of a line of the thread: what happened and who of ours did it. The rest may be a person's.
_EVENT_KEEPS = ("action", "who", "to")
FORGOTTEN = "Titular borrado"
_LONG_AGO = datetime(2009, 1, 1, tzinfo=UTC)


class Erased(msgspec.Struct, frozen=True):
    """What went. `files` (by their hash) are to be removed once the transaction stands, if nobody else needs them."""

    messages: int
    media: int
    debtors: int
    files: list[str]
    packs: list[int]


async def erase(tx: Tx, contact_id: int, *, by: Actor, facts: dict[str, object] | None = None) -> Erased:
    """Erase what we hold of the person, in every conversation with them.

    What they owe is kept while they owe it: the contract is the ground for that (compliance, retention). Without a
    balance, name and documents of the debtor go, too. Records "contact.erased" with `facts`, which the search index
    follows.
    Refuses: 409 "in_flight" while a message to them is on its way.
    """
    conversations = await hold(tx, contact_id)
    contact = await tx.get_one(Contact, contact_id)
    await _refuse_in_flight(tx, conversations)
    addresses = await _addresses(tx, contact)
    ids = list(await tx.scalars(select(Message.id).where(Message.conversation_id.in_(conversations))))
    # Proofs first: a photo they sent may be one, and goes only when neither needs it.
    proofs = await _forget_proofs(tx, contact_id)
    files = await _forget_files(tx, conversations, ids, proofs)
    await _forget_words(tx, conversations, ids)
    await _forget_events(tx, conversations)
    accounts = await _accounts(tx, contact_id)
    await _forget_around(tx, conversations, accounts)
    await _forget_deliveries(tx, addresses)
    debtors = await _forget_debtors(tx, contact_id)
    await reasons.forget(tx, conversations, accounts)
    await traces.forget_told(tx, conversations, accounts, contact_id)
    packs = await _withdraw_packs(tx, conversations)
    await _forget_person(tx, contact)
    found = Erased(len(ids), len(files), debtors, files, packs)
    for conversation_id in conversations:
        audit.record(
            tx,
            by,
            "contact.erased",
            conversation_id=conversation_id,
            subject=f"contact:{contact_id}",
            new={"messages": found.messages, "media": found.media, "debtors": found.debtors, **(facts or {})},
        )
    return found


async def hold(tx: Tx, contact_id: int) -> list[int]:
    """Hold the person and every conversation with them until `tx` ends; the ids of these."""
    await tx.get_one(Contact, contact_id, with_for_update=True, populate_existing=True)
    wanted = select(Conversation.id).where(Conversation.contact_id == contact_id).order_by(Conversation.id)
    return list(await tx.scalars(wanted.with_for_update()))


async def erase_files(tx: Tx, conversations: Collection[int]) -> Erased:
    """Erase the files of these conversations, which the caller holds, and nothing else; the caller records it."""
    ids = list(await tx.scalars(select(Message.id).where(Message.conversation_id.in_(conversations))))
    files = await _forget_files(tx, conversations, ids)
    return Erased(0, len(files), 0, files, await _withdraw_packs(tx, conversations))


def remove(gone: Erased, media_dir: Path) -> None:
    """Files go once their rows are gone; what a crash leaves here, the hourly sweep finds."""
    for sha256 in gone.files:
        media_files.place(media_dir, sha256).unlink(missing_ok=True)
        drawn_pages.forget(media_dir, sha256)
    for pack_id in gone.packs:
        packs_of_evidence.place(media_dir, pack_id).unlink(missing_ok=True)


async def _refuse_in_flight(tx: Tx, conversations: Collection[int]) -> None:
    moving = select(Message.id).where(
        Message.conversation_id.in_(conversations), Message.status.in_([Status.QUEUED, Status.SENDING])
    )
    if (await tx.scalars(moving.limit(1))).first() is not None:
        raise Refused(409, Words("Hay un mensaje en camino a esta persona: espere a que salga."), code="in_flight")


async def _addresses(tx: Tx, contact: Contact) -> list[str]:
    aliases = await tx.scalars(select(Alias.value).where(Alias.contact_id == contact.id))
    return sorted({each for each in (contact.wa_id, contact.user_id, *aliases) if each})


async def _forget_proofs(tx: Tx, contact_id: int) -> set[str]:
    """What proved their consent; that they gave it or took it back, how and when, stays. Gives the files of it."""
    theirs = ConsentRecord.contact_id == contact_id
    files = {each for each in await tx.scalars(select(ConsentRecord.sha256).where(theirs)) if each}
    nothing = dict.fromkeys(("shown", "reference", "sha256", "file_name", "mime_type", "salt"))
    await _set(tx, update(ConsentRecord).where(theirs).values(**nothing))
    return files


async def _forget_files(
    tx: Tx, conversations: Collection[int], ids: Sequence[int], more: Collection[str] = ()
) -> list[str]:
    brought = StagedFile.conversation_id.in_(conversations)
    files = set(more) | set(await tx.scalars(select(StagedFile.sha256).where(brought)))
    await tx.execute(delete(StagedFile).where(brought))
    for part in _parts(ids):
        of = Media.message_id.in_(part)
        files |= {each for each in await tx.scalars(select(Media.sha256).where(of)) if each}
        nothing = {"state": "erased", "sha256": None, "filename": None, "wire_id": None, "declared_sha256": None}
        await tx.execute(update(Media).where(of).values(**nothing, due_at=None))
    kept = set(await tx.scalars(select(Media.sha256).where(Media.sha256.in_(files))))
    kept |= set(await tx.scalars(select(StagedFile.sha256).where(StagedFile.sha256.in_(files))))
    kept |= await proof_files.referenced(tx, sorted(files))
    # The same bytes may be the house's own: those are nobody's data.
    kept |= await template_files.referenced(tx, files) | await canned_files.referenced(tx, files)
    gone = sorted(files - kept)
    await tx.execute(delete(Upload).where(Upload.sha256.in_(gone)))
    await scanning.forget(tx, gone)
    return gone


async def _forget_words(tx: Tx, conversations: Collection[int], ids: Sequence[int]) -> None:
    """A wamid holds the number it came from, in base64: it goes, too."""
    said = {"text": None, "payload": None, "salt": None, "wamid": None, "reply_to_wamid": None, "error_details": None}
    here = Message.conversation_id.in_(conversations)
    await _forget_ticks(tx, here)
    await tx.execute(update(Message).where(here, Message.kind != "event").values(**said, content=None))
    await tx.execute(update(Message).where(here, Message.author_kind == "contact").values(author_name=None))
    for part in _parts(ids):
        await tx.execute(delete(MessageVersion).where(MessageVersion.message_id.in_(part)))
        await tx.execute(delete(Reaction).where(Reaction.message_id.in_(part)))
        await tx.execute(delete(SearchMessage).where(SearchMessage.message_id.in_(part)))


async def _forget_ticks(tx: Tx, here: ColumnElement[bool]) -> None:
    """Ticks are found by the wamid they name, for which they have an index: one more would cost each tick that comes.

    What was sent twice may have a wamid that the message does not bear; only then are all ticks looked through.
    """
    # Ids make them differ, as wamid and status did.
    nameless = {
        "wamid": literal("erased:").concat(cast(Tick.id, String)),
        "participant": "",
        "payload": "",
        "error_details": None,
    }
    sent = [name for name in await tx.scalars(select(Message.wamid).where(here)) if name]
    for part in _parts(sent):
        await tx.execute(update(Tick).where(Tick.wamid.in_(part)).values(**nameless))
        # What waits for a message that never came (console.inbox.acts) bears the act's own. Those are few, and by time.
        waiting = (Tick.message_id.is_(None), Tick.received_at > _LONG_AGO)
        await tx.execute(delete(Tick).where(*waiting, Tick.participant.in_(part)))
    again = list(await tx.scalars(select(Message.id).where(here, Message.attempts > 1)))
    for ids in _parts(again):
        await tx.execute(update(Tick).where(Tick.message_id.in_(ids)).values(**nameless))


async def _forget_events(tx: Tx, conversations: Collection[int]) -> None:
    wanted = select(Message.id, Message.content).where(
        Message.conversation_id.in_(conversations), Message.kind == "event"
    )
    for id_, content in (await tx.execute(wanted)).all():
        kept = {name: value for name, value in (content or {}).items() if name in _EVENT_KEEPS}
        await tx.execute(update(Message).where(Message.id == id_).values(content=kept, text=None, salt=None))


async def _accounts(tx: Tx, contact_id: int) -> list[int]:
    """Their debts, paid or not: what was said about these is about them."""
    points = select(ContactPoint.debtor_id).where(
        ContactPoint.contact_id == contact_id, ContactPoint.state == PointState.ACTIVE
    )
    return list(await tx.scalars(select(Account.id).where(Account.debtor_id.in_(points))))


async def _forget_around(tx: Tx, conversations: Collection[int], accounts: Collection[int]) -> None:
    """Drafts, whispers, notes of how it ended, what a claim and a review said, and what the bot remembers."""
    here = list(conversations)
    await tx.execute(delete(Draft).where(Draft.conversation_id.in_(here)))
    await tx.execute(update(Outcome).where(Outcome.conversation_id.in_(here)).values(reason=None, note=None))
    claims = or_(Dispute.conversation_id.in_(here), Dispute.account_id.in_(accounts))
    await tx.execute(update(Dispute).where(claims).values(words=None, resolution=None))
    await tx.execute(update(Whispered).where(Whispered.conversation_id.in_(here)).values(text=""))
    picks = select(QualityPick.id).where(QualityPick.conversation_id.in_(here))
    await _set(tx, update(QualityReview).where(QualityReview.pick_id.in_(picks)).values(note=None, answer=None))
    await _set(tx, update(QualitySeat).where(QualitySeat.pick_id.in_(picks)).values(note=None))
    await _set(tx, update(QualityFlag).where(QualityFlag.pick_id.in_(picks)).values(words=""))
    await tx.execute(update(BotSession).where(BotSession.conversation_id.in_(here)).values(summary=None, memory={}))
    await tx.execute(update(BotStep).where(BotStep.conversation_id.in_(here)).values(understood={}, deeds=[]))
    await tx.execute(update(ReviewTask).where(ReviewTask.conversation_id.in_(here)).values(details={}))
    await tx.execute(update(Conversation).where(Conversation.id.in_(here)).values(last_inbound_wamid=None))


async def _forget_deliveries(tx: Tx, addresses: Sequence[str]) -> None:
    """What came from WhatsApp and was kept as it came, where it names the person."""
    if not addresses:
        return
    named = or_(*(ChannelEvent.payload.contains(each, autoescape=True) for each in addresses))
    await tx.execute(update(ChannelEvent).where(named).values(payload="{}"))
    for id_, payload in (await tx.execute(select(DeadLetter.id, DeadLetter.payload))).all():
        body = base64.b64decode(payload)
        if any(each.encode() in body for each in addresses):
            await tx.execute(update(DeadLetter).where(DeadLetter.id == id_).values(payload="", size=0))


async def _forget_debtors(tx: Tx, contact_id: int) -> int:
    """The debtors who are this person and owe nothing any more; says how many that was."""
    points = select(ContactPoint.debtor_id).where(
        ContactPoint.contact_id == contact_id, ContactPoint.state == PointState.ACTIVE
    )
    owing = select(Account.id).where(Account.debtor_id == Debtor.id, Account.balance_minor > 0)
    found = list(await tx.scalars(select(Debtor.id).where(Debtor.id.in_(points), ~owing.exists())))
    forgotten = {"name": FORGOTTEN, "name_key": "", "document_type": None, "document_number": None}
    await tx.execute(update(Debtor).where(Debtor.id.in_(found)).values(**forgotten, version=Debtor.version + 1))
    await tx.execute(update(Account).where(Account.debtor_id.in_(found)).values(phones=None))
    settled = list(await tx.scalars(select(Account.id).where(Account.debtor_id.in_(found))))
    corrected = update(Correction).where(Correction.debtor_id.in_(found))
    await _set(tx, corrected.values(was=None, became=None, ended_at=clock.now()))
    await traces.forget_imports(tx, found, settled, FORGOTTEN)
    await traces.forget_payments(tx, settled)
    await traces.forget_consents(tx, contact_id, settled)
    await tx.execute(delete(ContactPoint).where(ContactPoint.debtor_id.in_(found)))
    # The number of somebody who owes stays with the debt; that it writes as this contact does not.
    await tx.execute(update(ContactPoint).where(ContactPoint.contact_id == contact_id).values(contact_id=None))
    return len(found)


async def _withdraw_packs(tx: Tx, conversations: Collection[int]) -> list[int]:
    """Packs of these conversations that can still be taken away: no more."""
    ready = select(EvidencePack).where(EvidencePack.state == PackState.READY)
    found = [pack for pack in await tx.scalars(ready) if set(pack.conversations) & set(conversations)]
    for pack in found:
        pack.state = PackState.EXPIRED
    return [pack.id for pack in found]


async def _forget_person(tx: Tx, contact: Contact) -> None:
    contact.name = contact.profile_name = contact.username = contact.wa_id = contact.user_id = None
    # Nobody writes first to somebody who asked to be forgotten.
    contact.opted_out_at = contact.opted_out_at or clock.now()
    contact.version += 1
    await tx.execute(delete(Alias).where(Alias.contact_id == contact.id))
    await tx.execute(update(ReviewTask).where(ReviewTask.contact_id == contact.id).values(details={}))
    await traces.forget_person(tx, contact.id)


async def _set(tx: Tx, statement: Update) -> None:
    """Run an update by a subquery, which the objects in memory cannot follow."""
    await tx.execute(statement.execution_options(synchronize_session=False))


def _parts(ids: Sequence[Part]) -> list[Sequence[Part]]:
    return [ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE)]
