"""Payment plans: proposed, accepted in the debtor's own words, paid instalment by instalment, completed or broken."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from console import audit, clock
from console.agents import Viewer
from console.audit import SYSTEM, Actor
from console.db import Tx
from console.errors import Refused, not_found
from console.inbox import thread
from console.inbox.models import Conversation
from console.inbox.thread import actor_of
from console.languages.words import Words
from console.portfolio import promises
from console.portfolio.agreements import Instalment, Plan, PlanState, Promise, PromiseState
from console.portfolio.holding import conversations_of, locked
from console.portfolio.instalments import Limits, Step, Terms, check, fill, schedule
from console.portfolio.ledger import Payment, PaymentState
from console.portfolio.models import Account, PortfolioRules
from console.portfolio.promises import LONGEST_REASON, among, check_evidence, zone_of
from console.portfolio.standing import recompute, rules_in_force
from console.portfolio.states import day_begins, today_in
from console.reasons import keeping as reasons


def limits_of(rules: PortfolioRules) -> Limits:
    """What the creditor allows."""
    return Limits(
        max_instalments=rules.plan_max_instalments,
        min_instalment_minor=rules.plan_min_instalment_minor,
        min_down_bp=rules.plan_min_down_payment_bp,
        first_within_days=rules.plan_first_within_days,
    )


async def propose(
    tx: Tx, account_id: int, *, by: Viewer | Actor, terms: Terms, conversation_id: int | None = None
) -> Plan:
    """Note a plan as offered to the debtor: it changes nothing until they accept. An earlier offer is withdrawn.

    Announces plan.proposed. Refuses: what `instalments.check` refuses; 409 "plan_active", "account_closed"; 404 for a
    conversation that is not the debtor's.
    """
    account = await locked(tx, account_id)
    threads = await conversations_of(tx, account)
    if account.status != "open":
        raise Refused(409, Words("Esa cuenta ya no está en la cartera."), code="account_closed")
    await _require_none_active(tx, account)
    today = today_in(await zone_of(tx, account), clock.now())
    check(terms, limits_of(await rules_in_force(tx)), today=today, balance_minor=account.balance_minor)
    conversation = among(threads, conversation_id)
    offered = select(Plan).where(Plan.account_id == account.id, Plan.state == PlanState.PROPOSED)
    for earlier in await tx.scalars(offered):
        earlier.state, earlier.ended_at, earlier.version = PlanState.CANCELLED, clock.now(), earlier.version + 1
    plan = Plan(
        account_id=account.id,
        conversation_id=conversation.id if conversation else None,
        state=PlanState.PROPOSED,
        total_minor=terms.total_minor,
        currency=account.currency,
        made_by_kind=actor_of(by).kind,
        made_by_id=actor_of(by).id,
        made_at=clock.now(),
    )
    tx.add(plan)
    await tx.flush()
    steps = schedule(terms, today)
    tx.add_all(
        [Instalment(plan_id=plan.id, number=s.number, due_on=s.due_on, amount_minor=s.amount_minor) for s in steps]
    )
    await tx.flush()
    facts: dict[str, object] = {"total_minor": plan.total_minor, "currency": plan.currency}
    facts["steps"] = [[step.number, step.due_on.isoformat(), step.amount_minor] for step in steps]
    await _tell(tx, plan, conversation, "plan.proposed", by=by, new=facts, count=terms.count)
    return plan


async def accept(tx: Tx, plan_id: int, *, by: Viewer | Actor, message_id: int) -> Plan:
    """Note that the debtor accepted, in the message `message_id`: the plan runs, and hides the bucket of the account.

    An open promise gives way to it. Announces plan.accepted, and what follows for the account.
    Refuses: 404; 409 "not_proposed", "plan_active", "plan_stale" when its first day has passed or more is asked than
    is owed by now; 422 for words that are not the debtor's.
    """
    plan, account = await held(tx, plan_id)
    threads = await conversations_of(tx, account)
    if plan.state != PlanState.PROPOSED:
        raise Refused(409, Words("Ese plan ya no está propuesto."), code="not_proposed")
    await _require_none_active(tx, account)
    conversation = await _where(tx, threads, plan, message_id)
    zone, moment = await zone_of(tx, account), clock.now()
    steps = await steps_of(tx, plan)
    today = today_in(zone, moment)
    if any(step.number and step.due_on < today for step in steps) or plan.total_minor > account.balance_minor:
        said = Words("El plan ya no corresponde a hoy: proponga uno nuevo.")
        raise Refused(409, said, code="plan_stale")
    for step in steps:
        # The down payment is due on the day of the yes, not of the offer.
        step.due_on = today if step.number == 0 else step.due_on
    plan.state, plan.accepted_at, plan.accepted_message_id = PlanState.ACTIVE, moment, message_id
    plan.breaks_at, plan.version = await _breaks_at(tx, steps, zone), plan.version + 1
    await tx.flush()
    await _end_promises(tx, account, by=by)
    facts: dict[str, object] = {"state": plan.state, "evidence": message_id}
    count = sum(1 for step in steps if step.number)
    await _tell(
        tx, plan, conversation, "plan.accepted", by=by, old={"state": PlanState.PROPOSED}, new=facts, count=count
    )
    await recompute(tx, [account.id], by=actor_of(by), moment=moment)
    return plan


async def cancel(tx: Tx, plan_id: int, *, by: Viewer | Actor, reason: str) -> Plan:
    """End a plan that was offered or runs, with a reason: the account goes back to its bucket.

    Announces plan.cancelled, and what follows for the account.
    Refuses: 404; 409 "not_open"; 422 without a reason.
    """
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise Refused(422, Words("Diga en pocas palabras por qué se anula."), code="invalid", field="reason")
    plan, account = await held(tx, plan_id)
    threads = await conversations_of(tx, account)
    if plan.state not in {PlanState.PROPOSED, PlanState.ACTIVE}:
        raise Refused(409, Words("Ese plan ya terminó."), code="not_open")
    old: dict[str, object] = {"state": plan.state}
    _end(plan, PlanState.CANCELLED, clock.now())
    await tx.flush()
    conversation = next((each for each in threads if each.id == plan.conversation_id), None)
    why = await reasons.keep(tx, reason.strip(), conversation_id=plan.conversation_id, account_id=account.id)
    await _tell(tx, plan, conversation, "plan.cancelled", by=by, old=old, new=why)
    await recompute(tx, [account.id], by=actor_of(by), moment=clock.now())
    return plan


async def doubt(tx: Tx, plan_id: int, *, by: Viewer | Actor) -> None:
    """Say that the words that accepted the running plan have been changed since. Announces plan.doubted."""
    plan, account = await held(tx, plan_id)
    if plan.state != PlanState.ACTIVE:
        return
    threads = await conversations_of(tx, account)
    conversation = next((each for each in threads if each.id == plan.conversation_id), None)
    await _tell(tx, plan, conversation, "plan.doubted", by=by, new={"evidence": plan.accepted_message_id})


async def settle_plan(tx: Tx, account_id: int, moment: datetime, *, by: Actor = SYSTEM) -> bool:
    """Let what was paid since the yes pay the instalments in order; say whether anything changed.

    A plan is completed when all are paid, broken when the oldest has used up its grace. Money that goes back leaves
    instalments unpaid again. Announces plan.paid, plan.completed, plan.broken, plan.reopened. Whoever calls this
    recomputes the account afterwards.
    """
    account = await locked(tx, account_id)
    wanted = select(Plan).where(Plan.account_id == account.id, Plan.accepted_at.is_not(None)).order_by(Plan.id.desc())
    plan = (await tx.scalars(wanted.limit(1).execution_options(populate_existing=True))).one_or_none()
    if plan is None or plan.state not in {PlanState.ACTIVE, PlanState.COMPLETED}:
        return False
    await tx.flush()
    zone = await zone_of(tx, account)
    steps = await steps_of(tx, plan)
    owes_nothing = account.balance_minor == 0 and account.status == "open" and plan.state == PlanState.ACTIVE
    before = [step.paid_minor for step in steps]
    now = fill([Step(s.number, s.due_on, s.amount_minor) for s in steps], await _paid_since(tx, plan, account, zone))
    for step, paid in zip(steps, now, strict=True):
        step.paid_minor = paid
        step.paid_at = None if paid < step.amount_minor else step.paid_at or moment
    breaks_at = await _breaks_at(tx, steps, zone)
    is_done = breaks_at is None or (owes_nothing and moment >= (plan.breaks_at or moment))
    # What was completed stays so until money for it goes back.
    if is_done or (now == before and plan.state == PlanState.COMPLETED):
        state = PlanState.COMPLETED
    else:
        state = PlanState.ACTIVE if breaks_at is not None and moment < breaks_at else PlanState.BROKEN
    return await _become(tx, plan, account, state, breaks_at, before=before, now=now, moment=moment, by=by)


async def held(tx: Tx, plan_id: int) -> tuple[Plan, Account]:
    """The plan as it is now, and its account, whose row is held until `tx` ends; Refused(404)."""
    account_id = await tx.scalar(select(Plan.account_id).where(Plan.id == plan_id))
    if account_id is None:
        raise not_found()
    account = await locked(tx, account_id)
    return await tx.get_one(Plan, plan_id, populate_existing=True), account


async def steps_of(tx: Tx, plan: Plan) -> Sequence[Instalment]:
    """The payments of a plan, in order."""
    wanted = select(Instalment).where(Instalment.plan_id == plan.id).order_by(Instalment.number)
    return (await tx.scalars(wanted.execution_options(populate_existing=True))).all()


async def _become(
    tx: Tx,
    plan: Plan,
    account: Account,
    state: PlanState,
    breaks_at: datetime | None,
    *,
    before: list[int],
    now: list[int],
    moment: datetime,
    by: Actor,
) -> bool:
    if (plan.state, before) == (state, now):
        return False
    old: dict[str, object] = {"state": plan.state, "paid_minor": sum(before)}
    has_turned, due_on = plan.state != state, await _oldest_unpaid(tx, plan)
    if state == PlanState.ACTIVE:
        plan.state, plan.breaks_at, plan.ended_at, plan.version = state, breaks_at, None, plan.version + 1
    else:
        _end(plan, state, moment)
    await tx.flush()
    new: dict[str, object] = {"state": state, "paid_minor": sum(now)}
    if not has_turned:
        _record(tx, plan, None, "plan.paid", by=by, old=old, new=new)
        return True
    actions = {
        PlanState.COMPLETED: "plan.completed",
        PlanState.BROKEN: "plan.broken",
        PlanState.ACTIVE: "plan.reopened",
    }
    threads = await conversations_of(tx, account)
    conversation = next((each for each in threads if each.id == plan.conversation_id), None)
    on = {"on": due_on.isoformat()} if due_on else {}
    await _tell(tx, plan, conversation, actions[state], by=by, old=old, new=new, **on)
    return True


def _end(plan: Plan, state: PlanState, moment: datetime) -> None:
    plan.state, plan.ended_at, plan.breaks_at, plan.version = state, moment, None, plan.version + 1


async def _oldest_unpaid(tx: Tx, plan: Plan) -> date | None:
    return next((step.due_on for step in await _unpaid(tx, plan)), None)


async def _unpaid(tx: Tx, plan: Plan) -> Sequence[Instalment]:
    await tx.flush()
    wanted = select(Instalment).where(Instalment.plan_id == plan.id, Instalment.paid_minor < Instalment.amount_minor)
    return (await tx.scalars(wanted.order_by(Instalment.number))).all()


async def _breaks_at(tx: Tx, steps: Sequence[Instalment], zone: ZoneInfo) -> datetime | None:
    """When the oldest unpaid instalment has used up its grace; None when all are paid."""
    due = next((step.due_on for step in steps if step.paid_minor < step.amount_minor), None)
    if due is None:
        return None
    grace = (await rules_in_force(tx)).plan_grace_days
    return day_begins(due + timedelta(days=grace + 1), zone)


async def _paid_since(tx: Tx, plan: Plan, account: Account, zone: ZoneInfo) -> int:
    """What came for the plan: heard of since the yes, and paid on that day or later; less what went back."""
    assert plan.accepted_at is not None  # noqa: S101 only a running plan is settled
    began = day_begins(today_in(zone, plan.accepted_at), zone)
    booked = (PaymentState.APPLIED, PaymentState.REVERSED)
    came = select(Payment.amount_minor - Payment.reversed_minor).where(
        Payment.account_id == account.id,
        Payment.state.in_(booked),
        Payment.received_at >= plan.accepted_at,
        Payment.paid_at >= began,
    )
    return sum(await tx.scalars(came))


async def _where(tx: Tx, threads: Sequence[Conversation], plan: Plan, message_id: int) -> Conversation | None:
    conversation = among(threads, plan.conversation_id)
    await check_evidence(tx, conversation, message_id)
    return conversation


async def _require_none_active(tx: Tx, account: Account) -> None:
    running = select(Plan.id).where(Plan.account_id == account.id, Plan.state == PlanState.ACTIVE)
    if await tx.scalar(running) is not None:
        raise Refused(409, Words("La cuenta ya tiene un plan de pagos vigente."), code="plan_active")


async def _end_promises(tx: Tx, account: Account, *, by: Viewer | Actor) -> None:
    found = select(Promise.id).where(Promise.account_id == account.id, Promise.state == PromiseState.OPEN)
    for promise_id in (await tx.scalars(found)).all():
        await promises.cancel(tx, promise_id, by=by, reason="Aceptó un plan de pagos")


async def _tell(
    tx: Tx,
    plan: Plan,
    conversation: Conversation | None,
    action: str,
    *,
    by: Viewer | Actor,
    new: dict[str, object],
    old: dict[str, object] | None = None,
    **names: object,
) -> None:
    row = None
    if conversation is not None:
        row = await thread.event(
            tx,
            conversation,
            by=by,
            action=action.replace(".", "_"),
            who=actor_of(by).name,
            minor=plan.total_minor,
            currency=plan.currency,
            **names,
        )
    _record(tx, plan, row.id if row else None, action, by=by, old=old, new=new)


def _record(
    tx: Tx,
    plan: Plan,
    message_id: int | None,
    action: str,
    *,
    by: Viewer | Actor,
    new: dict[str, object],
    old: dict[str, object] | None = None,
) -> None:
    audit.record(
        tx,
        actor_of(by),
        action,
        conversation_id=plan.conversation_id,
        message_id=message_id,
        account_id=plan.account_id,
        subject=f"plan:{plan.id}",
        old=old,
        new=new,
    )
