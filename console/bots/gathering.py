"""Reading the facts of a conversation for the bot: a fixed number of queries, inside the transaction that answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import func, select

from console.bots import right_party
from console.bots.facts import AccountFact, Facts, LinkFact, Pace, PersonFact
from console.bots.models import BotRules, BotSession, BotStep, IdentityTry
from console.db import Tx
from console.inbox.contacts import Contact
from console.inbox.models import Conversation, Message
from console.portfolio.agreements import Dispute, DisputeState, Plan, PlanState, Promise, PromiseState
from console.portfolio.ledger import Payment, PaymentState
from console.portfolio.models import Account, ContactPoint, Creditor, Debtor, Invoice, PointState
from console.portfolio.plans import limits_of
from console.portfolio.standing import rules_in_force
from console.portfolio.states import days_past_due, today_in
from console.portfolio.zones import country_of

MOST_WRONG_A_DAY = 6
"""Wrong answers in 24 hours from one number, or about one debtor whatever the number, after which none is heard."""
MOST_WRONG_A_MONTH = 15
LATELY = timedelta(minutes=5)
ALIKE_WITHIN = timedelta(hours=1)
"""The same words again within it are a machine's; a person greets us every evening with the same ones."""
A_NIGHT = timedelta(hours=14)


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """What does not depend on who writes: the business, its hours, whether links can be made."""

    company: str
    country: str
    zone: ZoneInfo
    currency: str
    can_link: bool
    is_open: bool
    opens_at: datetime | None
    hours: str


async def facts_of(
    tx: Tx,
    conversation: Conversation,
    session: BotSession | None,
    *,
    rules: BotRules,
    place: Place,
    moment: datetime,
    links: Sequence[LinkFact] = (),
    failed: str | None = None,
) -> Facts:
    """All that a decision may lean on, as it is at `moment`."""
    contact = await tx.get_one(Contact, conversation.contact_id)
    people = await _people(tx, contact, rules, moment, conversation.id)
    portfolio = await rules_in_force(tx)
    zone, country = place.zone, place.country
    if people:
        first = await tx.get_one(Debtor, people[0].debtor_id)
        zone, country = ZoneInfo(first.timezone), first.country
    country = country_of(contact.wa_id and f"+{contact.wa_id}") or country
    return Facts(
        moment=moment,
        zone=zone,
        country=country,
        company=place.company,
        currency=place.currency,
        questions=tuple(rules.questions),
        tries=rules.tries,
        people=people,
        proved_id=_proved(session, contact, people, rules, moment),
        is_locked=await is_locked(tx, contact.id, [each.debtor_id for each in people], moment),
        is_open=place.is_open,
        opens_at=place.opens_at,
        hours=place.hours,
        methods=rules.methods or "",
        # Whoever lives in another country is told the line of that country.
        helpline=(rules.helpline or "") if country == place.country else "",
        opted_out=contact.opted_out_at is not None,
        wrong_number=contact.wrong_number_at is not None,
        resumes=session is not None and session.resumes_id is not None,
        can_link=place.can_link,
        links=tuple(links),
        limits=limits_of(portfolio),
        promise_within_days=portfolio.promise_within_days,
        asks_reason=portfolio.asks_reason,
        most_replies=rules.most_replies,
        most_a_night=rules.most_a_night,
        pace=await _pace(tx, conversation, session, moment),
        failed=failed,
    )


def _proved(
    session: BotSession | None, contact: Contact, people: Sequence[PersonFact], rules: BotRules, moment: datetime
) -> int | None:
    """Whoever proved in this dialogue to be there, unless that is long ago or the number has become doubtful since."""
    if session is None or session.debtor_id is None or session.verified_at is None:
        return None
    if not any(each.debtor_id == session.debtor_id for each in people):
        return None
    return session.debtor_id if _still_holds(session.verified_at, contact, rules, moment) else None


def _still_holds(verified_at: datetime, contact: Contact, rules: BotRules, moment: datetime) -> bool:
    # A dialogue that goes on is not interrupted by a rule of zero days: an hour is the same conversation.
    lasts = max(timedelta(days=rules.verified_days), timedelta(hours=1))
    doubted = contact.identity_doubt_at is not None and contact.identity_doubt_at >= verified_at
    return not doubted and verified_at + lasts > moment


async def _people(
    tx: Tx, contact: Contact, rules: BotRules, moment: datetime, conversation_id: int
) -> tuple[PersonFact, ...]:
    """Whoever this number is on file for, each with what they owe."""
    known = await _points(tx, contact)
    lately = rules.verified_days > 0
    proved = {
        debtor.id: at for debtor, at in known if lately and at is not None and _still_holds(at, contact, rules, moment)
    }
    debtors = [debtor for debtor, _at in known]
    return await people_of(tx, debtors, proved, rules=rules, moment=moment, conversation_id=conversation_id)


async def people_of(
    tx: Tx,
    debtors: Sequence[Debtor],
    proved: Mapping[int, datetime],
    *,
    rules: BotRules,
    moment: datetime,
    conversation_id: int | None = None,
) -> tuple[PersonFact, ...]:
    """What a decision may lean on of these debtors; `proved`: who was known on this number lately, and since when."""
    by_id = {debtor.id: debtor for debtor in debtors}
    accounts = await _accounts(tx, by_id, rules, moment, conversation_id) if debtors else {}
    return tuple(
        PersonFact(
            debtor_id=debtor.id,
            first_name=_first_name(debtor.name),
            answers={
                right_party.LAST_FOUR: right_party.last_four(debtor.document_number, debtor.document_type),
                right_party.BIRTH_YEAR: str(debtor.birth_year) if debtor.birth_year else None,
            },
            verified_how=f"en este número, el {proved[debtor.id]:%d/%m/%Y}" if debtor.id in proved else None,
            accounts=tuple(accounts.get(debtor.id, ())),
        )
        for debtor in debtors
    )


async def _points(tx: Tx, contact: Contact) -> Sequence[tuple[Debtor, datetime | None]]:
    wanted = (
        select(Debtor, ContactPoint.verified_at)
        .join(ContactPoint, ContactPoint.debtor_id == Debtor.id)
        .where(ContactPoint.contact_id == contact.id, ContactPoint.state == PointState.ACTIVE)
        .order_by(Debtor.id)
    )
    return [(debtor, at) for debtor, at in await tx.execute(wanted)]


def _first_name(name: str) -> str:
    """`QUISPE MAMANI, Juan Carlos` and `Juan Carlos Quispe` are both Juan."""
    given = name.partition(",")[2] or name
    return (given.split() or [""])[0].capitalize()


async def _accounts(
    tx: Tx, debtors: dict[int, Debtor], rules: BotRules, moment: datetime, conversation_id: int | None
) -> dict[int, list[AccountFact]]:
    wanted = (
        select(Account, Creditor.name)
        .join(Creditor, Creditor.id == Account.creditor_id)
        .where(Account.debtor_id.in_(debtors), Account.status == "open")
        .order_by(Account.overdue_minor.desc(), Account.id)
    )
    rows = (await tx.execute(wanted)).all()
    accounts = [account for account, _creditor in rows]
    ids = [account.id for account in accounts]
    if not ids:
        return {}
    owed_to: defaultdict[int, set[str]] = defaultdict(set)
    for account, creditor in rows:
        owed_to[account.debtor_id].add(creditor)
    unpaid = await _next_due(tx, ids)
    paid = await _paid_last(tx, ids)
    promised = {each.account_id: each for each in await tx.scalars(select(Promise).where(
        Promise.account_id.in_(ids), Promise.state == PromiseState.OPEN))}  # fmt: skip
    running = select(Plan).where(Plan.account_id.in_(ids), Plan.state == PlanState.ACTIVE)
    plans = {each.account_id: each for each in await tx.scalars(running)}
    contested = await _contested(tx, ids)
    found: defaultdict[int, list[AccountFact]] = defaultdict(list)
    for account, whose in rows:
        # Whom it is owed to is said where that tells one debt from another.
        creditor = whose if len(owed_to[account.debtor_id]) > 1 else ""
        today = today_in(ZoneInfo(debtors[account.debtor_id].timezone), moment)
        promise, plan, last = promised.get(account.id), plans.get(account.id), paid.get(account.id)
        stated = account.stated_at or account.updated_at
        found[account.debtor_id].append(
            AccountFact(
                id=account.id,
                name=f"{account.product or 'Cuenta'} {account.external_id}{creditor and f' ({creditor})'}",
                number=account.external_id,
                product=account.product or "",
                creditor=creditor,
                currency=account.currency,
                balance_minor=account.balance_minor,
                overdue_minor=account.overdue_minor,
                oldest_due_on=account.oldest_due_on,
                next_due_on=unpaid.get(account.id),
                days_late=days_past_due(account.oldest_due_on, today) if account.oldest_due_on else 0,
                as_of=stated,
                is_stale=moment - stated > timedelta(hours=rules.stale_hours),
                is_disputed=account.id in contested,
                in_plan=plan is not None,
                paid_minor=last[1] if last else None,
                paid_on=today_in(ZoneInfo(debtors[account.debtor_id].timezone), last[0]) if last else None,
                promise_id=promise.id if promise else None,
                promised_on=promise.due_on if promise else None,
                promised_minor=promise.amount_minor if promise else None,
                promise_evidence=promise.message_id if promise and promise.conversation_id == conversation_id else None,
                plan_id=plan.id if plan else None,
                plan_evidence=(plan.accepted_message_id if plan and plan.conversation_id == conversation_id else None),
            )
        )
    return found


async def _next_due(tx: Tx, ids: Sequence[int]) -> dict[int, Any]:
    wanted = (
        select(Invoice.account_id, func.min(Invoice.due_on))
        .where(Invoice.account_id.in_(ids), Invoice.balance_minor > 0)
        .group_by(Invoice.account_id)
    )
    return {row[0]: row[1] for row in await tx.execute(wanted)}


async def _paid_last(tx: Tx, ids: Sequence[int]) -> dict[int, tuple[datetime, int]]:
    last = select(func.max(Payment.id)).where(
        Payment.account_id.in_(ids), Payment.state == PaymentState.APPLIED
    ).group_by(Payment.account_id)  # fmt: skip
    wanted = select(Payment.account_id, Payment.paid_at, Payment.amount_minor).where(Payment.id.in_(last))
    return {account_id: (paid_at, minor) for account_id, paid_at, minor in await tx.execute(wanted) if account_id}


async def _contested(tx: Tx, ids: Sequence[int]) -> set[int]:
    """Accounts that are contested as a whole; of one of which an invoice is contested the rest is still collected."""
    wanted = select(Dispute.account_id).where(
        Dispute.account_id.in_(ids), Dispute.state == DisputeState.OPEN, Dispute.invoice_id.is_(None)
    )
    return set(await tx.scalars(wanted))


async def is_locked(tx: Tx, contact_id: int, debtor_ids: Sequence[int], moment: datetime) -> bool:
    """Whether this number, or one of these debtors from whatever numbers, has been guessed at too often."""
    who = [IdentityTry.contact_id == contact_id]
    if debtor_ids:
        who.append(IdentityTry.debtor_id.in_(debtor_ids))
    for condition in who:
        for since, most in ((timedelta(days=1), MOST_WRONG_A_DAY), (timedelta(days=30), MOST_WRONG_A_MONTH)):
            wrong = select(func.count()).select_from(IdentityTry).where(
                condition, ~IdentityTry.was_right, IdentityTry.at > moment - since
            )  # fmt: skip
            if (await tx.scalar(wrong) or 0) >= most:
                return True
    return False


async def _pace(tx: Tx, conversation: Conversation, session: BotSession | None, moment: datetime) -> Pace:
    said = select(func.count()).select_from(BotStep).where(BotStep.message_id.is_not(None))
    theirs = (Message.conversation_id == conversation.id, Message.direction == "in")
    lately = said.where(BotStep.conversation_id == conversation.id, BotStep.at > moment - LATELY)
    # What a team may say a night is its own to decide, and its own to use up.
    tonight = said.join(BotSession, BotSession.id == BotStep.session_id).where(
        BotSession.team_id == conversation.team_id, BotStep.at > moment - A_NIGHT
    )
    minute = select(func.count()).select_from(Message).where(
        *theirs, Message.sequence > conversation.last_sequence - 200, Message.created_at > moment - timedelta(minutes=1)
    )  # fmt: skip
    lately_said = select(Message.text).where(*theirs, Message.created_at > moment - ALIKE_WITHIN)
    latest = (await tx.scalars(lately_said.order_by(Message.sequence.desc()).limit(8))).all()
    alike = 0
    for text in latest[1:]:
        if text is None or text != latest[0]:
            break
        alike += 1
    return Pace(
        replies_lately=await tx.scalar(lately) or 0,
        replies=session.replies if session is not None else 0,
        replies_tonight=await tx.scalar(tonight) or 0,
        heard_in_a_minute=await tx.scalar(minute) or 0,
        same_words=alike,
    )
