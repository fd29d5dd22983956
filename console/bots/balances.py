"""What is owed, since when and as of when, where to pay it, and when people attend. Pure.

Every function here that names a debt goes through `Turn.disclose`, which only lets the right party's own pass.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime

from console.bots import guards
from console.bots.decision import Choice, GaveLink, LinkFailed, Part, Turn, Value
from console.bots.facts import AccountFact, Facts
from console.bots.memory import Asking
from console.languages.moments import DAYS, MONTHS_IN_FULL
from console.portfolio import said
from console.render import money

MOST_LINKS = 3
"""Accounts for which links are given at once; with more the person says which."""
TWELFTHS = 12
MOST_ROWS = 10
"""Rows of a list (whatsapp.md §11)."""
_A_NUMBER = re.compile(r"\s*-?\s*\d[\d.,' ]*\s*")
_PAY = (Choice("pagar", "boton_pagar"), Choice("pague", "boton_pague"), Choice("persona", "boton_persona"))


def when_open(facts: Facts) -> dict[str, Value]:
    """`{abre}` and `{horario}`: when people attend, in words."""
    return {"abre": (_opens(facts),), "horario": facts.hours}


def balance(turn: Turn) -> None:
    """What is owed, account by account and in sum, with the date of the data."""
    turn.action = turn.action or "tell_balance"
    accounts = _with_debt(turn)
    if not accounts:
        turn.say("sin_saldo")
        turn.disclose((), "sin saldo")
        turn.told("que no registra saldo")
        return
    for account in accounts[:MOST_ROWS]:
        _line(turn, account)
    _sum(turn, accounts)
    _paid_last(turn, accounts)
    _as_of(turn, accounts)
    turn.disclose(tuple(accounts), "saldo", "vencimiento", "fecha del dato")
    turn.told("saldo " + _totals(accounts, lambda account: account.balance_minor))
    if any(account.asked_minor and not account.is_disputed for account in accounts):
        turn.choices.extend(_PAY)


def due_date(turn: Turn) -> None:
    """When it is due, or was."""
    turn.action = turn.action or "tell_due_date"
    accounts = _with_debt(turn)
    if not accounts:
        balance(turn)
        return
    for account in accounts[:MOST_ROWS]:
        if account.is_disputed:
            _line(turn, account)
        elif account.oldest_due_on is not None:
            late = (days(account.days_late),)
            turn.say("vencimiento_pasado", cuenta=account.name, vence=on(account.oldest_due_on, turn.facts), dias=late)
        elif account.next_due_on is not None:
            turn.say("vencimiento", cuenta=account.name, vence=on(account.next_due_on, turn.facts))
    _as_of(turn, accounts)
    turn.disclose(tuple(accounts), "vencimiento")
    turn.told("vencimiento")


def link(turn: Turn) -> None:
    """A link for what was named, else for what is overdue, else for all of it; the same one while it lives."""
    turn.action = turn.action or "send_payment_link"
    accounts = [each for each in _with_debt(turn) if not each.is_disputed]
    named = [each for each in accounts if is_named(each, turn.heard.text)] or accounts
    if not named:
        turn.say("enlace_nada")
        turn.disclose((), "nada que pagar")
        turn.remember(link_minor=None, link_share=None)
        return
    keep_what_to_pay(turn)
    wanted = turn.memory.link_minor
    if wanted == 0 and (len(named) == 1 or len(named) > MOST_LINKS):
        turn.remember(link_minor=None, link_share=None)
        _ask_what_to_pay(turn)
        return
    if len(named) > MOST_LINKS or (wanted is not None and len(named) > 1):
        # An amount is for one of them.
        choose_account(turn, named, "payment_link")
        return
    for account in named:
        _one_link(turn, account, _asked(turn, account) if len(named) == 1 else account.asked_minor)
    turn.remember(link_minor=None, link_share=None)
    turn.disclose(tuple(named), "monto por pagar")


def keep_what_to_pay(turn: Turn) -> None:
    """Remember the amount that a link is wished for, until the right party and the account are known; 0 for nothing."""
    if not {"payment_link", "payment_methods"} & set(turn.heard.labels) or "identity_answer" in turn.heard.labels:
        return
    found = _read(turn, turn.heard.text, None)
    named = found.amount_minor if found.sure else None
    turn.remember(link_minor=0 if found.is_nothing else named, link_share=None if named else share_of(turn))


def an_amount_to_pay(turn: Turn) -> bool:
    """The answer to how much the link is to be for; False when it was about something else."""
    found = _read(turn, as_amount(turn.heard.text), _only(turn))
    if found.amount_minor is None and not found.is_nothing:
        return False
    turn.remember(asking=None, link_minor=found.amount_minor or 0)
    link(turn)
    return True


def link_for(turn: Turn, account: AccountFact) -> None:
    """A link for the account that was chosen."""
    turn.action = "send_payment_link"
    if turn.memory.link_minor == 0:
        turn.remember(link_minor=None, link_share=None)
        _ask_what_to_pay(turn)
        return
    _one_link(turn, account, _asked(turn, account))
    turn.remember(link_minor=None, link_share=None)
    turn.disclose((account,), "monto por pagar")


def links_for_all(turn: Turn) -> bool:
    """A link for each account with what is asked for it; False where there are too many, or none."""
    accounts = [each for each in _with_debt(turn) if not each.is_disputed]
    if not 0 < len(accounts) <= MOST_LINKS:
        return False
    turn.action = "send_payment_link"
    for account in accounts:
        _one_link(turn, account, account.asked_minor)
    turn.remember(link_minor=None, link_share=None)
    turn.disclose(tuple(accounts), "monto por pagar")
    return True


def share_of(turn: Turn) -> int | None:
    """Half of what is not known yet ("la mitad"), in twelfths: a share grows with the whole, an amount does not."""
    once, twice = (_whole(turn, whole) for whole in (TWELFTHS, 2 * TWELFTHS))
    return once if once and twice == 2 * once else None


def _whole(turn: Turn, whole: int) -> int | None:
    where = turn.facts
    return said.read(
        turn.heard.text, moment=where.moment, zone=where.zone, currency=where.currency, overdue_minor=whole,
        country=where.country,
    ).amount_minor  # fmt: skip


def as_amount(text: str) -> str:
    """To "¿cuánto?" a number by itself is an amount, however small."""
    return f"$ {text}" if _A_NUMBER.fullmatch(text) else text


def choose_account(turn: Turn, accounts: Sequence[AccountFact], wish: str) -> None:
    """Ask which account."""
    names = "; ".join(f"{number}) {account.name}" for number, account in enumerate(accounts[:MOST_ROWS], 1))
    turn.say("elegir_cuenta", cuentas=names)
    turn.disclose(tuple(accounts), "cuentas")
    turn.choices.clear()
    for account in accounts[:MOST_ROWS]:
        turn.choices.append(Choice(f"cuenta.{account.id}", title=account.name))
    turn.remember(choosing_for=wish)
    turn.ask(Asking.ACCOUNT)


def methods(turn: Turn) -> None:
    """How one can pay, as the business wrote it; nothing is made up."""
    turn.action = turn.action or "tell_payment_methods"
    if turn.facts.methods:
        turn.say("medios", medios=turn.facts.methods)
        turn.told("medios de pago")
        return
    turn.say("sin_medios", **when_open(turn.facts))
    turn.need_person("human")


def hours(turn: Turn) -> None:
    """When people attend."""
    turn.action = turn.action or "tell_hours"
    turn.say("horario_abierto" if turn.facts.is_open else "horario", **when_open(turn.facts))
    turn.told("horario")


def is_named(account: AccountFact, text: str) -> bool:
    """Whether the person's words name this account."""
    number = said.fold(account.number or account.name.rpartition(" ")[2])
    return len(number) > 3 and number in said.fold(text)


def on(day: date, facts: Facts) -> str:
    """A day in words: `viernes 4 de diciembre`."""
    year = "" if day.year == facts.today.year else f" de {day.year}"
    return f"{DAYS[day.weekday()]} {day.day} de {MONTHS_IN_FULL[day.month - 1]}{year}"


def days(count: int) -> Part:
    """`1 día`, `27 días`."""
    return Part("dias_uno") if count == 1 else Part("dias_varios", {"cantidad": str(count)})


def at(moment: datetime, facts: Facts) -> str:
    """An instant where the debtor lives: `sábado 28 de noviembre, 18:05`."""
    local = moment.astimezone(facts.zone)
    return f"{on(local.date(), facts)}, {local:%H:%M}"


def _opens(facts: Facts) -> Part:
    if facts.is_open:
        return Part("abre_enseguida")
    if facts.opens_at is None:
        return Part("abre_pronto")
    local = facts.opens_at.astimezone(facts.zone)
    hour = f"{local:%H:%M}"
    which = {0: "abre_hoy", 1: "abre_manana"}.get((local.date() - facts.today).days)
    return Part(which, {"hora": hour}) if which else Part("abre_el", {"dia": on(local.date(), facts), "hora": hour})


def _with_debt(turn: Turn) -> list[AccountFact]:
    person = turn.person
    if person is None:
        raise AssertionError("nothing is said about a debt but to its debtor")
    return [account for account in person.accounts if account.balance_minor > 0]


def _line(turn: Turn, account: AccountFact) -> None:
    values: dict[str, Value] = {"cuenta": account.name, "saldo": money(account.balance_minor, account.currency)}
    if account.is_disputed:
        turn.say("saldo_en_reclamo", **values)
    elif account.overdue_minor and account.oldest_due_on is not None:
        values |= {"vencido": money(account.overdue_minor, account.currency), "dias": (days(account.days_late),)}
        turn.say("saldo_vencido", **values, vence=on(account.oldest_due_on, turn.facts))
    elif account.next_due_on is not None:
        turn.say("saldo_por_vencer", **values, vence=on(account.next_due_on, turn.facts))
    else:
        turn.say("saldo_sin_fecha", **values)
    if account.promised_on is not None and account.promised_minor is not None:
        amount = money(account.promised_minor, account.currency)
        turn.say("promesa_vigente", monto=amount, fecha=on(account.promised_on, turn.facts))


def _sum(turn: Turn, accounts: Sequence[AccountFact]) -> None:
    if len(accounts) > 1:
        # What is contested is owed, and nobody is late with it.
        overdue = _totals(accounts, lambda account: 0 if account.is_disputed else account.overdue_minor)
        turn.say("saldo_suma", vencido=overdue, saldo=_totals(accounts, lambda account: account.balance_minor))


def _totals(accounts: Sequence[AccountFact], minor: Callable[[AccountFact], int]) -> str:
    """In sum; currencies are never added to each other."""
    sums: dict[str, int] = {}
    for account in accounts:
        sums[account.currency] = sums.get(account.currency, 0) + minor(account)
    return " y ".join(money(total, currency) for currency, total in sums.items())


def _paid_last(turn: Turn, accounts: Sequence[AccountFact]) -> None:
    paid = [(each.paid_on, each.paid_minor, each.currency) for each in accounts if each.paid_on and each.paid_minor]
    if paid:
        day, minor, currency = max(paid)
        turn.say("ultimo_pago", monto=money(minor, currency), fecha=on(day, turn.facts))


def _as_of(turn: Turn, accounts: Sequence[AccountFact]) -> None:
    stated = [account.as_of for account in accounts if account.as_of is not None]
    if stated:
        is_stale = any(account.is_stale for account in accounts)
        turn.say("dato_antiguo" if is_stale else "dato_del", fecha=at(min(stated), turn.facts))


def _asked(turn: Turn, account: AccountFact) -> int:
    """The amount the person named for this account, no more than is owed; else what is asked for first."""
    found = _read(turn, turn.heard.text, account)
    is_said_now = found.amount_minor and found.sure and "identity_answer" not in turn.heard.labels
    shared = account.asked_minor * (turn.memory.link_share or 0) // TWELFTHS
    named = found.amount_minor if is_said_now else turn.memory.link_minor or shared
    return min(named, account.balance_minor) if named else account.asked_minor


def _ask_what_to_pay(turn: Turn) -> None:
    """Nothing is no amount to make a link for, and never the whole debt: asked again, and then it is a person's."""
    turn.remember(misses=turn.memory.misses + 1)
    if turn.memory.misses > guards.MOST_MISSES:
        turn.say("plan_persona", **when_open(turn.facts))
        turn.remember(asking=None, misses=0)
        turn.need_person("link")
        return
    turn.say("enlace_monto")
    turn.ask(Asking.LINK_AMOUNT)


def _only(turn: Turn) -> AccountFact | None:
    accounts = _with_debt(turn)
    return accounts[0] if len(accounts) == 1 else None


def _read(turn: Turn, text: str, account: AccountFact | None) -> said.Said:
    return said.read(
        text,
        moment=turn.facts.moment,
        zone=turn.facts.zone,
        currency=account.currency if account else turn.facts.currency,
        overdue_minor=account.overdue_minor if account else 0,
        balance_minor=account.balance_minor if account else 0,
        country=turn.facts.country,
    )


def _one_link(turn: Turn, account: AccountFact, minor: int) -> None:
    amount = money(minor, account.currency)
    if not turn.facts.can_link:
        methods(turn)
        return
    turn.links.append((account.id, minor))
    made = turn.facts.link_of(account.id, minor)
    if made is None or made.address is None or made.link_id is None:
        turn.say("enlace_caido", **when_open(turn.facts))
        turn.do(LinkFailed(account.id))
        turn.need_person("link")
        return
    until = at(made.until, turn.facts) if made.until is not None else ""
    turn.say("enlace", monto=amount, hasta=until, enlace=made.address)
    turn.do(GaveLink(account.id, made.link_id, minor))
    turn.told(f"enlace de pago de {amount}")
