"""Free tags over HTTP: the tags of one conversation (console.bulk_jobs has one tag on many)."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import select

from console.agents import Viewer
from console.db import Database, Tx
from console.errors import Refused
from console.forms import html, read_form, whole
from console.inbox import policy, queries, rows, tagging
from console.inbox.models import Conversation
from console.inbox.tags import Tag
from console.inbox.views import TagView
from console.languages.words import Words
from console.render import fragment


class Choice(msgspec.Struct):
    """A tag that may be ticked."""

    tag: TagView
    description: str | None
    used: int
    is_on: bool


@get("/inbox/{conversation_id:int}/tags")
async def tag_form(
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """The tags that this conversation may have, those it has ticked."""
    async with db.reading() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        return html(await _form(tx, viewer, conversation))


@post("/inbox/{conversation_id:int}/tags", status_code=200)
async def change_tags(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Put what was ticked and take off what was unticked since the form was shown; a colleague's changes stay."""
    form = await read_form(request)
    ticked = {whole(name.removeprefix("tag."), "tags") for name in form if name.startswith("tag.")}
    had = {whole(number, "had") for number in form.get("had", "").split(".") if number}
    try:
        async with db.transaction() as tx:
            conversation = await queries.open_conversation(tx, viewer, conversation_id, lock=True)
            if name := form.get("create", ""):
                ticked.add((await tagging.create(tx, by=viewer, name=name)).id)
            for number in sorted(had - ticked):
                await tagging.take(tx, conversation, await _tag(tx, number), by=viewer)
            for number in sorted(ticked - had):
                await tagging.put(tx, conversation, await tagging.open_tag(tx, viewer, number), by=viewer)
    except Refused as refused:
        if refused.status == 404:
            raise
        async with db.reading() as tx:
            conversation = await queries.open_conversation(tx, viewer, conversation_id)
            again = await _form(tx, viewer, conversation, ticked=ticked, search=form.get("create", ""), problem=refused)
        return html(again, status=refused.status, headers={"x-refused": refused.code})
    async with db.reading() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        [fact] = await rows.rows_by_id(tx, [conversation.id], version=0)
    tags, standing = fact.row.tags, fact.row.standing
    return html(fragment("inbox/_tags.html", conversation_id=conversation_id, tags=tags, standing=standing))


async def _tag(tx: Tx, number: int) -> Tag:
    """A tag to take off: whoever may see the conversation may, be it another team's or retired."""
    tag = await tx.get(Tag, number) if number <= queries.LARGEST_ID else None
    if tag is None:
        raise Refused(422, Words("Esa etiqueta no existe."), code="invalid", field="tags")
    return tag


async def _form(
    tx: Tx,
    viewer: Viewer,
    conversation: Conversation,
    *,
    ticked: set[int] | None = None,
    search: str = "",
    problem: Refused | None = None,
) -> str:
    present = await rows.tags_on(tx, conversation.id)
    had = {tag.id for tag in present}
    offered = select(Tag).where(
        Tag.retired_at.is_(None),
        policy.visible_tags(viewer),
        Tag.team_id.is_(None) | (Tag.team_id == conversation.team_id),
    )
    tags = list(await tx.scalars(offered.order_by(Tag.used.desc(), Tag.name_key).limit(tagging.MOST_TAGS)))
    others = [tag for tag in present if tag.id not in {each.id for each in tags}]
    on = had if ticked is None else ticked
    choices = [Choice(TagView(tag.id, tag.name, tag.colour), tag.description, tag.used, tag.id in on) for tag in tags]
    choices += [Choice(tag, None, 0, tag.id in on) for tag in others]
    facts = await rows.rows_by_id(tx, [conversation.id], version=0)
    return fragment(
        "inbox/tag_form.html",
        conversation_id=conversation.id,
        standing=facts[0].row.standing if facts else None,
        choices=choices,
        had=".".join(str(number) for number in sorted(had)),
        search=search,
        may_create=policy.may(viewer, "edit_tags"),
        problem=problem,
    )


routes = [tag_form, change_tags]
