"""The amounts people name: "200 soles", "S/ 200.50", "200 mil", "dos lucas", "la mitad", "todo".

Pure, on folded text from which the days are already covered (`said_days`).
"""

from __future__ import annotations

import re
from decimal import Decimal

import msgspec

from console import money

# Where a thousand is small change it is left unsaid: "le pago 200" is two hundred thousand.
_THOUSANDS_UNSAID = frozenset({"COP", "CLP", "ARS", "PYG"})
_UNSAID_BELOW = 1000
_LONGEST_PLAIN = 7
"""Digits of a number without a sign of money; longer ones are documents and telephones."""
_LUCA = {"PEN": 1, "COP": 1000, "CLP": 1000, "ARS": 1000}
_ONES = (
    "un,uno,una dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciseis diecisiete "
    "dieciocho diecinueve veinte veintiuno,veintiun veintidos veintitres veinticuatro veinticinco veintiseis "
    "veintisiete veintiocho veintinueve"
)
_TENS = ". . treinta cuarenta cincuenta sesenta setenta ochenta noventa"
_HUNDREDS = (
    "cien,ciento doscientos,doscientas trescientos,trescientas cuatrocientos quinientos,quinientas seiscientos "
    "setecientos ochocientos novecientos"
)


def _counted(names: str, step: int) -> dict[str, int]:
    return {
        word: step * number
        for number, words in enumerate(names.split(" "), start=1)
        for word in words.split(",")
        if word != "."
    }


_WORDS = _counted(_ONES, 1) | _counted(_TENS, 10) | _counted(_HUNDREDS, 100)
_ONE = r"(?:" + "|".join(sorted(_WORDS, key=len, reverse=True)) + ")"
_PAYS = (
    r"\b(?:pag\w*|cancel\w*|deposit\w*|abon\w*|transf\w*|liquid\w*|sald\w+|yape\w*|plin\w*|mand\w*|envi\w*|doy|dare|"
    r"daria|ten\w*|junt\w*|consig\w*|completo|adelant\w*|amortiz\w*)\b"
)

_SIGN = r"(?:us\$|s/\.?|\$|\bsoles?\b|\bpesos?\b|\bpen\b|\bmxn\b|\bcop\b|\bclp\b|\bars\b|\bmangos\b|\bvaros\b)"
# Neither half of a day ("12/25", which is none here) is an amount.
_DIGITS = r"\d{1,3}(?:[.,' ]\d{3})+(?:[.,]\d{1,2})?(?!\d|/\d)|\d+(?:[.,]\d{1,2})?(?!\d|/\d)"
_TIMES = r"mil(?:es)?|k|lucas?|luquitas?|palos?|millon(?:es)?|mm"
# What a number beside it counts, other than money.
_NOT_AFTER = (
    r"(?:cuotas?|pagos?|partes?|dias?|semanas?|meses|mes|anos?|horas?|hrs?|hs|min(?:utos?)?|a\.?\s?m|p\.?\s?m|hijos?|"
    r"veces|personas?|familias?|de\s+la\s+(?:tarde|manana|noche))"
)
_NOT_BEFORE = (
    r"(?:a\s+las?|dni|ruc|rut|curp|rfc|cedula|documento|cel(?:ular)?|tel(?:efono)?|numero|nro\.?|no\.|n[°º]|#|operacion|"
    r"codigo|factura|contrato|cuenta|cci|clabe|recibo|folio|voucher|referencia|cuota|fact\.?|[a-z]-)\s*:?\s*"
)
_NUMBER = re.compile(
    rf"(?:(?P<before>{_SIGN}\s*)|(?<![\d./:\w-]))(?P<digits>{_DIGITS})(?:\s*(?P<times>{_TIMES})\b)?"
    rf"(?P<after>\s*(?:de\s+)?{_SIGN})?",
)
_SPELT = re.compile(
    rf"(?<!\w)(?P<spelt>(?:{_ONE}|medio|media|y|mil|millon(?:es)?|lucas?|palos?)(?:\s+(?:{_ONE}|y|mil|millon(?:es)?|lucas?|palos?))*)"
    rf"(?!\w)(?P<after>\s*(?:de\s+)?{_SIGN})?",
)
_SHARE = re.compile(
    r"\b(?:(?P<half>(?:la\s+)?mitad)|(?P<third>(?:un\s+)?tercio|la\s+tercera\s+parte)|"
    r"(?P<percent>\d{1,2}|100)\s*(?:%|por\s*ciento))(?!\w)",
)
_ALL = re.compile(
    rf"{_PAYS}[^.,;!?\n]{{0,25}}?\b(?P<all>todo|toda|total|completo|completa|entero|entera)\b"
    r"(?!\s+(?:el\s+dia|lo\s+posible|bien|ok|modos?|caso))|"
    r"\b(?P<debt>el\s+total|el\s+saldo(?:\s+completo)?|todo\s+lo\s+que\s+(?:le\s+)?debo|(?:toda\s+)?la\s+deuda)\b|"
    r"^\W*(?P<only>todo|el\s+total)\W*$",
)
# "Debo 500 y pago 100", "me pagan 1000 el 15 y le doy 200": what is owed or earned, where another amount is named.
_NOT_PAID_BEFORE = re.compile(
    r"\b(?:deb(?:o|ia|emos|en)|deuda(?:\s+(?:es|era))?|me\s+(?:pagan|depositan|cobran|prestaron|deben)|cobro|gano|sueldo)"
    r"(?:\s+(?:de|es|unos|como|solo|los|las))*\s*$|\bde\s+l[oa]s\s*$"
)
_NOT_PAID_AFTER = re.compile(
    r"^\s*(?:soles\s+|pesos\s+)?que\s+(?:l?[et]s?\s+)?(?:debo|deben|dicen|me\s+(?:pagan|cobran|deben))\b"
)
_MARK = r"(?:us\$|s/\.?|\$)"
_LESS = re.compile(
    rf"(?:(?<![\w.,/:-])-(?:{_MARK}\s*)?|{_MARK}\s*-\s*|{_PAYS}\s+menos\s+(?:{_MARK}\s*)?)(?:{_DIGITS})"
    rf"(?:\s*(?:de\s+)?{_SIGN})?"
)
_ZERO = r"0+(?:[.,]0+)?(?![\d.,]*\d)"
_BARE_ZERO = rf"(?<![\w.,/:-]){_ZERO}(?!\s*[%:]|\s*por\s*ciento|\s*(?:{_NOT_AFTER}|interes\w*|recargos?|mora)\b)"
_NONE = re.compile(
    rf"{_MARK}\s*{_ZERO}|(?:{_BARE_ZERO}|\bcero)\s*(?:de\s+)?{_SIGN}|"
    rf"{_PAYS}\s+(?:\w+\s+)?(?:{_BARE_ZERO}|cero\b(?!\s+\w))|^\W*(?:{_BARE_ZERO}|cero)\W*$"
)


class Amount(msgspec.Struct, frozen=True):
    """An amount somebody named, in the smallest unit, and where. Not `sure`: a guess for a person to confirm."""

    start: int
    end: int
    minor: int
    sure: bool


def find_amount(text: str, *, currency: str, overdue_minor: int, balance_minor: int) -> Amount | None:
    """The first amount named in `text`; shares are of what is overdue, or of the balance where nothing is.

    Nothing and less than nothing are no amounts (`names_none`).
    """
    text = _LESS.sub(lambda match: " " * len(match[0]), text)
    whole = overdue_minor or balance_minor
    found = [
        each
        for each in (_share(text, whole), _everything(text, whole), *_numbers(text, currency), *_spelt(text, currency))
        if each is not None and each.minor > 0
    ]
    fitting = [each for each in found if each.sure or not balance_minor or each.minor <= balance_minor]
    fitting = [each for each in fitting if not _is_owed_or_earned(each, text)] or fitting
    return min(fitting, key=lambda each: (not each.sure, each.start), default=None)


def _is_owed_or_earned(amount: Amount, text: str) -> bool:
    before, after = text[: amount.start], text[amount.end :]
    return bool(_NOT_PAID_BEFORE.search(before) or _NOT_PAID_AFTER.search(after))


def names_none(text: str) -> bool:
    """Whether `text` names zero or less as an amount: "0 soles", "S/ -50", "te pago cero"."""
    return _NONE.search(text) is not None or _LESS.search(text) is not None


def _share(text: str, whole: int) -> Amount | None:
    match = _SHARE.search(text)
    if match is None:
        return None
    percent = int(match["percent"]) if match["percent"] else None
    minor = -(-whole * percent // 100) if percent is not None else -(-whole // (2 if match["half"] else 3))
    return Amount(match.start(), match.end(), minor, sure=percent is None)


def _everything(text: str, whole: int) -> Amount | None:
    match = _ALL.search(text)
    if match is None:
        return None
    name = next(name for name in ("all", "debt", "only") if match[name])
    return Amount(match.start(name), match.end(name), whole, sure=name != "debt" or bool(re.search(_PAYS, text)))


def _numbers(text: str, currency: str) -> list[Amount]:
    pays = re.search(_PAYS, text) is not None
    found = []
    for match in _NUMBER.finditer(text):
        signed = bool(match["before"] or match["after"])
        if not signed and (
            re.match(rf"\s*{_NOT_AFTER}\b|\s*%|\s*por\s*ciento|:\d", text[match.end("digits") :])
            or re.search(rf"{_NOT_BEFORE}$", text[: match.start("digits")])
        ):
            continue
        digits = match["digits"]
        if not signed and not match["times"] and digits.isdigit() and not 2 <= len(digits) <= _LONGEST_PLAIN:
            continue
        amount, factor = _decimal(digits), _factor(match["times"], currency)
        unsaid = not match["times"] and currency in _THOUSANDS_UNSAID and amount < _UNSAID_BELOW
        minor = _minor(amount * (1000 if unsaid else factor), currency)
        if minor is not None:
            sure = (signed or pays or bool(match["times"])) and not unsaid
            found.append(Amount(match.start(), match.end(), minor, sure=sure))
    return found


def _spelt(text: str, currency: str) -> list[Amount]:
    found = []
    for match in _SPELT.finditer(text):
        words = match["spelt"].split()
        number = _from_words(words, currency)
        signed = bool(match["after"])
        big = bool({"mil", "millon", "millones", "luca", "lucas", "palo", "palos"} & set(words))
        if (
            number is None
            or (number < 10 and not signed)
            or (not signed and re.match(rf"\s*{_NOT_AFTER}\b", text[match.end() :]))
        ):
            continue
        unsaid = not big and currency in _THOUSANDS_UNSAID and number < _UNSAID_BELOW
        minor = _minor(number * (1000 if unsaid else 1), currency)
        if minor is not None:
            sure = (signed or big or re.search(_PAYS, text) is not None) and not unsaid
            found.append(Amount(match.start(), match.end(), minor, sure=sure))
    return found


def _from_words(words: list[str], currency: str) -> Decimal | None:
    """What "mil quinientos" or "medio millón" says; None for a lonely "y"."""
    total, part, said = Decimal(0), Decimal(0), False
    for word in words:
        if word in _WORDS:
            part, said = part + _WORDS[word], True
        elif word in {"medio", "media"}:
            part += Decimal("0.5")
        elif word != "y":
            factor = _factor(word, currency)
            total, part, said = total + (part or 1) * factor, Decimal(0), True
    return total + part if said else None


def _factor(word: str | None, currency: str) -> int:
    if not word:
        return 1
    if word.startswith(("luca", "luq")):
        return _LUCA.get(currency, 1000)
    return 1_000_000 if word.startswith(("palo", "millon", "mm")) else 1000


def _decimal(digits: str) -> Decimal:
    """Three digits behind a mark are thousands, one or two are cents: nobody pays in thousandths."""
    whole, cents = digits, ""
    if match := re.search(r"[.,](\d{1,2})$", digits):
        whole, cents = digits[: match.start()], match[1]
    return Decimal(re.sub(r"\D", "", whole) + (f".{cents}" if cents else ""))


def _minor(amount: Decimal, currency: str) -> int | None:
    scaled = amount.scaleb(money.decimals(currency))
    return int(scaled) if scaled == int(scaled) and 0 < scaled <= money.LARGEST_MINOR else None
