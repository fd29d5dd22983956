"""What the business asks of who signs in: a second factor by role, and how long a session holds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency

from console import second_factor, sign_in_alerts, time_outs
from console.agents import Role, Viewer
from console.db import Database
from console.errors import Refused
from console.forms import read_form, whole
from console.inbox import policy
from console.languages.words import Words
from console.render import duration
from console.roles.giving import NAMES
from console.settings_pages.answers import show
from console.settings_pages.change_lines import Terms, among, newest
from console.time_outs import TimeOuts

RULES = "/settings/sign-in"
LONGEST_NUMBER = 6
TERMS = Terms(
    fields={
        "absolute_minutes": Words("Una sesión dura, a lo más"),
        "factor_roles": Words("Roles con segundo factor"),
        "idle_minutes": Words("Sin uso, dura"),
    },
    said={
        "absolute_minutes": lambda minutes: duration(timedelta(minutes=minutes)),
        "factor_roles": among(NAMES, none=Words("ninguno")),
        "idle_minutes": lambda minutes: duration(timedelta(minutes=minutes)),
    },
)


@get(RULES)
async def rules_page(db: NamedDependency[Database], viewer: NamedDependency[Viewer]) -> Response[Any]:
    """Which roles need a second factor, and how long a session holds."""
    policy.require(viewer, "manage_users")
    return await _show_rules(db, viewer)


@post(RULES, status_code=200)
async def change_rules(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Have roles need one, or no longer. Whoever has none yet is led to set it up with their next step."""
    policy.require(viewer, "manage_users")
    form = await read_form(request)
    chosen = [str(role) for role in (Role.AGENT, Role.SUPERVISOR, Role.ADMIN) if form.get(str(role)) == "1"]
    async with db.transaction() as tx:
        await second_factor.require_of(tx, chosen, by=viewer)
    return await _show_rules(db, viewer, saved=True)


@post(f"{RULES}/time-outs", status_code=200)
async def change_time_outs(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Have sessions hold for `idle` minutes without use, and for `absolute` hours in any case."""
    policy.require(viewer, "manage_users")
    form = await read_form(request)
    typed = {name: form.get(name, "").strip()[: LONGEST_NUMBER + 1] for name in ("idle", "absolute")}
    try:
        wanted = TimeOuts(timedelta(minutes=_number(typed, "idle")), timedelta(hours=_number(typed, "absolute")))
        async with db.transaction() as tx:
            await time_outs.change(tx, wanted, by=viewer)
    except Refused as refused:
        return await _show_rules(db, viewer, typed=typed, problem=refused)
    return await _show_rules(db, viewer, saved=True)


def _number(typed: Mapping[str, str], name: str) -> int:
    text = typed[name]
    if len(text) > LONGEST_NUMBER:
        raise Refused(422, Words("Ese número es demasiado largo."), code="invalid", field=name)
    return whole(text, name)


async def _show_rules(
    db: Database,
    viewer: Viewer,
    *,
    saved: bool = False,
    typed: Mapping[str, str] | None = None,
    problem: Refused | None = None,
) -> Response[Any]:
    async with db.reading() as tx:
        must = await second_factor.roles_that_must(tx)
        bounds = await time_outs.in_force(tx)
        attempts = await sign_in_alerts.recent(tx, sign_in_alerts.ATTEMPTS)
        browsers = await sign_in_alerts.recent(tx, sign_in_alerts.UNFAMILIAR)
        disowned = await sign_in_alerts.recent(tx, sign_in_alerts.DISOWNED)
        history = await newest(tx, ("sign_in_rules.updated",), TERMS)
    if typed is None:
        idle, absolute = bounds.idle // timedelta(minutes=1), bounds.absolute // timedelta(hours=1)
        typed = {"idle": str(idle), "absolute": str(absolute)}
    roles = [(str(role), words, str(role) in must) for role, words in NAMES.items()]
    return show(
        "settings/sign_in.html",
        viewer,
        status=problem.status if problem else 200,
        roles=roles,
        attempts=attempts,
        browsers=browsers,
        disowned=disowned,
        history=history,
        typed=typed,
        problem=problem,
        saved=saved,
    )


routes = [rules_page, change_rules, change_time_outs]
