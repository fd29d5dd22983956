"""What the bot did not grasp, for who leads: all of it page by page, labelled there, and the file to learn from."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from console.agents import Viewer
from console.bots import teaching
from console.bots.pushes import phrases_part, read_phrases
from console.bots.words import LABEL_KEYS, LABEL_WORDS
from console.db import Database, Tx
from console.forms import html, read_form, whole
from console.inbox import policy
from console.render import fragment
from console.settings import Settings
from console.settings_pages.answers import back_to, known_id, show

PAGE = "/bot/phrases"
MOST_LABELLED = 20
"""Of what is labelled, as many as are shown to be read over; the file has them all."""


@get(PAGE)
async def phrases_page(
    request: Request[Any, Any, Any], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[Any]:
    """All phrases that nobody has labelled, `A_PAGE` at a time; `?before=` those older than that one."""
    policy.require(viewer, "edit_bot")
    async with db.reading() as tx:
        shown = await _page_of(tx, viewer, request.query_params.get("before"))
        done = await teaching.labelled_lately(tx, viewer, limit=MOST_LABELLED)
    return show("bot/phrases.html", viewer, **shown, done=done)


@post(PAGE + "/{step_id:int}", status_code=303)
async def label_phrase(
    request: Request[Any, Any, Any],
    step_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Say what a phrase meant: a field for each label, the main one first. A script gets what is left to label.

    With `?all=1` that is the page of all of them, from `?before=` on.
    """
    policy.require(viewer, "edit_bot")
    form = await read_form(request)
    async with db.transaction() as tx:
        await teaching.label(tx, known_id(step_id), by=viewer, labels=[name for name in form if name[0:1] != "_"])
    asked = request.query_params
    if "hx-request" not in request.headers:
        before = f"?before={known_id(whole(asked['before'], 'before'))}" if asked.get("before") else ""
        return back_to(f"{PAGE}{before}" if asked.get("all") else "/bot#bot-phrases")
    async with db.reading() as tx:
        if asked.get("all"):
            return html(fragment("bot/_phrases.html", **await _page_of(tx, viewer, asked.get("before"))))
        return html(phrases_part(await read_phrases(tx, viewer)))


@get(PAGE + ".tsv")
async def phrases_file(
    db: NamedDependency[Database], settings: NamedDependency[Settings], viewer: NamedDependency[Viewer]
) -> Response[str]:
    """The labelled phrases as `make train` takes them (console/bots/phrases). Digits are hidden: nobody's document."""
    policy.require(viewer, "edit_bot")
    async with db.reading() as tx:
        found = await teaching.labelled(tx, viewer)
    lines = ["text\tlabels\tcountry", *(f"{text}\t{label}\t{settings.country}" for text, label in found)]
    return Response(
        "\n".join(lines) + "\n",
        media_type="text/tab-separated-values; charset=utf-8",
        headers={"content-disposition": 'attachment; filename="frases.tsv"'},
    )


async def _page_of(tx: Tx, viewer: Viewer, asked: str | None) -> dict[str, Any]:
    before = known_id(whole(asked, "before")) if asked else None
    found = await teaching.unclear(tx, viewer, limit=teaching.A_PAGE + 1, before=before)
    phrases = found[: teaching.A_PAGE]
    return {
        "phrases": phrases,
        "waiting": await teaching.unclear_count(tx, viewer),
        "labelled": await teaching.labelled_count(tx, viewer),
        "labels": LABEL_WORDS,
        "keys": LABEL_KEYS,
        "is_all": True,
        "before": before,
        "older": phrases[-1].step_id if len(found) > len(phrases) else None,
    }


routes = [phrases_page, label_phrase, phrases_file]
