"""Phone numbers as WhatsApp and debtor files write them: matched by variant, shown, normalised, never rewritten.

The Latin American quirks: Mexico's `521`, Brazil's ninth digit, Argentina's `549`.
"""

from __future__ import annotations

import re
from enum import StrEnum

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, ValidationResult

_SEPARATORS = re.compile(r"[\s()./\-\u00a0\u2010-\u2015]+")
_MEXICO_MOBILE = re.compile(r"521(\d{10})", re.ASCII)
_MEXICO = re.compile(r"52(\d{10})", re.ASCII)
# Prefixes that Mexico dropped in 2019 and old files still have.
_MEXICO_OLD = re.compile(r"(?:01|04[45])(\d{10})", re.ASCII)
# Eight digits that begin with 2 to 5 are a landline, which has no ninth digit.
_BRAZIL_EIGHT = re.compile(r"(55[1-9][1-9])([6-9]\d{7})", re.ASCII)
_BRAZIL_NINE = re.compile(r"(55[1-9][1-9])9([6-9]\d{7})", re.ASCII)
_ARGENTINA_MOBILE = re.compile(r"549(\d{10})", re.ASCII)
_SCIENTIFIC = re.compile(r"\d[.,]\d+e\+?\d+", re.IGNORECASE | re.ASCII)
_SPREADSHEET = re.compile(r"(\d{6,})[.,]0", re.ASCII)
_ALLOWED = re.compile(r"[+\d\s()./\-\u00a0\u2010-\u2015]+")
_DIGITS = re.compile(r"\d+", re.ASCII)


class Problem(StrEnum):
    """Why a text is no phone number."""

    EMPTY = "empty"
    NOT_A_NUMBER = "not_a_number"
    SCIENTIFIC = "scientific"  # a spreadsheet wrote 5.25512E+11: digits are lost
    UNKNOWN_COUNTRY = "unknown_country"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    IMPOSSIBLE = "impossible"


class BadNumber(ValueError):  # noqa: N818 an answer about a text
    """A text that is no phone number, and why. The number itself is not in the message: it is personal data."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"no phone number: {problem.value}")
        self.problem = problem


def match_key(wa_id: str) -> str:
    """The key under which two spellings of one WhatsApp line meet. For comparing only: never store it as an address.

    Mexico: `521`+10 becomes `52`+10 (only 13 digits; 12 digits are a number of their own). Brazil: a mobile
    without its ninth digit gets it. Argentina keeps `549` and `54` apart: without the 9 it may be a landline.
    Anything but digits (a BSUID) is its own key.
    """
    digits = _digits(wa_id)
    if digits is None:
        return wa_id
    if match := _MEXICO_MOBILE.fullmatch(digits):
        return "52" + match[1]
    if match := _BRAZIL_EIGHT.fullmatch(digits):
        return match[1] + "9" + match[2]
    return digits


def variants(phone: str) -> frozenset[str]:
    """Every wa_id that the line of `phone` (international, with or without +) may appear under.

    For looking a debtor file's phone up among known contacts. An Argentine mobile (`549`) may appear
    without its 9; the other way round would mistake a landline for a mobile.
    """
    key = match_key(phone)
    found = {key}
    if match := _MEXICO.fullmatch(key):
        found.add("521" + match[1])
    if match := _BRAZIL_NINE.fullmatch(key):
        found.add(match[1] + match[2])
    if match := _ARGENTINA_MOBILE.fullmatch(key):
        found.add("54" + match[1])
    return frozenset(found)


def display(wa_id: str) -> str:
    """The number as people write it, `+52 55 1234 5678`, in the form one can dial; other ids as they are."""
    digits = _digits(wa_id)
    if digits is None:
        return wa_id
    number = "+" + match_key(digits)
    try:
        parsed = phonenumbers.parse(number)
    except NumberParseException:
        return "+" + digits
    return phonenumbers.format_number(parsed, PhoneNumberFormat.INTERNATIONAL)


def e164(raw: str, region: str) -> str:
    """`raw` as E.164 (`+525512345678`), read as in `region` (ISO code) when it has no country code.

    BadNumber names the problem. Gated on possible length, not on assigned ranges: those lists lag behind.
    """
    text = raw.strip()
    if not text:
        raise BadNumber(Problem.EMPTY)
    if _SCIENTIFIC.fullmatch(text):
        raise BadNumber(Problem.SCIENTIFIC)
    if spreadsheet := _SPREADSHEET.fullmatch(text):
        text = spreadsheet[1]
    if not _ALLOWED.fullmatch(text):
        raise BadNumber(Problem.NOT_A_NUMBER)
    number = _parse(_modern_mexico(text, region.upper()), region.upper())
    possible = phonenumbers.is_possible_number_with_reason(number)
    if possible != ValidationResult.IS_POSSIBLE:
        raise BadNumber(_REASONS.get(possible, Problem.IMPOSSIBLE))
    return "+" + match_key(phonenumbers.format_number(number, PhoneNumberFormat.E164))


def _modern_mexico(text: str, region: str) -> str:
    bare = _SEPARATORS.sub("", text)
    found = _MEXICO_MOBILE.fullmatch(bare.removeprefix("+")) or (region == "MX" and _MEXICO_OLD.fullmatch(bare))
    return f"+52{found[1]}" if found else text


def _parse(text: str, region: str) -> phonenumbers.PhoneNumber:
    if not text.startswith(("+", "00")) and region not in phonenumbers.SUPPORTED_REGIONS:
        raise BadNumber(Problem.UNKNOWN_COUNTRY)
    try:
        return phonenumbers.parse(text, region)
    except NumberParseException as error:
        raise BadNumber(_PARSE_REASONS.get(error.error_type, Problem.NOT_A_NUMBER)) from None


def _digits(text: str) -> str | None:
    bare = _SEPARATORS.sub("", text).removeprefix("+")
    return bare if _DIGITS.fullmatch(bare) else None


_REASONS = {
    ValidationResult.TOO_SHORT: Problem.TOO_SHORT,
    ValidationResult.TOO_LONG: Problem.TOO_LONG,
    ValidationResult.INVALID_COUNTRY_CODE: Problem.UNKNOWN_COUNTRY,
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: Problem.TOO_SHORT,
}
_PARSE_REASONS = {
    NumberParseException.INVALID_COUNTRY_CODE: Problem.UNKNOWN_COUNTRY,
    NumberParseException.TOO_SHORT_NSN: Problem.TOO_SHORT,
    NumberParseException.TOO_SHORT_AFTER_IDD: Problem.TOO_SHORT,
    NumberParseException.TOO_LONG: Problem.TOO_LONG,
}
