"""What a queue is asked for uses the queue's own index, whatever plan PostgreSQL keeps.

After five runs of a statement it may keep one plan for whatever the values are. Such a plan knows of no value, and so
of no index of the rows of one state alone, unless the state stands in the statement itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import event

from console import clock
from console.attachments import uploads
from console.db import Database, Tx
from console.inbox import deliver, media
from console.inbox.channel import Channel
from console.portfolio import settling
from console.scheduling import leaving
from console.webhooks_out import sending
from tests.inbox.people import an_inbox

Asks = Callable[[Tx, Channel], Awaitable[object]]
QUEUES: dict[str, tuple[Asks, str]] = {
    "whether a message is to leave": (lambda tx, channel: deliver.is_due(tx, channel.id), "ix_message_outbox"),
    "the messages that leave": (
        lambda tx, channel: deliver.claim(tx, channel.id, limit=10, rate=80),
        "ix_message_outbox",
    ),
    "what a crash left": (lambda tx, _channel: deliver.recover(tx), "ix_message_in_flight"),
    "whether a file is to be uploaded": (lambda tx, _channel: uploads.is_due(tx), "ix_media_upload_due"),
    "the files to upload": (lambda tx, _channel: uploads.claim(tx, limit=10), "ix_media_upload_due"),
    "whether a file is to be fetched": (lambda tx, _channel: media.is_due(tx), "ix_media_due"),
    "the files to fetch": (lambda tx, _channel: media.claim(tx, limit=10), "ix_media_due"),
    "what was written for later": (
        lambda tx, _channel: leaving.is_due(tx, clock.now()),
        "ix_scheduled_message_waiting",
    ),
    "what other programs are told": (
        lambda tx, _channel: tx.execute(sending._due(clock.now())),
        "ix_webhook_delivery_due",
    ),
    "promises whose grace is over": (lambda tx, _channel: tx.execute(settling._due(clock.now())[0]), "ix_promise_due"),
    "plans whose grace is over": (
        lambda tx, _channel: tx.execute(settling._due(clock.now())[1]),
        "ix_payment_plan_due",
    ),
}


@pytest.mark.parametrize("asked", QUEUES)
async def test_a_queue_is_read_along_its_own_index_whatever_the_values_are(
    postgres_database_url: str, asked: str
) -> None:
    ask, index = QUEUES[asked]
    database = Database(postgres_database_url)
    plans: list[str] = []

    def explain(connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if not statement.startswith("SELECT"):
            return
        name = f"asked_{len(plans)}"
        connection.exec_driver_sql(f"PREPARE {name} AS {statement}")
        nothing = ", ".join(["NULL"] * len(parameters))
        plan = connection.exec_driver_sql(f"EXPLAIN EXECUTE {name}" + (f"({nothing})" if nothing else "")).all()
        plans.append("\n".join(str(line[-1]) for line in plan))

    try:
        inbox = await an_inbox(database)
        async with database.transaction() as tx:
            channel = await tx.get_one(Channel, inbox.channel_id)
            connection = await tx.connection()
            await connection.exec_driver_sql("SET LOCAL plan_cache_mode = force_generic_plan")
            await connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            event.listen(connection.sync_connection, "before_cursor_execute", explain)
            await ask(tx, channel)
    finally:
        await database.close()

    assert any(index in plan for plan in plans), plans
