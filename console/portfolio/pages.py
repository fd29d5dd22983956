"""The portfolio's pages: the list with its search, and one debtor."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy import select

from console import clock
from console.agents import Team, Viewer
from console.db import Database, Tx
from console.forms import html
from console.inbox import policy
from console.portfolio import dossier, search
from console.portfolio.standing import edges_of, rules_in_force
from console.portfolio.states import State, label
from console.render import page


@get("/portfolio")
async def portfolio_page(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """The accounts that the viewer may see, found, narrowed and in order."""
    asked = search.read_asked(request.query_params)
    after = search.read_cursor(request.query_params.get("cursor"), asked.sort)
    async with db.reading() as tx:
        found = await search.page_of(tx, viewer, asked, after=after)
        edges = edges_of(await rules_in_force(tx))
        teams = await _teams(tx, viewer)
    cursor = search.cursor_text(found.following)
    return html(
        page(
            "portfolio/list.html",
            viewer=viewer,
            asked=asked,
            lines=found.lines,
            is_cut=found.is_cut,
            is_first=after is None,
            following=urlencode({**_address(asked), "cursor": cursor}) if cursor else None,
            by_overdue=urlencode({**_address(asked), "sort": "overdue"}),
            by_days=urlencode({**_address(asked), "sort": "days"}),
            states=[(state, label(state, edges)) for state in State],
            teams=teams,
            may_import=policy.may(viewer, "import_portfolio"),
        )
    )


@get("/portfolio/debtors/{debtor_id:int}")
async def debtor_page(
    debtor_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """One debtor."""
    async with db.reading() as tx:
        found = await dossier.dossier_of(tx, viewer, debtor_id, clock.now())
    return html(
        page("portfolio/debtor.html", viewer=viewer, debtor=found, may_reveal=policy.may(viewer, "reveal_document"))
    )


@get("/portfolio/accounts/{account_id:int}")
async def account_page(
    account_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """An account stands on the page of its debtor."""
    async with db.reading() as tx:
        debtor_id = await dossier.debtor_of(tx, viewer, account_id)
    return Redirect(f"/portfolio/debtors/{debtor_id}#account-{account_id}", status_code=303)


def _address(asked: search.Asked) -> dict[str, str]:
    every = {"q": asked.q, "state": asked.state, "team": asked.team, "sort": asked.sort}
    return {name: str(value) for name, value in every.items() if value}


async def _teams(tx: Tx, viewer: Viewer) -> list[tuple[int, str]]:
    wanted = select(Team.id, Team.name).order_by(Team.name)
    if not viewer.sees_all:
        wanted = wanted.where(Team.id.in_(viewer.team_ids))
    return [(number, name) for number, name in await tx.execute(wanted)]


routes = [portfolio_page, debtor_page, account_page]
