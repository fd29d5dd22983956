"""Mentioning: who is meant by a note, and that it is new to them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import update

from console import clock
from console.db import Tx, bulk_insert
from console.errors import Refused
from console.inbox.models import Conversation, Message, ReadMark
from console.languages.words import Words
from console.mentions import naming, people
from console.mentions.models import Mention
from console.mentions.people import Standing

MOST = 20
"""People one note may name."""


async def meant(tx: Tx, conversation: Conversation | Standing, *, text: str, asked: Collection[int]) -> dict[int, str]:
    """Who is mentioned, by id: those `asked` for, and whoever `text` names by their whole name after an `@`.

    Typed by hand, picked from the list or come back from a draft: the same words mention the same people. Of several
    people of one name those asked for are meant, and all of them where none is. One query, and none without an `@`.
    Refuses: 422 "cannot_see" (field mentions) for somebody who may not see the conversation, "invalid" for too many.
    """
    if not asked and naming.SIGN not in text:
        return {}
    here = await people.who_see(tx, conversation)
    if not here.keys() >= set(asked):
        # Whom it is about is not said: ids must tell nothing about people of other teams.
        words = Words("No se puede mencionar a quien no ve esta conversación. Quite esa mención, o asígnesela primero.")
        raise Refused(422, words, code="cannot_see", field="mentions")
    chosen = {number: here[number] for number in asked}
    taken = {name.casefold() for name in chosen.values()}
    named = {name.casefold() for _from, _to, name in naming.find(text, here.values())} - taken
    chosen |= {number: name for number, name in here.items() if name.casefold() in named}
    if len(chosen) > MOST:
        raise Refused(422, Words("Mencione a {most} personas o menos.", most=MOST), code="invalid", field="mentions")
    return chosen


def require_same(earlier: Message, asked: Collection[int]) -> None:
    """Refuse (409 "key_reused") the key of a note that did not reach all who are asked for now."""
    reached = {one["id"] for one in (earlier.content or {}).get("mentions", [])}
    if not reached.issuperset(map(str, asked)):
        text = Words("Ya se guardó otra nota con la misma clave; recargue la página e intente de nuevo.")
        raise Refused(409, text, code="key_reused")


async def keep(tx: Tx, note: Message, mentioned: Mapping[int, str]) -> None:
    """Keep who is mentioned in `note`, and that it is new to them. The caller holds the conversation and records it."""
    if not mentioned:
        return
    await bulk_insert(tx, Mention, [{"message_id": note.id, "agent_id": agent} for agent in sorted(mentioned)])
    others = [agent for agent in sorted(mentioned) if (note.author_kind, note.author_id) != ("agent", agent)]
    here = {"conversation_id": note.conversation_id, "inbound_count": 0, "sequence": 0, "mentioned": 0}
    marks = [{"agent_id": agent, **here, "at": clock.now()} for agent in others]
    await bulk_insert(tx, ReadMark, marks, or_ignore=True)
    theirs = (ReadMark.conversation_id == note.conversation_id, ReadMark.agent_id.in_(others))
    await tx.execute(update(ReadMark).where(*theirs).values(mentioned=note.sequence))
