"""When the business works, for who leads: the week, the days unlike it, and the next fortnight as it is understood."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from sqlalchemy import select

from console import clock
from console.agents import Team, Viewer
from console.db import Database, Tx
from console.errors import Refused
from console.forms import read_form, whole
from console.hours import keeping
from console.hours.models import COMPANY, SpecialDay, WorkingWeek
from console.hours.reading import hours_of, intervals
from console.hours.working import Hours
from console.inbox import policy
from console.languages.joined import joined
from console.languages.words import Words
from console.render import name_of_day, near_day
from console.settings_pages.answers import back_to, show
from console.settings_pages.change_lines import Terms, among, newest
from console.word_lists.matching import COUNTRIES

PAGE = "/settings/hours"
FIELDS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SHOWN_DAYS = 14


class DayLine(msgspec.Struct):
    """One of the next days: when there is work, and why if it is unlike its week."""

    name: str
    hours: str
    why: str


@get(PAGE)
async def hours_page(
    request: Request[Any, Any, Any], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[Any]:
    """The hours of `?team=`; without it the company's, or of a supervisor's first team."""
    policy.require(viewer, "edit_hours")
    asked = request.query_params.get("team")
    team_id = whole(asked, "team") if asked else (COMPANY if viewer.sees_all else min(viewer.team_ids, default=COMPANY))
    return await _show(db, viewer, team_id)


@post(PAGE, status_code=200)
async def change_week(
    request: Request[Any, Any, Any], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[Any]:
    """Give a team, or the company, its week; a refusal shows what was typed and why not."""
    policy.require(viewer, "edit_hours")
    form = await read_form(request)
    team_id = whole(form.get("team"), "team")
    typed = {field: form.get(field, "") for field in FIELDS} | {"keeps_holidays": form.get("keeps_holidays", "")}

    async def change(tx: Tx) -> None:
        days = [keeping.read_intervals(typed[field], field) for field in FIELDS]
        keeps = bool(typed["keeps_holidays"])
        await keeping.set_week(tx, by=viewer, team_id=team_id, days=days, keeps_holidays=keeps)

    return await _try(db, viewer, team_id, change, typed=typed)


@post(PAGE + "/inheritance", status_code=200)
async def inherit(
    request: Request[Any, Any, Any], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[Any]:
    """Let a team go by the company's week again."""
    policy.require(viewer, "edit_hours")
    form = await read_form(request)
    team_id = whole(form.get("team"), "team")
    async with db.transaction() as tx:
        await keeping.drop_week(tx, by=viewer, team_id=team_id)
    return back_to(f"{PAGE}?team={team_id}")


@post(PAGE + "/days", status_code=200)
async def set_day(
    request: Request[Any, Any, Any], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[Any]:
    """Make a day unlike its week."""
    policy.require(viewer, "edit_hours")
    form = await read_form(request)
    team_id = whole(form.get("team"), "team")

    async def change(tx: Tx) -> None:
        day, hours = _day(form.get("day")), keeping.read_intervals(form.get("hours", ""), "hours")
        await keeping.set_day(tx, by=viewer, team_id=team_id, day=day, intervals=hours, name=form.get("name", ""))

    return await _try(db, viewer, team_id, change, typed_day=form)


@post(PAGE + "/days/removal", status_code=200)
async def drop_day(
    request: Request[Any, Any, Any], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[Any]:
    """Let a day be like its week again."""
    policy.require(viewer, "edit_hours")
    form = await read_form(request)
    team_id = whole(form.get("team"), "team")
    async with db.transaction() as tx:
        await keeping.drop_day(tx, by=viewer, team_id=team_id, day=_day(form.get("day")))
    return back_to(f"{PAGE}?team={team_id}")


async def _try(
    db: Database,
    viewer: Viewer,
    team_id: int,
    change: Callable[[Tx], Awaitable[None]],
    **typed: dict[str, str],
) -> Response[Any]:
    """Make a change, or show the page again with what was `typed` and why not."""
    try:
        async with db.transaction() as tx:
            await change(tx)
    except Refused as refused:
        if refused.status != 422:
            raise
        return await _show(db, viewer, team_id, refused=refused, **typed)
    return back_to(f"{PAGE}?team={team_id}")


def _day(text: str | None) -> date:
    try:
        return date.fromisoformat(text or "")
    except ValueError as wrong:
        raise Refused(422, Words("Elija un día del calendario."), code="invalid", field="day") from wrong


async def _show(
    db: Database,
    viewer: Viewer,
    team_id: int,
    *,
    typed: dict[str, str] | None = None,
    typed_day: dict[str, str] | None = None,
    refused: Refused | None = None,
) -> Response[Any]:
    async with db.reading() as tx:
        teams = [(team.id, team.name) for team in await tx.scalars(select(Team).order_by(Team.name))]
        # Whoever leads a team may know the company's hours; those of other teams are not theirs to see.
        seen = [(number, name) for number, name in teams if viewer.sees_all or number in viewer.team_ids]
        if team_id != COMPANY and team_id not in dict(seen):
            raise Refused(403, Words("Solo puede ver lo de sus equipos."), code="forbidden")
        hours = await hours_of(tx, team_id)
        own_week = await tx.get(WorkingWeek, team_id)
        special = await _special(tx, team_id)
        history = await newest(tx, CHANGES, TERMS, subjects=(f"hours:{team_id}",))
    week = {field: keeping.write_intervals(intervals(day)) for field, day in zip(FIELDS, hours.days, strict=True)}
    return show(
        "settings/hours.html",
        viewer,
        status=refused.status if refused else 200,
        team=team_id,
        teams=[(COMPANY, Words("Toda la empresa")), *seen],
        may_change=viewer.sees_all or team_id in viewer.team_ids,
        has_own=own_week is not None and team_id != COMPANY,
        fields=list(zip(FIELDS, map(name_of_day, range(7)), strict=True)),
        typed=typed or {**week, "keeps_holidays": "1" if hours.country else ""},
        typed_day=typed_day or {},
        problem=refused,
        zone=hours.zone,
        special=special,
        fortnight=_fortnight(hours),
        history=history,
    )


def _week(days: list[Any]) -> str:
    """The days of a week that work, as the history has them."""
    worked = ((name_of_day(day), keeping.write_intervals(intervals(kept))) for day, kept in enumerate(days) if kept)
    return joined((joined(each, " ") for each in worked), "; ") or Words("Cerrado")


CHANGES = ("hours.updated", "hours.day_set", "hours.day_dropped")
TERMS = Terms(
    fields={
        "country": Words("Feriados de"),
        "days": Words("Semana"),
        "intervals": Words("Horario"),
        "keeps_holidays": Words("Cierra en feriado"),
        "name": Words("Motivo"),
        "zone": Words("Zona horaria"),
    },
    said={
        "country": among(COUNTRIES, none=Words("ninguno")),
        "day": lambda day: near_day(date.fromisoformat(day)),
        "days": _week,
        "intervals": lambda kept: keeping.write_intervals(intervals(kept)) or Words("Cerrado"),
        "zone": among({}),
    },
)


async def _special(tx: Tx, team_id: int) -> list[tuple[str, DayLine]]:
    """The team's own days to come, each with its key."""
    yesterday = clock.now().date() - timedelta(days=1)
    rows = select(SpecialDay).where(SpecialDay.team_id == team_id, SpecialDay.day >= yesterday)
    return [
        (
            row.day.isoformat(),
            DayLine(
                name=near_day(row.day),
                hours=keeping.write_intervals(intervals(row.intervals)) or Words("Cerrado"),
                why=row.name,
            ),
        )
        for row in await tx.scalars(rows.order_by(SpecialDay.day).limit(200))
    ]


def _fortnight(hours: Hours) -> list[DayLine]:
    today = clock.now().astimezone(ZoneInfo(hours.zone)).date()
    days = [today + timedelta(days=ahead) for ahead in range(SHOWN_DAYS)]
    return [
        DayLine(
            name=near_day(day),
            hours=keeping.write_intervals(hours.intervals(day)) or Words("Cerrado"),
            why=Words("Día especial") if day in hours.special else hours.holiday(day) or "",
        )
        for day in days
    ]


routes = [hours_page, change_week, inherit, set_day, drop_day]
