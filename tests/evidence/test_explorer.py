"""The explorer of the history, packs asked for on screen, and the history that leaves as a table."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import openpyxl
import pytest
from sqlalchemy import select

from console import audit, clock
from console.agents import Viewer
from console.audit import Actor
from console.evidence import making, readable, searching, standalone
from console.evidence.keys import signer_of
from console.evidence.packs import EvidencePack, PackState
from console.evidence.searching import Asked
from tests.conftest import SECRET_KEY
from tests.front import Front, Person, a_console, settings_for
from tests.inbox import meta
from tests.patience import eventually
from tests.portfolio.debts import a_debtor
from tests.test_audit import attacked

ADMIN = Viewer(id=99, name="Iván", role="admin", team_ids=frozenset())


@pytest.fixture
async def front(database_url: str, tmp_path: Path) -> AsyncIterator[Front]:
    async with a_console(settings_for(database_url, tmp_path)) as front:
        yield front


@pytest.fixture
async def rosa(front: Front) -> Person:
    """A supervisor; María has written to her team, and what she owes is known."""
    rosa = await front.agent("Rosa", role="supervisor")
    assert (await front.webhook(meta.body(meta.text("Hola")))).status_code == 200
    await a_debtor(front.console.db, 1, external_id="C-0655", invoices=[])
    return rosa


async def recorded(front: Front, *entries: tuple[str, dict[str, object]]) -> None:
    async with front.console.db.transaction() as tx:
        for action, more in entries:
            audit.record(tx, Actor(kind="agent", id=1, name="Rosa"), action, **more)  # type: ignore[arg-type]


async def found(front: Front, asked: Asked, viewer: Viewer = ADMIN) -> list[str]:
    async with front.console.db.reading() as tx:
        page = await searching.find(tx, viewer, asked, front.console.settings.zone)
    return [entry.action for entry in page.entries]


@pytest.mark.usefixtures("rosa")
async def test_entries_are_found_by_contact_account_group_action_and_day(front: Front) -> None:
    await recorded(
        front,
        ("promise.made", {"conversation_id": 1, "account_id": 1}),
        ("tag.created", {}),
        ("template.updated", {}),
    )
    today = f"{clock.now().astimezone(front.console.settings.zone):%Y-%m-%d}"
    tomorrow = f"{clock.now().astimezone(front.console.settings.zone) + timedelta(days=1):%Y-%m-%d}"

    assert "message.received" in await found(front, Asked(contact="944218305"))
    assert await found(front, Asked(contact="nadie así")) == []
    assert await found(front, Asked(account="C-0655", action="promise.made")) == ["promise.made"]
    assert await found(front, Asked(account="C-9999")) == []
    assert await found(front, Asked(group="settings", action="tag.created")) == ["tag.created"]
    assert "promise.made" not in await found(front, Asked(group="messages"))
    assert await found(front, Asked(group="nonsense")) == []
    assert "tag.created" in await found(front, Asked(since=today, until=today))
    assert await found(front, Asked(since=tomorrow)) == []
    assert await found(front, Asked(until="2001-01-01")) == []


async def test_an_entry_shows_before_and_after_and_its_place_in_the_chain(front: Front, rosa: Person) -> None:
    await recorded(
        front,
        ("promise.made", {"conversation_id": 1, "old": {"due_on": "2026-11-21"}, "new": {"due_on": "2026-11-28"}}),
    )
    async with front.console.db.reading() as tx:
        number = await audit.head_of(tx)

    html = await rosa.see(f"/audit?group=agreements&entry={number}")

    assert "<del>2026-11-21</del>" in html
    assert "<ins>2026-11-28</ins>" in html
    assert "Esta entrada" in html
    assert f"Anterior {number - 1}" in html
    assert 'name="conversation" value="1"' in html


async def test_a_supervisor_sees_and_opens_only_what_is_of_her_teams(front: Front, rosa: Person) -> None:
    other = await front.agent("Olga", role="supervisor", team="Otra")
    await recorded(front, ("promise.made", {"conversation_id": 1, "account_id": 1}))
    async with front.console.db.reading() as tx:
        number = await audit.head_of(tx)

    assert "anotó una promesa" in await rosa.see("/audit")
    assert "anotó una promesa" not in await other.see(f"/audit?entry={number}")
    for form in ({"conversation": "1"}, {"account": "C-0655"}):
        assert (await other.http.post("/audit/packs", data=form)).status_code == 404
    exported = await other.http.get("/audit/export?format=csv")
    assert "promise.made" not in exported.text


async def test_a_page_that_would_take_long_is_cut_and_goes_on(
    front: Front, rosa: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "BUDGET", 0.0)
    monkeypatch.setattr(searching, "FIRST_STRETCH", 3)
    await recorded(
        front, ("tag.created", {}), *(("message.noted", dict[str, object](conversation_id=1)) for _ in range(6))
    )

    html = await rosa.see("/audit?group=messages")
    async with front.console.db.reading() as tx:
        page = await searching.find(tx, ADMIN, Asked(action="tag.created"), front.console.settings.zone)
        walked = [entry.action for entry in page.entries]
        while page.following:
            page = await searching.find(
                tx, ADMIN, Asked(action="tag.created"), front.console.settings.zone, below=page.following
            )
            walked += [entry.action for entry in page.entries]

    assert "Seguir buscando" in html
    assert walked == ["tag.created"]


async def pack_of(front: Front, person: Person, **form: str) -> str:
    """Ordered on screen, and made."""
    ordered = await person.http.post("/audit/packs", data=form)
    assert ordered.status_code == 303, ordered.text
    address = ordered.headers["location"]

    async def is_made() -> bool:
        return "Descargar" in (await person.http.get(f"{address}/progress")).text

    assert await eventually(is_made, within=30)
    return str(address)


async def test_a_pack_is_ordered_watched_taken_on_record_and_expires(front: Front, rosa: Person) -> None:
    address = await pack_of(front, rosa, account="C-0655")
    taken = await rosa.http.get(f"{address}/file")

    assert taken.status_code == 200
    assert taken.headers["content-disposition"].startswith("attachment")
    with zipfile.ZipFile(io.BytesIO(taken.content)) as file:
        assert not standalone.check(file.read, signer_of(SECRET_KEY).public).wrong
        assert json.loads(file.read("expediente.json"))["made_by"] == "Rosa"
    assert "listo" in await rosa.see("/audit")
    actions = await found(front, Asked(group="exports"))
    assert [each for each in actions if each.startswith("evidence.")] == [
        "evidence.downloaded",
        "evidence.made",
        "evidence.requested",
    ]
    luz = await front.agent("Luz", role="supervisor")
    assert (await luz.http.get(f"{address}/file")).status_code == 404, "of whoever asked, and administrators"

    async with front.console.db.transaction() as tx:
        pack = (await tx.scalars(select(EvidencePack))).one()
        pack.expires_at = clock.now()
    await making.let_go(front.console.db, front.console.settings)

    assert (await rosa.http.get(f"{address}/file")).status_code == 410
    assert "Caducó" in await rosa.see(address)
    assert not list((front.console.settings.media_dir / "packs").iterdir())


async def test_a_pack_of_a_touched_history_says_so(front: Front, rosa: Person) -> None:
    await attacked(front.console.db, "DELETE FROM audit_entry WHERE conversation_id = 1")
    ordered = await rosa.http.post("/audit/packs", data={"conversation": "1"})

    async def is_said() -> bool:
        return "no está íntegro" in (await rosa.http.get(ordered.headers["location"])).text

    assert await eventually(is_said, within=30)
    async with front.console.db.reading() as tx:
        assert (await tx.scalars(select(EvidencePack.state))).one() == PackState.FAILED


@pytest.mark.parametrize("form", [{}, {"conversation": "1", "account": "C-0655"}])
async def test_a_half_order_is_refused(front: Front, rosa: Person, form: dict[str, str]) -> None:
    assert (await rosa.http.post("/audit/packs", data=form)).status_code == 422


async def test_verifying_on_screen_is_on_record_and_says_where_it_breaks(front: Front, rosa: Person) -> None:
    fine = await rosa.http.post("/audit/verification")
    assert fine.headers["location"] == "/audit?verified=ok"
    assert "Íntegro" in await rosa.see("/audit?verified=ok")
    await recorded(front, ("tag.created", {}))
    async with front.console.db.reading() as tx:
        number = await audit.head_of(tx)
    await attacked(front.console.db, f"UPDATE audit_entry SET action = 'tag.updated' WHERE id = {number}")

    broken = await rosa.http.post("/audit/verification")

    assert broken.headers["location"] == f"/audit?verified={number}"
    assert "no está íntegro" in await rosa.see(f"/audit?verified={number}")


async def exported(person: Person, query: str = "") -> httpx.Response:
    answer = await person.http.get(f"/audit/export?{query}")
    assert answer.status_code == 200
    return answer


@pytest.mark.usefixtures("rosa")
async def test_an_export_is_on_record_holds_no_formula_and_its_end_can_be_told(front: Front) -> None:
    """L16."""
    await recorded(front, ("conversation.released", {"conversation_id": 1, "subject": '=HYPERLINK("http://evil")'}))
    admin = await front.agent("Iván", role="admin")

    text = (await exported(admin, "format=csv")).content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text), delimiter=";"))
    book = openpyxl.load_workbook(io.BytesIO((await exported(admin, "format=xlsx&contact=María")).content))

    assert rows[-1][0] == "FIN"
    assert rows[-1][1] == f"{len(rows) - 2} entradas"
    assert any("'=HYPERLINK" in cell for row in rows for cell in row)
    assert not any(cell.startswith("=") for row in rows for cell in row)
    assert next(iter(book.worksheets[0].values))[0] == "N.º"
    async with front.console.db.reading() as tx:
        news = await tx.scalars(select(audit.AuditEntry.new).where(audit.AuditEntry.action == "history.exported"))
        assert "María" not in "".join(str(new) for new in news), "the log holds no names"
    assert (await admin.http.get("/audit/export?format=pdf")).status_code == 422


def test_every_action_is_said_in_spanish() -> None:
    """Those that the code records today, and any that it may record tomorrow."""
    import re  # noqa: PLC0415 beside its only use

    console = Path(readable.__file__).parents[1]
    written = "".join(file.read_text() for file in console.rglob("*.py") if "migrations" not in file.parts)
    objects = "|".join(readable._OBJECTS)
    actions = set(re.findall(rf'"((?:{objects})\.[a-z_]+)"', written)) | {"something.odd"}

    assert len(actions) > 60
    for action in actions:
        words = readable.sentence(action, "Ana", {})
        assert words != action, action
        assert "{" not in words, action
