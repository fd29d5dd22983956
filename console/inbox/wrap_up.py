"""Wrapping a conversation up: how it ended, what that needs and does, and then it is resolved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import msgspec
from sqlalchemy import Select, func, select, update

from console import audit, clock
from console.agents import Viewer
from console.audit import Actor
from console.db import Tx
from console.errors import Refused
from console.inbox import assign, consent, tagging, tree
from console.inbox.contacts import Contact
from console.inbox.dispositions import Outcome
from console.inbox.models import Conversation
from console.inbox.tags import Tag
from console.inbox.thread import actor_of
from console.inbox.tree import Node
from console.languages.words import Words
from console.portfolio import disputes, promises, right_party
from console.portfolio.agreed import Debt, debts_of
from console.portfolio.agreements import Dispute, DisputeState, Plan, PlanState, Promise, PromiseState
from console.portfolio.contact_hours import working_days_after
from console.portfolio.holding import conversations_of_debtors, locked
from console.portfolio.standing import rules_in_force
from console.portfolio.states import day_begins

LONGEST_NOTE = 2000
FOR_GOOD = timedelta(days=3650)
"""How long nobody writes first to who died, is insolvent, was sued, or whose debt is no longer ours to collect."""
NO_REASON_ASKED = frozenset({"CO"})
"""Countries whose law forbids asking why somebody did not pay (Colombia, Ley 2300 de 2023)."""
# What is contested when the leaf says it.
CATEGORY = {"CD-NRD": "not_mine", "CD-MTO": "amount", "CD-REC": "service", "AD-FRA": "fraud"}


class Details(msgspec.Struct, frozen=True, kw_only=True):
    """What a leaf may need: all of it optional, as what is there already need not be said again."""

    account_id: int | None = None
    amount_minor: int | None = None
    due_on: date | None = None
    callback_at: datetime | None = None
    category: str | None = None
    invoice_id: int | None = None
    words: str = ""
    reason: str = ""
    note: str = ""
    message_id: int | None = None


NOTHING_MORE = Details()


async def wrap_up(
    tx: Tx,
    conversation: Conversation,
    *,
    by: Viewer | Actor,
    disposition: str,
    details: Details = NOTHING_MORE,
    version: int | None = None,
) -> Outcome:
    """Resolve the conversation as `disposition` (a leaf's code), with whatever that leaf needs and does.

    One to be contacted again is put off until then instead. `reason` is kept only where it may be asked. Announces
    outcome.recorded, conversation.resolved (or .snoozed), and what the leaf leads to.
    Refuses: 409 "version_conflict", "already_resolved"; 422 "unknown_disposition"; 422 "needs_…" naming the field that
    the leaf needs and that is neither given nor there already; whatever promises and disputes refuse.
    """
    leaf = await tree.leaf(tx, disposition)
    debt = _debt(await hold(tx, conversation), details)
    conversation = await assign.held(tx, conversation, version)
    if conversation.status == "resolved":
        raise Refused(409, Words("La conversación ya está resuelta."), code="already_resolved")
    if len(details.note) > LONGEST_NOTE or len(details.reason) > LONGEST_NOTE:
        raise Refused(
            422, Words("Use {longest_note} letras o menos.", longest_note=LONGEST_NOTE), code="invalid", field="note"
        )
    named = await _meet_needs(tx, conversation, leaf, debt, details, by=by)
    outcome = Outcome(
        conversation_id=conversation.id,
        disposition_id=leaf.id,
        account_id=debt.account_id if debt else None,
        reason=(details.reason.strip() or None) if await may_ask_reason(tx, leaf, debt) else None,
        note=details.note.strip() or None,
        by_kind=actor_of(by).kind,
        by_id=actor_of(by).id,
        at=clock.now(),
        **named,
    )
    tx.add(outcome)
    await tx.flush()
    _record(tx, outcome, leaf, by)
    await _take_effect(tx, conversation, leaf, debt, details, by=by)
    if leaf.needs == "callback" and details.callback_at is not None:
        await assign.snooze(tx, conversation, by=by, until=details.callback_at)
    else:
        await assign.resolve(tx, conversation, by=by, what=leaf.name)
    return outcome


async def hold(tx: Tx, conversation: Conversation) -> list[Debt]:
    """The person's debts, held until `tx` ends together with their threads: what follows may move both.

    Whoever is going to wrap a conversation up and locks it themselves calls this before.
    """
    debts = await debts_of(tx, conversation, clock.now())
    for each in sorted(debts, key=lambda one: one.account_id):
        await locked(tx, each.account_id)
    await conversations_of_debtors(tx, {each.debtor_id for each in debts})
    return debts


async def may_ask_reason(tx: Tx, leaf: Node, debt: Debt | None) -> bool:
    """Whether the reason for not paying may be asked: the leaf wants it, the business asks it, no law forbids it."""
    country = debt.country if debt else None
    return leaf.asks_reason and country not in NO_REASON_ASKED and (await rules_in_force(tx)).asks_reason


async def is_met(tx: Tx, leaf: Node, debt: Debt | None) -> bool:
    """Whether what the leaf needs is there already, so that nothing has to be asked."""
    if leaf.needs is None:
        return True
    if debt is None:
        return False
    return await _present(tx, leaf, debt) is not None


def _debt(debts: Sequence[Debt], details: Details) -> Debt | None:
    if details.account_id is None:
        return debts[0] if debts else None
    found = next((each for each in debts if each.account_id == details.account_id), None)
    if found is None:
        raise Refused(422, Words("Esa cuenta no es de esta persona."), code="invalid", field="account_id")
    return found


async def _present(tx: Tx, leaf: Node, debt: Debt) -> int | None:
    """What the leaf needs, if the account has it: an open promise or dispute, a plan."""
    wanted: Select[int]
    match leaf.needs:
        case "promise":
            wanted = select(func.max(Promise.id)).where(
                Promise.account_id == debt.account_id, Promise.state == PromiseState.OPEN
            )
        case "dispute":
            wanted = select(func.max(Dispute.id)).where(
                Dispute.account_id == debt.account_id, Dispute.state == DisputeState.OPEN
            )
        case "plan":
            standing = (PlanState.ACTIVE, PlanState.PROPOSED)
            wanted = select(func.max(Plan.id)).where(Plan.account_id == debt.account_id, Plan.state.in_(standing))
        case _:
            return None
    return await tx.scalar(wanted)


async def _meet_needs(
    tx: Tx,
    conversation: Conversation,
    leaf: Node,
    debt: Debt | None,
    details: Details,
    *,
    by: Viewer | Actor,
) -> dict[str, int | None]:
    """See to it that what the leaf needs is there; the columns of the outcome that name it."""
    if leaf.needs in {"promise", "dispute", "plan"}:
        if debt is None:
            raise Refused(
                422, Words("No hay una deuda registrada de esta persona."), code="no_account", field="disposition"
            )
        present = await _present(tx, leaf, debt)
        if leaf.needs == "promise":
            return {"promise_id": await _promise(tx, conversation, debt, details, present, by=by)}
        if leaf.needs == "dispute":
            return {"dispute_id": present or await _dispute(tx, conversation, leaf, debt, details, by=by)}
        if present is None:
            raise Refused(422, Words("Proponga primero el plan de pagos."), code="needs_plan", field="disposition")
    if leaf.needs == "callback" and details.callback_at is None:
        raise Refused(422, Words("Diga cuándo volver a contactar."), code="needs_callback", field="callback_at")
    if leaf.needs == "amount" and details.amount_minor is None:
        raise Refused(422, Words("Escriba el monto."), code="needs_amount", field="amount")
    if leaf.needs == "date" and details.due_on is None:
        raise Refused(422, Words("Elija el día."), code="needs_date", field="due_on")
    return {}


async def _promise(
    tx: Tx, conversation: Conversation, debt: Debt, details: Details, present: int | None, *, by: Viewer | Actor
) -> int:
    if details.amount_minor is None or details.due_on is None:
        if present is not None and details.amount_minor is None and details.due_on is None:
            return present
        field = "amount" if details.amount_minor is None else "due_on"
        raise Refused(422, Words("Diga cuánto prometió, y para qué día."), code="needs_promise", field=field)
    made = await promises.make(
        tx,
        debt.account_id,
        by=by,
        amount_minor=details.amount_minor,
        due_on=details.due_on,
        conversation_id=conversation.id,
        message_id=details.message_id,
        replaces=present,
    )
    return made.id


async def _dispute(
    tx: Tx, conversation: Conversation, leaf: Node, debt: Debt, details: Details, *, by: Viewer | Actor
) -> int:
    opened = await disputes.open_dispute(
        tx,
        debt.account_id,
        by=by,
        category=details.category or CATEGORY.get(leaf.code, "other"),
        invoice_id=details.invoice_id,
        words=details.words,
        conversation_id=conversation.id,
        message_id=details.message_id,
    )
    return opened.id


async def _take_effect(
    tx: Tx, conversation: Conversation, leaf: Node, debt: Debt | None, details: Details, *, by: Viewer | Actor
) -> None:
    if leaf.effect == "opt_out":
        await consent.opt_out(tx, conversation, by=by, message_id=details.message_id)
    elif leaf.effect == "wrong_number":
        await consent.wrong_number(tx, conversation, by=by, message_id=details.message_id)
    if leaf.group == "CD" and debt is not None:
        # Whoever picked it spoke with the debtor; where that cannot be, what was picked stands all the same.
        await right_party.confirm_if_clear(tx, conversation, by=by, debtor_id=debt.debtor_id)
    until = _paused_until(leaf, debt)
    if until is not None:
        later = Contact.outreach_paused_until.is_(None) | (Contact.outreach_paused_until < until)
        paused = update(Contact).where(Contact.id == conversation.contact_id, later)
        await tx.execute(paused.values(outreach_paused_until=until))
    tag = await tx.get(Tag, leaf.tag_id) if leaf.tag_id is not None else None
    if tag is not None and tagging.why_not(tag, conversation.team_id) is None:
        await tagging.put(tx, conversation, tag, by=by)


def _paused_until(leaf: Node, debt: Debt | None) -> datetime | None:
    if leaf.effect == "stop":
        return clock.now() + FOR_GOOD
    if not leaf.pause_days or debt is None:
        return None
    last = working_days_after(debt.today, leaf.pause_days, debt.country)
    return day_begins(last + timedelta(days=1), debt.zone)


def _record(tx: Tx, outcome: Outcome, leaf: Node, by: Viewer | Actor) -> None:
    facts = {
        "disposition": leaf.code,
        "promise_id": outcome.promise_id,
        "dispute_id": outcome.dispute_id,
        "has_reason": outcome.reason is not None,
    }
    audit.record(
        tx,
        actor_of(by),
        "outcome.recorded",
        conversation_id=outcome.conversation_id,
        account_id=outcome.account_id,
        subject=f"outcome:{outcome.id}",
        new=facts,
    )
