"""The door of the numbers: a view with its filters, the rows behind a figure, and both as files."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

import anyio.to_thread
from litestar import Request, Response, get
from litestar.di import NamedDependency
from sqlalchemy import select

from console import audit, clock, rates, render
from console.agents import Agent, Role, Team, Viewer
from console.db import Database, Tx
from console.errors import Refused
from console.forms import html
from console.inbox import policy
from console.inbox.tags import Tag
from console.languages.words import Words
from console.portfolio.standing import edges_of, rules_in_force
from console.portfolio.states import ORDER, TONES, Edges, label
from console.reports import (
    behind,
    collecting,
    comparing,
    containing,
    costs,
    definitions,
    figures,
    follow,
    operation,
    rolls,
    sheet,
)
from console.reports.asked import Asked, months_of, read_asked
from console.reports.figures import Report
from console.reports.models import Subscriber, TemplateSent
from console.settings import Settings

REPORTS: dict[str, Callable[[Tx, Viewer, Asked], Awaitable[Report]]] = {
    "operation": operation.report,
    "collections": collecting.report,
    "bot": containing.report,
    "templates": costs.report,
}
NAMES = {
    "operation": Words("Operación"),
    "collections": Words("Cobranza"),
    "bot": Words("Bot"),
    "templates": Words("Plantillas y costo"),
}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@get("/reports")
async def reports_page(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """One view of the numbers, for who leads: all of it, or that of their teams."""
    policy.require(viewer, "read_reports")
    asked = _asked(request, settings)
    async with db.reading() as tx:
        report, before = await _compared(tx, viewer, asked)
        choices = await _choices(tx, viewer)
        _entry, read_at = await follow.read_until(tx)
        is_subscribed = await tx.get(Subscriber, viewer.id) is not None
    return html(
        render.page(
            "reports/report.html",
            viewer=viewer,
            asked=asked,
            report=report,
            before=before,
            period_before=comparing.period_before(asked),
            read_at=read_at,
            names=NAMES,
            address=_address(asked),
            address_of=lambda **more: _address(asked, **more),
            month=f"{months_of(asked)[0]:%Y-%m}",
            locale=render.locale(),
            number_tag=render.number_tag(),
            shown=definitions.shown,
            steps=figures.steps,
            unit=definitions.unit(settings.currency),
            is_worse=rolls.is_worse,
            states_of=[*rolls.COLUMNS],
            tones={str(state): tone for state, tone in TONES.items()},
            is_subscribed=is_subscribed,
            may_subscribe=settings.smtp_url is not None,
            may_set_rates=policy.may(viewer, "edit_rates"),
            **choices,
        )
    )


@get("/reports/rows")
async def rows_page(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """The rows behind one figure, the first of them."""
    policy.require(viewer, "read_reports")
    asked = _asked(request, settings)
    key = request.query_params.get("figure", "")
    async with db.reading() as tx:
        found = await behind.lines_of(tx, viewer, asked, key)
    title, _kind, definition = definitions.FIGURES[key]
    return html(
        render.page(
            "reports/rows.html",
            viewer=viewer,
            asked=asked,
            title=title,
            definition=definition,
            found=found.on_screen(),
            is_cut=len(found.rows) >= behind.SHOWN,
            back=_address(asked),
            address=_address(asked, figure=key),
            locale=render.locale(),
            shown=definitions.shown,
        )
    )


@get("/reports/export")
async def export(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[bytes]:
    """A view, or the rows behind a figure, as CSV or XLSX. Records report.exported: who took what, and how much."""
    policy.require(viewer, "read_reports")
    rates.charge(request, "export", viewer.id)
    asked = _asked(request, settings)
    kind, key = request.query_params.get("format", "csv"), request.query_params.get("figure")
    if kind not in {"csv", "xlsx"}:
        raise Refused(422, Words("Pida csv o xlsx."), code="invalid", field="format")
    async with db.reading() as tx:
        if key is None:
            report, before = await _compared(tx, viewer, asked)
            sheets = sheet.sheets_of(report, before, asked.currency)
        else:
            found = await behind.lines_of(tx, viewer, asked, key, limit=behind.MOST)
            title = definitions.FIGURES[key][0]
            sheets = [(title, list(sheet.rows_of(found.columns, found.rows, asked.currency)))]
    async with db.transaction() as tx:
        told = asked.address | {"format": kind, "rows": sum(len(rows) for _, rows in sheets)}
        audit.record(tx, viewer.actor, "report.exported", subject=f"report:{key or asked.view}", new=told)
    # Fifty thousand rows take a second to write: others are served meanwhile.
    sheets = sheet.said_in(viewer.language, sheets)
    content = await anyio.to_thread.run_sync(sheet.csv_of if kind == "csv" else sheet.xlsx_of, sheets)
    name = f"{key or asked.view}-{asked.since}-{asked.until}.{kind}"
    return Response(
        content,
        media_type="text/csv; charset=utf-8" if kind == "csv" else XLSX,
        headers={"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"},
    )


async def _compared(tx: Tx, viewer: Viewer, asked: Asked) -> tuple[Report, dict[str, comparing.Before]]:
    """The view, and what its figures were in the period before."""
    report = await REPORTS[asked.view](tx, viewer, asked)
    former = await REPORTS[asked.view](tx, viewer, comparing.period_before(asked))
    return report, comparing.compare(report.figures, former.figures)


def _asked(request: Request[Any, Any, Any], settings: Settings) -> Asked:
    return read_asked(request.query_params, zone=settings.zone, currency=settings.currency, moment=clock.now())


def _address(asked: Asked, **more: str) -> str:
    return urlencode(asked.address | more)


async def _choices(tx: Tx, viewer: Viewer) -> dict[str, Any]:
    """What the filters offer: only what the viewer may see."""
    teams = select(Team.id, Team.name).order_by(Team.name)
    agents = select(Agent.id, Agent.name).where(Agent.role != Role.BOT).order_by(Agent.name)
    tags = select(Tag.id, Tag.name).where(Tag.retired_at.is_(None), policy.visible_tags(viewer)).order_by(Tag.name)
    if not viewer.sees_all:
        teams = teams.where(Team.id.in_(viewer.team_ids))
        agents = agents.where(policy.colleagues(viewer))
    edges: Edges = edges_of(await rules_in_force(tx))
    templates = select(TemplateSent.template).distinct().order_by(TemplateSent.template)
    return {
        "teams": [tuple(row) for row in await tx.execute(teams)],
        "agents": [tuple(row) for row in await tx.execute(agents)],
        "tags": [tuple(row) for row in await tx.execute(tags)],
        "templates": list(await tx.scalars(templates)),
        "states": [(str(state), label(state, edges)) for state in ORDER],
    }


routes = [reports_page, rows_page, export]
