"""Sending a file that was brought: a message of its kind, with the words beside it."""

from __future__ import annotations

from typing import Any

from console.agents import Viewer
from console.attachments import staging, uploads
from console.audit import Actor
from console.db import Tx
from console.errors import Refused
from console.inbox import reply
from console.inbox.models import Conversation, Message
from console.languages.words import Words
from console.texts import variables as blanks

LONGEST_CAPTION = 1024
"""Characters (whatsapp.md §11)."""
WITHOUT_CAPTION = frozenset({"audio", "sticker"})


async def send_file(
    tx: Tx,
    conversation: Conversation,
    *,
    by: Viewer | Actor,
    staged_id: int,
    client_key: str,
    caption: str = "",
    seen_sequence: int | None = None,
    force: bool = False,
    reply_to: str | None = None,
) -> Message:
    """Queue a file that `by` brought here. The same `client_key` again gives the same message.

    Records "message.queued", whose digest covers the hash of the file.
    Refuses: 422 "attachment_gone", 422 "invalid" (field text) for words that are too long or that the kind cannot
    carry, 409 "attachment_used" for one already sent under another key, and as `reply.reply`.
    """
    staged = await staging.brought(tx, conversation, staged_id, by=by)
    caption = reply.tidy(caption)
    blanks.require_filled(caption, field="text")
    _check_caption(caption, staged.kind)
    file = {"name": staged.filename, "sha256": staged.sha256, "size": staged.size, "voice": staged.voice}
    said: dict[str, Any] = {
        "kind": staged.kind,
        "text": caption or None,
        "content": {"file": file},
        "reply_to_wamid": reply_to,
    }
    message, is_new = await reply.free_form(
        tx, conversation, by=by, said=said, client_key=client_key, seen_sequence=seen_sequence, force=force
    )
    if not is_new:
        return message
    await tx.refresh(staged, with_for_update=True)
    if staged.message_id is not None:
        raise Refused(409, Words("Ese archivo ya se envió."), code="attachment_used", field="attachment")
    await staging.sent(tx, staged, message.id)
    await uploads.attach(tx, message, staged)
    return message


def _check_caption(caption: str, kind: str) -> None:
    if len(caption) > LONGEST_CAPTION:
        said = Words(
            "El texto junto al archivo tiene {length} caracteres; el máximo es {longest_caption}.",
            length=len(caption),
            longest_caption=LONGEST_CAPTION,
        )
        raise Refused(422, said, code="invalid", field="text")
    if caption and kind in WITHOUT_CAPTION:
        raise Refused(
            422, Words("Un audio o un sticker no llevan texto: envíelo aparte."), code="invalid", field="text"
        )
