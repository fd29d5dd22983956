"""Free tags over HTTP: the tags of one conversation, and one tag on many."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import select

from console import clock
from console.agents import Viewer
from console.bulk import among
from console.db import Database, Tx
from console.errors import Refused
from console.forms import html, read_form, whole
from console.inbox import bulk_tagging, filter_bar, lists, policy, queries, rows, tagging
from console.inbox.bulk_tagging import Deed, Outcome
from console.inbox.listing import Listing, now_in, read_listing
from console.inbox.models import Conversation
from console.inbox.tags import Tag
from console.inbox.views import TagView
from console.render import fragment
from console.settings import Settings

SHOWN_ROWS = 20
"""Of what could not be done, as many rows are named."""


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
    shown = {"tags": fact.row.tags, "standing": fact.row.standing}
    return html(fragment("inbox/_tags.html", conversation_id=conversation_id, **shown))


async def _tag(tx: Tx, number: int) -> Tag:
    """A tag to take off: whoever may see the conversation may, be it another team's or retired."""
    tag = await tx.get(Tag, number) if number <= queries.LARGEST_ID else None
    if tag is None:
        raise Refused(422, "Esa etiqueta no existe.", code="invalid", field="tags")
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


@post("/inbox/bulk-tags", status_code=200)
async def bulk_tags(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """One tag on many conversations, in steps: `ask` shows the form, `check` what would happen, `do` does it.

    The conversations are `ids`, or with `all` those of a list as an address names it. What was done is undone by doing
    the opposite to those it changed.
    """
    form = await read_form(request)
    step = form.get("step", "ask")
    listing = read_listing(form, settings.currency)
    tag_id = whole(form["tag_id"], "tag_id") if form.get("tag_id") else None
    deed: Deed = "take" if form.get("deed") == "take" else "put"
    try:
        ids = await _ids(db, viewer, form, listing, settings)
        if step == "do" and tag_id is not None:
            outcome = await bulk_tagging.carry_out(db, viewer, ids, tag_id, deed)
            return html(await _told(db, viewer, outcome, tag_id, deed))
        problem = None
    except Refused as refused:
        if refused.status == 404:
            raise
        ids, problem = [], refused
    async with db.reading() as tx:
        foreseen = None
        if step == "check" and tag_id is not None and problem is None:
            tag = await tagging.open_tag(tx, viewer, tag_id)
            foreseen = await bulk_tagging.foresee(tx, viewer, ids, tag, deed)
        page = fragment(
            "inbox/bulk_form.html",
            tags=await filter_bar.tags_for(tx, viewer),
            count=len(ids),
            is_all=form.get("all") == "1",
            scope={"all": "1", "view": listing.view, **dict(listing.pairs())} if form.get("all") == "1" else _of(ids),
            tag_id=tag_id,
            deed=deed,
            foreseen=foreseen,
            refused=await _names(tx, viewer, foreseen) if foreseen else [],
            problem=problem,
        )
    headers = {"x-refused": problem.code} if problem else None
    return html(page, status=problem.status if problem else 200, headers=headers)


def _of(ids: list[int]) -> dict[str, str]:
    return {"ids": ".".join(str(number) for number in ids)}


async def _ids(db: Database, viewer: Viewer, form: dict[str, str], listing: Listing, settings: Settings) -> list[int]:
    if form.get("all") != "1":
        numbers = [number for number in form.get("ids", "").split(".") if number]
        return sorted({whole(number, "ids") for number in numbers})
    now = now_in(settings.zone, clock.now())
    async with db.reading() as tx:
        ids = await lists.ids_of(tx, viewer, listing, now, most=bulk_tagging.MOST + 1)
    if len(ids) > bulk_tagging.MOST:
        text = f"Coinciden más de {bulk_tagging.MOST:,} conversaciones: acote con filtros."
        raise Refused(422, text, code="too_many", field="ids")
    return sorted(ids)


async def _told(db: Database, viewer: Viewer, outcome: Outcome, tag_id: int, deed: Deed) -> str:
    async with db.reading() as tx:
        tag = await tagging.open_tag(tx, viewer, tag_id)
        return fragment(
            "inbox/bulk_done.html",
            tag=TagView(tag.id, tag.name, tag.colour),
            deed=deed,
            outcome=outcome,
            refused=await _names(tx, viewer, outcome),
            undo=_of(outcome.changed),
        )


async def _names(tx: Tx, viewer: Viewer, outcome: Outcome) -> list[tuple[str, str]]:
    """Whom it could not be done for, and why; who may no longer be seen has no name."""
    numbers = list(outcome.refused)[:SHOWN_ROWS]
    wanted = select(Conversation.id).where(among(Conversation.id, "ids"), policy.visible(viewer))
    seen = list(await tx.scalars(wanted, {"ids": numbers}))
    names = {fact.row.conversation_id: fact.row.name for fact in await rows.rows_by_id(tx, seen, version=0)}
    return [(names.get(number, f"Conversación {number}"), outcome.refused[number]) for number in numbers]


routes = [tag_form, change_tags, bulk_tags]
