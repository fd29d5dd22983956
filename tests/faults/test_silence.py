"""Silence is said: messages that do not leave, and a WhatsApp that tells nothing. Row F46."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sqlalchemy import select

from console import clock
from console.db import Database
from console.inbox import ingest, pulse, queries, reply
from console.inbox.channel import Channel
from console.inbox.models import Conversation
from console.inbox.sender import Sender
from tests.conftest import Moment
from tests.front import a_console, settings_for
from tests.inbox import meta
from tests.inbox.cloud import Cloud
from tests.inbox.people import Inbox, a_conversation, an_inbox, messages
from tests.patience import eventually


async def feel(database: Database) -> bool:
    """What the background work does every fifteen seconds."""
    async with database.reading() as tx:
        channel = (await tx.scalars(select(Channel.id))).one()
        if not await pulse.has_changed(tx, channel, clock.now()):
            return False
    async with database.transaction() as tx:
        return await pulse.feel(tx, channel, clock.now())


async def banner(database: Database) -> str | None:
    async with database.reading() as tx:
        found = await queries.banner(tx)
    return found.sentence if found else None


async def test_messages_that_do_not_leave_for_a_minute_are_said_on_every_screen(
    database_url: str, tmp_path: Path, moment: Moment
) -> None:
    async with a_console(settings_for(database_url, tmp_path)) as front:
        await front.webhook(meta.body(meta.text("Buenos días")))
        ana = await front.agent("Ana")
        async with ana.live() as wire:
            await ana.reply(1, "Buenos días, María")
            assert not await feel(front.console.db), "a message may take a moment"

            moment.passes(seconds=61)

            await eventually(lambda: feel(front.console.db))  # the try that is under way comes back in vain
            await wire.shows("Los mensajes no están saliendo desde las")
        assert "Los mensajes no están saliendo" in await ana.see("/inbox?view=all")
        assert not await feel(front.console.db), "said once"


async def test_a_queue_that_moves_is_not_stuck(database: Database, moment: Moment) -> None:
    inbox, cloud = await an_inbox(database), Cloud()
    await an_answer(database, inbox, cloud)
    moment.passes(seconds=90)
    await a_queued_answer(database, inbox, "y otra", wa_id="51911111111")
    moment.passes(seconds=59)

    assert not await feel(database)

    moment.passes(seconds=2)
    assert await feel(database), "so that the test could fail"


async def test_whatsapp_that_tells_nothing_about_what_it_took_is_said_until_it_speaks(
    database: Database, moment: Moment
) -> None:
    inbox, cloud = await an_inbox(database), Cloud()
    await an_answer(database, inbox, cloud)

    moment.passes(minutes=4, seconds=59)
    assert not await feel(database)
    moment.passes(seconds=2)
    assert await feel(database)
    assert "WhatsApp no confirma nada desde las" in str(await banner(database))

    await ingest.store(database, [meta.body(meta.text("¿Hola?"))])

    assert await feel(database)
    assert await banner(database) is None


async def an_answer(database: Database, inbox: Inbox, cloud: Cloud) -> None:
    """An answer that WhatsApp takes."""
    conversation = await a_queued_answer(database, inbox, "Con gusto", wa_id="51922222222")
    stop = asyncio.Event()
    run = asyncio.create_task(Sender(database, cloud.client(), inbox.channel_id, rate=1000).run(stop))

    async def is_sent() -> bool:
        return [row.status for row in await messages(database, conversation)][-1] == "sent"

    await eventually(is_sent)
    stop.set()
    await run


async def a_queued_answer(database: Database, inbox: Inbox, text: str, *, wa_id: str) -> Conversation:
    conversation = await a_conversation(database, inbox, wa_id=wa_id, holder=inbox.ana)
    async with database.transaction() as tx:
        await reply.reply(tx, conversation, by=inbox.ana, text=text, client_key=text)
    return conversation
