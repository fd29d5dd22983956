"""What programs hear of the bot: its dialogues as events, and who handles a conversation."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from typing import Any

from websockets.asyncio.client import ClientConnection

from console.bots.runner import Bot
from tests.api.house import serving
from tests.bots.night import EVENING, LIMA
from tests.conftest import Moment
from tests.inbox import meta


async def test_a_dialogue_is_an_event_and_the_bot_the_handler(sqlite_database_url: str, moment: Moment) -> None:
    moment.is_(EVENING)
    async with serving(sqlite_database_url) as house, house.program("*") as program:
        console = house.app.state.console
        bot = Bot(console.db, console.settings, None, None)
        await bot.listen()
        cursor = (await program.get("/audit"))["items"][0]["id"]
        await house.writes(meta.MARIA, text="hola")
        await bot.listen()
        moment.passes(seconds=4)
        await bot.answer_due()

        mine = await program.get("/conversations", handler="bot")
        async with program.socket(cursor) as socket:
            heard = await until(socket, "bot.session.updated")
        moment.is_(datetime(2026, 11, 23, 8, 1, tzinfo=LIMA))
        await bot.hand_over_in_the_morning()
        nobodys = await program.get("/conversations", handler="none")

        assert [each["handler"] for each in mine["items"]] == ["bot"]
        assert [each["handler"] for each in nobodys["items"]] == ["none"]
        assert (heard["data"]["verified"], heard["data"]["status"], heard["data"]["replies"]) == (False, "live", 1)
        assert heard["data"]["conversation_id"] == mine["items"][0]["id"]


async def until(socket: ClientConnection, kind: str) -> dict[str, Any]:
    """The first event of this type."""
    async with asyncio.timeout(10):
        while (frame := json.loads(await socket.recv()))["type"] != kind:
            pass
    return dict(frame)
