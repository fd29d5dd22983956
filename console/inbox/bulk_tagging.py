"""A tag on many conversations at once: counted before, done in small steps, told row by row, and taken back whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec
from sqlalchemy import Select, select, update

from console import clock
from console.agents import Viewer
from console.bulk import among
from console.db import Database, Tx, table_of
from console.errors import Refused
from console.inbox import policy, tagging
from console.inbox.models import Conversation
from console.inbox.tags import ConversationTag, Tag

MOST = 2000
"""Conversations in one operation."""
AT_ONCE = 100
"""Conversations in one transaction: whoever writes meanwhile waits for no more than these."""
Deed = Literal["put", "take"]


class Outcome(msgspec.Struct, kw_only=True):
    """What an operation did, or would do: which conversations change, which had it so, and why others cannot."""

    changed: list[int]
    same: list[int]
    refused: dict[int, str]

    @property
    def reasons(self) -> list[tuple[str, int]]:
        """Each reason and how many conversations it is true of."""
        every = list(self.refused.values())
        return [(reason, every.count(reason)) for reason in dict.fromkeys(every)]


async def foresee(tx: Tx, viewer: Viewer, ids: Sequence[int], tag: Tag, deed: Deed) -> Outcome:
    """What the operation would do now; nothing changes."""
    _bounded(ids)
    wanted = select(Conversation.id, Conversation.team_id).where(
        among(Conversation.id, "ids"), policy.visible(viewer), Conversation.status != "merged"
    )
    return await _sorted_out(tx, ids, await _teams(tx, wanted, ids), tag, deed)


async def carry_out(db: Database, viewer: Viewer, ids: Sequence[int], tag_id: int, deed: Deed) -> Outcome:
    """Put the tag on these conversations, or take it off, `AT_ONCE` in a transaction; what is done stays done.

    Each is looked at again under its lock. Records "conversation.tagged" or "conversation.untagged" for each.
    """
    _bounded(ids)
    whole = Outcome(changed=[], same=[], refused={})
    ordered = sorted(set(ids))
    for begin in range(0, len(ordered), AT_ONCE):
        async with db.transaction() as tx:
            step = await _step(tx, viewer, ordered[begin : begin + AT_ONCE], tag_id, deed)
        whole.changed += step.changed
        whole.same += step.same
        whole.refused |= step.refused
    return whole


async def _step(tx: Tx, viewer: Viewer, ids: list[int], tag_id: int, deed: Deed) -> Outcome:
    tag = await tagging.open_tag(tx, viewer, tag_id)
    held = (
        select(Conversation.id, Conversation.team_id)
        .where(among(Conversation.id, "ids"), policy.visible(viewer), Conversation.status != "merged")
        .order_by(Conversation.id)
        .with_for_update()
    )
    step = await _sorted_out(tx, ids, await _teams(tx, held, ids), tag, deed)
    if deed == "put":
        await tagging.put_on(tx, step.changed, tag, by=viewer)
    else:
        await tagging.take_off(tx, step.changed, tag, by=viewer)
    touched = {"version": table_of(Conversation).c.version + 1, "updated_at": clock.now()}
    conversations = table_of(Conversation)
    touch = update(conversations).where(among(conversations.c.id, "ids")).values(touched)
    await tx.execute(touch, {"ids": step.changed})
    return step


async def _teams(tx: Tx, wanted: Select[int, int], ids: Sequence[int]) -> dict[int, int]:
    rows = await tx.execute(wanted, {"ids": list(ids)})
    return {row[0]: row[1] for row in rows}


async def _sorted_out(tx: Tx, ids: Sequence[int], teams: dict[int, int], tag: Tag, deed: Deed) -> Outcome:
    """Which of `ids` change; `teams` has those that may be seen. A constant number of queries."""
    present = select(ConversationTag.conversation_id).where(
        among(ConversationTag.conversation_id, "ids"), ConversationTag.tag_id == tag.id
    )
    has = set(await tx.scalars(present, {"ids": list(teams)}))
    outcome = Outcome(changed=[], same=[], refused={})
    for number in sorted(set(ids)):
        if number not in teams:
            outcome.refused[number] = "Ya no está a su alcance."
        elif (number in has) == (deed == "put"):
            outcome.same.append(number)
        elif deed == "put" and (refused := tagging.why_not(tag, teams[number])) is not None:
            outcome.refused[number] = refused.text
        else:
            outcome.changed.append(number)
    return outcome


def _bounded(ids: Sequence[int]) -> None:
    if len(ids) > MOST:
        text = f"Hasta {MOST:,} conversaciones a la vez: use filtros para acotar."
        raise Refused(422, text, code="too_many", field="ids")
