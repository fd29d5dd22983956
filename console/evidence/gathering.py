"""Everything that a conversation or an account is proven with, read from the tables into the shapes of a pack."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from console.agents import Agent, Team
from console.audit import AuditEntry
from console.consents import awaited, noting
from console.consents import reading as consents
from console.consents.imported import ImportedConsent
from console.consents.models import ConsentRecord
from console.db import Base, Tx
from console.evidence.hours import Clockwork
from console.evidence.shapes import (
    Attachment,
    Author,
    Consent,
    Debt,
    Former,
    Given,
    Imported,
    Person,
    Said,
    Status,
    Thread,
)
from console.inbox.channel import Channel
from console.inbox.contacts import Contact
from console.inbox.models import Conversation, Media, Message, MessageVersion, Tick
from console.inbox.queries import whole_name
from console.portfolio.agreements import Promise
from console.portfolio.batches import ImportBatch
from console.portfolio.ledger import Payment
from console.portfolio.models import Account, ContactPoint, Debtor, Invoice, PointState
from console.reasons import keeping as reasons
from console.scanning import verdicts
from console.scanning.verdicts import Closed

Row = TypeVar("Row", bound=Base)
_AT_ONCE = 500
_CLIMB = {"sent": 0, "delivered": 1, "read": 2, "played": 3}
CONSENT = (
    "contact.opted_out",
    "contact.opt_out_lifted",
    "contact.wrong_number",
    "contact.wrong_number_lifted",
    "consent.given",
    "consent.withdrawn",
    "consent.left",
)
READINGS = ("conversation.viewed", "media.viewed", "document.revealed", "phone.revealed", "evidence.downloaded")
# What we told about a debt, or about a way to pay it.
DISCLOSURES = ("payment_link.created", "payment.acknowledged", "promise.reminded", "plan.proposed")
DISCLOSED = "disclosure."


def discloses(action: str) -> bool:
    """Whether an entry says that something of a debt was told to somebody."""
    return action in DISCLOSURES or action.startswith(DISCLOSED)


class Place(msgspec.Struct, frozen=True):
    """Where the person lives, as far as the law is concerned."""

    timezone: str
    country: str


async def conversations_of(tx: Tx, account_id: int, seen: ColumnElement[bool]) -> list[int]:
    """The conversations with whoever owes this account, at numbers that are theirs."""
    points = (
        select(ContactPoint.contact_id)
        .join(Account, Account.debtor_id == ContactPoint.debtor_id)
        .where(Account.id == account_id, ContactPoint.state == PointState.ACTIVE)
    )
    found = select(Conversation.id).where(Conversation.contact_id.in_(points), Conversation.status != "merged", seen)
    return list(await tx.scalars(found.order_by(Conversation.id)))


async def accounts_of(tx: Tx, conversation_id: int, seen: ColumnElement[bool]) -> list[int]:
    """The accounts of whoever is spoken with there."""
    debtors = (
        select(ContactPoint.debtor_id)
        .join(Conversation, Conversation.contact_id == ContactPoint.contact_id)
        .where(Conversation.id == conversation_id, ContactPoint.state == PointState.ACTIVE)
    )
    wanted = select(Account.id).where(Account.debtor_id.in_(debtors), seen)
    return list(await tx.scalars(wanted.order_by(Account.id)))


async def entries_about(tx: Tx, conversation_ids: Sequence[int], account_ids: Sequence[int]) -> list[AuditEntry]:
    """The entries of the history about these conversations and accounts, in order.

    A conversation that took up another speaks for it, too: its messages came with their entries.
    """
    ids = [*conversation_ids]
    new = ids
    while new:
        merged = select(AuditEntry.old).where(
            AuditEntry.conversation_id.in_(new), AuditEntry.action == "conversation.merged", AuditEntry.old.is_not(None)
        )
        absorbed = {msgspec.json.decode(old).get("absorbed") for old in await tx.scalars(merged) if old}
        new = sorted(absorbed - {None, *ids})
        ids += new
    about = or_(AuditEntry.conversation_id.in_(ids), AuditEntry.account_id.in_(account_ids))
    return list(await tx.scalars(select(AuditEntry).where(about).order_by(AuditEntry.id)))


async def reasons_about(tx: Tx, conversation_ids: Sequence[int], account_ids: Sequence[int]) -> list[Given]:
    """What people gave as their reasons, as far as it was not erased."""
    found = await reasons.about(tx, conversation_ids, account_ids)
    return [Given(each.id, each.words, each.salt.hex() if each.salt else None) for each in found]


async def thread_of(tx: Tx, conversation_id: int, *, home: Place) -> Thread:
    """One conversation, whole; `home` is where people live of whom we know no better."""
    conversation = await tx.get_one(Conversation, conversation_id)
    contact = await tx.get_one(Contact, conversation.contact_id)
    channel = await tx.get_one(Channel, conversation.channel_id)
    holder = await tx.get(Agent, conversation.holder_id) if conversation.holder_id else None
    place = await _place_of(tx, contact.id) or home
    return Thread(
        id=conversation.id,
        person=_person(contact),
        our_number=channel.display_phone_number,
        team=(await tx.get_one(Team, conversation.team_id)).name,
        holder=holder.name if holder else None,
        status=conversation.status,
        timezone=place.timezone,
        country=place.country,
        last_sequence=conversation.last_sequence,
        created_at=_iso(conversation.created_at),
        messages=await _messages(tx, conversation_id, Clockwork(ZoneInfo(place.timezone), place.country)),
    )


async def debt_of(tx: Tx, account_id: int) -> Debt:
    """One account as it stands."""
    account = await tx.get_one(Account, account_id)
    debtor = await tx.get_one(Debtor, account.debtor_id)
    return Debt(
        id=account.id,
        external_id=account.external_id,
        holder=debtor.name,
        document_type=debtor.document_type,
        document_number=debtor.document_number,
        currency=account.currency,
        state=account.state,
        balance_minor=account.balance_minor,
        overdue_minor=account.overdue_minor,
        invoices=await _plain(
            tx,
            Invoice,
            Invoice.account_id == account_id,
            "number",
            "due_on",
            "amount_minor",
            "balance_minor",
            "disputed",
        ),
        promises=await _plain(
            tx, Promise, Promise.account_id == account_id, "amount_minor", "due_on", "state", "paid_minor", "made_at"
        ),
        payments=await _plain(
            tx, Payment, Payment.account_id == account_id, "external_id", "amount_minor", "paid_at", "method", "state"
        ),
    )


async def _plain(tx: Tx, model: type[Any], about: ColumnElement[bool], *names: str) -> list[dict[str, Any]]:
    columns: list[InstrumentedAttribute[Any]] = [getattr(model, name) for name in names]
    found = await tx.execute(select(*columns).where(about).order_by(model.id))
    return [msgspec.to_builtins(dict(zip(names, row, strict=True))) for row in found]


async def _place_of(tx: Tx, contact_id: int) -> Place | None:
    found = (
        select(Debtor.timezone, Debtor.country)
        .join(ContactPoint, ContactPoint.debtor_id == Debtor.id)
        .where(ContactPoint.contact_id == contact_id, ContactPoint.state == PointState.ACTIVE)
        .order_by(Debtor.id)
        .limit(1)
    )
    row = (await tx.execute(found)).first()
    return Place(row.timezone, row.country) if row else None


async def consents_of(tx: Tx, conversation_ids: Sequence[int]) -> list[Consent]:
    """Every consent of whoever is spoken with there, and each time it was taken back, with the proof."""
    people = select(Conversation.contact_id).where(Conversation.id.in_(conversation_ids))
    found = await consents.records_of(tx, list(await tx.scalars(people)))
    closed = await verdicts.closed(tx, {row.sha256 for row in found})
    return [_consent(row, is_open=row.sha256 not in closed) for row in found]


def _consent(row: ConsentRecord, *, is_open: bool) -> Consent:
    proof = noting.proof_of(row)
    return Consent(
        id=row.id,
        person=row.contact_id,
        channel=row.channel,
        purpose=row.purpose,
        state=row.state,
        how=row.how,
        said_at=_iso(row.said_at),
        recorded_at=_iso(row.recorded_at),
        by=Author(row.by_kind, row.by_id, row.by_name),
        message_id=row.message_id,
        shown=row.shown,
        version=row.version,
        reference=row.reference,
        file=f"media/{row.sha256}" if row.sha256 and is_open else None,
        file_name=row.file_name,
        sha256=row.sha256,
        said=noting.said(proof),
        salt=row.salt.hex() if row.salt else None,
    )


async def imported_of(tx: Tx, account_ids: Sequence[int]) -> list[Imported]:
    """What files said of consent beside these debts, with the file and whoever brought it."""
    rows = await awaited.kept_of(tx, account_ids)
    batches = select(ImportBatch).where(ImportBatch.id.in_({row.batch_id for row in rows}))
    brought = {batch.id: batch for batch in await tx.scalars(batches)}
    return [_imported(row, brought[row.batch_id]) for row in rows]


def _imported(row: ImportedConsent, batch: ImportBatch) -> Imported:
    return Imported(
        id=row.id,
        account=row.account_id,
        phone=row.phone,
        channel=row.channel,
        purpose=row.purpose,
        state=row.state,
        how=row.how,
        said_at=_iso(row.said_at),
        shown=row.shown,
        reference=row.reference,
        load=batch.id,
        row=row.row,
        file_sha256=batch.sha256,
        by=Author(batch.made_by_kind, batch.made_by_id, batch.made_by_name),
        stated_at=_iso(row.stated_at),
        replaced_by=row.replaced_by,
        outcome=row.outcome,
        why=row.why,
        consent=row.consent_id,
    )


def _person(contact: Contact) -> Person:
    return Person(
        id=contact.id,
        name=whole_name(contact.name, contact.profile_name, contact.username, contact.wa_id),
        wa_id=contact.wa_id,
        opted_out_at=_iso_or_none(contact.opted_out_at),
        wrong_number_at=_iso_or_none(contact.wrong_number_at),
        marketing_stopped_at=_iso_or_none(contact.marketing_stopped_at),
    )


async def _messages(tx: Tx, conversation_id: int, clockwork: Clockwork) -> list[Said]:
    wanted = select(Message).where(Message.conversation_id == conversation_id).order_by(Message.sequence)
    rows = list(await tx.scalars(wanted))
    ids = [row.id for row in rows]
    ticks = await _by_message(tx, Tick, Tick.message_id, ids)
    media = await _by_message(tx, Media, Media.message_id, ids)
    former = await _by_message(tx, MessageVersion, MessageVersion.message_id, ids)
    closed = await verdicts.closed(tx, {each.sha256 for several in media.values() for each in several})
    shown = {number: [_attachment(each, closed) for each in several] for number, several in media.items()}
    return [_said(row, ticks[row.id], shown.get(row.id, []), former[row.id], _hour(row, clockwork)) for row in rows]


async def _by_message(
    tx: Tx, model: type[Row], column: InstrumentedAttribute[Any], ids: Sequence[int]
) -> defaultdict[int, list[Row]]:
    found: defaultdict[int, list[Row]] = defaultdict(list)
    for start in range(0, len(ids), _AT_ONCE):
        page = select(model).where(column.in_(ids[start : start + _AT_ONCE])).order_by(model.__table__.c.id)
        for row in await tx.scalars(page):
            found[getattr(row, column.key)].append(row)
    return found


def _hour(row: Message, clockwork: Clockwork) -> str | None:
    if row.direction == "in":
        clockwork.heard(row.provider_at or row.created_at)
        return None
    if row.direction != "out" or row.kind in {"reaction", "edit", "revoke"}:
        return None
    return clockwork.said(row.wired_at or row.created_at)


def _said(
    row: Message,
    ticks: Sequence[Tick],
    media: list[Attachment],
    former: Sequence[MessageVersion],
    hour: str | None,
) -> Said:
    return Said(
        id=row.id,
        sequence=row.sequence,
        direction=row.direction,
        author=Author(row.author_kind, row.author_id, row.author_name),
        kind=row.kind,
        text=row.text,
        content=row.content,
        said=msgspec.json.encode([row.kind, row.text, row.content], order="sorted").decode(),
        salt=row.salt.hex() if row.salt else None,
        wamid=row.wamid,
        status=row.status,
        error_code=row.error_code,
        created_at=_iso(row.created_at),
        provider_at=_iso_or_none(row.provider_at),
        edited_at=_iso_or_none(row.edited_at),
        revoked_at=_iso_or_none(row.revoked_at),
        hour=hour,
        statuses=[Status(t.status, _iso_or_none(t.at), _iso(t.received_at), t.error_code) for t in _in_order(ticks)],
        media=media,
        former=[Former(each.text, each.content, _iso(each.replaced_at)) for each in former],
    )


def _in_order(ticks: Sequence[Tick]) -> list[Tick]:
    """By WhatsApp's clock; within one second as a message climbs: sent, delivered, read."""
    return sorted(ticks, key=lambda tick: (tick.at or tick.received_at, _CLIMB.get(tick.status, len(_CLIMB)), tick.id))


def _attachment(row: Media, closed: Mapping[str, Closed]) -> Attachment:
    """What may not be opened does not leave in a pack either; that there was such a file does."""
    state = row.state if row.state != "stored" else closed.get(row.sha256 or "", row.state)
    file = f"media/{row.sha256}" if state == "stored" and row.sha256 else None
    return Attachment(row.kind, row.filename, row.mime_type, row.size, row.sha256, state, file)


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _iso_or_none(moment: datetime | None) -> str | None:
    return None if moment is None else _iso(moment)
