"""What an agent writes, over HTTP: replies, notes, templates, drafts. A refusal never loses the text."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath

from console import clock, rates
from console.agents import Viewer
from console.db import Database, Tx
from console.errors import Refused, not_found
from console.forms import html, read_form, whole
from console.inbox import drafts, headers, queries, reply, template_picker, threads
from console.inbox.models import Conversation, Message
from console.inbox.pushes import message_fragment
from console.languages.words import Words
from console.render import fragment
from console.settings import Settings
from console.texts.values import values_of

LONGEST_KEY = 64


@post("/inbox/{conversation_id:int}/replies", status_code=201)
async def create_reply(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Queue a text. A refusal comes back as a notice beside the composer; the text is never lost."""
    rates.charge(request, "send", viewer.id)
    form = await read_form(request)
    try:
        async with db.transaction() as tx:
            conversation = await queries.open_conversation(tx, viewer, conversation_id)
            message = await reply.reply(
                tx,
                conversation,
                by=viewer,
                text=form.get("text", ""),
                client_key=key_in(form),
                seen_sequence=whole(form["seen_sequence"], "seen_sequence") if form.get("seen_sequence") else None,
                force=form.get("force") == "1",
                reply_to=await quoted(tx, conversation, form.get("reply_to")),
            )
            await drafts.forget(tx, conversation, "reply", by=viewer)
    except Refused as refused:
        return notice(conversation_id, refused)
    return await shown(db, message.id, status=201)


@post("/inbox/{conversation_id:int}/notes", status_code=201)
async def create_note(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Write an internal note: another address than replies, another verb, no way out."""
    form = await read_form(request)
    try:
        async with db.transaction() as tx:
            conversation = await queries.open_conversation(tx, viewer, conversation_id)
            message = await reply.note(
                tx,
                conversation,
                by=viewer,
                text=form.get("text", ""),
                client_key=key_in(form),
                mentions=mentioned_in(form),
            )
            await drafts.forget(tx, conversation, "note", by=viewer)
    except Refused as refused:
        return notice(conversation_id, refused)
    return await shown(db, message.id, status=201)


@get("/inbox/{conversation_id:int}/templates")
async def templates(
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """The approved templates, with what we know filled in."""
    async with db.reading() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        header = await headers.header_of(tx, viewer, conversation.id, clock.now())
        values = await values_of(
            tx,
            conversation,
            agent=viewer.name,
            company=settings.company,
            base_url=settings.base_url,
            zone=settings.zone,
            moment=clock.now(),
        )
        offered = await template_picker.offer(
            tx, conversation, name=header.name, company=settings.company, values=values.by_name
        )
    return html(
        fragment(
            "inbox/_templates.html",
            conversation_id=conversation_id,
            name=header.name,
            company=settings.company,
            templates=offered,
            held_back=values.held_back,
        ),
    )


@post("/inbox/{conversation_id:int}/template-messages", status_code=201)
async def create_template_message(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Queue an approved template."""
    rates.charge(request, "send", viewer.id)
    form = await read_form(request)
    prefix = "variable."
    try:
        async with db.transaction() as tx:
            conversation = await queries.open_conversation(tx, viewer, conversation_id)
            message = await reply.send_template(
                tx,
                conversation,
                by=viewer,
                template_id=whole(form.get("template_id"), "template_id"),
                variables={k.removeprefix(prefix): v for k, v in form.items() if k.startswith(prefix)},
                client_key=key_in(form),
            )
    except Refused as refused:
        return notice(conversation_id, refused)
    return await shown(db, message.id, status=201)


@post("/inbox/{conversation_id:int}/messages/{message_id:int}/resend", status_code=201)
async def resend(
    conversation_id: FromPath[int],
    message_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Send again what a person decided to send again."""
    try:
        async with db.transaction() as tx:
            conversation = await queries.open_conversation(tx, viewer, conversation_id)
            message = await tx.get(Message, message_id) if message_id <= queries.LARGEST_ID else None
            if message is None or message.conversation_id != conversation.id:
                raise not_found()
            again = await reply.resend(tx, message, by=viewer)
    except Refused as refused:
        return notice(conversation_id, refused)
    return await shown(db, again.id, status=201)


@put("/inbox/{conversation_id:int}/draft", status_code=204)
async def draft(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> None:
    """Keep what is being written, per conversation and mode. Nobody else ever sees it, so it is not on record."""
    form = await read_form(request)
    mode, text = form.get("mode", "reply"), form.get("text", "")
    async with db.transaction() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        await drafts.keep(tx, conversation, mode, text, by=viewer)


async def quoted(tx: Tx, conversation: Conversation, message_id: str | None) -> str | None:
    """The wamid of the message quoted; it must be of this very conversation."""
    if not message_id:
        return None
    message = await tx.get(Message, whole(message_id.removeprefix("message-"), "reply_to"))
    if message is None or message.conversation_id != conversation.id or message.wamid is None:
        raise Refused(422, Words("El mensaje citado no está en esta conversación."), code="invalid", field="reply_to")
    return message.wamid


def mentioned_in(form: dict[str, str]) -> set[int]:
    """Whom a note is to reach: their ids, with a dot between. Refuses 422 "mentions"."""
    return {whole(part, "mentions") for part in form.get("mentions", "").split(".") if part}


def notice(conversation_id: int, refused: Refused) -> Response[str]:
    """Why not, beside the composer; `x-refused` names the reason. A conversation that is not there is a plain 404."""
    if refused.status == 404:
        raise refused
    if refused.code == "colleague_wrote":
        messages = refused.details["messages"]
        newest: dict[str, Any] = messages[-1] if isinstance(messages, list) else {}
        words = fragment(
            "inbox/_collision.html",
            conversation_id=conversation_id,
            author_name=newest.get("author") or Words("Alguien"),
            text=newest.get("text"),
            kind=newest.get("kind"),
            at=clock.now(),
            message_id=newest.get("id"),
        )
    else:
        words = fragment("inbox/_notice.html", conversation_id=conversation_id, text=refused.text)
    return html(words, status=refused.status, headers={"x-refused": refused.code})


def key_in(form: dict[str, str]) -> str:
    """The page's key for one intent to send. Refuses 422 "client_key"."""
    key = form.get("client_key", "")
    if not 8 <= len(key) <= LONGEST_KEY - len(threads.PAGE_KEY) or not all(c.isalnum() or c in "-_" for c in key):
        raise Refused(422, Words("Falta la clave del envío; recargue la página."), code="invalid", field="client_key")
    return threads.PAGE_KEY + key


async def shown(db: Database, message_id: int, *, status: int = 200) -> Response[str]:
    """The message as the thread shows it."""
    async with db.reading() as tx:
        (message,) = await threads.messages_by_id(tx, [message_id])
    return html(message_fragment(message), status=status)


routes = [create_reply, create_note, templates, create_template_message, resend, draft]
