"""Who holds a conversation and whether it is open: taken, given, given back, resolved, put off, opened again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select

from console import audit, clock
from console.agents import Agent, AgentTeam, Role, Team, Viewer
from console.audit import SYSTEM, Actor
from console.db import Tx
from console.errors import Refused
from console.inbox import counts, policy, thread
from console.inbox.models import Conversation, Message, ReadMark
from console.inbox.thread import actor_of
from console.languages.words import Words
from console.routing.models import RoutingRule, Serving
from console.targets import setting


async def claim(tx: Tx, conversation: Conversation, *, by: Viewer) -> Conversation:
    """Take a conversation that nobody holds, or the bot. Of two who try at once one gets it, and the other learns who.

    Taking what one already holds changes nothing. Records "conversation.assigned".
    Refuses: 409 "already_held", with the holder in `details`.
    """
    conversation = await thread.lock(tx, conversation)
    if conversation.holder_id == by.id:
        return conversation
    if not await is_free(tx, conversation, by.id):
        holder = await tx.get_one(Agent, conversation.holder_id)
        raise Refused(
            409,
            Words("{name} ya tiene esta conversación.", name=holder.name),
            code="already_held",
            details={"holder": {"id": str(holder.id), "name": holder.name}},
        )
    await give(tx, conversation, by=by, to_id=by.id, to_name=by.name)
    return conversation


async def is_free(tx: Tx, conversation: Conversation, agent_id: int) -> bool:
    """Whether `agent_id` may become the holder without asking: nobody holds it, or the bot, which always yields."""
    if conversation.holder_id is None:
        return True
    if conversation.holder_id == agent_id:
        return False
    return (await tx.get_one(Agent, conversation.holder_id)).role == Role.BOT


async def assign(
    tx: Tx,
    conversation: Conversation,
    *,
    by: Viewer | Actor,
    to: int,
    version: int | None = None,
) -> Conversation:
    """Give the conversation to the agent `to`. Records "conversation.assigned".

    An agent may take what nobody holds and hand on what is theirs; supervisors and admins may do more.
    Refuses: 403, 409 "version_conflict" when it changed since `version`, 422 for who may not see it or is disabled.
    """
    conversation = await held(tx, conversation, version)
    if conversation.holder_id == to:
        return conversation
    if isinstance(by, Viewer) and not (to == by.id and await is_free(tx, conversation, by.id)):
        _require_held_or_role(conversation, by)
    agent = await _candidate(tx, conversation, to)
    await give(tx, conversation, by=by, to_id=agent.id, to_name=agent.name)
    return conversation


async def release(
    tx: Tx,
    conversation: Conversation,
    *,
    by: Viewer | Actor,
    version: int | None = None,
    what: str | None = None,
) -> Conversation:
    """Let go of the conversation, so that anybody of its team may take it. Records "conversation.released".

    `what` is why, in words, for the line of the thread.
    Refuses: 403 to whoever neither holds it nor may assign others; 409 "version_conflict".
    """
    conversation = await held(tx, conversation, version)
    if conversation.holder_id is None:
        return conversation
    if isinstance(by, Viewer):
        _require_held_or_role(conversation, by)
    before, old = counts.slot_of(conversation), {"holder_id": conversation.holder_id}
    conversation.holder_id = None
    row = await thread.event(tx, conversation, by=by, action="released", who=actor_of(by).name, **_why(what))
    await counts.moved(tx, conversation, before)
    _record(tx, row, "conversation.released", by=by, old=old, new={"holder_id": None})
    return conversation


async def resolve(
    tx: Tx,
    conversation: Conversation,
    *,
    by: Viewer | Actor,
    version: int | None = None,
    what: str | None = None,
) -> Conversation:
    """Call the matter settled; the next message of the contact opens it again. Records "conversation.resolved".

    `what` is how it ended, in words, for the line of the thread (`wrap_up` says it).
    """
    return await _become(tx, conversation, by=by, status="resolved", action="resolved", version=version, what=what)


async def reopen(
    tx: Tx,
    conversation: Conversation,
    *,
    by: Viewer | Actor,
    version: int | None = None,
) -> Conversation:
    """Put a resolved or snoozed conversation back among the open ones. Records "conversation.reopened"."""
    return await _become(tx, conversation, by=by, status="open", action="reopened", version=version)


async def snooze(
    tx: Tx,
    conversation: Conversation,
    *,
    by: Viewer | Actor,
    until: datetime | None,
    version: int | None = None,
    what: str | None = None,
) -> Conversation:
    """Put the conversation aside until a moment in the future, or until the contact answers (None).

    `what` is until when, in words, for the line of the thread. Records "conversation.snoozed".

    Refuses: 422 "snoozed_until" for a moment that has passed; 409 "version_conflict".
    """
    if until is not None and until <= clock.now():
        raise Refused(422, Words("Elija un momento en el futuro."), code="invalid", field="snoozed_until")
    return await _become(
        tx, conversation, by=by, status="snoozed", action="snoozed", version=version, snoozed_until=until, what=what
    )


async def wake(tx: Tx, *, limit: int = 100) -> int:
    """Open again the snoozed conversations whose moment has come; say how many."""
    due = (
        select(Conversation)
        .where(Conversation.status == "snoozed", Conversation.snoozed_until <= clock.now())
        .order_by(Conversation.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    conversations = (await tx.scalars(due)).all()
    for conversation in conversations:
        await reopen(tx, conversation, by=SYSTEM)
    return len(conversations)


async def transfer(
    tx: Tx,
    conversation: Conversation,
    *,
    by: Viewer | Actor,
    team_id: int,
    version: int | None = None,
) -> Conversation:
    """Move the conversation to another team; nobody holds it afterwards. Records "conversation.transferred".

    Refuses: 403 unless `by` holds it or may assign others; 422 for a team that does not exist; 409
    "version_conflict".
    """
    conversation = await held(tx, conversation, version)
    if isinstance(by, Viewer):
        _require_held_or_role(conversation, by)
    if conversation.team_id == team_id:
        return conversation
    team = await tx.get(Team, team_id)
    if team is None:
        raise Refused(422, Words("Ese equipo no existe."), code="invalid", field="team")
    before = counts.slot_of(conversation)
    old = {"team_id": conversation.team_id, "holder_id": conversation.holder_id}
    conversation.team_id, conversation.holder_id = team_id, None
    row = await thread.event(tx, conversation, by=by, action="transferred", who=actor_of(by).name, to=team.name)
    await counts.moved(tx, conversation, before)
    _record(tx, row, "conversation.transferred", by=by, old=old, new={"team_id": team_id, "holder_id": None})
    return conversation


async def give(
    tx: Tx, conversation: Conversation, *, by: Viewer | Actor, to_id: int, to_name: str, what: str | None = None
) -> None:
    """Make an agent the holder, on a row already locked and with every question of right already answered.

    `what` is why it is them, in words, for the line of the thread.
    """
    before, old = counts.slot_of(conversation), {"holder_id": conversation.holder_id}
    conversation.holder_id = to_id
    actor = actor_of(by)
    taken = actor.kind in {"agent", "bot"} and actor.id == to_id
    row = await thread.event(
        tx,
        conversation,
        by=by,
        action="claimed" if taken else "assigned",
        who=actor.name,
        to=to_name,
        to_id=to_id,
        **_why(what),
    )
    if taken and await _has_read_all(tx, conversation, to_id):
        # The new holder is looking at it: what an onlooker's reading doesn't tell the contact, theirs does.
        conversation.receipt_due = conversation.last_inbound_wamid is not None
    await counts.moved(tx, conversation, before)
    _record(tx, row, "conversation.assigned", by=by, old=old, new={"holder_id": to_id})


async def first_reply_takes(tx: Tx, conversation: Conversation, agent_id: int) -> bool:
    """Whether `agent_id` becomes the holder by answering: always where the bot was, else by the rule of the team."""
    if not await is_free(tx, conversation, agent_id):
        return False
    rule = await tx.get(RoutingRule, conversation.team_id)
    return conversation.holder_id is not None or rule is None or rule.first_reply_takes


async def _become(
    tx: Tx,
    conversation: Conversation,
    *,
    by: Viewer | Actor,
    status: str,
    action: str,
    version: int | None,
    snoozed_until: datetime | None = None,
    what: str | None = None,
) -> Conversation:
    conversation = await held(tx, conversation, version)
    if (conversation.status, conversation.snoozed_until) == (status, snoozed_until):
        return conversation
    before = counts.slot_of(conversation)
    old: dict[str, object] = {"status": conversation.status, "snoozed_until": conversation.snoozed_until}
    await setting.follow(tx, conversation, status=status, moment=clock.now())
    conversation.status, conversation.snoozed_until = status, snoozed_until
    names = ({"until": snoozed_until.isoformat()} if snoozed_until else {}) | _why(what)
    new: dict[str, object] = {"status": status, "snoozed_until": snoozed_until}
    if status == "resolved" and conversation.holder_id and not await _stays_theirs(tx, conversation):
        old["holder_id"], new["holder_id"] = conversation.holder_id, None
        conversation.holder_id = None
    row = await thread.event(tx, conversation, by=by, action=action, who=actor_of(by).name, **names)
    await counts.moved(tx, conversation, before)
    _record(tx, row, f"conversation.{action}", by=by, old=old, new=new)
    return conversation


async def held(tx: Tx, conversation: Conversation, version: int | None) -> Conversation:
    """The conversation as it is now, held until `tx` ends; Refused(409) when it changed since `version`, or merged."""
    conversation = await thread.lock(tx, conversation)
    if conversation.status == "merged":
        raise Refused(409, Words("Se unió a otra conversación."), code="merged")
    if version is not None and version != conversation.version:
        raise Refused(
            409,
            Words("La conversación cambió mientras tanto; revise cómo quedó y vuelva a intentarlo."),
            code="version_conflict",
            details={"version": conversation.version},
        )
    return conversation


def require_note(conversation: Conversation, *, by: Viewer) -> None:
    """Refuse (422 "note_required") to hand on without a word what one has begun: `transfer` takes the note.

    Who leads may simply assign.
    """
    if conversation.holder_id == by.id and not policy.may(by, "assign_others"):
        text = Words("Para pasarla a otra persona escriba una nota: use Transferir.")
        raise Refused(422, text, code="note_required", field="note")


def _require_held_or_role(conversation: Conversation, by: Viewer) -> None:
    if conversation.holder_id != by.id:
        policy.require(by, "assign_others")


async def _candidate(tx: Tx, conversation: Conversation, agent_id: int) -> Agent:
    """The agent, if they may be given this conversation."""
    agent = await tx.get(Agent, agent_id)
    if agent is None or agent.disabled_at is not None:
        raise Refused(422, Words("Esa persona no existe o está deshabilitada."), code="invalid", field="assignee")
    teams = await tx.scalars(select(AgentTeam.team_id).where(AgentTeam.agent_id == agent_id))
    viewer = Viewer(id=agent.id, name=agent.name, role=agent.role, team_ids=frozenset(teams))
    if agent.role != Role.BOT and not policy.sees(viewer, team_id=conversation.team_id, holder_id=None):
        text = Words("{name} no pertenece al equipo de esta conversación.", name=agent.name)
        raise Refused(422, text, code="not_in_team", field="assignee")
    return agent


async def _stays_theirs(tx: Tx, conversation: Conversation) -> bool:
    """Whether who resolves it is who gets it again when the person writes: a rule of the team."""
    rule = await tx.get(RoutingRule, conversation.team_id)
    return rule is None or rule.owner_first or rule.serving == Serving.OFF


def _why(what: str | None) -> dict[str, str]:
    return {"what": what} if what else {}


async def _has_read_all(tx: Tx, conversation: Conversation, agent_id: int) -> bool:
    mark = await tx.get(ReadMark, (agent_id, conversation.id))
    return mark is not None and 0 < conversation.inbound_count == mark.inbound_count


def _record(
    tx: Tx,
    row: Message,
    action: str,
    *,
    by: Viewer | Actor,
    old: Mapping[str, object],
    new: Mapping[str, object],
) -> None:
    """`row` is the line of the thread that tells of it."""
    audit.record(
        tx,
        actor_of(by),
        action,
        conversation_id=row.conversation_id,
        message_id=row.id,
        old=dict(old),
        new=dict(new),
    )
