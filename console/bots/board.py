"""The bot at work, for who leads: its dialogues live and step by step, the night in numbers, what it did not grasp."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from console import clock
from console.agents import Viewer
from console.bots import conduct, morning, record
from console.bots.handing import REASONS
from console.bots.record import SessionView
from console.bots.spoken import action_words, deed_words
from console.bots.words import LABEL_WORDS, rule_words
from console.db import Database, Tx
from console.errors import Refused
from console.forms import read_form, whole
from console.inbox import assign, policy, queries
from console.languages.words import Words
from console.render import fragment
from console.settings import Settings
from console.settings_pages.answers import back_to, known_id, show

PAGE = "/bot"
A_NIGHT = timedelta(hours=24)
MOST_LEFT = 4
"""Of what waits for people, as many as are shown here; the rest has a page."""
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
    since = clock.now() - A_NIGHT
    async with db.reading() as tx:
        live, ended = await _sessions(tx, viewer, since)
        chosen = known_id(whole(asked, "session")) if asked else next((one.id for one in (*live, *ended)), None)
        opened, steps = await record.replay(tx, viewer, chosen) if chosen is not None else (None, [])
        night = await record.night_of(tx, viewer, since=since)
        left = await morning.left_to_people(tx, viewer, clock.now())
        phrases = await record.unclear(tx, viewer, limit=20)
        labelled = await record.labelled(tx, viewer)
        teams = await conduct.teams_of(tx, viewer)
        rules = {team_id: await conduct.rules_of(tx, team_id) for team_id, _name in teams}
    return show(
        "bot/board.html",
        viewer,
        live=live,
        ended=ended,
        chosen=chosen,
        opened=opened,
        steps=steps,
        at_step=max(1, min(step, len(steps))),
        night=night,
        left=left[:MOST_LEFT],
        more=max(0, len(left) - MOST_LEFT),
        phrases=phrases,
        labelled=len(labelled),
        teams=[(team_id, name, rules[team_id]) for team_id, name in teams],
        moment=clock.now(),
        currency=settings.currency,
        reasons=REASONS,
        labels=LABEL_WORDS,
        action_words=action_words,
        deed_words=deed_words,
        rule_words=rule_words,
    )


@get(PAGE + "/sessions")
async def sessions_now(
    request: Request[Any, Any, Any], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[str]:
    """The lists of dialogues as they are now: what the open page reads again and again."""
    policy.require(viewer, "edit_bot")
    asked = request.query_params.get("session")
    async with db.reading() as tx:
        live, ended = await _sessions(tx, viewer, clock.now() - A_NIGHT)
    chosen = known_id(whole(asked, "session")) if asked else None
    html = fragment("bot/_sessions.html", live=live, ended=ended, chosen=chosen, reasons=REASONS)
    return Response(html, media_type="text/html")


async def _sessions(tx: Tx, viewer: Viewer, since: datetime) -> tuple[list[SessionView], list[SessionView]]:
    live = await record.sessions_of(tx, viewer, live=True)
    return live, await record.sessions_of(tx, viewer, live=False, since=since)


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


@post(PAGE + "/phrases/{step_id:int}", status_code=303)
async def label_phrase(
    request: Request[Any, Any, Any],
    step_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Say what a phrase meant."""
    policy.require(viewer, "edit_bot")
    form = await read_form(request)
    async with db.transaction() as tx:
        await record.label(tx, known_id(step_id), by=viewer, label=form.get("label", ""))
    return back_to(PAGE + "#phrases")


@get(PAGE + "/phrases.tsv")
async def phrases_file(
    db: NamedDependency[Database], settings: NamedDependency[Settings], viewer: NamedDependency[Viewer]
) -> Response[str]:
    """The labelled phrases as `make train` reads them (console/bots/phrases). Digits are hidden: nobody's document."""
    policy.require(viewer, "edit_bot")
    async with db.reading() as tx:
        found = await record.labelled(tx, viewer)
    lines = ["text\tlabels\tcountry", *(f"{text}\t{label}\t{settings.country}" for text, label in found)]
    return Response(
        "\n".join(lines) + "\n",
        media_type="text/tab-separated-values; charset=utf-8",
        headers={"content-disposition": 'attachment; filename="frases.tsv"'},
    )


routes = [board, sessions_now, take_over, pause, label_phrase, phrases_file]
