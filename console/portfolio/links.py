"""Payment links: what somebody may ask a debtor to pay through one, until when, and what became of it.

The provider is called between two transactions, under a key that never changes for a link: however often the call is
cut off and made again, the provider makes one link.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select

from console import audit, clock, money
from console.agents import Viewer
from console.audit import Actor
from console.db import Tx
from console.errors import Refused, not_found
from console.inbox import thread
from console.inbox.thread import actor_of
from console.languages.words import Words
from console.portfolio.holding import conversations_of, locked
from console.portfolio.ledger import PaymentLink
from console.portfolio.models import Account
from integrations.payments.told import Asked, Made, Provider

LIVES = timedelta(days=7)
"""How long a link can be paid, unless the provider's own live shorter."""
WORTH_GIVING = timedelta(hours=2)
"""A link that can be paid for longer than this is given again instead of making another one like it."""
TOKEN_BYTES = 16


class LinkState(StrEnum):
    """What became of a link. What is past `expires_at` cannot be paid, whatever it says here."""

    MAKING = "making"  # the provider has not answered yet
    OPEN = "open"
    PAID = "paid"
    CANCELLED = "cancelled"
    FAILED = "failed"  # the provider made none; asking again may help


async def begin(
    tx: Tx,
    account_id: int,
    *,
    by: Viewer | Actor,
    amount_minor: int,
    provider: Provider,
    conversation_id: int | None = None,
) -> PaymentLink:
    """A link for `amount_minor` of what is owed on the account, to be shown to `provider` once this is committed.

    One that stands already, for the same amount and long enough, is returned as it is.
    Refuses: 422 "invalid" (field amount) for an amount that is not owed; 409 "account_closed", "nothing_owed"; 404 for
    a conversation that is not the debtor's.
    """
    account = await locked(tx, account_id)
    _check(account, amount_minor)
    threads = await conversations_of(tx, account)
    if conversation_id is not None and conversation_id not in {each.id for each in threads}:
        raise not_found()
    moment = clock.now()
    standing = await _like_it(tx, account, amount_minor, provider, moment)
    if standing is not None:
        standing.conversation_id = conversation_id or standing.conversation_id
        return standing
    actor = actor_of(by)
    link = PaymentLink(
        token=secrets.token_urlsafe(TOKEN_BYTES),
        account_id=account.id,
        conversation_id=conversation_id,
        amount_minor=amount_minor,
        currency=account.currency,
        provider=provider.name,
        state=LinkState.MAKING,
        made_by_kind=actor.kind,
        made_by_id=actor.id,
        made_at=moment,
        expires_at=moment + min(LIVES, timedelta(seconds=provider.longest_life)),
    )
    tx.add(link)
    await tx.flush()
    return link


def asked(link: PaymentLink, *, company: str, base_url: str) -> Asked:
    """What the provider is asked for: an amount for the company, and nothing about who owes it."""
    if link.expires_at is None:
        raise ValueError("a link without an end is never asked for")
    page = address(link, base_url)
    return Asked(
        reference=link.token,
        amount=money.as_decimal(link.amount_minor, link.currency),
        currency=link.currency,
        title=f"Pago a {company}"[:120],
        back_url=f"{page}?volver=1",
        notify_url=f"{base_url}/webhooks/payments/{link.provider}",
        expires_at=link.expires_at,
    )


def key_of(link: PaymentLink) -> str:
    """The key the provider knows the request by. It says nothing of the token, which opens the page."""
    return f"aldia-{hashlib.sha256(link.token.encode()).hexdigest()[:40]}"


def address(link: PaymentLink, base_url: str) -> str:
    """What the debtor is given: our own page, which sends on to the provider."""
    return f"{base_url}/p/{link.token}"


async def opened(tx: Tx, link_id: int, made: Made, *, by: Viewer | Actor) -> PaymentLink:
    """The provider made it. Announces payment_link.created, and says so in the conversation it was made in."""
    link = await _held(tx, link_id)
    if link.state not in {LinkState.MAKING, LinkState.FAILED}:
        return link
    link.state, link.provider_ref, link.url, link.failure = LinkState.OPEN, made.ref, made.url, None
    link.version += 1
    account = await tx.get_one(Account, link.account_id)
    told = {"amount_minor": link.amount_minor, "currency": link.currency, "provider": link.provider}
    told |= {"expires_at": link.expires_at.isoformat() if link.expires_at else None}
    row = None
    for conversation in await conversations_of(tx, account):
        if conversation.id == link.conversation_id:
            row = await thread.event(
                tx,
                conversation,
                by=by,
                action="payment_link_created",
                who=actor_of(by).name,
                minor=link.amount_minor,
                currency=link.currency,
            )
    audit.record(
        tx,
        actor_of(by),
        "payment_link.created",
        conversation_id=link.conversation_id if row else None,
        message_id=row.id if row else None,
        account_id=link.account_id,
        subject=f"payment_link:{link.id}",
        new=told,
    )
    return link


async def failed(tx: Tx, link_id: int, why: str, *, by: Viewer | Actor) -> PaymentLink:
    """The provider made none. Announces payment_link.failed; the same request may be tried again."""
    link = await _held(tx, link_id)
    if link.state not in {LinkState.MAKING, LinkState.FAILED}:
        return link
    link.state, link.failure, link.version = LinkState.FAILED, why[:200], link.version + 1
    audit.record(
        tx,
        actor_of(by),
        "payment_link.failed",
        conversation_id=link.conversation_id,
        account_id=link.account_id,
        subject=f"payment_link:{link.id}",
        new={"why": link.failure, "provider": link.provider},
    )
    return link


async def cancel(tx: Tx, link_id: int, *, by: Viewer | Actor) -> PaymentLink:
    """Nobody should pay through it any more; what comes all the same is booked. Announces payment_link.cancelled."""
    link = await _held(tx, link_id)
    if link.state not in {LinkState.MAKING, LinkState.FAILED, LinkState.OPEN}:
        raise Refused(409, Words("Ese enlace ya no se puede anular."), code="not_open")
    link.state, link.version = LinkState.CANCELLED, link.version + 1
    audit.record(
        tx,
        actor_of(by),
        "payment_link.cancelled",
        conversation_id=link.conversation_id,
        account_id=link.account_id,
        subject=f"payment_link:{link.id}",
    )
    return link


def is_payable(link: PaymentLink, account: Account, moment: datetime) -> bool:
    """Whether its page may send somebody on to pay: open, not past its end, and so much is still owed."""
    return (
        link.state == LinkState.OPEN
        and link.url is not None
        and (link.expires_at is None or moment < link.expires_at)
        and account.status == "open"
        and link.amount_minor <= account.balance_minor
    )


def _check(account: Account, amount_minor: int) -> None:
    if account.status != "open":
        raise Refused(409, Words("Esa cuenta ya no está en la cartera."), code="account_closed")
    if account.balance_minor <= 0:
        raise Refused(409, Words("Esa cuenta no debe nada."), code="nothing_owed")
    if amount_minor <= 0:
        raise Refused(422, Words("El monto debe ser mayor que cero."), code="invalid", field="amount")
    if amount_minor > account.balance_minor:
        raise Refused(422, Words("El monto es mayor que el saldo de la cuenta."), code="invalid", field="amount")


async def _like_it(
    tx: Tx, account: Account, amount_minor: int, provider: Provider, moment: datetime
) -> PaymentLink | None:
    wanted = (
        select(PaymentLink)
        .where(
            PaymentLink.account_id == account.id,
            PaymentLink.amount_minor == amount_minor,
            PaymentLink.currency == account.currency,
            PaymentLink.provider == provider.name,
            PaymentLink.state.in_([LinkState.MAKING, LinkState.FAILED, LinkState.OPEN]),
            PaymentLink.expires_at > moment + WORTH_GIVING,
        )
        .order_by(PaymentLink.id.desc())
        .limit(1)
    )
    return (await tx.scalars(wanted.execution_options(populate_existing=True))).one_or_none()


async def _held(tx: Tx, link_id: int) -> PaymentLink:
    """The link as it is now; its account's row is held, as whoever pays it holds it."""
    link = await tx.get(PaymentLink, link_id)
    if link is None:
        raise not_found()
    await locked(tx, link.account_id)
    return await tx.get_one(PaymentLink, link_id, populate_existing=True)
