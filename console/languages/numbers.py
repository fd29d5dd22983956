"""Numbers as each language writes them: the Spanish ones as the company's country does (CLDR)."""

from __future__ import annotations

from functools import lru_cache

from babel.numbers import get_decimal_symbol, get_group_symbol

from console.languages.readers import SPANISH, TAGS


def locale_of(language: str, home: str) -> str:
    """Whose numbers a reader meets: those of their language, in Spanish those of `home` (`es_PE`)."""
    return home if language == SPANISH else TAGS[language].replace("-", "_")


def written(value: float, locale: str, *, places: int = 0, sign: bool = False) -> str:
    """With its thousands apart: `1,234.5`, `1.234,5`. A `sign` is written of what grew, too."""
    text = f"{value:{'+' if sign else ''},.{places}f}"
    return text if locale in _AS_PROGRAMS else text.translate(_marks(locale))


def percent(value: float, locale: str, *, places: int = 1, sign: bool = False) -> str:
    """`12.5 %`, `12,5%`: of a hundred."""
    # A space before the sign is Spanish orthography (RAE), which CLDR does not follow in America.
    return written(value, locale, places=places, sign=sign) + (" %" if locale.startswith(SPANISH) else "%")


@lru_cache(maxsize=64)
def _marks(locale: str) -> dict[int, str]:
    return {ord(","): get_group_symbol(locale), ord("."): get_decimal_symbol(locale)}


# These write numbers as programs do: nothing is to be changed.
_AS_PROGRAMS = frozenset({"en", "es_PE", "es_MX"})
