"""Conversations: listing them, and assigning, resolving, putting off and reopening one."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, get, patch
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import ColumnElement, Select, false, or_, select, tuple_, union_all

from console.agents import Agent, Role, Viewer
from console.api import listing, people, rendering, shapes
from console.api.asking import body, id_in, number, query
from console.api.cursors import Cursors, microseconds, moment_of
from console.api.operations import does
from console.api.problems import invalid
from console.api.tokens import Program
from console.audit import Actor
from console.db import Database, Tx
from console.errors import Refused, not_found
from console.inbox import assign, queries, tagging, tree, wrap_up
from console.inbox.models import Conversation
from console.inbox.tags import ConversationTag, Tag
from console.portfolio.models import PortfolioRules
from console.portfolio.names import name_key
from console.portfolio.standing import edges_of, rules_in_force
from console.portfolio.states import DEFAULT_EDGES, Edges, State, label
from console.search import finding
from console.search.searcher import Searcher
from console.search.words import LONGEST, read_query

STATUSES = ("open", "snoozed", "resolved")
LISTING = "conversations"
_DISPOSITION = "How it ended, when `status` becomes `resolved`: the code of a disposition, as `CD-PCOM`."
_TAG = "An account state (`Vencido 31-60`) or a free tag, by its name."
_SEARCHES = (
    "Words of a name, a document, a telephone, an invoice, or of anything that was said; without accents, each may be "
    "the beginning of one. Of messages, the 500 conversations with the newest are found."
)
_MOST_FOUND = 500
_ASSIGNEE = "`none`, or the id of a user. `me` finds nothing: a program holds no conversations."


class Filters(listing.Paging, kw_only=True, forbid_unknown_fields=True):
    """What narrows the listing; several at once must all hold."""

    status: shapes.ConversationStatus | None = None
    assignee: Annotated[str, msgspec.Meta(description=_ASSIGNEE)] | None = None
    handler: shapes.Handler | None = None
    tag: Annotated[str, msgspec.Meta(max_length=60, description=_TAG)] | None = None
    phone: Annotated[str, msgspec.Meta(description=people.PHONE)] | None = None
    q: Annotated[str, msgspec.Meta(max_length=LONGEST, description=_SEARCHES)] | None = None


class ConversationChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What may be changed; what is left out stays. With `version`, a lost race is refused (409) and nothing changes."""

    assignee: str | msgspec.UnsetType | None = msgspec.UNSET
    team: str | msgspec.UnsetType = msgspec.UNSET
    status: shapes.ConversationStatus | msgspec.UnsetType = msgspec.UNSET
    snoozed_until: Annotated[datetime, msgspec.Meta(tz=True)] | msgspec.UnsetType | None = msgspec.UNSET
    tags: list[str] | msgspec.UnsetType = msgspec.UNSET
    disposition: Annotated[str, msgspec.Meta(max_length=16, description=_DISPOSITION)] | msgspec.UnsetType = (
        msgspec.UNSET
    )
    version: int | msgspec.UnsetType = msgspec.UNSET


@get(
    "/conversations",
    opt=does("conversations:read", returns=shapes.Page[shapes.Conversation], query=Filters),
)
async def list_conversations(
    request: Request[Any, Any, Any],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
    searcher: NamedDependency[Searcher],
    cursors: NamedDependency[Cursors],
) -> shapes.Page[shapes.Conversation]:
    """Conversations, latest activity first.

    One that becomes active while the pages are walked moves to the front: what was given is not given again.
    """
    asked = query(request, Filters)
    place = listing.begin(cursors, LISTING, asked, (int, int))
    said = None if asked.q is None else await _said(searcher, program, asked.q)
    async with db.reading() as tx:
        edges = edges_of(await rules_in_force(tx)) if asked.tag is not None else DEFAULT_EDGES
        found = (await tx.scalars(_page(asked, place, edges, said))).all()
        page, following = listing.cut(cursors, LISTING, asked, found, lambda row: (microseconds(row.last_at), row.id))
        return shapes.Page(await shown(tx, page, program), following)


async def _said(searcher: Searcher, program: Program, q: str) -> set[int]:
    """The conversations that a search finds: by what was said only for who may read that."""
    try:
        asked = read_query(q)
    except Refused as refused:
        if refused.code in {"nothing_to_find", "too_short"}:
            return set()
        raise
    async with searcher.reading() as tx:
        if program.may("messages:read"):
            return await finding.conversations_with(tx, program.viewer, asked, most=_MOST_FOUND)
        return {number for number, _is_alike in await finding.find_people(tx, program.viewer, asked, most=_MOST_FOUND)}


@get(
    "/conversations/{conversation_id:str}", opt=does("conversations:read", returns=shapes.Conversation, refuses=(404,))
)
async def get_conversation(
    conversation_id: FromPath[str],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
) -> shapes.Conversation:
    """One conversation."""
    async with db.reading() as tx:
        conversation = await opened(tx, program, conversation_id)
        return (await shown(tx, [conversation], program))[0]


@patch(
    "/conversations/{conversation_id:str}",
    opt=does("conversations:write", returns=shapes.Conversation, body=ConversationChange, refuses=(404, 409)),
)
async def change_conversation(
    conversation_id: FromPath[str],
    request: Request[Any, Any, Any],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
) -> shapes.Conversation:
    """Change assignee, team or status, all or nothing.

    `resolved` may say how it ended with `disposition`, the code of a leaf of the tree; without it the outcome on record
    is `AD-EXT`, "resuelta por sistema externo". One that needs a promise, a dispute or a plan takes the one that is
    open, and is refused (422 `needs_…`) when there is none.

    Refuses 409 `version_conflict` with the present `version` when it is no longer the one given.
    """
    change = await body(request, ConversationChange)
    async with db.transaction() as tx:
        if change.status == "resolved":
            await wrap_up.hold(tx, await opened(tx, program, conversation_id))
        conversation = await opened(tx, program, conversation_id, lock=True)
        await apply(tx, conversation, change, by=program.actor)
        await tx.flush()
        return (await shown(tx, [conversation], program))[0]


async def opened(tx: Tx, program: Program, conversation_id: str, *, lock: bool = False) -> Conversation:
    """The conversation of a path. One that was joined to another is no longer there."""
    conversation = await queries.open_conversation(tx, program.viewer, number(conversation_id), lock=lock)
    if conversation.status not in STATUSES:
        raise not_found()
    return conversation


async def shown(tx: Tx, rows: Any, program: Program) -> list[shapes.Conversation]:  # noqa: ANN401
    """What is said in a conversation is only for tokens that may read messages."""
    shown = await rendering.conversations(tx, rows)
    if not program.may("messages:read"):
        for conversation in shown:
            conversation.last_message = None
    return shown


async def apply(tx: Tx, conversation: Conversation, change: ConversationChange, *, by: Viewer | Actor) -> None:
    """Change a conversation whose row is locked as `change` says. Refuses as the verbs do, naming the field."""
    require_version(conversation, change)
    if change.tags is not msgspec.UNSET:
        await _apply_tags(tx, conversation, change.tags, by=by)
    if change.team is not msgspec.UNSET:
        await assign.transfer(tx, conversation, by=by, team_id=id_in(change.team, "team"))
    if change.assignee is None:
        await assign.release(tx, conversation, by=by)
    elif change.assignee is not msgspec.UNSET:
        await assign.assign(tx, conversation, by=by, to=id_in(change.assignee, "assignee"))
    await _apply_status(tx, conversation, change, by=by)


def require_version(conversation: Conversation, change: ConversationChange) -> None:
    """Refuse (409 "version_conflict") when it is no longer the version that the caller saw."""
    if change.version is not msgspec.UNSET and change.version != conversation.version:
        raise Refused(
            409,
            "La conversación cambió mientras tanto; revise cómo quedó y vuelva a intentarlo.",
            code="version_conflict",
            field="version",
            details={"version": conversation.version},
        )


async def _apply_tags(tx: Tx, conversation: Conversation, names: list[str], *, by: Viewer | Actor) -> None:
    """Exactly these free tags. The account state may be among them, as it is given; it is nobody's to change."""
    if len(names) > tagging.MOST_ON_ONE + 1:
        raise invalid("tags", f"Una conversación lleva hasta {tagging.MOST_ON_ONE} etiquetas.", code="too_many")
    state = account_label(await rules_in_force(tx), conversation.account_state)
    try:
        await tagging.set_names(tx, conversation, names, by=by, state=state)
    except Refused as refused:
        raise Refused(refused.status, refused.text, code=refused.code, field="tags") from refused


def account_label(rules: PortfolioRules, state: str | None) -> str | None:
    """The account state's tag under these rules."""
    return label(State(state), edges_of(rules)) if state else None


async def _apply_status(tx: Tx, conversation: Conversation, change: ConversationChange, *, by: Viewer | Actor) -> None:
    until = change.snoozed_until or None
    status = change.status
    if change.disposition is not msgspec.UNSET and status != "resolved":
        raise invalid("disposition", "Solo una conversación que se resuelve se tipifica.")
    if until is not None and status not in {msgspec.UNSET, "snoozed"}:
        raise invalid("snoozed_until", "Solo una conversación pospuesta tiene fecha.")
    if status == "snoozed" and change.snoozed_until is msgspec.UNSET:
        raise invalid("snoozed_until", "Indique hasta cuándo se pospone.", code="missing_field")
    if until is not None:
        await assign.snooze(tx, conversation, by=by, until=until)
    elif status == "snoozed":
        await assign.snooze(tx, conversation, by=by, until=None)
    elif status == "resolved":
        if conversation.status != "resolved":
            code = change.disposition or tree.EXTERNAL
            await wrap_up.wrap_up(tx, conversation, by=by, disposition=code)
    elif status == "open":
        await assign.reopen(tx, conversation, by=by)


def _page(asked: Filters, place: tuple[Any, ...] | None, edges: Edges, said: set[int] | None) -> Select[Conversation]:
    """One page. Each status is read along its own index and cut short, so the total number never matters."""
    keys = (Conversation.last_at, Conversation.id)
    narrowed = _conditions(asked, edges, said)
    pages = []
    for status in [asked.status] if asked.status else STATUSES:
        page = select(*keys).where(Conversation.status == status, *narrowed)
        if place is not None:
            page = page.where(tuple_(*keys) < tuple_(moment_of(place[0]), place[1]))
        pages.append(page.order_by(*(key.desc() for key in keys)).limit(asked.limit + 1))
    ids = union_all(*(select(page.subquery()) for page in pages)).subquery()
    return (
        select(Conversation)
        .where(Conversation.id.in_(select(ids.c.id)))
        .order_by(*(key.desc() for key in keys))
        .limit(asked.limit + 1)
    )


def _tagged(name: str, edges: Edges) -> ColumnElement[bool]:
    """That a conversation has a tag: an account state by its label now, or a free tag, however it is spelt."""
    for state in State:
        if name_key(name) == name_key(label(state, edges)):
            return Conversation.account_state == state
    has = select(ConversationTag.conversation_id).join(Tag, Tag.id == ConversationTag.tag_id)
    return Conversation.id.in_(has.where(Tag.name_key == name_key(name)))


def _conditions(asked: Filters, edges: Edges, said: set[int] | None) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    bots = select(Agent.id).where(Agent.role == Role.BOT)
    if asked.assignee == "none":
        found.append(Conversation.holder_id.is_(None))
    elif asked.assignee == "me":
        found.append(false())
    elif asked.assignee is not None:
        found.append(Conversation.holder_id == id_in(asked.assignee, "assignee"))
    by_handler: dict[Literal["agent", "bot", "none"], ColumnElement[bool]] = {
        "agent": Conversation.holder_id.is_not(None) & Conversation.holder_id.not_in(bots),
        "bot": Conversation.holder_id.in_(bots),
        "none": Conversation.holder_id.is_(None),
    }
    if asked.handler is not None:
        found.append(by_handler[asked.handler])
    if asked.tag is not None:
        found.append(_tagged(asked.tag, edges))
    if asked.phone is not None:
        found.append(Conversation.contact_id.in_(people.with_phone(asked.phone)))
    if asked.q is not None and said is not None:
        # Who has only just written is found by name before the index has read it.
        found.append(or_(Conversation.id.in_(sorted(said)), Conversation.contact_id.in_(people.matching(asked.q))))
    return found


routes = [list_conversations, get_conversation, change_conversation]
