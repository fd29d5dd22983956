"""The word lists in the settings: by country, what is looked for, and what a phrase would have marked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response, get, post
from litestar.di import NamedDependency

from console.agents import Viewer
from console.db import Database
from console.errors import Refused
from console.forms import read_form
from console.inbox import policy
from console.languages.words import Words
from console.settings import Settings
from console.settings_pages.answers import back_to, show
from console.settings_pages.change_lines import Terms, among, newest
from console.word_lists import keeping, reading
from console.word_lists.matching import COUNTRIES, EVERYWHERE, KINDS, phrases

PAGE = "/settings/words"
TERMS = Terms(
    fields={
        "country": Words("País"),
        "in_force": Words("Se busca"),
        "kind": Words("Clase"),
        "phrase": Words("Frase"),
    },
    said={"country": among(COUNTRIES), "kind": among(KINDS), "phrase": str},
    always=frozenset({"country", "kind", "phrase"}),
)
DONE = {
    "on": Words("Desde ahora se busca esa frase."),
    "off": Words("Esa frase ya no se busca."),
    "same": Words("Así estaba: no cambió nada."),
}


@get(PAGE)
async def words_page(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """The lists of `?country=`, the business's own unless another is asked for."""
    policy.require(viewer, "edit_quality")
    country = request.query_params.get("country", settings.country)
    done = DONE.get(request.query_params.get("done", ""), "")
    return await _show(db, viewer, {"country": country if country in COUNTRIES else EVERYWHERE}, done=done)


@post(PAGE, status_code=303)
async def change_words(
    request: Request[Any, Any, Any], db: NamedDependency[Database], viewer: NamedDependency[Viewer]
) -> Response[Any]:
    """Put a phrase in force (`do=on`) or out of it (`do=off`), or only say what it would have marked (`do=preview`)."""
    policy.require(viewer, "edit_quality")
    typed = await read_form(request)
    country, kind, words = (typed.get(name, "") for name in ("country", "kind", "phrase"))
    try:
        if typed.get("do") == "preview":
            phrase = keeping.checked(country, kind, words)
            async with db.reading() as tx:
                count = await reading.would_mark(tx, country, phrase)
            return await _show(db, viewer, typed, preview=count)
        is_on = typed.get("do") == "on"
        async with db.transaction() as tx:
            changed = await keeping.put(tx, by=viewer, country=country, kind=kind, words=words, is_on=is_on)
    except Refused as refused:
        if refused.status != 422:
            raise
        known = {**typed, "country": country if country in COUNTRIES else EVERYWHERE}
        return await _show(db, viewer, known, problem=refused)
    done = ("on" if is_on else "off") if changed else "same"
    return back_to(f"{PAGE}?{urlencode({'country': country, 'done': done})}")


async def _show(
    db: Database,
    viewer: Viewer,
    typed: Mapping[str, str],
    *,
    problem: Refused | None = None,
    preview: int | None = None,
    done: str = "",
) -> Response[Any]:
    country = typed["country"]
    async with db.reading() as tx:
        lists = phrases(country, await reading.choices(tx))
        history = await newest(tx, ("word_list.changed",), TERMS)
    return show(
        "word_lists/words.html",
        viewer,
        status=problem.status if problem else 200,
        country=country,
        countries=COUNTRIES,
        kinds=KINDS,
        lists={kind: [one for one in lists if one.kind == kind] for kind in KINDS},
        history=history,
        days=reading.DAYS,
        typed=typed,
        problem=problem,
        preview=preview,
        done=done,
    )


routes = [words_page, change_words]
