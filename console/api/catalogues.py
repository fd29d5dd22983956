"""Catalogues: who answers, in which teams, and what may be sent outside the window."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, cast

from litestar import Request, get
from litestar.di import NamedDependency
from sqlalchemy import select

from console.agents import Agent, AgentTeam, Team
from console.api import listing, shapes
from console.api.asking import query
from console.api.canned import shown_files
from console.api.cursors import Cursors
from console.api.operations import does
from console.canned import files
from console.canned.models import CannedFile, CannedText
from console.db import Database, Tx
from console.inbox import tree
from console.inbox.channel import MessageTemplate
from console.inbox.tags import Tag
from console.portfolio.standing import edges_of, rules_in_force
from console.portfolio.states import Edges, State, label
from console.texts.variables import names_in


@get("/users", opt=does("catalogues:read", returns=shapes.Page[shapes.User], query=listing.Paging))
async def list_users(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    cursors: NamedDependency[Cursors],
) -> shapes.Page[shapes.User]:
    """Everybody on our side, the bot and the disabled included."""
    asked = query(request, listing.Paging)
    async with db.reading() as tx:
        page, following = await _by_id(tx, Agent, asked, cursors)
        teams = await _teams_of(tx, [row.id for row in page])
    return shapes.Page([_user(row, teams.get(row.id, [])) for row in page], following)


@get("/teams", opt=does("catalogues:read", returns=shapes.Page[shapes.Team], query=listing.Paging))
async def list_teams(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    cursors: NamedDependency[Cursors],
) -> shapes.Page[shapes.Team]:
    """The teams conversations belong to."""
    asked = query(request, listing.Paging)
    async with db.reading() as tx:
        page, following = await _by_id(tx, Team, asked, cursors)
    return shapes.Page([shapes.Team(id=str(row.id), name=row.name) for row in page], following)


@get("/templates", opt=does("catalogues:read", returns=shapes.Page[shapes.Template], query=listing.Paging))
async def list_templates(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    cursors: NamedDependency[Cursors],
) -> shapes.Page[shapes.Template]:
    """Message templates as last read from Meta. Only those with status APPROVED can be sent."""
    asked = query(request, listing.Paging)
    async with db.reading() as tx:
        page, following = await _by_id(tx, MessageTemplate, asked, cursors)
    return shapes.Page([_template(row) for row in page], following)


@get("/tags", opt=does("catalogues:read", returns=shapes.Page[shapes.Tag], query=listing.Paging))
async def list_tags(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    cursors: NamedDependency[Cursors],
) -> shapes.Page[shapes.Tag]:
    """What conversations are tagged with: the account states first, as the edges of the buckets name them now."""
    asked = query(request, listing.Paging)
    place = listing.begin(cursors, "tag", asked, (int,))
    after = int(place[0]) if place else -len(State) - 1
    async with db.reading() as tx:
        edges = edges_of(await rules_in_force(tx))
        wanted = select(Tag).where(Tag.id > max(after, 0)).order_by(Tag.id).limit(asked.limit + 1)
        free = [(tag.id, _tag(tag)) for tag in await tx.scalars(wanted)]
    # The states stand before the first tag: in a cursor they have the numbers below it.
    states = [(number, _state(state, edges)) for number, state in enumerate(State, -len(State)) if number > after]
    page, following = listing.cut(cursors, "tag", asked, [*states, *free][: asked.limit + 1], lambda row: (row[0],))
    return shapes.Page([tag for _number, tag in page], following)


def _state(state: State, edges: Edges) -> shapes.Tag:
    return shapes.Tag(
        id=str(state),
        name=label(state, edges),
        kind="account_state",
        colour=None,
        description=None,
        team=None,
        active=True,
    )


def _tag(row: Tag) -> shapes.Tag:
    return shapes.Tag(
        id=str(row.id),
        name=row.name,
        kind="free",
        colour=row.colour,
        description=row.description,
        team=str(row.team_id) if row.team_id else None,
        active=row.retired_at is None,
    )


@get(
    "/canned-responses",
    opt=does("catalogues:read", returns=shapes.Page[shapes.CannedResponse], query=listing.Paging),
)
async def list_canned_responses(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    cursors: NamedDependency[Cursors],
) -> shapes.Page[shapes.CannedResponse]:
    """Canned texts of everybody and of the teams; what is one agent's own is nobody else's."""
    asked = query(request, listing.Paging)
    place = listing.begin(cursors, "canned_text", asked, (int,))
    wanted = select(CannedText).where(CannedText.owner_id.is_(None), CannedText.id > (place[0] if place else 0))
    async with db.reading() as tx:
        found = (await tx.scalars(wanted.order_by(CannedText.id).limit(asked.limit + 1))).all()
        kept = await files.of(tx, [row.id for row in found])
    page, following = listing.cut(cursors, "canned_text", asked, found, lambda row: (row.id,))
    return shapes.Page([_canned(row, kept.get(row.id, ())) for row in page], following)


def _canned(row: CannedText, kept: Sequence[CannedFile]) -> shapes.CannedResponse:
    return shapes.CannedResponse(
        id=str(row.id),
        name=row.name,
        folder=row.folder or None,
        text=row.body,
        variables=list(dict.fromkeys(names_in(row.body))),
        files=shown_files(kept),
        team=str(row.team_id) if row.team_id else None,
        used=row.used,
        active=row.retired_at is None,
        updated_at=row.updated_at,
    )


@get(
    "/dispositions",
    opt=does("catalogues:read", returns=shapes.Page[shapes.Disposition], query=listing.Paging),
)
async def list_dispositions(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    cursors: NamedDependency[Cursors],
) -> shapes.Page[shapes.Disposition]:
    """The tree of how conversations end, each node after the one above it; a conversation is resolved with a leaf."""
    asked = query(request, listing.Paging)
    place = listing.begin(cursors, "disposition", asked, (int,))
    begin = int(place[0]) if place else 0
    async with db.reading() as tx:
        some = list(enumerate(await tree.nodes(tx), start=1))[begin : begin + asked.limit + 1]
    page, following = listing.cut(cursors, "disposition", asked, some, lambda row: (row[0],))
    return shapes.Page([_disposition(node) for _place, node in page], following)


def _disposition(node: tree.Node) -> shapes.Disposition:
    return shapes.Disposition(
        code=node.code,
        name=node.name,
        path=node.path,
        group=cast("Any", node.group),
        is_leaf=node.is_leaf,
        needs=node.needs,
        effect=node.effect,
        pause_days=node.pause_days,
        active=not node.is_retired,
    )


async def _by_id(tx: Tx, table: type[Any], asked: listing.Paging, cursors: Cursors) -> tuple[Any, str | None]:
    """A page of a small table, oldest first."""
    name = table.__tablename__
    place = listing.begin(cursors, name, asked, (int,))
    wanted = select(table).where(table.id > (place[0] if place else 0)).order_by(table.id).limit(asked.limit + 1)
    found = (await tx.scalars(wanted)).all()
    return listing.cut(cursors, name, asked, found, lambda row: (row.id,))


async def _teams_of(tx: Tx, agent_ids: list[int]) -> dict[int, list[str]]:
    found = await tx.execute(
        select(AgentTeam.agent_id, AgentTeam.team_id)
        .where(AgentTeam.agent_id.in_(agent_ids))
        .order_by(AgentTeam.agent_id, AgentTeam.team_id),
    )
    teams = defaultdict(list)
    for agent_id, team_id in found:
        teams[agent_id].append(str(team_id))
    return teams


def _user(row: Agent, teams: list[str]) -> shapes.User:
    return shapes.User(
        id=str(row.id),
        name=row.name,
        email=row.email,
        role=cast("shapes.Role", row.role),
        teams=teams,
        active=row.disabled_at is None,
    )


def _template(row: MessageTemplate) -> shapes.Template:
    return shapes.Template(
        id=str(row.id),
        name=row.name,
        language=row.language,
        category=row.category,
        status=row.status,
        quality=row.quality,
        parameter_format=row.parameter_format,
        components=row.components,
        updated_at=row.updated_at,
    )


routes = [list_users, list_teams, list_templates, list_tags, list_canned_responses, list_dispositions]
