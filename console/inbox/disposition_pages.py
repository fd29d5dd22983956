"""The page of the tree of dispositions: adding, renaming, ordering, retiring, and what each leaf needs and does."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import select

from console.agents import Viewer
from console.db import Database
from console.errors import Refused
from console.forms import html, read_form, whole
from console.inbox import policy, tree
from console.inbox.tags import Tag
from console.languages.words import Words
from console.render import page
from console.settings_pages.change_lines import Terms, among, newest

PAGE = "/settings/dispositions"
CHANGES = ("disposition.created", "disposition.updated")
# Contact, result, detail.
LEVELS = 3
# What a form calls the fields that a refusal names otherwise.
_FIELDS = {"parent": "parent_id", "tag": "tag_id"}


@get(PAGE)
async def dispositions(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """The whole tree."""
    policy.require(viewer, "edit_dispositions")
    opened = request.query_params.get("open", "")
    return await _page(db, viewer, opened=int(opened) if opened.isascii() and opened.isdigit() else None)


@post(PAGE, status_code=303)
async def add(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """One more node."""
    policy.require(viewer, "edit_dispositions")
    form = await read_form(request)
    try:
        parent = whole(form["parent_id"], "parent_id") if form.get("parent_id") else None
        async with db.transaction() as tx:
            row = await tree.add(tx, by=viewer, parent_id=parent, code=form.get("code", ""), name=form.get("name", ""))
            made = row.id
    except Refused as refused:
        return await _page(db, viewer, refused=refused, typed=form)
    return _back(made)


@post(PAGE + "/{disposition_id:int}", status_code=303)
async def edit(
    request: Request[Any, Any, Any],
    disposition_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """The name, and what picking it needs and does."""
    policy.require(viewer, "edit_dispositions")
    form = await read_form(request)
    try:
        async with db.transaction() as tx:
            await tree.edit(
                tx,
                disposition_id,
                by=viewer,
                name=form.get("name", ""),
                needs=form.get("needs") or None,
                effect=form.get("effect") or None,
                pause_days=whole(form.get("pause_days") or "0", "pause_days"),
                tag_id=whole(form["tag_id"], "tag_id") if form.get("tag_id") else None,
                asks_reason=form.get("asks_reason") == "1",
            )
    except Refused as refused:
        if refused.status == 404:
            raise
        return await _page(db, viewer, opened=disposition_id, refused=refused, typed=form)
    return _back(disposition_id)


@post(PAGE + "/{disposition_id:int}/move", status_code=303)
async def move(
    request: Request[Any, Any, Any],
    disposition_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """One place up or down."""
    policy.require(viewer, "edit_dispositions")
    form = await read_form(request)
    async with db.transaction() as tx:
        await tree.move(tx, disposition_id, by=viewer, up=form.get("to") == "up")
    return _back(disposition_id)


@post(PAGE + "/{disposition_id:int}/retirement", status_code=303)
async def retirement(
    request: Request[Any, Any, Any],
    disposition_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Offered no more, or again."""
    policy.require(viewer, "edit_dispositions")
    form = await read_form(request)
    try:
        async with db.transaction() as tx:
            await tree.retire(tx, disposition_id, by=viewer, is_retired=form.get("back") != "1")
    except Refused as refused:
        if refused.status == 404:
            raise
        return await _page(db, viewer, opened=disposition_id, refused=refused)
    return _back(disposition_id)


async def _page(
    db: Database,
    viewer: Viewer,
    *,
    opened: int | None = None,
    refused: Refused | None = None,
    typed: dict[str, str] | None = None,
) -> Response[Any]:
    async with db.reading() as tx:
        nodes = await tree.nodes(tx)
        every = (await tx.scalars(select(Tag).order_by(Tag.name))).all()
        history = await newest(tx, CHANGES, terms(nodes, {tag.id: tag.name for tag in every}))
    parents = [node for node in nodes if node.depth < LEVELS - 1 and not node.is_retired]
    shown = page(
        "settings/dispositions.html",
        viewer=viewer,
        nodes=nodes,
        parents=[(str(node.id), " › ".join([*node.path, node.name])) for node in parents],
        tags=[(str(tag.id), tag.name) for tag in every if tag.retired_at is None],
        history=history,
        needs=tree.NEEDS,
        effects=tree.EFFECTS,
        opened=opened,
        of=opened if refused else None,
        typed=typed or {},
        problems={_FIELDS.get(refused.field or "form", refused.field or "form"): refused.text} if refused else {},
    )
    return html(shown, status=refused.status if refused else 200)


def terms(nodes: list[tree.Node], tags: dict[int, str]) -> Terms:
    """How this page tells what was changed on it."""
    none = Words("nada")
    return Terms(
        fields={
            "asks_reason": Words("Pide un motivo"),
            "effect": Words("Efecto"),
            "needs": Words("Exige"),
            "pause_days": Words("Días hábiles sin escribirle primero"),
            "retired": Words("Retirada"),
            "tag_id": Words("Etiqueta"),
        },
        said={
            "code": among({}),
            "effect": among(tree.EFFECTS, none=none),
            "needs": among(tree.NEEDS, none=none),
            "parent_id": among({node.id: node.name for node in nodes}),
            "position": lambda place: str(place + 1),
            "tag_id": among(tags, none=Words("ninguna")),
        },
        about={f"disposition:{node.id}": f"{node.code} · {node.name}" for node in nodes},
    )


def _back(disposition_id: int) -> Response[Any]:
    address = f"{PAGE}?open={disposition_id}#d{disposition_id}"
    return Response(None, status_code=303, headers={"location": address})


routes = [dispositions, add, edit, move, retirement]
