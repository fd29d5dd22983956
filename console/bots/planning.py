"""A plan of instalments: only what the creditor's limits allow is offered, everything else is a person's. Pure."""

from __future__ import annotations

import re
from datetime import timedelta

import msgspec

from console.bots import balances, promising
from console.bots.decision import Choice, Part, Planned, Turn, forgotten
from console.bots.facts import AccountFact, Facts
from console.bots.memory import Asking
from console.errors import Refused
from console.portfolio import instalments, said
from console.portfolio.instalments import WHOLE_BP, Terms
from console.render import money

COUNTS = (3, 6, 12, 2, 4, 9, 18, 24)
"""Numbers of instalments that are tried, in this order, until there are enough to choose from."""
MOST_OPTIONS = 3
FIRST_AFTER = timedelta(days=7)
"""When the first instalment is due, counted from today, if the creditor allows it so late."""
_DISCOUNT = re.compile(r"\b(?:descuento|rebaja|quita|condon\w+|perdon\w+|menos de lo que debo)\b", re.IGNORECASE)
_UNITS = r"(?:cuotas?|cuotitas|pagos?|mes(?:es)?|partes?|letras?|mensualidades)"
_SPELT = {
    "dos": 2, "tres": 3, "cuatro": 4, "cinco": 5, "seis": 6, "siete": 7, "ocho": 8, "nueve": 9, "diez": 10, "once": 11,
    "doce": 12, "quince": 15, "dieciocho": 18, "veinticuatro": 24,
}  # fmt: skip
_COUNT = rf"(\d{{1,2}}|{'|'.join(_SPELT)})"
_COUNTED = re.compile(rf"\b{_COUNT}\s*{_UNITS}\b")
_ALONE = re.compile(
    r"\W*(?:(?:si|ya|ok|mejor|bueno|entonces|quiero|prefiero|elijo|acepto|serian?|que\s+sean?|me\s+sirve|en|de|a|las?|"
    rf"el\s+de)\W+)*{_COUNT}\W*(?:(?:por\s+favor|porfa\w*|pls|plis|gracias|nomas|no\s+mas|esta\s+bien)\W*)*"
)
"""A number that says how many: beside what it counts, or by itself ("la de 3", "en seis por favor")."""


def wished(turn: Turn) -> None:
    """Somebody asks for instalments; discounts and other arrangements are a person's to grant."""
    turn.action = "offer_plan"
    if _DISCOUNT.search(turn.heard.text):
        _to_a_person(turn)
        return
    account = promising.account_for(turn, "payment_plan")
    if account is None:
        return
    options = [] if account.in_plan else options_of(account, turn.facts)
    if not options:
        _to_a_person(turn)
        return
    words = tuple(_words(terms, account) for terms in options)
    turn.say("plan_opciones", cuenta=account.name, saldo=money(account.balance_minor, account.currency), opciones=words)
    turn.disclose((account,), "opciones de pago")
    turn.told("opciones de plan")
    turn.ask(Asking.PLAN)
    turn.choices.clear()
    turn.choices.extend(Choice(f"cuotas.{terms.count}", "boton_cuotas", str(terms.count)) for terms in options)


def a_choice(turn: Turn) -> bool:
    """The answer to which option."""
    accounts = turn.person.accounts if turn.person is not None else ()
    account = next((each for each in accounts if each.id == turn.memory.draft.account_id), None)
    count = _count(turn)
    if account is None or count is None or account.is_disputed:
        return False
    turn.action = "offer_plan"
    terms = next((each for each in _allowed(account, turn.facts) if each.count == count), None)
    if terms is None:
        _to_a_person(turn)
        return True
    _ask_whether(turn, account, terms)
    return True


def _ask_whether(turn: Turn, account: AccountFact, terms: Terms) -> None:
    """Say what it comes to, and remember what was said: a yes is to that and to nothing else."""
    offered = (terms.total_minor, terms.first_on)
    turn.remember(draft=msgspec.structs.replace(turn.memory.draft, count=terms.count, offered=offered))
    down = (Part("plan_inicial", {"monto": money(terms.down_minor, account.currency)}),) if terms.down_minor else ()
    turn.say(
        "plan_confirmar",
        cuotas=str(terms.count),
        monto=money(_each(terms), account.currency),
        fecha=balances.on(terms.first_on, turn.facts),
        inicial=down,
    )
    turn.disclose((account,), "plan de pagos")
    turn.ask(Asking.PLAN_CONFIRM)
    promising.yes_or_no(turn)


def confirmed(turn: Turn) -> bool:
    """The answer to "¿acepta?"."""
    person, draft = turn.person, turn.memory.draft
    account = next((a for a in person.accounts if a.id == draft.account_id), None) if person else None
    labels = set(turn.heard.labels)
    is_another = promising.settles_nothing(turn)
    if "deny" in labels and not is_another:
        turn.action = "accept_refusal"
        turn.say("promesa_descartada")
        turn.memory = forgotten(turn.memory)
        turn.need_person("plan")
        return True
    if not (is_another or promising.said_yes(turn)) or account is None or person is None:
        return a_choice(turn)
    terms = next((each for each in _allowed(account, turn.facts) if each.count == draft.count), None)
    turn.action = "offer_plan"
    if account.is_disputed or account.balance_minor <= 0:
        # Contested or paid while it was being agreed: of what is left, if anything is.
        wished(turn)
        return True
    if terms is None:
        _to_a_person(turn)
        return True
    if is_another or draft.offered != (terms.total_minor, terms.first_on):
        # A yes to another question; or something was paid, or days have passed, and what they accept cannot be had.
        _ask_whether(turn, account, terms)
        return True
    turn.do(Planned(account.id, terms.total_minor, terms.down_minor, terms.count, terms.first_on))
    day = balances.on(terms.first_on, turn.facts)
    turn.say("plan_aceptado", nombre=person.first_name, cuotas=str(terms.count), fecha=day)
    turn.disclose((account,), "plan de pagos")
    turn.told(f"plan aceptado: {terms.count} cuotas desde el {day}")
    turn.memory = forgotten(turn.memory)
    turn.need_person("promise")
    return True


def options_of(account: AccountFact, facts: Facts) -> list[Terms]:
    """Up to three plans within the limits, the shortest first."""
    chosen = [terms for terms in _allowed(account, facts) if terms.count in COUNTS]
    chosen.sort(key=lambda terms: COUNTS.index(terms.count))
    return sorted(chosen[:MOST_OPTIONS], key=lambda terms: terms.count)


def _allowed(account: AccountFact, facts: Facts) -> list[Terms]:
    limits, today = facts.limits, facts.today
    # Down payments are rounded up to a whole smallest unit: a unit too little would be refused.
    down = -(-account.balance_minor * limits.min_down_bp // WHOLE_BP)
    first = today + min(FIRST_AFTER, timedelta(days=limits.first_within_days))
    found = []
    for count in range(2, min(limits.max_instalments, instalments.LONGEST) + 1):
        terms = Terms(total_minor=account.balance_minor, down_minor=down, count=count, first_on=first)
        try:
            instalments.check(terms, limits, today=today, balance_minor=account.balance_minor)
        except Refused:
            continue
        found.append(terms)
    return found


def _count(turn: Turn) -> int | None:
    for choice in turn.heard.choices:
        kind, _dot, number = choice.partition(".")
        if kind == "cuotas" and number.isdigit():
            return int(number)
    text = said.fold(turn.heard.text)
    found = _COUNTED.search(text) or _ALONE.fullmatch(text)
    return (_SPELT.get(found[1]) or int(found[1])) if found else None


def _each(terms: Terms) -> int:
    """An instalment, the largest of them: what does not divide is on the first ones."""
    return -(-(terms.total_minor - terms.down_minor) // terms.count)


def _words(terms: Terms, account: AccountFact) -> Part:
    return Part("plan_opcion", {"cuotas": str(terms.count), "monto": money(_each(terms), account.currency)})


def _to_a_person(turn: Turn) -> None:
    turn.action = "offer_plan"
    turn.say("plan_persona", **balances.when_open(turn.facts))
    turn.memory = forgotten(turn.memory)
    turn.need_person("plan")
