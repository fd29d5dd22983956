"""What is answered on the company's own telephone (coexistence) appears as such, and is an answer."""

from __future__ import annotations

from typing import Any

from console import clock
from console.inbox.models import Conversation
from tests.front import Front
from tests.inbox import meta


def echoed(text: str, **more: Any) -> bytes:
    """A message that left from the telephone, as Meta tells of it (whatsapp.md §9)."""
    echo = {
        "from": "51144218300",
        "to": meta.MARIA,
        "id": meta.new_wamid(),
        "timestamp": str(int(clock.now().timestamp())),
        "type": "text",
        "text": {"body": text},
        **more,
    }
    metadata = {"display_phone_number": "51144218300", "phone_number_id": meta.PHONE_NUMBER_ID}
    value = {"messaging_product": "whatsapp", "metadata": metadata, "message_echoes": [echo]}
    return meta.notice("smb_message_echoes", value)


async def test_it_is_shown_as_the_telephones_and_nobody_waits_any_more(front: Front) -> None:
    await front.webhook(meta.body(meta.text("¿Me confirma?")))
    ana = await front.agent("Ana")

    async with ana.live(opened=1) as wire:
        assert (await front.webhook(echoed("Confirmado, gracias"))).status_code == 200
        await wire.shows("Teléfono de la empresa")

    async with front.console.db.reading() as tx:
        conversation = await tx.get_one(Conversation, 1)
    assert conversation.waiting_since is None
    assert conversation.inbound_count == 1, "it is nobody's message to read"
    page = await ana.see("/inbox/1?view=all")
    assert "Confirmado, gracias" in page
    assert "Teléfono de la empresa" in page


async def test_who_was_writing_is_told_that_the_telephone_answered(front: Front) -> None:
    await front.webhook(meta.body(meta.text("¿Me confirma?")))
    ana = await front.agent("Ana")
    await front.webhook(echoed("Confirmado, gracias"))

    answer = await ana.reply(1, "Un momento, lo reviso", seen_sequence="1")

    assert (answer.status_code, answer.headers["x-refused"]) == (409, "colleague_wrote")
