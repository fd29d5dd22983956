"""The language of one's own screens."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from sqlalchemy import select

from console import audit
from console.agents import Agent, Viewer
from console.db import Database, Tx
from console.errors import Refused
from console.forms import read_form
from console.languages.readers import NAMES
from console.languages.words import Words
from console.settings_pages.answers import back_to, show

PAGE = "/settings/language"


@get(PAGE)
async def language_page(db: NamedDependency[Database], viewer: NamedDependency[Viewer]) -> Response[Any]:
    """What is chosen, and what there is."""
    async with db.reading() as tx:
        chosen = await tx.scalar(select(Agent.language).where(Agent.id == viewer.id))
    return show("settings/language.html", viewer, chosen=chosen, languages=NAMES)


@post(PAGE, status_code=303)
async def choose_language(
    request: Request[Any, Any, Any], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[Any]:
    """Take `language` for one's own, in every browser; empty for that of each sign-in."""
    wanted = (await read_form(request)).get("language", "")
    if wanted and wanted not in NAMES:
        raise Refused(422, Words("Elija uno de los idiomas de la lista."), code="invalid", field="language")
    async with db.transaction() as tx:
        await choose(tx, viewer, wanted or None)
    return back_to(PAGE)


async def choose(tx: Tx, viewer: Viewer, language: str | None) -> None:
    """Records agent.language_chosen, if it is another one. None: that of each sign-in."""
    agent = await tx.get_one(Agent, viewer.id, with_for_update=True)
    if agent.language == language:
        return
    told = {"language": agent.language}
    agent.language = language
    audit.record(
        tx, viewer.actor, "agent.language_chosen", subject=f"agent:{agent.id}", old=told, new={"language": language}
    )


routes = [language_page, choose_language]
