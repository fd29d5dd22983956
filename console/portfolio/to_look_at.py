"""Payments a person must look at: those that fit nowhere, exceed the debt or went back, and notices not understood."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, and_, func, or_, select

from console.agents import Viewer
from console.db import Tx
from console.inbox import policy
from console.languages.words import Words
from console.portfolio.ledger import Payment, PaymentLink, PaymentNotice, PaymentState
from console.portfolio.methods import method_word
from console.portfolio.models import Account, Debtor

PAGE = 50
WHY = {
    "unknown_account": Words("No hay una cuenta con ese número"),
    "ambiguous_account": Words("Varios acreedores usan ese número de cuenta"),
    "closed_account": Words("La cuenta ya está cerrada"),
    "unknown_invoice": Words("La cuenta no tiene esa factura"),
    "currency": Words("La moneda no es la de la cuenta"),
    "amount": Words("El monto es cero o negativo"),
    "mismatch": Words("El monto no es el que pedía el enlace"),
}
ODD = {
    "test mode": Words("Es de prueba: no mueve dinero"),
    "unreadable": Words("No se pudo leer"),
    "amount": Words("El monto no se entiende"),
    "payment": Words("Le faltan datos del pago"),
    "chargeback": Words("Le faltan datos del contracargo"),
    "dispute": Words("Le faltan datos del reclamo"),
    "external_id_reused": Words("El mismo pago llegó con otros datos"),
    "never answered": Words("El proveedor nunca lo confirmó"),
    "another payment": Words("El proveedor respondió por otro pago"),
}
SOURCES = {
    "api": Words("API"),
    "import": Words("Importación"),
    "manual": Words("Manual"),
    "mercadopago": Words("Mercado Pago"),
    "stripe": Words("Stripe"),
    "signed": Words("Enlace firmado"),
}


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """A payment that waits. `kind` is parked, excess or reversed; `account` is its account, or what was named."""

    id: int
    kind: str
    source: str
    external_id: str
    account: str | None
    debtor: str | None
    minor: int
    excess: int
    went_back: int
    currency: str
    method: str | None
    paid_at: datetime
    why: str | None


class NoticeLook(msgspec.Struct, frozen=True, kw_only=True):
    """A notice nothing was made of."""

    id: int
    source: str
    received_at: datetime
    why: str
    is_waiting: bool


class ToLookAt(msgspec.Struct, frozen=True, kw_only=True):
    """What waits, oldest first; `has_more` when there is more than a page of it."""

    payments: list[Look]
    notices: list[NoticeLook]
    has_more: bool


async def to_look_at(tx: Tx, viewer: Viewer) -> ToLookAt:
    """What `viewer` may resolve: of accounts within reach, and what has no account yet and names none but those."""
    wanted = (
        select(Payment, Account.external_id, Debtor.name)
        .outerjoin(PaymentLink, PaymentLink.id == Payment.link_id)
        .outerjoin(Account, Account.id == func.coalesce(Payment.account_id, PaymentLink.account_id))
        .outerjoin(Debtor, Debtor.id == Account.debtor_id)
        .where(Payment.needs_look, _within_reach(viewer))
        .order_by(Payment.id)
        .limit(PAGE + 1)
    )
    found = (await tx.execute(wanted)).all()
    notices = (
        await tx.scalars(
            select(PaymentNotice).where(PaymentNotice.needs_look).order_by(PaymentNotice.id).limit(PAGE + 1)
        )
    ).all()
    return ToLookAt(
        payments=[_look(*row) for row in found[:PAGE]],
        notices=[_notice(each) for each in notices[:PAGE]],
        has_more=len(found) > PAGE or len(notices) > PAGE,
    )


def _within_reach(viewer: Viewer) -> ColumnElement[bool]:
    unplaced = and_(Account.id.is_(None), policy.visible_unplaced(viewer))
    return or_(unplaced, policy.visible_accounts(viewer))


def _look(payment: Payment, account: str | None, debtor: str | None) -> Look:
    parked = payment.state == PaymentState.PARKED
    return Look(
        id=payment.id,
        kind="parked" if parked else "excess" if payment.unapplied_minor > 0 else "reversed",
        source=SOURCES.get(payment.source, payment.source),
        external_id=payment.external_id,
        account=account or payment.account_named,
        debtor=debtor,
        minor=payment.amount_minor,
        excess=payment.unapplied_minor,
        went_back=payment.reversed_minor,
        currency=payment.currency,
        method=method_word(payment.method),
        paid_at=payment.paid_at,
        why=WHY.get(payment.why or "") if parked else None,
    )


def _notice(notice: PaymentNotice) -> NoticeLook:
    outcome = notice.outcome or {}
    odd = next((str(each["odd"]) for each in outcome.get("told", ()) if each.get("odd")), "")
    waiting = notice.done_at is None
    return NoticeLook(
        id=notice.id,
        source=SOURCES.get(notice.provider, notice.provider),
        received_at=notice.received_at,
        why=Words("Por verificar: el proveedor no responde") if waiting else ODD.get(odd, Words("No se entiende")),
        is_waiting=waiting,
    )
