"""What a page knew when it died is on the next one, and who did what is never left open. Rows K13 and L13."""

from __future__ import annotations

import re

from sqlalchemy import select

from console.audit import AuditEntry
from tests.front import Front
from tests.inbox import meta


async def test_a_browser_that_dies_with_a_message_in_hand_shows_it_when_it_is_back(front: Front) -> None:
    """K13: it had come, nobody had seen it; so it is there, and unread."""
    ana = await front.agent("Ana")
    await front.webhook(meta.body(meta.text("primero")))
    async with ana.live() as wire:
        await front.webhook(meta.body(meta.text("el que se perdió")))
        await wire.shows("el que se perdió")

    page = await ana.see("/inbox?view=all")

    assert "el que se perdió" in page
    assert re.search(r'<span class="badge num">2<', page), "both unread"
    assert "el que se perdió" in await ana.see("/inbox/1?view=all")


async def test_who_did_it_is_never_empty_and_never_what_the_client_says(front: Front) -> None:
    """L13: whatever else a form claims, the session says who."""
    ana, luz = await front.agent("Ana"), await front.agent("Luz")
    claimed = {
        "actor": str(luz.id),
        "actor_id": str(luz.id),
        "actor_kind": "system",
        "actor_name": "Luz",
        "author_id": str(luz.id),
        "by": str(luz.id),
        "agent_id": str(luz.id),
        "on_behalf_of": str(luz.id),
        "origin": "10.9.8.7",
    }
    await front.webhook(meta.body(meta.text()))
    async with front.console.db.reading() as tx:
        before = max(await tx.scalars(select(AuditEntry.id)))
    assert (await ana.reply(1, "hola", **claimed)).status_code == 201
    assert (await ana.do("/inbox/1/notes", text="una nota", client_key="aaaaaaaa", **claimed)).status_code == 201
    assert (await ana.do("/inbox/1/assignment", holder="me", **claimed)).status_code == 200

    async with front.console.db.reading() as tx:
        entries = list(await tx.scalars(select(AuditEntry).order_by(AuditEntry.id)))
    assert {entry.actor_kind for entry in entries} <= {"agent", "contact", "system", "bot", "api", "rule"}
    assert all(entry.actor_name for entry in entries if entry.actor_kind in {"agent", "system"})
    hers = [entry for entry in entries if entry.id > before and entry.actor_kind == "agent"]
    assert len(hers) >= 3
    assert {(entry.actor_id, entry.actor_name) for entry in hers} == {(ana.id, "Ana")}
    assert "10.9.8.7" not in {entry.origin for entry in entries}
