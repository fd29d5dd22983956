"""The end of a debtor's telephone: all that a screen shows of one until somebody asks for it (privacy.revealing).

Nothing else masks one. Rows are masked where they are read, once, so that drawing and pushing them costs nothing more.
"""

from __future__ import annotations

import re

import phonenumbers

SHOWN = 4
"""How many digits of the end are shown: what people look a number up by, and too little to call it."""
_FEWEST = 7
_COUNTRIES = frozenset(map(str, phonenumbers.COUNTRY_CODE_TO_REGION_CODE))
_LONGEST_COUNTRY = max(map(len, _COUNTRIES))
_NO_DIGIT = re.compile(r"\D+", re.ASCII)
# A telephone and nothing else, with whatever an address book or a chat puts around its digits.
_IS_NUMBER = re.compile(r"[\W_]*(?:\d[\W_]*){7,}", re.ASCII)
_WITHIN = re.compile(r"(?<![\w.])(?:\+\d[\d ()\-]{6,18}\d|\d{8,15})(?!\w)", re.ASCII)


def phone(number: str) -> str:
    """`+51 •••• 8305`: the country and the end of an international number, with or without its plus sign."""
    digits = _NO_DIGIT.sub("", number)
    if len(digits) < _FEWEST:
        return f"•••• {digits[-2:]}"
    # No country's code begins with another's (E.164): the first that is one is the one.
    for length in range(1, _LONGEST_COUNTRY + 1):
        if digits[:length] in _COUNTRIES:
            return f"+{digits[:length]} •••• {digits[-SHOWN:]}"
    return f"•••• {digits[-SHOWN:]}"


def name(called: str) -> str:
    """What somebody is called; the end of it where that is a telephone and nothing else."""
    if not _IS_NUMBER.fullmatch(called):
        return called
    return phone(called) if "+" in called else f"•••• {_NO_DIGIT.sub('', called)[-SHOWN:]}"


def is_number(called: str) -> bool:
    """Whether what somebody is called is a telephone and nothing else: nobody can be addressed so."""
    return _IS_NUMBER.fullmatch(called) is not None


def within(text: str) -> str:
    """A sentence of WhatsApp's with the telephones in it masked: that somebody has another number now."""
    return _WITHIN.sub(lambda found: phone(found[0]), text)
