"""The catalogues (GNU gettext): compiled when first asked for, so that there is nothing to build or to forget."""

from __future__ import annotations

import gettext
from collections.abc import Iterable
from functools import lru_cache, partial
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from jinja2 import Environment
from jinja2.ext import Extension
from jinja2.lexer import (
    TOKEN_BLOCK_END,
    TOKEN_DATA,
    TOKEN_LPAREN,
    TOKEN_NAME,
    TOKEN_RPAREN,
    TOKEN_STRING,
    Token,
    TokenStream,
)
from markupsafe import escape

from console.languages.readers import SPANISH
from console.languages.walker import Say, Walker
from console.languages.words import Shown, Words

WHOLE = frozenset(
    {
        "audit/audit.html",
        "audit/pack.html",
        "bot/board.html",
        "bot/morning.html",
        "bot/phrases.html",
        "bot/settings.html",
        "bot/texts.html",
        "bot/try.html",
        "canned/page.html",
        "consents/page.html",
        "error.html",
        "inbox/inbox.html",
        "message_templates/editor.html",
        "message_templates/list.html",
        "notifications/page.html",
        "offline.html",
        "portfolio/debtor.html",
        "portfolio/disputes.html",
        "portfolio/import.html",
        "portfolio/imports.html",
        "portfolio/list.html",
        "portfolio/payments.html",
        "privacy/privacy.html",
        "privacy/rectification.html",
        "quality/calibrations.html",
        "quality/form.html",
        "quality/pick.html",
        "quality/quality.html",
        "quality/trend.html",
        "reports/rates.html",
        "reports/report.html",
        "reports/rows.html",
        "scheduling/page.html",
        "settings/dead_letters.html",
        "settings/dispositions.html",
        "settings/hours.html",
        "settings/language.html",
        "settings/number.html",
        "settings/password.html",
        "settings/person.html",
        "settings/portfolio.html",
        "settings/retention.html",
        "settings/reviews.html",
        "settings/role.html",
        "settings/roles.html",
        "settings/routing.html",
        "settings/second_factor.html",
        "settings/sessions.html",
        "settings/sign_in.html",
        "settings/tags.html",
        "settings/targets.html",
        "settings/tokens.html",
        "settings/users.html",
        "settings/webhook.html",
        "settings/webhooks.html",
        "sign_in/login.html",
        "sign_in/not_me.html",
        "sign_in/setup.html",
        "supervision/floor.html",
        "word_lists/words.html",
    }
)
"""The pages that every catalogue has all words of. Any other is shown in Spanish to everybody, never in two."""


PARTS: tuple[str, ...] = (
    "audit/_pack.html",
    "bot/_sessions.html",
    "bulk_jobs/*.html",
    "inbox/*.html",
    "message_templates/_file.html",
    "portfolio/*_form.html",
    "portfolio/_*.html",
    "portfolio/dispute_decision.html",
    "portfolio/plan_*.html",
    "routing/*.html",
    "saved_views/*.html",
    "search/*.html",
    "supervision/*.html",
)
"""What doors put into whole pages afterwards (patterns): it is in the language of the page that asks for it."""


def path(language: str, room: str) -> Path:
    """Where the catalogue of a language for a room is: each has its own, so that people do not collide in one file."""
    return _folder(language) / f"{room}.po"


def rooms(language: str) -> list[str]:
    """The rooms that have a catalogue in a language."""
    return sorted(file.stem for file in _folder(language).glob("*.po"))


def catalogue(language: str, room: str) -> Catalog:
    """The catalogue of a room as translators see it."""
    with path(language, room).open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def _folder(language: str) -> Path:
    return Path(__file__).parent / "locale" / language / "LC_MESSAGES"


@lru_cache(maxsize=8)
def translations(language: str) -> gettext.NullTranslations:
    """The words of `language` by the Spanish ones; those that the catalogue lacks stay as they are."""
    if language == SPANISH:
        return gettext.NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, whole(language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


@lru_cache(maxsize=8)
def whole(language: str) -> Catalog:
    """All that the rooms' catalogues have in `language`; none has anything for Spanish."""
    found = Catalog(locale=language)
    for room in rooms(language) if language != SPANISH else ():
        for message in catalogue(language, room):
            # What is not translated yet must not hide what another room has.
            if message.id and message.string:
                found[message.id] = message
    return found


def say(language: str) -> Say:
    """What says Spanish words in `language`."""
    return translations(language).gettext


def said(words: object, language: str) -> object:
    """`words` in `language` if they are ours (`Words`); what a person wrote, and all else, is given back."""
    if isinstance(words, Shown):
        return words.written(language)
    if not isinstance(words, Words):
        return words
    if language == SPANISH:
        return str(words)
    known = translations(language)
    if words.source_of_many is None:
        text = known.gettext(words.source)
    else:
        text = known.ngettext(words.source, words.source_of_many, int(str(words.values["n"])))
    return text.format_map({name: said(one, language) for name, one in words.values.items()}) if words.values else text


def give(environment: Environment, language: str) -> None:
    """What templates of `language` say words with where they compute: `_("…")`, `{% trans %}`, and any `Words` put out.

    Nothing of a catalogue is markup: it is escaped. Needs the extension `jinja2.ext.i18n`.
    """
    known = translations(language)

    def of_one(text: str) -> str:
        return str(escape(known.gettext(text)))

    def of_many(one: str, many: str, count: int) -> str:
        return str(escape(known.ngettext(one, many, count)))

    environment.policies["ext.i18n.trimmed"] = True
    # Jinja adds the method when the extension is there, out of the sight of a type checker.
    environment.install_gettext_callables(of_one, of_many, newstyle=True)  # type: ignore[attr-defined]
    environment.filters["said"] = partial(said, language=language)
    if language != SPANISH:
        environment.finalize = partial(said, language=language)


def translator(say: Say) -> type[Extension]:
    """What makes an environment compile its templates with their words said: at run time it costs nothing."""

    class Translator(Extension):
        def filter_stream(self, stream: TokenStream) -> Iterable[Token]:
            walker = outside = Walker(say)
            tag: list[str] = []
            is_gettext = is_no_words = False
            for token in stream:
                is_no_words = tag in _NO_WORDS or (is_no_words and tag != ["endblock"])
                if tag[:1] in _GETTEXT:
                    is_gettext = tag[0] == "trans"
                if tag[:1] == ["macro"]:
                    # It stands where it is called, not where it is written.
                    walker = Walker(say)
                elif tag == ["endmacro"]:
                    walker = outside
                if token.type == TOKEN_DATA and not is_no_words and not is_gettext:
                    yield Token(token.lineno, token.type, walker.walk(token.value))
                    continue
                yield token
                if token.type == TOKEN_NAME:
                    tag.append(token.value)
                elif token.type != TOKEN_BLOCK_END:
                    tag = []

    return Translator


def folder(say: Say) -> type[Extension]:
    """What makes of `_("…")` the words themselves while a template is compiled: no line of a list looks them up.

    A sentence with something computed in it (`%(…)s`) is left to gettext.
    """

    class Folder(Extension):
        def filter_stream(self, stream: TokenStream) -> Iterable[Token]:
            held: list[Token] = []
            for token in stream:
                held.append(token)
                if not _stands_for(token, _CALL[len(held) - 1]):
                    yield from held
                    held = []
                elif len(held) == len(_CALL):
                    words = held[2]
                    yield Token(words.lineno, words.type, say(words.value))
                    held = []
            yield from held

    return Folder


# `_("…")` as the lexer cuts it.
_CALL = ((TOKEN_NAME, "_"), (TOKEN_LPAREN, "("), (TOKEN_STRING, None), (TOKEN_RPAREN, ")"))


def _stands_for(token: Token, wanted: tuple[str, str | None]) -> bool:
    kind, value = wanted
    return token.type == kind and (token.value == value if value else "%" not in token.value)


# Blocks that a page fills inside a tag of its frame: classes and data, where the page alone would show text.
_NO_WORDS = (["block", "shape"], ["block", "body_data"])
# Between these the words are said by gettext, when the template is rendered.
_GETTEXT = (["trans"], ["endtrans"])
