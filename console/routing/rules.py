"""A team's rules of the queue: reading them, what each may be, and changing them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import select

from console import audit, clock
from console.agents import Team, Viewer
from console.db import Tx, bulk_insert
from console.errors import Refused, not_found
from console.inbox import policy
from console.languages.words import Words
from console.routing.models import Order, RoutingRule, Serving
from console.routing.score import POINTS, USUAL_POINTS


class Number(msgspec.Struct, frozen=True):
    """A rule that is a number: what it is called, its unit, and between what it may be."""

    name: str
    label: str
    unit: str
    low: int
    high: int
    hint: str = ""


NUMBERS = {
    number.name: number
    for number in (
        Number("capacity", Words("Cada agente lleva a la vez hasta"), Words("conversaciones"), 1, 200),
        Number(
            "answered_weight",
            Words("Una que espera al deudor cuenta como"),
            "%",
            0,
            100,
            Words("de una que espera respuesta nuestra; pospuestas y resueltas no cuentan"),
        ),
        Number("away_minutes", Words("Sin pantalla abierta, pasa a ausente a los"), Words("minutos"), 1, 120),
        Number(
            "return_minutes",
            Words("Si quien la lleva no está, vuelve a la cola tras esperar"),
            Words("minutos"),
            0,
            1440,
            Words("0: se queda con quien la lleva"),
        ),
    )
}
SERVING = {
    Serving.OFF: Words("Nadie: cada quien toma de la cola"),
    Serving.ROUND_ROBIN: Words("Por turno: a quien hace más tiempo que no recibe"),
    Serving.LEAST_BUSY: Words("A quien tiene menos carga"),
}
ORDERS = {
    Order.WAITING: Words("Quien espera hace más tiempo"),
    Order.AMOUNT: Words("Quien tiene más vencido"),
    Order.SCORE: Words("Quien suma más puntos"),
}
CHOICES: dict[str, tuple[str, Mapping[Any, str]]] = {
    "serving": (Words("Reparto automático"), SERVING),
    "order_by": (Words("Primero se atiende a"), ORDERS),
}
SWITCHES = {
    "owner_first": Words("Primero a quien ya atendió a la persona; al resolver, sigue siendo suya"),
    "first_reply_takes": Words("El primero que responde se queda con la conversación"),
    "keeps_hours": Words("Repartir solo en el horario del equipo"),
}
USUAL: dict[str, Any] = {
    "serving": Serving.OFF,
    "order_by": Order.WAITING,
    "owner_first": True,
    "first_reply_takes": True,
    "keeps_hours": True,
    "capacity": 15,
    "answered_weight": 50,
    "away_minutes": 5,
    "return_minutes": 0,
    "points": USUAL_POINTS,
}


def usual(team_id: int) -> RoutingRule:
    """What holds for a team that has decided nothing: its people take from the queue themselves."""
    return RoutingRule(team_id=team_id, version=0, **USUAL)


async def rule_of(tx: Tx, team_id: int) -> RoutingRule:
    """The rule of a team as it stands, to be read only."""
    return await tx.get(RoutingRule, team_id) or usual(team_id)


async def rules_of(tx: Tx, team_ids: Collection[int]) -> dict[int, RoutingRule]:
    """The rules of several teams: one query."""
    found = {rule.team_id: rule for rule in await tx.scalars(select(RoutingRule))}
    return {team_id: found.get(team_id) or usual(team_id) for team_id in team_ids}


async def change(
    tx: Tx, team_id: int, *, by: Viewer, typed: Mapping[str, str], version: int | None, moment: datetime
) -> RoutingRule:
    """Let a team's rules be what was typed; what is left out stays, but switches left out are off.

    Records "routing.updated".
    Refuses: 404 for a team that is not the viewer's; 403 unless they lead; 422 naming the field; 409
    "version_conflict" when somebody changed them meanwhile.
    """
    if not (by.sees_all or team_id in by.team_ids) or await tx.get(Team, team_id) is None:
        raise not_found()
    policy.require(by, "edit_routing")
    new = _read(typed)
    first = {"team_id": team_id, "version": 0, "updated_at": clock.now(), **USUAL}
    await bulk_insert(tx, RoutingRule, [first], or_ignore=True)
    rule = (await tx.scalars(select(RoutingRule).where(RoutingRule.team_id == team_id).with_for_update())).one()
    if version is not None and version != rule.version:
        text = Words("Alguien cambió estas reglas mientras tanto; revise cómo quedaron.")
        raise Refused(409, text, code="version_conflict", details={"version": rule.version})
    old = {name: getattr(rule, name) for name in new}
    differs = sorted(name for name in new if old[name] != new[name])
    if differs:
        for name in differs:
            setattr(rule, name, new[name])
        rule.version += 1
        rule.updated_at = moment
        said = ({name: values[name] for name in differs} for values in (old, new))
        audit.record(tx, by.actor, "routing.updated", subject=f"team:{team_id}", old=next(said), new=next(said))
        await tx.flush()
    return rule


def _read(typed: Mapping[str, str]) -> dict[str, Any]:
    new: dict[str, Any] = {name: typed.get(name) == "1" for name in SWITCHES}
    for name, (label, words) in CHOICES.items():
        if name in typed:
            if typed[name] not in words:
                raise Refused(
                    422, Words("{label}: elija una de las opciones.", label=label), code="invalid", field=name
                )
            new[name] = str(typed[name])
    for name, number in NUMBERS.items():
        if name in typed:
            new[name] = _whole(typed[name], number.label, number.low, number.high, name)
    points = {
        name: _whole(typed[f"points_{name}"], point.label, 0, 100, f"points_{name}")
        for name, point in POINTS.items()
        if f"points_{name}" in typed
    }
    if points:
        new["points"] = {**USUAL_POINTS, **points}
    return new


def _whole(text: str, label: str, low: int, high: int, field: str) -> int:
    text = text.strip()
    value = int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else None
    if value is None or not low <= value <= high:
        raise Refused(
            422,
            Words("{label}: escriba de {low} a {high}.", label=label, low=low, high=high),
            code="invalid",
            field=field,
        )
    return value
