"""Consent with its proof: given, taken back, honoured by what leaves, shown, packed as evidence, and erased."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import select, update

from console import clock
from console.audit import SYSTEM, AuditEntry
from console.consents import rules
from console.consents.kinds import Standing
from console.consents.models import ConsentRecord
from console.errors import Refused
from console.evidence import scopes
from console.evidence.compiling import compile_pack
from console.inbox import fetcher, media_files, reply
from console.inbox.channel import MessageTemplate
from console.inbox.contacts import Contact
from console.inbox.models import Conversation
from console.inbox.queries import LARGEST_ID
from console.portfolio.models import Debtor
from tests.front import Front, Person, a_console, settings_for
from tests.inbox import meta
from tests.portfolio.debts import a_debtor

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
TEXT = "Acepto recibir ofertas de Financiera Andes por WhatsApp. Puedo darme de baja cuando quiera."
YES = {"state": "given", "channel": "whatsapp", "purpose": "marketing", "how": "message", "shown": TEXT}
NO = {"state": "withdrawn", "channel": "whatsapp", "purpose": "marketing", "how": "message"}
OFFER: dict[str, Any] = {"name": "oferta", "language": "es", "category": "MARKETING", "status": "APPROVED"}


@pytest.fixture
async def front(database_url: str, tmp_path: Path) -> AsyncIterator[Front]:
    async with a_console(settings_for(database_url, tmp_path)) as front:
        yield front


@pytest.fixture
async def ana(front: Front) -> Person:
    """María has written «acepto», owes something in Peru, and Ana attends to her."""
    ana = await front.agent("Ana")
    assert (await front.webhook(meta.body(meta.text("Sí, acepto")))).status_code == 200
    await a_debtor(front.console.db, 1, invoices=[("F-1", date(2026, 10, 1), 41250)])
    return ana


async def says(who: Person, **form: str) -> httpx.Response:
    return await who.do("/inbox/1/consents", **form)


async def records(front: Front) -> list[tuple[str, str, str, int | None]]:
    async with front.console.db.reading() as tx:
        rows = await tx.scalars(select(ConsentRecord).order_by(ConsentRecord.id))
        return [(row.purpose, row.state, row.how, row.message_id) for row in rows]


async def sends(front: Front, category: str, *, key: str = "k1") -> str:
    """What became of a template of this category: "queued", or why it was refused."""
    async with front.console.db.transaction() as tx:
        conversation = await tx.get_one(Conversation, 1)
        template = (await tx.scalars(select(MessageTemplate).where(MessageTemplate.category == category))).one_or_none()
        if template is None:
            body = [{"type": "BODY", "text": "Hola"}]
            values = {**OFFER, "name": category.lower(), "category": category, "components": body}
            template = MessageTemplate(channel_id=conversation.channel_id, updated_at=conversation.created_at, **values)
            tx.add(template)
            await tx.flush()
        try:
            await reply.send_template(
                tx, conversation, by=SYSTEM, template_id=template.id, variables={}, client_key=key
            )
        except Refused as refused:
            return refused.code
        return "queued"


async def lives_in(front: Front, country: str, *, window: bool) -> None:
    async with front.console.db.transaction() as tx:
        await tx.execute(update(Debtor).values(country=country))
        if not window:
            await tx.execute(update(Conversation).values(window_closes_at=None, window_opened_at=None))


async def test_a_consent_is_noted_with_its_proof_and_shown_beside_the_conversation(front: Front, ana: Person) -> None:
    before = await ana.see("/inbox/1")
    assert "Publicidad: no consta" in before

    noted = await says(ana, **YES, version="2026-07", message_id="1")

    assert noted.status_code == 303, noted.text
    assert "Publicidad: autorizó" in await ana.see("/inbox/1")
    page = await ana.see("/inbox/1/consents")
    assert TEXT in page
    assert "versión 2026-07" in page
    assert "/inbox/1?message=1" in page
    async with front.console.db.reading() as tx:
        entry = (await tx.scalars(select(AuditEntry).where(AuditEntry.action == "consent.given"))).one()
    new = json.loads(entry.new or "{}")
    assert (new["channel"], new["purpose"], new["how"], entry.actor_name) == ("whatsapp", "marketing", "message", "Ana")
    assert TEXT not in (entry.new or "")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"state": "maybe"}, "state"),
        ({"channel": "fax"}, "channel"),
        ({"purpose": "otra"}, "purpose"),
        ({"how": "review"}, "how"),
        ({"said_on": "2999-01-01"}, "said_on"),
        ({"said_on": "ayer"}, "said_on"),
        ({"shown": " "}, "shown"),
        ({"shown": "x" * 4001}, "shown"),
        ({"message_id": ""}, "message_id"),
        ({"message_id": "2"}, "message_id"),
        ({"message_id": "x"}, "message_id"),
        ({"message_id": str(LARGEST_ID)}, "message_id"),
        ({"how": "contract", "message_id": ""}, "reference"),
        ({"how": "contract", "reference": "r" * 201}, "reference"),
        ({"version": "v" * 41}, "version"),
    ],
)
async def test_what_proves_nothing_is_refused_by_its_field_and_nothing_typed_is_lost(
    front: Front, ana: Person, change: dict[str, str], field: str
) -> None:
    assert (await ana.reply(1, "Gracias")).status_code == 201

    refused = await says(
        ana,
        **{**YES, "version": "", "reference": "Contrato 77", "message_id": "1", **change}
        | ({"reference": ""} if field == "reference" and "reference" not in change else {}),
    )

    assert refused.status_code == 422, refused.text
    assert 'aria-invalid="true"' in refused.text or field == "state"
    assert await records(front) == []
    if field != "shown":
        assert TEXT in refused.text


async def test_a_file_is_kept_as_it_came_and_given_only_to_who_sees_the_conversation(front: Front, ana: Person) -> None:
    files = {"file": ("contrato firmado.pdf", PDF, "application/pdf")}
    form = {**YES, "how": "contract"}
    noted = await ana.http.post("/inbox/1/consents", data=form, files=files, headers={"origin": front.address})
    assert noted.status_code == 303, noted.text

    given = await ana.http.get("/inbox/1/consents/1/file")

    assert given.content == PDF
    assert given.headers["content-disposition"].startswith("attachment; filename*=UTF-8''contrato%20firmado.pdf")
    stranger = await front.agent("Raúl", team="Otro")
    assert (await stranger.http.get("/inbox/1/consents/1/file")).status_code == 404
    await fetcher.sweep(front.console.db, front.console.settings.media_dir)
    assert (await ana.http.get("/inbox/1/consents/1/file")).status_code == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"<html><script>", 422),
        (b"MZ\x90\0", 422),
        (b"", 422),
        (b"%PDF-" + b"0" * 10_600_000, 413),
        (b"%PDF-" + b"0" * 20_000_000, 413),
    ],
    ids=["markup", "program", "empty", "large", "far larger"],
)
async def test_another_kind_of_file_is_refused_and_leaves_nothing_but_what_was_typed(
    front: Front, ana: Person, body: bytes, status: int
) -> None:
    files = {"file": ("x.pdf", body, "application/pdf")}
    form = {**YES, "how": "contract", "reference": "Contrato 2026-114"}

    refused = await ana.http.post("/inbox/1/consents", data=form, files=files, headers={"origin": front.address})

    assert refused.status_code == status, refused.text
    assert 'value="Contrato 2026-114"' in refused.text
    assert re.search(r'name="file"[^>]*aria-invalid="true"', refused.text)
    assert await records(front) == []
    assert list(media_files.kept(front.console.settings.media_dir)) == []


async def test_what_is_too_large_to_be_read_at_all_is_said_at_its_field(front: Front, ana: Person) -> None:
    address = urlsplit(front.address)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    cookies = "; ".join(f"{name}={value}" for name, value in ana.http.cookies.items())
    said = {
        "host": address.netloc,
        "origin": front.address,
        "cookie": cookies,
        "connection": "close",
        "content-type": "multipart/form-data; boundary=x",
        "content-length": "99999999",
    }
    writer.write(
        "".join(["POST /inbox/1/consents HTTP/1.1\r\n", *(f"{k}: {v}\r\n" for k, v in said.items()), "\r\n"]).encode()
    )
    answer = (await reader.read()).decode()
    writer.close()

    assert answer.startswith("HTTP/1.1 413")
    assert re.search(r'name="file"[^>]*aria-invalid="true"', answer)
    assert await records(front) == []


async def test_advertising_leaves_only_with_consent_and_never_after_it_was_taken_back(
    front: Front, ana: Person
) -> None:
    assert await sends(front, "MARKETING") == "no_marketing_consent"
    await says(ana, **YES, message_id="1")
    assert await sends(front, "MARKETING") == "queued"

    assert (await says(ana, **NO)).status_code == 303

    assert await sends(front, "MARKETING", key="k2") == "marketing_stopped"
    assert await sends(front, "UTILITY", key="k3") == "queued"
    page = await ana.see("/inbox/1/consents")
    assert page.index("Se opuso: publicidad") < page.index("Autorizó: publicidad")


async def test_a_consent_older_than_a_withdrawal_undoes_it_by_no_door(front: Front, ana: Person) -> None:
    """What somebody allowed last week is no answer to what they took back today, whoever notes it, and when."""
    assert (await says(ana, **YES, message_id="1")).status_code == 303
    assert (await says(ana, **NO)).status_code == 303
    week_ago = (clock.now() - timedelta(days=7)).date().isoformat()

    late = await says(ana, **YES | {"how": "call"}, reference="Audio 12", said_on=week_ago)

    assert late.status_code == 409
    assert 'id="said_on-words" role="alert">Después de ese día se opuso' in late.text
    assert "Audio 12" in late.text, "nothing typed is lost"
    assert [row[:2] for row in await records(front)] == [("marketing", "given"), ("marketing", "withdrawn")]
    assert await sends(front, "MARKETING") == "marketing_stopped"
    # Another channel was never taken back, and what they say from now on counts.
    other = YES | {"how": "call", "channel": "email"}
    assert (await says(ana, **other, reference="Audio 12", said_on=week_ago)).status_code == 303
    assert (await says(ana, **YES | {"how": "call"}, reference="Audio 13")).status_code == 303
    assert await sends(front, "MARKETING", key="k2") == "queued"


async def test_an_opt_out_and_a_withdrawal_are_one_history(front: Front, ana: Person) -> None:
    await says(ana, **YES, message_id="1")

    out = await says(ana, state="withdrawn", channel="whatsapp", purpose="collection", how="call", reference="Audio 9")

    assert out.status_code == 303, out.text
    async with front.console.db.reading() as tx:
        assert (await tx.get_one(Contact, 1)).opted_out_at is not None
    assert [row[:3] for row in await records(front)] == [
        ("marketing", "given", "message"),
        ("collection", "withdrawn", "call"),
        ("marketing", "withdrawn", "call"),
    ]
    assert "Pidió que no le escribamos" in await ana.see("/inbox/1")
    # Whoever said no is not made to say yes by a form, and saying no twice says nothing new.
    assert (await says(ana, **YES, message_id="1")).status_code == 409
    assert (await says(ana, **NO | {"purpose": "collection"})).status_code == 409
    rosa = await front.agent("Rosa", role="supervisor")
    assert (await rosa.do("/inbox/1/consent/lift", reason="Se equivocó de botón")).status_code == 200
    # What was lifted is no consent to advertising.
    assert (await records(front))[-1][:3] == ("collection", "lifted", "review")
    assert (
        await sends(front, "MARKETING") == "no_marketing_consent"
        or await sends(front, "MARKETING") == "marketing_stopped"
    )


async def test_the_button_of_the_conversation_writes_the_same_history(front: Front, ana: Person) -> None:
    assert (await ana.do("/inbox/1/consent", kind="opt_out", message_id="1")).status_code == 200

    assert await records(front) == [("collection", "withdrawn", "message", 1), ("marketing", "withdrawn", "message", 1)]


async def test_colombia_is_collected_from_first_only_over_a_channel_they_authorised(front: Front, ana: Person) -> None:
    """compliance/tests.json T26: CHANNEL_CONSENT."""
    await lives_in(front, "CO", window=True)
    assert await sends(front, "UTILITY", key="reply") == "queued"  # they wrote: it is an answer
    await lives_in(front, "CO", window=False)
    assert await sends(front, "UTILITY") == "channel_consent"

    await says(ana, **YES | {"purpose": "collection"}, message_id="1")

    assert await sends(front, "UTILITY") == "queued"


@pytest.mark.parametrize(
    ("country", "needed"), [("PE", False), ("MX", False), ("CL", False), ("CO", True), ("UY", True)]
)
def test_where_the_law_asks_for_no_consent_none_is_asked(country: str, *, needed: bool) -> None:
    refused = rules.why_no_first_word(None, country, is_reply=False)

    assert (refused is not None) is needed
    assert rules.why_no_first_word(Standing.GIVEN, country, is_reply=False) is None


async def test_whatsapps_own_stop_is_a_withdrawal_and_its_resume_gives_back_no_more_than_there_was(
    front: Front, ana: Person
) -> None:
    moments = iter(range(1795000000, 1795000009))

    async def prefers(value: str) -> None:
        told = {"wa_id": meta.MARIA, "category": "marketing_messages", "value": value, "timestamp": str(next(moments))}
        body = meta.notice("user_preferences", {"user_preferences": [told]})
        assert (await front.webhook(body)).status_code == 200

    await prefers("stop")
    await prefers("resume")
    assert [row[:3] for row in await records(front)] == [("marketing", "withdrawn", "whatsapp")]

    await says(ana, **YES, message_id="1")
    await prefers("stop")
    assert await sends(front, "MARKETING") == "marketing_stopped"
    await prefers("resume")

    assert await sends(front, "MARKETING") == "queued"


async def test_the_pack_holds_each_consent_with_its_proof_and_its_verifier_sees_another_one(
    front: Front, ana: Person, tmp_path: Path
) -> None:
    files = {"file": ("contrato.pdf", PDF, "application/pdf")}
    form = {**YES, "how": "contract", "version": "v3"}
    await ana.http.post("/inbox/1/consents", data=form, files=files, headers={"origin": front.address})
    await says(ana, **NO)
    pack = tmp_path / "pack.zip"
    async with front.console.db.transaction() as tx:
        scope = await scopes.of_conversation(tx, 1)
        assert scope is not None
        scopes.record_request(tx, SYSTEM, scope)
    await compile_pack(front.console.db, front.console.settings, scope, pack)

    with zipfile.ZipFile(pack) as file:
        file.extractall(tmp_path / "pack")
    dossier = json.loads((tmp_path / "pack" / "expediente.json").read_text())

    assert [each["state"] for each in dossier["consents"]] == ["given", "withdrawn"]
    assert (tmp_path / "pack" / dossier["consents"][0]["file"]).read_bytes() == PDF
    verify = [sys.executable, "-I", str(tmp_path / "pack" / "verificar.py")]
    honest = subprocess.run(verify, capture_output=True, text=True, check=False, cwd=tmp_path / "pack")  # noqa: ASYNC221
    assert honest.returncode == 0, honest.stdout + honest.stderr
    assert "2 consentimientos y bajas; 2 con su prueba" in honest.stdout


async def test_erasure_takes_the_proof_and_leaves_that_they_said_so(front: Front, ana: Person) -> None:
    files = {"file": ("contrato de María.pdf", PDF, "application/pdf")}
    form = {**YES, "how": "contract", "reference": "Contrato de María Ccori"}
    await ana.http.post("/inbox/1/consents", data=form, files=files, headers={"origin": front.address})
    admin = await front.agent("Iván", role="admin")
    await admin.http.post("/privacy", data={"conversation": "1", "kind": "erasure", "asked_on": "2026-11-20"})

    erased = await admin.http.post("/privacy/1/answer")

    assert erased.status_code == 303, erased.text
    async with front.console.db.reading() as tx:
        row = (await tx.scalars(select(ConsentRecord))).one()
    assert (row.state, row.how, row.shown, row.reference, row.sha256) == ("given", "contract", None, None, None)
    assert list(media_files.kept(front.console.settings.media_dir)) == []
