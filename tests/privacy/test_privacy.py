"""Requests about one's own data, and erasure: everything of the person goes, and the history still stands."""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from console import audit
from console.audit import SYSTEM
from console.db import Base
from console.evidence import scopes, standalone
from console.evidence.compiling import compile_pack
from console.evidence.keys import signer_of
from console.inbox import media_files
from console.inbox.models import Media, Message, Status
from console.privacy.deadlines import due_on
from console.privacy.models import Kind, PrivacyRequest
from tests.conftest import SECRET_KEY
from tests.front import Front, Person, a_console, settings_for
from tests.inbox import meta
from tests.inbox.files import png
from tests.patience import eventually
from tests.portfolio.debts import a_debtor

CANARIES = ("944218305", "Zoraida", "45678912", "chirimoya", "yape-zoraida", "lúcuma", "guanábana")


@pytest.fixture
async def front(database_url: str, tmp_path: Path) -> AsyncIterator[Front]:
    async with a_console(settings_for(database_url, tmp_path)) as front:
        yield front


async def a_person(front: Front, **debt: object) -> Person:
    """Zoraida writes, sends a photo, edits, is answered, noted, and has a draft waiting; Ana works on it."""
    ana = await front.agent("Ana")
    contacts = [{"wa_id": meta.MARIA, "profile": {"name": "Zoraida"}}]
    said = meta.text("Soy Zoraida, me gusta la chirimoya", wamid="wamid.FIRST")
    assert (await front.webhook(meta.body(said, contacts=contacts))).status_code == 200
    photo = meta.message("image", {"id": "77", "mime_type": "image/png", "caption": "chirimoya"})
    assert (await front.webhook(meta.body(photo, contacts=contacts))).status_code == 200
    odd = b'{"entry": "51944218305 chirimoya'
    assert (await front.webhook(odd)).status_code == 200
    await a_debtor(front.console.db, 1, name="Zoraida Quispe", document=("DNI", "45678912"), **debt)  # type: ignore[arg-type]
    assert (await ana.reply(1, "Buenos días, Zoraida: lúcuma")).status_code == 201
    assert (await ana.do("/inbox/1/notes", text="guanábana", client_key=str(uuid.uuid4()))).status_code in {200, 201}
    async with front.console.db.transaction() as tx:
        media = (await tx.scalars(select(Media))).one()
        body = png()
        media.state, media.sha256, media.size = "stored", hashlib.sha256(body).hexdigest(), len(body)
        media.filename = "yape-zoraida.png"
        path = media_files.place(front.console.settings.media_dir, media.sha256)
        path.parent.mkdir(parents=True)
        path.write_bytes(body)
        sent = (await tx.scalars(select(Message).where(Message.direction == "out"))).one()
        sent.wamid, sent.status = "wamid.OURS", Status.SENT
    assert (await front.webhook(meta.body(statuses=[meta.status("wamid.OURS", "delivered")]))).status_code == 200
    return ana


async def told_of(front: Front, *, tables: set[str] | None = None) -> dict[str, list[str]]:
    """Which canary is found in which table."""
    found: dict[str, list[str]] = {}
    async with front.console.db.reading() as tx:
        for table in Base.metadata.sorted_tables:
            if tables is not None and table.name not in tables:
                continue
            for row in await tx.execute(select(table)):
                line = " ".join(_plain(value) for value in row).casefold()
                for canary in CANARIES:
                    if canary.casefold() in line:
                        found.setdefault(table.name, []).append(canary)
    return found


def _plain(value: object) -> str:
    shown = str(value)
    try:
        return shown + base64.b64decode(shown, validate=True).decode("utf-8", "replace")
    except ValueError:
        return shown


async def requested(front: Front, kind: str = "erasure") -> int:
    leader = await front.agent("Rosa", role="supervisor")
    noted = await leader.http.post("/privacy", data={"conversation": "1", "kind": kind, "asked_on": "2026-11-20"})
    assert noted.status_code == 303, noted.text
    async with front.console.db.reading() as tx:
        return (await tx.scalars(select(PrivacyRequest.id))).one()


async def test_the_history_holds_nothing_of_what_people_said_or_are_called(front: Front) -> None:
    await a_person(front)

    assert await told_of(front, tables={"audit_entry", "audit_seal", "privacy_request"}) == {}


async def test_erasure_leaves_nothing_of_the_person_in_any_table_and_a_history_that_verifies(
    front: Front, tmp_path: Path
) -> None:
    """V2."""
    ana = await a_person(front)
    before = await told_of(front)
    assert {"message", "contact", "debtor", "alias", "dead_letter"} <= set(before)
    admin = await front.agent("Iván", role="admin")
    number = await requested(front)

    done = await admin.http.post(f"/privacy/{number}/answer")

    assert done.status_code == 303, done.text

    async def nothing_is_left() -> bool:
        """The search index follows by itself."""
        return await told_of(front) == {}

    assert await eventually(nothing_is_left)
    assert not list(media_files.kept(front.console.settings.media_dir))
    async with front.console.db.reading() as tx:
        assert (await audit.verify(tx, SECRET_KEY)).intact
        assert (await tx.execute(text("SELECT count(*) FROM message WHERE salt IS NOT NULL"))).scalar_one() == 0
        # That it happened stays: order, time and state of every message.
        assert (await tx.scalar(select(func.count()).select_from(Message)) or 0) >= 4
    for page in ("/inbox/1", "/audit", "/privacy", "/portfolio"):
        assert (await admin.http.get(page)).status_code == 200, page
    assert "chirimoya" not in await ana.see("/inbox/1")
    # And whoever asks for evidence is told that something stood there.
    async with front.console.db.transaction() as tx:
        scope = await scopes.of_conversation(tx, 1)
        assert scope is not None
        scopes.record_request(tx, SYSTEM, scope)
    await compile_pack(front.console.db, front.console.settings, scope, tmp_path / "pack.zip")
    found = standalone.check(standalone.opened(tmp_path / "pack.zip"), signer_of(SECRET_KEY).public)
    assert not found.wrong
    assert any("borrados a pedido" in line for line in found.fine)
    assert (await front.webhook(meta.body(meta.text("Hola de nuevo")))).status_code == 200, (
        "may write again, as anybody"
    )


async def test_a_debt_that_is_owed_keeps_its_debtor_but_not_the_talk(front: Front) -> None:
    await a_person(front, invoices=[("F-1", date(2026, 10, 1), 41250)])
    admin = await front.agent("Iván", role="admin")
    assert (await admin.http.post(f"/privacy/{await requested(front)}/answer")).status_code == 303

    async def only_the_debt_is_left() -> bool:
        """The search index follows by itself."""
        left = await told_of(front)
        assert "chirimoya" not in str(left)
        return set(left) <= {"debtor", "account", "contact_point", "search_person", "search_spelling"}

    assert await eventually(only_the_debt_is_left)


async def test_a_message_on_its_way_is_waited_for(front: Front) -> None:
    await a_person(front)
    admin = await front.agent("Iván", role="admin")
    async with front.console.db.transaction() as tx:
        message = (await tx.scalars(select(Message).where(Message.direction == "out"))).one()
        message.status, message.due_at = Status.SENDING, None

    refused = await admin.http.post(f"/privacy/{await requested(front)}/answer")

    assert refused.status_code == 409
    assert "message" in await told_of(front)


async def test_a_request_is_noted_once_answered_once_and_only_by_whom_it_concerns(front: Front) -> None:
    await a_person(front)
    number = await requested(front, "access")
    rosa = await front.agent("Luz", role="supervisor")
    stranger = await front.agent("Olga", role="supervisor", team="Otra")
    again = {"conversation": "1", "kind": "access", "asked_on": "2026-11-20"}

    assert (await rosa.http.post("/privacy", data=again)).status_code == 303
    assert "Zoraida" in await rosa.see("/privacy")
    assert "Zoraida" not in await stranger.see("/privacy")
    assert (await stranger.http.post("/privacy", data=again)).status_code == 404
    assert (await stranger.http.post(f"/privacy/{number}/answer")).status_code == 404
    assert (await rosa.http.post(f"/privacy/{number}/refusal", data={"reason": " "})).status_code == 422
    assert (await rosa.http.post(f"/privacy/{number}/answer")).status_code == 303
    assert (await rosa.http.post(f"/privacy/{number}/answer")).status_code == 409
    async with front.console.db.reading() as tx:
        actions = await tx.scalars(
            select(audit.AuditEntry.action)
            .where(audit.AuditEntry.action.like("privacy.%"))
            .order_by(audit.AuditEntry.id)
        )
        assert list(actions) == ["privacy.requested", "privacy.answered"]


async def test_erasing_is_for_administrators_and_a_refusal_keeps_its_ground(front: Front) -> None:
    await a_person(front)
    number = await requested(front)
    rosa = await front.agent("Luz", role="supervisor")

    assert (await rosa.http.post(f"/privacy/{number}/answer")).status_code == 403
    assert "message" in await told_of(front)
    reason = "Deuda vigente: art. 14 de la Ley 29733"
    assert (await rosa.http.post(f"/privacy/{number}/refusal", data={"reason": reason})).status_code == 303
    assert reason in await rosa.see("/privacy")


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"kind": "everything", "conversation": "1"}, "kind"),
        ({"kind": "access", "conversation": "one"}, "conversation"),
        ({"kind": "access", "conversation": "1", "asked_on": "2999-01-01"}, "asked_on"),
        ({"kind": "access", "conversation": "1", "asked_on": "ayer"}, "asked_on"),
    ],
)
async def test_bad_input_names_its_field(front: Front, form: dict[str, str], field: str) -> None:
    rosa = await front.agent("Rosa", role="supervisor")

    answer = await rosa.http.post("/privacy", data=form, headers={"accept": "application/json"})

    assert answer.status_code == 422
    assert field


@pytest.mark.parametrize(
    ("kind", "country", "last"),
    [
        (Kind.ACCESS, "PE", date(2026, 12, 22)),  # 20 working days, without 8 and 9 December
        (Kind.ERASURE, "PE", date(2026, 12, 4)),
        (Kind.ACCESS, "CO", date(2026, 12, 4)),
        (Kind.ERASURE, "BR", date(2026, 12, 5)),
        (Kind.ERASURE, "XX", date(2026, 12, 4)),
    ],
)
def test_the_last_day_to_answer(kind: Kind, country: str, last: date) -> None:
    assert due_on(kind, date(2026, 11, 20), country) == last
