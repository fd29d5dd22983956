"""How the bot behaves for a team, for who leads it: when it speaks, what it asks, how much it may say."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency

from console.agents import Viewer
from console.bots import conduct, right_party
from console.bots.models import BotRules, Mode
from console.bots.texts import TONES
from console.db import Database
from console.errors import Refused
from console.forms import read_form, whole
from console.inbox import policy
from console.languages.words import Words
from console.settings_pages.answers import back_to, show
from console.settings_pages.change_lines import Terms, among, counted, moment, newest

PAGE = "/bot/settings"
ASKS = {
    right_party.LAST_FOUR: Words("Pregunta los 4 últimos del documento"),
    right_party.BIRTH_YEAR: Words("Pregunta el año de nacimiento"),
}
MODES = {
    Mode.AFTER_HOURS: Words("Fuera de horario"),
    Mode.UNANSWERED: Words("Fuera de horario, y cuando nadie contesta"),
    Mode.ALWAYS: Words("Siempre primero"),
    Mode.OFF: Words("Nunca"),
}
NUMBERS = {
    "unanswered_minutes": (Words("Responde si nadie contestó en"), Words("minutos")),
    "quiet_minutes": (Words("Calla después de que hable una persona"), Words("minutos")),
    "tries": (Words("Intentos de identidad"), Words("intentos")),
    "verified_days": (Words("Un número verificado vale"), Words("días")),
    "stale_hours": (Words("Avisa que el dato es antiguo después de"), Words("horas")),
    "most_replies": (Words("Respuestas por conversación, a lo más"), Words("respuestas")),
    "most_a_night": (Words("Respuestas por noche, a lo más"), Words("respuestas")),
    "reply_price_minor": (Words("Costo de una respuesta"), Words("centésimos")),
}

TERMS = Terms(
    fields={
        **{name: label for name, (label, _unit) in NUMBERS.items()},
        "helpline": Words("Línea de ayuda ante señales de peligro"),
        "methods": Words("Medios de pago"),
        "mode": Words("Cuándo responde"),
        "paused_until": Words("Callado hasta"),
        "questions": Words("Preguntas"),
        "tone": Words("Tono"),
    },
    said={
        **{name: counted(unit) for name, (_label, unit) in NUMBERS.items()},
        "helpline": among({}, none=Words("la del país")),
        "methods": among({}),
        "mode": among(MODES),
        "paused_until": moment,
        "questions": among(ASKS, none=Words("ninguna")),
        "tone": among(TONES),
    },
)


@get(PAGE)
async def conduct_page(
    request: Request[Any, Any, Any], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[Any]:
    """The rules of `?team=`, or of the viewer's first team."""
    policy.require(viewer, "edit_bot")
    asked = request.query_params.get("team")
    saved = "saved" in request.query_params
    return await _show(db, viewer, whole(asked, "team") if asked else None, saved=saved)


@post(PAGE, status_code=200)
async def change_conduct(
    request: Request[Any, Any, Any], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[Any]:
    """Change them; a refusal shows what was typed and why not."""
    form = await read_form(request)
    team_id = whole(form.get("team"), "team")
    policy.require_for_team(viewer, "edit_bot", team_id)
    try:
        values: dict[str, Any] = {name: whole(form.get(name), NUMBERS[name][0]) for name in NUMBERS}
        values |= {name: form.get(name, "") for name in ("mode", "tone", "helpline", "methods")}
        values["questions"] = [name for name in ASKS if form.get(name) == "1"]
        version = whole(form.get("version"), "version")
        async with db.transaction() as tx:
            await conduct.change(tx, team_id, by=viewer, version=version, **values)
    except Refused as refused:
        if refused.status not in {409, 422}:
            raise
        return await _show(db, viewer, team_id, typed=form, refused=refused)
    return back_to(f"{PAGE}?team={team_id}&saved=1")


async def _show(
    db: Database,
    viewer: Viewer,
    team_id: int | None,
    *,
    typed: dict[str, str] | None = None,
    refused: Refused | None = None,
    saved: bool = False,
) -> Response[Any]:
    async with db.reading() as tx:
        teams = await conduct.teams_of(tx, viewer)
        chosen = team_id if team_id is not None else next((number for number, _name in teams), 0)
        if chosen not in dict(teams):
            raise Refused(403, Words("Solo puede ver lo de sus equipos."), code="forbidden")
        rules = await conduct.rules_of(tx, chosen)
        history = await newest(tx, ("bot.rules_changed",), TERMS, subjects=(f"team:{chosen}",))
    return show(
        "bot/settings.html",
        viewer,
        status=refused.status if refused else 200,
        team=chosen,
        teams=teams,
        typed=typed or _written(rules),
        version=rules.version,
        modes=MODES,
        tones=TONES,
        numbers=NUMBERS,
        questions=ASKS,
        problem=refused,
        saved=saved,
        history=history,
    )


def _written(rules: BotRules) -> dict[str, str]:
    values = {name: str(getattr(rules, name)) for name in NUMBERS}
    values |= {name: getattr(rules, name) or "" for name in ("mode", "tone", "helpline", "methods")}
    return values | dict.fromkeys(rules.questions, "1")


routes = [conduct_page, change_conduct]
