"""What surrounds a process: its log, its connections, its threads, its file. Rows F26, F28, F37, F38, F40."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from console import passwords, wholeness
from console.db import Database
from tests import brood
from tests.faults import ledger
from tests.faults.product import Product, a_product, answers
from tests.front import a_console, settings_for
from tests.inbox import meta
from tests.patience import eventually_now


@pytest.fixture
def product(tmp_path: Path, sqlite_database_url: str) -> Iterator[Product]:
    with a_product(tmp_path, sqlite_database_url) as product:
        yield product


def test_a_log_that_nobody_reads_any_more_holds_up_nobody(product: Product) -> None:
    """F38: the pipe to whoever collects it is full, and stays so."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, b"x" * 4096)
    os.set_blocking(writer, True)
    with os.fdopen(reader, "rb"), os.fdopen(writer, "wb") as log:
        product.start(stdout=log)
        for _ in range(50):
            assert httpx.get(f"{product.address}/nothing-here", timeout=5).status_code == 404
        product.deliver(meta.body(meta.text("hola")))
        product.stop()


def test_a_process_without_places_for_connections_serves_again_when_there_are_some(product: Product) -> None:
    """F37: whoever comes meanwhile waits; nothing spins, nothing that was answered is lost."""
    product.start()
    assert product.console is not None
    pid = product.console.pid
    open_files = len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208 a name is all it has
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (open_files + 20, 4096))
    idle = [socket.create_connection(("127.0.0.1", product.port)) for _ in range(60)]
    before = cpu_seconds(pid)
    with contextlib.suppress(httpx.HTTPError):
        httpx.get(f"{product.address}/health", timeout=1)
    spent = cpu_seconds(pid) - before

    for each in idle:
        each.close()

    eventually_now(lambda: answers(f"{product.address}/health"), within=10)
    body = meta.body(element := meta.text("después"))
    product.deliver(body)
    asyncio.run(ledger.received_once(product.environment["ALDIA_DATABASE_URL"], [element["id"]]))
    assert spent < 0.7, "it looked for a place all the time"


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def test_deliveries_do_not_wait_for_passwords(sqlite_database_url: str, tmp_path: Path) -> None:
    """F40: every thread that hashes is busy, and more wait for one."""
    async with a_console(settings_for(sqlite_database_url, tmp_path)) as front:
        await front.agent("Ana")
        hashing = [asyncio.create_task(passwords.hashed(f"una frase muy larga {n}")) for n in range(12)]
        await asyncio.sleep(0)
        for n in range(5):
            assert (await front.webhook(meta.body(meta.text(f"mensaje {n}")))).status_code == 200
        assert not all(each.done() for each in hashing), "so that the test could fail"
        await asyncio.gather(*hashing)


async def test_a_page_that_the_disk_gives_back_wrong_is_found_before_anybody_writes_on(
    product: Product, tmp_path: Path
) -> None:
    """F26: at the start, by the doctor, and in the nightly look through the file."""
    path = tmp_path / "aldia.db"
    content = bytearray(path.read_bytes())
    content[4096 * 3 : 4096 * 4] = b"\xff" * 4096
    path.write_bytes(content)

    assert "está dañada" in refused(product, "serve", "--port", str(product.port))
    assert "está dañada" in refused(product, "doctor")

    db = Database(product.environment["ALDIA_DATABASE_URL"])
    assert await wholeness.damage(db) is not None
    await db.close()


@pytest.mark.parametrize("kind", ["a folder", "something else", "nowhere to write"])
def test_a_file_that_is_no_database_of_ours_stops_the_start_with_a_reason(
    product: Product, tmp_path: Path, kind: str
) -> None:
    """F28, in a form that root meets too."""
    path = tmp_path / "other.db"
    if kind == "a folder":
        path.mkdir()
    elif kind == "something else":
        path.write_bytes(os.urandom(20_000))
    else:
        path = Path("/proc/aldia.db")
    product.environment["ALDIA_DATABASE_URL"] = f"sqlite+aiosqlite:///{path}"

    said = refused(product, "serve", "--port", str(product.port))

    assert ("not a database" if kind == "something else" else "No se puede abrir") in said
    assert "Traceback" not in said
    assert "Traceback" not in refused(product, "migrate")


def refused(product: Product, *command: str) -> str:
    """What a command said that ended with 1."""
    with (product.folder / "said").open("w+") as said:
        how = {"stdout": said, "stderr": said, "cwd": product.folder, "env": product.environment}
        assert brood.start(brood.ALDIA, command, **how).wait(30) == 1
        said.seek(0)
        return said.read()
