"""How soon people are to be answered, for who leads: one team and account state at a time, and what holds in all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from sqlalchemy import select

from console.agents import Team, Viewer
from console.db import Database
from console.errors import Refused
from console.forms import read_form, whole
from console.hours.models import COMPANY
from console.inbox import policy
from console.languages.words import Words
from console.portfolio.models import PortfolioRules
from console.portfolio.states import Edges, State, label
from console.settings_pages.answers import back_to, show
from console.settings_pages.change_lines import Terms, among, newest
from console.targets import keeping
from console.targets.book import book_in_force
from console.targets.clocks import Allowed, Book
from console.targets.keeping import Wish
from console.targets.models import EVERY_STATE, Kind

PAGE = "/settings/targets"
KINDS = {
    Kind.FIRST: (
        Words("Primera respuesta"),
        Words("desde que la persona escribe hasta que alguien del equipo le contesta"),
    ),
    Kind.NEXT: (Words("Respuestas siguientes"), Words("cada vez que la persona vuelve a escribir")),
    Kind.RESOLUTION: (Words("Resolución"), Words("desde que se abre la conversación hasta que se resuelve")),
}
_LENGTH = re.compile(r"(?:(\d{1,4})\s*h(?:oras?)?)?\s*(?:(\d{1,5})\s*(?:m|min|minutos?)?)?")


def read_length(text: str, field: str) -> int | None:
    """`15`, `15 min`, `8 h`, `1 h 30` as minutes; nothing is None. Refuses: 422 naming `field`."""
    text = text.strip().lower()
    if not text:
        return None
    match = _LENGTH.fullmatch(text)
    if match is None or not any(match.groups()):
        said = Words("No se entiende «{text}»: escriba por ejemplo 15 min, 8 h o 1 h 30.", text=text[:30])
        raise Refused(422, said, code="invalid", field=field)
    hours, minutes = (int(number or 0) for number in match.groups())
    return hours * 60 + minutes


def write_length(minutes: int) -> str:
    """Minutes as people type them; the inverse of `read_length`."""
    hours, rest = divmod(minutes, 60)
    return " ".join([*([f"{hours} h"] if hours else []), *([f"{rest} min"] if rest or not hours else [])])


@get(PAGE)
async def targets_page(
    request: Request[Any, Any, Any], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[Any]:
    """The targets of `?team=` and `?state=`; without them those of all."""
    policy.require(viewer, "edit_targets")
    asked = request.query_params
    own = COMPANY if viewer.sees_all else min(viewer.team_ids, default=COMPANY)
    team_id = whole(asked["team"], "team") if asked.get("team") else own
    return await _show(db, viewer, team_id, asked.get("state", EVERY_STATE), saved="saved" in asked)


@post(PAGE, status_code=200)
async def change_targets(
    request: Request[Any, Any, Any], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[Any]:
    """Change them; a refusal shows what was typed and why not."""
    policy.require(viewer, "edit_targets")
    form = await read_form(request)
    team_id, state = whole(form.get("team"), "team"), form.get("state", EVERY_STATE)
    try:
        wishes = {kind: _wish(form, kind) for kind in Kind}
        async with db.transaction() as tx:
            await keeping.set_targets(tx, by=viewer, team_id=team_id, account_state=state, wishes=wishes)
    except Refused as refused:
        if refused.status != 422 or refused.field in {"team", "account_state"}:
            raise
        return await _show(db, viewer, team_id, state, typed=form, refused=refused)
    return back_to(f"{PAGE}?team={team_id}&state={state}&saved=1")


def _wish(form: Mapping[str, str], kind: Kind) -> Wish | None:
    due = read_length(form.get(f"{kind}_due", ""), f"{kind}_due")
    warns = read_length(form.get(f"{kind}_warns", ""), f"{kind}_warns")
    if due is None and warns is None:
        return None
    if due is None:
        raise Refused(422, Words("Escriba también el plazo."), code="invalid", field=f"{kind}_due")
    # Who says nothing is warned when a fifth of the time is left.
    return Wish(due * 4 // 5 if warns is None else warns, due)


async def _show(
    db: Database,
    viewer: Viewer,
    team_id: int,
    state: str,
    *,
    typed: Mapping[str, str] | None = None,
    refused: Refused | None = None,
    saved: bool = False,
) -> Response[Any]:
    async with db.reading() as tx:
        teams = [(team.id, team.name) for team in await tx.scalars(select(Team).order_by(Team.name))]
        rules = (await tx.execute(select(PortfolioRules.first_edge, PortfolioRules.second_edge))).one_or_none()
        book = await book_in_force(tx)
        history = await newest(tx, ("targets.updated",), terms(), subjects=(f"targets:{team_id}",))
    # Whoever leads a team may know the company's; those of other teams are not theirs to see.
    seen = [(number, name) for number, name in teams if viewer.sees_all or number in viewer.team_ids]
    if team_id != COMPANY and team_id not in dict(seen):
        raise Refused(403, Words("Solo puede ver lo de sus equipos."), code="forbidden")
    edges = Edges(*rules) if rules else Edges()
    states = [(EVERY_STATE, Words("Cualquier estado")), *((one.value, label(one, edges)) for one in State)]
    if state not in dict(states):
        raise Refused(422, Words("Ese estado de cuenta no existe."), code="invalid", field="account_state")
    return show(
        "settings/targets.html",
        viewer,
        status=refused.status if refused else 200,
        team=team_id,
        teams=[(COMPANY, Words("Toda la empresa")), *seen],
        state=state,
        states=states,
        may_change=viewer.sees_all or team_id in viewer.team_ids,
        kinds=[(kind.value, *words) for kind, words in KINDS.items()],
        typed=typed or _own(book, team_id, state),
        inherited={kind.value: _written(book.allowed(team_id, state, kind)) for kind in Kind},
        in_force=[(name, [_written(book.allowed(team_id, key, kind)) for kind in Kind]) for key, name in states],
        problem=refused,
        saved=saved,
        history=history,
    )


def terms() -> Terms:
    """How this page tells what was changed on it."""
    states = {EVERY_STATE: Words("Cualquier estado"), **{state.value: label(state) for state in State}}
    names = {kind.value: words[0] for kind, words in KINDS.items()}
    return Terms(
        fields={**names, "state": Words("Estado de cuenta")},
        said={**dict.fromkeys(names, _kept), "state": among(states)},
        always=frozenset({"state"}),
    )


def _kept(value: list[int] | None) -> str:
    """A target as the history has it: minutes to the warning and to the limit."""
    if value is None:
        return Words("lo general")
    warns, due = map(write_length, value)
    return Words("{due}, aviso a los {warns}", due=due, warns=warns)


def _own(book: Book, team_id: int, state: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for kind in Kind:
        allowed = book.targets.get((team_id, state, kind))
        if allowed is not None:
            found[f"{kind}_due"], found[f"{kind}_warns"] = _written(allowed)
    return found


def _written(allowed: Allowed | None) -> tuple[str, str]:
    """The limit and the warning, as they are typed."""
    if allowed is None:
        return "", ""
    due, warns = (write_length(int(length.total_seconds()) // 60) for length in (allowed.due, allowed.warns))
    return due, warns


routes = [targets_page, change_targets]
