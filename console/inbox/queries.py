"""Reading the inbox: the only way from an id to a conversation, and what several screens ask for."""

from __future__ import annotations

from sqlalchemy import or_, select

from console import audit, masking
from console.agents import Viewer
from console.db import Tx
from console.errors import not_found
from console.inbox import policy
from console.inbox.channel import Channel
from console.inbox.contacts import Contact
from console.inbox.models import Conversation, Draft
from console.inbox.views import Banner, DraftView
from console.languages.recalled import recalled
from console.languages.words import Words
from console.render import clock_time
from integrations.whatsapp.numbers import display

LARGEST_ID = 2**63 - 1


async def open_conversation(tx: Tx, viewer: Viewer, conversation_id: int, *, lock: bool = False) -> Conversation:
    """The conversation, if it exists and `viewer` may see it; the only way an id from outside becomes one.

    Raises Refused(404) for both "is not" and "may not": ids must tell nothing.
    """
    if not 0 < conversation_id <= LARGEST_ID:
        raise not_found()
    wanted = select(Conversation).where(Conversation.id == conversation_id, policy.visible(viewer))
    conversation = (await tx.scalars(wanted.with_for_update() if lock else wanted)).one_or_none()
    if conversation is None:
        raise not_found()
    return conversation


async def banner(tx: Tx) -> Banner | None:
    """What everybody must know about the number now."""
    wrong = or_(Channel.paused_at.is_not(None), Channel.trouble.is_not(None))
    columns = (Channel.paused_at, Channel.paused_reason, Channel.trouble, Channel.trouble_since)
    found = (await tx.execute(select(*columns).where(wrong).order_by(Channel.paused_at.is_(None)).limit(1))).first()
    if found is None:
        return None
    if found.paused_at is not None:
        sentence = Words(
            "Envíos en pausa: {reason}. Puede leer, anotar y guardar borradores.",
            reason=recalled(found.paused_reason or ""),
        )
        return Banner(kind="paused", sentence=sentence)
    return Banner(kind=found.trouble, sentence=_trouble(found.trouble, clock_time(found.trouble_since)))


def _trouble(kind: str, since: str) -> str:
    if kind == "stuck":
        return Words(
            "Los mensajes no están saliendo desde las {since}. Los escritos esperan en orden: no los repita.",
            since=since,
        )
    return Words(
        "WhatsApp no confirma nada desde las {since}: pueden faltar mensajes y marcas. Avise a su administrador.",
        since=since,
    )


async def draft_of(tx: Tx, viewer: Viewer, conversation_id: int) -> DraftView | None:
    """What `viewer` was last writing in this conversation, and what stands in the other mode."""
    mine = select(Draft).where(Draft.agent_id == viewer.id, Draft.conversation_id == conversation_id, Draft.text != "")
    found = (await tx.scalars(mine.order_by(Draft.updated_at.desc()))).all()
    if not found:
        return None
    last, *others = found
    return DraftView(text=last.text, mode=last.mode, saved_at=last.updated_at, other=others[0].text if others else "")


async def head(tx: Tx) -> int:
    """The history's head: what is read after this is at least that new."""
    return await audit.head_of(tx)


def contact_name(name: str | None, profile_name: str | None, username: str | None, wa_id: str | None) -> str:
    """What screens call somebody: the name we gave, else the one they give themselves, else their address.

    A telephone, by whichever of these ways it comes, is masked.
    """
    if called := name or profile_name:
        return masking.name(called)
    if username:
        return f"@{username.lstrip('@')}"
    return masking.phone(wa_id) if wa_id else Words("Sin nombre")


def whole_name(name: str | None, profile_name: str | None, username: str | None, wa_id: str | None) -> str:
    """The same with nothing masked: for evidence, which is itself on record. No screen shows it."""
    at = f"@{username.lstrip('@')}" if username else None
    return name or profile_name or at or (display(wa_id) if wa_id else None) or Words("Sin nombre")


def addressed(contact: Contact) -> str:
    """What to call somebody to their face; empty for whom we know by a number alone, which is nobody's name."""
    called = contact.name or contact.profile_name or (f"@{contact.username.lstrip('@')}" if contact.username else "")
    return "" if masking.is_number(called) else called


def said_to(name: str, words: str) -> str:
    """`words` to somebody `addressed` so: "María, le recordamos…"; without a name, "Le recordamos…"."""
    return f"{name}, {words}" if name else f"{words[:1].upper()}{words[1:]}"


def initials(name: str) -> str:
    """Two letters for the avatar; a number has none."""
    letters = [word[0] for word in name.replace("@", "").split() if word[0].isalpha()]
    return "".join(letters[:1] + letters[1:][:1]).upper() or "?"
