"""A message edited after the answer: what was agreed on its words stands only while they still say so. Pure.

The yes is the evidence of a promise or a plan. Once it says something else nothing proves that anybody agreed, so it is
taken back, the person is told so, and people go on with it; a yes that is still a yes changes nothing.
"""

from __future__ import annotations

import msgspec

from console.bots import balances, promising
from console.bots.decision import Retracted, Turn
from console.bots.facts import AccountFact
from console.bots.memory import Asking, Draft
from console.portfolio import said
from console.render import money


def taken_back(turn: Turn) -> tuple[AccountFact, ...]:
    """Take back what was agreed on words that were edited and say so no more; the accounts as they stood before.

    From here on the facts of the turn are those without it.
    """
    edited = {bubble.target_id for bubble in turn.heard.of_kind("edit") if bubble.target_id is not None}
    if not edited or turn.facts.failed is not None:
        return ()
    gone = []
    for person in turn.facts.people:
        for account in person.accounts:
            promise_id = account.promise_id if _is_undone(turn, account, account.promise_evidence, edited) else None
            plan_id = account.plan_id if _is_undone(turn, account, account.plan_evidence, edited) else None
            if promise_id is not None or plan_id is not None:
                turn.do(Retracted(account.id, promise_id, plan_id))
                gone.append(account)
    if gone:
        people = tuple(
            msgspec.structs.replace(person, accounts=tuple(_without(each, gone) for each in person.accounts))
            for person in turn.facts.people
        )
        turn.facts = msgspec.structs.replace(turn.facts, people=people)
        turn.need_person("retracted")
    return tuple(gone)


def told(turn: Turn, gone: tuple[AccountFact, ...]) -> bool:
    """Say what was taken back, and go on with what is said instead; whether that is all there is to say."""
    if turn.person is None:
        return False
    turn.action = "record_promise"
    for account in gone:
        if account.promise_id is None:
            turn.say("plan_retirado", cuenta=account.name, **balances.when_open(turn.facts))
        else:
            turn.say("promesa_retirada", **_terms(turn, account))
        turn.disclose(tuple(each for each in turn.person.accounts if each.id == account.id), "compromiso")
    turn.told("compromiso retirado")
    turn.remember(asking=None, draft=Draft())
    if promising.names_terms(turn):
        promising.wished(turn)
        return True
    if _wishes(turn):
        return False
    if any(account.promise_id is not None for account in gone):
        turn.ask(Asking.PROMISE_DAY)
    return True


def stands(turn: Turn) -> bool:
    """Say that the promise stands, if it is its yes that was edited and it is one still; whether that is all."""
    edited = {bubble.target_id for bubble in turn.heard.of_kind("edit") if bubble.target_id is not None}
    if turn.person is None or not edited:
        return False
    standing = [each for each in turn.person.accounts if each.promise_evidence in edited and each.promised_on]
    for account in standing:
        turn.action = "record_promise"
        turn.say("promesa_vigente", **_terms(turn, account))
        turn.disclose((account,), "compromiso")
    return bool(standing) and not _wishes(turn)


def _is_undone(turn: Turn, account: AccountFact, evidence: int | None, edited: set[int]) -> bool:
    """Whether what stands on the message `evidence` is said no longer.

    A refusal undoes it too where it is put in the place of what was said before the yes.
    """
    if evidence is None:
        return False
    if evidence not in edited:
        return "deny" in turn.heard.labels and min(edited) < evidence
    return not _still_says_so(turn, account)


def _still_says_so(turn: Turn, account: AccountFact) -> bool:
    if "deny" in turn.heard.labels:
        return False
    found = said.read(
        turn.heard.text,
        moment=turn.facts.moment,
        zone=turn.facts.zone,
        currency=account.currency,
        overdue_minor=account.overdue_minor,
        balance_minor=account.balance_minor,
        country=turn.facts.country,
    )
    same_day = not found.candidates or account.promised_on in found.candidates
    same_amount = not found.is_nothing and found.amount_minor in {None, account.promised_minor}
    agrees = promising.said_yes(turn) or (bool(found.candidates) and "promise_to_pay" in turn.heard.labels)
    return agrees and same_day and same_amount and found.gone is None


def _without(account: AccountFact, gone: list[AccountFact]) -> AccountFact:
    if account not in gone:
        return account
    return msgspec.structs.replace(
        account, promise_id=None, promised_on=None, promised_minor=None, promise_evidence=None, plan_id=None,
        plan_evidence=None, in_plan=False,
    )  # fmt: skip


def _terms(turn: Turn, account: AccountFact) -> dict[str, str]:
    if account.promised_on is None or account.promised_minor is None:
        raise AssertionError("a promise has a day and an amount")
    day = balances.on(account.promised_on, turn.facts)
    return {"monto": money(account.promised_minor, account.currency), "fecha": day}


def _wishes(turn: Turn) -> bool:
    """Whether they wish for something besides."""
    return bool(set(turn.heard.labels) - {"affirm", "deny", "greeting", "thanks", "other", "identity_answer"})
