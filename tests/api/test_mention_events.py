"""What programs hear when a note calls somebody: who, where and by whom, and not a word of the note."""

from __future__ import annotations

import json

from tests.api.house import serving
from tests.api.test_bot_events import until
from tests.inbox import meta


async def test_a_note_that_calls_somebody_is_an_event_without_its_words(sqlite_database_url: str) -> None:
    async with serving(sqlite_database_url) as house, house.program("*") as program:
        await house.writes(meta.MARIA, text="hola")
        (conversation,) = (await program.get("/conversations"))["items"]
        luz = await house.agent("Luz Paredes")
        cursor = (await program.get("/audit"))["items"][0]["id"]
        where = f"/conversations/{conversation['id']}/notes"
        await program.http.post(where, json={"text": "secreto sin nadie"})
        noted = (await program.http.post(where, json={"text": "@Luz Paredes, secreto: pide quita"})).json()

        async with program.socket(cursor) as socket:
            heard = await until(socket, "mention.created")

    assert (heard["action"], heard["actor"]["kind"]) == ("message.noted", "token")
    assert heard["data"]["message_id"] == noted["id"]
    assert heard["data"]["conversation_id"] == conversation["id"]
    assert heard["data"]["agents"] == [{"id": str(luz.id), "name": "Luz Paredes"}]
    assert "secreto" not in json.dumps(heard)
