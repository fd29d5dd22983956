"""Erasure round the conversation: what files brought, what providers told us, what programs were told, how names sound.

Everything here is found by its keys, in statements over whole sets.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, delete, false, or_, select, tuple_, update

from console.audit import AuditEntry
from console.consents.imported import ImportedConsent
from console.db import Tx
from console.languages.words import Words
from console.portfolio.batches import BatchState, ImportAccount, ImportBatch, ImportDebtor, ImportPoint
from console.portfolio.ledger import Payment, PaymentLink, PaymentNotice
from console.portfolio.models import Account, ContactPoint
from console.search import index
from console.search.models import SearchPerson
from console.webhooks_out.models import ERASED, DeliveryState, WebhookDelivery

# What nobody confirms, reads or takes back any more. Of the others the creditor has not decided yet.
_OVER = (BatchState.COMMITTED, BatchState.UNDONE, BatchState.DISCARDED)
# Of a line of a file, as it was before: what names a person or how to reach them.
_PERSONAL = ("phones",)
# Payments that no provider told us of.
_OURS = ("api", "import", "manual")


async def forget_imports(tx: Tx, debtors: Collection[int], accounts: Collection[int], name: str) -> None:
    """The lines of files that brought these debtors: amounts and days stay, people and numbers go; `name` stands in.

    Who was new in a file is known in it by a place, which the accounts of that file name.
    """
    over = select(ImportBatch.id).where(ImportBatch.state.in_(_OVER))
    keys = select(Account.creditor_id, Account.external_id).where(Account.id.in_(accounts))
    brought = (
        select(ImportAccount.batch_id, ImportAccount.debtor_place)
        .join(ImportBatch, ImportBatch.id == ImportAccount.batch_id)
        .where(ImportBatch.state.in_(_OVER), ImportAccount.debtor_place.is_not(None))
        .where(tuple_(ImportBatch.creditor_id, ImportAccount.external_id).in_(keys))
    )
    places = [tuple(row) for row in await tx.execute(brought)]
    person = or_(
        ImportDebtor.debtor_id.in_(debtors), _placed(ImportDebtor.batch_id, ImportDebtor.place, places)
    ) & ImportDebtor.batch_id.in_(over)
    nameless = {"name": name, "name_key": "", "document_type": None, "document_number": None, "birth_year": None}
    await _set(tx, update(ImportDebtor).where(person).values(**nameless, before=None))
    point = or_(
        ImportPoint.debtor_id.in_(debtors), _placed(ImportPoint.batch_id, ImportPoint.debtor_place, places)
    ) & ImportPoint.batch_id.in_(over)
    await _set(tx, delete(ImportPoint).where(point))
    line = or_(
        ImportAccount.debtor_id.in_(debtors),
        ImportAccount.account_id.in_(accounts),
        _placed(ImportAccount.batch_id, ImportAccount.debtor_place, places),
    ) & ImportAccount.batch_id.in_(over)
    for row in await tx.scalars(select(ImportAccount).where(line)):
        row.phones = row.statement = None
        if row.before is not None:
            row.before = {**row.before, **{each: [] for each in _PERSONAL if each in row.before}}
    # The first lines of a file that is in place: nobody asks which column is which any more.
    await _set(tx, update(ImportBatch).where(ImportBatch.state.in_(_OVER)).values(look=None))


async def forget_consents(tx: Tx, contact_id: int, accounts: Collection[int]) -> None:
    """What files said they allow or refuse: at the numbers they write from, and beside these debts at any."""
    theirs = (
        select(ImportedConsent.id)
        .join(Account, Account.id == ImportedConsent.account_id)
        .join(
            ContactPoint,
            (ContactPoint.debtor_id == Account.debtor_id) & (ContactPoint.match_key == ImportedConsent.match_key),
        )
        .where(ContactPoint.contact_id == contact_id)
    )
    for about in (ImportedConsent.id.in_(theirs), ImportedConsent.account_id.in_(accounts)):
        await _set(tx, delete(ImportedConsent).where(about))


async def forget_payments(tx: Tx, accounts: Collection[int]) -> None:
    """What was noted about their payments, and what providers sent of them, which may name who paid."""
    await _set(tx, update(Payment).where(Payment.account_id.in_(accounts)).values(note=None))
    paid = select(Payment.external_id).where(Payment.account_id.in_(accounts), Payment.source.not_in(_OURS))
    asked = select(PaymentLink.token, PaymentLink.provider_ref).where(PaymentLink.account_id.in_(accounts))
    keys = {*await tx.scalars(paid), *(key for row in await tx.execute(asked) for key in row if key)}
    for key in sorted(keys):
        told = PaymentNotice.payload.contains(key, autoescape=True) | (PaymentNotice.event_id == key)
        settled = told & PaymentNotice.done_at.is_not(None)
        await _set(tx, update(PaymentNotice).where(settled).values(payload="{}", subject=None))


async def forget_told(tx: Tx, conversations: Collection[int], accounts: Collection[int], contact_id: int) -> None:
    """What other programs were told, or are still to be told, of this person. What waited is not told any more."""
    entries = select(AuditEntry.id).where(
        or_(AuditEntry.conversation_id.in_(conversations), AuditEntry.account_id.in_(accounts))
    )
    given_up = {"state": DeliveryState.GIVEN_UP, "last_error": Words("Datos borrados"), "claimed_until": None}
    # One after the other: for either of two PostgreSQL would read every delivery there was.
    for about in (WebhookDelivery.entry_id.in_(entries), WebhookDelivery.lane == f"contact:{contact_id}"):
        await _set(tx, update(WebhookDelivery).where(about).values(body=ERASED))
        waiting = about & (WebhookDelivery.state == DeliveryState.WAITING)
        await _set(tx, update(WebhookDelivery).where(waiting).values(**given_up))


async def forget_person(tx: Tx, contact_id: int) -> None:
    """What searches know of a person, with the ways their name may be spelt where nobody else bears it."""
    names = await tx.scalar(select(SearchPerson.names).where(SearchPerson.contact_id == contact_id))
    await _set(tx, delete(SearchPerson).where(SearchPerson.contact_id == contact_id))
    await index.unspell(tx, set((names or "").split()))


def _placed(batch: Any, place: Any, places: Collection[Any]) -> ColumnElement[bool]:  # noqa: ANN401 columns
    return tuple_(batch, place).in_(places) if places else false()


async def _set(tx: Tx, statement: Any) -> None:  # noqa: ANN401 an update or a delete
    await tx.execute(statement.execution_options(synchronize_session=False))
