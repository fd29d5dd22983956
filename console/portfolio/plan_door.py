"""Payment plans over HTTP: the simulator, offering one, the debtor's yes, and ending it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import select

from console import clock, money
from console.agents import Viewer
from console.db import Database, Tx
from console.errors import Refused, not_found
from console.forms import html, read_form, whole
from console.inbox import policy, queries, reply
from console.inbox.models import Conversation, Message
from console.languages.words import Words
from console.portfolio import plans
from console.portfolio.agreed import Debt, PlanView, agreed_of, debt_of
from console.portfolio.instalments import FREQUENCIES, Step, Terms, check, schedule
from console.portfolio.models import PortfolioRules
from console.portfolio.promise_door import addressed_in, amount_in, day_in, number
from console.portfolio.said_days import on_day
from console.portfolio.standing import rules_in_force
from console.render import fragment, weekday
from console.render import money as shown

ANSWERS = 5
"""How many of the debtor's last messages are offered as the yes."""
_FIELDS = ("total", "down", "count", "frequency", "first_on")
COUNT = 3
"""Instalments that are first proposed."""


@get("/inbox/{conversation_id:int}/plans/new")
async def new_plan(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """The simulator, with what is overdue in three parts."""
    async with db.reading() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        debt = await debt_of(tx, conversation, number(request.query_params.get("account"), "account"), clock.now())
        total = debt.overdue_minor or debt.balance_minor
        rules = await rules_in_force(tx)
        typed = {
            "total": money.as_text(total, debt.currency),
            "down": money.as_text(-(-total * rules.plan_min_down_payment_bp // 10_000), debt.currency),
            "count": str(min(COUNT, rules.plan_max_instalments)),
            "frequency": "monthly",
            "first_on": min(on_day(debt.today.day, debt.today, months=1), _last_first(debt, rules)).isoformat(),
        }
        return html(await _form(tx, conversation, debt, typed))


@get("/inbox/{conversation_id:int}/plans/simulation")
async def simulate(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """The schedule of what stands in the form, or why it cannot be."""
    typed = dict(request.query_params)
    async with db.reading() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        debt = await debt_of(tx, conversation, number(typed.get("account_id"), "account_id"), clock.now())
        steps, problem = await _simulated(tx, debt, typed)
        text = _offer(await addressed_in(tx, conversation), debt, steps) if steps else ""
    return html(fragment("portfolio/plan_schedule.html", **_schedule(debt, steps, problem, text)))


@post("/inbox/{conversation_id:int}/plans", status_code=201)
async def create_plan(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Offer a plan, and with `send` tell the debtor so. A refusal gives the form back with the reason in it."""
    form = await read_form(request)
    try:
        async with db.transaction() as tx:
            conversation = await queries.open_conversation(tx, viewer, conversation_id)
            debt = await debt_of(tx, conversation, number(form.get("account_id"), "account_id"), clock.now())
            terms = terms_in(form, debt)
            await plans.propose(tx, debt.account_id, by=viewer, terms=terms, conversation_id=conversation.id)
            if form.get("send") == "1":
                text = _offer(await addressed_in(tx, conversation), debt, schedule(terms, debt.today))
                key = f"plan:{form.get('client_key', '')[:40]}"
                await reply.reply(tx, conversation, by=viewer, text=text, client_key=key)
    except Refused as refused:
        if refused.status == 404:
            raise
        async with db.reading() as tx:
            conversation = await queries.open_conversation(tx, viewer, conversation_id)
            debt = await debt_of(tx, conversation, number(form.get("account_id"), "account_id"), clock.now())
            again = await _form(tx, conversation, debt, form, problem=refused)
        return html(again, status=refused.status, headers={"x-refused": refused.code})
    return html("", status=201)


@get("/inbox/{conversation_id:int}/plans/{plan_id:int}/acceptance")
async def acceptance_form(
    conversation_id: FromPath[int],
    plan_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Asks which message is the yes."""
    async with db.reading() as tx:
        conversation, plan = await _theirs(tx, viewer, conversation_id, plan_id)
        return html(await _accepting(tx, conversation, plan, None))


@post("/inbox/{conversation_id:int}/plans/{plan_id:int}/acceptance", status_code=200)
async def accept_plan(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[int],
    plan_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """The plan runs from now on."""
    form = await read_form(request)
    async with db.reading() as tx:
        conversation, plan = await _theirs(tx, viewer, conversation_id, plan_id)
    try:
        async with db.transaction() as tx:
            await plans.accept(tx, plan_id, by=viewer, message_id=whole(form.get("message_id"), "message_id"))
    except Refused as refused:
        async with db.reading() as tx:
            again = await _accepting(tx, conversation, plan, refused)
        return html(again, status=refused.status, headers={"x-refused": refused.code})
    return html("")


@get("/inbox/{conversation_id:int}/plans/{plan_id:int}/cancellation")
async def plan_cancellation_form(
    conversation_id: FromPath[int],
    plan_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Asks why."""
    async with db.reading() as tx:
        await _theirs(tx, viewer, conversation_id, plan_id)
    return html(_cancelling(conversation_id, plan_id, "", None))


@post("/inbox/{conversation_id:int}/plans/{plan_id:int}/cancellation", status_code=200)
async def cancel_plan(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[int],
    plan_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """End a plan, with a reason."""
    form = await read_form(request)
    reason = form.get("reason", "")
    async with db.reading() as tx:
        await _theirs(tx, viewer, conversation_id, plan_id)
    try:
        async with db.transaction() as tx:
            await plans.cancel(tx, plan_id, by=viewer, reason=reason)
    except Refused as refused:
        again = _cancelling(conversation_id, plan_id, reason, refused.text)
        return html(again, status=refused.status, headers={"x-refused": refused.code})
    return html("")


def terms_in(form: Mapping[str, str], debt: Debt) -> Terms:
    """The terms that stand in a form; Refused(422) naming the field that cannot be read."""
    return Terms(
        total_minor=amount_in(form.get("total", ""), debt.currency, "total"),
        down_minor=amount_in(form["down"], debt.currency, "down") if form.get("down", "").strip() else 0,
        count=whole(form.get("count"), "count"),
        frequency=form.get("frequency", ""),
        first_on=day_in(form.get("first_on", ""), "first_on"),
    )


async def _simulated(tx: Tx, debt: Debt, typed: Mapping[str, str]) -> tuple[list[Step], Refused | None]:
    try:
        terms = terms_in(typed, debt)
        limits = plans.limits_of(await rules_in_force(tx))
        check(terms, limits, today=debt.today, balance_minor=debt.balance_minor)
    except Refused as refused:
        return [], refused
    return schedule(terms, debt.today), None


async def _form(
    tx: Tx, conversation: Conversation, debt: Debt, typed: Mapping[str, str], *, problem: Refused | None = None
) -> str:
    steps, wrong = await _simulated(tx, debt, typed)
    text = _offer(await addressed_in(tx, conversation), debt, steps) if steps else ""
    rules = await rules_in_force(tx)
    return fragment(
        "portfolio/plan_form.html",
        conversation_id=conversation.id,
        debts=(await agreed_of(tx, conversation, clock.now())).debts,
        debt=debt,
        typed={name: typed.get(name, "") for name in _FIELDS},
        frequencies=FREQUENCIES,
        most=rules.plan_max_instalments,
        last_first=_last_first(debt, rules),
        schedule=_schedule(debt, steps, problem or wrong, text),
        can_write=policy.window(conversation, clock.now()).is_open,
        problem=problem,
        key=str(uuid.uuid4()),
    )


def _last_first(debt: Debt, rules: PortfolioRules) -> date:
    return debt.today + timedelta(days=rules.plan_first_within_days)


def _schedule(debt: Debt, steps: list[Step], problem: Refused | None, text: str) -> dict[str, Any]:
    said = problem.text if problem else None
    return {"currency": debt.currency, "steps": steps, "problem": said, "text": text}


def _offer(name: str, debt: Debt, steps: list[Step]) -> str:
    """What the debtor reads: every amount and every day, in writing."""
    total = sum(step.amount_minor for step in steps)
    lines = [
        f"{'Inicial' if step.number == 0 else f'Cuota {step.number}'}: "
        f"{shown(step.amount_minor, debt.currency)}, {weekday(step.due_on)}"
        for step in steps
    ]
    total_words = shown(total, debt.currency)
    first = queries.said_to(name, f"le propongo pagar {total_words} así:")
    return "\n".join([first, *lines, "¿Está de acuerdo? Responda SÍ."])


async def _accepting(tx: Tx, conversation: Conversation, plan: PlanView, problem: Refused | None) -> str:
    wanted = select(Message).where(
        Message.conversation_id == conversation.id, Message.direction == "in", Message.target_id.is_(None)
    )
    found = (await tx.scalars(wanted.order_by(Message.sequence.desc()).limit(ANSWERS))).all()
    return fragment(
        "portfolio/plan_acceptance.html",
        conversation_id=conversation.id,
        plan=plan,
        messages=found,
        problem=problem,
    )


def _cancelling(conversation_id: int, plan_id: int, reason: str, problem: str | None) -> str:
    return fragment(
        "portfolio/reason_form.html",
        title=Words("Anular el plan de pagos"),
        words=Words("La cuenta vuelve a su tramo. El plan queda en el historial como anulado."),
        action=f"/inbox/{conversation_id}/plans/{plan_id}/cancellation",
        button=Words("Anular el plan"),
        done=Words("Plan anulado"),
        fields={},
        reason=reason,
        problem=problem,
    )


async def _theirs(tx: Tx, viewer: Viewer, conversation_id: int, plan_id: int) -> tuple[Conversation, PlanView]:
    """The conversation, and a plan of its person that was offered or runs; Refused(404)."""
    conversation = await queries.open_conversation(tx, viewer, conversation_id)
    for plan in (await agreed_of(tx, conversation, clock.now())).plans:
        if plan.id == plan_id:
            return conversation, plan
    raise not_found()


routes = [
    new_plan,
    simulate,
    create_plan,
    acceptance_form,
    accept_plan,
    plan_cancellation_form,
    cancel_plan,
]
