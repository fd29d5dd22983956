"""Contacts: the people we talk to, and what we call them."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, get, patch
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import select

from console.api import listing, people, rendering, shapes
from console.api.asking import body, number, query
from console.api.cursors import Cursors
from console.api.operations import does
from console.api.tokens import Program
from console.db import Database, Tx
from console.errors import not_found
from console.inbox import naming
from console.inbox.contacts import Contact

LISTING = "contacts"


class Filters(listing.Paging, kw_only=True, forbid_unknown_fields=True):
    """What narrows the listing; several at once must all hold."""

    phone: Annotated[str, msgspec.Meta(description=people.PHONE)] | None = None
    q: Annotated[str, msgspec.Meta(max_length=100, description=people.SEARCHES)] | None = None


class ContactChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What may be changed. `name` null goes back to the name people give themselves."""

    name: str | msgspec.UnsetType | None = msgspec.UNSET
    version: int | msgspec.UnsetType = msgspec.UNSET


@get("/contacts", opt=does("contacts:read", returns=shapes.Page[shapes.Contact], query=Filters))
async def list_contacts(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    cursors: NamedDependency[Cursors],
) -> shapes.Page[shapes.Contact]:
    """Contacts, in the order in which they first wrote."""
    asked = query(request, Filters)
    place = listing.begin(cursors, LISTING, asked, (int,))
    wanted = select(Contact).where(Contact.id > (place[0] if place else 0))
    if asked.phone is not None:
        wanted = wanted.where(Contact.id.in_(people.with_phone(asked.phone)))
    if asked.q is not None:
        wanted = wanted.where(Contact.id.in_(people.matching(asked.q)))
    async with db.reading() as tx:
        found = (await tx.scalars(wanted.order_by(Contact.id).limit(asked.limit + 1))).all()
    page, following = listing.cut(cursors, LISTING, asked, found, lambda row: (row.id,))
    return shapes.Page([rendering.contact(row) for row in page], following)


@get("/contacts/{contact_id:str}", opt=does("contacts:read", returns=shapes.Contact, refuses=(404,)))
async def get_contact(contact_id: FromPath[str], db: NamedDependency[Database]) -> shapes.Contact:
    """One contact."""
    async with db.reading() as tx:
        return rendering.contact(await _opened(tx, contact_id))


@patch(
    "/contacts/{contact_id:str}",
    opt=does("contacts:write", returns=shapes.Contact, body=ContactChange, refuses=(404, 409)),
)
async def change_contact(
    contact_id: FromPath[str],
    request: Request[Any, Any, Any],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
) -> shapes.Contact:
    """Change what we call somebody. Refuses 409 `version_conflict` when `version` is no longer the present one."""
    change = await body(request, ContactChange)
    version = None if change.version is msgspec.UNSET else change.version
    async with db.transaction() as tx:
        contact = await _opened(tx, contact_id, lock=True)
        naming.require_version(contact, version)
        if change.name is not msgspec.UNSET:
            await naming.rename(tx, contact, by=program.actor, name=change.name)
        return rendering.contact(contact)


async def _opened(tx: Tx, contact_id: str, *, lock: bool = False) -> Contact:
    """The contact of a path. Programs belong to no team, so whoever has the scope may see anybody."""
    wanted = select(Contact).where(Contact.id == number(contact_id))
    contact = (await tx.scalars(wanted.with_for_update() if lock else wanted)).one_or_none()
    if contact is None:
        raise not_found()
    return contact


routes = [list_contacts, get_contact, change_contact]
