"""Files and the malware scanner through the front door: what it finds opens for nobody, what it has not seen neither.

Row M25.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from console import clock, doctor
from console.agents import ApiToken
from console.audit import SYSTEM, AuditEntry
from console.db import Database
from console.inbox import channel_state, fetcher, media_files
from console.inbox.channel import Channel
from console.inbox.models import Media, Message, Status
from console.message_templates.models import TemplateSubmission
from console.privacy import erasing
from console.scanning import keeping
from console.scanning import scanner as loop
from console.scanning.models import ScannedFile
from console.sessions import hash_of
from integrations.simulator.graph_number import APP
from tests.attachments import samples
from tests.attachments.test_bring_and_send import bring, chat, send, waiting
from tests.canned.test_canned import make
from tests.canned.test_files import bring as bring_canned
from tests.conftest import Moment
from tests.consents.test_consents import YES
from tests.evidence.test_packs import packed, unpacked, verified
from tests.faults.test_kill_on_the_way_out import TOKEN
from tests.front import Person, a_console, settings_for
from tests.inbox import files
from tests.inbox.test_both_ends import MARIA, Ends, a_simulator, both_ends
from tests.message_templates.test_header_samples import bring as bring_sample
from tests.message_templates.test_header_samples import submit, the_draft, write
from tests.patience import eventually
from tests.portfolio.test_import_pages import CSV, UPLOAD
from tests.scanning.clamd import EICAR, SIGNATURE, FakeClamd, a_scanner

AWAY = ["down", "hung", "garbage"]
"""A scanner that is not there, for whatever reason."""
MUTE = ["slow", "odd", "limit"]
"""One that is there, and has nothing to say of a file."""
CHECKING = "revisando con el antivirus"
HELD = "retenido por el antivirus"


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who comes back is found in no time."""
    monkeypatch.setattr(loop, "LONGEST_PAUSE", 0.2)


@pytest.fixture
def clamd() -> Iterator[FakeClamd]:
    with a_scanner() as clamd:
        yield clamd


@pytest.fixture
async def ends(database_url: str, tmp_path: Path, clamd: FakeClamd) -> AsyncIterator[Ends]:
    async with both_ends(database_url, tmp_path, scanner=clamd.address, scanner_seconds=1) as ends:
        yield ends


async def sends_file(ends: Ends, content: bytes, name: str = "nota.txt", kind: str = "text/plain") -> int:
    """María sends a file; the attachment's id once its bytes are here."""
    before = {media.sha256 for media in await attachments(ends)}
    answer = await ends.control.post(
        f"/simulator/api/personas/{MARIA}/files", files={"file": (name, content, kind)}, timeout=10
    )
    assert answer.status_code < 300, answer.text

    async def here() -> list[int]:
        return [m.id for m in await attachments(ends) if m.state == "stored" and m.sha256 not in before]

    return (await eventually(here, within=15))[0]


async def attachments(ends: Ends) -> list[Media]:
    async with ends.db.reading() as tx:
        return list(await tx.scalars(select(Media).order_by(Media.id)))


async def entries(ends: Ends, *actions: str) -> list[AuditEntry]:
    async with ends.db.reading() as tx:
        wanted = select(AuditEntry).where(AuditEntry.action.in_(actions)).order_by(AuditEntry.id)
        return list(await tx.scalars(wanted))


async def status(person: Person, path: str) -> int:
    return (await person.http.get(path)).status_code


def opens(person: Person, media_id: int) -> Any:
    async def look() -> bool:
        return await status(person, f"/media/{media_id}") == 303

    return look


def shows(person: Person, text: str) -> Any:
    async def look() -> bool:
        return text in await person.see("/inbox/1?view=all")

    return look


async def put_off(ends: Ends) -> bool:
    async with ends.db.reading() as tx:
        return bool(await tx.scalar(select(ScannedFile.sha256).where(ScannedFile.attempts > 0)))


async def test_a_clean_file_opens_by_itself_and_that_it_was_scanned_is_on_record(ends: Ends, clamd: FakeClamd) -> None:
    await ends.writes(MARIA)
    clamd.becomes("hung")
    async with ends.ana.live(opened=1) as wire:
        media_id = await sends_file(ends, b"Le mando mi comprobante")
        await wire.shows(CHECKING, within=10)
        clamd.becomes("on")
        frame = await wire.shows(f"/media/{media_id}", within=15)

    assert CHECKING not in frame.html
    await eventually(opens(ends.ana, media_id))
    (media,) = await attachments(ends)
    assert clamd.scanned == [media.sha256]
    (entry,) = await entries(ends, "media.cleared", "media.quarantined")
    assert (entry.action, entry.subject, entry.message_id) == ("media.cleared", f"media:{media_id}", media.message_id)


async def test_an_infected_file_opens_for_nobody_by_any_door(ends: Ends, tmp_path: Path) -> None:
    elena, victor = await ends.front.agent("Elena", role="admin"), await ends.front.agent("Víctor", role="supervisor")
    await ends.writes(MARIA)
    async with ends.ana.live(opened=1) as wire:
        media_id = await sends_file(ends, EICAR)
        frame = await wire.shows(HELD, within=10)
    assert f"/media/{media_id}" not in frame.html, "no link, no preview"

    for person in (ends.ana, victor, elena):
        assert HELD in await person.see("/inbox/1?view=all")
        for door in ("", "/pages/1", "/first-page"):
            assert await status(person, f"/media/{media_id}{door}") == 403
    for reader in (elena, victor):
        assert SIGNATURE in await reader.see("/audit?group=malware")
        assert SIGNATURE in await reader.see("/supervisor")
    (entry,) = await entries(ends, "media.quarantined")
    assert (entry.conversation_id, entry.subject) == (1, f"media:{media_id}")
    assert json.loads(entry.new or "")["signature"] == SIGNATURE

    where = unpacked(await packed(ends.front, tmp_path / "pack.zip"), tmp_path / "out")
    said = json.loads((where / "expediente.json").read_text())["conversations"][0]["messages"][-1]["media"]
    assert [(each["state"], each["file"]) for each in said] == [("quarantined", None)]
    assert not (where / "media").exists()
    assert verified(where)[0] == 0


async def test_the_same_bytes_again_are_held_at_once_and_on_record_again(ends: Ends, clamd: FakeClamd) -> None:
    await ends.writes(MARIA)
    await sends_file(ends, EICAR)
    await eventually(shows(ends.ana, HELD), within=10)
    scanned = len(clamd.scanned)

    answer = await ends.control.post(
        f"/simulator/api/personas/{MARIA}/files", files={"file": ("otra.txt", EICAR, "text/plain")}
    )
    assert answer.status_code < 300

    async def twice() -> bool:
        return len(await entries(ends, "media.quarantined")) == 2

    await eventually(twice, within=10)
    assert len(clamd.scanned) == scanned, "the verdict is of the bytes"


@pytest.mark.parametrize("mode", AWAY)
async def test_while_the_scanner_is_away_messages_come_and_files_wait(ends: Ends, clamd: FakeClamd, mode: str) -> None:
    clamd.becomes(mode)
    victor = await ends.front.agent("Víctor", role="supervisor")
    await ends.writes(MARIA, "Ahí le va")
    media_id = await sends_file(ends, b"Mi comprobante")
    held = await sends_file(ends, EICAR, "otro.txt")

    shown = await ends.ana.see("/inbox/1?view=all")
    assert "Ahí le va" in shown
    assert shown.count(CHECKING) == 2
    assert [await status(ends.ana, f"/media/{each}") for each in (media_id, held)] == [409, 409]
    ready = await ends.front.outside.get("/ready")
    assert (ready.status_code, ready.json()["scanner"], ready.json()["failing"]) == (200, "failing", [])

    async def told() -> bool:
        numbers = (await ends.front.outside.get("/metrics")).text
        return "aldia_scanner_away 1.0" in numbers and 'aldia_backlog{of="unscanned"} 2.0' in numbers

    await eventually(told, within=10)
    findings = [each async for each in doctor.examine(ends.front.console.settings) if each.about == "antivirus"]
    assert [each.is_well for each in findings] == [False]

    clamd.becomes("on")

    await eventually(opens(ends.ana, media_id), within=15)
    await eventually(shows(victor, HELD), within=15)
    assert await status(ends.ana, f"/media/{held}") == 403
    assert (await ends.front.outside.get("/ready")).json()["scanner"] == "ok"
    async with ends.db.reading() as tx:
        assert list(await tx.scalars(select(ScannedFile.attempts))) == [0, 0], "no file paid for it"


@pytest.mark.parametrize("mode", MUTE)
async def test_a_file_the_scanner_says_nothing_of_is_shown_to_it_again(ends: Ends, clamd: FakeClamd, mode: str) -> None:
    await ends.writes(MARIA)
    clamd.becomes(mode)
    media_id = await sends_file(ends, b"Mi comprobante")
    await eventually(lambda: put_off(ends), within=10)
    assert await status(ends.ana, f"/media/{media_id}") == 409

    clamd.becomes("on")

    await eventually(opens(ends.ana, media_id), within=20)


async def test_what_an_agent_sends_leaves_when_it_is_clean(ends: Ends, clamd: FakeClamd) -> None:
    conversation = await ends.writes(MARIA)
    clamd.becomes("down")
    attachment = waiting(await bring(ends.ana, conversation, samples.PDF))
    assert (await send(ends.ana, conversation, attachment)).status_code == 201
    await ends.ana.reply(conversation, "Léalo, por favor")

    async def seen_away() -> bool:
        return "aldia_scanner_away 1.0" in (await ends.front.outside.get("/metrics")).text

    await eventually(seen_away, within=10)
    assert await chat(ends) == []
    assert CHECKING in await ends.ana.see(f"/inbox/{conversation}?view=all")
    clamd.becomes("on")
    await ends.all_reach(Status.DELIVERED, within=20)

    assert [it["kind"] for it in await chat(ends)] == ["document", "text"]
    await ends.nothing_was_sent_twice()


async def test_an_infected_upload_never_leaves(ends: Ends, clamd: FakeClamd) -> None:
    conversation = await ends.writes(MARIA)
    clamd.becomes("down")
    queued = waiting(await bring(ends.ana, conversation, EICAR, "lista.txt"))
    assert (await send(ends.ana, conversation, queued)).status_code == 201
    clamd.becomes("on")
    await ends.all_reach(Status.FAILED, within=20)
    shown = await ends.ana.see(f"/inbox/{conversation}?view=all")
    assert "El antivirus retuvo el archivo, y este mensaje no salió." in shown
    assert HELD in shown
    assert "Enviar otra vez" not in shown

    again = waiting(await bring(ends.ana, conversation, EICAR, "lista.txt"))
    refused = await send(ends.ana, conversation, again)

    assert "El antivirus retuvo este archivo" in refused.text
    (failed,) = await ends.ours()
    resent = await ends.ana.do(f"/inbox/{conversation}/messages/{failed.id}/resend", client_key="otra vez")
    assert "El antivirus retuvo este archivo" in resent.text
    assert await chat(ends) == []
    assert not await ends.accepted()


@asynccontextmanager
async def one_after_the_other(database_url: str, tmp_path: Path) -> AsyncIterator[Any]:
    """Consoles over the same database and telephone, each with settings of its own."""
    async with AsyncExitStack() as stack:
        simulator, address = await stack.enter_async_context(a_simulator())
        control = await stack.enter_async_context(httpx.AsyncClient(base_url=address, trust_env=False))

        @asynccontextmanager
        async def another(name: str, **more: Any) -> AsyncIterator[Ends]:
            async with a_console(settings_for(database_url, tmp_path, whatsapp_api_url=address, **more)) as front:
                simulator.webhooks.courier.redirect(f"{front.address}/webhooks/whatsapp")
                yield Ends(front, control, await front.agent(name))

        yield another


async def test_what_was_kept_before_a_scanner_was_connected_opens_once_it_has_seen_it(
    database_url: str, tmp_path: Path, clamd: FakeClamd
) -> None:
    async with one_after_the_other(database_url, tmp_path) as console:
        async with console("Ana") as ends:
            conversation = await ends.writes(MARIA)
            clean, infected = await sends_file(ends, b"Mi comprobante"), await sends_file(ends, EICAR, "otro.txt")
            assert [await status(ends.ana, f"/media/{each}") for each in (clean, infected)] == [303, 303]
            assert (await ends.front.outside.get("/ready")).json()["scanner"] == "off"
            attachment = waiting(await bring(ends.ana, conversation, EICAR, "lista.txt"))
            await send(ends.ana, conversation, attachment)
            await ends.all_reach(Status.DELIVERED, within=20)
            await let_out(ends, is_on=False)
            queued = waiting(await bring(ends.ana, conversation, EICAR, "lista.txt"))
            assert (await send(ends.ana, conversation, queued)).status_code == 201
            async with ends.db.reading() as tx:
                assert (await tx.scalars(select(ScannedFile))).all() == []
                assert await tx.scalar(select(Message.due_at).where(Message.status == Status.QUEUED)), "WhatsApp has it"
        assert clamd.scanned == []

        clamd.becomes("down")
        async with console("Luz", scanner=clamd.address, scanner_seconds=1) as ends:
            assert [await status(ends.ana, f"/media/{each}") for each in (clean, infected)] == [409, 409]
            await let_out(ends, is_on=True)

            async def waits() -> bool:
                return (await ends.ours())[-1].due_at is None

            await eventually(waits, within=10)
            again = waiting(await bring(ends.ana, conversation, EICAR, "lista.txt"))
            assert (await send(ends.ana, conversation, again)).status_code == 201
            clamd.becomes("on")
            await eventually(opens(ends.ana, clean), within=15)
            await ends.all_reach(Status.DELIVERED, Status.FAILED, within=20)
            assert await status(ends.ana, f"/media/{infected}") == 403
            left, *held = [message.status for message in await ends.ours()]
            assert (left, held) == (Status.DELIVERED, [Status.FAILED, Status.FAILED])
            assert len(await chat(ends)) == 1

        async with console("Eva") as ends:
            assert await status(ends.ana, f"/media/{infected}") == 403, "what was found is not forgotten"
            assert await status(ends.ana, f"/media/{clean}") == 303


async def let_out(ends: Ends, *, is_on: bool) -> None:
    async with ends.db.transaction() as tx:
        channel = (await tx.scalars(select(Channel))).one()
        if is_on:
            await channel_state.resume(tx, channel, by=SYSTEM)
        else:
            await channel_state.pause(tx, channel, kind="person", reason="un momento", by=SYSTEM)


async def test_the_houses_own_files_and_proofs_are_scanned_as_well(ends: Ends, clamd: FakeClamd) -> None:
    conversation = await ends.writes(MARIA)
    await make(ends.ana, "Dónde pagar", "Le envío los lugares.")
    clamd.becomes("down")
    assert (await bring_canned(ends.ana, 1)).status_code == 201
    assert (await bring_canned(ends.ana, 1, samples.PDF + EICAR, "otro.pdf")).status_code == 201
    proof = {"file": ("contrato.pdf", b"%PDF-1.7\n" + EICAR, "application/pdf")}
    form = {**YES, "how": "contract"}
    path = f"/inbox/{conversation}/consents"
    noted = await ends.ana.http.post(path, data=form, files=proof, headers={"origin": ends.front.address})
    assert noted.status_code == 303, noted.text
    house, theirs = [f"/settings/canned/1/files/{each}" for each in (1, 2)], f"{path}/1/file"
    assert [await status(ends.ana, each) for each in (*house, theirs)] == [409, 409, 409]

    clamd.becomes("on")

    async def settled() -> bool:
        return [await status(ends.ana, each) for each in (*house, theirs)] == [200, 403, 403]

    await eventually(settled, within=15)
    told = {
        entry.subject: json.loads(entry.new or "")["signature"] for entry in await entries(ends, "file.quarantined")
    }
    assert told == {"canned_text:1": SIGNATURE, "consent:1": SIGNATURE}
    put = await ends.ana.do(f"/inbox/{conversation}/canned-texts/1/attachments")
    staged = re.findall(r'data-file="(\d+)"', put.text)
    assert "El antivirus retuvo este archivo" in (await send(ends.ana, conversation, staged[1])).text
    assert (await send(ends.ana, conversation, staged[0])).status_code == 201


async def test_a_file_of_debts_is_read_only_after_the_scanner(ends: Ends, clamd: FakeClamd) -> None:
    elena = await ends.front.agent("Elena", role="admin")

    async def brings(content: bytes) -> httpx.Response:
        headers = {**UPLOAD, "origin": ends.front.address}
        return await elena.http.post("/portfolio/imports", content=content, headers=headers)

    refused = await brings(CSV + b"\n" + EICAR)
    assert (refused.status_code, SIGNATURE in refused.text) == (422, True)
    clamd.becomes("down")
    assert (await brings(CSV)).status_code == 503
    clamd.becomes("on")
    assert (await brings(CSV)).status_code == 201
    (entry,) = await entries(ends, "file.quarantined")
    assert (entry.actor_name, entry.subject) == ("Elena", "import")
    folder = ends.front.console.settings.media_dir / "imports"
    assert len(list(folder.iterdir())) == 1, "what was refused is gone"


async def test_the_api_says_how_a_file_stands(ends: Ends, clamd: FakeClamd) -> None:
    await ends.writes(MARIA)
    async with ends.db.transaction() as tx:
        tx.add(ApiToken(name="crm", token_hash=hash_of(TOKEN), scopes=["messages:read"], created_at=clock.now()))
    clamd.becomes("down")
    await sends_file(ends, EICAR)

    async def state() -> str:
        headers = {"authorization": f"Bearer {TOKEN}"}
        answer = await ends.front.outside.get("/api/v1/conversations/1/messages", headers=headers)
        return next(str(it["media"]["state"]) for it in answer.json()["items"] if it["media"])

    assert await state() == "checking"
    clamd.becomes("on")

    async def held() -> bool:
        return await state() == "quarantined"

    await eventually(held, within=15)


async def test_a_scanner_that_is_late_is_an_alert_of_whoever_leads(
    ends: Ends, clamd: FakeClamd, moment: Moment
) -> None:
    victor = await ends.front.agent("Víctor", role="supervisor")
    await ends.writes(MARIA)
    clamd.becomes("down")
    await sends_file(ends, b"Mi comprobante")
    assert "El antivirus no ha revisado" not in await victor.see("/supervisor")

    moment.passes(minutes=3)

    assert "El antivirus no ha revisado lo que llegó" in await victor.see("/supervisor")


async def test_a_verdict_goes_with_the_file(ends: Ends, clamd: FakeClamd) -> None:
    """Erasing a person leaves no word of what they sent."""
    await ends.writes(MARIA)
    await sends_file(ends, EICAR)
    await eventually(shows(ends.ana, HELD), within=10)

    async with ends.db.transaction() as tx:
        gone = await erasing.erase(tx, 1, by=SYSTEM)
    erasing.remove(gone, ends.front.console.settings.media_dir)

    async with ends.db.reading() as tx:
        assert (await tx.scalars(select(ScannedFile))).all() == []
    assert list(media_files.kept(ends.front.console.settings.media_dir)) == []


async def test_what_is_swept_away_leaves_no_verdict(ends: Ends) -> None:
    conversation = await ends.writes(MARIA)
    attachment = waiting(await bring(ends.ana, conversation, samples.PDF))
    await ends.ana.do(f"/inbox/{conversation}/attachments/{attachment}/removal")
    folder = ends.front.console.settings.media_dir
    (path,) = media_files.kept(folder)
    files.long_ago(path)

    assert await fetcher.sweep(ends.db, folder) == (1, 0)

    async with ends.db.reading() as tx:
        assert (await tx.scalars(select(ScannedFile))).all() == []


async def test_the_sample_of_a_template_goes_to_meta_once_it_is_clean(
    database_url: str, tmp_path: Path, clamd: FakeClamd
) -> None:
    connected = {"scanner": clamd.address, "scanner_seconds": 1, "whatsapp_app_id": APP["id"]}
    async with both_ends(database_url, tmp_path, **connected) as ends:
        elena = await ends.front.agent("Elena", role="admin")
        await write(elena)
        draft = await the_draft(ends.front)
        shown = f"/template-files/{draft.id}"
        clamd.becomes("down")
        assert (await bring_sample(elena, draft.id)).status_code == 201

        assert "se está revisando con el antivirus" in (await submit(elena, draft)).text
        assert await status(elena, shown) == 409
        assert await outcomes(ends) == []

        clamd.becomes("on")
        await eventually(lambda: becomes(elena, shown, 200), within=15)
        assert (await bring_sample(elena, draft.id, samples.PDF + EICAR)).status_code == 201
        await eventually(lambda: becomes(elena, shown, 403), within=15)
        assert "El antivirus retuvo este archivo" in (await submit(elena, draft)).text
        assert await outcomes(ends) == []

        assert (await bring_sample(elena, draft.id)).status_code == 201
        await submit(elena, draft)
        assert await outcomes(ends) == ["accepted"]


async def outcomes(ends: Ends) -> list[str]:
    async with ends.db.reading() as tx:
        return list(await tx.scalars(select(TemplateSubmission.outcome)))


async def becomes(person: Person, path: str, wanted: int) -> bool:
    return await status(person, path) == wanted


async def test_those_who_scan_beside_each_other_never_take_the_same(database: Database) -> None:
    hashes = {hashlib.sha256(bytes([n])).hexdigest() for n in range(20)}
    async with database.transaction() as tx:
        await keeping.ask(tx, dict.fromkeys(hashes))
        await keeping.ask(tx, dict.fromkeys(hashes))

    async def take() -> list[str]:
        mine: list[str] = []
        for _ in range(10):
            async with database.transaction() as tx:
                mine += await keeping.claim(tx, limit=2, lease=timedelta(minutes=2))
        return mine

    taken = [sha256 for mine in await asyncio.gather(*(take() for _ in range(4))) for sha256 in mine]

    assert len(taken) == len(set(taken))
    assert set(taken) == hashes
