"""What can be done to many: each deed does one conversation by the verb that does it alone, and may know a way back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import select

from console import clock
from console.agents import Viewer
from console.db import Tx
from console.errors import Refused
from console.inbox import assign, policy, queries, reply, tagging, wrap_up
from console.inbox.contacts import Contact
from console.inbox.models import Conversation
from console.inbox.tags import Tag
from console.languages.words import Words
from console.portfolio import contact_hours
from console.portfolio.models import ContactPoint, Debtor
from console.texts import variables
from console.texts.values import values_of


class House(msgspec.Struct, frozen=True):
    """What texts and hours need to know of the business."""

    zone: ZoneInfo
    country: str
    company: str
    base_url: str


class Done(msgspec.Struct, frozen=True):
    """What became of one conversation: whether it changed, and how it was before."""

    changed: bool
    was: dict[str, Any] = {}


SAME = Done(changed=False)
Details = dict[str, Any]
Do = Callable[[Tx, Viewer, Conversation, Details, House, str], Awaitable[Done]]
Undo = Callable[[Tx, Viewer, Conversation, Details, dict[str, Any]], Awaitable[None]]


class Deed(msgspec.Struct, frozen=True):
    """A deed: its name on screens, how it is done, how it is undone (None: what is sent stays sent), who may."""

    words: str
    done_words: str
    do: Do
    undo: Undo | None
    needs: str | None = None
    """What the policy asks of whoever does it, beside seeing the conversation."""


async def do(tx: Tx, by: Viewer, conversation_id: int, job: Any, house: House) -> Done:  # noqa: ANN401 a BulkJob
    """The deed on one conversation that `by` may see now. Refuses as the deed does, 404 for what is out of reach."""
    conversation = await _open(tx, by, conversation_id, job.deed)
    return await DEEDS[job.deed].do(tx, by, conversation, job.details, house, f"bulk:{job.id}:{conversation_id}")


async def undo(tx: Tx, by: Viewer, conversation_id: int, job: Any, was: dict[str, Any]) -> Done:  # noqa: ANN401
    """Take the deed of `job` back, unless the conversation has moved on since."""
    back = DEEDS[job.deed].undo
    if back is None:
        raise Refused(409, Words("Lo enviado no se puede deshacer."), code="not_undoable")
    conversation = await _open(tx, by, conversation_id, job.deed)
    await back(tx, by, conversation, job.details, was)
    return Done(changed=True)


async def _open(tx: Tx, by: Viewer, conversation_id: int, deed: str) -> Conversation:
    try:
        if deed == "resolve":
            # Debts are held before conversations, as everybody does.
            await wrap_up.hold(tx, await queries.open_conversation(tx, by, conversation_id))
        conversation = await queries.open_conversation(tx, by, conversation_id, lock=True)
    except Refused as refused:
        if refused.status == 404:
            raise Refused(404, Words("Ya no está a su alcance."), code="not_found") from refused
        raise
    if conversation.status == "merged":
        raise Refused(409, Words("Se unió a otra conversación."), code="merged")
    return conversation


# Tags


async def _tag(tx: Tx, by: Viewer, conversation: Conversation, details: Details, _house: House, _key: str) -> Done:
    return Done(await tagging.put(tx, conversation, await tagging.open_tag(tx, by, details["tag_id"]), by=by))


async def _untag(tx: Tx, by: Viewer, conversation: Conversation, details: Details, _house: House, _key: str) -> Done:
    return Done(await tagging.take(tx, conversation, await tx.get_one(Tag, details["tag_id"]), by=by))


async def _tag_back(tx: Tx, by: Viewer, conversation: Conversation, details: Details, _was: Details) -> None:
    if not await tagging.take(tx, conversation, await tx.get_one(Tag, details["tag_id"]), by=by):
        raise _moved_on()


async def _untag_back(tx: Tx, by: Viewer, conversation: Conversation, details: Details, _was: Details) -> None:
    if not await tagging.put(tx, conversation, await tagging.open_tag(tx, by, details["tag_id"]), by=by):
        raise _moved_on()


# Who holds it


async def _assign(tx: Tx, by: Viewer, conversation: Conversation, details: Details, _house: House, _key: str) -> Done:
    was = {"holder_id": conversation.holder_id}
    if conversation.holder_id == details["agent_id"]:
        return SAME
    await _give(tx, by, conversation, details["agent_id"])
    return Done(changed=True, was=was)


async def _assign_back(tx: Tx, by: Viewer, conversation: Conversation, details: Details, was: Details) -> None:
    if conversation.holder_id != details["agent_id"]:
        raise _moved_on()
    await _give(tx, by, conversation, was["holder_id"])


async def _give(tx: Tx, by: Viewer, conversation: Conversation, agent_id: int | None) -> None:
    if agent_id is None:
        await assign.release(tx, conversation, by=by)
    else:
        await assign.assign(tx, conversation, by=by, to=agent_id)


async def _team(tx: Tx, by: Viewer, conversation: Conversation, details: Details, _house: House, _key: str) -> Done:
    was = {"team_id": conversation.team_id}
    if conversation.team_id == details["team_id"]:
        return SAME
    await assign.transfer(tx, conversation, by=by, team_id=details["team_id"])
    return Done(changed=True, was=was)


async def _team_back(tx: Tx, by: Viewer, conversation: Conversation, details: Details, was: Details) -> None:
    if conversation.team_id != details["team_id"]:
        raise _moved_on()
    await assign.transfer(tx, conversation, by=by, team_id=was["team_id"])


# Whether it is open


async def _snooze(tx: Tx, by: Viewer, conversation: Conversation, details: Details, _house: House, _key: str) -> Done:
    until = datetime.fromisoformat(details["until"]).astimezone(UTC)
    if conversation.status == "resolved":
        raise Refused(409, Words("Ya está resuelta."), code="already_resolved")
    if (conversation.status, conversation.snoozed_until) == ("snoozed", until):
        return SAME
    await assign.snooze(tx, conversation, by=by, until=until)
    return Done(changed=True)


async def _resolve(tx: Tx, by: Viewer, conversation: Conversation, details: Details, _house: House, _key: str) -> Done:
    if conversation.status == "resolved":
        return SAME
    await wrap_up.wrap_up(tx, conversation, by=by, disposition=details["disposition"])
    return Done(changed=True)


async def _reopen(tx: Tx, by: Viewer, conversation: Conversation, _details: Details, _was: Details) -> None:
    if conversation.status == "open":
        raise _moved_on()
    await assign.reopen(tx, conversation, by=by)


# What is sent


async def _template(  # noqa: PLR0917 as every deed
    tx: Tx, by: Viewer, conversation: Conversation, details: Details, house: House, key: str
) -> Done:
    """By the rules of each: consent, pauses, doubts, and the hours of whoever owes, where they live.

    Nobody is answered by a message to many: the one answer that is owed to who asked us to stop is not this.
    """
    moment = clock.now()
    contact = await tx.get_one(Contact, conversation.contact_id, populate_existing=True)
    if refused := policy.why_not(
        opted_out=contact.opted_out_at is not None,
        wrong_number=contact.wrong_number_at is not None,
        is_the_answer=False,
    ):
        raise refused
    if contact.outreach_paused_until is not None and contact.outreach_paused_until > moment:
        raise Refused(
            409, Words("Está en pausa: hay una promesa, un reclamo o un descanso en curso."), code="outreach_paused"
        )
    if contact.identity_doubt_at is not None:
        raise Refused(409, Words("No se sabe con certeza quién escribe desde ese número."), code="identity_doubt")
    living = select(Debtor.timezone, Debtor.country).join(ContactPoint, ContactPoint.debtor_id == Debtor.id)
    places = (await tx.execute(living.where(ContactPoint.contact_id == conversation.contact_id))).all()
    for zone, country in [(row[0], row[1]) for row in places] or [(house.zone.key, house.country)]:
        if not contact_hours.is_open(moment, ZoneInfo(zone), country):
            raise Refused(409, Words("Fuera del horario en que se le puede escribir primero."), code="contact_hours")
    given: dict[str, str] = details["variables"]
    if any("{" in value for value in given.values()):
        known = await values_of(
            tx,
            conversation,
            agent=by.name,
            company=house.company,
            base_url=house.base_url,
            zone=house.zone,
            moment=moment,
        )
        given = {name: variables.fill(value, known.by_name).text for name, value in given.items()}
    await reply.send_template(
        tx, conversation, by=by, template_id=details["template_id"], variables=given, client_key=key
    )
    return Done(changed=True)


def _moved_on() -> Refused:
    return Refused(409, Words("Cambió después, y se queda como está."), code="moved_on")


DEEDS: dict[str, Deed] = {
    "tag": Deed(Words("Poner una etiqueta"), Words("Etiqueta puesta"), _tag, _tag_back),
    "untag": Deed(Words("Quitar una etiqueta"), Words("Etiqueta quitada"), _untag, _untag_back),
    "assign": Deed(Words("Asignar"), Words("Asignadas"), _assign, _assign_back),
    "team": Deed(Words("Pasar a otro equipo"), Words("Pasadas de equipo"), _team, _team_back, needs="assign_others"),
    "snooze": Deed(Words("Posponer"), Words("Pospuestas"), _snooze, _reopen),
    "resolve": Deed(Words("Resolver"), Words("Resueltas"), _resolve, _reopen),
    "template": Deed(Words("Enviar una plantilla"), Words("Plantilla en cola"), _template, None, needs="send_to_many"),
}
