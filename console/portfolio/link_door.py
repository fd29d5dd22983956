"""Payment links over HTTP: asking for one from a conversation, and taking one back."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from console import clock, money
from console.agents import Viewer
from console.db import Database, Tx
from console.errors import Refused, not_found
from console.forms import html, read_form, whole
from console.inbox import policy, queries
from console.inbox.models import Conversation
from console.languages.words import Words
from console.portfolio import links
from console.portfolio.agreed import Debt, agreed_of, debt_of
from console.portfolio.ledger import PaymentLink
from console.portfolio.links import LinkState
from console.render import fragment
from console.render import money as shown
from console.settings import Settings
from integrations.payments.told import Declined, NoAnswer, Provider

KINDS = ("overdue", "total", "other")


@get("/inbox/{conversation_id:int}/payment-links/new")
async def new_payment_link(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """The form: how much of what is owed. Refuses 404 without a provider."""
    provider_of(request)
    asked = request.query_params.get("account")
    async with db.reading() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        debt = await debt_of(tx, conversation, whole(asked, "account") if asked else None, clock.now())
        return await _form(tx, conversation, debt)


@post("/inbox/{conversation_id:int}/payment-links", status_code=201)
async def create_payment_link(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
    settings: NamedDependency[Settings],
) -> Response[str]:
    """Make one, and show it ready to be put into the message. What the provider refuses is said in the form."""
    provider = provider_of(request)
    form = await read_form(request)
    account_id = whole(form.get("account_id"), "account_id")
    try:
        async with db.transaction() as tx:
            conversation = await queries.open_conversation(tx, viewer, conversation_id)
            debt = await debt_of(tx, conversation, account_id, clock.now())
            minor = _amount(form, debt)
            link = await links.begin(
                tx,
                debt.account_id,
                by=viewer,
                amount_minor=minor,
                provider=provider,
                conversation_id=conversation.id,
            )
        if link.state != LinkState.OPEN:
            link = await _made(db, provider, settings, link, viewer)
    except Refused as refused:
        if refused.status == 404:
            raise
        async with db.reading() as tx:
            conversation = await queries.open_conversation(tx, viewer, conversation_id)
            debt = await debt_of(tx, conversation, account_id, clock.now())
            return await _form(tx, conversation, debt, form=form, refused=refused)
    async with db.reading() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
    return html(_ready(conversation, link, settings), status=201, headers={"x-done": "payment_link"})


@post("/inbox/{conversation_id:int}/payment-links/{link_id:int}/cancellation", status_code=200)
async def cancel_payment_link(
    conversation_id: FromPath[int],
    link_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Take a link back: its page no longer leads anywhere."""
    async with db.transaction() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        link = await tx.get(PaymentLink, link_id) if link_id <= queries.LARGEST_ID else None
        if link is None:
            raise not_found()
        await debt_of(tx, conversation, link.account_id, clock.now())
        await links.cancel(tx, link.id, by=viewer)
    return html("", headers={"x-done": "cancelled"})


def provider_of(request: Request[Any, Any, Any]) -> Provider:
    """The configured provider; Refused(404) where there is none."""
    provider: Provider | None = request.app.state.console.payments
    if provider is None:
        raise not_found()
    return provider


async def _made(db: Database, provider: Provider, settings: Settings, link: PaymentLink, viewer: Viewer) -> PaymentLink:
    """Ask the provider, with no transaction open meanwhile."""
    try:
        asked = links.asked(link, company=settings.company, base_url=settings.base_url)
        made = await provider.create(asked, key=links.key_of(link))
    except (NoAnswer, Declined) as failure:
        async with db.transaction() as tx:
            await links.failed(tx, link.id, str(failure), by=viewer)
        said = (
            Words(
                "{title} no respondió. Vuelva a intentarlo en un momento: no se creará dos veces.", title=provider.title
            )
            if isinstance(failure, NoAnswer)
            else Words(
                "{title} no aceptó crear el enlace ({failure}). Avise a quien administra Al Día.",
                title=provider.title,
                failure=failure,
            )
        )
        raise Refused(503, said, code="provider_failed") from failure
    async with db.transaction() as tx:
        return await links.opened(tx, link.id, made, by=viewer)


def _amount(form: dict[str, str], debt: Debt) -> int:
    kind = form.get("kind", "other")
    if kind == "overdue":
        return debt.overdue_minor
    if kind == "total":
        return debt.balance_minor
    text = form.get("amount", "").strip()
    if not text:
        raise Refused(422, Words("Escriba un monto."), code="invalid", field="amount")
    try:
        return money.read(text, debt.currency)
    except money.BadAmount as bad:
        raise Refused(422, Words("{what}.", what=bad.args[0]), code="invalid", field="amount") from bad


async def _form(
    tx: Tx,
    conversation: Conversation,
    debt: Debt,
    *,
    form: dict[str, str] | None = None,
    refused: Refused | None = None,
) -> Response[str]:
    typed = form or {}
    agreed = await agreed_of(tx, conversation, clock.now())
    chosen = typed.get("kind", "overdue" if debt.overdue_minor else "total")
    page = fragment(
        "portfolio/link_form.html",
        conversation_id=conversation.id,
        debts=agreed.debts,
        debt=debt,
        kind=chosen if chosen in KINDS else "other",
        amount=typed.get("amount", ""),
        problem=refused,
        link=None,
        address="",
        text="",
        can_write=policy.window(conversation, clock.now()).is_open,
    )
    headers = {"x-refused": refused.code} if refused else None
    return html(page, status=refused.status if refused else 200, headers=headers)


def _ready(conversation: Conversation, link: PaymentLink, settings: Settings) -> str:
    address = links.address(link, settings.base_url)
    amount = shown(link.amount_minor, link.currency)
    return fragment(
        "portfolio/link_form.html",
        conversation_id=conversation.id,
        debts=[],
        debt=None,
        kind="",
        amount=amount,
        problem=None,
        link=link,
        address=address,
        text=f"Puede pagar {amount} en este enlace: {address}",
        can_write=policy.window(conversation, clock.now()).is_open,
    )


routes = [new_payment_link, create_payment_link, cancel_payment_link]
