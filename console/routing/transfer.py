"""Handing a conversation on, to a person or to another team's queue, with a note that says why."""

from __future__ import annotations

from collections.abc import Collection

from console import clock
from console.agents import Viewer
from console.db import Tx
from console.errors import Refused
from console.inbox import assign, policy, reply
from console.inbox.models import Conversation, ReadMark
from console.languages.words import Words
from console.mentions.people import Standing

LONGEST_NOTE = 1000


async def transfer(
    tx: Tx,
    conversation: Conversation,
    *,
    by: Viewer,
    note: str,
    client_key: str,
    to_agent: int | None = None,
    to_team: int | None = None,
    version: int | None = None,
    mentions: Collection[int] = (),
) -> Conversation:
    """Hand the conversation to `to_agent`, or to the queue of `to_team`; the note stands in the thread before it.

    Whoever holds it may, and whoever may assign others. To its new holder it is unread, whatever they read before.
    Colleagues whom the note names after an `@`, and those of `mentions`, are told of it, as by any note, if they see
    it where it goes.
    Records "message.noted" and "conversation.assigned", "conversation.transferred" or "conversation.released" (to the
    queue of its own team).
    Refuses: 422 "note_required" (field note), 422 naming who or which team cannot have it; 403; 409
    "version_conflict".
    """
    note = reply.tidy(note)
    if not note:
        text = Words("Escriba una nota para quien la recibe: qué pidió la persona y qué falta.")
        raise Refused(422, text, code="note_required", field="note")
    if len(note) > LONGEST_NOTE:
        raise Refused(
            422,
            Words("La nota admite hasta {longest_note} letras.", longest_note=LONGEST_NOTE),
            code="invalid",
            field="note",
        )
    if (to_agent is None) == (to_team is None):
        raise Refused(422, Words("Elija a quién o a qué equipo pasa."), code="invalid", field="to")
    conversation = await assign.held(tx, conversation, version)
    if conversation.holder_id != by.id:
        policy.require(by, "assign_others")
    if to_agent is not None and to_agent == conversation.holder_id:
        raise Refused(422, Words("Ya la tiene esa persona."), code="invalid", field="to")
    # Whom the note names is asked of where it goes: who no longer sees it could not come.
    going = Standing(to_team or conversation.team_id, to_agent)
    await reply.note(tx, conversation, by=by, text=note, client_key=client_key, mentions=mentions, handed_to=going)
    if to_agent is not None:
        await assign.assign(tx, conversation, by=by, to=to_agent)
        await _unread_to(tx, conversation, to_agent)
    elif to_team == conversation.team_id:
        await assign.release(tx, conversation, by=by)
    else:
        await assign.transfer(tx, conversation, by=by, team_id=to_team or 0)
    return conversation


async def _unread_to(tx: Tx, conversation: Conversation, agent_id: int) -> None:
    """What somebody is handed looks new to them: the reading mark goes back behind the last thing that came in."""
    mark = await tx.get(ReadMark, (agent_id, conversation.id))
    if mark is not None and 0 < conversation.inbound_count == mark.inbound_count:
        mark.inbound_count -= 1
        mark.sequence, mark.at = max(conversation.last_sequence - 1, 0), clock.now()
