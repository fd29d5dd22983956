"""Talking to the bot as if one were a debtor, at any time: nothing is sent, kept or done."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from sqlalchemy import select

from console import clock
from console.agents import Viewer
from console.bots import conduct, places, wording
from console.bots.rehearsal import Rehearsed, rehearse
from console.bots.spoken import action_words, deed_words
from console.bots.texts import COUNTRIES, TONES, known
from console.bots.words import LABEL_WORDS, rule_words
from console.db import Database, Tx
from console.errors import Refused
from console.forms import read_form, whole
from console.inbox import policy
from console.languages.words import Words
from console.portfolio.models import Account, Debtor
from console.settings import Settings
from console.settings_pages.answers import show

PAGE = "/bot/try"
MOST_SAID = 30
FURTHEST = timedelta(days=3660)
"""From now: further away there is no calendar of holidays to ask, and at its very end no tomorrow."""
MOST_DEBTORS = 60
LONGEST = 4096


class Asked(msgspec.Struct, frozen=True):
    """Who speaks (None: a number nobody knows), when, to which team's bot and in which tone, and what was said."""

    debtor_id: int | None
    moment: datetime
    team_id: int
    tone: str
    country: str
    said: list[str]


@get(PAGE)
async def try_page(
    db: NamedDependency[Database], settings: NamedDependency[Settings], viewer: NamedDependency[Viewer]
) -> Response[Any]:
    """An empty dialogue, now."""
    policy.require(viewer, "edit_bot")
    return await _show(db, settings, viewer, {})


@post(PAGE, status_code=200)
async def say(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """The dialogue with one more bubble. The page holds what was said; everything is thought anew each time."""
    policy.require(viewer, "edit_bot")
    return await _show(db, settings, viewer, await read_form(request))


async def _show(db: Database, settings: Settings, viewer: Viewer, form: dict[str, str]) -> Response[Any]:
    refused: Refused | None = None
    turns: list[tuple[str, Rehearsed]] = []
    asked: Asked | None = None
    async with db.reading() as tx:
        teams = await conduct.teams_of(tx, viewer)
        debtors = await _debtors(tx, viewer)
        try:
            asked = _asked(form, teams, {number for number, _name in debtors}, settings)
            turns = await _turns(tx, settings, asked)
        except Refused as problem:
            if problem.status != 422:
                raise
            refused = problem
    now = clock.now().astimezone(settings.zone)
    return show(
        "bot/try.html",
        viewer,
        status=refused.status if refused else 200,
        asked=asked,
        typed=form,
        turns=turns,
        said="\n".join(asked.said) if asked else form.get("said", ""),
        at=form.get("at") or now.strftime("%Y-%m-%dT%H:%M"),
        teams=teams,
        debtors=debtors,
        tones=TONES,
        countries=COUNTRIES,
        country=asked.country if asked else known(settings.country),
        problem=refused,
        labels=LABEL_WORDS,
        action_words=action_words,
        deed_words=deed_words,
        rule_words=rule_words,
    )


def _asked(form: dict[str, str], teams: list[tuple[int, str]], debtors: set[int], settings: Settings) -> Asked:
    team_id = whole(form["team"], "team") if form.get("team") else next((number for number, _name in teams), 0)
    debtor_id = whole(form["debtor"], "debtor") if form.get("debtor") else None
    if team_id not in {number for number, _name in teams}:
        raise Refused(422, Words("Elija uno de sus equipos."), code="invalid", field="team")
    if debtor_id is not None and debtor_id not in debtors:
        raise Refused(422, Words("Elija a alguien de la lista."), code="invalid", field="debtor")
    said = [line for line in form.get("said", "").replace("\r\n", "\n").split("\n") if line]
    text = " ".join(form.get("text", "").split())
    said = [*said, text] if text else said
    if len(said) > MOST_SAID or any(len(line) > LONGEST for line in said):
        raise Refused(
            422,
            Words("Pruebe con hasta {most_said} mensajes de {longest} letras.", most_said=MOST_SAID, longest=LONGEST),
            code="invalid",
            field="text",
        )
    try:
        moment = datetime.fromisoformat(form["at"]).replace(tzinfo=settings.zone) if form.get("at") else clock.now()
    except ValueError:
        moment = None
    if moment is None or abs(moment - clock.now()) > FURTHEST:
        raise Refused(422, Words("Elija un día y una hora."), code="invalid", field="at")
    return Asked(debtor_id, moment, team_id, form.get("tone", ""), form.get("country", known(settings.country)), said)


async def _turns(tx: Tx, settings: Settings, asked: Asked) -> list[tuple[str, Rehearsed]]:
    rules = await conduct.rules_of(tx, asked.team_id)
    texts = await wording.texts_in_force(tx, tone=asked.tone or rules.tone, country=asked.country)
    can_link = settings.payments_provider is not None
    place = await places.place_of(tx, settings, asked.team_id, asked.moment, can_link=can_link)
    turns: list[tuple[str, Rehearsed]] = []
    for line in asked.said:
        before = turns[-1][1] if turns else None
        turn = await rehearse(
            tx,
            asked.debtor_id,
            [line],
            place=place,
            rules=rules,
            texts=texts,
            moment=asked.moment,
            memory=before.memory if before else None,
            proved_id=before.proved_id if before else None,
            done=[deed for _line, earlier in turns for deed in earlier.deeds],
        )
        turns.append((line, turn))
    return turns


async def _debtors(tx: Tx, viewer: Viewer) -> list[tuple[int, str]]:
    """Debtors whom `viewer` may see, by name."""
    seen = select(Account.debtor_id).where(policy.visible_accounts(viewer))
    wanted = select(Debtor.id, Debtor.name).where(Debtor.id.in_(seen)).order_by(Debtor.name_key).limit(MOST_DEBTORS)
    return [(number, name) for number, name in await tx.execute(wanted)]


routes = [try_page, say]
