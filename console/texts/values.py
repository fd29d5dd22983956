"""What fills the blanks of a text for the person of one conversation, and why something is held back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import select

from console.db import Tx
from console.inbox import policy
from console.inbox.contacts import Contact
from console.inbox.models import Conversation
from console.inbox.queries import contact_name
from console.languages.moments import MONTHS_IN_FULL
from console.portfolio.agreed import Debt, debts_of
from console.portfolio.agreements import Promise, PromiseState
from console.portfolio.ledger import Payment, PaymentLink
from console.portfolio.models import ContactPoint, Debtor, Invoice, PointState
from console.portfolio.states import days_past_due
from console.render import money

_NOON, _EVENING = 12, 19
_PROMISED = (PromiseState.OPEN, PromiseState.PARTIAL, PromiseState.BROKEN)


class Values(msgspec.Struct, frozen=True):
    """What is known and may be said, by the names of `variables.CATALOGUE`. `held_back`: why nothing of the debt is.

    `can_confirm`: a person who knows whom they speak with can settle it.
    """

    by_name: dict[str, str]
    held_back: str | None = None
    can_confirm: bool = False


class _Person(msgspec.Struct, frozen=True):
    debtor_id: int
    name: str
    verified_at: datetime | None


async def values_of(
    tx: Tx,
    conversation: Conversation,
    *,
    agent: str,
    company: str,
    base_url: str,
    zone: ZoneInfo,
    moment: datetime,
    account_id: int | None = None,
) -> Values:
    """What the blanks of a text say to the person of `conversation`, as things stand at `moment`.

    Of several debts, the one named by `account_id`, else the most overdue. `zone` is the business's, for who has no
    debt. What is about the debt is left out unless the policy lets it be said. A constant number of queries.
    """
    contact = await tx.get_one(Contact, conversation.contact_id)
    people = await _people(tx, contact.id)
    right = _right_party(people)
    held_back = policy.why_debt_is_held_back(
        people=len(people),
        is_verified=right is not None,
        in_doubt=contact.identity_doubt_at is not None,
        wrong_number=contact.wrong_number_at is not None,
    )
    debts = await debts_of(tx, conversation, moment)
    name = people[0].name if len(people) == 1 else contact_name(contact.name, contact.profile_name, None, None)
    name = right.name if right else name
    here = debts[0].zone if debts else zone
    by_name = {
        "nombre": _first(name),
        "nombre_completo": name if name != "Sin nombre" else "",
        "saludo": _greeting(moment.astimezone(here).hour),
        "empresa": company,
        "agente": agent,
    }
    theirs = [debt for debt in debts if right and debt.debtor_id == right.debtor_id]
    debt = next((debt for debt in theirs if account_id in {None, debt.account_id}), None)
    if held_back is None and debt is not None:
        by_name |= await _of_debt(tx, debt, base_url, moment)
    known = {name: value for name, value in by_name.items() if value}
    return Values(known, held_back, can_confirm=bool(held_back) and len(people) == 1 and _is_open(contact))


async def _people(tx: Tx, contact_id: int) -> list[_Person]:
    wanted = (
        select(Debtor.id, Debtor.name, ContactPoint.verified_at)
        .join(ContactPoint, ContactPoint.debtor_id == Debtor.id)
        .where(ContactPoint.contact_id == contact_id, ContactPoint.state == PointState.ACTIVE)
        .order_by(Debtor.id, ContactPoint.id)
    )
    people: dict[int, _Person] = {}
    for row in await tx.execute(wanted):
        person = _Person(*row)
        if person.debtor_id not in people or person.verified_at:
            people[person.debtor_id] = person
    return list(people.values())


def _right_party(people: Sequence[_Person]) -> _Person | None:
    known = [person for person in people if person.verified_at is not None]
    return known[0] if len(known) == 1 else None


def _is_open(contact: Contact) -> bool:
    return contact.identity_doubt_at is None and contact.wrong_number_at is None


async def _of_debt(tx: Tx, debt: Debt, base_url: str, moment: datetime) -> dict[str, str]:
    unpaid = (
        select(Invoice.due_on, Invoice.balance_minor)
        .where(Invoice.account_id == debt.account_id, Invoice.balance_minor > 0, Invoice.disputed.is_(False))
        .order_by(Invoice.due_on, Invoice.id)
        .limit(1)
    )
    first = (await tx.execute(unpaid)).one_or_none()
    days = days_past_due(first.due_on, debt.today) if first else 0
    promised = (
        select(Promise)
        .where(Promise.account_id == debt.account_id, Promise.state.in_(_PROMISED))
        .order_by((Promise.state == PromiseState.OPEN).desc(), Promise.id.desc())
        .limit(1)
    )
    promise = (await tx.scalars(promised)).one_or_none()
    return {
        "saldo": _amount(debt.balance_minor, debt.currency),
        "vencido": _amount(debt.overdue_minor, debt.currency),
        "cuota": _amount(first.balance_minor, debt.currency) if first else "",
        "vencimiento": _day(first.due_on, debt.today) if first else "",
        "dias": str(days) if days > 0 else "",
        "cuenta": debt.external_id,
        "producto": debt.product or "",
        "promesa_monto": _amount(promise.amount_minor - promise.paid_minor, promise.currency) if promise else "",
        "promesa_fecha": _day(promise.due_on, debt.today) if promise else "",
        **await _paid(tx, debt),
        "enlace_pago": await _link(tx, debt, base_url, moment),
    }


async def _paid(tx: Tx, debt: Debt) -> dict[str, str]:
    """The last payment that counts."""
    wanted = (
        select(Payment.amount_minor, Payment.currency, Payment.paid_at)
        .where(Payment.account_id == debt.account_id, Payment.state == "applied")
        .order_by(Payment.paid_at.desc(), Payment.id.desc())
        .limit(1)
    )
    paid = (await tx.execute(wanted)).one_or_none()
    if paid is None:
        return {}
    day = _day(paid.paid_at.astimezone(debt.zone).date(), debt.today)
    return {"pago_monto": _amount(paid.amount_minor, paid.currency), "pago_fecha": day}


async def _link(tx: Tx, debt: Debt, base_url: str, moment: datetime) -> str:
    """The newest link that can be paid now; making one is a person's deed (key O)."""
    wanted = (
        select(PaymentLink.token)
        .where(
            PaymentLink.account_id == debt.account_id,
            PaymentLink.state == "open",
            PaymentLink.url.is_not(None),
            PaymentLink.amount_minor <= debt.balance_minor,
            (PaymentLink.expires_at > moment) | PaymentLink.expires_at.is_(None),
        )
        .order_by(PaymentLink.id.desc())
        .limit(1)
    )
    token = await tx.scalar(wanted)
    return f"{base_url}/p/{token}" if token else ""


def _first(name: str) -> str:
    """What to call somebody; a number or «Sin nombre» is no name."""
    word = name.split(maxsplit=1)[0] if name.split() else ""
    return word.capitalize() if word.isalpha() and name != "Sin nombre" else ""


def _greeting(hour: int) -> str:
    if hour < _NOON:
        return "Buenos días"
    return "Buenas tardes" if hour < _EVENING else "Buenas noches"


def _amount(minor: int, currency: str) -> str:
    return money(minor, currency) if minor > 0 else ""


def _day(on: date, today: date) -> str:
    year = "" if on.year == today.year else f" de {on.year}"
    return f"{on.day} de {MONTHS_IN_FULL[on.month - 1]}{year}"
