"""Free tags: making them, putting them on conversations and taking them off. Account states are nobody's to put."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import Select, delete, func, insert, select, update

from console import audit, clock
from console.agents import Team, Viewer
from console.audit import Actor
from console.db import Tx, table_of
from console.errors import Refused, not_found
from console.inbox import policy, thread
from console.inbox.models import Conversation
from console.inbox.tags import ConversationTag, Tag
from console.inbox.thread import actor_of
from console.languages.words import Words
from console.portfolio.names import name_key

LONGEST_NAME = 40
LONGEST_DESCRIPTION = 200
MOST_TAGS = 500
MOST_ON_ONE = 20
COLOURS = {
    "grey": Words("Gris"),
    "red": Words("Rojo"),
    "orange": Words("Naranja"),
    "yellow": Words("Amarillo"),
    "green": Words("Verde"),
    "teal": Words("Turquesa"),
    "blue": Words("Azul"),
    "purple": Words("Morado"),
    "pink": Words("Rosado"),
}
# What Al Día says by itself, whatever the edges of the buckets are: typed, it could be a lie.
_COMPUTED = re.compile(r"al dia|vencido( \+?\d+(\s?-\s?\d+)?)?|en plan de pago|disputa")


async def create(
    tx: Tx,
    *,
    by: Viewer | Actor,
    name: str,
    colour: str = "grey",
    description: str = "",
    team_id: int | None = None,
) -> Tag:
    """Make a tag, for everybody or for one team. A retired one of this name comes back. Records "tag.created".

    Refuses: 403; 422 naming name, colour, description or team; 409 "tag_exists".
    """
    _require_leader(by)
    values = await _checked(tx, by, name=name, colour=colour, description=description, team_id=team_id)
    present = (await tx.scalars(select(Tag).where(Tag.name_key == values["name_key"]).with_for_update())).one_or_none()
    if present is not None and present.retired_at is None:
        raise _taken(present)
    if present is None and (await tx.scalar(select(func.count()).select_from(Tag)) or 0) >= MOST_TAGS:
        raise Refused(
            422,
            Words("Ya hay {most_tags} etiquetas: retire alguna.", most_tags=MOST_TAGS),
            code="too_many",
            field="name",
        )
    tag = present or Tag(created_at=clock.now())
    for column, value in values.items():
        setattr(tag, column, value)
    tag.retired_at = None
    tx.add(tag)
    await tx.flush()
    audit.record(tx, actor_of(by), "tag.created", subject=f"tag:{tag.id}", new=_told(tag))
    return tag


async def edit(
    tx: Tx,
    tag: Tag,
    *,
    by: Viewer | Actor,
    name: str,
    colour: str,
    description: str = "",
    team_id: int | None = None,
) -> Tag:
    """Rename, recolour, explain or move a tag. Records "tag.updated"; every screen shows it anew.

    Refuses as `create` does.
    """
    _require_leader(by)
    values = await _checked(tx, by, name=name, colour=colour, description=description, team_id=team_id)
    other = (await tx.scalars(select(Tag).where(Tag.name_key == values["name_key"], Tag.id != tag.id))).one_or_none()
    if other is not None:
        raise _taken(other)
    old = _told(tag)
    for column, value in values.items():
        setattr(tag, column, value)
    if _told(tag) != old:
        tag.version += 1
        audit.record(tx, actor_of(by), "tag.updated", subject=f"tag:{tag.id}", old=old, new=_told(tag))
    await tx.flush()
    return tag


async def retire(tx: Tx, tag: Tag, *, by: Viewer | Actor) -> Tag:
    """Offer a tag no more; conversations keep it, and may be found by it. Records "tag.updated"."""
    _require_leader(by)
    if tag.retired_at is None:
        tag.retired_at = clock.now()
        tag.version += 1
        audit.record(
            tx, actor_of(by), "tag.updated", subject=f"tag:{tag.id}", old={"retired": False}, new={"retired": True}
        )
        await tx.flush()
    return tag


async def put(tx: Tx, conversation: Conversation, tag: Tag, *, by: Viewer | Actor) -> bool:
    """Put a tag on a conversation; whether it had not got it. Records "conversation.tagged".

    Refuses: 409 for a retired tag, 422 "tag_of_other_team" and "too_many".
    """
    conversation = await thread.lock(tx, conversation)
    refused = why_not(tag, conversation.team_id)
    if refused is not None:
        raise refused
    present = set(await tx.scalars(_tags_on([conversation.id])))
    if tag.id in present:
        return False
    if len(present) >= MOST_ON_ONE:
        text = Words("Una conversación lleva hasta {most_on_one} etiquetas.", most_on_one=MOST_ON_ONE)
        raise Refused(422, text, code="too_many", field="tags")
    await put_on(tx, [conversation.id], tag, by=by)
    thread.touch(conversation)
    await tx.flush()
    return True


async def take(tx: Tx, conversation: Conversation, tag: Tag, *, by: Viewer | Actor) -> bool:
    """Take a tag off a conversation; whether it had it. Records "conversation.untagged"."""
    conversation = await thread.lock(tx, conversation)
    if not await take_off(tx, [conversation.id], tag, by=by):
        return False
    thread.touch(conversation)
    await tx.flush()
    return True


async def set_names(
    tx: Tx, conversation: Conversation, names: Collection[str], *, by: Viewer | Actor, state: str | None
) -> None:
    """Let a conversation have exactly the tags of these names; what there is none of yet is made.

    `state` is the account state's label now, which may be among them and changes nothing. Refuses as `create` and
    `put` do; another account state than the present one is "computed_tag".
    """
    wanted: dict[str, str] = {name_key(name): name for name in names if name != state}
    known = {tag.name_key: tag for tag in await tx.scalars(select(Tag).where(Tag.name_key.in_(wanted)))}
    for key, name in wanted.items():
        if key not in known or known[key].retired_at is not None:
            known[key] = await create(tx, by=by, name=name)
    present = {tag.name_key: tag for tag in await tx.scalars(_on(conversation.id))}
    for key in sorted(present.keys() - wanted.keys()):
        await take(tx, conversation, present[key], by=by)
    for key in sorted(wanted.keys() - present.keys()):
        await put(tx, conversation, known[key], by=by)


async def put_on(tx: Tx, conversation_ids: Sequence[int], tag: Tag, *, by: Viewer | Actor) -> None:
    """Note that these conversations, whose rows the caller holds and which have not got it, have a tag from now on."""
    moment, actor = clock.now(), actor_of(by)
    rows = [
        {"tag_id": tag.id, "conversation_id": number, "by_id": actor.id, "at": moment} for number in conversation_ids
    ]
    if rows:
        await tx.execute(insert(table_of(ConversationTag)), rows)
        await _used(tx, tag, len(rows))
    for number in conversation_ids:
        _record(tx, actor, "conversation.tagged", number, tag)


async def take_off(tx: Tx, conversation_ids: Sequence[int], tag: Tag, *, by: Viewer | Actor) -> list[int]:
    """Note that these conversations, whose rows the caller holds, have a tag no longer; which of them had it."""
    gone = delete(ConversationTag).where(
        ConversationTag.tag_id == tag.id, ConversationTag.conversation_id.in_(conversation_ids)
    )
    had = sorted(await tx.scalars(gone.returning(ConversationTag.conversation_id)))
    if had:
        await _used(tx, tag, -len(had))
    for number in had:
        _record(tx, actor_of(by), "conversation.untagged", number, tag)
    return had


def why_not(tag: Tag, team_id: int) -> Refused | None:
    """Why a conversation of this team cannot be given `tag`."""
    if tag.retired_at is not None:
        return Refused(409, Words("«{name}» se retiró.", name=tag.name), code="tag_retired", field="tags")
    if tag.team_id not in {None, team_id}:
        return Refused(422, Words("«{name}» es de otro equipo.", name=tag.name), code="tag_of_other_team", field="tags")
    return None


async def open_tag(tx: Tx, viewer: Viewer, tag_id: int, *, lock: bool = False) -> Tag:
    """The tag of an id from outside, if the viewer may use it; Refused(404) otherwise."""
    wanted = select(Tag).where(Tag.id == tag_id, policy.visible_tags(viewer))
    tag = (await tx.scalars(wanted.with_for_update() if lock else wanted)).one_or_none()
    if tag is None:
        raise not_found()
    return tag


async def move(tx: Tx, *, keep: int, absorb: int) -> None:
    """Two conversations were one: what the second was tagged with, the first is."""
    present = set(await tx.scalars(_tags_on([keep])))
    more = set(await tx.scalars(_tags_on([absorb])))
    both = present & more
    await tx.execute(
        delete(ConversationTag).where(ConversationTag.conversation_id == absorb, ConversationTag.tag_id.in_(both))
    )
    for tag_id in sorted(both):
        await tx.execute(update(Tag).where(Tag.id == tag_id).values(used=Tag.used - 1))
    await tx.execute(
        update(ConversationTag).where(ConversationTag.conversation_id == absorb).values(conversation_id=keep)
    )


def _require_leader(by: Viewer | Actor) -> None:
    if isinstance(by, Viewer):
        policy.require(by, "edit_tags")


async def _checked(
    tx: Tx, by: Viewer | Actor, *, name: str, colour: str, description: str, team_id: int | None
) -> dict[str, object]:
    name, description = " ".join(name.split()), " ".join(description.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Refused(
            422,
            Words("Escriba un nombre de hasta {longest_name} letras.", longest_name=LONGEST_NAME),
            code="invalid",
            field="name",
        )
    if _COMPUTED.fullmatch(name_key(name)):
        text = Words("«{name}» es un estado de cuenta: Al Día lo pone y lo quita solo.", name=name)
        raise Refused(422, text, code="computed_tag", field="name")
    if colour not in COLOURS:
        raise Refused(422, Words("Elija un color de la lista."), code="invalid", field="colour")
    if len(description) > LONGEST_DESCRIPTION or not (description.isprintable() or not description):
        raise Refused(
            422,
            Words("Escriba hasta {longest_description} letras.", longest_description=LONGEST_DESCRIPTION),
            code="invalid",
            field="description",
        )
    if team_id is not None:
        among = by.team_ids if isinstance(by, Viewer) and not by.sees_all else None
        if (among is not None and team_id not in among) or await tx.get(Team, team_id) is None:
            raise Refused(422, Words("Ese equipo no existe, o no es suyo."), code="invalid", field="team")
    return {
        "name": name,
        "name_key": name_key(name),
        "colour": colour,
        "description": description or None,
        "team_id": team_id,
    }


def _taken(tag: Tag) -> Refused:
    return Refused(409, Words("Ya existe la etiqueta «{name}».", name=tag.name), code="tag_exists", field="name")


def _told(tag: Tag) -> dict[str, object]:
    return {"name": tag.name, "colour": tag.colour, "description": tag.description, "team_id": tag.team_id}


def _tags_on(conversation_ids: Iterable[int]) -> Select[int]:
    return select(ConversationTag.tag_id).where(ConversationTag.conversation_id.in_(conversation_ids))


def _on(conversation_id: int) -> Select[Tag]:
    has = ConversationTag.tag_id == Tag.id
    return select(Tag).join(ConversationTag, has).where(ConversationTag.conversation_id == conversation_id)


async def _used(tx: Tx, tag: Tag, more: int) -> None:
    """How often it is used decides what is suggested first."""
    await tx.execute(
        update(Tag).where(Tag.id == tag.id).values(used=Tag.used + more).execution_options(synchronize_session=False)
    )


def _record(tx: Tx, actor: Actor, action: str, conversation_id: int, tag: Tag) -> None:
    new = {"tag_id": tag.id, "tag": tag.name}
    audit.record(tx, actor, action, conversation_id=conversation_id, subject=f"tag:{tag.id}", new=new)
