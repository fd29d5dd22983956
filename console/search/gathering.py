"""What the index keeps of messages and of people, read from what they are made of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Select, select

from console.bulk import among, fetch
from console.db import Tx
from console.inbox.contacts import Alias, Contact
from console.inbox.models import Media, Message
from console.inbox.shown import content_of
from console.portfolio.models import Account, ContactPoint, Debtor, Invoice, PointState
from console.render import entries, scalar
from console.search.models import SearchMessage, SearchPerson
from console.search.words import folded

_MESSAGES = select(
    Message.id, Message.conversation_id, Message.kind, Message.text, Message.content, Message.target_id,
    Message.revoked_at,
).where(among(Message.id, "ids"))  # fmt: skip
_FILES = select(Media.message_id, Media.filename).where(among(Media.message_id, "ids"))
_KEPT_MESSAGES = select(SearchMessage.message_id, SearchMessage.conversation_id, SearchMessage.folded).where(
    among(SearchMessage.message_id, "ids")
)
_CONTACTS = select(Contact.id, Contact.name, Contact.profile_name, Contact.username, Contact.wa_id).where(
    among(Contact.id, "ids")
)
_PHONES = select(Alias.contact_id, Alias.value).where(among(Alias.contact_id, "ids"), Alias.kind == "phone")
_DEBTORS = (
    select(ContactPoint.contact_id, Debtor.name, Debtor.document_number, ContactPoint.phone)
    .join(Debtor, Debtor.id == ContactPoint.debtor_id)
    .where(among(ContactPoint.contact_id, "ids"), ContactPoint.state == PointState.ACTIVE)
)
_ACCOUNTS = (
    select(ContactPoint.contact_id, Account.external_id)
    .join(Account, Account.debtor_id == ContactPoint.debtor_id)
    .where(among(ContactPoint.contact_id, "ids"), ContactPoint.state == PointState.ACTIVE)
)
_INVOICES = (
    select(ContactPoint.contact_id, Invoice.number)
    .join(Account, Account.debtor_id == ContactPoint.debtor_id)
    .join(Invoice, Invoice.account_id == Account.id)
    .where(among(ContactPoint.contact_id, "ids"), ContactPoint.state == PointState.ACTIVE)
    .order_by(Invoice.id.desc())
)
_KEPT_PEOPLE = select(SearchPerson.contact_id, SearchPerson.folded, SearchPerson.names).where(
    among(SearchPerson.contact_id, "ids")
)
MOST_NUMBERS = 400
"""Accounts and invoices that one person is found by: the newest."""


class Change(msgspec.Struct):
    """What is to be written: rows that are new or other than they were, and the keys of rows to take out first."""

    gone: list[int]
    rows: list[dict[str, Any]]
    forgotten: set[str] = set()
    """Words of names that whoever had them has no longer."""

    def __bool__(self) -> bool:
        """Whether anything is to be written."""
        return bool(self.gone or self.rows)


def said(kind: str, text: str | None, content: Mapping[str, Any] | None) -> str:
    """All that a message says in words: its text, and what places, cards and forms name."""
    shown = content_of(kind, content)
    found = [text, shown.get("body"), shown.get("name"), shown.get("address"), shown.get("filename")]
    for card in entries(shown, "contacts"):
        found += [scalar(card, "name"), *entries(card, "phones")]
    return "\n".join(part for part in found if isinstance(part, str) and part)


async def messages(tx: Tx, ids: Collection[int]) -> Change:
    """What changes in the index for these messages; of what acts on another (an edit), for that other."""
    rows = {row.id: row for row in await fetch(tx, _MESSAGES, {"ids": ids})}
    targets = {row.target_id for row in rows.values() if row.target_id} - rows.keys()
    rows |= {row.id: row for row in await fetch(tx, _MESSAGES, {"ids": targets})} if targets else {}
    every = sorted(rows.keys() | set(ids))
    files: dict[int, list[str]] = defaultdict(list)
    for message_id, filename in await fetch(tx, _FILES, {"ids": every}):
        files[message_id].append(filename)
    wanted = []
    for row in rows.values():
        if row.target_id or row.revoked_at or row.kind == "event":
            continue
        if words := folded([said(row.kind, row.text, row.content), *files[row.id]]):
            wanted.append({"message_id": row.id, "conversation_id": row.conversation_id, "folded": words})
    kept = {row[0]: (row[1], row[2]) for row in await fetch(tx, _KEPT_MESSAGES, {"ids": every})}
    new = [row for row in wanted if kept.get(row["message_id"]) != (row["conversation_id"], row["folded"])]
    still = {row["message_id"] for row in wanted} - {row["message_id"] for row in new}
    return Change([number for number in kept if number not in still], new)


async def people(tx: Tx, ids: Collection[int]) -> Change:
    """What changes in the index for these contacts."""
    names: dict[int, list[str | None]] = {}
    others: dict[int, list[str | None]] = defaultdict(list)
    for row in await fetch(tx, _CONTACTS, {"ids": ids}):
        names[row.id] = [row.name, row.profile_name, row.username]
        others[row.id] += _phone(row.wa_id)
    for contact_id, phone in await fetch(tx, _PHONES, {"ids": ids}):
        others[contact_id] += _phone(phone)
    for contact_id, name, document, phone in await fetch(tx, _DEBTORS, {"ids": ids}):
        names[contact_id].append(name)
        others[contact_id] += [document, *_phone(phone)]
    await _numbers(tx, _ACCOUNTS, ids, others)
    await _numbers(tx, _INVOICES, ids, others)
    wanted = [_person(contact_id, called, others[contact_id]) for contact_id, called in names.items()]
    kept = {row[0]: (row[1], row[2]) for row in await fetch(tx, _KEPT_PEOPLE, {"ids": ids})}
    new = [row for row in wanted if row["folded"] and kept.get(row["contact_id"]) != (row["folded"], row["names"])]
    still = {row["contact_id"] for row in wanted if row["folded"]} - {row["contact_id"] for row in new}
    gone = [number for number in kept if number not in still]
    now = {word for row in new for word in row["names"].split()}
    return Change(gone, new, {word for number in gone for word in kept[number][1].split()} - now)


async def _numbers(
    tx: Tx, wanted: Select[int | None, str], ids: Collection[int], others: dict[int, list[str | None]]
) -> None:
    many: dict[int, int] = defaultdict(int)
    for contact_id, number in await fetch(tx, wanted, {"ids": ids}):
        many[contact_id] += 1
        if many[contact_id] <= MOST_NUMBERS:
            others[contact_id].append(number)


def _person(contact_id: int, called: Sequence[str | None], others: Sequence[str | None]) -> dict[str, Any]:
    return {"contact_id": contact_id, "folded": folded([*called, *others]), "names": folded(called)}


def _phone(phone: str | None) -> list[str]:
    """A number from its beginning and, read backwards, from its end."""
    digits = "".join(letter for letter in phone or "" if letter.isdigit())
    return [digits, f"r{digits[::-1]}"] if digits else []
