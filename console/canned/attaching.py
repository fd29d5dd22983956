"""Files of canned texts: added and removed by whoever may change the text, put beside a message by whoever uses it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select

from console import audit, clock
from console.agents import Viewer
from console.attachments import staging
from console.attachments.models import StagedFile
from console.attachments.staging import Kept
from console.canned import files, keeping
from console.canned.models import CannedFile, CannedText
from console.db import Tx
from console.errors import Refused
from console.inbox.models import Conversation
from console.languages.words import Words
from console.scanning import keeping as scanning

MOST_FILES = 5


async def attach(tx: Tx, row: CannedText, kept: Kept, *, by: Viewer) -> CannedFile:
    """Add a file to the text, which the caller holds, and have it scanned. Records "canned_text.file_added".

    Refuses: 403; 409 "too_many" (field file).
    """
    keeping.require_editable(by, row)
    count = await tx.scalar(select(func.count()).where(CannedFile.canned_id == row.id))
    if (count or 0) >= MOST_FILES:
        text = Words("Una respuesta rápida lleva hasta {most_files} archivos: quite alguno.", most_files=MOST_FILES)
        raise Refused(409, text, code="too_many", field="file")
    file = CannedFile(
        canned_id=row.id,
        kind=kept.kind,
        mime_type=kept.mime_type,
        filename=kept.filename,
        size=kept.size,
        sha256=kept.sha256,
        created_at=clock.now(),
    )
    tx.add(file)
    await scanning.want(tx, kept.sha256)
    await _changed(tx, row, file, by, "canned_text.file_added")
    return file


async def remove(tx: Tx, row: CannedText, file_id: int, *, by: Viewer) -> None:
    """Take a file off the text; one that is not there changes nothing. Records "canned_text.file_removed".

    What was sent or waits to be sent keeps it. Refuses: 403.
    """
    keeping.require_editable(by, row)
    file = await tx.get(CannedFile, file_id)
    if file is None or file.canned_id != row.id:
        return
    await tx.delete(file)
    await _changed(tx, row, file, by, "canned_text.file_removed")


async def put(tx: Tx, conversation: Conversation, row: CannedText, *, by: Viewer) -> Sequence[StagedFile]:
    """Put the text's files beside what `by` is writing, as if they had brought them. Refuses 409 "too_many"."""
    found = (await files.of(tx, [row.id])).get(row.id, ())
    return [
        await staging.stage(
            tx, conversation, Kept(each.kind, each.mime_type, each.filename, each.size, each.sha256, voice=False), by=by
        )
        for each in found
    ]


async def _changed(tx: Tx, row: CannedText, file: CannedFile, by: Viewer, action: str) -> None:
    row.version, row.updated_at = row.version + 1, clock.now()
    told = {"name": file.filename, "sha256": file.sha256, "size": file.size}
    whose = {"name": row.name, "scope": row.scope}
    old, new = (whose, {**whose, "file": told}) if action.endswith("added") else ({**whose, "file": told}, whose)
    audit.record(tx, by.actor, action, subject=f"canned_text:{row.id}", old=old, new=new)
    await tx.flush()
