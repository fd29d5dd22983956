"""What the bot says, for who leads: each text by tone and country, with its variables, a preview and its versions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from sqlalchemy import select

from console.agents import Agent, Viewer
from console.bots import wording
from console.bots.models import BotText
from console.bots.texts import COUNTRIES, TONES, known, source_of, texts_of, to_check, variables_of
from console.db import Database
from console.errors import Refused, not_found
from console.evidence import readable
from console.forms import read_form
from console.inbox import policy
from console.languages.words import Words
from console.settings import Settings
from console.settings_pages.answers import back_to, show
from console.settings_pages.change_lines import ChangeLine, Fact

PAGE = "/bot/texts"
# What a preview fills blanks with: invented.
SAMPLE = {
    "nombre": "María",
    "cuenta": "Préstamo C-09117",
    "vencido": "S/ 268.90",
    "saldo": "S/ 412.50",
    "monto": "S/ 268.90",
    "vence": "9 de noviembre",
    "dias": "12 días",
    "fecha": "30 de noviembre",
    "hasta": "28 de noviembre",
    "enlace": "https://pagos.example/p/ejemplo",
    "medios": "agencias y aplicación",
    "numero": "R-0042",
    "horario": "de lunes a viernes de 8:00 a 18:00",
    "abre": "el lunes desde las 8:00",
    "cuotas": "3",
}


@get(PAGE)
async def texts_page(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """The texts of `?tone=` and `?country=`; `?key=` opens one."""
    policy.require(viewer, "edit_bot")
    return await _show(db, settings, viewer, dict(request.query_params.items()))


@post(PAGE, status_code=200)
async def change_text(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Put a text in the place of the files', or (`do`: file) give theirs back; a refusal shows what was typed."""
    policy.require(viewer, "edit_bot")
    form = await read_form(request)
    key, tone, country = (form.get(name, "") for name in ("key", "tone", "country"))
    body = None if form.get("do") == "file" else form.get("body", "")
    if form.get("do") == "preview":
        return await _show(db, settings, viewer, form, typed=body)
    try:
        async with db.transaction() as tx:
            await wording.put(tx, key, tone=tone, country=country, body=body, by=viewer)
    except Refused as refused:
        if refused.status not in {409, 422}:
            raise
        return await _show(db, settings, viewer, form, typed=body, refused=refused)
    return back_to(f"{PAGE}?tone={tone}&country={country}&key={key}&saved=1")


async def _show(
    db: Database,
    settings: Settings,
    viewer: Viewer,
    asked: dict[str, str],
    *,
    typed: str | None = None,
    refused: Refused | None = None,
) -> Response[Any]:
    tone, country = asked.get("tone") or "cordial", asked.get("country") or known(settings.country)
    if tone not in TONES or country not in COUNTRIES:
        raise not_found()
    key = asked.get("key") or "saludo"
    async with db.reading() as tx:
        texts = await wording.texts_in_force(tx, tone=tone, country=country)
        if key not in texts.by_key:
            raise not_found()
        versions = await wording.versions_of(tx, key, tone=tone, country=country)
        people = {row.id: row.name for row in await tx.execute(select(Agent.id, Agent.name))}
    body = typed if typed is not None else texts.by_key[key].body
    values = {**texts.words, **SAMPLE, "empresa": settings.company}
    return show(
        "bot/texts.html",
        viewer,
        status=refused.status if refused else 200,
        tone=tone,
        country=country,
        key=key,
        texts=list(texts.by_key.values()),
        body=body,
        of_file=texts_of(tone, country).by_key[key].body,
        is_own=texts.by_key[key].version > 0,
        to_check=to_check(key),
        source=source_of(tone, country, key),
        variables=sorted(variables_of(key)),
        preview=re.sub(r"\{([a-z_]+)\}", lambda found: values.get(found[1], f"({found[1]})"), body),
        history=_changes(versions, people),
        tones=TONES,
        countries=COUNTRIES,
        problem=refused,
        saved="saved" in asked,
    )


def _changes(versions: Sequence[BotText], people: Mapping[int, str]) -> list[ChangeLine]:
    """The versions of a text, the newest first, each beside the one before it."""
    original = Words("el texto original")
    pairs = zip_longest(versions, versions[1:])
    return [
        ChangeLine(
            at=one.made_at,
            who=(who := people.get(one.made_by_id or 0, "Al Día")),
            what=readable.sentence("bot.text_changed", who, {}),
            about=f"v{one.version}",
            before=[Fact(Words("Texto"), before.body if before and before.body is not None else original)],
            after=[Fact(Words("Texto"), one.body if one.body is not None else original)],
        )
        for one, before in pairs
    ]


routes = [texts_page, change_text]
