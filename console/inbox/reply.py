"""What we say: a reply, a message template, an internal note, and sending again what a person decides to send again."""

from __future__ import annotations

import unicodedata
import uuid
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import or_, select

from console import audit, clock
from console.agents import Viewer
from console.attachments import uploads
from console.audit import Actor
from console.consents import reading as consents
from console.db import Tx
from console.errors import Refused
from console.inbox import assign, consent, consequences, message_templates, policy, thread
from console.inbox.channel import MessageTemplate
from console.inbox.contacts import Contact
from console.inbox.models import Conversation, Message, Status
from console.inbox.thread import actor_of
from console.languages.words import Words
from console.mentions import keeping as mentioning
from console.mentions.people import Standing
from console.message_templates import header_files
from console.targets import clocks
from console.targets.setting import put
from console.texts import variables as blanks
from console.word_lists import matching
from console.word_lists import reading as word_lists

LONGEST_TEXT = 4096
"""Characters of a text message (whatsapp.md §11)."""
NEWER_SHOWN = 20
_UNSEEN = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
"""What a keyboard or a paste leaves behind: joiners, marks of direction, spaces of every width."""


async def reply(
    tx: Tx,
    conversation: Conversation,
    *,
    by: Viewer | Actor,
    text: str,
    client_key: str,
    seen_sequence: int | None = None,
    force: bool = False,
    reply_to: str | None = None,
) -> Message:
    """Queue a text for the contact. The same `client_key` again gives the same message, and never a second one.

    `seen_sequence` is the newest row the author had in view: if a colleague answered or noted something since, the
    answer is refused with what is new, unless `force`. `reply_to` is the wamid quoted. A paused channel refuses
    nothing: the message waits in the queue, and the banner says so. Records "message.queued"; whoever answers first
    becomes the holder where the team's rule says so, and a resolved or snoozed conversation is open again.
    Refuses: 422 "invalid" (field text) when empty or too long, "unfilled_variable" while a blank of a canned text is
    still one; 409 "window_closed", "colleague_wrote" with the newer rows in `details`, "contact_blocked",
    "contact_unreachable", "opted_out", "wrong_number", or "key_reused" for a key that said something else.
    """
    text = tidy(text)
    check_text(text)
    blanks.require_filled(text, field="text")
    said: dict[str, Any] = {"kind": "text", "text": text, "content": None, "reply_to_wamid": reply_to}
    message, _is_new = await free_form(
        tx, conversation, by=by, said=said, client_key=client_key, seen_sequence=seen_sequence, force=force
    )
    return message


async def free_form(
    tx: Tx,
    conversation: Conversation,
    *,
    by: Viewer | Actor,
    said: Mapping[str, Any],
    client_key: str,
    seen_sequence: int | None = None,
    force: bool = False,
) -> tuple[Message, bool]:
    """Queue something free-form of any kind, under the rules of `reply`; whether it is new, or was said before.

    `said`: kind, text, content and reply_to_wamid, already checked.
    """
    conversation = await thread.lock(tx, conversation)
    if earlier := await already(tx, conversation, by=by, client_key=client_key, said=said):
        return earlier, False
    await require_reachable(tx, conversation)
    if not policy.window(conversation, clock.now()).is_open:
        raise policy.window_closed()
    if seen_sequence is not None and not force:
        await _require_nothing_newer(tx, conversation, by=by, seen_sequence=seen_sequence)
    return await _enqueue(tx, conversation, by=by, client_key=client_key, said=said), True


async def say(
    tx: Tx,
    conversation: Conversation,
    *,
    by: Actor,
    text: str,
    choices: dict[str, Any] | None,
    client_key: str,
) -> Message:
    """Queue a text with something to tap on: `choices` are buttons or the rows of a list, each with `id` and `title`.

    Without them it is a plain text. Records "message.queued". Refuses as `reply` does.
    """
    if choices is None:
        return await reply(tx, conversation, by=by, text=text, client_key=client_key)
    text = tidy(text)
    check_text(text)
    said = {"kind": "interactive", "text": text, "content": {"choices": choices}, "reply_to_wamid": None}
    message, _is_new = await free_form(tx, conversation, by=by, said=said, client_key=client_key)
    return message


async def send_template(
    tx: Tx,
    conversation: Conversation,
    *,
    by: Viewer | Actor,
    template_id: int,
    variables: Mapping[str, str],
    client_key: str,
) -> Message:
    """Queue an approved template with its blanks filled (`message_templates.Blank` names them).

    Allowed inside and outside the service window. The row keeps how it read and what is sent, so that a template
    edited later changes nothing; with a file in the header, it leaves when WhatsApp has that. Records "message.queued".
    Refuses: 404 for an unknown template, as `message_templates.fill` and `header_files.chosen`, as `reply`, and 409
    "no_marketing_consent", "marketing_stopped" or "channel_consent" for what they have not agreed to.
    """
    conversation = await thread.lock(tx, conversation)
    template = await tx.get(MessageTemplate, template_id)
    if template is None or template.channel_id != conversation.channel_id:
        raise Refused(404, Words("Esa plantilla no existe."), code="template_not_found", field="template")
    file = await header_files.chosen(tx, conversation, template, variables, by=by)
    filled = message_templates.preview(template, variables)
    content = message_templates.kept(template, filled) | ({"file": file.told()} if file else {})
    said = {"kind": "template", "text": filled.body, "content": content, "reply_to_wamid": None}
    if earlier := await already(tx, conversation, by=by, client_key=client_key, said=said):
        return earlier
    message_templates.fill(template, variables, file.file if file else None)
    await require_reachable(tx, conversation)
    await require_consent(tx, conversation, template.category)
    row = await _enqueue(tx, conversation, by=by, client_key=client_key, said=said)
    if file is not None:
        await header_files.hang(tx, row, file)
    return row


async def note(
    tx: Tx,
    conversation: Conversation,
    *,
    by: Viewer | Actor,
    text: str,
    client_key: str,
    mentions: Collection[int] = (),
    handed_to: Standing | None = None,
) -> Message:
    """Write an internal note. It has no way out: direction "none" and status "noted" are never claimed for sending.

    `mentions` are the agents it is to reach, beside those it names (see `console.mentions.keeping.meant`): among
    those who see the conversation, or who will once it is `handed_to` somebody with this note.
    Records "message.noted" with who is mentioned.
    Refuses: 422 "invalid" (field text or mentions), "cannot_see" (field mentions), 409 "key_reused".
    """
    text = tidy(text)
    check_text(text)
    conversation = await thread.lock(tx, conversation)
    said: dict[str, Any] = {"kind": "note", "text": text, "reply_to_wamid": None}
    # Whom it names is not asked again: who sees the conversation may have changed since.
    if earlier := await already(tx, conversation, by=by, client_key=client_key, said=said):
        mentioning.require_same(earlier, mentions)
        return earlier
    mentioned = await mentioning.meant(tx, handed_to or conversation, text=text, asked=mentions)
    people = [{"id": str(number), "name": name} for number, name in mentioned.items()]
    said["content"] = {"mentions": people} if people else None
    row = await thread.append(
        tx, conversation, direction="none", author=actor_of(by), status=Status.NOTED, client_key=client_key, **said
    )
    await mentioning.keep(tx, row, mentioned)
    _record(tx, row, by, "message.noted", mentions=sorted(mentioned))
    return row


async def resend(tx: Tx, message: Message, *, by: Viewer | Actor) -> Message:
    """Send again what failed or stayed unconfirmed, as a new message: the old row keeps its truth.

    Each row is sent again once at most, whoever asks and however often: the second call returns the first's message.
    Records "message.queued", naming the row it repeats.
    Refuses: 409 "not_resendable" in any other state, and as `reply` or `send_template`.
    """
    conversation = await thread.lock(tx, await tx.get_one(Conversation, message.conversation_id))
    message = await tx.get_one(Message, message.id, populate_existing=True, with_for_update=True)
    key = f"resend:{message.id}"
    if earlier := await _by_key(tx, conversation, key):
        return earlier
    if message.direction != "out" or message.status not in {Status.FAILED, Status.UNKNOWN}:
        raise Refused(409, Words("Este mensaje no necesita reenviarse."), code="not_resendable")
    await require_reachable(tx, conversation)
    if message.kind == "template":
        await _require_still_approved(tx, message)
    elif not policy.window(conversation, clock.now()).is_open:
        raise policy.window_closed()
    said = {
        "kind": message.kind,
        "text": message.text,
        "content": {**(message.content or {}), "resend_of": str(message.id)},
        "reply_to_wamid": message.reply_to_wamid,
    }
    again = await _enqueue(tx, conversation, by=by, client_key=key, said=said, resend_of=message.id)
    if uploads.carries_file(message.kind, message.content):
        await uploads.attach_again(tx, again, of=message)
    return again


def tidy(text: str) -> str:
    """What was typed, without what forms and keyboards add: CRLF, outer blanks, and what no database can store."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\N{REPLACEMENT CHARACTER}")
    return text.encode("utf-8", "replace").decode().strip()


def check_text(text: str) -> None:
    """Refuse (422, text) what shows nothing or is too long."""
    if all(unicodedata.category(letter) in _UNSEEN for letter in text):
        raise Refused(422, Words("Escriba un mensaje."), code="invalid", field="text")
    if len(text) > LONGEST_TEXT:
        said = Words(
            "El mensaje tiene {length} caracteres; el máximo es {longest_text}.",
            length=len(text),
            longest_text=LONGEST_TEXT,
        )
        raise Refused(422, said, code="invalid", field="text")


async def _by_key(tx: Tx, conversation: Conversation, client_key: str) -> Message | None:
    same = (Message.conversation_id == conversation.id, Message.client_key == client_key)
    return (await tx.scalars(select(Message).where(*same))).one_or_none()


async def already(
    tx: Tx,
    conversation: Conversation,
    *,
    by: Viewer | Actor,
    client_key: str,
    said: Mapping[str, Any],
) -> Message | None:
    """The message this key made before. A key belongs to one author and one content (RFC draft Idempotency-Key)."""
    earlier = await _by_key(tx, conversation, client_key)
    if earlier is None:
        return None
    actor = actor_of(by)
    same_author = (earlier.author_kind, earlier.author_id) == (actor.kind, actor.id)
    if not same_author or any(getattr(earlier, name) != value for name, value in said.items()):
        text = Words("Ya se envió otro mensaje con la misma clave; recargue la página e intente de nuevo.")
        raise Refused(409, text, code="key_reused")
    return earlier


async def require_reachable(tx: Tx, conversation: Conversation) -> None:
    """Refuse (409) to write to whoever cannot get it or asked us to stop, or where they are no longer."""
    if conversation.status == "merged":
        raise Refused(409, Words("Se unió a otra conversación."), code="merged")
    contact = await tx.get_one(Contact, conversation.contact_id)
    consequences.forgive(tx, contact, conversation)
    if contact.blocked_us_at is not None:
        text = Words("Este contacto está bloqueado en WhatsApp: no puede recibir mensajes.")
        raise Refused(409, text, code="contact_blocked")
    if contact.unreachable_at is not None or not (contact.wa_id or contact.user_id):
        text = Words("Este número no recibe mensajes de WhatsApp. Busque otro medio de contacto.")
        raise Refused(409, text, code="contact_unreachable")
    if refused := await consent.why_not(tx, contact, conversation):
        raise refused


async def _require_nothing_newer(tx: Tx, conversation: Conversation, *, by: Viewer | Actor, seen_sequence: int) -> None:
    actor = actor_of(by)
    newer = (
        select(Message)
        .where(
            Message.conversation_id == conversation.id,
            Message.sequence > seen_sequence,
            or_(Message.direction == "out", Message.kind == "note"),
            or_(Message.author_kind != actor.kind, Message.author_id.is_distinct_from(actor.id)),
        )
        .order_by(Message.sequence.desc())
        .limit(NEWER_SHOWN)
    )
    rows = (await tx.scalars(newer)).all()
    if not rows:
        return
    who = rows[0].author_name or Words("Alguien")
    raise Refused(
        409,
        Words("{who} escribió en esta conversación mientras usted redactaba.", who=who),
        code="colleague_wrote",
        details={
            "last_sequence": conversation.last_sequence,
            "messages": [
                {
                    "id": str(row.id),
                    "sequence": row.sequence,
                    "kind": row.kind,
                    "author": row.author_name,
                    "text": row.text,
                }
                for row in reversed(rows)
            ],
        },
    )


async def _require_still_approved(tx: Tx, message: Message) -> None:
    named = (message.content or {})["template"]
    template = await tx.get(MessageTemplate, int(named["id"]))
    if template is None:
        raise Refused(
            409, Words("Esa plantilla ya no existe; elija otra."), code="template_not_approved", field="template"
        )
    message_templates.require_sendable(template)
    await require_consent(tx, await tx.get_one(Conversation, message.conversation_id), template.category)


async def require_consent(tx: Tx, conversation: Conversation, category: str) -> None:
    """Refuse (409) a template of this category to whoever has not agreed to get it."""
    contact = await tx.get_one(Contact, conversation.contact_id)
    refused = await consents.why_not_template(tx, conversation, contact, category, moment=clock.now())
    if refused is not None:
        raise refused


async def _enqueue(
    tx: Tx,
    conversation: Conversation,
    *,
    by: Viewer | Actor,
    client_key: str,
    said: Mapping[str, Any],
    resend_of: int | None = None,
) -> Message:
    actor = actor_of(by)
    # What goes out by itself (a receipt) answers nobody, and gives nobody work.
    is_by_itself = actor.kind == "system"
    if conversation.status != "open" and not is_by_itself:
        await assign.reopen(tx, conversation, by=by)
    if isinstance(by, Viewer) and actor.kind == "agent" and await assign.first_reply_takes(tx, conversation, by.id):
        await assign.give(tx, conversation, by=by, to_id=by.id, to_name=by.name)
    row = await thread.append(
        tx,
        conversation,
        direction="out",
        author=actor,
        status=Status.QUEUED,
        client_key=client_key,
        ref=str(uuid.uuid4()),
        due_at=clock.now(),
        **said,
    )
    if not is_by_itself:
        conversation.waiting_since = None
        # What a machine says is no answer of ours: a person's first one is still to come.
        spoke = clock.now() if actor.kind != "bot" and conversation.answered_at is None else None
        put(conversation, clocks.waits_no_more(spoke))
    _record(tx, row, by, "message.queued", resend_of=resend_of, file=_named(row))
    await _watch_our_words(tx, conversation, row)
    return row


def _named(row: Message) -> dict[str, Any] | None:
    """The file of a message as the history names it: by its bytes, as a name may be a debtor's and stays for ever."""
    file = (row.content or {}).get("file")
    return {"sha256": file["sha256"], "size": file["size"]} if file else None


async def _watch_our_words(tx: Tx, conversation: Conversation, row: Message) -> None:
    """A phrase of the word lists goes on record, for who leads to see. Records "conduct.flagged"."""
    if row.author_kind != "agent" or not row.text:
        return
    contact = await tx.get_one(Contact, conversation.contact_id)
    found = matching.found(row.text, contact.wa_id, await word_lists.choices(tx))
    if found:
        actor = Actor(kind="agent", id=row.author_id, name=row.author_name)
        new = dict(zip(("kind", "words"), found[0], strict=True))
        audit.record(tx, actor, "conduct.flagged", conversation_id=row.conversation_id, message_id=row.id, new=new)


def _record(tx: Tx, row: Message, by: Viewer | Actor, action: str, **more: object) -> None:
    audit.record(
        tx,
        actor_of(by),
        action,
        conversation_id=row.conversation_id,
        message_id=row.id,
        new={
            "kind": row.kind,
            "sequence": row.sequence,
            "status": row.status,
            "digest": thread.digest_of(row),
            **{name: value for name, value in more.items() if value},
        },
    )
