"""Who is writing: from the addresses on the wire to one contact, without ever rewriting or guessing.

Meta, "Business-scoped user IDs": a person may be known by phone, by BSUID, or both; the BSUID changes with the phone.
Addresses are joined to one contact only when a signed payload carries them together; whatever contradicts what we
know becomes a review task for a person.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import bindparam, select, text, update

from console import audit
from console.audit import SYSTEM
from console.bulk import among, fetch
from console.db import Tx, bulk_insert, dialect_of, table_of
from console.inbox.contacts import Alias, Contact, ReviewTask
from console.inbox.merge import merge_contacts
from console.portfolio import points
from integrations.whatsapp.events import IdentityChange, Person
from integrations.whatsapp.numbers import match_key

_KNOWN = table_of(Alias)
_CONTACTS = table_of(Contact)
_ALIASES = (
    select(_KNOWN.c.kind, _KNOWN.c.value, _KNOWN.c.contact_id, _CONTACTS.c.profile_name, _CONTACTS.c.username)
    .join(_CONTACTS, _CONTACTS.c.id == _KNOWN.c.contact_id)
    .where(_KNOWN.c.channel_id == bindparam("channel"), among(_KNOWN.c.value, "values"))
)
_NAMES = select(_CONTACTS.c.id, _CONTACTS.c.profile_name, _CONTACTS.c.username).where(among(_CONTACTS.c.id, "contacts"))

Address = tuple[str, str]
"""Kind (phone, bsuid, parent) and the value exactly as Meta gave it."""


def addresses(person: Person) -> list[Address]:
    """The addresses of one person that name them and nobody else, the strongest first.

    The parent BSUID only repeats the BSUID for another portfolio; it is kept with the payload and not matched on.
    """
    found = (("phone", person.wa_id), ("bsuid", person.user_id))
    return [(kind, value) for kind, value in found if value]


class Known(msgspec.Struct):
    """What the database says about the addresses of one batch."""

    by_address: dict[Address, int]
    names: dict[int, tuple[str | None, str | None]]
    """The profile name and the user name of contacts that were known before."""
    by_match_key: dict[str, int] = {}


async def contacts_of(tx: Tx, channel_id: int, people: Sequence[Person], moment: datetime) -> dict[Address, int]:
    """The contact behind every address of `people`, creating and joining what is new. One person, one contact.

    Safe when several processes meet the same stranger at once.
    """
    wanted = {address for person in people for address in addresses(person)}
    known = await _lookup(tx, channel_id, wanted)
    if not all(_settled(person, known.by_address) for person in people):
        await one_at_a_time(tx, channel_id)
        known = await _lookup(tx, channel_id, wanted)
        known.by_match_key = await _lookup_variants(tx, channel_id, wanted)
        for person in people:
            await _settle(tx, channel_id, person, known, moment)
    await _refresh_names(tx, people, known)
    return known.by_address


def contact_of(person: Person, by_address: dict[Address, int]) -> int:
    """The contact of one person, by the strongest address they showed."""
    return next(by_address[address] for address in addresses(person) if address in by_address)


def _settled(person: Person, by_address: dict[Address, int]) -> bool:
    owners = {by_address.get(address) for address in addresses(person)}
    return len(owners) == 1 and None not in owners


async def _lookup(tx: Tx, channel_id: int, wanted: Iterable[Address]) -> Known:
    values = {value for _kind, value in wanted}
    if not values:
        return Known({}, {})
    rows = await fetch(tx, _ALIASES, {"channel": channel_id, "values": values})
    return Known(
        {(kind, value): contact_id for kind, value, contact_id, _name, _username in rows},
        {contact_id: (name, username) for _kind, _value, contact_id, name, username in rows},
    )


async def _lookup_variants(tx: Tx, channel_id: int, wanted: Iterable[Address]) -> dict[str, int]:
    keys = {match_key(value) for kind, value in wanted if kind == "phone"}
    if not keys:
        return {}
    rows = await tx.execute(
        select(Alias.match_key, Alias.contact_id)
        .where(Alias.channel_id == channel_id, Alias.match_key.in_(keys))
        .order_by(Alias.id.desc()),
    )
    return {key: contact_id for key, contact_id in rows if key}


async def one_at_a_time(tx: Tx, channel_id: int) -> None:
    """Strangers are rare: whoever meets one on this channel holds this lock until its commit."""
    if dialect_of(tx) == "postgresql":
        await tx.execute(text("SELECT pg_advisory_xact_lock(7203, CAST(:channel AS int))"), {"channel": channel_id})


async def _settle(tx: Tx, channel_id: int, person: Person, known: Known, moment: datetime) -> None:
    """Bring one person to one contact: found, joined, or made."""
    mine = addresses(person)
    owners = list(dict.fromkeys(known.by_address[address] for address in mine if address in known.by_address))
    if not owners and person.wa_id and match_key(person.wa_id) in known.by_match_key:
        owners = [known.by_match_key[match_key(person.wa_id)]]
    if len(owners) > 1:
        await _reconcile(tx, channel_id, person, owners, known=known, moment=moment)
        return
    contact_id = owners[0] if owners else await _create(tx, person, moment)
    new = [address for address in mine if address not in known.by_address]
    if owners and await _another_bsuid(tx, contact_id, person, new):
        await _doubt(tx, "user_id_changed", contact_id, {"user_id": person.user_id}, moment)
    await _attach(tx, channel_id, contact_id, new, known=known, moment=moment)


async def _create(tx: Tx, person: Person, moment: datetime) -> int:
    contact = Contact(
        profile_name=person.name,
        username=person.username,
        wa_id=person.wa_id,
        user_id=person.user_id,
        created_at=moment,
    )
    tx.add(contact)
    await tx.flush()
    audit.record(tx, SYSTEM, "contact.created", subject=f"contact:{contact.id}", new={"contact": contact.id})
    return contact.id


async def _attach(
    tx: Tx,
    channel_id: int,
    contact_id: int,
    new: Sequence[Address],
    *,
    known: Known,
    moment: datetime,
) -> None:
    rows = [
        {
            "channel_id": channel_id,
            "kind": kind,
            "value": value,
            "match_key": match_key(value) if kind == "phone" else None,
            "contact_id": contact_id,
            "created_at": moment,
        }
        for kind, value in new
    ]
    await bulk_insert(tx, Alias, rows)
    latest = {"wa_id" if kind == "phone" else "user_id": value for kind, value in new}
    if latest:
        await tx.execute(update(Contact).where(Contact.id == contact_id).values(latest))
    keys = {match_key(value) for kind, value in new if kind == "phone"}
    if keys:
        await points.adopt(tx, contact_id, keys, moment)
    for address, row in zip(new, rows, strict=True):
        known.by_address[address] = contact_id
        if row["match_key"]:
            known.by_match_key[str(row["match_key"])] = contact_id


async def _another_bsuid(tx: Tx, contact_id: int, person: Person, new: Sequence[Address]) -> bool:
    """A known phone that shows a second BSUID has changed hands, or its owner has changed phones: doubt."""
    if person.user_id is None or ("bsuid", person.user_id) not in new:
        return False
    present = await tx.scalar(select(Contact.user_id).where(Contact.id == contact_id))
    return present is not None and present != person.user_id


async def _reconcile(
    tx: Tx,
    channel_id: int,
    person: Person,
    owners: Sequence[int],
    *,
    known: Known,
    moment: datetime,
) -> None:
    """A signed payload names two contacts as one person. Join them when nothing contradicts it, else ask."""
    phone_owner, bsuid_owner = owners[0], owners[1]
    kinds = await _kinds(tx, owners)
    if "bsuid" not in kinds[phone_owner] and "phone" not in kinds[bsuid_owner]:
        await merge_contacts(tx, keep=phone_owner, absorb=bsuid_owner, by=SYSTEM)
        for address in addresses(person):
            known.by_address[address] = phone_owner
        return
    details = {"channel_id": channel_id, "addresses": [kind for kind, _value in addresses(person)]}
    await _doubt(tx, "alias_conflict", phone_owner, details, moment, other=bsuid_owner)


async def _kinds(tx: Tx, contact_ids: Sequence[int]) -> dict[int, set[str]]:
    kinds: dict[int, set[str]] = {contact_id: set() for contact_id in contact_ids}
    for contact_id, kind in await tx.execute(
        select(Alias.contact_id, Alias.kind).where(Alias.contact_id.in_(contact_ids)),
    ):
        kinds[contact_id].add(kind)
    return kinds


async def change_identity(tx: Tx, channel_id: int, change: IdentityChange, moment: datetime) -> int | None:
    """A person's number or BSUID changed, says Meta. Keep both addresses and doubt the identity until confirmed.

    A changed number may be another person, so nothing about a debt may be said before a person or the bot has
    confirmed who it is. Returns the contact, or None when neither address is known.
    """
    await one_at_a_time(tx, channel_id)
    old, new = addresses(change.old), addresses(change.new)
    known = await _lookup(tx, channel_id, [*old, *new])
    owner = next((known.by_address[address] for address in old if address in known.by_address), None)
    if owner is None:
        return next((known.by_address[address] for address in new if address in known.by_address), None)
    rival = next((known.by_address[a] for a in new if known.by_address.get(a, owner) != owner), None)
    fresh = [address for address in new if address not in known.by_address]
    await _attach(tx, channel_id, owner, fresh, known=known, moment=moment)
    kind = "alias_conflict" if rival else f"{change.kind}_changed"
    # Each change is a doubt of its own, also of who changed before and was found to be the same.
    await _doubt(tx, kind, owner, {"change": change.kind}, moment, other=rival, since=change.at or moment)
    return owner


async def _doubt(
    tx: Tx,
    kind: str,
    contact_id: int,
    details: dict[str, Any],
    moment: datetime,
    *,
    other: int | None = None,
    since: datetime | None = None,
) -> None:
    """Mark the contact as not surely the person we knew, and open a task for a person to settle it.

    Once for each kind, details and `since`: what somebody settled is not doubted again because it comes again.
    """
    seed = f"{contact_id}:{other}:{sorted(details.items())}" + (f":{since.isoformat()}" if since else "")
    digest = hashlib.sha256(seed.encode()).hexdigest()
    known = select(ReviewTask.id).where(ReviewTask.kind == kind, ReviewTask.digest == digest)
    if await tx.scalar(known) is not None:
        return
    await tx.execute(
        update(Contact).where(Contact.id == contact_id).values(identity_doubt_at=moment, version=Contact.version + 1),
    )
    row = {
        "kind": kind,
        "digest": digest,
        "contact_id": contact_id,
        "other_contact_id": other,
        "conversation_id": None,
        "details": details,
        "created_at": moment,
        "resolved_at": None,
        "resolved_by": None,
        "resolution": None,
    }
    await bulk_insert(tx, ReviewTask, [row], or_ignore=True)
    audit.record(tx, SYSTEM, "review.opened", subject=f"contact:{contact_id}", new={"kind": kind, "other": other})


async def _refresh_names(tx: Tx, people: Sequence[Person], known: Known) -> None:
    """Keep the name people give themselves; it is shown, never matched on."""
    newest = {
        contact_of(person, known.by_address): person
        for person in people
        if (person.name or person.username) and any(address in known.by_address for address in addresses(person))
    }
    others = newest.keys() - known.names.keys()
    names = dict(known.names)
    if others:
        names |= {number: (name, username) for number, name, username in await fetch(tx, _NAMES, {"contacts": others})}
    for contact_id, person in newest.items():
        name, username = names[contact_id]
        if (person.name or name, person.username or username) == (name, username):
            continue
        await tx.execute(
            update(Contact)
            .where(Contact.id == contact_id)
            .values(
                profile_name=person.name or name,
                username=person.username or username,
                version=Contact.version + 1,
            ),
        )
        audit.record(tx, SYSTEM, "contact.updated", subject=f"contact:{contact_id}", new={"changed": "profile"})
