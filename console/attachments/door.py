"""Files to be sent, over HTTP: brought (with progress, one request a file), taken away, and sent."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from console.agents import Viewer
from console.attachments import sending, staging
from console.attachments.receiving import file_of
from console.db import Database
from console.errors import Refused
from console.forms import html, read_form, whole
from console.inbox import answering, drafts, queries
from console.render import fragment
from console.settings import Settings


@post("/inbox/{conversation_id:int}/attachments", status_code=201, request_max_body_size=None)
async def bring(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Take a file in as the body of the request, `X-File-Name` (percent-encoded) and `X-Voice: 1` beside it.

    Answers with how it waits in the composer; with `X-For: header` it is for a template's header and waits nowhere.
    Refuses as `staging.keep`, 409 "too_many", 415 for another content type.
    """
    async with db.reading() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
    kept = await file_of(request, settings.media_dir, voice=request.headers.get("x-voice") == "1")
    async with db.transaction() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id, lock=True)
        staged = await staging.stage(
            tx, conversation, kept, by=viewer, for_header=request.headers.get("x-for") == "header"
        )
    return html(fragment("inbox/_waiting_file.html", file=staged), status=201)


@get("/inbox/{conversation_id:int}/attachments")
async def waiting(
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """What the viewer brought here and has not sent."""
    async with db.reading() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        files = await staging.waiting(tx, conversation, by=viewer)
    return html(fragment("inbox/_waiting_files.html", conversation_id=conversation_id, files=files))


@post("/inbox/{conversation_id:int}/attachments/{staged_id:int}/removal", status_code=204)
async def take_away(
    conversation_id: FromPath[int],
    staged_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> None:
    """Do not send it after all."""
    async with db.transaction() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        await staging.remove(tx, conversation, min(staged_id, queries.LARGEST_ID), by=viewer)


@post("/inbox/{conversation_id:int}/files", status_code=201)
async def create_file_message(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Queue a file that was brought, with the words beside it. A refusal comes back as a notice; nothing is lost."""
    form = await read_form(request)
    try:
        async with db.transaction() as tx:
            conversation = await queries.open_conversation(tx, viewer, conversation_id)
            message = await sending.send_file(
                tx,
                conversation,
                by=viewer,
                staged_id=whole(form.get("attachment"), "attachment"),
                caption=form.get("text", ""),
                client_key=answering.key_in(form),
                seen_sequence=whole(form["seen_sequence"], "seen_sequence") if form.get("seen_sequence") else None,
                force=form.get("force") == "1",
                reply_to=await answering.quoted(tx, conversation, form.get("reply_to")),
            )
            await drafts.forget(tx, conversation, "reply", by=viewer)
    except Refused as refused:
        return answering.notice(conversation_id, refused)
    return await answering.shown(db, message.id, status=201)


routes = [bring, waiting, take_away, create_file_message]
