"""Who a message is from or a tick is about: ids of the message itself, names from the contacts beside it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from integrations.whatsapp.events import Person
from integrations.whatsapp.json_pieces import clean
from integrations.whatsapp.numbers import match_key

# Country and up to 128 letters and digits; a parent id has `ENT.` between: MX.1349…, US.ENT.1181…
_USER_ID = re.compile(r"[A-Z]{2}\.[A-Za-z0-9.]{1,140}", re.ASCII)
_LONGEST_ID = 256


def identifier(value: object) -> str | None:
    """An id as the wire gives it, number or string, verbatim; None when there is none or it is absurdly long."""
    if isinstance(value, str):
        return clean(value) if 0 < len(value) <= _LONGEST_ID else None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None


def person(
    wa_id: object, user_id: object, parent_user_id: object, name: object = None, username: object = None
) -> Person:
    """A Person out of loose wire values. A BSUID that stands where a phone belongs is taken as the BSUID it is."""
    phone, user = identifier(wa_id), identifier(user_id)
    if phone is not None and not phone.isdigit() and _USER_ID.fullmatch(phone):
        phone, user = None, user or phone
    return Person(
        phone,
        user,
        identifier(parent_user_id),
        clean(name) if isinstance(name, str) and name else None,
        clean(username) if isinstance(username, str) and username else None,
    )


def contact(fields: Mapping[str, Any]) -> Person:
    """The Person of one element of `contacts[]`."""
    profile = fields.get("profile")
    profile = profile if isinstance(profile, dict) else {}
    return person(
        fields.get("wa_id"),
        fields.get("user_id"),
        fields.get("parent_user_id"),
        profile.get("name"),
        profile.get("username"),
    )


class Directory:
    """The `contacts[]` of one change, to be asked by id: their position means nothing."""

    def __init__(self, contacts: Iterable[Person]) -> None:
        self._all = list(contacts)
        self._by_wa_id = {p.wa_id: p for p in self._all if p.wa_id}
        self._by_user_id = {p.user_id: p for p in self._all if p.user_id}
        self._by_line: dict[str, Person] | None = None

    def complete(self, who: Person) -> Person:
        """`who` with the name and ids of the contact that goes by the same ids; one that contradicts adds nothing."""
        known = self._by_user_id.get(who.user_id) if who.user_id else None
        if known is None or _differ(known.wa_id, who.wa_id):
            known = self._by_wa_id.get(who.wa_id) if who.wa_id else None
        if known is None and who.wa_id and self._all:
            known = self._same_line(who.wa_id)
        if known is None or _differ(known.user_id, who.user_id):
            return who
        return Person(
            who.wa_id or known.wa_id,
            who.user_id or known.user_id,
            who.parent_user_id or known.parent_user_id,
            known.name,
            known.username,
        )

    def only_user_id(self) -> Person | None:
        """The one contact of the change, if it is known by BSUID alone.

        Such a message has been seen with neither `from` nor `from_user_id`; with a single contact
        there is no position to mistake.
        """
        return self._all[0] if len(self._all) == 1 and self._all[0].user_id and not self._all[0].wa_id else None

    def _same_line(self, wa_id: str) -> Person | None:
        if self._by_line is None:
            self._by_line = {match_key(p.wa_id): p for p in self._all if p.wa_id}
        return self._by_line.get(match_key(wa_id))


def _differ(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and one != other
