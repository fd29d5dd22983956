"""Reading a thread: pages of messages with their attachments, quotes, reactions and former versions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Integer, bindparam, select

from console import clock, masking
from console.audit import AuditEntry, instant
from console.bulk import among, fetch
from console.consents import reading as consents
from console.db import Tx, table_of
from console.inbox.contacts import Alias, Contact, ReviewTask
from console.inbox.models import Conversation, Media, Message, MessageVersion, Reaction, Status
from console.inbox.queries import contact_name
from console.inbox.rows import RULES, STANDING, standing, tags_on
from console.inbox.shown import UNDATED, content_of, told
from console.inbox.stopped import consent_in
from console.inbox.views import (
    ContactView,
    FailureView,
    HistoryLine,
    MediaView,
    MessageView,
    PanelView,
    QuoteView,
    ReactionView,
    ScheduledView,
    ThreadView,
)
from console.inbox.words import REVIEWS, called, event_words, history_line
from console.languages.recalled import recalled
from console.languages.words import Words
from console.pdf_pages.frames import is_drawable
from console.portfolio.agreed import agreed_of
from console.portfolio.models import PortfolioRules
from console.portfolio.money_in import money_in
from console.portfolio.owed import owed_by
from console.render import scalar
from console.scanning.models import ScannedFile
from console.scanning.verdicts import Closed, scans, why_closed
from console.scheduling.models import ScheduledMessage
from console.scheduling.reasons import why_not
from integrations.whatsapp.errors import Action, classify
from integrations.whatsapp.failures_es import NO_ANSWER, explain

T = TypeVar("T")
PAGE = 50
HISTORY = 12
# A page's keys are told apart from a program's by this; the page itself doesn't know it.
PAGE_KEY = "page:"
WHOLE_HISTORY = 500
# Steps that say nothing to an agent about the conversation; they stay in the audit.
_QUIET = (
    "message.sending",
    "conversation.read",
    "conversation.viewed",
    "message.sent",
    "message.delivered",
    "message.read",
    "media.viewed",
    "media.cleared",
    "document.revealed",
    "phone.revealed",
    "whisper.sent",
    "conduct.flagged",
)

_MESSAGES = select(table_of(Message)).where(among(Message.id, "ids"))
_MEDIA = (
    select(table_of(Media), ScannedFile.verdict)
    .outerjoin(ScannedFile, ScannedFile.sha256 == Media.sha256)
    .where(among(Media.message_id, "ids"))
    .order_by(Media.id)
)
_REACTIONS = select(table_of(Reaction)).where(among(Reaction.message_id, "ids"))
_VERSIONS = select(table_of(MessageVersion)).where(among(MessageVersion.message_id, "ids")).order_by(MessageVersion.id)
_NAMES = (
    select(Conversation.id, Contact.name, Contact.profile_name, Contact.username, Contact.wa_id)
    .join(Contact, Contact.id == Conversation.contact_id)
    .where(among(Conversation.id, "ids"))
)
_QUOTED = select(table_of(Message)).where(
    among(Message.wamid, "wamids"), among(Message.conversation_id, "conversations")
)
_HISTORY = (
    select(
        AuditEntry.id,
        AuditEntry.at_us,
        AuditEntry.action,
        AuditEntry.actor_kind,
        AuditEntry.actor_name,
        AuditEntry.new,
        Message.content,
    )
    .outerjoin(Message, (Message.id == AuditEntry.message_id) & (Message.kind == "event"))
    .where(AuditEntry.conversation_id == bindparam("conversation"))
    .order_by(AuditEntry.id.desc())
    .limit(bindparam("most", type_=Integer))
)
_LOUD_HISTORY = _HISTORY.where(*(AuditEntry.action != quiet for quiet in _QUIET))


async def thread_page(
    tx: Tx, conversation: Conversation, *, before: int | None = None, limit: int = PAGE
) -> ThreadView:
    """The last `limit` entries of a thread, or those before the sequence `before`; oldest first."""
    wanted = select(Message).where(Message.conversation_id == conversation.id, Message.target_id.is_(None))
    if before is not None:
        wanted = wanted.where(Message.sequence < before)
    newest_first = (await tx.scalars(wanted.order_by(Message.sequence.desc()).limit(limit + 1))).all()
    messages = list(reversed(newest_first[:limit]))
    return ThreadView(
        conversation_id=conversation.id,
        messages=await as_views(tx, messages),
        has_earlier=len(newest_first) > limit,
        earlier_before=messages[0].sequence if messages else None,
        last_sequence=conversation.last_sequence,
    )


async def thread_around(tx: Tx, conversation: Conversation, message_id: int) -> ThreadView:
    """The page of a thread in whose midst this message stands; the last page where it is none of the thread's.

    What only acts on another (an edit) stands where that other does.
    """
    asked = select(Message.sequence, Message.target_id).where(Message.conversation_id == conversation.id)
    found = (await tx.execute(asked.where(Message.id == message_id))).one_or_none()
    if found and found.target_id:
        found = (await tx.execute(asked.where(Message.id == found.target_id))).one_or_none()
    if found is None:
        return await thread_page(tx, conversation)
    return await thread_after(tx, conversation, found.sequence - 1, before=PAGE // 2, limit=PAGE // 2)


async def thread_after(
    tx: Tx, conversation: Conversation, after: int, *, before: int = 0, limit: int = PAGE
) -> ThreadView:
    """The `limit` entries of a thread that follow the sequence `after`, and as many as `before` before them."""
    of = select(Message).where(Message.conversation_id == conversation.id, Message.target_id.is_(None))
    newer = of.where(Message.sequence > after).order_by(Message.sequence).limit(limit + 1)
    later = (await tx.scalars(newer)).all()
    older = of.where(Message.sequence <= after).order_by(Message.sequence.desc()).limit(before + 1)
    earlier = (await tx.scalars(older)).all()
    messages = [*reversed(earlier[:before]), *later[:limit]]
    return ThreadView(
        conversation_id=conversation.id,
        messages=await as_views(tx, messages),
        has_earlier=before > 0 and len(earlier) > before,
        earlier_before=messages[0].sequence if messages else None,
        last_sequence=conversation.last_sequence,
        later_after=messages[-1].sequence if messages and len(later) > limit else None,
    )


async def messages_by_id(tx: Tx, ids: Iterable[int]) -> list[MessageView]:
    """These entries of threads, in order; what only acts on another (a reaction, an edit) shows as that other."""
    wanted = list(ids)
    if not wanted:
        return []
    found: Sequence[Message] = await fetch(tx, _MESSAGES, {"ids": wanted})
    shown = {message.id: message for message in found if message.target_id is None}
    targets = {message.target_id for message in found if message.target_id is not None} - shown.keys()
    if targets:
        shown |= {m.id: m for m in await fetch(tx, _MESSAGES, {"ids": targets})}
    return await as_views(tx, sorted(shown.values(), key=lambda message: message.sequence))


async def as_views(tx: Tx, messages: Sequence[Message]) -> list[MessageView]:
    """Messages ready to be shown: five queries at most, fewer when nothing is attached, quoted or edited."""
    if not messages:
        return []
    ids = [message.id for message in messages]
    names = await _contact_names(tx, {message.conversation_id for message in messages})
    media = _grouped(await fetch(tx, _MEDIA, {"ids": ids}), _of_message)
    reactions = _grouped(await fetch(tx, _REACTIONS, {"ids": ids}), _of_message)
    edited = [message.id for message in messages if message.edited_at]
    versions: dict[int, list[MessageVersion]] = {}
    if edited:
        versions = _grouped(await fetch(tx, _VERSIONS, {"ids": edited}), _of_message)
    quotes = await _quotes(tx, messages, names)
    scheduled = await _scheduled(tx, [message.id for message in messages if message.kind == "scheduled"])
    return [
        _view(
            message,
            name=names.get(message.conversation_id, Words("Sin nombre")),
            media=[_media_view(one, scans=scans(tx)) for one in media.get(message.id, [])],
            reactions=reactions.get(message.id, []),
            versions=versions.get(message.id, []),
            quoted=quotes.get((message.channel_id, message.reply_to_wamid or "")),
            scheduled=scheduled.get(message.id),
        )
        for message in messages
    ]


def _of_message(thing: Any) -> int:  # noqa: ANN401 a database row
    number: int = thing.message_id
    return number


def _grouped(things: Iterable[T], key: Callable[[T], int]) -> dict[int, list[T]]:
    groups: dict[int, list[T]] = defaultdict(list)
    for thing in things:
        groups[key(thing)].append(thing)
    return groups


async def _contact_names(tx: Tx, conversation_ids: Iterable[int]) -> dict[int, str]:
    rows = await fetch(tx, _NAMES, {"ids": conversation_ids})
    return {number: contact_name(*names) for number, *names in rows}


async def _quotes(
    tx: Tx,
    messages: Sequence[Message],
    names: dict[int, str],
) -> dict[tuple[int, str], QuoteView]:
    wamids = {message.reply_to_wamid for message in messages if message.reply_to_wamid}
    if not wamids:
        return {}
    conversations = {message.conversation_id for message in messages}
    # Only what was said in the same conversation may be shown in it, whatever wamid a stranger names.
    rows: Sequence[Message] = await fetch(tx, _QUOTED, {"wamids": wamids, "conversations": conversations})
    return {
        (row.channel_id, row.wamid or ""): QuoteView(
            message_id=row.id,
            author_name=_author_name(row, names.get(row.conversation_id, Words("Sin nombre"))),
            text=None if row.revoked_at else row.text or scalar(row.content, "body") or None,
            kind=row.kind,
        )
        for row in rows
    }


def _view(
    message: Message,
    *,
    name: str,
    media: Sequence[MediaView],
    reactions: Sequence[Reaction],
    versions: Sequence[MessageVersion],
    quoted: QuoteView | None,
    scheduled: ScheduledView | None = None,
) -> MessageView:
    content = message.content or {}
    shown = content_of(message.kind, content)
    return MessageView(
        id=message.id,
        conversation_id=message.conversation_id,
        sequence=message.sequence,
        direction=message.direction,
        author_kind=message.author_kind,
        author_id=message.author_id,
        author_name=_author_name(message, name),
        kind=message.kind,
        text=_text(message, content) or told(message.kind, scalar(shown, "body") or None),
        content=shown,
        media=list(media),
        quoted=quoted,
        forwarded=message.forwarded,
        status=message.status,
        failure=_failure(message),
        at=message.created_at,
        written_at=message.provider_at,
        late=message.late,
        undated=content.get(UNDATED) is True,
        edited_at=message.edited_at,
        previous_texts=[(version.text or "", version.replaced_at) for version in versions],
        revoked_at=message.revoked_at,
        reactions=[ReactionView(r.emoji, name if r.by == "contact" else _US, r.by == "us") for r in reactions],
        client_key=(message.client_key or "").removeprefix(PAGE_KEY) or None,
        read_at=message.read_at,
        version=message.version,
        scheduled=scheduled,
    )


def _text(message: Message, content: dict[str, Any]) -> str | None:
    """Its words; what the console noted itself is said in the reader's language."""
    if message.kind == "event":
        return event_words(content, message.author_kind)
    is_ours = message.kind == "note" and message.author_kind == "system"
    return recalled(message.text or "") if is_ours else told(message.kind, message.text)


async def _scheduled(tx: Tx, ids: Sequence[int]) -> dict[int, ScheduledView]:
    if not ids:
        return {}
    found = await tx.scalars(select(ScheduledMessage).where(ScheduledMessage.message_id.in_(ids)))
    return {
        one.message_id: ScheduledView(one.due_at, one.state, why_not(one.state, one.reason, one.field)) for one in found
    }


_US = Words("Nosotros")


def _author_name(message: Message, contact: str) -> str:
    if message.author_kind == "contact":
        return contact
    return called(message.author_kind, message.author_name) or {"phone": Words("Teléfono"), "system": "Al Día"}.get(
        message.author_kind, "Al Día"
    )


def _media_view(media: Any, *, scans: bool) -> MediaView:  # noqa: ANN401 a database row
    closed = why_closed(media.verdict, scans=scans) if media.state == "stored" else None
    stored = media.state == "stored" and closed is None
    return MediaView(
        id=media.id,
        kind=media.kind,
        filename=media.filename,
        mime_type=media.mime_type or media.declared_type,
        size=media.size,
        state=closed or media.state,
        voice=media.voice,
        url=f"/media/{media.id}" if stored else None,
        inline=stored and media.flagged is None and media.kind in {"image", "sticker", "audio", "video"},
        has_pages=stored and is_drawable(media.mime_type, media.flagged),
    )


# Of our own doing: what waited when somebody asked us to stop.
_STOPPED = {
    "opted_out": (
        Words("Pidió que no le escribamos, y este mensaje ya no salió."),
        Words("Respóndale solo si vuelve a escribir."),
    ),
    "wrong_number": (
        Words("El número es de otra persona, y este mensaje ya no salió."),
        Words("Busque otro medio de contacto."),
    ),
    "no_advertising": (
        Words("Pidió no recibir publicidad, y esta plantilla ya no salió."),
        Words("Use una que no sea publicidad."),
    ),
    Closed.QUARANTINED: (
        Words("El antivirus retuvo el archivo, y este mensaje no salió."),
        Words("Revise el archivo en su equipo y envíe otro."),
    ),
    "yielded": (
        Words("Una persona tomó la conversación, y esta respuesta del bot ya no salió."),
        Words("Responda usted."),
    ),
}


def _failure(message: Message) -> FailureView | None:
    if message.status == Status.UNKNOWN:
        return FailureView(sentence=Words(NO_ANSWER.what), advice=Words(NO_ANSWER.do), code=None, action="resend")
    if message.status != Status.FAILED:
        return None
    if message.error_details in _STOPPED:
        sentence, advice = _STOPPED[message.error_details]
        return FailureView(sentence=sentence, advice=advice, code=None, action=None)
    told = explain(message.error_code)
    return FailureView(
        sentence=Words(told.what), advice=Words(told.do), code=message.error_code, action=_way_out(message)
    )


def _way_out(message: Message) -> str | None:
    """The button under a failed message. To whom nothing can be delivered nothing is offered to be sent again."""
    action = classify(message.error_code, None).action
    if action is Action.NEEDS_TEMPLATE:
        return "template"
    if message.kind == "template" or action in {Action.MARK_UNREACHABLE, Action.MARK_BLOCKED}:
        return None
    return "resend"


async def panel_of(tx: Tx, conversation: Conversation) -> PanelView:
    """What is known about the person and owed by them, the tags, and the latest steps of the history."""
    contact = await tx.get_one(Contact, conversation.contact_id)
    others = select(Alias.id, Alias.value).where(Alias.contact_id == contact.id, Alias.kind == "phone")
    aliases = await tx.execute(others.order_by(Alias.id))
    tasks = await tx.scalars(
        select(ReviewTask.kind).where(ReviewTask.contact_id == contact.id, ReviewTask.resolved_at.is_(None)),
    )
    debts = select(*STANDING).select_from(Conversation).outerjoin(PortfolioRules, RULES)
    return PanelView(
        standing=standing((await tx.execute(debts.where(Conversation.id == conversation.id))).one()),
        tags=await tags_on(tx, conversation.id),
        owed=await owed_by(tx, contact.id, clock.now()),
        contact=ContactView(
            name=contact_name(contact.name, contact.profile_name, contact.username, contact.wa_id),
            phone=masking.phone(contact.wa_id) if contact.wa_id else None,
            profile_name=masking.name(contact.profile_name) if contact.profile_name else None,
            username=contact.username.lstrip("@") if contact.username else None,
            first_seen_at=contact.created_at,
            aliases=[(number, masking.phone(value)) for number, value in aliases if value != contact.wa_id],
        ),
        history=await history_of(tx, conversation.id),
        review_tasks=[REVIEWS.get(kind, Words("Hay algo por revisar.")) for kind in tasks],
        agreed=await agreed_of(tx, conversation, clock.now()),
        consent=await consent_in(tx, conversation.id),
        stands=await consents.over_whatsapp(tx, contact),
        money_in=await money_in(tx, conversation, clock.now()),
    )


async def history_of(tx: Tx, conversation_id: int, *, limit: int = HISTORY, quiet: bool = False) -> list[HistoryLine]:
    """The steps of a conversation in words, latest first. `quiet` includes ticks and readings too."""
    wanted = _HISTORY if quiet else _LOUD_HISTORY
    found = await fetch(tx, wanted, {"conversation": conversation_id, "most": limit})
    return [
        HistoryLine(id=number, at=instant(at_us), words=history_line(action, actor, _read(new), event, kind))
        for number, at_us, action, kind, actor, new, event in found
    ]


def _read(text: str | None) -> dict[str, object]:
    return msgspec.json.decode(text, type=dict[str, object]) if text else {}
