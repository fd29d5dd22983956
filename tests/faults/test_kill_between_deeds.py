"""kill -9 between two deeds of one rule: both are done, or neither, and in the end each of them once. Row K16."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from console import audit
from console.bots.models import BotSession, BotStep
from console.db import Database
from console.inbox.models import Message
from console.portfolio.agreements import Dispute
from console.portfolio.models import Account
from console.portfolio.states import State
from tests.conftest import SECRET_KEY
from tests.faults import ledger
from tests.faults.product import Product, a_product
from tests.faults.test_kill_while_answering import its_lease_runs_out, let_it_speak
from tests.faults.test_kill_while_paying import MARIA
from tests.patience import eventually

pytestmark = pytest.mark.timeout(240)
NOTHING: dict[str, int] = {"disputes": 0, "frozen": 0, "on record": 0, "handed over": 0, "steps": 0, "answers": 0}
ALL = dict.fromkeys(NOTHING, 1)


async def test_killed_between_the_claim_and_the_word_that_a_person_is_needed(database_url: str, tmp_path: Path) -> None:
    """K16: who contests a debt has the claim opened and the account frozen, and is left to a person.

    It dies after the first deed, then after the second and before the answer; each time nothing of it remains.
    """
    with a_product(tmp_path, database_url, ALDIA_BOT="on") as product:
        product.start_simulator()
        product.start()
        await let_it_speak(database_url)
        assert product.console is not None
        product.console.stop()
        product.start("bot.deed=kill:1")
        product.simulated(
            "POST", f"/personas/{MARIA}/messages", json={"type": "text", "text": "yo no debo nada, esa deuda no es mía"}
        )

        await eventually(lambda: product.died, within=30)
        assert await _facts(database_url) == NOTHING
        await its_lease_runs_out(database_url)
        product.start("bot.deed=kill:2")
        await eventually(lambda: product.died, within=30)
        assert await _facts(database_url) == NOTHING
        await its_lease_runs_out(database_url)

        product.start()
        await eventually(lambda: _answers(product) == 1, within=90)

    assert await _facts(database_url) == ALL
    await ledger.history_is_whole(database_url)


def _answers(product: Product) -> int:
    chat: list[dict[str, Any]] = product.simulated("GET", f"/threads/{MARIA}")["messages"]
    return sum(not it["mine"] for it in chat)


async def _facts(database_url: str) -> dict[str, int]:
    database = Database(database_url, seal=audit.sealer(SECRET_KEY))
    try:
        async with database.reading() as tx:
            counts = {
                "disputes": select(func.count(Dispute.id)),
                "frozen": select(func.count(Account.id)).where(Account.state == State.DISPUTE),
                "on record": select(func.count(audit.AuditEntry.id)).where(audit.AuditEntry.action == "dispute.opened"),
                "handed over": select(func.count(BotSession.id)).where(BotSession.reason == "dispute"),
                "steps": select(func.count(BotStep.id)),
                "answers": select(func.count()).select_from(Message).where(Message.client_key.like("bot:%")),
            }
            return {name: await tx.scalar(count) or 0 for name, count in counts.items()}
    finally:
        await database.close()
