"""What we call a contact, whatever they call themselves."""

from __future__ import annotations

from console import audit
from console.agents import Viewer
from console.audit import Actor
from console.db import Tx
from console.errors import Refused
from console.inbox.contacts import Contact
from console.inbox.thread import actor_of
from console.languages.words import Words

LONGEST_NAME = 120


async def rename(tx: Tx, contact: Contact, *, by: Viewer | Actor, name: str | None) -> Contact:
    """Call the contact `name`; None goes back to the name they give themselves. Holds its row already locked.

    Records "contact.updated", which says that the name changed and not what it is. Refuses: 422 "invalid" (field name)
    for one that is empty, too long or has control characters.
    """
    if name is not None:
        name = " ".join(name.split())
        if not name or len(name) > LONGEST_NAME or not name.isprintable():
            raise Refused(
                422,
                Words("Escriba un nombre de hasta {longest_name} letras.", longest_name=LONGEST_NAME),
                code="invalid",
                field="name",
            )
    if name == contact.name:
        return contact
    contact.name = name
    contact.version += 1
    audit.record(
        tx,
        actor_of(by),
        "contact.updated",
        subject=f"contact:{contact.id}",
        new={"changed": "name", "version": contact.version},
    )
    await tx.flush()
    return contact


def require_version(contact: Contact, version: int | None) -> None:
    """Raise Refused(409) when the contact changed since `version`; None asks for nothing."""
    if version is not None and version != contact.version:
        raise Refused(
            409,
            Words("El contacto cambió mientras tanto; revise cómo quedó y vuelva a intentarlo."),
            code="version_conflict",
            field="version",
            details={"version": contact.version},
        )
