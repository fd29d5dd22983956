"""Every piece of HTML the console shows: the Jinja environment, `page()`, `fragment()` and what templates may call."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import phonenumbers
from babel.core import Locale, UnknownLocaleError
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from jinja2.runtime import Context
from lucide.jinja import lucide
from markupsafe import Markup, escape

from console import clock, shortcuts, static_files
from console import money as amounts
from console.languages import catalogues, moments, numbers, scripts
from console.languages.readers import SPANISH, TAGS, page_language
from console.languages.words import Shown, Words
from console.mentions import naming

HERE = Path(__file__).parent
# Every icon a template may ask for; they are drawn once a page, as symbols, and referred to by name.
ICONS = (
    "alarm-clock", "archive-restore", "arrow-down", "arrow-right", "arrow-up", "at-sign", "ban", "banknote", "bell",
    "bot", "briefcase", "building-2", "calculator", "calendar", "calendar-check", "calendar-clock", "calendar-x",
    "chart-column", "check", "check-check", "chevron-down", "chevron-left", "chevron-right", "circle-check",
    "circle-question-mark", "clock", "contact", "copy", "credit-card", "download", "ellipsis", "external-link", "eye",
    "eye-off", "file-spreadsheet", "file-text", "flag", "forward", "funnel", "handshake", "history", "hourglass",
    "id-card", "image", "inbox", "info", "keyboard", "landmark", "languages", "laptop", "layout-template", "link",
    "list-checks", "list-filter", "lock", "log-out", "mail", "mail-warning", "map-pin", "message-square",
    "message-square-plus", "mic", "minus", "moon", "panel-right", "paperclip", "pause", "pencil", "percent", "phone",
    "phone-off", "play", "plus", "receipt", "refresh-cw", "reply", "rotate-ccw", "scale", "search", "send", "settings",
    "shield-check", "shopping-cart", "smartphone", "smile", "square", "square-check-big", "star", "sticker", "sun",
    "sun-moon", "tag", "tags", "trash-2", "triangle-alert", "undo-2", "upload", "user", "user-minus", "user-plus",
    "users", "video", "wallet", "wifi-off", "x",
)  # fmt: skip


def _nobody(_viewer: Any, _deed: Any) -> bool:  # noqa: ANN401 what these are, those above know
    return False


class House(NamedTuple):
    """What every page says about the business that uses it. `locale` (`es_PE`) is how amounts are written.

    `may` (viewer, deed) says what is offered to whom.
    `links`: whether debtors can be given links to pay with, which begin with `base_url`.
    """

    zone: ZoneInfo = ZoneInfo("America/Lima")
    company: str = "Al Día"
    version: str = "0.1"
    locale: str = "es_PE"
    links: bool = False
    base_url: str = ""
    may: Callable[[Any, Any], bool] = _nobody


_house = House()


def configure(
    *,
    zone: ZoneInfo,
    company: str,
    country: str = "PE",
    version: str = "0.1",
    links: bool = False,
    base_url: str = "",
    may: Callable[[Any, Any], bool] | None = None,
) -> None:
    """Say once, at start, in whose time zone, under whose name and as in which country pages are shown.

    `may` (viewer, deed) is the policy's word on what is offered to whom; without one nothing is.
    """
    global _house  # noqa: PLW0603 one business per process
    _house = House(zone, company, version, _locale(country), links, base_url, may or _nobody)


def locale() -> str:
    """How amounts are written here, for whoever writes them outside a template."""
    return _house.locale


def _locale(country: str) -> str:
    """Spanish as written in `country`; as written in Spain where nobody described it."""
    try:
        return str(Locale.parse(f"es_{country.upper()}"))
    except (UnknownLocaleError, ValueError):
        return "es"


def page(template: str, /, *, csrf_token: str = "", reader: str | None = None, **values: object) -> str:
    """A whole page. `csrf_token` goes into the forms and into the header that scripts send.

    `reader` is the language it is wanted in, if not the `viewer`'s; a page that the catalogues do not have whole is in
    Spanish.
    """
    environment = _speaking(spoken(template, reader or _language_of(values.get("viewer"))))
    return environment.get_template(template).render(csrf_token=csrf_token, house=_house, **values)


def _language_of(viewer: object) -> str:
    return str(getattr(viewer, "language", SPANISH))


def spoken(template: str, language: str) -> str:
    """The language that a page is shown in to who reads `language`."""
    return language if template in catalogues.WHOLE else SPANISH


def fragment(template: str, /, *, reader: str | None = None, **values: object) -> str:
    """One element with an id: the same text on the page, in an answer and in a push.

    In the language of the page that asks for it, or in that of `reader`: a push knows what each screen shows.
    It sees the values given and nothing else; a missing one raises `UndefinedError`.
    """
    prepared, shared = _prepared(template, reader or page_language.get())
    # `Template.render` copies what templates share anew for each call, which takes longer than a line of the list.
    context = Context(prepared.environment, {**shared, "house": _house, **values}, prepared.name, prepared.blocks)
    return "".join(prepared.root_render_func(context)).strip()


@lru_cache(maxsize=512)
def _prepared(template: str, language: str) -> tuple[Template, dict[str, object]]:
    prepared = _speaking(language).get_template(template)
    return prepared, dict(prepared.globals)


def _within(language: str) -> Callable[..., Markup]:
    """`fragment` as part of another template: it is HTML already, and in the language of what stands around it."""

    def within(template: str, /, **values: object) -> Markup:
        return Markup(fragment(template, reader=language, **values))  # noqa: S704 our own template

    return within


@lru_cache(maxsize=len(TAGS))
def _speaking(language: str) -> Environment:
    """Templates as they are written; for other languages, compiled with the words of the catalogue in them."""
    environment = Environment(
        extensions=[
            *([] if language == SPANISH else [catalogues.translator(catalogues.say(language))]),
            catalogues.folder(catalogues.say(language)),
            "jinja2.ext.i18n",
        ],
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals.update(
        icon=icon,
        sprite=sprite,
        fragment=_within(language),
        asset=static_files.address,
        now=clock.now,
        shortcuts=shortcuts.shortcuts,
        places=shortcuts.PLACES,
        screen_language=TAGS[language],
        script_words=scripts.table(language),
    )
    catalogues.give(environment, language)
    environment.filters.update(
        iso=iso, clock_time=clock_time, day_key=day_key, waited=waited, seconds_since=seconds_since, left=left,
        duration=duration, phone=phone, city=city,
        initials=initials, linked=linked, scalar=scalar, entries=entries, pieces=pieces, is_past=is_past,
        marked=marked, apart=apart, variables=variables,
        point=point, file_kind=file_kind, money=money, money_short=money_short, fold=fold,
        days_since=days_since,
    )  # fmt: skip
    for name, written in _WRITTEN.items():
        environment.filters[name] = partial(written, language=language)
    return environment


# Icons


@lru_cache(maxsize=256)
def icon(name: str, extra: str = "") -> Markup:
    """A decorative icon by its Lucide name; the word beside it carries the meaning. `extra` is a class."""
    if name not in ICONS:
        raise KeyError(name)
    return Markup('<svg class="{}" aria-hidden="true"><use href="#i-{}"/></svg>').format(f"i {extra}".strip(), name)


@lru_cache(maxsize=1)
def sprite() -> Markup:
    """All icons as symbols, for the page to carry once."""
    return Markup("").join(_symbol(name) for name in ICONS)


def _symbol(name: str) -> Markup:
    drawing = re.sub(r"\s*\n\s*", "", str(lucide(name, size=None)))
    inner = re.sub(r"^<svg[^>]*>|</svg>$", "", drawing)
    return Markup(f'<symbol id="i-{name}" viewBox="0 0 24 24">{inner}</symbol>')  # noqa: S704 from the icon package


# Time: aware UTC in, words in the business's zone out


@lru_cache(maxsize=4096)
def iso(at: datetime | None) -> str:
    """RFC 3339 in UTC with milliseconds, for attributes that scripts read; empty for None."""
    # Ends in "+00:00", which is taken off by its length.
    return f"{at.astimezone(UTC).isoformat(timespec='milliseconds')[:-6]}Z" if at else ""


def clock_time(at: datetime) -> str:
    """Hour and minute: `08:03`."""
    local = _local(at)
    return f"{local.hour:02}:{local.minute:02}"


def day_key(at: datetime) -> str:
    """The local day as `2026-11-20`."""
    return f"{_local(at):%Y-%m-%d}"


def day_words(at: datetime) -> str:
    """The local day in full: `Viernes 20 de noviembre`, with the year when it is another one."""
    return Shown(partial(_day_words, at))


def _day_words(at: datetime, language: str) -> str:
    words = moments.weekday(_local(at).date(), _today(), language)
    return words[:1].upper() + words[1:]


def short_when(at: datetime) -> str:
    """What a list shows: `10:42` today, `ayer`, `6 nov`, `6 nov 2025`."""
    return Shown(partial(_short_when, at))


def _short_when(at: datetime, language: str) -> str:
    return moments.short_when(_local(at), _today(), language)


def long_when(at: datetime) -> str:
    """Day and time in a sentence: `hoy 10:42`, `ayer 18:22`, `6 nov 09:15`."""
    return Shown(partial(_long_when, at))


def _long_when(at: datetime, language: str) -> str:
    return moments.long_when(_local(at), _today(), language)


def city(zone: object) -> str:
    """A time zone as people call it, by the place that names it: `Buenos Aires` of America/Argentina/Buenos_Aires."""
    return str(zone).rpartition("/")[2].replace("_", " ")


def duration(length: timedelta) -> str:
    """How long, in the two largest units: `23 h 58 min`, `18 min`, `3 d 2 h`."""
    minutes = max(int(length.total_seconds()) // 60, 0)
    days, hours, minutes = minutes // 1440, minutes % 1440 // 60, minutes % 60
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{minutes} min"


def waited(since: datetime) -> str:
    """How long somebody has been waiting, in one unit: `1 min`, `3 h`, `2 d`."""
    minutes = max(seconds_since(since) // 60, 1)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 1440 else f"{minutes // 1440} d"


def seconds_since(at: datetime) -> int:
    """Whole seconds from `at` to now; negative when `at` is still to come."""
    return int((clock.now() - at).total_seconds())


def left(until: datetime) -> str:
    """How long until then: `23 h 58 min`."""
    return duration(until - clock.now())


def _left_roughly(until: datetime, language: str) -> str:
    """How long until then, for a list: in hours while there are two or more, else in minutes."""
    return moments.left_roughly(until - clock.now(), language)


def _still_left(until: datetime, language: str) -> str:
    """The same in words, for the window of a line: `Quedan 3 h`."""
    return str(catalogues.said(_STILL_LEFT, language)).format(left=_left_roughly(until, language))


_STILL_LEFT = Words("Quedan {left}")


def is_past(at: datetime | None) -> bool:
    """Whether that moment has gone by (None never comes)."""
    return at is not None and at <= clock.now()


def day(on: date) -> str:
    """A day of a calendar, whoever's: `27 nov`, `27 nov 2025`."""
    return Shown(partial(_day, on))


def _day(on: date, language: str) -> str:
    return moments.day(on, _today(), language)


def days_since(on: date) -> int:
    """Whole days from a day of the calendar to today, as the business counts them."""
    return (_local(clock.now()).date() - on).days


def weekday(on: date) -> str:
    """A day with its name, as people say it: `viernes 27 de noviembre`."""
    return Shown(partial(_weekday, on))


def _weekday(on: date, language: str) -> str:
    return moments.weekday(on, _today(), language)


def name_of_day(number: int) -> str:
    """A day of the week as it stands alone, Monday being 0: `Lunes`."""
    return Shown(partial(moments.name_of_day, number))


def near_day(on: date) -> str:
    """A day of these weeks, with its name: `Viernes 27 nov`."""
    return Shown(partial(moments.near_day, on))


def _today() -> date:
    return _local(clock.now()).date()


def _local(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a moment without a time zone cannot be shown")
    return at.astimezone(_house.zone)


# Numbers


def number(value: float, places: int = 0, *, sign: bool = False) -> str:
    """With its thousands apart, and so many decimals: `1,234`."""
    return Shown(lambda language: _number(value, places, language=language, sign=sign))


def _number(value: float, places: int = 0, *, language: str, sign: bool = False) -> str:
    return numbers.written(value, numbers.locale_of(language, _house.locale), places=places, sign=sign)


def percent(value: float, places: int = 1, *, sign: bool = False) -> str:
    """Of a hundred: `12.5 %`."""
    return Shown(lambda language: _percent(value, places, language=language, sign=sign))


def _percent(value: float, places: int = 1, *, language: str, sign: bool = False) -> str:
    return numbers.percent(value, numbers.locale_of(language, _house.locale), places=places, sign=sign)


def number_tag() -> str:
    """Whose numbers a page writes, for scripts (BCP 47): `es-PE`, `pt-BR`."""
    return Shown(lambda language: numbers.locale_of(language, _house.locale).replace("_", "-"))


# Money


def money(minor: int, currency: str) -> str:
    """`S/ 412.50`: an amount in its currency's smallest unit, as people of the house's country read it."""
    return amounts.shown(minor, currency, _house.locale)


def money_short(minor: int, currency: str) -> str:
    """`money` for the line of a list: without decimals that are all zero."""
    return amounts.shown_short(minor, currency, _house.locale)


# People, files, and text from strangers


def fold(words: str) -> str:
    """Lower case without accents: what typing is compared with."""
    parts = unicodedata.normalize("NFD", words.lower())
    return "".join(one for one in parts if not unicodedata.combining(one))


@lru_cache(maxsize=4096)
def phone(number: str | None) -> str:
    """A number of ours as people write it, `+51 944 218 305`; unchanged when it is not a phone number.

    A debtor's is masked where it is read (console.masking) and shown whole by console.privacy.revealing alone.
    """
    if not number:
        return ""
    try:
        parsed = phonenumbers.parse(number if number.startswith("+") else f"+{number}", None)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL).replace("-", " ")


def initials(name: str) -> str:
    """Up to two letters for the round badge; `?` when the name has no letter."""
    letters = [word[0] for word in re.findall(r"[^\W\d_]+", name)]
    return "".join(letters[:2]).upper() or "?"


def size(octets: int | None) -> str:
    """File size in decimal units: `184 kB`, `1.2 MB`, `1,2 MB`; empty for None."""
    return Shown(partial(_size, octets))


def _size(octets: int | None, language: str) -> str:
    if octets is None:
        return ""
    if octets < 1000:
        return f"{octets} B"
    if octets < 999_500:
        return f"{octets / 1000:.0f} kB"
    return f"{_number(octets / 1_000_000, 1, language=language)} MB"


# What templates of each language write in their own way.
_WRITTEN: dict[str, Callable[..., str]] = {
    "day": _day,
    "day_words": _day_words,
    "left_roughly": _left_roughly,
    "long_when": _long_when,
    "number": _number,
    "percent": _percent,
    "short_when": _short_when,
    "size": _size,
    "still_left": _still_left,
    "weekday": _weekday,
}

# Only a plain ASCII host is made clickable: what is shown must be where one lands (no user@host, no look-alikes).
_URL = re.compile(r"https?://[A-Za-z0-9](?>[A-Za-z0-9.-]*)(?>:\d{1,5})?(?:[/?#][^\s<>\"]*)?(?![\w@:])")
_TAIL = ".,;:!?)]}'»”*_~"
_INVISIBLE = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def marked(text: str, mentions: Sequence[object]) -> Markup:
    """A note (see `linked`) in which whoever is mentioned stands out; `mentions` are their {id, name}."""
    ids: dict[str, list[str]] = {}
    for one in mentions:
        ids.setdefault(scalar(one, "name").casefold(), []).append(scalar(one, "id"))
    parts: list[Markup] = []
    end = 0
    for start, after, name in naming.find(text, ids):
        mark = Markup('<mark class="mention" data-agents="{}">{}</mark>')
        parts += [linked(text[end:start]), mark.format(" ".join(ids[name]), text[start:after])]
        end = after
    return Markup("").join([*parts, linked(text[end:])])


def apart(text: str, mentions: Sequence[object]) -> list[object]:
    """Those of `mentions` ({id, name}) whom the text does not name: a program may mention without words."""
    named = {name.casefold() for _from, _to, name in naming.find(text, [scalar(one, "name") for one in mentions])}
    return [one for one in mentions if scalar(one, "name").casefold() not in named]


def linked(text: str) -> Markup:
    """Text from a stranger with its http(s) addresses made clickable; everything else stays plain text."""
    parts: list[Markup] = []
    end = 0
    for match in _URL.finditer(text):
        url = match.group().rstrip(_TAIL)
        if _INVISIBLE.search(url):
            continue
        link = Markup('<a href="{0}" target="_blank" rel="noopener noreferrer nofollow">{0}</a>').format(url)
        parts += [escape(text[end : match.start()]), link]
        end = match.start() + len(url)
    return Markup("").join([*parts, escape(text[end:])])


def scalar(content: object, name: str) -> str:
    """A text or number out of a stranger's JSON; empty when it is missing or is anything else."""
    value = content.get(name) if isinstance(content, Mapping) else None
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def entries(content: object, name: str) -> list[object]:
    """A list out of a stranger's JSON; empty when it is missing or is anything else."""
    value = content.get(name) if isinstance(content, Mapping) else None
    return list(value) if isinstance(value, list | tuple) else []


class Point(NamedTuple):
    """A place on the map, in degrees."""

    latitude: float
    longitude: float

    def __str__(self) -> str:
        return f"{self.latitude:.5f}, {self.longitude:.5f}"


def point(content: object) -> Point | None:
    """Where a shared location is, when its coordinates are numbers on this planet."""
    try:
        latitude, longitude = float(scalar(content, "latitude")), float(scalar(content, "longitude"))
    except ValueError:
        return None
    return Point(latitude, longitude) if abs(latitude) <= 90 and abs(longitude) <= 180 else None


def file_kind(mime_type: str | None) -> str:
    """What a file is, in a word: `PDF`, `JPEG`, or `archivo` when that is unknown."""
    subtype = (mime_type or "").partition(";")[0].rpartition("/")[2].rpartition(".")[2]
    return subtype.upper() if subtype.isalnum() and len(subtype) <= 5 else Words("archivo")


def variables(text: str) -> list[tuple[str, bool]]:
    """A text cut at the variables of ours that are still in it, `{saldo}`: (text or variable, is a variable)."""
    cut = re.split(r"(\{[^\W\d]\w{0,39}(?:\|[^{}\n]*)?\})", text)
    return [(piece, index % 2 == 1) for index, piece in enumerate(cut) if piece]


def pieces(body: str) -> list[tuple[str, bool]]:
    """A message template's body cut at its `{{placeholders}}`: (text or placeholder name, is placeholder)."""
    cut = re.split(r"\{\{\s*([\w]+)\s*\}\}", body)
    return [(piece, index % 2 == 1) for index, piece in enumerate(cut) if piece]
