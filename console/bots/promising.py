"""A promise to pay: its day, its amount, both said back, and noted only after a yes. Pure."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec

from console.bots import balances, guards
from console.bots.alone import only_of
from console.bots.apart import begins_with_yes, takes_back
from console.bots.decision import Choice, Promised, Turn, forgotten
from console.bots.facts import AccountFact
from console.bots.memory import Asking, Draft
from console.bots.normalise import plain
from console.portfolio import said
from console.render import money

TWO = 2
MOST_DAYS = 3
SURE_YES = 0.99
_YES_NO = ("si", "no")
_NO_WISH = frozenset({"affirm", "deny", "greeting", "thanks", "other", "promise_to_pay"})
AGREEING = frozenset({Asking.PROMISE_DAY, Asking.PROMISE_AMOUNT, Asking.PROMISE_CONFIRM})
"""Questions about a promise in the making."""


def wished(turn: Turn) -> None:
    """Somebody will pay: on which day, and how much?"""
    turn.action = "record_promise"
    keep_what_was_said(turn)
    account = account_for(turn, "promise_to_pay")
    if account is None:
        return
    _go_on(turn, account)


def keep_what_was_said(turn: Turn) -> None:
    """Remember the day and the amount of what was just said; it promises nothing yet."""
    if not {"promise_to_pay", "payment_plan"} & set(turn.heard.labels) and turn.memory.asking not in AGREEING:
        return
    account = _known(turn)
    found = _read(turn, account, account.overdue_minor if account else 0)
    share = None if account else balances.share_of(turn)
    draft = turn.memory.draft
    several = found.is_range or found.is_several
    if found.candidates:
        draft = msgspec.structs.replace(
            draft, due_on=None if several else found.day, days=found.candidates if several else ()
        )
    elif found.gone is not None:
        draft = msgspec.structs.replace(draft, due_on=found.gone, days=())
    if found.amount_minor is not None or share is not None:
        minor = None if share else found.amount_minor
        draft = msgspec.structs.replace(draft, amount_minor=minor, share=share, is_nothing=False)
    elif found.is_nothing:
        draft = msgspec.structs.replace(draft, amount_minor=None, share=None, is_nothing=True)
    turn.remember(draft=draft)


def names_terms(turn: Turn) -> bool:
    """Whether what was just said names a day or an amount to promise; it counts as a promise then."""
    found = _read(turn, _known(turn), 0)
    if not (found.candidates or found.gone or found.amount_minor or found.is_nothing):
        return False
    turn.remember(asking=Asking.PROMISE_DAY)
    return True


def _read(turn: Turn, account: AccountFact | None, overdue_minor: int) -> said.Said:
    text = turn.heard.text
    return said.read(
        balances.as_amount(text) if turn.memory.asking == Asking.PROMISE_AMOUNT else text,
        moment=turn.facts.moment,
        zone=turn.facts.zone,
        currency=account.currency if account else turn.facts.currency,
        overdue_minor=overdue_minor,
        balance_minor=account.balance_minor if account else 0,
        country=turn.facts.country,
    )


def a_day(turn: Turn) -> bool:
    """The answer to which day; False when it was about something else."""
    for choice in turn.heard.choices:
        kind, _dot, day = choice.partition(".")
        if kind == "dia" and (due_on := _date(day)) is not None:
            turn.remember(draft=msgspec.structs.replace(turn.memory.draft, due_on=due_on, days=()))
            return _with_account(turn)
    before = turn.memory.draft
    keep_what_was_said(turn)
    if turn.memory.draft == before:
        return False
    return _with_account(turn)


def _date(written: str) -> date | None:
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None


def an_amount(turn: Turn) -> bool:
    """The answer to how much; False when it was about something else."""
    before = turn.memory.draft
    keep_what_was_said(turn)
    if turn.memory.draft == before and not _read(turn, _known(turn), 0).is_nothing:
        return False
    return _with_account(turn)


def confirmed(turn: Turn) -> bool:
    """The answer to "¿anoto …?": yes, no, or another day or amount."""
    before = turn.memory.draft
    keep_what_was_said(turn)
    if turn.memory.draft != before:
        return _with_account(turn)
    account = _known(turn)
    labels = set(turn.heard.labels)
    is_another = settles_nothing(turn)
    if "deny" in labels and not is_another:
        turn.action = "record_promise"
        turn.remember(asking=None, draft=Draft())
        turn.say("promesa_descartada")
        turn.say("promesa_dia")
        turn.ask(Asking.PROMISE_DAY)
        return True
    if not (is_another or said_yes(turn)) or before.amount_minor is None or before.due_on is None:
        return False
    turn.action = "record_promise"
    if account is None:
        # Paid while it was being agreed, or contested.
        return _with_account(turn)
    if is_another or before.due_on < turn.facts.today or before.amount_minor > account.balance_minor:
        # An answer to another question, a day that has passed meanwhile, or more than is owed by now: asked again.
        _go_on(turn, account)
        return True
    _note(turn, account, minor=before.amount_minor, due_on=before.due_on)
    return True


def _note(turn: Turn, account: AccountFact, *, minor: int, due_on: date) -> None:
    turn.do(Promised(account.id, minor, due_on, account.promise_id))
    amount, day = money(minor, account.currency), balances.on(due_on, turn.facts)
    person = turn.person
    turn.say("promesa_anotada", nombre=person.first_name if person else "", monto=amount, fecha=day)
    turn.disclose((account,), "compromiso")
    turn.told(f"compromiso de {amount} para el {day}")
    turn.memory = forgotten(turn.memory)
    turn.need_person("promise")


def account_for(turn: Turn, wish: str) -> AccountFact | None:
    """The account it is about; None after asking which, or saying that there is none."""
    person = turn.person
    if person is None:
        raise AssertionError("an agreement is made with the right party")
    owing = [each for each in person.accounts if each.balance_minor > 0 and not each.is_disputed]
    if not owing:
        turn.say("promesa_sin_deuda")
        turn.disclose((), "sin saldo")
        turn.memory = forgotten(turn.memory)
        return None
    chosen = next((each for each in owing if each.id == turn.memory.draft.account_id), None)
    named = [each for each in owing if balances.is_named(each, turn.heard.text)]
    account = chosen or (named[0] if len(named) == 1 else None) or (owing[0] if len(owing) == 1 else None)
    if account is None:
        balances.choose_account(turn, owing, wish)
        return None
    turn.remember(draft=msgspec.structs.replace(turn.memory.draft, account_id=account.id))
    return account


def _with_account(turn: Turn) -> bool:
    turn.action = "record_promise"
    account = account_for(turn, "promise_to_pay")
    if account is not None:
        _go_on(turn, account)
    return True


def _go_on(turn: Turn, account: AccountFact) -> None:
    draft, today = turn.memory.draft, turn.facts.today
    last = today + timedelta(days=turn.facts.promise_within_days)
    if draft.is_nothing:
        _ask_how_much(turn)
        return
    if draft.due_on is None:
        days = [day for day in draft.days if day >= today][:MOST_DAYS]
        if len(days) < TWO:
            # None, or one after which it is to be ("después del 25").
            turn.say("promesa_dia")
        else:
            turn.say("promesa_elegir", dias=" o ".join(balances.on(day, turn.facts) for day in days))
            turn.choices.clear()
            turn.choices.extend(Choice(f"dia.{day.isoformat()}", title=f"{day.day}/{day.month}") for day in days)
        turn.ask(Asking.PROMISE_DAY)
        return
    if draft.due_on < today:
        turn.remember(draft=msgspec.structs.replace(draft, due_on=None, days=()))
        gone, latest = balances.on(draft.due_on, turn.facts), balances.on(last, turn.facts)
        turn.say("promesa_pasada", fecha=gone, hasta=latest)
        turn.ask(Asking.PROMISE_DAY)
        return
    if draft.due_on > last:
        turn.say("promesa_lejos", fecha=balances.on(last, turn.facts), **balances.when_open(turn.facts))
        turn.memory = forgotten(turn.memory)
        turn.need_person("plan")
        return
    shared = (account.overdue_minor or account.balance_minor) * (draft.share or 0) // balances.TWELFTHS
    minor = min(draft.amount_minor or shared or account.asked_minor, account.balance_minor)
    turn.remember(draft=msgspec.structs.replace(draft, account_id=account.id, amount_minor=minor, share=None))
    turn.say(
        "promesa_confirmar",
        monto=money(minor, account.currency),
        cuenta=account.name,
        fecha=balances.on(draft.due_on, turn.facts),
    )
    turn.disclose((account,), "monto por comprometer")
    turn.ask(Asking.PROMISE_CONFIRM)
    yes_or_no(turn)


def _ask_how_much(turn: Turn) -> None:
    """Nothing, or less, is no promise, and never the whole debt: how much is asked again, and then it is a person's."""
    turn.remember(misses=turn.memory.misses + 1)
    if turn.memory.misses > guards.MOST_MISSES:
        turn.say("plan_persona", **balances.when_open(turn.facts))
        turn.memory = forgotten(turn.memory)
        turn.remember(misses=0)
        turn.need_person("plan")
        return
    turn.say("promesa_monto")
    turn.ask(Asking.PROMISE_AMOUNT)


def yes_or_no(turn: Turn) -> None:
    """Buttons for the question that was just asked; a tap on older ones is known by the number."""
    turn.choices.clear()
    turn.choices.extend(Choice(f"{word}.{turn.memory.serial}", f"boton_{word}") for word in _YES_NO)


def said_yes(turn: Turn) -> bool:
    """Whether they agreed, with or without another wish: "sí", "sí, ¿y cuánto es?", but not "sí, pero", nor "si no".

    It proves what was agreed: what is only guessed to be a yes is none.
    """
    texts = [bubble.text for bubble in turn.heard.bubbles if bubble.text]
    if any(only_of(plain(text)) == "affirm" for text in texts) or begins_with_yes(turn.heard.text):
        return True
    is_undone = "deny" in turn.heard.labels or takes_back(turn.heard.text)
    score = next((each.score for each in turn.heard.understood.intents if each.label == "affirm"), 0.0)
    return score >= SURE_YES and not is_undone


def settles_nothing(turn: Turn) -> bool:
    """Whether it is a yes or a no to another question, or only sounds like a yes: the question is put again."""
    is_yes, labels = said_yes(turn), set(turn.heard.labels)
    if is_about_another(turn):
        return is_yes or bool({"affirm", "deny"} & labels)
    # With a wish beside it ("sí, pero dígame cuánto es") the wish comes first.
    return "affirm" in labels and not is_yes and labels <= _NO_WISH


def is_about_another(turn: Turn) -> bool:
    """Whether a yes or a no was to another question than the one that is open: an older one's button, or its quote.

    What was forwarded is somebody else's, and answers none.
    """
    serial, after = str(turn.memory.serial), turn.memory.asked_after
    older = any(each.partition(".")[0] in _YES_NO and each.partition(".")[2] != serial for each in turn.heard.choices)
    worded = [each for each in turn.heard.bubbles if each.text and not each.choice]
    quoted = any(each.quotes is not None and each.quotes <= after for each in worded)
    return older or quoted or any(each.forwarded for each in worded)


def names_a_day(turn: Turn) -> bool:
    """Whether a day to pay on is known, of what was said now or before."""
    return bool(turn.memory.draft.due_on or turn.memory.draft.days or _read(turn, _known(turn), 0).candidates)


def _known(turn: Turn) -> AccountFact | None:
    person = turn.person
    if person is None:
        return None
    owing = [each for each in person.accounts if each.balance_minor > 0 and not each.is_disputed]
    chosen = next((each for each in owing if each.id == turn.memory.draft.account_id), None)
    return chosen or (owing[0] if len(owing) == 1 else None)
