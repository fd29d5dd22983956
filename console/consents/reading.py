"""How somebody's consent stands and how it came to that: for the panel, the page, the guard and the evidence."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import msgspec
from sqlalchemy import select

from console.consents import noting, rules
from console.consents.kinds import Purpose, Standing, Way
from console.consents.models import ConsentRecord
from console.consents.words import HOWS, NOTHING, PURPOSES, STANDINGS, WAYS
from console.db import Tx
from console.errors import Refused
from console.inbox import policy
from console.inbox.contacts import Contact
from console.inbox.models import Conversation
from console.portfolio.models import ContactPoint, Debtor, PointState

_TONES = {Standing.GIVEN: "yes", Standing.WITHDRAWN: "no"}


class Stand(msgspec.Struct, frozen=True):
    """One purpose over one channel, in a word. `tone` is yes, no or unknown."""

    purpose: str
    word: str
    tone: str


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the history of consent, ready to be shown."""

    id: int
    channel: str
    purpose: str
    word: str
    tone: str
    how: str
    said_at: datetime
    recorded_at: datetime
    by: str
    message_id: int | None
    shown: str | None
    version: str | None
    reference: str | None
    file_name: str | None
    is_erased: bool


async def over_whatsapp(tx: Tx, contact: Contact) -> list[Stand]:
    """How each purpose stands over WhatsApp: one small query."""
    words = await noting.last_words(tx, contact.id)
    stopped = {Purpose.COLLECTION: contact.opted_out_at, Purpose.MARKETING: contact.marketing_stopped_at}
    return [
        _stand(purpose, Standing.WITHDRAWN if stopped[purpose] else words.get((Way.WHATSAPP, purpose)))
        for purpose in Purpose
    ]


async def lines_of(tx: Tx, contact_id: int) -> list[Line]:
    """Everything they ever said, newest first."""
    wanted = select(ConsentRecord).where(ConsentRecord.contact_id == contact_id)
    return [_line(row) for row in await tx.scalars(wanted.order_by(ConsentRecord.id.desc()))]


async def records_of(tx: Tx, contacts: Collection[int]) -> list[ConsentRecord]:
    """The lines of these people as they are kept, in order."""
    wanted = select(ConsentRecord).where(ConsentRecord.contact_id.in_(contacts))
    return list(await tx.scalars(wanted.order_by(ConsentRecord.id)))


async def why_not_template(
    tx: Tx, conversation: Conversation, contact: Contact, category: str, *, moment: datetime
) -> Refused | None:
    """Why a template of this category may not go to them as far as consent goes; None when it may."""
    words = await noting.last_words(tx, contact.id)
    if category == rules.MARKETING:
        state = words.get((Way.WHATSAPP, Purpose.MARKETING))
        return rules.why_no_advertising(state, stopped=contact.marketing_stopped_at is not None)
    country = await _country(tx, contact.id)
    is_reply = policy.window(conversation, moment).is_open
    return rules.why_no_first_word(words.get((Way.WHATSAPP, Purpose.COLLECTION)), country, is_reply=is_reply)


async def _country(tx: Tx, contact_id: int) -> str | None:
    """Where they live, the country with the stricter rule first; None for who owes nothing on file."""
    found = (
        select(Debtor.country)
        .join(ContactPoint, ContactPoint.debtor_id == Debtor.id)
        .where(ContactPoint.contact_id == contact_id, ContactPoint.state == PointState.ACTIVE)
    )
    return max(sorted(await tx.scalars(found)), key=rules.needs_authorised_channel, default=None)


def _stand(purpose: Purpose, state: str | None) -> Stand:
    if state is None:
        return Stand(PURPOSES[purpose], NOTHING, "unknown")
    return Stand(PURPOSES[purpose], STANDINGS[Standing(state)], _TONES.get(Standing(state), "unknown"))


def _line(row: ConsentRecord) -> Line:
    return Line(
        id=row.id,
        channel=WAYS.get(Way(row.channel), row.channel),
        purpose=PURPOSES.get(Purpose(row.purpose), row.purpose),
        word=STANDINGS[Standing(row.state)],
        tone=_TONES.get(Standing(row.state), "unknown"),
        how=_how(row.how),
        said_at=row.said_at,
        recorded_at=row.recorded_at,
        by=row.by_name or "Al Día",
        message_id=row.message_id,
        shown=row.shown,
        version=row.version,
        reference=row.reference,
        file_name=row.file_name,
        is_erased=row.how in _PROVEN and row.salt is None,
    )


def _how(how: str) -> str:
    return next((words for known, words in HOWS.items() if known == how), how)


_PROVEN = frozenset({"web_form", "contract", "in_person"})
