"""`aldia portfolio`: what it says, what it exits with, and what it leaves behind."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from console import cli
from console.db import Database
from console.portfolio.batches import ImportBatch
from console.portfolio.models import Account
from tests.conftest import SECRET_KEY
from tests.databases import apart
from tests.inbox.people import an_inbox
from tests.portfolio.files import HEADER, MARIA, PEDRO, a_csv, an_xlsx


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database_url: str) -> Path:
    names = ("PHONE_NUMBER_ID", "BUSINESS_ACCOUNT_ID", "ACCESS_TOKEN", "APP_SECRET", "VERIFY_TOKEN")
    given = {
        "ALDIA_DATABASE_URL": database_url,
        "ALDIA_SECRET_KEY": SECRET_KEY,
        "ALDIA_BASE_URL": "http://127.0.0.1:1",
        "ALDIA_MEDIA_DIR": str(tmp_path / "media"),
        **{f"WHATSAPP_{name}": "1" for name in names},
    }
    monkeypatch.chdir(tmp_path)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    apart(_with(database_url, an_inbox))
    return tmp_path


async def _with(url: str, work: Any) -> Any:
    database = Database(url)
    try:
        return await work(database)
    finally:
        await database.close()


def count(url: str, table: Any) -> int:
    async def ask(database: Database) -> int:
        async with database.reading() as tx:
            return await tx.scalar(select(func.count()).select_from(table)) or 0

    return int(asyncio.run(_with(url, ask)))


def says(capfd: pytest.CaptureFixture[str], *command: str) -> tuple[int, str, str]:
    capfd.readouterr()
    code = cli.run(["portfolio", *command])
    return code, *capfd.readouterr()


def test_a_file_is_tried_and_then_imported(shell: Path, database_url: str, capfd: pytest.CaptureFixture[str]) -> None:
    path = str(an_xlsx(shell / "cartera.xlsx", HEADER, MARIA, PEDRO))

    tried = says(capfd, "import", path, "--dry-run")
    assert (tried[0], count(database_url, Account)) == (0, 0)
    assert tried[1] == "2 filas: 2 cuentas nuevas, 0 cambian, 0 se cierran, 0 sin cambios, 0 errores\n"
    done = says(capfd, "import", path, "--report", "informe.csv")

    assert (done[0], done[1], count(database_url, Account)) == (0, tried[1], 2)
    assert "2;PR-1;nueva;" in (shell / "informe.csv").read_text(encoding="utf-8-sig")
    assert not list((shell / "media" / "imports").iterdir())


def test_what_is_wrong_is_named_row_by_row_and_nothing_is_imported(
    shell: Path, database_url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = a_csv(shell / "cartera.csv", HEADER, MARIA, [*PEDRO[:7], "-3"])

    code, out, error = says(capfd, "import", str(path))

    assert (code, count(database_url, Account)) == (1, 0)
    assert out.splitlines()[0] == "fila 3, columna «Saldo»: El saldo no puede ser negativo. [-3]"
    assert error == "aldia: cartera.csv: 1 errores en 1 filas: no se importó nada.\n"
    assert count(database_url, ImportBatch) == 1


def test_misuse_and_files_that_are_none_end_as_they_should(shell: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (shell / "foto.csv").write_bytes(b"\x89PNG\r\n\x1a\n...")
    path = str(a_csv(shell / "x.csv", HEADER, MARIA))

    assert says(capfd, "import", "nada.csv")[0] == 2
    assert says(capfd, "import", path, "--column", "saldo=X")[0] == 2
    assert says(capfd, "import", path, "--column", "balance=Deuda")[0] == 2
    code, _out, error = says(capfd, "import", str(shell / "foto.csv"))
    assert (code, error.count("\n")) == (1, 1)
    assert "No es una tabla" in error
    code, _out, error = says(capfd, "sync", "odoo")
    assert (code, "ODOO_URL" in error) == (1, True)
