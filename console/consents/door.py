"""The page of somebody's consents: how they stand, what proves it, and forms to note one and to take one back."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy import select

from console import audit, clock, masking
from console.agents import Viewer
from console.consents import awaited, keeping, proof_files, reading
from console.consents.kinds import How, Purpose, Standing, Way
from console.consents.models import ConsentRecord
from console.consents.noting import Proof
from console.consents.words import HOWS, PURPOSES, TYPED, WAYS
from console.db import Database, Tx
from console.errors import Refused, not_found
from console.forms import whole
from console.inbox import media_files, queries
from console.inbox.contacts import Contact
from console.inbox.models import Conversation, Message
from console.inbox.queries import contact_name
from console.inbox.words import history_line
from console.languages.words import Words
from console.scanning import verdicts
from console.settings import Settings
from console.settings_pages.answers import known_id, show

PAGE = "/inbox/{conversation_id:int}/consents"
MESSAGES_OFFERED = 20
# A file that is too large is read to its end all the same, so that what was typed beside it can be given back; the page
# itself refuses one before it is sent.
LARGEST_BODY = 64 * 1024 * 1024
_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
_NO_FILE = Proof()


class Heard(msgspec.Struct, frozen=True):
    """A message of theirs that may be the proof, cut to a line."""

    id: int
    at: Any
    text: str


@get(PAGE)
async def consents_page(
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """How their consent stands and how it came to that."""
    return await _page(db, settings, viewer, conversation_id, typed={}, problem=None)


@post(PAGE, status_code=303, request_max_body_size=LARGEST_BODY)
async def note_consent(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Note what they said: `state` given or withdrawn, `channel`, `purpose`, `how`, `said_on`, and the proof.

    A refusal gives the form back with what was typed. Refuses: 404; as `keeping.give` and `keeping.withdraw`; 413 and
    422 for a file that is too large or no proof.
    """
    async with db.reading() as tx:
        await queries.open_conversation(tx, viewer, conversation_id)
    typed: dict[str, str] = {}
    try:
        typed, upload = await _read(request)
        said, proof = keeping.heard(typed, settings), keeping.shown_proof(typed)
        message_id = whole(typed["message_id"], "message_id") if typed.get("message_id") else None
        file = await _kept(settings.media_dir, upload)
        proof = msgspec.structs.replace(
            file, shown=proof.shown, version=proof.version, reference=proof.reference, message_id=message_id
        )
        async with db.transaction() as tx:
            conversation = await queries.open_conversation(tx, viewer, conversation_id)
            deed = keeping.give if said.state == Standing.GIVEN else keeping.withdraw
            await deed(tx, conversation, by=viewer, said=said, proof=proof)
    except Refused as refused:
        if refused.status not in {409, 413, 422}:
            raise
        if refused.field == "said_at":
            refused.field = "said_on"
        return await _page(db, settings, viewer, conversation_id, typed=typed, problem=refused)
    return Redirect(f"/inbox/{conversation_id}/consents", status_code=303)


@get(PAGE + "/{consent_id:int}/file")
async def proof_file(
    conversation_id: FromPath[int],
    consent_id: FromPath[int],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[bytes]:
    """The file that proves a consent, to take away. Records "media.viewed".

    Refuses: 404, and as `verdicts.require_open`.
    """
    async with db.transaction() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        row = await tx.get(ConsentRecord, known_id(consent_id))
        if row is None or row.contact_id != conversation.contact_id or row.sha256 is None:
            raise not_found()
        await verdicts.require_open(tx, row.sha256)
        path, name, kind = media_files.place(settings.media_dir, row.sha256), row.file_name or "prueba", row.mime_type
        about: dict[str, Any] = {
            "conversation_id": conversation.id,
            "subject": f"consent:{row.id}",
            "new": {"sha256": row.sha256},
        }
        audit.record(tx, viewer.actor, "media.viewed", **about)
    try:
        body = await asyncio.to_thread(path.read_bytes)
    except FileNotFoundError:
        raise not_found() from None
    headers = {
        "content-type": kind or "application/octet-stream",
        "content-disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "content-security-policy": "sandbox; default-src 'none'",
        "cache-control": "private, no-store",
    }
    return Response(body, headers=headers)


async def _read(request: Request[Any, Any, Any]) -> tuple[dict[str, str], UploadFile | None]:
    """The fields of the form, and the file where one was chosen. Refuses: 400; 413; 415."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in _FORMS:
        raise Refused(415, Words("Se espera un formulario."), code="unsupported_media_type")
    try:
        form = await request.form()
    except HTTPException as refused:
        if refused.status_code == 413:
            raise Refused(413, Words("El archivo pasa de 10 MB."), code="too_big", field="file") from refused
        raise
    upload = form.get("file")
    fields = {
        name: value.replace("\0", "\N{REPLACEMENT CHARACTER}") for name, value in form.items() if isinstance(value, str)
    }
    return fields, upload if isinstance(upload, UploadFile) and upload.filename else None


async def _kept(folder: Path, upload: UploadFile | None) -> Proof:
    if upload is None:
        return _NO_FILE
    sha256, name, kind = await proof_files.keep(folder, upload)
    return Proof(sha256=sha256, file_name=name, mime_type=kind)


async def _page(
    db: Database,
    settings: Settings,
    viewer: Viewer,
    conversation_id: int,
    *,
    typed: dict[str, str],
    problem: Refused | None,
) -> Response[Any]:
    async with db.reading() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        contact = await tx.get_one(Contact, conversation.contact_id)
        stands, lines = await reading.over_whatsapp(tx, contact), await reading.lines_of(tx, contact.id)
        brought = await awaited.brought_by(tx, contact.id)
        messages = await _heard(tx, conversation)
    return show(
        "consents/page.html",
        viewer,
        status=problem.status if problem else 200,
        conversation_id=conversation_id,
        name=contact_name(contact.name, contact.profile_name, contact.username, contact.wa_id),
        phone=masking.phone(contact.wa_id) if contact.wa_id else "",
        is_stopped=contact.opted_out_at is not None,
        stands=stands,
        lines=lines,
        brought=brought,
        messages=messages,
        ways={way: WAYS[way] for way in Way},
        purposes={purpose: PURPOSES[purpose] for purpose in Purpose},
        hows={how: HOWS[how] for how in TYPED},
        by_message=How.MESSAGE,
        typed=typed,
        problem=problem,
        largest=proof_files.LARGEST,
        today=clock.now().astimezone(settings.zone).date().isoformat(),
    )


async def _heard(tx: Tx, conversation: Conversation) -> list[Heard]:
    wanted = (
        select(Message.id, Message.created_at, Message.text, Message.kind)
        .where(Message.conversation_id == conversation.id, Message.direction == "in", Message.target_id.is_(None))
        .order_by(Message.sequence.desc())
        .limit(MESSAGES_OFFERED)
    )
    return [Heard(id_, at, (text or "")[:70] or _what_came(kind)) for id_, at, text, kind in await tx.execute(wanted)]


def _what_came(kind: str) -> str:
    """What a message without words is: `Foto recibida`."""
    return history_line("message.received", None, {"kind": kind}, None)


routes = [consents_page, note_consent, proof_file]
