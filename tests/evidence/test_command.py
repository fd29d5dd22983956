"""`aldia audit` for a third party: what it hands over, and what it says when it cannot."""

from __future__ import annotations

import asyncio
import zipfile
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from console import audit
from console.commands import Failed
from console.commands.history import audit as command
from console.db import Database
from console.evidence import standalone
from console.evidence.keys import signer_of
from tests.conftest import SECRET_KEY
from tests.inbox import meta
from tests.inbox.people import a_conversation, an_inbox


@pytest.fixture
def told(sqlite_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fill() -> None:
        database = Database(sqlite_database_url, seal=audit.sealer(SECRET_KEY))
        await a_conversation(database, await an_inbox(database))
        await database.close()

    asyncio.run(fill())
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "ALDIA_DATABASE_URL": sqlite_database_url,
        "ALDIA_SECRET_KEY": SECRET_KEY,
        "ALDIA_BASE_URL": "http://127.0.0.1",
        "WHATSAPP_PHONE_NUMBER_ID": meta.PHONE_NUMBER_ID,
        "WHATSAPP_BUSINESS_ACCOUNT_ID": meta.BUSINESS_ACCOUNT_ID,
        "WHATSAPP_ACCESS_TOKEN": "x",
        "WHATSAPP_APP_SECRET": "x",
        "WHATSAPP_VERIFY_TOKEN": "x",
    }.items():
        monkeypatch.setenv(name, value)


def ran(*words: str) -> Result:
    return CliRunner().invoke(command, words)


@pytest.mark.usefixtures("told")
def test_a_pack_is_written_on_record_and_the_history_still_stands(tmp_path: Path) -> None:
    out = tmp_path / "pack.zip"

    made = ran("export", "--conversation", "1", "--out", str(out))

    assert made.exit_code == 0, made.output
    assert "sha256 " in made.stdout
    assert not standalone.check(standalone.opened(out), signer_of(SECRET_KEY).public).wrong
    with zipfile.ZipFile(out) as file:
        assert "evidence.requested" in file.read("historial.json").decode()
    assert ran("verify").exit_code == 0
    assert msgspec.json.decode(ran("head", "--json").stdout)["key"] == signer_of(SECRET_KEY).public


@pytest.mark.usefixtures("told")
def test_the_seals_can_be_kept_and_checked_from_a_file(tmp_path: Path) -> None:
    sealed = ran("seal")
    (tmp_path / "kept").write_text(sealed.stdout)
    (tmp_path / "spoilt").write_text("no seal\n")

    assert ran("verify", "--seals", str(tmp_path / "kept")).exit_code == 0
    spoilt = ran("verify", "--seals", str(tmp_path / "spoilt"))
    assert isinstance(spoilt.exception, Failed)
    assert "línea 1" in str(spoilt.exception)


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--conversation", "99", "--out", "x.zip"), "No existe la conversación 99"),
        (("--account", "C-0000", "--out", "x.zip"), "No existe la cuenta C-0000"),
        (("--conversation", "1", "--out", "no/such/x.zip"), "No existe la carpeta"),
    ],
)
def test_what_cannot_be_packed_is_said_in_a_line(words: tuple[str, ...], says: str) -> None:
    failed = ran("export", *words)

    assert isinstance(failed.exception, Failed)
    assert says in str(failed.exception)


@pytest.mark.parametrize("words", [("--out", "x"), ("--conversation", "1"), ("--conversation", "0", "--out", "x")])
def test_a_half_question_is_bad_usage(words: tuple[str, ...]) -> None:
    assert ran("export", *words).exit_code == 2
