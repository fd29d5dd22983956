"""What Odoo says people owe, taken in: once whole, then what changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from console import clock
from console.db import Database
from console.portfolio import odoo_sync
from console.portfolio.models import Account, Debtor
from console.portfolio.odoo_sync import Synced
from integrations.billing.odoo import Denied, Odoo
from tests.conftest import Moment
from tests.inbox.people import actions, an_inbox
from tests.integrations.billing.odoo_server import DATABASE, KEY, USER, OdooServer, a_partner, an_invoice
from tests.portfolio.files import settings_in


@pytest.fixture
def server() -> OdooServer:
    server = OdooServer()
    maria = a_partner(45, "María Ccori", vat="PE44552716", mobile="944218305", phone="anexo 12")
    odd = a_partner(46, " ")
    server.records["res.partner"] = [maria, odd, a_partner(47, "Luz")]
    server.records["account.move"] = [
        an_invoice(1, maria, 412.5),
        an_invoice(2, odd, 5.0),
        an_invoice(3, server.records["res.partner"][2], 0.0, write_date="2026-11-20 14:59:00"),
    ]
    return server


async def sync(database: Database, folder: Path, server: OdooServer, *, key: str = KEY) -> Synced:
    async with server.client() as http:
        odoo = Odoo(http, "https://erp.example", database=DATABASE, user=USER, key=key)
        return await odoo_sync.sync(database, settings_in(folder), odoo)


async def test_debts_come_once_and_then_as_they_change(
    database: Database, moment: Moment, server: OdooServer, tmp_path: Path
) -> None:
    await an_inbox(database)

    first = await sync(database, tmp_path, server)
    moment.passes(hours=1)
    server.records["account.move"][0] |= {"amount_residual": 0.0, "write_date": "2026-11-20 15:30:00"}
    second = await sync(database, tmp_path, server)
    third = await sync(database, tmp_path, server)

    assert (first.new, first.left_out) == (1, [("odoo:46:PEN", "Falta el nombre.")])
    assert (second.new, second.changed) == (0, 1), "a debt that was paid before it was heard of is none"
    assert (third.new, third.changed) == (0, 0)
    async with database.reading() as tx:
        (account,) = await tx.scalars(select(Account))
        (debtor,) = await tx.scalars(select(Debtor))
    assert (account.external_id, account.balance_minor, account.state) == ("odoo:45:PEN", 0, "current")
    assert (debtor.document_type, debtor.document_number) == ("DNI", "44552716")
    assert (await actions(database)).count("billing.synced") == 3
    assert clock.now() == moment.now


async def test_what_fails_is_asked_for_again(
    database: Database, moment: Moment, server: OdooServer, tmp_path: Path
) -> None:
    await an_inbox(database)
    with pytest.raises(Denied):
        await sync(database, tmp_path, server, key="otra")

    assert (await sync(database, tmp_path, server)).new == 1
