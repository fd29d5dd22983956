"""What any test may ask for: a database of its own, real servers, and a clock that obeys."""

from __future__ import annotations

import functools
import gc
import os
import ssl
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis
import structlog

from console import app, audit, clock
from console.db import Database
from tests import litestar_once, servers, sqlalchemy_once
from tests.databases import PostgresCopies, SqliteCopies
from tests.postbox import postbox  # noqa: F401 a fixture

SECRET_KEY = "a secret of the tests, long enough to be one"

# Every httpx client reads the world's certificates anew, 20 ms each time; on loopback nobody shows any.
litestar_once.remember()
sqlalchemy_once.remember()
app._doors = litestar_once.copies_of(app._doors)
ssl.create_default_context = functools.cache(ssl.create_default_context)  # type: ignore[assignment]
# What a test writes is gone with it (pyproject.toml): no disk need ever see it.
if servers.in_memory():
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(servers.MEMORY))
# Drawing a traceback with all its values takes seconds, in which the process under test serves nobody.
_plainly = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
structlog.configure(processors=[structlog.processors.add_log_level, _plainly])
# Half of what takes a browser; the other half takes another.
FIRST_BROWSER = {"test_looks", "test_lost_connection", "test_hostile_text"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep together, in one process, what shares something there is only one of."""
    for item in items:
        if "tests/browser/" in item.path.as_posix():
            # Two browsers, one for each half of the work.
            item.add_marker(
                pytest.mark.xdist_group("a browser" if item.path.stem in FIRST_BROWSER else "a browser too")
            )
        elif "redis_url" in getattr(item, "fixturenames", ()) and "TEST_REDIS_URL" in os.environ:
            item.add_marker(pytest.mark.xdist_group("redis"))


def pytest_collection_finish() -> None:
    """Look for garbage as the product does (console.commands.serving): never again in what was imported."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 10, 10)


class Moment:
    """What `console.clock.now()` answers, for as long as the test lasts."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def passes(self, **timedelta_of: float) -> datetime:
        """Let time go by: `moment.passes(hours=24, seconds=1)`."""
        self.now += timedelta(**timedelta_of)
        return self.now

    def is_(self, now: datetime) -> None:
        """Jump, to a moment with a zone."""
        self.now = now.astimezone(UTC)


@pytest.fixture
def moment() -> Iterator[Moment]:
    """A clock that stands still on a Friday, 20 November 2026, 10:00 in Lima, until told otherwise."""
    moment = Moment(datetime(2026, 11, 20, 15, tzinfo=UTC))
    clock.set_source(lambda: moment.now)
    yield moment
    clock.set_source(None)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server: TEST_DATABASE_URL, or one that is started for this process. For its databases see below."""
    if given := os.environ.get("TEST_DATABASE_URL"):
        yield given
        return
    with servers.postgres() as server:
        yield server.url


@pytest.fixture(scope="session")
def _postgres_copies(postgres_url: str) -> Iterator[PostgresCopies]:
    copies = PostgresCopies(postgres_url)
    copies.prepare()
    yield copies
    copies.drop()


@pytest.fixture(scope="session")
def _sqlite_copies(tmp_path_factory: pytest.TempPathFactory) -> SqliteCopies:
    copies = SqliteCopies(tmp_path_factory.mktemp("sqlite"))
    copies.prepare()
    return copies


@pytest.fixture
def postgres_database_url(_postgres_copies: PostgresCopies) -> Iterator[str]:
    """A migrated, empty PostgreSQL database of this test's own."""
    with _postgres_copies.one() as url:
        yield url


@pytest.fixture
def sqlite_database_url(_sqlite_copies: SqliteCopies, tmp_path: Path) -> str:
    """A migrated, empty SQLite database of this test's own."""
    return _sqlite_copies.one(tmp_path)


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated, empty database of this test's own; the test runs once on SQLite and once on PostgreSQL."""
    url: str = request.getfixturevalue(f"{request.param}_database_url")
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """`console.db.Database` over `database_url`, sealing the history under SECRET_KEY."""
    database = Database(database_url, seal=audit.sealer(SECRET_KEY))
    yield database
    await database.close()


@pytest.fixture(scope="session")
def _redis_server_url() -> Iterator[str]:
    if given := os.environ.get("TEST_REDIS_URL"):
        yield given
        return
    with servers.valkey() as server:
        yield server.url


@pytest.fixture
def redis_url(_redis_server_url: str) -> str:
    """A Valkey or Redis, empty when the test begins: TEST_REDIS_URL (it is emptied!), or one of this process."""
    with redis.Redis.from_url(_redis_server_url) as client:
        client.flushall()
    return _redis_server_url


@pytest.fixture
def valkey() -> Iterator[servers.Server]:
    """A Valkey of this test's own, to be stopped, killed, frozen and started again."""
    with servers.valkey() as server:
        yield server
