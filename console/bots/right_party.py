"""Whether whoever writes is whom we look for: what they answered, compared so that nothing can be learnt from it.

Pure. The answers are worth about 20 bits together (four digits 13, a year of birth 6), and are only asked together.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Mapping, Sequence

from console.bots.facts import PersonFact

LAST_FOUR = "document_last4"
BIRTH_YEAR = "birth_year"
QUESTIONS = {LAST_FOUR: "los 4 últimos del documento", BIRTH_YEAR: "año de nacimiento"}
"""What may be asked, and how the history calls it."""
NOBODY = PersonFact(debtor_id=0, first_name="", answers={LAST_FOUR: "\x00\x00\x00\x00", BIRTH_YEAR: "\x00\x00\x00\x00"})
_CHECK_DIGIT = frozenset({"RUT"})
"""Documents whose last sign is a check digit that people leave out: the four before it are asked."""
_QUOTED = re.compile(r'["«“‘][^"»”’]*["»”’]')
_GROUP = re.compile(r"(?<![0-9A-Za-z])[0-9A-Za-z]*\d[0-9A-Za-z.\-]*")
_DATE = re.compile(r"(?<!\d)\d{1,2}[/.\-]\d{1,2}[/.\-](\d{4})(?!\d)")
_PAIR = re.compile(r"(?<![0-9A-Za-z/.\-])(\d{4})[/.\-](\d{4})(?![0-9A-Za-z]|[/.\-]\d)")
"""Both answers with a sign between them, as people write "7304-1991"."""
_IN_GROUPS = re.compile(r"(?<![0-9A-Za-z.\-])\d{1,3}(?: \d{3}){2,}(?![0-9A-Za-z])")
"""A document as it stands on the card: "45 127 304"."""
_OLDEST, _YOUNGEST = 1900, 2015
_FOUR = 4
_YEAR_WORDS = re.compile(r"\b(?:naci|nací|nacimiento|año|ano|year)\b", re.IGNORECASE)


def last_four(number: str | None, kind: str | None) -> str | None:
    """The four signs of a document that are asked for; None when there are not as many."""
    if not number:
        return None
    bare = "".join(sign for sign in number.upper() if sign.isalnum())
    bare = bare[:-1] if kind in _CHECK_DIGIT else bare
    return bare[-_FOUR:] if len(bare) > _FOUR else None


def read_answers(texts: Iterable[str], questions: Sequence[str]) -> dict[str, str]:
    """What somebody answered, question by question; what is quoted from elsewhere answers nothing."""
    found: dict[str, str] = {}
    groups: list[str] = []
    for text in texts:
        bare = _QUOTED.sub(" ", text)
        if dated := _DATE.search(bare):
            found[BIRTH_YEAR] = dated[1]
            bare = _DATE.sub(" ", bare, count=1)
        bare = _IN_GROUPS.sub(lambda number: number[0].replace(" ", ""), _PAIR.sub(_apart, bare))
        groups += [_bare(each[0]) for each in _GROUP.finditer(bare)]
        if _YEAR_WORDS.search(bare) and len(groups) == 1 and _is_year(groups[0]):
            found.setdefault(BIRTH_YEAR, groups.pop())
    groups = [each for each in groups if len(each) >= _FOUR]
    years = [each for each in groups if _is_year(each)]
    if BIRTH_YEAR in questions and BIRTH_YEAR not in found and years:
        # Where both may be a year, the document was asked for first.
        year = years[-1] if len(groups) > 1 or LAST_FOUR not in questions else None
        if year is not None:
            groups.reverse()
            groups.remove(year)
            groups.reverse()
            found[BIRTH_YEAR] = year
    if LAST_FOUR in questions and groups:
        found[LAST_FOUR] = groups[0]
    return {question: found[question] for question in questions if question in found}


def matches(given: Mapping[str, str], people: Sequence[PersonFact], questions: Sequence[str]) -> PersonFact | None:
    """Whoever of `people` gave all the right answers. As long for nobody at all as for one who answers wrong."""
    right: PersonFact | None = None
    for person in people or (NOBODY,):
        is_right = bool(questions)
        for question in questions:
            # Every question is compared, whatever the others said.
            is_right &= _same(question, given.get(question, ""), person.answers.get(question))
        if is_right and person.debtor_id:
            right = person
    return right


def _same(question: str, given: str, expected: str | None) -> bool:
    told = given[-_FOUR:].upper()
    wanted = expected if expected is not None else "\x00" * _FOUR
    is_same = hmac.compare_digest(told.encode().ljust(16, b"\x01"), wanted.encode().ljust(16, b"\x01"))
    return is_same and expected is not None and (question != BIRTH_YEAR or len(given) == _FOUR)


def _apart(pair: re.Match[str]) -> str:
    return f"{pair[1]} {pair[2]}" if _is_year(pair[2]) else pair[0]


def _is_year(group: str) -> bool:
    return len(group) == _FOUR and group.isdigit() and _OLDEST <= int(group) <= _YOUNGEST


def _bare(group: str) -> str:
    return "".join(sign for sign in group.upper() if sign.isalnum())
