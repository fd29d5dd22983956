"""The tree of dispositions: reading it, and editing it. What was ever chosen is retired, never removed."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec
from sqlalchemy import func, select

from console import audit, clock
from console.agents import Viewer
from console.db import Tx
from console.errors import Refused, not_found
from console.inbox import policy, queries
from console.inbox.dispositions import Disposition
from console.inbox.tags import Tag
from console.languages.words import Words

LONGEST_NAME = 80
LONGEST_PAUSE = 365
NEEDS = {
    "promise": Words("Una promesa, con monto y día"),
    "plan": Words("Un plan de pagos"),
    "dispute": Words("Una disputa"),
    "callback": Words("Cuándo volver a contactar"),
    "amount": Words("Un monto"),
    "date": Words("Un día"),
}
EFFECTS = {
    "opt_out": Words("No se le escribe más"),
    "wrong_number": Words("El número es de otra persona"),
    "stop": Words("Nadie le escribe primero"),
}
GROUPS = {"CD": Words("Titular"), "CI": Words("Tercero"), "NC": Words("Sin contacto"), "AD": Words("Administrativo")}
EXTERNAL = "AD-EXT"
"""The leaf of what another system resolves without saying more."""
_CODE = re.compile(r"[A-Z0-9][A-Z0-9.-]{1,15}", re.ASCII)


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A node as the page and the picker show it. `path` are the names above it; a leaf has none below it, ever."""

    id: int
    parent_id: int | None
    code: str
    name: str
    group: str
    path: list[str]
    depth: int
    is_leaf: bool
    is_retired: bool
    needs: str | None
    effect: str | None
    pause_days: int
    tag_id: int | None
    asks_reason: bool
    version: int


async def nodes(tx: Tx) -> list[Node]:
    """The whole tree, each node after the one above it, in its order. Below what is retired everything is."""
    rows = (await tx.scalars(select(Disposition).order_by(Disposition.position, Disposition.id))).all()
    below: dict[int | None, list[Disposition]] = {}
    for row in rows:
        below.setdefault(row.parent_id, []).append(row)
    found: list[Node] = []

    def walk(parent: int | None, path: list[str], *, is_retired: bool) -> None:
        for row in below.get(parent, []):
            gone = is_retired or row.retired_at is not None
            found.append(_node(row, path, is_leaf=row.id not in below, is_retired=gone))
            walk(row.id, [*path, row.name], is_retired=gone)

    walk(None, [], is_retired=False)
    return found


async def leaves(tx: Tx) -> list[Node]:
    """What may be picked, in the tree's order."""
    return [node for node in await nodes(tx) if node.is_leaf and not node.is_retired]


async def leaf(tx: Tx, code: str) -> Node:
    """The leaf of that code. Refused(422) for what is none, or is retired."""
    for node in await leaves(tx):
        if node.code == code:
            return node
    raise Refused(422, Words("Elija cómo terminó la conversación."), code="unknown_disposition", field="disposition")


async def add(tx: Tx, *, by: Viewer, parent_id: int | None, code: str, name: str) -> Disposition:
    """Add a node below another, or a first one. Records "disposition.created".

    Refuses: 403; 404; 409 "code_taken"; 409 "was_chosen" below a leaf that has been chosen (its meaning would change);
    422 for a code or a name that cannot be.
    """
    policy.require(by, "edit_dispositions")
    code = code.strip().upper()
    if not _CODE.fullmatch(code):
        said = Words("El código lleva de 2 a 16 letras mayúsculas, números, puntos o guiones.")
        raise Refused(422, said, code="invalid", field="code")
    if await tx.scalar(select(Disposition.id).where(Disposition.code == code)):
        raise Refused(409, Words("Ya hay una tipificación {code}.", code=code), code="code_taken", field="code")
    parent = await held(tx, parent_id) if parent_id is not None else None
    if parent is not None and parent.needs is not None:
        said = Words("Quite primero lo que exige: deja de ser una tipificación que se elige.")
        raise Refused(409, said, code="was_chosen", field="parent")
    position = await tx.scalar(select(func.max(Disposition.position)).where(Disposition.parent_id == parent_id))
    row = Disposition(
        parent_id=parent_id,
        code=code,
        name=_name(name),
        group=parent.group if parent else code[:2] if code[:2] in GROUPS else "AD",
        right_party=parent.right_party if parent else False,
        effective=parent.effective if parent else False,
        position=(position or 0) + 1,
    )
    tx.add(row)
    await tx.flush()
    _record(tx, by, row, "disposition.created", new={"code": code, "parent_id": parent_id})
    return row


async def edit(
    tx: Tx,
    disposition_id: int,
    *,
    by: Viewer,
    name: str,
    needs: str | None,
    effect: str | None,
    pause_days: int,
    tag_id: int | None,
    asks_reason: bool,
) -> Disposition:
    """Rename a node and say what picking it needs and does. Records "disposition.updated".

    `pause_days` are working days in which nobody begins a conversation. Refuses: 403, 404, 422 naming the field.
    """
    policy.require(by, "edit_dispositions")
    row = await held(tx, disposition_id)
    if needs is not None and needs not in NEEDS:
        raise Refused(422, Words("Elija qué exige."), code="invalid", field="needs")
    if effect is not None and effect not in EFFECTS:
        raise Refused(422, Words("Elija qué efecto tiene."), code="invalid", field="effect")
    if not 0 <= pause_days <= LONGEST_PAUSE:
        raise Refused(
            422, Words("De 0 a {longest_pause} días.", longest_pause=LONGEST_PAUSE), code="invalid", field="pause_days"
        )
    if tag_id is not None and await tx.get(Tag, tag_id) is None:
        raise Refused(422, Words("Esa etiqueta no existe."), code="invalid", field="tag")
    new: dict[str, object] = {"name": _name(name), "needs": needs, "effect": effect, "pause_days": pause_days}
    new |= {"tag_id": tag_id, "asks_reason": asks_reason}
    return _change(tx, by, row, new)


async def move(tx: Tx, disposition_id: int, *, by: Viewer, up: bool) -> Disposition:
    """Change places with the one before it, or after it, below the same node. Records "disposition.updated"."""
    policy.require(by, "edit_dispositions")
    row = await held(tx, disposition_id)
    siblings = select(Disposition).where(Disposition.parent_id.is_not_distinct_from(row.parent_id))
    ordered = list(await tx.scalars(siblings.order_by(Disposition.position, Disposition.id).with_for_update()))
    at = next(index for index, each in enumerate(ordered) if each.id == row.id)
    to = at - 1 if up else at + 1
    if 0 <= to < len(ordered):
        ordered[at], ordered[to] = ordered[to], ordered[at]
        for position, each in enumerate(ordered):
            each.position = position
        _record(tx, by, row, "disposition.updated", old={"position": at}, new={"position": to})
    return row


async def retire(tx: Tx, disposition_id: int, *, by: Viewer, is_retired: bool) -> Disposition:
    """Offer a node and everything below it no more, or again. Records "disposition.updated"."""
    policy.require(by, "edit_dispositions")
    row = await held(tx, disposition_id)
    if is_retired and row.id in await _above_external(tx):
        said = Words("Esta la usan los sistemas que resuelven por la API: puede cambiarle el nombre, no retirarla.")
        raise Refused(409, said, code="needed")
    if (row.retired_at is not None) != is_retired:
        row.retired_at = clock.now() if is_retired else None
        row.version += 1
        _record(tx, by, row, "disposition.updated", old={"retired": not is_retired}, new={"retired": is_retired})
    return row


async def _above_external(tx: Tx) -> set[int]:
    """The leaf that systems use, and what it hangs from."""
    rows = await tx.execute(select(Disposition.id, Disposition.parent_id))
    parents = {row.id: row.parent_id for row in rows}
    here = await tx.scalar(select(Disposition.id).where(Disposition.code == EXTERNAL))
    found: set[int] = set()
    while here is not None and here not in found:
        found.add(here)
        here = parents[here]
    return found


async def held(tx: Tx, disposition_id: int) -> Disposition:
    """The node as it is now, held until `tx` ends; Refused(404)."""
    if not 0 < disposition_id <= queries.LARGEST_ID:
        raise not_found()
    wanted = select(Disposition).where(Disposition.id == disposition_id).with_for_update()
    row = (await tx.scalars(wanted.execution_options(populate_existing=True))).one_or_none()
    if row is None:
        raise not_found()
    return row


def _node(row: Disposition, path: Sequence[str], *, is_leaf: bool, is_retired: bool) -> Node:
    return Node(
        id=row.id,
        parent_id=row.parent_id,
        code=row.code,
        name=row.name,
        group=row.group,
        path=list(path),
        depth=len(path),
        is_leaf=is_leaf and bool(path),
        is_retired=is_retired,
        needs=row.needs,
        effect=row.effect,
        pause_days=row.pause_days,
        tag_id=row.tag_id,
        asks_reason=row.asks_reason,
        version=row.version,
    )


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME:
        raise Refused(
            422,
            Words("Escriba un nombre de hasta {longest_name} letras.", longest_name=LONGEST_NAME),
            code="invalid",
            field="name",
        )
    return name


def _change(tx: Tx, by: Viewer, row: Disposition, new: dict[str, object]) -> Disposition:
    old = {name: getattr(row, name) for name in new}
    changed = {name: value for name, value in new.items() if old[name] != value}
    if changed:
        for name, value in changed.items():
            setattr(row, name, value)
        row.version += 1
        _record(tx, by, row, "disposition.updated", old={name: old[name] for name in changed}, new=changed)
    return row


def _record(
    tx: Tx,
    by: Viewer,
    row: Disposition,
    action: str,
    *,
    new: dict[str, object],
    old: dict[str, object] | None = None,
) -> None:
    audit.record(tx, by.actor, action, subject=f"disposition:{row.id}", old=old, new=new)
