"""The rules of the portfolio: what each may be, in words and bounds, and changing them for every account."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec
from sqlalchemy import select, update

from console import audit, money
from console.agents import Viewer
from console.db import Tx, table_of
from console.errors import Refused
from console.inbox import policy
from console.languages.words import Words
from console.portfolio.models import Account, PortfolioRules

Kind = Literal["days", "count", "amount", "percent", "choice"]


class Rule(msgspec.Struct, frozen=True):
    """One rule: its column, what it is called, how it is written, and between what it may be.

    An amount is in the smallest unit of the business's currency, a percentage in basis points.
    """

    name: str
    label: str
    kind: Kind
    low: int
    high: int
    hint: str = ""


GROUPS: dict[str, tuple[Rule, ...]] = {
    Words("Estado de cuenta"): (
        Rule(
            "first_edge",
            Words("El primer tramo de atraso llega hasta"),
            "days",
            1,
            364,
            Words("30 hace «Vencido 1-30»"),
        ),
        Rule(
            "second_edge", Words("El segundo, hasta"), "days", 2, 3650, Words("60 hace «Vencido 31-60» y «Vencido +60»")
        ),
        Rule(
            "overdue_tolerance_minor",
            Words("No cuenta como vencido un resto de hasta"),
            "amount",
            0,
            10**8,
            Words("por factura"),
        ),
    ),
    Words("Promesas"): (
        Rule("promise_within_days", Words("Se aceptan para dentro de, a lo más"), "days", 1, 365),
        Rule("promise_grace_days", Words("Gracia antes de darla por rota"), "days", 0, 30),
        Rule("promise_tolerance_bp", Words("Se da por cumplida aunque falte hasta"), "percent", 0, 5000),
    ),
    Words("Planes de pago"): (
        Rule("plan_max_instalments", Words("Cuotas, a lo más"), "count", 1, 120),
        Rule("plan_min_instalment_minor", Words("Cuota mínima"), "amount", 0, 10**11),
        Rule("plan_min_down_payment_bp", Words("Cuota inicial mínima"), "percent", 0, 10000, Words("del total")),
        Rule("plan_first_within_days", Words("La primera cuota vence dentro de, a lo más"), "days", 1, 365),
        Rule("plan_grace_days", Words("Gracia antes de darlo por incumplido"), "days", 0, 60),
    ),
    Words("Disputas y cierre"): (
        Rule("dispute_answer_days", Words("Plazo para responder una disputa"), "days", 1, 120, Words("hábiles")),
        Rule(
            "asks_reason",
            Words("Preguntar por qué no pagó"),
            "choice",
            0,
            1,
            Words("En Colombia la Ley 2300 no lo permite"),
        ),
    ),
}
RULES = {rule.name: rule for group in GROUPS.values() for rule in group}
_MOVES_ACCOUNTS = ("first_edge", "second_edge", "overdue_tolerance_minor")


async def change(
    tx: Tx, *, by: Viewer, typed: Mapping[str, str], currency: str, version: int | None, moment: datetime
) -> PortfolioRules:
    """Let the rules be what was typed; what is left out stays. Records "rules.updated".

    Other edges move accounts from one state to another: each is looked at again in the background, by the loop of
    midnight, which begins where it was interrupted. Refuses: 403; 422 naming the rule; 409 "version_conflict".
    """
    policy.require(by, "edit_rules")
    rules = (await tx.scalars(select(PortfolioRules).where(PortfolioRules.id == 1).with_for_update())).one()
    if version is not None and version != rules.version:
        text = Words("Alguien cambió las reglas mientras tanto; revise cómo quedaron.")
        raise Refused(409, text, code="version_conflict", details={"version": rules.version})
    new = {name: read(RULES[name], text, currency) for name, text in typed.items() if name in RULES}
    first, second = (new.get(name, getattr(rules, name)) for name in ("first_edge", "second_edge"))
    if second <= first:
        raise Refused(
            422, Words("El segundo tramo debe llegar más lejos que el primero."), code="invalid", field="second_edge"
        )
    old = {name: getattr(rules, name) for name in new}
    differs = [name for name in new if int(old[name]) != new[name]]
    if not differs:
        return rules
    for name in differs:
        setattr(rules, name, bool(new[name]) if RULES[name].kind == "choice" else new[name])
    rules.version += 1
    rules.updated_at = moment
    audit.record(
        tx,
        by.actor,
        "rules.updated",
        subject="rules:1",
        old={name: int(old[name]) for name in differs},
        new={name: new[name] for name in differs},
    )
    await tx.flush()
    if any(name in _MOVES_ACCOUNTS for name in differs):
        accounts = table_of(Account)
        # Locked in the order in which everybody locks accounts.
        held = select(accounts.c.id).where(accounts.c.status == "open").order_by(accounts.c.id).with_for_update()
        await tx.execute(update(accounts).where(accounts.c.id.in_(held)).values(next_change_at=moment))
    return rules


def read(rule: Rule, text: str, currency: str) -> int:
    """A rule's value as it is typed; Refused(422) naming it."""
    value = _value(rule, text.strip(), currency)
    if value is None or not rule.low <= value <= rule.high:
        low, high = (written(rule, bound, currency) for bound in (rule.low, rule.high))
        raise Refused(
            422,
            Words("{label}: escriba de {low} a {high}.", label=rule.label, low=low, high=high),
            code="invalid",
            field=rule.name,
        )
    return value


def _value(rule: Rule, text: str, currency: str) -> int | None:
    if rule.kind == "choice":
        return int(text == "1")
    try:
        if rule.kind == "amount":
            return money.read(text, currency)
        if rule.kind == "percent":
            return money.read(text.removesuffix("%").strip(), "USD")
    except money.BadAmount:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else None


def written(rule: Rule, value: int, currency: str) -> str:
    """A rule's value as a form shows it."""
    if rule.kind == "amount":
        return money.as_text(value, currency)
    if rule.kind == "percent":
        return money.as_text(value, "USD").removesuffix(".00")
    return str(int(value))
