"""/not-me: the link of a letter. Looking at it does nothing (mail is looked at by machines); confirming it does."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from console.db import Database
from console.render import page
from console.settings import Settings
from console.settings_pages.session_lines import browser_in_words
from console.sign_in import address_of, door_of, language_of
from console.sign_in_letters import keeping
from console.sign_in_letters.models import SignInLetter
from console.sign_in_letters.writing import PAGE, in_words

_STATUS = {"ask": 200, "done": 200, "forged": 404, "over": 410}


@get(PAGE + "/{link:str}", opt={"public": True})
async def look(
    link: FromPath[str],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
) -> Response[str]:
    """What happened, and the button; 404 for a link we did not make, 410 for one that was used or is too old."""
    async with db.reading() as tx:
        letter = await keeping.found(tx, link, key=settings.secret_key)
    state = "forged" if letter is None else "ask" if keeping.is_good(letter) else "over"
    return _page(request, settings, state, link, letter)


@post(PAGE + "/{link:str}", status_code=200, opt={"public": True})
async def confirm(
    link: FromPath[str],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
) -> Response[str]:
    """It was not them: end everything, once. Answers like the page before."""
    async with db.transaction() as tx:
        letter = await keeping.found(tx, link, key=settings.secret_key)
        is_done = letter is not None and await keeping.disown(tx, letter, by=door_of(address_of(request)))
    state = "done" if is_done else "forged" if letter is None else "over"
    return _page(request, settings, state, link, letter)


def _page(
    request: Request[Any, Any, Any], settings: Settings, state: str, link: str, letter: SignInLetter | None
) -> Response[str]:
    language = letter.language if letter else language_of(request, settings)
    content = page(
        "sign_in/not_me.html",
        reader=language,
        company=settings.company,
        state=state,
        action=f"{PAGE}/{link}" if state == "ask" else None,
        when=in_words(letter.signed_in_at, settings, language) if letter else None,
        browser=browser_in_words(letter.user_agent) if letter else None,
        origin=letter.address if letter else None,
        provider=settings.oidc_name if settings.oidc_issuer else None,
    )
    return Response(content, status_code=_STATUS[state], media_type="text/html")


routes = [look, confirm]
