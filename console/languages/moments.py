"""Days, moments and lengths of time as each language writes them (CLDR); the Spanish ones are our own, and short."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from babel.dates import format_date, get_day_names

from console.languages.catalogues import said
from console.languages.readers import SPANISH, TAGS
from console.languages.words import Words

MONTHS = ("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic")
MONTHS_IN_FULL = (
    "enero", "febrero", "marzo", "abril", "mayo", "junio",
    "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre",
)  # fmt: skip
DAYS = ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo")
TODAY: Final = Words("hoy")
YESTERDAY: Final = Words("ayer")
UNDER_A_MINUTE: Final = Words("menos de 1 min")
# CLDR's patterns for day and month, without the year and with it.
_DAYS = {"pt": ("d 'de' MMM", "d 'de' MMM 'de' y"), "en": ("MMM d", "MMM d, y")}
_WEEKDAYS = {"pt": ("EEEE, d 'de' MMMM", "EEEE, d 'de' MMMM 'de' y"), "en": ("EEEE, MMMM d", "EEEE, MMMM d, y")}


def day(on: date, today: date, language: str) -> str:
    """`27 nov`, `27 nov 2025` where it is not this year's; `Nov 27`, `27 de nov`."""
    if language != SPANISH:
        written = format_date(on, _DAYS[language][on.year != today.year], locale=TAGS[language].replace("-", "_"))
        # CLDR's Portuguese months end in a full stop, which would stand in the middle of our sentences.
        return written.replace(".", "")
    year = "" if on.year == today.year else f" {on.year}"
    return f"{on.day} {MONTHS[on.month - 1]}{year}"


def weekday(on: date, today: date, language: str) -> str:
    """With its name, in a sentence: `viernes 27 de noviembre`, `Friday, November 27`."""
    if language != SPANISH:
        return format_date(on, _WEEKDAYS[language][on.year != today.year], locale=TAGS[language].replace("-", "_"))
    year = "" if on.year == today.year else f" de {on.year}"
    return f"{DAYS[on.weekday()]} {on.day} de {MONTHS_IN_FULL[on.month - 1]}{year}"


def name_of_day(number: int, language: str) -> str:
    """A day of the week as it stands alone, Monday being 0: `Lunes`, `Segunda-feira`, `Monday`."""
    if language == SPANISH:
        return DAYS[number].capitalize()
    names = get_day_names("wide", "stand-alone", TAGS[language].replace("-", "_"))
    return str(names[number]).capitalize()


def near_day(on: date, language: str) -> str:
    """A day of these weeks, with its name: `Viernes 27 nov`, `Friday, Nov 27`."""
    joined = " " if language == SPANISH else ", "
    return f"{name_of_day(on.weekday(), language)}{joined}{day(on, on, language)}"


def exact(local: datetime, language: str) -> str:
    """To the second and in digits, as records are compared: `27/11/2025 10:42:07`, `2025-11-27 10:42:07`."""
    return f"{local:%Y-%m-%d %H:%M:%S}" if language == "en" else f"{local:%d/%m/%Y %H:%M:%S}"


def clock_time(local: datetime) -> str:
    """`08:03`, by twenty-four hours everywhere: a deadline is no place for a.m. and p.m."""
    return f"{local.hour:02}:{local.minute:02}"


def short_when(local: datetime, today: date, language: str) -> str:
    """What a list shows: the time today, `ayer`, else the day."""
    if local.date() == today:
        return clock_time(local)
    if local.date() == today - timedelta(days=1):
        return str(said(YESTERDAY, language))
    return day(local.date(), today, language)


def long_when(local: datetime, today: date, language: str) -> str:
    """Day and time in a sentence: `hoy 10:42`, `ayer 18:22`, `6 nov 09:15`."""
    if local.date() == today:
        return f"{said(TODAY, language)} {clock_time(local)}"
    return f"{short_when(local, today, language)} {clock_time(local)}"


def left_roughly(length: timedelta, language: str) -> str:
    """In hours while there are two or more, else in minutes: both are written the same in all our languages."""
    if length >= timedelta(hours=2):
        return f"{length // timedelta(hours=1)} h"
    minutes = length // timedelta(minutes=1)
    return f"{minutes} min" if minutes > 0 else str(said(UNDER_A_MINUTE, language))
