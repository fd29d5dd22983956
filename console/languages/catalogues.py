"""The catalogues (GNU gettext): compiled when first asked for, so that there is nothing to build or to forget."""

from __future__ import annotations

import gettext
from collections.abc import Iterable
from functools import lru_cache
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from jinja2.ext import Extension
from jinja2.lexer import TOKEN_BLOCK_END, TOKEN_DATA, TOKEN_NAME, Token, TokenStream

from console.languages.readers import SPANISH
from console.languages.walker import Say, Walker
from console.languages.words import Words

WHOLE = frozenset({"sign_in/login.html"})
"""The pages that every catalogue has all words of. Any other is shown in Spanish to everybody, never in two."""


def path(language: str) -> Path:
    """Where the catalogue of a language is."""
    return Path(__file__).parent / "locale" / language / "LC_MESSAGES" / "console.po"


def catalogue(language: str) -> Catalog:
    """The catalogue as translators see it."""
    with path(language).open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


@lru_cache(maxsize=8)
def say(language: str) -> Say:
    """What says Spanish words in `language`; words that the catalogue lacks stay as they are."""
    if language == SPANISH:
        return str
    compiled = BytesIO()
    write_mo(compiled, catalogue(language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled).gettext


def said(words: str, language: str) -> str:
    """`words` in `language` if they are ours (`Words`); what a person wrote is given back."""
    return say(language)(words) if isinstance(words, Words) else words


def translator(say: Say) -> type[Extension]:
    """What makes an environment compile its templates with their words said: at run time it costs nothing."""

    class Translator(Extension):
        def filter_stream(self, stream: TokenStream) -> Iterable[Token]:
            walker = Walker(say)
            tag: list[str] = []
            for token in stream:
                if token.type == TOKEN_DATA and tag not in _NO_WORDS:
                    yield Token(token.lineno, token.type, walker.walk(token.value))
                    continue
                yield token
                if token.type == TOKEN_NAME:
                    tag.append(token.value)
                elif token.type != TOKEN_BLOCK_END:
                    tag = []

    return Translator


# Blocks that a page fills inside a tag of its frame: classes and data, where the page alone would show text.
_NO_WORDS = (["block", "shape"], ["block", "body_data"])
