"""The rules of the portfolio, for who leads: edges, tolerances, days of grace, limits of plans."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from sqlalchemy import func, select

from console import clock
from console.agents import Viewer
from console.db import Database
from console.errors import Refused
from console.forms import read_form, whole
from console.inbox import policy
from console.languages.joined import joined
from console.languages.words import Words
from console.portfolio import rules
from console.portfolio.models import Account
from console.portfolio.standing import rules_in_force
from console.settings import Settings
from console.settings_pages.answers import show
from console.settings_pages.change_lines import Say, Terms, newest

PAGE = "/settings/portfolio"


@get(PAGE)
async def rules_page(
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """The rules in force."""
    policy.require(viewer, "edit_rules")
    return await _show(db, settings, viewer)


@post(PAGE, status_code=200)
async def change_rules(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Change them; a refusal shows what was typed and why not."""
    policy.require(viewer, "edit_rules")
    form = await read_form(request)
    typed = {name: form.get(name, "0" if rule.kind == "choice" else "") for name, rule in rules.RULES.items()}
    version = whole(form["version"], "version") if form.get("version") else None
    try:
        async with db.transaction() as tx:
            await rules.change(
                tx, by=viewer, typed=typed, currency=settings.currency, version=version, moment=clock.now()
            )
    except Refused as refused:
        return await _show(db, settings, viewer, typed=typed, refused=refused)
    return await _show(db, settings, viewer, saved=True)


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
        now = await rules_in_force(tx)
        waiting = await tx.scalar(
            select(func.count()).select_from(Account).where(Account.next_change_at <= clock.now())
        )
        history = await newest(tx, ("rules.updated",), terms(settings.currency))
    values = {name: rules.written(rule, getattr(now, name), settings.currency) for name, rule in rules.RULES.items()}
    return show(
        "settings/portfolio.html",
        viewer,
        status=refused.status if refused else 200,
        groups=rules.GROUPS,
        values=typed or values,
        currency=settings.currency,
        version=now.version,
        problem=refused,
        saved=saved,
        waiting=waiting or 0,
        history=history,
    )


def terms(currency: str) -> Terms:
    """How this page tells what was changed on it."""
    return Terms(
        fields={name: rule.label for name, rule in rules.RULES.items()},
        said={name: _said(rule, currency) for name, rule in rules.RULES.items()},
    )


def _said(rule: rules.Rule, currency: str) -> Say:
    if rule.kind == "choice":
        return lambda value: Words("sí") if value else Words("no")
    units = {"days": Words("días"), "count": Words("cuotas"), "amount": currency, "percent": "%"}
    return lambda value: joined((rules.written(rule, value, currency), units[rule.kind]), " ")


routes = [rules_page, change_rules]
