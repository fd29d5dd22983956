"""The product's own client against the simulator: two readings of Meta's pages that must agree."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from integrations.whatsapp.account import ProfileChanges
from integrations.whatsapp.client import WhatsApp
from integrations.whatsapp.content import Location, Media, Reaction, Text
from integrations.whatsapp.errors import SendFailed, SendUnknown
from integrations.whatsapp.events import Inbound, Person, StatusUpdate
from integrations.whatsapp.interactive import Button, Buttons
from integrations.whatsapp.payloads import parse
from integrations.whatsapp.templates import Parameter, TemplateMessage
from tests.patience import eventually
from tests.simulator.town import MARIA_PHONE, Town

MARIA = Person(wa_id=MARIA_PHONE, user_id=None)


@pytest.fixture
async def client(simulator: Town) -> AsyncIterator[WhatsApp]:
    settings = simulator.settings
    async with httpx.AsyncClient(trust_env=False) as http:
        yield WhatsApp(
            http,
            base_url=simulator.url,
            version="v23.0",
            phone_number_id=settings.phone_number_id,
            business_account_id=settings.business_account_id,
            token=settings.access_token,
        )


async def test_a_conversation(simulator: Town, client: WhatsApp, tmp_path: Path) -> None:
    wamid = await asyncio.to_thread(simulator.write, "¿Cuánto debo?")

    receipt = await client.send(Text("S/ 412.50"), MARIA, opaque="own-1", reply_to=wamid)
    await client.typing(wamid)
    await client.send(Buttons(body="¿Paga hoy?", buttons=[Button("si", "Sí")]), MARIA)
    await client.send(Location(latitude=-12.04, longitude=-77.04, name="Agencia", address="Lima"), MARIA)
    await client.send(Reaction(wamid, "👍"), MARIA)
    media_id = await client.upload_media(b"%PDF-1.4", mime_type="application/pdf", filename="a.pdf")
    await client.send(Media(kind="document", media_id=media_id, filename="a.pdf"), MARIA)

    await eventually(lambda: len(simulator.console.statuses) == 10)
    events = [event for hook in simulator.console.webhooks for event in parse(hook.body)]
    statuses = [event for event in events if isinstance(event, StatusUpdate)]
    assert {status.status for status in statuses} == {"sent", "delivered"}
    assert [status.opaque for status in statuses if status.wamid == receipt.wamid] == ["own-1", "own-1"]
    [inbound] = [event for event in events if isinstance(event, Inbound)]
    assert (inbound.wamid, inbound.text, inbound.sender.wa_id) == (wamid, "¿Cuánto debo?", MARIA_PHONE)
    assert [event.status for event in await client.message_history(receipt.wamid)] == ["sent", "delivered"]


async def test_what_a_debtor_sends_is_fetched(simulator: Town, client: WhatsApp, tmp_path: Path) -> None:
    media_id = (await asyncio.to_thread(simulator.do, "maria-fernanda-ccori", "voice"))["media_id"]

    download = await client.download_media(media_id, tmp_path / "voz")

    assert download.matches is True
    assert (tmp_path / "voz").read_bytes().startswith(b"OggS")


async def test_templates_number_and_profile(simulator: Town, client: WhatsApp) -> None:
    templates = [template async for template in client.templates()]
    assert len(templates) == 15
    assert {template.parameter_format for template in templates} == {"POSITIONAL", "NAMED"}
    body = [Parameter(text=text) for text in ("Luz", "S/ 1", "hoy")]
    sent = await client.send(TemplateMessage(name="confirmacion_de_pago", language="es_PE", body=body), MARIA)
    assert sent.message_status == "accepted"

    number = await client.number()
    assert (number.verified_name, number.quality_rating, number.throughput) == ("Financiera Andes", "GREEN", "STANDARD")
    assert number.can_send_message == "AVAILABLE"

    await client.update_profile(ProfileChanges(about="Cobranzas con respeto"))
    assert (await client.profile()).about == "Cobranzas con respeto"


async def test_people_are_blocked_and_let_in_again(simulator: Town, client: WhatsApp) -> None:
    await asyncio.to_thread(simulator.write)

    blocked = await client.block([MARIA_PHONE, "51955301776"])
    unblocked = await client.unblock([MARIA_PHONE])

    assert [MARIA_PHONE] == list(blocked.done) == list(unblocked.done)
    assert [error.code for error in blocked.failed] == [131047]


@pytest.mark.parametrize(
    ("faults", "error"),
    [
        ({"rate_limit_one_in": 1, "rate_limit_code": "131056"}, SendFailed),
        ({"unavailable_one_in": 1}, SendFailed),
        ({"error_after_accept_one_in": 1}, SendUnknown),
        ({"reset_after_one_in": 1}, SendUnknown),
        ({"broken_answer_one_in": 1}, SendUnknown),
        ({"broken_answer_one_in": 1, "broken_answer": "html"}, SendUnknown),
    ],
)
async def test_the_client_knows_what_it_does_not_know(
    simulator: Town, client: WhatsApp, faults: dict[str, object], error: type[Exception]
) -> None:
    await asyncio.to_thread(simulator.write)
    await asyncio.to_thread(lambda: simulator.faults(**faults))

    with pytest.raises(error):
        await client.send(Text("Hola"), MARIA, opaque="own-1")

    accepted = simulator.simulation.ledger.after(0, 10)
    assert [entry.opaque for entry in accepted] == (["own-1"] if error is SendUnknown else [])
