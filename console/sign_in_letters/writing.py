"""What the letters say, in their reader's language: when, and from where. Nothing in them is somebody else's words."""

from __future__ import annotations

from datetime import datetime

import msgspec
from babel.dates import format_date

from console.agents import Agent
from console.languages.catalogues import said
from console.languages.words import Words
from console.settings import Settings
from console.settings_pages.session_lines import browser_in_words
from console.sign_in_letters.keeping import LIVES, link_of
from console.sign_in_letters.models import LetterKind, SignInLetter

PAGE = "/not-me"


class Text(msgspec.Struct, frozen=True):
    """A letter, written out."""

    subject: str
    text: str


def written(letter: SignInLetter, about: Agent, settings: Settings) -> Text:
    """The letter about a sign-in of `about`."""
    language = letter.language
    subject, *lines = (
        _to_admin(letter, about, settings) if letter.kind == LetterKind.DISOWNED else _to_owner(letter, about, settings)
    )
    return Text(str(said(subject, language)), "\n\n".join(str(said(line, language)) for line in lines) + "\n")


def _to_owner(letter: SignInLetter, about: Agent, settings: Settings) -> list[str]:
    when = in_words(letter.signed_in_at, settings, letter.language)
    until = in_words(letter.created_at + LIVES, settings, letter.language)
    link = f"{settings.base_url}{PAGE}/{link_of(letter, key=settings.secret_key)}"
    return [
        Words("Ingreso nuevo a su cuenta de {company}", company=settings.company),
        Words("Hola, {name}:", name=about.name),
        Words("El {when} ingresaron a su cuenta desde un navegador que no se conocía.", when=when)
        if letter.is_new_browser
        else Words("El {when} ingresaron a su cuenta desde una red que no se conocía.", when=when),
        Words("Navegador: {browser}", browser=browser_in_words(letter.user_agent)),
        Words("Dirección: {address}", address=letter.address),
        Words("Si fue usted, no tiene que hacer nada."),
        Words(
            "Si no fue usted, abra este enlace y confírmelo: se cierran sus sesiones y su contraseña deja de servir."
        ),
        link,
        Words("El enlace sirve una vez, hasta el {until}.", until=until),
    ]


def _to_admin(letter: SignInLetter, about: Agent, settings: Settings) -> list[str]:
    when = in_words(letter.signed_in_at, settings, letter.language)
    return [
        Words("{name} dice que un ingreso a su cuenta no fue suyo", name=about.name),
        Words("Fue el {when}, desde {address}.", when=when, address=letter.address),
        Words("Navegador: {browser}", browser=browser_in_words(letter.user_agent)),
        Words("Sus sesiones se cerraron y su contraseña ya no sirve. Hable con esa persona y dele una nueva:"),
        f"{settings.base_url}/settings/users/{about.id}",
        Words("Lo que se hizo desde esa dirección está en la auditoría:"),
        f"{settings.base_url}/audit?group=sessions",
    ]


def in_words(moment: datetime, settings: Settings, language: str) -> str:
    """A moment as the business's clock shows it, with the name of its zone."""
    local = moment.astimezone(settings.zone)
    return f"{format_date(local, 'long', locale=language)}, {local:%H:%M} ({settings.timezone})"
