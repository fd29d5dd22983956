"""Files that a program wants to send: brought first, then named in a message."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from console.api.conversations import opened
from console.api.operations import does
from console.api.tokens import Program
from console.attachments import staging
from console.attachments.models import StagedFile
from console.attachments.receiving import OCTETS, file_of
from console.db import Database
from console.settings import Settings


class Attachment(msgspec.Struct, kw_only=True):
    """A file that waits to be sent, for seven days: `kind` is the type of message it goes out as."""

    id: str
    kind: str
    mime_type: str
    filename: str
    size: int
    sha256: str
    voice: bool


@post(
    "/conversations/{conversation_id:str}/attachments",
    opt=does("messages:write", returns=Attachment, status=201, refuses=(404, 409, 413, 415, 422), takes=OCTETS),
    request_max_body_size=None,
)
async def create_attachment(
    conversation_id: FromPath[str],
    request: Request[Any, Any, Any],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
) -> Attachment:
    """Bring a file to be sent in this conversation.

    The body is the file itself; `X-File-Name` (percent-encoded) is its name, and `X-Voice: 1` makes a recording
    (WebM or Ogg with Opus) a voice note. What the bytes say decides what it is sent as. Photos lose their metadata.
    """
    async with db.reading() as tx:
        await opened(tx, program, conversation_id)
    kept = await file_of(request, settings.media_dir, voice=request.headers.get("x-voice") == "1")
    async with db.transaction() as tx:
        conversation = await opened(tx, program, conversation_id, lock=True)
        return shown(await staging.stage(tx, conversation, kept, by=program.actor))


def shown(staged: StagedFile) -> Attachment:
    """A file that was brought, without a word of where it is kept."""
    return Attachment(
        id=str(staged.id),
        kind=staged.kind,
        mime_type=staged.mime_type,
        filename=staged.filename,
        size=staged.size,
        sha256=staged.sha256,
        voice=staged.voice,
    )


routes = [create_attachment]
