"""A sign-in from a new browser tells its owner, many that failed tell administrators; both are on record."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlalchemy import delete, event

from console import audit
from console.agents import SignInSession
from console.notifications import finding
from console.notifications.choosing import SECURITY, Choice, wants
from console.notifications.finding import Notice
from console.sign_in_alerts import ATTEMPTS, UNFAMILIAR
from tests.front import PASSWORD, Front, a_console, settings_for
from tests.inbox.people import history


@pytest.fixture
async def front(database_url: str, tmp_path: Path) -> AsyncIterator[Front]:
    async with a_console(settings_for(database_url, tmp_path)) as front:
        yield front


async def alerts(front: Front) -> list[audit.Entry]:
    async with front.console.db.reading() as tx:
        entries = await audit.entries_after(tx, 0)
    return [entry for entry in entries if entry.action in {UNFAMILIAR, ATTEMPTS}]


async def told(front: Front) -> list[Notice]:
    async with front.console.db.reading() as tx:
        return await finding.notices(tx, await alerts(front))


async def comes(
    front: Front, http: httpx.AsyncClient, password: str = PASSWORD, email: str = "ana@andes.example"
) -> int:
    return (await http.post("/login", data={"email": email, "password": password})).status_code


async def test_a_new_browser_tells_its_owner_and_a_known_one_nobody(front: Front) -> None:
    ana = await front.agent("Ana")
    await front.agent("Elena", role="admin")

    async with httpx.AsyncClient(base_url=front.address, timeout=20, trust_env=False) as laptop:
        assert await comes(front, laptop) == 303
        assert await comes(front, laptop) == 303, "with the mark of the first time"

    assert [(entry.action, entry.subject) for entry in await alerts(front)] == [(UNFAMILIAR, f"agent:{ana.id}")]
    assert await told(front) == [Notice(ana.id, "sign_in", None)]
    page = await ana.see("/settings/sessions")
    assert "Ingresos desde un navegador o una red nuevos" in page
    assert "127.0.0.1" in page


async def test_who_signs_in_for_the_first_time_has_no_usual_browser(front: Front) -> None:
    ana = await front.agent("Ana")
    async with front.console.db.transaction() as tx:
        await tx.execute(delete(SignInSession).where(SignInSession.agent_id == ana.id))
    async with httpx.AsyncClient(base_url=front.address, timeout=20, trust_env=False) as laptop:
        assert await comes(front, laptop) == 303

    assert await alerts(front) == []


async def test_five_wrong_passwords_tell_administrators_once_whose_account_it_is(front: Front) -> None:
    await front.agent("Ana")
    admin = await front.agent("Elena", role="admin")
    assert "Nada que mirar" in await admin.see("/settings/sign-in")

    async with httpx.AsyncClient(base_url=front.address, timeout=20, trust_env=False) as stranger:
        answers = [await comes(front, stranger, "no es esta") for _ in range(7)]
        await comes(front, stranger, "no es esta", "nadie@andes.example")

    assert answers == [401] * 5 + [429] * 2
    assert await told(front) == [Notice(admin.id, "attempts", None)]
    page = await admin.see("/settings/sign-in")
    assert "5 ingresos fallidos seguidos · Ana" in page
    assert "no es esta" not in page


def test_nobody_chooses_not_to_hear_of_it() -> None:
    quiet = Choice(kinds=(), quiet_from=0, quiet_to=1439)

    assert all(wants(quiet, kind, datetime(2026, 11, 29, 8, tzinfo=UTC), ZoneInfo("America/Lima")) for kind in SECURITY)


async def test_an_address_without_an_account_gives_the_database_the_same_to_do(front: Front) -> None:
    """Counted in statements: how long an answer takes must not tell who works here."""
    await front.agent("Ana")
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "sign_in_throttle" in statement or "agent.email" in statement:
            asked.append(statement)

    database = front.console.db
    engines = {database.writer.sync_engine, database.reader.sync_engine}

    async def statements(email: str) -> list[str]:
        async with httpx.AsyncClient(base_url=front.address, timeout=20, trust_env=False) as stranger:
            asked.clear()
            for engine in engines:
                event.listen(engine, "before_cursor_execute", note)
            assert await comes(front, stranger, "no es esta", email) == 401
            for engine in engines:
                event.remove(engine, "before_cursor_execute", note)
        return list(asked)

    await statements("otra@andes.example")  # the first to fail from this address begins its count
    known = await statements("ana@andes.example")

    assert await statements("nadie@andes.example") == known
    assert any("max(sign_in_throttle.failures)" in one for one in known)


async def test_nor_does_the_history_grow_by_more_for_an_account_that_exists(front: Front) -> None:
    """The fifth failure in a row is noted of either; administrators are told of the account alone."""
    await front.agent("Ana")
    admin = await front.agent("Elena", role="admin")

    async def entries_of_five(email: str) -> list[str]:
        before = len(await history(front.console.db))
        async with httpx.AsyncClient(base_url=front.address, timeout=20, trust_env=False) as stranger:
            assert [await comes(front, stranger, "no es esta", email) for _ in range(5)] == [401] * 5
        return [entry.action for entry in (await history(front.console.db))[before:]]

    unknown = await entries_of_five("nadie@andes.example")
    assert await told(front) == []
    assert "Nada que mirar" in await admin.see("/settings/sign-in")

    assert await entries_of_five("ana@andes.example") == unknown
    assert unknown.count(ATTEMPTS) == 1
    assert await told(front) == [Notice(admin.id, "attempts", None)]
