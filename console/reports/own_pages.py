"""What belongs to the numbers and is not one: Meta's prices, and the daily summary one wants."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from console.agents import Viewer
from console.db import Database
from console.errors import Refused
from console.forms import html, read_form
from console.inbox import policy
from console.render import page
from console.reports import rates, summary
from console.reports.costs import CATEGORIES
from console.settings import Settings
from console.settings_pages.change_lines import Terms, newest

PAGE = "/reports/rates"


@get(PAGE)
async def rates_page(
    db: NamedDependency[Database], settings: NamedDependency[Settings], viewer: NamedDependency[Viewer]
) -> Response[Any]:
    """The prices in force."""
    policy.require(viewer, "edit_rates")
    return await _show(db, settings, viewer)


@post(PAGE, status_code=200)
async def change_rates(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Change them; a refusal shows what was typed and why not."""
    policy.require(viewer, "edit_rates")
    typed = await read_form(request)
    try:
        async with db.transaction() as tx:
            await rates.change(tx, by=viewer, typed=typed)
    except Refused as refused:
        return await _show(db, settings, viewer, typed=typed, refused=refused)
    return await _show(db, settings, viewer, saved=True)


@post("/reports/summary", status_code=303)
async def daily_summary(
    request: Request[Any, Any, Any], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[Any]:
    """Ask for the daily summary by mail, or for no more of them."""
    policy.require(viewer, "read_reports")
    form = await read_form(request)
    async with db.transaction() as tx:
        await summary.subscribe(tx, by=viewer, wanted=form.get("wanted") == "1")
    return Redirect("/reports", status_code=303)


async def _show(
    db: Database,
    settings: Settings,
    viewer: Viewer,
    *,
    typed: dict[str, str] | None = None,
    refused: Refused | None = None,
    saved: bool = False,
) -> Response[Any]:
    async with db.reading() as tx:
        known = await rates.rates_of(tx)
        history = await newest(tx, ("rates.updated",), terms(settings.currency))
    values = {name: (typed or {}).get(name, rates.written(known.get(name))) for name in CATEGORIES}
    shown = page(
        "reports/rates.html",
        viewer=viewer,
        categories=CATEGORIES,
        values=values,
        currency=settings.currency,
        problem=refused,
        saved=saved,
        history=history,
    )
    return html(shown, status=refused.status if refused else 200)


def terms(currency: str) -> Terms:
    """How this page tells what was changed on it."""

    def price(micro: int) -> str:
        return f"{rates.written(micro)} {currency}"

    return Terms(fields=CATEGORIES, said=dict.fromkeys(CATEGORIES, price))


routes = [rates_page, change_rates, daily_summary]
