"""The days people name: "el viernes", "la quincena", "fin de mes", "el 15", "5/12", "en 3 días".

Pure: today is an argument, and always the day where the debtor lives. Texts come folded (`said.fold`).
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta

import msgspec

FARTHEST = 366
"""Days ahead beyond which nobody means it: a day of a past month is then a day gone by, and not one to come."""
_SAME_YEAR_AGAIN = 180
COVER = "\N{BLACK SQUARE}"
# Both ends are counted: "en ocho días" is said on a Monday of the next Monday.
_AS_WEEKS = {8: 7, 15: 14}


class Found(msgspec.Struct, frozen=True):
    """A day somebody named, and where. `others` are what else it may mean; with them it is not sure.

    A range ("la próxima semana") names no day: `day` is then the likeliest of it, and something to ask about.
    """

    start: int
    end: int
    day: date
    others: tuple[date, ...] = ()
    is_range: bool = False


WEEKDAYS = {
    name: number
    for number, names in enumerate(
        (
            ("lunes", "lun", "lune"),
            ("martes",),
            ("miercoles", "mie", "miercole"),
            ("jueves", "jue", "juebes"),
            ("viernes", "vie", "vierne", "biernes", "bierne"),
            ("sabado", "sab", "savado", "sabadito"),
        )
    )
    for name in names
} | {"domingo": 6}
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            ("enero", "ene"),
            ("febrero", "feb"),
            ("marzo", "mar"),
            ("abril", "abr"),
            ("mayo", "may"),
            ("junio", "jun"),
            ("julio", "jul"),
            ("agosto", "ago"),
            ("septiembre", "setiembre", "sept", "sep", "set"),
            ("octubre", "oct"),
            ("noviembre", "nov"),
            ("diciembre", "dic"),
        ),
        start=1,
    )
    for name in names
}
_SMALL = (
    "una|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|once|doce|trece|catorce|quince|dieciseis|diecisiete|"
    "dieciocho|diecinueve|veinte|veintiuno|veintidos|veintitres|veinticuatro|veinticinco|veintiseis|veintisiete|"
    "veintiocho|veintinueve|treinta"
)
_COUNT = {"un": 1} | {word: number for number, word in enumerate(_SMALL.split("|"), start=1)} | {"primero": 1}
_N = r"\d{1,2}|primero|" + "|".join(sorted(_COUNT, key=len, reverse=True))
_W = "|".join(sorted(WEEKDAYS, key=len, reverse=True))
_M = "|".join(sorted(_MONTHS, key=len, reverse=True))
_NEXT_WEEK = r"(?:la\s+)?(?:(?:otra|proxima|siguiente)\s+semana|semana\s+(?:que\s+(?:viene|entra)|entrante|proxima))"
_LAST_WEEK = r"(?:la\s+)?semana\s+(?:pasada|anterior)"
_NEXT_MONTH = r"(?:(?:otro|proximo|siguiente)(?:\s+mes)?|mes\s+(?:que\s+(?:viene|entra)|entrante|proximo|siguiente))"

Meant = tuple[date, tuple[date, ...]]
Reader = Callable[[re.Match[str], date, str], "Meant | None"]


def find_days(text: str, today: date, country: str) -> tuple[list[Found], str]:
    """The days named in `text` in the order they stand, and `text` without them.

    None that has passed and none more than `FARTHEST` days ahead; whatever was read as a day, even one gone by, is
    covered in what is left, so that it is not read again as an amount.
    """
    named, rest = _named(text, today, country)
    return [each for each in named if _is_to_come(each.day, today)], rest


def gone_by(text: str, today: date, country: str) -> date | None:
    """The first day named in `text` that has passed, as in "le pago el 5/11" said on the 20th; None where none has.

    A day that tells which bill is meant ("la cuota del 5/11") is not one on which somebody will pay.
    """
    named, _rest = _named(text, today, country)
    gone = (each.day for each in named if each.day < today and not _OF_A_BILL.search(text[: each.start]))
    return next(gone, None)


def _named(text: str, today: date, country: str) -> tuple[list[Found], str]:
    """Every day named, whenever it is, in the order they stand, and the text without them."""
    found = []
    for pattern, read in _GRAMMAR:
        for match in list(pattern.finditer(text)):
            meant = read(match, today, country)
            if meant is None:
                continue
            covered = COVER * (match.end() - match.start())
            text = text[: match.start()] + covered + text[match.end() :]
            others = sorted({day for day in meant[1] if day != meant[0] and _is_to_come(day, today)})
            found.append(
                Found(
                    match.start(),
                    match.end(),
                    meant[0],
                    tuple(others),
                    is_range=read in _RANGES or _is_after(text, match.start()),
                )
            )
    return sorted(found, key=lambda each: each.start), text


def _is_after(text: str, start: int) -> bool:
    """As in "después del 15", which is no day yet."""
    return _AFTER.search(text[:start]) is not None


def _is_to_come(day: date, today: date) -> bool:
    return 0 <= (day - today).days <= FARTHEST


def last_of_month(day: date, *, months: int = 0) -> date:
    """The last day of the month that lies `months` after that of `day`."""
    first = first_of_month(day, months=months)
    return first.replace(day=monthrange(first.year, first.month)[1])


def first_of_month(day: date, *, months: int = 0) -> date:
    """The first day of the month that lies `months` after that of `day`."""
    years, month = divmod(day.month - 1 + months, 12)
    return date(day.year + years, month + 1, 1)


def on_day(number: int, of: date, *, months: int = 0) -> date:
    """The day `number` of a month, or its last one where it has fewer."""
    last = last_of_month(of, months=months)
    return last.replace(day=min(number, last.day))


def _iso(match: re.Match[str], today: date, _country: str) -> Meant | None:
    return _date(int(match[3]), int(match[2]), int(match[1]), today)


def _numbers(match: re.Match[str], today: date, _country: str) -> Meant | None:
    """5/12 is the fifth of December in all of Latin America."""
    return _date(int(match[1]), int(match[2]), int(match[3]) if match[3] else None, today)


def _day_of_month(match: re.Match[str], today: date, _country: str) -> Meant | None:
    number, month, year = _number(match[1]), _MONTHS[match[2]], int(match[3]) if match[3] else None
    if match["gone"] and 1 <= number <= 31:
        this_year = on_day(number, date(today.year, month, 1))
        return (this_year if this_year < today else on_day(number, date(today.year - 1, month, 1))), ()
    return _date(number, month, year, today)


def _date(day: int, month: int, year: int | None, today: date) -> Meant | None:
    if year is not None and year < 100:
        year += 2000
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    meant = on_day(day, date(year or today.year, month, 1))
    if year is None and meant < today:
        again = on_day(day, date(today.year + 1, month, 1))
        meant = again if (again - today).days <= _SAME_YEAR_AGAIN else meant
    # The 31st of a month of thirty days: its last, or the day after.
    return meant, () if meant.day == day else (meant + timedelta(days=1),)


def _weekday_next_week(match: re.Match[str], today: date, _country: str) -> Meant:
    number = WEEKDAYS[match["day"] or match["later"]]
    return _monday_after(today) + timedelta(days=number), ()


def _weekday_gone(match: re.Match[str], today: date, _country: str) -> Meant:
    """As in "el lunes pasado": one that has been."""
    number = WEEKDAYS[match["before"] or match["day"] or match["week"] or match["of_week"]]
    if match["week"] or match["of_week"]:
        return _monday_after(today) - timedelta(days=14 - number), ()
    back = (today.weekday() - number) % 7 or 7
    return today - timedelta(days=back + (7 if match["two"] else 0)), ()


def _weekday_in_eight(match: re.Match[str], today: date, _country: str) -> Meant:
    """As in "el lunes en ocho": a week after the one to come, which is asked about."""
    first = today + timedelta(days=(WEEKDAYS[match["day"]] - today.weekday()) % 7 or 7)
    return first + timedelta(days=_AS_WEEKS[_number(match["count"])]), (first,)


def _weekday(match: re.Match[str], today: date, _country: str) -> Meant:
    """The one to come; said on that very day it is a week ahead, unless "este" says otherwise."""
    ahead = (WEEKDAYS[match["day"]] - today.weekday()) % 7
    if match["number"]:
        return _of_month(int(match["number"]), today)
    if match["this"] and ahead == 0:
        return today, (today + timedelta(days=7),)
    first = today + timedelta(days=ahead or 7)
    if match["next"] or match["coming"]:
        return first, (first + timedelta(days=7),)
    return first, () if ahead else (today,)


def _in_some_time(match: re.Match[str], today: date, _country: str) -> Meant:
    number, unit = _number(match[1]), match[2]
    if unit.startswith("dia"):
        return (_working(today, number) if match[3] else today + timedelta(days=_AS_WEEKS.get(number, number))), ()
    if unit.startswith("semana"):
        return today + timedelta(days=7 * number), ()
    return on_day(today.day, today, months=min(number, 12)), ()


def _in_hours(match: re.Match[str], today: date, _country: str) -> Meant:
    return today + timedelta(days=int(match[1]) // 24), ()


def _from_today(match: re.Match[str], today: date, _country: str) -> Meant:
    """As in "de hoy en ocho": the same day of the next week."""
    return today + timedelta(days=_AS_WEEKS[_number(match[2])] + (match[1] == "manana")), ()


def _working(today: date, number: int) -> date:
    day = today
    while number > 0:
        day += timedelta(days=1)
        number -= day.weekday() < 5
    return day


def _quincena(_match: re.Match[str], today: date, _country: str) -> Meant:
    """Payday: the nearer of the 15th and the last day of the month; the other one is asked about."""
    middle = on_day(15, today, months=0 if today.day <= 15 else 1)
    end = last_of_month(today)
    return min(middle, end), (max(middle, end),)


def _end_of_month(match: re.Match[str], today: date, _country: str) -> Meant:
    return last_of_month(today, months=1 if match["next"] else 0), ()


def _weekend(_match: re.Match[str], today: date, _country: str) -> Meant:
    saturday = today + timedelta(days=(5 - today.weekday()) % 7) if today.weekday() != 6 else today
    return saturday, (saturday + timedelta(days=1),) if saturday.weekday() == 5 else ()


def _next_week(_match: re.Match[str], today: date, _country: str) -> Meant:
    monday = _monday_after(today)
    return monday + timedelta(days=4), (monday,)


def _this_week(_match: re.Match[str], today: date, _country: str) -> Meant:
    sunday = _monday_after(today) - timedelta(days=1)
    return max(today, sunday - timedelta(days=2)), (sunday,)


def _next_month(_match: re.Match[str], today: date, _country: str) -> Meant:
    return first_of_month(today, months=1), (last_of_month(today, months=1),)


def _start_of_month(_match: re.Match[str], today: date, _country: str) -> Meant:
    first = first_of_month(today, months=1)
    return first + timedelta(days=4), (first,)


def _bare_day(match: re.Match[str], today: date, _country: str) -> Meant | None:
    number = _number(match[1])
    if not 1 <= number <= 31:
        return None
    if match["next"]:
        return on_day(number, today, months=1), ()
    if "last" in match.re.groupindex and match["last"]:
        return on_day(number, today, months=-1), ()
    return _of_month(number, today)


def _of_month(number: int, today: date) -> Meant:
    """The next day of that number; a month that lacks it ends before."""
    number = min(number, 31)
    ahead = 0 if number >= today.day else 1
    meant = on_day(number, today, months=ahead)
    others = (on_day(number, today, months=ahead + 1),) if number == today.day or meant.day != number else ()
    return meant, others


def _monday_after(today: date) -> date:
    return today + timedelta(days=7 - today.weekday())


def _number(word: str) -> int:
    return int(word) if word.isdigit() else _COUNT[word]


_RULES: tuple[tuple[str, Reader], ...] = (
    (r"\b(20\d\d)-(\d\d)-(\d\d)\b", _iso),
    (r"(?<![\d/$.,])\b(\d{1,2})[/-](\d{1,2})(?:[/-](20\d\d|\d\d))?\b(?![/\d])", _numbers),
    (
        rf"\b(?:(?:el\s+)?(?:{_W}),?\s+)?(?:el\s+)?({_N})(?:ro|ero|er|°|º)?\s*(?:de\s+|-)?({_M})\b(?:\s*(?:de|del)?\s*(20\d\d)\b|(?P<gone>\s+(?:pasado|anterior)\b))?",
        _day_of_month,
    ),
    (
        (
            rf"\b(?:el\s+)?(?P<of_week>{_W})\s+(?:de\s+)?{_LAST_WEEK}|{_LAST_WEEK},?\s+(?:el\s+)?(?P<week>{_W})\b|"
            rf"\b(?:el|este)\s+(?:pasado|anterior)\s+(?P<before>{_W})\b|"
            rf"\b(?:(?:el|este)\s+)?(?P<day>{_W})\s+(?:(?P<two>ante\s?pasado)|(?:ya\s+)?(?:pasado|anterior|q(?:ue)?\s+(?:ya\s+)?paso))\b"
            # "El viernes que paso por ahí", "pasado mañana", "pasado el mediodía" are to come.
            r"(?!\s+(?:manana|a|al|por|el\s+medio|medio|las?\s+\d))"
        ),
        _weekday_gone,
    ),
    (
        rf"\b(?:el\s+)?(?P<day>{_W})\s+en\s+(?P<count>ocho|8|quince|15)\b(?!\s*(?:cuotas?|pagos?|partes?|dias?))",
        _weekday_in_eight,
    ),
    (
        rf"\b(?:el\s+)?(?P<day>{_W})\s+(?:de\s+)?{_NEXT_WEEK}|{_NEXT_WEEK},?\s+(?:el\s+)?(?P<later>{_W})\b",
        _weekday_next_week,
    ),
    (
        (
            rf"\b(?:(?P<this>este|hoy)\s+|el\s+)?(?:(?P<next>proximo|siguiente|otro)\s+)?(?P<day>{_W})\b"
            r"(?:\s+(?P<coming>proximo|siguiente|que\s+(?:viene|entra)|entrante)|\s+(?P<number>[12]?\d|3[01])\b"
            r"(?!\s*(?:soles|pesos|mil|lucas|am|pm|:)))?"
        ),
        _weekday,
    ),
    (r"\b(?:de\s+)?(hoy|manana)\s+en\s+(ocho|8|quince|15)\b(?:\s+dias)?", _from_today),
    (r"\b(?:en|dentro\s+de)\s+(24|48|72)\s*(?:horas|hrs?|hs)\b", _in_hours),
    (r"\bpasado\s+manana\b", lambda _match, today, _country: (today + timedelta(days=2), ())),
    (
        r"\b(?:hoy(?:\s+(?:mismo|dia))?|esta\s+(?:tarde|noche)|ahorita|ahora\s+mismo)\b",
        lambda _match, today, _country: (today, ()),
    ),
    (
        r"(?<!la )(?<!las )(?<!esta )(?<!cada )(?<!media )\b(?:manana|mananita|mnn|mnna)\b(?:\s+mismo)?",
        lambda _match, today, _country: (today + timedelta(days=1), ()),
    ),
    (
        (
            rf"\b(?:en|dentro\s+de|de\s+(?:aqui|aca)\s+a|deme|dame|espereme|faltan|unos)\s+({_N})\s+(dias?|semanas?|mes(?:es)?)\b"
            r"(\s+(?:habiles|laborables|utiles))?"
        ),
        _in_some_time,
    ),
    (r"\b(?:la\s+|esta\s+|proxima\s+|esa\s+)*(?:quin[csz]ena|kin[csz]ena)\b", _quincena),
    (
        (
            r"\b(?:a\s+)?(?:fin(?:es|ales)?|final|ultimo(?:\s+dia)?|ultimos\s+dias|cierre)\s+(?:de\s+|del\s+|d\s+)(?:este\s+)?"
            rf"(?:(?P<next>{_NEXT_MONTH})|mes)\b"
        ),
        _end_of_month,
    ),
    (r"\bnavidad(?:es)?\b", lambda _match, today, _country: (date(today.year, 12, 25), ())),
    (r"\bfin(?:es)?\s+de\s+ano\b", lambda _match, today, _country: (date(today.year, 12, 31), ())),
    (r"\b(?:este\s+|el\s+)?(?:proximo\s+)?fin(?:de|\s+de\s+semana)\b", _weekend),
    (rf"\b{_NEXT_WEEK}\b", _next_week),
    (r"\besta\s+(?:misma\s+)?semana\b", _this_week),
    (
        r"\b(?:principios?|inicios?|comienzos?|primeros\s+dias)\s+de(?:l)?\s+(?:proximo\s+)?mes(?:\s+que\s+viene)?\b",
        _start_of_month,
    ),
    (
        rf"\b(?:el\s+)?(?:dia\s+)?({_N})\s+(?:de|del)\s+(?:(?P<next>{_NEXT_MONTH})|(?P<last>mes\s+(?:pasado|anterior))|este(?:\s+mes)?|mes)\b",
        _bare_day,
    ),
    (
        r"\b(?:el\s+|del\s+)?(?:(?:otro|proximo|siguiente)\s+mes|mes\s+(?:que\s+(?:viene|entra)|entrante|proximo))\b",
        _next_month,
    ),
    (
        (
            rf"\b(?:el|al|del|este|dia)\s+(?:dia\s+)?({_N})(?:ro|°|º)?\b(?P<next>(?!))?"
            r"(?!\s*(?:%|por\s+ciento|soles?|pesos|mil\b|lucas|k\b|[.,:]\d|de\s+cada))"
        ),
        _bare_day,
    ),
)
_OF_A_BILL = re.compile(
    r"\b(?:de|del|desde|hasta|venc\w+|cuota|factura|recibo|letra|boleta|mes)(?:\s+(?:el|la|de|del|dia))*\s*$"
)
_AFTER = re.compile(r"\b(?:despues|luego|pasad[oa]s?)(?:\s+(?:de|del|el|la))*\s*$")
_RANGES: frozenset[Reader] = frozenset({_weekend, _next_week, _this_week, _next_month, _start_of_month})
_GRAMMAR = tuple((re.compile(pattern), read) for pattern, read in _RULES)
