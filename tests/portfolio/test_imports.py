"""A file of debts: compared first, put in place whole or not at all, and taken back."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from console import clock
from console.audit import AuditEntry
from console.db import Database
from console.errors import Refused
from console.inbox.contacts import Alias
from console.portfolio import imports, payments
from console.portfolio.batches import ImportBatch
from console.portfolio.models import Account, ContactPoint, Debtor, Invoice
from console.settings import Settings
from tests.conftest import Moment
from tests.inbox.people import Inbox, a_conversation, actions, an_inbox, fresh
from tests.portfolio.files import (
    HEADER,
    MARIA,
    PEDRO,
    SARA,
    a_csv,
    again,
    committed,
    confirmed,
    picture,
    prepared,
    problems,
    settings_in,
    undone,
    uploaded,
)
from tests.portfolio.statements import BILLING, DNI, a_bill, a_source, a_statement, state


@pytest.fixture
async def inbox(database: Database, moment: Moment) -> Inbox:
    return await an_inbox(database)


@pytest.fixture
def settings(tmp_path: Path, inbox: Inbox) -> Settings:
    return settings_in(tmp_path)


def changed(row: list[str], **cells: str) -> list[str]:
    """The row with other cells: `Saldo="1"`, or by the column's first word."""
    places = {name.split(" ")[0]: place for place, name in enumerate(HEADER)}
    copy = list(row)
    for name, value in cells.items():
        copy[places[name]] = value
    return copy


async def the_accounts(database: Database) -> dict[str, Account]:
    async with database.reading() as tx:
        return {row.external_id: row for row in await tx.scalars(select(Account).order_by(Account.id))}


async def test_a_file_is_compared_and_then_put_in_place(database: Database, settings: Settings, tmp_path: Path) -> None:
    path = a_csv(tmp_path / "cartera.csv", HEADER, MARIA, PEDRO, changed(PEDRO, Factura="F-8", Importe="10", Saldo="0"))

    batch = await prepared(database, settings, path)
    assert (batch.state, await the_accounts(database)) == ("ready", {}), "nothing happens until somebody says so"
    assert batch.counts == {
        "rows": 3, "skipped": 0, "wrong": 0, "problems": 0,
        "new": 2, "changed": 0, "unchanged": 0, "closed": 0, "invoices": 3,
    }  # fmt: skip

    batch = await confirmed(database, settings, batch)
    maria, pedro = (await the_accounts(database)).values()

    assert batch.state == "committed"
    assert (maria.state, maria.balance_minor, maria.overdue_minor) == ("late_2", 41250, 41250)
    assert (pedro.state, pedro.balance_minor, pedro.overdue_minor) == ("current", 20000, 0)
    assert pedro.next_change_at is not None
    assert not list((settings.media_dir / "imports").iterdir()), "the file is not kept"
    assert (await actions(database))[-4:] == [
        "import.uploaded", "import.asked", "import.confirmed", "import.committed"
    ]  # fmt: skip


async def test_the_same_file_again_changes_nothing(database: Database, settings: Settings, tmp_path: Path) -> None:
    path = a_csv(tmp_path / "cartera.csv", HEADER, MARIA, PEDRO)
    await committed(database, settings, path)
    before = await picture(database)

    batch = await committed(database, settings, path)

    assert batch.counts is not None
    assert (batch.counts["unchanged"], batch.counts["new"], batch.counts["changed"]) == (2, 0, 0)
    assert await picture(database) == before


async def test_an_import_says_what_the_api_would(database: Database, settings: Settings, tmp_path: Path) -> None:
    """A file and a statement that say the same make the same rows, and each finds the other's debts."""
    path = a_csv(tmp_path / "cartera.csv", HEADER, MARIA)
    await committed(database, settings, path)
    by_file = await picture(database)
    async with database.transaction() as tx:
        for table in (ContactPoint, Invoice, Account, Debtor):
            await tx.execute(delete(table))
    async with database.reading() as tx:
        creditor_id = await tx.scalar(select(ImportBatch.creditor_id))
        team_id = await tx.scalar(select(ImportBatch.team_id))
    source = await a_source(database, team_id or 0)
    from msgspec.structs import replace  # noqa: PLC0415

    source = replace(source, creditor_id=creditor_id, named="importación 1")
    statement = a_statement(a_bill(), external_id="PR-1", name="Ccori, María", document=DNI)
    await state(database, source, statement)

    assert await picture(database) == by_file
    again_ = await prepared(database, settings, path)
    assert again_.counts is not None
    assert again_.counts["unchanged"] == 1


async def test_what_changed_and_what_left_is_told_apart(database: Database, settings: Settings, tmp_path: Path) -> None:
    await committed(database, settings, a_csv(tmp_path / "1.csv", HEADER, MARIA, PEDRO))
    later = a_csv(tmp_path / "2.csv", HEADER, changed(MARIA, Saldo="100.00"))

    part = await prepared(database, settings, later)
    whole = await prepared(database, settings, later, is_whole=True)
    assert [(each.counts or {})["closed"] for each in (part, whole)] == [0, 1]
    await confirmed(database, settings, whole)

    maria, pedro = (await the_accounts(database)).values()
    assert (maria.balance_minor, maria.status) == (10000, "open")
    assert (pedro.balance_minor, pedro.status, pedro.next_change_at) == (20000, "closed", None)
    async with database.reading() as tx:
        points = {row.phone: row.state for row in await tx.scalars(select(ContactPoint))}
    assert points == {"+51944218305": "active", "+51944218306": "retired"}


async def test_one_bad_row_stops_the_whole_file(database: Database, settings: Settings, tmp_path: Path) -> None:
    path = a_csv(tmp_path / "cartera.csv", HEADER, MARIA, changed(PEDRO, Saldo="-1.00"))

    batch = await prepared(database, settings, path)

    assert await problems(database, batch) == [(3, "Saldo", "El saldo no puede ser negativo.", "-1.00")]
    with pytest.raises(Refused, match="errores"):
        await confirmed(database, settings, batch)
    assert await the_accounts(database) == {}


async def test_whoever_writes_already_is_shown_with_the_debt(
    database: Database, settings: Settings, inbox: Inbox, tmp_path: Path
) -> None:
    conversation = await a_conversation(database, inbox)
    async with database.transaction() as tx:
        alias = Alias(channel_id=inbox.channel_id, kind="phone", value="51944218305", match_key="51944218305")
        alias.contact_id, alias.created_at = conversation.contact_id, clock.now()
        tx.add(alias)

    await committed(database, settings, a_csv(tmp_path / "1.csv", HEADER, MARIA))
    assert (await fresh(database, conversation)).account_state == "late_2"

    await committed(database, settings, a_csv(tmp_path / "2.csv", HEADER, changed(MARIA, Saldo="0.00")))
    assert (await fresh(database, conversation)).account_state == "current"
    told = await actions(database, conversation_id=conversation.id)
    assert told.count("conversation.standing_changed") == 2

    await committed(database, settings, a_csv(tmp_path / "3.csv", HEADER, PEDRO), is_whole=True)
    assert (await fresh(database, conversation)).account_state is None


async def pay(database: Database, minor: int) -> None:
    report = payments.Report(
        source="api",
        external_id=f"P-{minor}",
        account="PR-1",
        amount_minor=minor,
        currency="PEN",
        paid_at=clock.now(),
        method="transferencia",
    )
    async with database.transaction() as tx:
        await payments.book(tx, report, by=BILLING, moment=clock.now())


async def test_what_moved_since_it_was_compared_is_compared_again(
    database: Database, settings: Settings, tmp_path: Path, inbox: Inbox
) -> None:
    await committed(database, settings, a_csv(tmp_path / "1.csv", HEADER, MARIA))
    more = changed(MARIA, Factura="F-2", Fecha="05/12/2026", Importe="50", Saldo="50")
    batch = await prepared(database, settings, a_csv(tmp_path / "2.csv", HEADER, MARIA, more, PEDRO))

    await pay(database, 20000)
    async with database.reading() as tx:
        creditor = await tx.scalar(select(ImportBatch.creditor_id))
    source = await a_source(database, inbox.team_id)
    from msgspec.structs import replace  # noqa: PLC0415

    pedro = a_statement(a_bill("F-7", "2026-12-05", 1, 1), external_id="PR-2", document=None, phones=())
    await state(database, replace(source, creditor_id=creditor), pedro)
    batch = await confirmed(database, settings, batch)

    assert batch.state == "committed", batch.why
    maria, second = (await the_accounts(database)).values()
    assert maria.balance_minor == 41250 - 20000 + 5000, "the payment stays, the new invoice comes"
    assert second.balance_minor == 20000, "the file's word came last"


async def test_two_imports_at_once_do_not_mix(database: Database, settings: Settings, tmp_path: Path) -> None:
    first = await prepared(database, settings, a_csv(tmp_path / "1.csv", HEADER, MARIA))
    second = await prepared(database, settings, a_csv(tmp_path / "2.csv", HEADER, changed(MARIA, Saldo="1.00")))
    async with database.transaction() as tx:
        for batch in (first, second):
            await imports.confirm(tx, await tx.get_one(ImportBatch, batch.id), by=SARA)

    await asyncio.gather(*(imports.work(database, settings, batch.id) for batch in (first, second, first)))

    first, second = await again(database, first), await again(database, second)
    assert sorted([first.state, second.state]) == ["committed", "ready"]
    loser = first if first.state == "ready" else second
    assert "Otra importación" in (loser.why or "")
    with pytest.raises(Refused, match="Otra importación"):
        await confirmed(database, settings, loser)


async def test_the_last_import_is_taken_back_whole(database: Database, settings: Settings, tmp_path: Path) -> None:
    await committed(database, settings, a_csv(tmp_path / "1.csv", HEADER, MARIA, PEDRO))
    before = await picture(database)
    third = ["PR-3", "Rojas, Ana", "20304050", "944218307", "F-9", "05/10/2026", "10", "10"]
    more = changed(MARIA, Factura="F-2", Importe="5", Saldo="5")
    path = a_csv(tmp_path / "2.csv", HEADER, changed(MARIA, Saldo="1.00", Apellidos="Ccori M."), more, third)
    batch = await committed(database, settings, path, is_whole=True)
    assert await picture(database) != before

    batch = await undone(database, settings, batch)

    assert (batch.state, batch.why) == ("undone", None)
    assert await picture(database) == before
    assert (await actions(database))[-1] == "import.undone"
    assert (await committed(database, settings, path, is_whole=True)).state == "committed", "and comes again"


async def test_the_first_import_leaves_nothing_when_taken_back(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    batch = await committed(database, settings, a_csv(tmp_path / "1.csv", HEADER, MARIA, PEDRO))

    await undone(database, settings, batch)

    assert await picture(database) == {"debtor": [], "contact_point": [], "account": [], "invoice": []}


async def test_what_was_touched_since_is_not_taken_back(
    database: Database, settings: Settings, tmp_path: Path, moment: Moment
) -> None:
    first = await committed(database, settings, a_csv(tmp_path / "1.csv", HEADER, MARIA, PEDRO))
    moment.passes(minutes=1)
    await pay(database, 100)

    with pytest.raises(Refused, match=r"1 cuenta \(PR-1\)"):
        await undone(database, settings, first)

    moment.passes(minutes=1)
    await committed(database, settings, a_csv(tmp_path / "2.csv", HEADER, PEDRO))
    with pytest.raises(Refused, match="última"):
        await undone(database, settings, first)


async def test_midnight_does_not_stand_in_the_way_back(
    database: Database, settings: Settings, tmp_path: Path, moment: Moment
) -> None:
    from console.portfolio import midnight  # noqa: PLC0415

    batch = await committed(database, settings, a_csv(tmp_path / "1.csv", HEADER, PEDRO))
    moment.passes(days=40)
    async with database.transaction() as tx:
        assert await midnight.turn(tx, clock.now()) == 1

    assert (await undone(database, settings, batch)).state == "undone"


async def test_a_day_of_the_data_keeps_what_was_paid_after_it(
    database: Database, settings: Settings, tmp_path: Path, moment: Moment
) -> None:
    await committed(database, settings, a_csv(tmp_path / "1.csv", HEADER, MARIA))
    moment.passes(days=2)
    await pay(database, 10000)

    path = a_csv(tmp_path / "2.csv", HEADER, changed(MARIA, Saldo="400.00"))
    await committed(database, settings, path, as_of=clock.now() - timedelta(days=1))

    (maria,) = (await the_accounts(database)).values()
    assert maria.balance_minor == 30000
    old = await prepared(database, settings, path, as_of=clock.now() - timedelta(days=9), skip_bad_phones=True)
    assert (old.counts or {})["unchanged"] == 1
    older = a_csv(tmp_path / "3.csv", HEADER, changed(MARIA, Saldo="1.00"))
    batch = await prepared(database, settings, older, as_of=clock.now() - timedelta(days=9))
    assert [what for _row, _column, what, _hint in await problems(database, batch)] == [
        "De esta cuenta ya se sabe algo posterior a la fecha de corte."
    ]


async def test_columns_are_named_as_last_time(database: Database, settings: Settings, tmp_path: Path) -> None:
    odd = ["Uno", "Dos", "Tres", "Cuatro"]
    rows = [["PR-1", "Ana", "05/10/2026", "12"], ["PR-2", "Luz", "05/10/2026", "13"]]
    path = a_csv(tmp_path / "1.csv", odd, *rows)
    columns = {"account": [0], "name": [1], "due": [2], "balance": [3]}
    with pytest.raises(Refused, match="Vencimiento"):
        await prepared(database, settings, path)
    await prepared(database, settings, path, columns=columns)

    batch = await prepared(database, settings, path)

    assert (batch.counts or {})["new"] == 2
    assert batch.options is not None
    assert batch.options["columns"] == columns


async def test_a_file_that_is_discarded_is_over(database: Database, settings: Settings, tmp_path: Path) -> None:
    batch = await uploaded(database, settings, a_csv(tmp_path / "1.csv", HEADER, MARIA))
    async with database.transaction() as tx:
        await imports.discard(tx, await tx.get_one(ImportBatch, batch.id), by=SARA)

    with pytest.raises(Refused, match="otro paso"):
        await confirmed(database, settings, batch)
    assert await imports.asked_for(database) == []


async def test_the_history_of_an_import_names_no_person(database: Database, settings: Settings, tmp_path: Path) -> None:
    await committed(database, settings, a_csv(tmp_path / "cartera.csv", HEADER, MARIA, PEDRO))

    async with database.reading() as tx:
        entries = list(await tx.scalars(select(AuditEntry)))
    told = "".join(f"{entry.old}{entry.new}{entry.subject}" for entry in entries)
    assert all(secret not in told for secret in ("Ccori", "44552716", "944218305", "cartera"))
