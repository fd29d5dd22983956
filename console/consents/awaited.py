"""What files say of consent, in words: before an import is confirmed, on a debtor's page, and for the evidence."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import select

from console import masking
from console.consents.imported import ImportedConsent, Outcome
from console.consents.kinds import How, Purpose, Standing, Way
from console.consents.models import ConsentRecord
from console.consents.words import HOWS, PURPOSES, STANDINGS, WAYS
from console.db import Tx
from console.languages.words import Words
from console.portfolio.batches import ImportConsent
from console.portfolio.models import Account, ContactPoint, PointState
from console.render import day, day_key

AT_ONCE = 100
WAITS = Words("Consentimiento importado, en espera de que escriba desde ese número")
WAITS_IDLE = Words("Consentimiento importado, en espera: el número o la cuenta ya no están en la cartera")
NOTED = Words("Consentimiento importado, registrado en su conversación")
LEFT = {
    "opted_out": Words("No se registró: pidió que no le escribamos"),
    "withdrawn_since": Words("No se registró: después de ese día se opuso"),
    "given_since": Words("No se registró: después de ese día autorizó"),
    "already_opted_out": Words("Ya constaba que no quiere que le escribamos"),
}


class Brought(msgspec.Struct, frozen=True, kw_only=True):
    """One word of a file on somebody's consent, ready to be shown; the number shows its end only."""

    word: str
    tone: str
    channel: str
    purpose: str
    how: str
    said_on: str
    phone: str
    reference: str | None
    shown: str | None
    batch_id: int
    row: int
    outcome: str
    waits: bool


async def of_accounts(tx: Tx, accounts: Collection[int]) -> list[Brought]:
    """What files said beside these debts and still holds, the newest first."""
    used = (
        select(ContactPoint.id)
        .where(
            Account.status == "open",
            ContactPoint.debtor_id == Account.debtor_id,
            ContactPoint.match_key == ImportedConsent.match_key,
            ContactPoint.state == PointState.ACTIVE,
        )
        .exists()
    )
    wanted = (
        select(ImportedConsent, used)
        .join(Account, Account.id == ImportedConsent.account_id)
        .where(ImportedConsent.account_id.in_(accounts), ImportedConsent.replaced_by.is_(None))
        .order_by(ImportedConsent.id.desc())
        .limit(AT_ONCE)
    )
    return [_brought(row, became_of(row, is_used=is_used)) for row, is_used in await tx.execute(wanted)]


async def of_import(tx: Tx, batch_id: int) -> list[Brought]:
    """What an import would say, or said, that is news: the first of them."""
    would = select(ImportConsent).where(ImportConsent.batch_id == batch_id).order_by(ImportConsent.id).limit(AT_ONCE)
    if rows := list(await tx.scalars(would)):
        return [_brought(row, "") for row in rows]
    said = select(ImportedConsent).where(ImportedConsent.batch_id == batch_id).order_by(ImportedConsent.id)
    return [_brought(row, became_of(row)) for row in await tx.scalars(said.limit(AT_ONCE))]


async def kept_of(tx: Tx, accounts: Collection[int]) -> list[ImportedConsent]:
    """All that files ever said beside these debts, as it is kept, in order."""
    wanted = select(ImportedConsent).where(ImportedConsent.account_id.in_(accounts))
    return list(await tx.scalars(wanted.order_by(ImportedConsent.id)))


async def brought_by(tx: Tx, contact_id: int) -> dict[int, tuple[int, int]]:
    """The import and the row that brought each line of somebody's consents, by the line."""
    wanted = (
        select(ImportedConsent.consent_id, ImportedConsent.batch_id, ImportedConsent.row)
        .join(ConsentRecord, ConsentRecord.id == ImportedConsent.consent_id)
        .where(ConsentRecord.contact_id == contact_id)
    )
    return {line: (batch_id, row) for line, batch_id, row in await tx.execute(wanted) if line is not None}


def became_of(row: ImportedConsent, *, is_used: bool = True) -> str:
    """What became of it, in a sentence without its stop."""
    if row.outcome == Outcome.WAITING:
        return WAITS if is_used else WAITS_IDLE
    return NOTED if row.outcome == Outcome.NOTED else LEFT.get(row.why or "", Words("No se registró"))


def _brought(row: Any, outcome: str) -> Brought:  # noqa: ANN401 of either table
    return Brought(
        word=STANDINGS[Standing(row.state)],
        tone="yes" if row.state == Standing.GIVEN else "no",
        channel=WAYS[Way(row.channel)],
        purpose=PURPOSES[Purpose(row.purpose)],
        how=HOWS[How(row.how)],
        said_on=day(date.fromisoformat(day_key(row.said_at))),
        phone=masking.phone(row.phone),
        reference=row.reference,
        shown=row.shown,
        batch_id=row.batch_id,
        row=row.row,
        outcome=outcome,
        waits=outcome in {WAITS, WAITS_IDLE},
    )
