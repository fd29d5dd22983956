"""From an id to a written pack: seal what is new, read it all as of one moment, prove it, put it in a file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from console import audit, clock
from console.audit import AuditEntry
from console.db import Database
from console.evidence import archive, gathering, proofs, seals, stamping
from console.evidence.archive import Contents
from console.evidence.gathering import Place
from console.evidence.keys import KEYS_PATH, signer_of, trusted_keys
from console.evidence.proofs import Unproven
from console.evidence.scopes import Scope
from console.evidence.shapes import Dossier
from console.settings import Settings


async def compile_pack(
    db: Database,
    settings: Settings,
    scope: Scope,
    to: Path,
    *,
    by: str = "Operación",
    pack_id: int | None = None,
    told: Callable[[int], None] = lambda _done: None,
) -> Dossier:
    """Write the ZIP about `scope`, asked for `by` somebody, to `to`; `told` hears of each attachment, in a thread.

    Raises Unproven when the history was touched, OSError when the file cannot be written.
    """
    signer, now = signer_of(settings.secret_key), clock.now()
    async with db.reading() as tx:
        head = await audit.head_of(tx)
    await seals.seal_up(db, signer, now)
    await stamping.stamp_some(db, settings, most=1)
    home = Place(settings.timezone, settings.country)
    async with db.reading() as tx:
        # Whoever writes while we read comes under the next seal, and into the next pack.
        newest = await seals.newest(tx)
        if newest is None or newest.last_id < head:
            raise Unproven
        found = await gathering.entries_about(tx, scope.conversation_ids, scope.account_ids)
        entries = [entry for entry in found if entry.id <= newest.last_id]
        proven = await proofs.prove(tx, entries, keys=trusted_keys(settings))
        dossier = Dossier(
            format=1,
            pack=pack_id,
            made_at=now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            made_by=by,
            company=settings.company,
            timezone=settings.timezone,
            scope=scope.words,
            conversations=[await gathering.thread_of(tx, each, home=home) for each in scope.conversation_ids],
            accounts=[await gathering.debt_of(tx, each) for each in scope.account_ids],
            consent=_among(entries, gathering.CONSENT),
            disclosures=[entry.id for entry in entries if gathering.discloses(entry.action)],
            readings=_among(entries, gathering.READINGS),
            consents=await gathering.consents_of(tx, scope.conversation_ids),
            imported_consents=await gathering.imported_of(tx, scope.account_ids),
            reasons=await gathering.reasons_about(tx, scope.conversation_ids, scope.account_ids),
        )
        answers = await proofs.answers_of(tx, proven)
    contents = Contents(dossier, proven, entries, settings.media_dir, settings.base_url + KEYS_PATH, answers)
    await asyncio.to_thread(archive.write, to, contents, signer, told=told)
    return dossier


def _among(entries: Sequence[AuditEntry], actions: Sequence[str]) -> list[int]:
    return [entry.id for entry in entries if entry.action in actions]
