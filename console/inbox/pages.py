"""The inbox over HTTP: parse, call one verb, answer with the fragment that pages and pushes also show."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post, put
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.params import FromPath
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from console import clock
from console.agents import Viewer
from console.db import Database, Tx
from console.errors import Refused, not_found
from console.forms import read_form
from console.inbox import assign, queries, reading, reply, template_picker, threads
from console.inbox.models import Conversation, Draft, Message
from console.inbox.pushes import message_fragment
from console.render import fragment, page
from console.settings import Settings

LONGEST_KEY = 64
LONGEST_DRAFT = 4096


@get("/")
async def home() -> Response[None]:
    """The inbox is home."""
    return Response(None, status_code=303, headers={"location": "/inbox"})


@get("/inbox")
async def inbox(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """The list with nothing open; asked for by a script, the list alone."""
    view = queries.check_view(request.query_params.get("view", "mine"))
    async with db.reading() as tx:
        listed = await _list(tx, viewer, view)
        if _is_swap(request):
            return _html(
                fragment("inbox/_list.html", error=None, **_only(listed, "view", "counts", "rows", "next_cursor"))
            )
        return _html(page("inbox/inbox.html", viewer=viewer, pane=None, **listed, **_demo(settings)))


@get("/inbox/rows")
async def more_rows(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """The next page of a list."""
    view = queries.check_view(request.query_params.get("view", "mine"))
    after = queries.read_cursor(request.query_params.get("cursor"))
    async with db.reading() as tx:
        rows, cursor = await queries.inbox_rows(tx, viewer, view, version=await queries.head(tx), after=after)
    return _html(fragment("inbox/_rows.html", rows=rows, next_cursor=queries.cursor_text(cursor)))


@get("/inbox/counts")
async def view_counts(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """The views and their numbers."""
    view = queries.check_view(request.query_params.get("view", "mine"))
    async with db.reading() as tx:
        return _html(fragment("inbox/_counts.html", counts=await queries.view_counts(tx, viewer), view=view))


@get("/inbox/{conversation_id:int}")
async def conversation_page(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """One conversation open. Opening it is a disclosure and goes on record."""
    view = queries.check_view(request.query_params.get("view", "mine"))
    swap = _is_swap(request)
    try:
        await _note_opening(db, viewer, conversation_id)
        async with db.reading() as tx:
            listed = {} if swap else await _list(tx, viewer, view)
            conversation = await queries.open_conversation(tx, viewer, conversation_id)
            pane: dict[str, Any] = await _pane(tx, request, viewer, conversation)
    except Refused as refused:
        if refused.status != 404:
            raise
        if swap:
            return _html(fragment("inbox/_no_access.html"), status=404)
        async with db.reading() as tx:
            listed = await _list(tx, viewer, view)
        no_access = page("inbox/inbox.html", viewer=viewer, pane={"no_access": True}, **listed, **_demo(settings))
        return _html(no_access, status=404)
    if swap:
        return _html(fragment("inbox/_pane.html", viewer=viewer, **pane))
    return _html(page("inbox/inbox.html", viewer=viewer, pane=pane, **listed, **_demo(settings)))


@get("/inbox/{conversation_id:int}/messages")
async def earlier_messages(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """The page of messages before the sequence `before`."""
    before = _whole(request.query_params.get("before"), "before")
    async with db.reading() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        thread = await threads.thread_page(tx, conversation, before=before)
    return _html(fragment("inbox/_messages.html", thread=thread))


@get("/inbox/{conversation_id:int}/history")
async def whole_history(
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Every step of a conversation, in words."""
    async with db.reading() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        lines = await threads.history_of(tx, conversation.id, limit=threads.WHOLE_HISTORY, quiet=True)
    return _html(fragment("inbox/_history.html", conversation_id=conversation_id, history=lines, whole=True))


@post("/inbox/{conversation_id:int}/replies", status_code=201)
async def create_reply(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Queue a text. A refusal comes back as a notice beside the composer; the text is never lost."""
    form = await read_form(request)
    try:
        async with db.transaction() as tx:
            conversation = await queries.open_conversation(tx, viewer, conversation_id)
            message = await reply.reply(
                tx,
                conversation,
                by=viewer,
                text=form.get("text", ""),
                client_key=_key(form),
                seen_sequence=_whole(form["seen_sequence"], "seen_sequence") if form.get("seen_sequence") else None,
                force=form.get("force") == "1",
                reply_to=await _quoted(tx, conversation, form.get("reply_to")),
            )
            await _forget_draft(tx, viewer, conversation, "reply")
    except Refused as refused:
        return _notice(conversation_id, refused)
    return await _message(db, message.id, status=201)


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
            message = await reply.note(tx, conversation, by=viewer, text=form.get("text", ""), client_key=_key(form))
            await _forget_draft(tx, viewer, conversation, "note")
    except Refused as refused:
        return _notice(conversation_id, refused)
    return await _message(db, message.id, status=201)


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
        header = await queries.header_of(tx, viewer, conversation.id, clock.now())
        offered = await template_picker.offer(tx, conversation, name=header.name, company=settings.company)
    return _html(
        fragment(
            "inbox/_templates.html",
            conversation_id=conversation_id,
            name=header.name,
            company=settings.company,
            templates=offered,
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
    form = await read_form(request)
    prefix = "variable."
    try:
        async with db.transaction() as tx:
            conversation = await queries.open_conversation(tx, viewer, conversation_id)
            message = await reply.send_template(
                tx,
                conversation,
                by=viewer,
                template_id=_whole(form.get("template_id"), "template_id"),
                variables={k.removeprefix(prefix): v for k, v in form.items() if k.startswith(prefix)},
                client_key=_key(form),
            )
    except Refused as refused:
        return _notice(conversation_id, refused)
    return await _message(db, message.id, status=201)


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
            message = await tx.get(Message, message_id)
            if message is None or message.conversation_id != conversation.id:
                raise not_found()
            again = await reply.resend(tx, message, by=viewer)
    except Refused as refused:
        return _notice(conversation_id, refused)
    return await _message(db, again.id, status=201)


@post("/inbox/{conversation_id:int}/assignment", status_code=200)
async def assignment(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Take, give or let go. Of two who take at once, one does; the other reads who."""
    form = await read_form(request)
    holder = form.get("holder", "me")
    version = _whole(form["version"], "version") if form.get("version") else None
    async with db.transaction() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        if holder == "me" and conversation.holder_id in {None, viewer.id}:
            await assign.claim(tx, conversation, by=viewer)
        elif holder == "me":
            await _take_over(tx, conversation, viewer)
        elif holder == "":
            await assign.release(tx, conversation, by=viewer, version=version)
        else:
            await assign.assign(tx, conversation, by=viewer, to=_whole(holder, "holder"), version=version)
    return await _header(db, viewer, conversation_id)


async def _take_over(tx: Tx, conversation: Conversation, viewer: Viewer) -> None:
    """Supervisors may take what a colleague holds; anybody else is told who does."""
    try:
        await assign.assign(tx, conversation, by=viewer, to=viewer.id)
    except Refused as refused:
        if refused.code != "forbidden":
            raise
        await assign.claim(tx, conversation, by=viewer)


@post("/inbox/{conversation_id:int}/resolution", status_code=200)
async def resolution(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Close the matter; refused when something came in since the page showed it."""
    form = await read_form(request)
    version = _whole(form["version"], "version") if form.get("version") else None
    async with db.transaction() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        await assign.resolve(tx, conversation, by=viewer, version=version)
    return await _header(db, viewer, conversation_id)


@post("/inbox/{conversation_id:int}/reopening", status_code=200)
async def reopening(
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Open a resolved conversation again."""
    async with db.transaction() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        await assign.reopen(tx, conversation, by=viewer)
    return await _header(db, viewer, conversation_id)


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
    if mode not in {"reply", "note"}:
        raise Refused(422, "El modo es «reply» o «note».", code="invalid", field="mode")
    if len(text) > LONGEST_DRAFT:
        raise Refused(422, f"El borrador pasa de {LONGEST_DRAFT} caracteres.", code="invalid", field="text")
    async with db.transaction() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        await _keep_draft(tx, viewer, conversation, mode, text)


async def _keep_draft(tx: Tx, viewer: Viewer, conversation: Conversation, mode: str, text: str) -> None:
    new = sqlite_insert if tx.get_bind().dialect.name == "sqlite" else postgresql_insert
    values = {"text": text, "updated_at": clock.now()}
    key = {"agent_id": viewer.id, "conversation_id": conversation.id, "mode": mode}
    await tx.execute(new(Draft).values(**key, **values).on_conflict_do_update(index_elements=list(key), set_=values))


async def _forget_draft(tx: Tx, viewer: Viewer, conversation: Conversation, mode: str) -> None:
    await tx.execute(
        delete(Draft).where(
            Draft.agent_id == viewer.id,
            Draft.conversation_id == conversation.id,
            Draft.mode == mode,
        ),
    )


async def _list(tx: Tx, viewer: Viewer, view: str) -> dict[str, Any]:
    """What the list and everything around it need; the head is read first, so that the page is at least that new."""
    head = await queries.head(tx)
    rows, cursor = await queries.inbox_rows(tx, viewer, view, version=head)
    return {
        "view": view,
        "head": head,
        "rows": rows,
        "next_cursor": queries.cursor_text(cursor),
        "counts": await queries.view_counts(tx, viewer),
        "banner": await queries.banner(tx),
    }


async def _pane(tx: Tx, request: Request[Any, Any, Any], viewer: Viewer, conversation: Conversation) -> dict[str, Any]:
    return {
        "header": await queries.header_of(tx, viewer, conversation.id, clock.now()),
        "thread": await threads.thread_page(tx, conversation),
        "panel": await threads.panel_of(tx, conversation),
        "presence": request.app.state.presence.people(conversation.id),
        "draft": await queries.draft_of(tx, viewer, conversation.id),
    }


async def _note_opening(db: Database, viewer: Viewer, conversation_id: int) -> None:
    async with db.transaction() as tx:
        await reading.viewed(tx, await queries.open_conversation(tx, viewer, conversation_id), by=viewer)


async def _message(db: Database, message_id: int, *, status: int = 200) -> Response[str]:
    async with db.reading() as tx:
        (message,) = await threads.messages_by_id(tx, [message_id])
    return _html(message_fragment(message), status=status)


async def _header(db: Database, viewer: Viewer, conversation_id: int) -> Response[str]:
    async with db.reading() as tx:
        # Whoever gives a conversation away may lose sight of it.
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        header = await queries.header_of(tx, viewer, conversation.id, clock.now())
    return _html(fragment("inbox/_header.html", header=header))


async def _quoted(tx: Tx, conversation: Conversation, message_id: str | None) -> str | None:
    """The wamid of the message quoted; it must be of this very conversation."""
    if not message_id:
        return None
    message = await tx.get(Message, _whole(message_id.removeprefix("message-"), "reply_to"))
    if message is None or message.conversation_id != conversation.id or message.wamid is None:
        raise Refused(422, "El mensaje citado no está en esta conversación.", code="invalid", field="reply_to")
    return message.wamid


def _notice(conversation_id: int, refused: Refused) -> Response[str]:
    if refused.status == 404:
        raise refused
    if refused.code == "colleague_wrote":
        messages = refused.details["messages"]
        newest: dict[str, Any] = messages[-1] if isinstance(messages, list) else {}
        html = fragment(
            "inbox/_collision.html",
            conversation_id=conversation_id,
            author_name=newest.get("author") or "Alguien",
            text=newest.get("text"),
            kind=newest.get("kind"),
            at=clock.now(),
            message_id=newest.get("id"),
        )
    else:
        html = fragment("inbox/_notice.html", conversation_id=conversation_id, text=refused.text)
    return _html(html, status=refused.status, headers={"x-refused": refused.code})


def _key(form: dict[str, str]) -> str:
    key = form.get("client_key", "")
    if not 8 <= len(key) <= LONGEST_KEY - len(threads.PAGE_KEY) or not all(c.isalnum() or c in "-_" for c in key):
        raise Refused(422, "Falta la clave del envío; recargue la página.", code="invalid", field="client_key")
    return threads.PAGE_KEY + key


def _whole(text: str | None, field: str) -> int:
    if not text or not text.isdigit() or len(text) > 18:
        raise Refused(422, f"«{field}» debe ser un número entero.", code="invalid", field=field)
    return int(text)


def _html(html: str, *, status: int = 200, headers: dict[str, str] | None = None) -> Response[str]:
    return Response(html, status_code=status, media_type=MediaType.HTML, headers=headers)


def _is_swap(request: Request[Any, Any, Any]) -> bool:
    return request.headers.get("hx-request") == "true"


def _only(values: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: values[name] for name in names}


def _demo(settings: Settings) -> dict[str, Any]:
    return {"demo": settings.demo, "simulator_url": settings.simulator_url}


routes = [
    home,
    inbox,
    more_rows,
    view_counts,
    conversation_page,
    earlier_messages,
    whole_history,
    create_reply,
    create_note,
    templates,
    create_template_message,
    resend,
    assignment,
    resolution,
    reopening,
    draft,
]
