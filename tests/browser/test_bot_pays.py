"""By night: the bot makes sure who writes and gives a link; the debtor pays it; the open thread shows all of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from console import audit
from console.agents import Team
from console.audit import SYSTEM
from console.bots import conduct
from console.db import Database
from tests.browser.house import TEAM, House, NewPage, _staff, bubble
from tests.conftest import SECRET_KEY
from tests.databases import SqliteCopies, apart
from tests.faults.product import a_product
from tests.integrations.payments import peers

# A product of its own starts, with its simulator, and two people look at it.
pytestmark = pytest.mark.timeout(180)
DOCUMENT, BORN = ("DNI", "45127304"), 1991


@pytest.fixture
def night(_sqlite_copies: SqliteCopies, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A product whose bot speaks whatever the hour, and whose creditor has a checkout: the simulator's."""
    folder = tmp_path_factory.mktemp("night")
    url = _sqlite_copies.one(folder)
    keys: dict[str, str] = apart(_staff(url))
    apart(_always(url))
    with a_product(folder, url, ALDIA_COMPANY="Financiera Andes", ALDIA_BOT="on") as product:
        product.environment |= {
            "PAYMENTS_PROVIDER": "signed",
            "PAYMENTS_API_URL": f"{product.simulator_address}/simulator/checkout",
            "PAYMENTS_API_KEY": "a-key-that-signs-links",
            "PAYMENTS_WEBHOOK_SECRET": peers.SECRET,
        }
        product.start_simulator()
        product.start()
        yield House(product, keys)


async def _always(database_url: str) -> None:
    database = Database(database_url, seal=audit.sealer(SECRET_KEY))
    try:
        async with database.transaction() as tx:
            team_id = (await tx.scalars(select(Team.id).where(Team.name == TEAM))).one()
            await conduct.change(tx, team_id, by=SYSTEM, mode="always")
    finally:
        await database.close()


def test_the_debtor_pays_the_bots_link_and_the_thread_shows_the_receipt(night: House, new_page: NewPage) -> None:
    debtor = night.debtor()
    debtor.owes(document=DOCUMENT, birth_year=BORN)
    page = night.enter(new_page, "ana")

    debtor.write("Buenas noches cuanto debo y por donde pago")
    debtor.open(page)
    expect(bubble(page, "año de nacimiento")).to_have_count(1)
    debtor.write("7304 1991")
    expect(bubble(page, "Identidad confirmada")).to_have_count(1)
    expect(bubble(page, "vencidos S/ 412.50")).to_have_count(1)
    address = re.search(r"http://\S+/p/[\w-]+", bubble(page, "Puede pagar").inner_text())
    assert address is not None

    payer = new_page()
    payer.goto(address[0])
    payer.get_by_role("link", name="Pagar").click()
    payer.get_by_role("button", name="Pagar").click()
    expect(payer.locator("h1")).to_have_text("Pago recibido")

    expect(bubble(page, "Pago de S/ 412.50 recibido")).to_be_visible()
    expect(bubble(page, "Recibimos su pago")).to_be_visible()
    expect(page.locator("#pane .head .tag.state")).to_have_text("Al día")
