"""The queue of a team, read and decided in the name of who leads it."""

from __future__ import annotations

from typing import Any, Literal, cast

import msgspec
from litestar import Request, get, patch
from litestar.di import NamedDependency
from litestar.params import FromPath

from console import clock
from console.agents import Team, Viewer
from console.api import acting
from console.api.asking import body, number
from console.api.operations import does
from console.api.tokens import Program
from console.db import Database, Tx
from console.errors import Refused, not_found
from console.inbox import policy
from console.routing import rules
from console.routing.models import RoutingRule
from console.routing.score import POINTS as REASONS
from console.routing.score import USUAL_POINTS

PATH = acting.USER + "/queues/{team_id:str}"
Serving = Literal["off", "round_robin", "least_busy"]
Order = Literal["waiting", "amount", "score"]
POINTS = "points_"


class QueueRules(msgspec.Struct, kw_only=True):
    """How a team's queue is given out (`serving`), in which order, and how much each person carries.

    `answered_weight` is what a conversation costs that waits for the debtor, in percent of one that waits for us.
    `points` are what each reason is worth where the order is `score`. `version` is 0 where nothing was ever decided.
    """

    team: str
    serving: Serving
    order_by: Order
    owner_first: bool
    first_reply_takes: bool
    keeps_hours: bool
    capacity: int
    answered_weight: int
    away_minutes: int
    return_minutes: int
    points: dict[str, int]
    version: int


class RulesChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What may be decided; what is left out stays. With `version`, a lost race is refused (409)."""

    serving: Serving | msgspec.UnsetType = msgspec.UNSET
    order_by: Order | msgspec.UnsetType = msgspec.UNSET
    owner_first: bool | msgspec.UnsetType = msgspec.UNSET
    first_reply_takes: bool | msgspec.UnsetType = msgspec.UNSET
    keeps_hours: bool | msgspec.UnsetType = msgspec.UNSET
    capacity: int | msgspec.UnsetType = msgspec.UNSET
    answered_weight: int | msgspec.UnsetType = msgspec.UNSET
    away_minutes: int | msgspec.UnsetType = msgspec.UNSET
    return_minutes: int | msgspec.UnsetType = msgspec.UNSET
    points: dict[str, int] | msgspec.UnsetType = msgspec.UNSET
    version: int | msgspec.UnsetType = msgspec.UNSET


@get(PATH, opt=does(acting.SCOPE, returns=QueueRules, refuses=(404,)))
async def get_queue_rules(
    user_id: FromPath[str], team_id: FromPath[str], program: NamedDependency[Program], db: NamedDependency[Database]
) -> QueueRules:
    """The rules of a team's queue, for who leads it. Refuses 403 to whom does not lead, 404 another's team."""
    async with db.reading() as tx:
        viewer = await acting.acting(tx, program, user_id)
        return _shown(await _rule(tx, viewer, number(team_id)))


@patch(PATH, opt=does(acting.SCOPE, returns=QueueRules, body=RulesChange, refuses=(404, 409)))
async def change_queue_rules(
    user_id: FromPath[str],
    team_id: FromPath[str],
    *,
    request: Request[Any, Any, Any],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
) -> QueueRules:
    """Decide how a team's queue is given out, as on the page of its rules. The same again changes nothing."""
    change = await body(request, RulesChange)
    async with db.transaction() as tx:
        viewer = await acting.acting(tx, program, user_id)
        typed = _typed(change, await _rule(tx, viewer, number(team_id)))
        version = change.version if change.version is not msgspec.UNSET else None
        try:
            rule = await rules.change(tx, number(team_id), by=viewer, typed=typed, version=version, moment=clock.now())
        except Refused as refused:
            raise _renamed(refused) from refused
        return _shown(rule)


async def _rule(tx: Tx, viewer: Viewer, team_id: int) -> RoutingRule:
    policy.require(viewer, "edit_routing")
    if not (viewer.sees_all or team_id in viewer.team_ids) or await tx.get(Team, team_id) is None:
        raise not_found()
    return await rules.rule_of(tx, team_id)


def _typed(change: RulesChange, rule: RoutingRule) -> dict[str, str]:
    """As the page would send it: switches that are left out stay as they are, and so do points."""
    given = {
        name: value
        for name in (*rules.CHOICES, *rules.NUMBERS)
        if (value := getattr(change, name)) is not msgspec.UNSET
    }
    typed = {name: str(value) for name, value in given.items()}
    for name in rules.SWITCHES:
        value = getattr(change, name)
        typed[name] = "1" if (getattr(rule, name) if value is msgspec.UNSET else value) else ""
    if isinstance(change.points, dict):
        for name in sorted(change.points.keys() - REASONS.keys()):
            raise Refused(422, "Ese motivo no da puntos.", code="unknown_field", field=f"points.{name}"[:80])
        points = {**rule.points, **change.points}
        typed |= {f"{POINTS}{name}": str(value) for name, value in points.items()}
    return typed


def _renamed(refused: Refused) -> Refused:
    """The same refusal, with the field by its name here."""
    field = refused.field
    if field is not None and field.startswith(POINTS):
        field = f"points.{field.removeprefix(POINTS)}"
    return Refused(refused.status, refused.text, code=refused.code, field=field, details=refused.details)


def _shown(rule: RoutingRule) -> QueueRules:
    return QueueRules(
        team=str(rule.team_id),
        serving=cast("Serving", str(rule.serving)),
        order_by=cast("Order", str(rule.order_by)),
        owner_first=rule.owner_first,
        first_reply_takes=rule.first_reply_takes,
        keeps_hours=rule.keeps_hours,
        capacity=rule.capacity,
        answered_weight=rule.answered_weight,
        away_minutes=rule.away_minutes,
        return_minutes=rule.return_minutes,
        points={**USUAL_POINTS, **rule.points},
        version=rule.version,
    )


routes = [get_queue_rules, change_queue_rules]
