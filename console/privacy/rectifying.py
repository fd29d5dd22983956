"""Rectification: what we hold of a person is corrected in one step, and kept so when the source still says the old."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec
from sqlalchemy import Select, select, update

from console import audit, clock, masking
from console.agents import Viewer
from console.bots.models import BotSession
from console.db import Tx
from console.errors import Refused, not_found
from console.inbox import naming
from console.inbox.contacts import Contact
from console.inbox.models import Conversation
from console.languages.words import Words
from console.portfolio import checks, documents
from console.portfolio.corrections import Correction, Field
from console.portfolio.documents import BadDocument, Document, key_of
from console.portfolio.models import ContactPoint, Debtor, PointState
from console.portfolio.names import name_key
from console.portfolio.points import find_contacts
from console.portfolio.standing import refresh_conversations
from console.privacy import requests
from console.privacy.models import PrivacyRequest
from console.reasons import keeping as reasons
from console.settings import Settings
from integrations.whatsapp.numbers import match_key

Checked = TypeVar("Checked")
LONGEST_REASON = 500
SOURCE = "rectificación a pedido de la persona"
NEW_PHONE = "phone_new"


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """What can be corrected of a debtor; its document and `phones` (id, number) are masked."""

    debtor_id: int
    version: int
    name: str
    document_type: str
    document_number: str
    birth_year: str
    phones: list[tuple[int, str]]


class Corrected(msgspec.Struct, frozen=True):
    """One field that was corrected."""

    field: Field
    was: str | None
    became: str | None


async def held_of(tx: Tx, contact_id: int) -> list[Held]:
    """What we hold of everybody this number is on file for."""
    here = select(ContactPoint.debtor_id).where(
        ContactPoint.contact_id == contact_id, ContactPoint.state == PointState.ACTIVE
    )
    debtors = await tx.scalars(select(Debtor).where(Debtor.id.in_(here)).order_by(Debtor.id))
    return [_held(each, await _phones(tx, each.id)) for each in debtors]


async def rectify(
    tx: Tx, request: PrivacyRequest, *, by: Viewer, typed: Mapping[str, str], settings: Settings
) -> list[Corrected]:
    """Correct what `typed` says otherwise, keep what stood before, and answer the request.

    A number that is corrected is somebody else's from now on: that the debtor answered there counts no more.
    Records "debtor.rectified" and "privacy.answered". Refuses: 404; 409 "stale" when the data changed meanwhile,
    "document_taken"; 422 "invalid" naming the field, "nothing_corrected".
    """
    debtor = await _debtor(tx, request, typed)
    reason = typed.get("reason", "").strip()
    if not reason or len(reason) > LONGEST_REASON:
        text = Words("Diga qué prueba lo corregido: el documento que se vio, o lo que escribió.")
        raise Refused(422, text, code="invalid", field="reason")
    moment = clock.now()
    before = await _phones(tx, debtor.id)
    found = await _corrected(tx, debtor, before, typed, settings)
    if not found:
        raise Refused(422, Words("No hay nada distinto de lo que ya consta."), code="nothing_corrected", field="name")
    was_called = debtor.name
    touched = await _apply(tx, debtor, found, moment)
    contact = await tx.get_one(Contact, request.contact_id, populate_existing=True, with_for_update=True)
    if contact.name is not None and name_key(contact.name) == name_key(was_called):
        await naming.rename(tx, contact, by=by, name=debtor.name)
    values = {"debtor_id": debtor.id, "request_id": request.id, "corrected_at": moment, "corrected_by": by.id}
    tx.add_all(Correction(field=each.field, was=each.was, became=each.became, **values) for each in found)
    why = await reasons.keep(tx, reason, conversation_id=request.conversation_id)
    fields = sorted({str(each.field) for each in found})
    audit.record(
        tx,
        by.actor,
        "debtor.rectified",
        conversation_id=request.conversation_id,
        message_id=request.message_id,
        subject=f"debtor:{debtor.id}",
        new={"fields": fields, "request": request.id, **why},
    )
    requests.answer(tx, request, by=by, facts={"fields": fields})
    await tx.flush()
    await refresh_conversations(tx, {request.contact_id, *touched}, by=by.actor)
    return found


async def _debtor(tx: Tx, request: PrivacyRequest, typed: Mapping[str, str]) -> Debtor:
    known = {each.debtor_id: each for each in await held_of(tx, request.contact_id)}
    chosen = typed.get("debtor", "")
    if not (chosen.isascii() and chosen.isdigit()) or len(chosen) > 18 or int(chosen) not in known:
        raise not_found()
    debtor = await tx.get_one(Debtor, int(chosen), populate_existing=True, with_for_update=True)
    if typed.get("version") != str(debtor.version):
        text = Words("Los datos cambiaron mientras tanto: revise cómo quedaron y vuelva a intentarlo.")
        raise Refused(409, text, code="stale", field="version")
    return debtor


async def _corrected(
    tx: Tx, debtor: Debtor, before: Sequence[ContactPoint], typed: Mapping[str, str], settings: Settings
) -> list[Corrected]:
    """What is typed otherwise than it stands, checked field by field."""
    found = []
    name = _checked("name", lambda: checks.name(typed.get("name", "")))
    if name != debtor.name:
        found.append(Corrected(Field.NAME, debtor.name, name))
    document = _document(debtor, typed)
    if (key := key_of(document)) != (had := key_of(_document_of(debtor))):
        await _require_free(tx, debtor, document)
        found.append(Corrected(Field.DOCUMENT, had, key))
    year = typed.get("birth_year", "").strip()
    born = _checked("birth_year", lambda: checks.birth_year(_year(year), clock.now().date())) if year else None
    if born != debtor.birth_year:
        had = None if debtor.birth_year is None else str(debtor.birth_year)
        found.append(Corrected(Field.BIRTH, had, None if born is None else str(born)))
    return found + _phones_corrected(before, typed, debtor.country or settings.country)


def _phones_corrected(before: Sequence[ContactPoint], typed: Mapping[str, str], country: str) -> list[Corrected]:
    found, taken = [], {point.match_key for point in before}
    for field, point in [*((f"phone_{point.id}", point) for point in before), (NEW_PHONE, None)]:
        text = typed.get(field, "" if point is None else point.phone).strip()
        if point is not None and text == masking.phone(point.phone):
            text = point.phone  # as the form shows it: left as it is
        phone = _checked(field, lambda text=text: checks.phone(text, country)) if text else None  # type: ignore[misc]
        if phone is not None and (point is None or match_key(phone) != point.match_key):
            if match_key(phone) in taken:
                raise Refused(422, Words("Ese número ya consta para esta persona."), code="invalid", field=field)
            taken.add(match_key(phone))
        if (point.match_key if point else None) != (match_key(phone) if phone else None):
            found.append(Corrected(Field.PHONE, point.phone if point else None, phone))
    if not any(point.phone not in {each.was for each in found} for point in before) and not any(
        each.became for each in found if each.field == Field.PHONE
    ):
        raise Refused(422, Words("Debe quedar al menos un número."), code="invalid", field=NEW_PHONE)
    return found


async def _apply(tx: Tx, debtor: Debtor, found: Sequence[Corrected], moment: datetime) -> set[int]:
    """Write it; gives the contacts behind the numbers that were corrected, and behind the new ones."""
    touched: set[int] = set()
    for each in found:
        match each.field:
            case Field.NAME:
                debtor.name = each.became or ""
                debtor.name_key = name_key(debtor.name)
            case Field.DOCUMENT:
                kind, _, number = (each.became or "").partition(" ")
                debtor.document_type, debtor.document_number = kind or None, number or None
            case Field.BIRTH:
                debtor.birth_year = int(each.became) if each.became else None
            case Field.PHONE:
                touched |= await _move_phone(tx, debtor, each, moment)
    debtor.version += 1
    debtor.updated_at = moment
    return touched


async def _move_phone(tx: Tx, debtor: Debtor, change: Corrected, moment: datetime) -> set[int]:
    touched: set[int] = set()
    if change.was:
        point = (await tx.scalars(_point(debtor.id, change.was).with_for_update())).one()
        point.state, point.verified_at, point.updated_at = PointState.WRONG, None, moment
        if point.contact_id is not None:
            touched.add(point.contact_id)
            await _doubt_the_bots_word(tx, point.contact_id, debtor.id)
    if change.became:
        key = match_key(change.became)
        contact_id = (await find_contacts(tx, [key])).get(key)
        fresh = (await tx.scalars(_point(debtor.id, change.became))).one_or_none()
        if fresh is None:
            fresh = ContactPoint(debtor_id=debtor.id, phone=change.became, match_key=key, created_at=moment)
            tx.add(fresh)
        fresh.phone, fresh.state, fresh.source, fresh.verified_at = change.became, PointState.ACTIVE, SOURCE, None
        fresh.contact_id, fresh.updated_at = contact_id, moment
        touched |= {contact_id} if contact_id is not None else set()
    return touched


async def _doubt_the_bots_word(tx: Tx, contact_id: int, debtor_id: int) -> None:
    """The bot asks again who writes there."""
    theirs = select(Conversation.id).where(Conversation.contact_id == contact_id)
    known = (BotSession.conversation_id.in_(theirs), BotSession.debtor_id == debtor_id)
    nobody = {"verified_at": None, "verified_how": None, "debtor_id": None}
    await tx.execute(update(BotSession).where(*known).values(**nobody).execution_options(synchronize_session=False))


async def _require_free(tx: Tx, debtor: Debtor, document: Document | None) -> None:
    if document is None:
        return
    taken = select(Debtor.id).where(
        Debtor.document_number == document.number, Debtor.document_type == document.type, Debtor.id != debtor.id
    )
    if await tx.scalar(taken) is not None:
        text = Words("Ese documento ya es de otra persona de la cartera: revise de quién es cada deuda.")
        raise Refused(409, text, code="document_taken", field="document_number")


def _checked(field: str, check: Callable[[], Checked]) -> Checked:
    try:
        return check()
    except checks.Wrong as wrong:
        raise Refused(422, wrong.args[0], code="invalid", field=field) from None


def _document(debtor: Debtor, typed: Mapping[str, str]) -> Document | None:
    number, kind = typed.get("document_number", "").strip(), typed.get("document_type", "").strip()
    had = _document_of(debtor)
    if had is not None and (kind, number) == (had.type, had.number):
        return had
    if not number:
        return had  # the form shows it masked: who types nothing leaves it as it is
    try:
        return documents.read(number, country=debtor.country, kind=kind or None)
    except BadDocument as bad:
        raise Refused(422, bad.args[0], code="invalid", field="document_number") from None


def _document_of(debtor: Debtor) -> Document | None:
    return Document(debtor.document_type or "", debtor.document_number) if debtor.document_number else None


def _year(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) == 4):
        raise checks.Wrong(Words("Escriba el año con cuatro cifras."))
    return int(text)


def _held(debtor: Debtor, points: Sequence[ContactPoint]) -> Held:
    return Held(
        debtor_id=debtor.id,
        version=debtor.version,
        name=debtor.name,
        document_type=debtor.document_type or "",
        document_number=documents.masked(debtor.document_number) if debtor.document_number else "",
        birth_year=str(debtor.birth_year or ""),
        phones=[(point.id, masking.phone(point.phone)) for point in points],
    )


def _point(debtor_id: int, phone: str) -> Select[ContactPoint]:
    return select(ContactPoint).where(ContactPoint.debtor_id == debtor_id, ContactPoint.match_key == match_key(phone))


async def _phones(tx: Tx, debtor_id: int) -> list[ContactPoint]:
    active = (ContactPoint.debtor_id == debtor_id, ContactPoint.state == PointState.ACTIVE)
    return list(await tx.scalars(select(ContactPoint).where(*active).order_by(ContactPoint.id)))
