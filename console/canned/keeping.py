"""Canned text: making, changing and retiring it, and counting its use."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from console import audit, clock
from console.agents import Team, Viewer
from console.canned.models import CannedText, CannedUse
from console.db import Tx
from console.errors import Refused, not_found
from console.inbox import policy
from console.languages.words import Words
from console.portfolio.names import name_key
from console.texts import variables

LONGEST_NAME = 60
LONGEST_FOLDER = 40
LONGEST_BODY = 3000
"""Less than WhatsApp takes (4096), as filling the blanks makes it longer."""
MOST_IN_A_SCOPE = 300


async def create(
    tx: Tx, *, by: Viewer, name: str, body: str, folder: str = "", scope: str, team_id: int | None = None
) -> CannedText:
    """Make a canned text: `scope` "own", "team" (with `team_id`) or "all". A retired one of this name comes back.

    Records "canned_text.created". Refuses: 403; 422 naming name, folder, body or scope; 409 "canned_exists".
    """
    whose = await _whose(tx, by, scope, team_id)
    values = {**_checked(name=name, body=body, folder=folder), **whose}
    known = await _named(tx, values["name_key"], values["scope"])
    if known is not None and known.retired_at is None:
        raise _taken(known)
    if known is None:
        count = select(func.count()).select_from(CannedText).where(CannedText.scope == values["scope"])
        if (await tx.scalar(count) or 0) >= MOST_IN_A_SCOPE:
            said = Words(
                "Ya hay {most_in_a_scope} respuestas rápidas ahí: retire alguna.", most_in_a_scope=MOST_IN_A_SCOPE
            )
            raise Refused(422, said, code="too_many", field="name")
    row = known or CannedText(created_at=clock.now())
    for column, value in values.items():
        setattr(row, column, value)
    row.retired_at, row.updated_at = None, clock.now()
    tx.add(row)
    await tx.flush()
    audit.record(tx, by.actor, "canned_text.created", subject=f"canned_text:{row.id}", new=_told(row))
    return row


async def edit(tx: Tx, row: CannedText, *, by: Viewer, name: str, body: str, folder: str = "") -> CannedText:
    """Rename, move or reword one; whose it is stays. Records "canned_text.updated" when something differs.

    Refuses as `create` does.
    """
    require_editable(by, row)
    values = _checked(name=name, body=body, folder=folder)
    other = await _named(tx, values["name_key"], row.scope)
    if other is not None and other.id != row.id:
        raise _taken(other)
    old = _told(row)
    rewords = row.body != values["body"]
    for column, value in values.items():
        setattr(row, column, value)
    if rewords or _told(row) != old:
        row.version += 1
        row.updated_at = clock.now()
        # The words are long and not for the history: of them, only that they changed.
        new = {**_told(row), "reworded": rewords}
        audit.record(tx, by.actor, "canned_text.updated", subject=f"canned_text:{row.id}", old=old, new=new)
    await tx.flush()
    return row


async def retire(tx: Tx, row: CannedText, *, by: Viewer) -> CannedText:
    """Offer one no more; creating it again brings it back. Records "canned_text.retired"."""
    require_editable(by, row)
    if row.retired_at is None:
        row.retired_at, row.version = clock.now(), row.version + 1
        audit.record(
            tx,
            by.actor,
            "canned_text.retired",
            subject=f"canned_text:{row.id}",
            old={**_told(row), "retired": False},
            new={**_told(row), "retired": True},
        )
        await tx.flush()
    return row


async def open_canned(tx: Tx, viewer: Viewer, canned_id: int, *, lock: bool = False) -> CannedText:
    """The text of an id from outside, if the viewer may see it; Refused(404) otherwise."""
    wanted = select(CannedText).where(CannedText.id == canned_id, policy.visible_canned(viewer))
    row = (await tx.scalars(wanted.with_for_update() if lock else wanted)).one_or_none()
    if row is None:
        raise not_found()
    return row


async def note_use(tx: Tx, row: CannedText, *, by: Viewer) -> None:
    """Count that an agent put this text into a message; no record of the history, as a draft is none."""
    new = sqlite_insert if tx.get_bind().dialect.name == "sqlite" else postgresql_insert
    once = new(CannedUse).values(agent_id=by.id, canned_id=row.id, n=1, last_at=clock.now())
    again = {"n": CannedUse.n + 1, "last_at": clock.now()}
    await tx.execute(once.on_conflict_do_update(index_elements=["agent_id", "canned_id"], set_=again))
    more = update(CannedText).where(CannedText.id == row.id).values(used=CannedText.used + 1)
    await tx.execute(more.execution_options(synchronize_session=False))


def _checked(*, name: str, body: str, folder: str) -> dict[str, Any]:
    name, folder = " ".join(name.split()), " ".join(folder.split())
    body = body.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Refused(
            422,
            Words("Escriba un nombre de hasta {longest_name} letras.", longest_name=LONGEST_NAME),
            code="invalid",
            field="name",
        )
    if len(folder) > LONGEST_FOLDER or (folder and not folder.isprintable()):
        said = Words("Escriba una carpeta de hasta {longest_folder} letras.", longest_folder=LONGEST_FOLDER)
        raise Refused(422, said, code="invalid", field="folder")
    if not body or len(body) > LONGEST_BODY:
        said = Words("Escriba el texto: hasta {longest_body} letras.", longest_body=LONGEST_BODY)
        raise Refused(422, said, code="invalid", field="body")
    variables.check(body, field="body")
    return {"name": name, "name_key": name_key(name), "folder": folder, "body": body}


async def _whose(tx: Tx, by: Viewer, scope: str, team_id: int | None) -> dict[str, Any]:
    match scope:
        case "own":
            whose: dict[str, Any] = {"owner_id": by.id, "team_id": None, "scope": f"agent:{by.id}"}
        case "team" if team_id is not None:
            whose = {"owner_id": None, "team_id": team_id, "scope": f"team:{team_id}"}
        case "all":
            whose = {"owner_id": None, "team_id": None, "scope": "all"}
        case _:
            raise Refused(422, Words("Diga para quién es."), code="invalid", field="scope")
    if not policy.may_edit_canned(by, owner_id=whose["owner_id"], team_id=whose["team_id"]):
        text = Words("Quien supervisa crea las del equipo y las de todos; usted puede crear las suyas.")
        raise Refused(403, text, code="forbidden", field="scope")
    if whose["team_id"] is not None and await tx.get(Team, whose["team_id"]) is None:
        raise Refused(422, Words("Ese equipo no existe."), code="invalid", field="scope")
    return whose


def require_editable(by: Viewer, row: CannedText) -> None:
    """Refuse (403) whoever may not change this text."""
    if not policy.may_edit_canned(by, owner_id=row.owner_id, team_id=row.team_id):
        raise Refused(403, Words("Quien supervisa cambia las del equipo y las de todos."), code="forbidden")


async def _named(tx: Tx, key: str, scope: str) -> CannedText | None:
    wanted = select(CannedText).where(CannedText.name_key == key, CannedText.scope == scope)
    return (await tx.scalars(wanted.with_for_update())).one_or_none()


def _taken(row: CannedText) -> Refused:
    return Refused(409, Words("Ya existe «{name}».", name=row.name), code="canned_exists", field="name")


def _told(row: CannedText) -> dict[str, Any]:
    return {"name": row.name, "folder": row.folder, "scope": row.scope}
