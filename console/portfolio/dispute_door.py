"""Disputes over HTTP: opening one from a message or the panel, deciding it, and the list of those that wait."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import select

from console import clock
from console.agents import Viewer
from console.db import Database, Tx
from console.errors import Refused, not_found
from console.forms import html, read_form
from console.inbox import policy, queries
from console.inbox.models import Conversation, Message
from console.portfolio import disputes
from console.portfolio.agreed import CATEGORIES, Debt, DisputeView, agreed_of, debt_of, unpaid_of
from console.portfolio.agreements import Dispute, DisputeState
from console.portfolio.models import Account, Debtor, Invoice
from console.portfolio.promise_door import name_of, number, said_in
from console.portfolio.standing import rules_in_force
from console.render import fragment, page

LISTED = 200
"""Disputes of one page: those to be answered first."""


@get("/inbox/{conversation_id:int}/disputes/new")
async def new_dispute(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """The form; what the debtor wrote stands in it."""
    asked = request.query_params
    async with db.reading() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        debt = await debt_of(tx, conversation, number(asked.get("account"), "account"), clock.now())
        message = await said_in(tx, conversation, number(asked.get("message"), "message"))
        return html(await _form(tx, conversation, debt, message, {}))


@post("/inbox/{conversation_id:int}/disputes", status_code=201)
async def create_dispute(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """What is contested is not collected from now on."""
    form = await read_form(request)
    try:
        async with db.transaction() as tx:
            conversation = await queries.open_conversation(tx, viewer, conversation_id)
            debt = await debt_of(tx, conversation, number(form.get("account_id"), "account_id"), clock.now())
            await disputes.open_dispute(
                tx,
                debt.account_id,
                by=viewer,
                category=form.get("category", ""),
                invoice_id=number(form.get("invoice_id"), "invoice_id"),
                words=form.get("words", ""),
                conversation_id=conversation.id,
                message_id=number(form.get("message_id"), "message_id"),
            )
    except Refused as refused:
        if refused.status == 404:
            raise
        async with db.reading() as tx:
            conversation = await queries.open_conversation(tx, viewer, conversation_id)
            debt = await debt_of(tx, conversation, number(form.get("account_id"), "account_id"), clock.now())
            message = await said_in(tx, conversation, number(form.get("message_id"), "message_id"))
            again = await _form(tx, conversation, debt, message, form, problem=refused)
        return html(again, status=refused.status, headers={"x-refused": refused.code})
    return html("", status=201)


@get("/inbox/{conversation_id:int}/disputes/{dispute_id:int}/decision")
async def decision_form(
    conversation_id: FromPath[int],
    dispute_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Asks how it ends, and why."""
    async with db.reading() as tx:
        dispute = await _theirs(tx, viewer, conversation_id, dispute_id)
    return html(_deciding(conversation_id, dispute, {}, None))


@post("/inbox/{conversation_id:int}/disputes/{dispute_id:int}/decision", status_code=200)
async def decide(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[int],
    dispute_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """End a dispute, with the reason."""
    form = await read_form(request)
    async with db.reading() as tx:
        dispute = await _theirs(tx, viewer, conversation_id, dispute_id)
    try:
        async with db.transaction() as tx:
            reason, state = form.get("reason", ""), form.get("state", "")
            await disputes.resolve(tx, dispute_id, by=viewer, state=state, reason=reason)
    except Refused as refused:
        again = _deciding(conversation_id, dispute, form, refused)
        return html(again, status=refused.status, headers={"x-refused": refused.code})
    return html("")


@get("/portfolio/disputes")
async def open_disputes(db: NamedDependency[Database], viewer: NamedDependency[Viewer]) -> Response[str]:
    """The open disputes the viewer may see, the one to be answered first on top."""
    wanted = (
        select(Dispute, Account.external_id, Debtor.name, Invoice.number)
        .join(Account, Account.id == Dispute.account_id)
        .join(Debtor, Debtor.id == Account.debtor_id)
        .outerjoin(Invoice, Invoice.id == Dispute.invoice_id)
        .where(Dispute.state == DisputeState.OPEN, policy.visible_accounts(viewer))
        .order_by(Dispute.answer_by, Dispute.id)
        .limit(LISTED + 1)
    )
    async with db.reading() as tx:
        found = (await tx.execute(wanted)).all()
    lines = [
        {
            "id": dispute.id,
            "who": who,
            "account": account,
            "invoice": invoice,
            "category": CATEGORIES.get(dispute.category, dispute.category),
            "words": dispute.words,
            "opened_at": dispute.opened_at,
            "answer_by": dispute.answer_by,
            "conversation_id": dispute.conversation_id,
        }
        for dispute, account, who, invoice in found[:LISTED]
    ]
    return html(page("portfolio/disputes.html", viewer=viewer, disputes=lines, is_more=len(found) > LISTED))


async def _form(
    tx: Tx,
    conversation: Conversation,
    debt: Debt,
    message: Message | None,
    typed: dict[str, str],
    *,
    problem: Refused | None = None,
) -> str:
    rules = await rules_in_force(tx)
    return fragment(
        "portfolio/dispute_form.html",
        conversation_id=conversation.id,
        name=await name_of(tx, conversation),
        debts=(await agreed_of(tx, conversation, clock.now())).debts,
        debt=debt,
        message=message,
        pieces=[(message.text, False)] if message and message.text else [],
        invoices=await unpaid_of(tx, debt.account_id),
        categories=CATEGORIES,
        days=rules.dispute_answer_days,
        typed={name: typed.get(name, "") for name in ("category", "invoice_id", "words")},
        problem=problem,
    )


def _deciding(conversation_id: int, dispute: DisputeView, typed: dict[str, str], problem: Refused | None) -> str:
    return fragment(
        "portfolio/dispute_decision.html",
        conversation_id=conversation_id,
        dispute=dispute,
        endings=disputes.RESOLUTIONS,
        typed={name: typed.get(name, "") for name in ("state", "reason")},
        problem=problem,
    )


async def _theirs(tx: Tx, viewer: Viewer, conversation_id: int, dispute_id: int) -> DisputeView:
    conversation = await queries.open_conversation(tx, viewer, conversation_id)
    for dispute in (await agreed_of(tx, conversation, clock.now())).disputes:
        if dispute.id == dispute_id:
            return dispute
    raise not_found()


routes = [new_dispute, create_dispute, decision_form, decide, open_disputes]
