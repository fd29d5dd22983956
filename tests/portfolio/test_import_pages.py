"""The door of imports: who may, what is refused before it is read, and a file as a browser sends it."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from console import clock, sessions
from console.agents import Agent, Role, Team
from console.portfolio import arrivals
from console.portfolio.batches import BatchState, ImportBatch
from console.portfolio.models import Creditor
from tests.api.house import House, serving
from tests.patience import eventually
from tests.portfolio.debts import a_debtor
from tests.portfolio.files import HEADER, MARIA

CSV = "\n".join([";".join(HEADER), ";".join(MARIA)]).encode()
UPLOAD = {"content-type": "application/octet-stream", "x-file-name": "cartera%20%C3%B1.csv"}


@pytest.fixture
async def house(database_url: str, tmp_path: Any) -> AsyncIterator[House]:
    async with serving(database_url, media_dir=tmp_path / "media") as house:
        yield house


async def browser(house: House, role: Role = Role.SUPERVISOR, *, alone: bool = False) -> httpx.AsyncClient:
    agent = await house.agent(f"Sara {secrets.token_hex(2)}", role)
    if alone:
        await elsewhere(house, agent)
    async with house.db.transaction() as tx:
        key = await sessions.start(tx, agent, address="127.0.0.1", user_agent="test")
    return httpx.AsyncClient(base_url=house.url, cookies={"aldia": key}, headers={"origin": house.url}, trust_env=False)


async def elsewhere(house: House, agent: Agent) -> None:
    from sqlalchemy import update  # noqa: PLC0415

    from console import clock  # noqa: PLC0415
    from console.agents import AgentTeam, Team  # noqa: PLC0415

    async with house.db.transaction() as tx:
        team = Team(name=f"Otra {agent.id}", created_at=clock.now())
        tx.add(team)
        await tx.flush()
        await tx.execute(update(AgentTeam).where(AgentTeam.agent_id == agent.id).values(team_id=team.id))


async def test_a_supervisor_brings_a_file_and_sees_it_through(house: House) -> None:
    async with await browser(house) as sara:
        sent = await sara.post("/portfolio/imports", content=CSV, headers=UPLOAD)
        assert sent.status_code == 201, sent.text
        path = sent.json()["location"]
        form = {"currency": "PEN", "column_account": "0", "column_name": "1", "column_due": "5", "column_balance": "7"}
        assert (await sara.post(f"{path}/columns", data=form)).status_code == 303

        async def is_ready() -> bool:
            return "Importar 1 fila<" in (await sara.get(path)).text

        await eventually(is_ready, within=20)
        assert (await sara.post(f"{path}/confirmation")).status_code == 303

        async def is_done() -> bool:
            return "Deshacer esta carga" in (await sara.get(path)).text

        await eventually(is_done, within=20)
        shown = await sara.get("/portfolio/imports")

    assert "cartera ñ.csv" in shown.text
    assert "44552716" not in shown.text


async def test_another_teams_imports_are_not_there(house: House) -> None:
    async with await browser(house) as sara, await browser(house, alone=True) as tito:
        path = (await sara.post("/portfolio/imports", content=CSV, headers=UPLOAD)).json()["location"]

        for answer in (
            await tito.get(path),
            await tito.get(f"{path}/problems"),
            await tito.post(f"{path}/columns", data={"currency": "PEN"}),
            await tito.post(f"{path}/confirmation"),
            await tito.post(f"{path}/discard"),
        ):
            assert answer.status_code == 404
        listed = (await tito.get("/portfolio/imports")).text
    assert "cartera ñ.csv" not in listed


async def test_what_was_brought_long_ago_is_found_page_by_page(house: House) -> None:
    async with await browser(house) as sara:
        async with house.db.reading() as tx:
            team = (await tx.scalars(select(Team.id).order_by(Team.id).limit(1))).one()
        await a_debtor(house.db, team)
        async with house.db.transaction() as tx:
            creditor = (await tx.scalars(select(Creditor.id))).one()
            whose = {"creditor_id": creditor, "team_id": team, "made_by_kind": "system", "made_at": clock.now()}
            for n in range(31):
                tx.add(ImportBatch(file_name=f"carga-{n:02}.csv", state=BatchState.DISCARDED, **whose))
                await tx.flush()
        newest = (await sara.get("/portfolio/imports")).text
        assert re.findall(r"carga-\d\d", newest) == [f"carga-{n:02}" for n in range(30, 0, -1)]

        older = re.search(r'href="(/portfolio/imports\?before=\d+)"', newest)
        assert older
        last = (await sara.get(older.group(1))).text
    assert re.findall(r"carga-\d\d", last) == ["carga-00"]
    assert "before=" not in last


async def test_agents_bring_nothing(house: House) -> None:
    async with await browser(house, Role.AGENT) as ana:
        assert (await ana.post("/portfolio/imports", content=CSV, headers=UPLOAD)).status_code == 403
        assert (await ana.get("/portfolio/imports")).status_code == 403


async def test_what_is_too_large_is_refused_on_its_way_and_leaves_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "LARGEST", 1024 * 1024)

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 64 * 1024

    async with await browser(house) as sara:
        told = await sara.post("/portfolio/imports", content=b"x" * 1_100_000, headers=UPLOAD)
        untold = await sara.post("/portfolio/imports", content=pieces(), headers=UPLOAD)
        form = await sara.post("/portfolio/imports", data={"file": "x"})
        junk = await sara.post("/portfolio/imports", content=b"\x89PNG....", headers=UPLOAD)

    assert [answer.status_code for answer in (told, untold, form, junk)] == [413, 413, 415, 422]
    assert not list((house.app.state.settings.media_dir / "imports").iterdir())
