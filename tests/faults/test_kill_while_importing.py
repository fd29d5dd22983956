"""kill -9 while a file of debts is imported: nothing of it is there, or all of it, and the next process finishes it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from console.consents.models import ConsentRecord
from console.db import Database
from console.portfolio.batches import ImportBatch
from console.portfolio.models import Account, Debtor, Invoice
from tests.conftest import SECRET_KEY
from tests.consents.test_imported_consents import NAMES, YES
from tests.faults import ledger
from tests.front import a_console, settings_for
from tests.inbox import meta
from tests.inbox.people import an_inbox
from tests.patience import eventually
from tests.portfolio.files import HEADER, MARIA, a_csv

pytestmark = pytest.mark.timeout(240)
ALDIA = str(Path(sys.executable).with_name("aldia"))
DEBTS = 600
NOTHING = {"debtor": 0, "account": 0, "invoice": 0}
ALL = {"debtor": DEBTS, "account": DEBTS, "invoice": DEBTS}


@pytest.mark.parametrize(("place", "hit"), [("imports.staged", 2), ("imports.applied", 1)])
async def test_killed_while_a_file_is_imported(database_url: str, tmp_path: Path, place: str, hit: int) -> None:
    database = Database(database_url)
    await an_inbox(database)
    rows = [[f"PR-{number}", "Ccori", "", f"9{number:08}", *MARIA[4:]] for number in range(DEBTS)]
    path = a_csv(tmp_path / "cartera.csv", HEADER, *rows)

    killed = _import(database_url, tmp_path, path, f"{place}=kill:{hit}")
    after_the_kill = await _counts(database)
    again = _import(database_url, tmp_path, path, "")
    after_all = await _counts(database)
    async with database.reading() as tx:
        states = list(await tx.scalars(select(ImportBatch.state).order_by(ImportBatch.id)))
    await database.close()

    assert (killed.returncode, after_the_kill) == (-9, NOTHING), killed.stderr
    assert (again.returncode, after_all) == (0, ALL), again.stderr
    # What was being compared, or put in place, is still asked for: whoever serves next does it, or finds it stale.
    assert states == [{"imports.staged": "waiting", "imports.applied": "confirmed"}[place], "committed"]
    await ledger.history_is_whole(database_url)


async def test_killed_while_consents_are_noted_the_next_process_notes_the_rest(
    database_url: str, tmp_path: Path
) -> None:
    numbers = [f"9{number:08}" for number in range(50)]
    async with a_console(settings_for(database_url, tmp_path)) as front:
        wrote = [meta.text("Hola", sender=f"51{number}") for number in numbers]
        assert (await front.webhook(meta.body(*wrote))).status_code == 200
    rows = [[f"PR-{number}", "Ccori", "", number, *MARIA[4:], *YES] for number in numbers]
    path = a_csv(tmp_path / "cartera.csv", NAMES, *rows)

    killed = _import(database_url, tmp_path, path, "imports.given=kill:2")
    database = Database(database_url)
    after_the_kill = await _noted(database)
    async with a_console(settings_for(database_url, tmp_path)):
        await eventually(lambda: _all_noted(database), within=20)
    await database.close()

    assert (killed.returncode, after_the_kill) == (-9, 20), killed.stderr
    await ledger.history_is_whole(database_url)


async def _noted(database: Database) -> int:
    async with database.reading() as tx:
        return await tx.scalar(select(func.count()).select_from(ConsentRecord)) or 0


async def _all_noted(database: Database) -> bool:
    return await _noted(database) == 50


def _import(database_url: str, folder: Path, path: Path, failpoints: str) -> subprocess.CompletedProcess[str]:
    environment: dict[str, Any] = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("ALDIA_", "WHATSAPP_"))},
        "ALDIA_DATABASE_URL": database_url,
        "ALDIA_SECRET_KEY": SECRET_KEY,
        "ALDIA_BASE_URL": "http://127.0.0.1:1",
        "ALDIA_MEDIA_DIR": str(folder / "media"),
        "ALDIA_FAILPOINTS": failpoints,
        "ALDIA_FAILPOINTS_HITS": str(folder / "hits"),
        **{f"WHATSAPP_{name}": "1" for name in (
            "PHONE_NUMBER_ID", "BUSINESS_ACCOUNT_ID", "ACCESS_TOKEN", "APP_SECRET", "VERIFY_TOKEN")},
    }  # fmt: skip
    command = [ALDIA, "portfolio", "import", str(path)]
    return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)


async def _counts(database: Database) -> dict[str, int]:
    async with database.reading() as tx:
        return {
            table.__tablename__: await tx.scalar(select(func.count()).select_from(table)) or 0
            for table in (Debtor, Account, Invoice)
        }
