"""The bot at work, for who leads: its dialogues live and step by step, the night in numbers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from console import clock
from console.agents import Viewer
from console.bots import conduct, record
from console.bots.pushes import parts_of, read_board
from console.bots.spoken import action_words, deed_words
from console.bots.words import rule_words
from console.db import Database
from console.errors import Refused
from console.forms import html, read_form, whole
from console.inbox import assign, policy, queries
from console.languages.words import Words
from console.settings import Settings
from console.settings_pages.answers import back_to, known_id, show

PAGE = "/bot"
PAUSES = {"hour": timedelta(hours=1), "night": timedelta(hours=12)}


@get(PAGE)
async def board(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Everything at a glance; `?session=` opens one dialogue step by step, at `&step=` (from 1)."""
    policy.require(viewer, "edit_bot")
    asked = request.query_params.get("session")
    step = whole(request.query_params["step"], "step") if request.query_params.get("step") else 1
    async with db.reading() as tx:
        head = await queries.head(tx)
        chosen = known_id(whole(asked, "session")) if asked else None
        shown = await read_board(tx, viewer, chosen=chosen, currency=settings.currency)
        if chosen is None:
            chosen = shown["chosen"] = next((one.id for one in (*shown["live"], *shown["ended"])), None)
        opened, steps = await record.replay(tx, viewer, chosen) if chosen is not None else (None, [])
    return show(
        "bot/board.html",
        viewer,
        **shown,
        head=head,
        opened=opened,
        steps=steps,
        at_step=max(1, min(step, len(steps))),
        action_words=action_words,
        deed_words=deed_words,
        rule_words=rule_words,
    )


@get(PAGE + "/parts")
async def board_parts(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """The parts of the page, for one that missed something."""
    policy.require(viewer, "edit_bot")
    asked = request.query_params.get("session")
    chosen = known_id(whole(asked, "session")) if asked else None
    async with db.reading() as tx:
        shown = await read_board(tx, viewer, chosen=chosen, currency=settings.currency)
    return html("\n".join(parts_of(shown)[None].values()))


@post(PAGE + "/sessions/{session_id:int}/takeover", status_code=303)
async def take_over(
    session_id: FromPath[int], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[Any]:
    """Become the holder of the conversation, and go there; the bot yields at once."""
    policy.require(viewer, "edit_bot")
    async with db.transaction() as tx:
        session, _steps = await record.replay(tx, viewer, known_id(session_id))
        conversation = await queries.open_conversation(tx, viewer, session.conversation_id)
        await assign.claim(tx, conversation, by=viewer)
    return back_to(f"/inbox/{session.conversation_id}")


@post(PAGE + "/pause", status_code=303)
async def pause(
    request: Request[Any, Any, Any], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[Any]:
    """Let the bot of a team be silent for `for` (hour, night), or speak again (nothing)."""
    form = await read_form(request)
    team_id, length = whole(form.get("team"), "team"), form.get("for", "")
    policy.require_for_team(viewer, "edit_bot", team_id)
    if length and length not in PAUSES:
        raise Refused(422, Words("Elija por cuánto tiempo."), code="invalid", field="for")
    until = clock.now() + PAUSES[length] if length else None
    async with db.transaction() as tx:
        await conduct.change(tx, team_id, by=viewer, paused_until=until)
    return back_to(PAGE)


routes = [board, board_parts, take_over, pause]
