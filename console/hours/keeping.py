"""Deciding when the business works: its week, a team's own week, and days that are unlike theirs."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from datetime import date

from sqlalchemy import delete, select

from console import audit, clock
from console.agents import Team, Viewer
from console.audit import SYSTEM, Actor
from console.db import Tx
from console.errors import Refused
from console.hours.models import COMPANY, SpecialDay, WorkingWeek
from console.hours.working import LATEST_END, MINUTES_OF_DAY, USUAL_WEEK, Interval
from console.inbox import policy
from console.languages.words import Words

MOST_INTERVALS = 6
LONGEST_NAME = 80
_INTERVAL = re.compile(r"([01]?\d|2[0-4])(?::([0-5]\d))?\s*(?:-|–|a)\s*([01]?\d|2[0-4])(?::([0-5]\d))?")


def read_intervals(text: str, field: str) -> tuple[Interval, ...]:
    """`8:00-13:00, 14-18` as intervals; an end before its begin lies on the next day; nothing is closed.

    Refuses: 422 naming `field` for what cannot be read, overlaps, or is too much.
    """
    parts = [part.strip() for part in re.split(r"[,;\n]|\sy\s", text) if part.strip()]
    if not parts or parts == ["cerrado"]:
        return ()
    found = sorted(_interval(part, field) for part in parts)
    if len(found) > MOST_INTERVALS:
        raise Refused(
            422,
            Words("Use a lo más {most_intervals} horarios por día.", most_intervals=MOST_INTERVALS),
            code="invalid",
            field=field,
        )
    if any(earlier[1] > later[0] for earlier, later in itertools.pairwise(found)):
        raise Refused(422, Words("Dos horarios del mismo día se cruzan."), code="invalid", field=field)
    return tuple(found)


def _interval(part: str, field: str) -> Interval:
    match = _INTERVAL.fullmatch(part)
    if match is None:
        text = Words("No se entiende «{part}»: escriba por ejemplo 8:00-13:00, 14:00-18:00.", part=part[:40])
        raise Refused(422, text, code="invalid", field=field)
    from_hour, from_minute, to_hour, to_minute = (int(number or 0) for number in match.groups())
    begin, end = from_hour * 60 + from_minute, to_hour * 60 + to_minute
    if begin >= MINUTES_OF_DAY or end > MINUTES_OF_DAY:
        raise Refused(422, Words("«{part}» no es una hora del día.", part=part[:40]), code="invalid", field=field)
    if begin == end:
        raise Refused(
            422, Words("«{part}» empieza y termina a la misma hora.", part=part[:40]), code="invalid", field=field
        )
    return (begin, end if end > begin else end + MINUTES_OF_DAY)


def write_intervals(intervals: Sequence[Interval]) -> str:
    """Intervals as people type them; the inverse of `read_intervals`."""
    return ", ".join(f"{_wall(begin)}-{_wall(end)}" for begin, end in intervals)


def _wall(minutes: int) -> str:
    if minutes == MINUTES_OF_DAY:
        return "24:00"
    return f"{minutes % MINUTES_OF_DAY // 60}:{minutes % 60:02}"


async def ensure(tx: Tx, *, zone: str, country: str) -> None:
    """Have the company's week, in the zone and country that the installation is configured for. No news if it has."""
    company = await tx.get(WorkingWeek, COMPANY)
    if company is None:
        company = WorkingWeek(
            team_id=COMPANY,
            days=_kept(USUAL_WEEK),
            keeps_holidays=True,
            zone=zone,
            country=country,
            updated_at=clock.now(),
        )
        tx.add(company)
    elif (company.zone, company.country) == (zone, country):
        return
    company.zone, company.country = zone, country
    new = {"zone": zone, "country": country}
    audit.record(tx, SYSTEM, "hours.updated", subject=f"hours:{COMPANY}", new=new)
    await tx.flush()


async def set_week(
    tx: Tx, *, by: Viewer | Actor, team_id: int, days: Sequence[Sequence[Interval]], keeps_holidays: bool
) -> WorkingWeek:
    """Give a team, or the company (COMPANY), its week: the intervals of each day from Monday. Records "hours.updated".

    Refuses: 403; 422 for a team that does not exist, or what is no week.
    """
    actor = _allowed(by, team_id)
    await _require_team(tx, team_id)
    if len(days) != 7 or any(not 0 <= begin < end <= LATEST_END for day in days for begin, end in day):
        raise Refused(422, Words("Una semana tiene siete días."), code="invalid", field="days")
    held = select(WorkingWeek).where(WorkingWeek.team_id == team_id).with_for_update()
    week = (await tx.scalars(held.execution_options(populate_existing=True))).one_or_none()
    old = _told(week) if week else None
    if week is None:
        week = WorkingWeek(team_id=team_id, days=[], updated_at=clock.now(), version=0)
        tx.add(week)
    week.days, week.keeps_holidays, week.updated_at = _kept(days), keeps_holidays, clock.now()
    week.version += 1
    audit.record(tx, actor, "hours.updated", subject=f"hours:{team_id}", old=old, new=_told(week))
    await tx.flush()
    return week


async def drop_week(tx: Tx, *, by: Viewer | Actor, team_id: int) -> None:
    """Let a team go by the company's week again. Records "hours.updated". Refuses: 403, 409 for the company."""
    actor = _allowed(by, team_id)
    if team_id == COMPANY:
        raise Refused(409, Words("La empresa tiene siempre un horario."), code="company_hours")
    week = await tx.get(WorkingWeek, team_id, with_for_update=True)
    if week is not None:
        audit.record(tx, actor, "hours.updated", subject=f"hours:{team_id}", old=_told(week))
        await tx.delete(week)
        await tx.flush()


async def set_day(
    tx: Tx, *, by: Viewer | Actor, team_id: int, day: date, intervals: Sequence[Interval], name: str
) -> SpecialDay:
    """Make `day` unlike its week: closed without `intervals`, else open at these. Records "hours.day_set".

    Refuses: 403; 422 for a team that does not exist, or a name (`name`) that is empty or too long.
    """
    actor = _allowed(by, team_id)
    await _require_team(tx, team_id)
    name = " ".join(name.split())
    if not 0 < len(name) <= LONGEST_NAME:
        raise Refused(
            422,
            Words("Diga por qué, en 1 a {longest_name} letras.", longest_name=LONGEST_NAME),
            code="invalid",
            field="name",
        )
    was = select(SpecialDay).where(SpecialDay.team_id == team_id, SpecialDay.day == day).with_for_update()
    row = (await tx.scalars(was.execution_options(populate_existing=True))).one_or_none()
    old = _told_day(row) if row else None
    if row is None:
        row = SpecialDay(team_id=team_id, day=day, intervals=[], name=name)
        tx.add(row)
    row.intervals, row.name = [list(each) for each in intervals], name
    audit.record(tx, actor, "hours.day_set", subject=f"hours:{team_id}", old=old, new=_told_day(row))
    await tx.flush()
    return row


async def drop_day(tx: Tx, *, by: Viewer | Actor, team_id: int, day: date) -> None:
    """Let `day` be like its week again. Records "hours.day_dropped"; nothing where it already is."""
    actor = _allowed(by, team_id)
    was = select(SpecialDay).where(SpecialDay.team_id == team_id, SpecialDay.day == day).with_for_update()
    row = (await tx.scalars(was)).one_or_none()
    if row is not None:
        audit.record(tx, actor, "hours.day_dropped", subject=f"hours:{team_id}", old=_told_day(row))
        await tx.execute(delete(SpecialDay).where(SpecialDay.id == row.id))


async def _require_team(tx: Tx, team_id: int) -> None:
    if team_id != COMPANY and await tx.get(Team, team_id) is None:
        raise Refused(422, Words("Ese equipo no existe."), code="invalid", field="team")


def _kept(days: Sequence[Sequence[Interval]]) -> list[list[list[int]]]:
    return [[[begin, end] for begin, end in day] for day in days]


def _told(week: WorkingWeek) -> dict[str, object]:
    return {"days": week.days, "keeps_holidays": week.keeps_holidays}


def _told_day(day: SpecialDay) -> dict[str, object]:
    return {"day": day.day.isoformat(), "intervals": day.intervals, "name": day.name}


def _allowed(by: Viewer | Actor, team_id: int) -> Actor:
    """Who is to be named. Supervisors keep the hours of their teams, and whoever sees all teams the company's too."""
    if isinstance(by, Viewer):
        policy.require_for_team(by, "edit_hours", team_id)
        return by.actor
    return by
