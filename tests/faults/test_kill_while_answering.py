"""kill -9 between hearing a debtor and answering: they are answered once, with the one link, and nothing is skipped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from console import audit, clock
from console.agents import Team
from console.audit import SYSTEM
from console.bots import conduct
from console.bots.models import BotSession, BotStep
from console.db import Database
from console.inbox.models import Message
from console.portfolio.ledger import PaymentLink
from console.portfolio.models import ContactPoint
from tests.conftest import SECRET_KEY
from tests.faults import ledger
from tests.faults.product import Product, a_product
from tests.faults.test_kill_while_paying import MARIA, PHONE, PROVIDER
from tests.patience import eventually
from tests.portfolio.debts import a_debtor
from tests.portfolio.paying import LATE

pytestmark = pytest.mark.timeout(240)


@pytest.mark.parametrize("place", ["bot.claimed", "bot.understood", "bot.linked", "bot.answered"])
async def test_killed_while_answering(sqlite_database_url: str, tmp_path: Path, place: str) -> None:
    with a_product(tmp_path, sqlite_database_url, **PROVIDER, ALDIA_BOT="on") as product:
        product.start_simulator()
        product.start()
        await let_it_speak(sqlite_database_url)
        assert product.console is not None
        product.console.stop()
        product.start(f"{place}=kill:1")

        product.simulated("POST", f"/personas/{MARIA}/messages", json={"type": "text", "text": "mandame el link"})
        await eventually(lambda: product.died, within=30)
        await its_lease_runs_out(sqlite_database_url)
        product.start()

        await eventually(lambda: _answers(product) == 1, within=90)

    assert await _facts(sqlite_database_url) == {"answers": 1, "steps": 1, "links": 1}
    await ledger.history_is_whole(sqlite_database_url)


def _answers(product: Product) -> int:
    chat: list[dict[str, Any]] = product.simulated("GET", f"/threads/{MARIA}")["messages"]
    return sum("/p/" in (it.get("text") or "") for it in chat if not it["mine"])


async def let_it_speak(database_url: str) -> None:
    """Whatever the hour, and to María, who proved a moment ago to be there."""
    database = Database(database_url, seal=audit.sealer(SECRET_KEY))
    try:
        async with database.transaction() as tx:
            team_id = (await tx.scalars(select(Team.id).order_by(Team.id))).first()
            assert team_id is not None
            await conduct.change(tx, team_id, by=SYSTEM, mode="always")
        debt = await a_debtor(database, team_id, phone=PHONE, invoices=[("F-1", LATE, 41250)])
        async with database.transaction() as tx:
            (await tx.get_one(ContactPoint, debt.point_id)).verified_at = clock.now()
    finally:
        await database.close()


async def its_lease_runs_out(database_url: str) -> None:
    """The half minute for which a dead process still holds what it had claimed passes at once."""
    database = Database(database_url)
    try:
        async with database.transaction() as tx:
            await tx.execute(update(BotSession).values(claimed_until=clock.now()).where(BotSession.claim.is_not(None)))
    finally:
        await database.close()


async def _facts(database_url: str) -> dict[str, int]:
    database = Database(database_url, seal=audit.sealer(SECRET_KEY))
    try:
        async with database.reading() as tx:
            sent = select(func.count()).select_from(Message).where(Message.client_key.like("bot:%"))
            return {
                "answers": await tx.scalar(sent) or 0,
                "steps": await tx.scalar(select(func.count(BotStep.id))) or 0,
                "links": await tx.scalar(select(func.count(PaymentLink.id))) or 0,
            }
    finally:
        await database.close()
