"""Finding contacts: by phone in any of its spellings, and by the beginning of a name or a number."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, func, or_, select, union_all

from console.inbox.channel import Channel
from console.inbox.contacts import Alias, Contact
from integrations.whatsapp.numbers import match_key, variants

PHONE = "An international phone number; it is found under any of its spellings."
SEARCHES = "The beginning of a first or last name, of a user name, or of a phone number."
_SEPARATORS = re.compile(r"[\s()./+-]+")
_FEWEST_DIGITS = 3


def with_phone(phone: str) -> Select[int]:
    """Ids of the contacts that this phone may be the address of (Mexico's 521, Brazil's ninth digit)."""
    spellings = variants(_SEPARATORS.sub("", phone))
    return select(Alias.contact_id).where(
        _on_our_numbers(),
        Alias.match_key.in_({match_key(spelling) for spelling in spellings}),
    )


def matching(words: str) -> Select[int]:
    """Ids of the contacts one of whose names, or whose phone, begins with `words`."""
    found = [select(Contact.id.label("id")).where(_named(words.strip()))]
    digits = _SEPARATORS.sub("", words)
    if digits.isascii() and digits.isdigit() and len(digits) >= _FEWEST_DIGITS:
        found.append(select(Alias.contact_id.label("id")).where(_on_our_numbers(), _begins(digits)))
    ids = union_all(*found).subquery() if len(found) > 1 else found[0].subquery()
    return select(ids.c.id)


def _on_our_numbers() -> ColumnElement[bool]:
    # The indexes of alias begin with the channel, of which there are few.
    return Alias.channel_id.in_(select(Channel.id))


def _begins(digits: str) -> ColumnElement[bool]:
    """Numbers that begin with these digits. The range is what an index can use."""
    starts = (Alias.kind == "phone") & (Alias.value >= digits) & Alias.value.startswith(digits, autoescape=True)
    after = str(int(digits) + 1)
    return starts & (Alias.value < after) if len(after) == len(digits) and not digits.startswith("0") else starts


def _named(words: str) -> ColumnElement[bool]:
    columns = (Contact.name, Contact.profile_name, Contact.username)
    if words.isascii():
        return or_(*(_word_begins(func.lower(column), words.lower()) for column in columns))
    # SQLite folds the case of ASCII letters only: the usual ways to write a name stand in for the rest.
    spellings = {words, words.lower(), words.title(), words.upper()}
    return or_(*(_word_begins(column, spelling) for column in columns for spelling in spellings))


def _word_begins(text: SQLColumnExpression[Any], words: str) -> ColumnElement[bool]:
    return text.startswith(words, autoescape=True) | text.contains(f" {words}", autoescape=True)
