"""The file in a template's header: the one that was brought for this message, else the one kept with the template."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from console.agents import Viewer
from console.attachments import staging, uploads
from console.attachments.models import StagedFile
from console.audit import Actor
from console.db import Tx
from console.errors import Refused
from console.inbox import message_templates
from console.inbox.channel import MessageTemplate
from console.inbox.message_templates import FILE, LINK, HeaderFile
from console.inbox.models import Conversation, Message
from console.languages.words import Words
from console.message_templates import files as template_files

FIELD = f"variables.{FILE}"


class Chosen(msgspec.Struct, frozen=True):
    """The file of a header, and the row it was brought with; none for the house's own."""

    file: HeaderFile
    staged: StagedFile | None

    def told(self) -> dict[str, Any]:
        """As it stands in the message's content, which its digest covers."""
        return {"name": self.file.filename, "sha256": self.file.sha256, "size": self.file.size, "voice": False}


async def chosen(
    tx: Tx,
    conversation: Conversation,
    template: MessageTemplate,
    variables: Mapping[str, str],
    *,
    by: Viewer | Actor,
) -> Chosen | None:
    """The file that goes into the header; None when it shows none, has an address, or there is nothing to choose.

    Refuses: 422 "invalid" and "attachment_gone", naming the field.
    """
    given = variables.get(FILE, "").strip()
    if message_templates.header_kind(template) is None or variables.get(LINK, "").strip():
        return None
    if not given:
        kept = await template_files.default_of(tx, template)
        return Chosen(kept, None) if kept else None
    if not given.isascii() or not given.isdigit() or len(given) > 18:
        raise Refused(422, Words("El archivo del encabezado se nombra con su número."), code="invalid", field=FIELD)
    staged = await staging.brought(tx, conversation, int(given), by=by, field=FIELD)
    return Chosen(HeaderFile(**{name: getattr(staged, name) for name in HeaderFile.__struct_fields__}), staged)


async def hang(tx: Tx, message: Message, file: Chosen) -> None:
    """Hang the file on the message just queued, which leaves when WhatsApp has it. Refuses 409 "attachment_used"."""
    if file.staged is not None:
        await tx.refresh(file.staged, with_for_update=True)
        if file.staged.message_id is not None:
            raise Refused(409, Words("Ese archivo ya se envió: elíjalo de nuevo."), code="attachment_used", field=FIELD)
        await staging.sent(tx, file.staged, message.id)
    await uploads.attach(tx, message, file.file)
