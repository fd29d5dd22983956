"""An evidence pack: whole, readable, and checked by its own verifier; whatever is touched in it shows."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator, Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from console import audit, clock
from console.audit import SYSTEM
from console.db import Database
from console.evidence import scopes, seals, standalone
from console.evidence.compiling import compile_pack
from console.evidence.keys import signer_of
from console.evidence.proofs import Unproven
from console.inbox import media_files
from console.inbox.models import Media, Message, Status
from tests.conftest import SECRET_KEY, Moment
from tests.front import Front, a_console, settings_for
from tests.inbox import meta
from tests.inbox.files import png
from tests.portfolio.debts import a_debtor
from tests.test_audit import attacked

HOSTILE = "¿Cuánto debo? Ñandú, piñata, 😀👍🏽🇵🇪 — שלום عربي 你好 \u202etrampa\n" + "palabra" * 90
PUBLIC = signer_of(SECRET_KEY).public
Story = tuple[Front, int]


@pytest.fixture
async def story(database_url: str, tmp_path: Path, moment: Moment) -> AsyncIterator[Story]:
    """María asks, Ana answers within hours, Luz at night, a photo came, and she asked to be left alone."""
    async with a_console(settings_for(database_url, tmp_path)) as front:
        ana = await front.agent("Ana")
        assert (await front.webhook(meta.body(meta.text(HOSTILE)))).status_code == 200
        assert (
            await front.webhook(meta.body(meta.message("image", {"id": "77", "mime_type": "image/png"})))
        ).status_code == 200
        await a_debtor(front.console.db, 1, invoices=[("F-1", date(2026, 10, 1), 41250)], document=("DNI", "45678912"))
        assert (await ana.reply(1, "Buenos días, María: son S/ 412.50 👌")).status_code == 201
        async with front.console.db.transaction() as tx:
            media = (await tx.scalars(select(Media))).one()
            body = png()
            media.state, media.sha256, media.size = "stored", hashlib.sha256(body).hexdigest(), len(body)
            media.mime_type, media.filename = "image/png", "yape.png"
            path = media_files.place(front.console.settings.media_dir, media.sha256)
            path.parent.mkdir(parents=True)
            path.write_bytes(body)
            sent = (await tx.scalars(select(Message).where(Message.direction == "out"))).one()
            sent.wamid, sent.status = "wamid.OURS", Status.SENT
        moment.passes(seconds=30)
        statuses = [meta.status("wamid.OURS", what) for what in ("delivered", "read")]
        assert (await front.webhook(meta.body(statuses=statuses))).status_code == 200
        moment.passes(hours=13)
        luz = await front.agent("Luz")
        assert (await luz.reply(1, "Le insisto a estas horas", force="1")).status_code == 201
        assert (await luz.do("/inbox/1/consent", kind="opt_out")).status_code == 200
        yield front, 1


async def packed(front: Front, to: Path, *, account: str | None = None) -> Path:
    db, settings = front.console.db, front.console.settings
    async with db.transaction() as tx:
        scope = await (scopes.of_account(tx, account) if account else scopes.of_conversation(tx, 1))
        assert scope is not None
        scopes.record_request(tx, SYSTEM, scope)
    await compile_pack(db, settings, scope, to, by="Rosa Vega")
    return to


def leftovers(folder: Path) -> list[Path]:
    return list(folder.glob("pack.zip*"))


def unpacked(pack: Path, to: Path) -> Path:
    with zipfile.ZipFile(pack) as file:
        file.extractall(to)
    return to


def verified(where: Path, *options: str) -> tuple[int, str]:
    """As a stranger does it: the script of the pack, in a Python that has nothing of ours."""
    command = [sys.executable, "-I", "-S", str(where / "verificar.py"), str(where), *options]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    return ran.returncode, ran.stdout + ran.stderr


async def test_a_pack_holds_everything_and_its_own_verifier_agrees(story: Story, tmp_path: Path) -> None:
    front, _ = story
    where = unpacked(await packed(front, tmp_path / "pack.zip"), tmp_path / "out")

    dossier = json.loads((where / "expediente.json").read_text())
    code, said = verified(where, "--clave", PUBLIC)

    assert code == 0, said
    assert "TODO CONCUERDA" in said
    [thread] = dossier["conversations"]
    texts = [message["text"] for message in thread["messages"] if message["kind"] == "text"]
    assert texts == [HOSTILE, "Buenos días, María: son S/ 412.50 👌", "Le insisto a estas horas"]
    [answer, insisted] = [message for message in thread["messages"] if message["direction"] == "out"]
    assert [status["status"] for status in answer["statuses"]] == ["delivered", "read"]
    assert (answer["hour"], insisted["hour"]) == ("within", "outside")
    assert answer["author"]["name"] == "Ana"
    [account] = dossier["accounts"]
    assert (account["document_number"], account["overdue_minor"]) == ("45678912", 41250)
    [photo] = [media for message in thread["messages"] for media in message["media"]]
    assert (where / photo["file"]).read_bytes() == png()
    assert (where / "expediente.pdf").read_bytes().startswith(b"%PDF")


async def test_by_the_account_the_same_conversation_is_found(story: Story, tmp_path: Path) -> None:
    front, _ = story
    async with front.console.db.reading() as tx:
        external = (await tx.execute(text("SELECT external_id FROM account"))).scalar_one()

    where = unpacked(await packed(front, tmp_path / "pack.zip", account=external), tmp_path / "out")

    assert verified(where, "--clave", PUBLIC)[0] == 0
    assert [thread["id"] for thread in json.loads((where / "expediente.json").read_text())["conversations"]] == [1]


async def test_row_x26_words_that_ask_for_a_file_or_an_address_are_printed_and_nothing_else(
    sqlite_database_url: str, tmp_path: Path, moment: Moment
) -> None:
    asked: list[object] = []
    async with await asyncio.start_server(lambda *came: asked.append(came), "127.0.0.1", 0) as stranger:
        there = f"http://127.0.0.1:{stranger.sockets[0].getsockname()[1]}/x.png"
        said = (
            f"<img src={there}> ![foto]({there}) [clic](javascript:alert(1)) file:///etc/hostname <link href={there}>"
        )
        async with a_console(settings_for(sqlite_database_url, tmp_path)) as front:
            assert (await front.webhook(meta.body(meta.text(said)))).status_code == 200
            where = unpacked(await packed(front, tmp_path / "pack.zip"), tmp_path / "out")

    printed = (where / "expediente.pdf").read_bytes()
    assert not asked
    assert not re.findall(rb"/(?:URI|Launch|JavaScript|JS|EmbeddedFile|GoToR|SubmitForm)\b", printed)
    [message] = json.loads((where / "expediente.json").read_text())["conversations"][0]["messages"]
    assert message["text"] == said


def changed(name: str, change: Callable[[Any], Any]) -> Callable[[Path], None]:
    def do(where: Path) -> None:
        value = json.loads((where / name).read_text())
        change(value)
        (where / name).write_text(json.dumps(value, ensure_ascii=False))
        # Somebody clever also writes the new hash into the list; its signature they cannot make.
        manifest = json.loads((where / "manifiesto.json").read_text())
        manifest["files"][name] = hashlib.sha256((where / name).read_bytes()).hexdigest()
        (where / "manifiesto.json").write_text(json.dumps(manifest))

    return do


def first_message(dossier: Any) -> Any:
    return dossier["conversations"][0]["messages"][0]


TOUCHED = {
    "a message's words": (
        changed("expediente.json", lambda d: first_message(d).update(said='["text","Sí pago",null]', text="Sí pago")),
        "no dice lo que consta en el historial",
    ),
    "words shown that are not those proven": (
        changed("expediente.json", lambda d: first_message(d).update(text="Sí pago")),
        "se muestra distinto",
    ),
    "a message left out": (
        changed("expediente.json", lambda d: d["conversations"][0]["messages"].pop(1)),
        "falta algo antes de",
    ),
    "the last message left out": (
        changed("expediente.json", lambda d: d["conversations"][0]["messages"].pop()),
        "faltan los últimos mensajes",
    ),
    "an entry's time": (
        changed(
            "historial.json", lambda h: h["entries"][2].update(hashed=h["entries"][2]["hashed"].replace(",1", ",2", 1))
        ),
        "fue alterada",
    ),
    "an entry from elsewhere": (
        changed("historial.json", lambda h: h["entries"][2].update(path=h["entries"][1]["path"])),
        "no está bajo el sello",
    ),
    "a seal": (
        changed("historial.json", lambda h: h["seals"][0].update(at="2020-01-01T00:00:00.000000Z")),
        "la firma del",
    ),
    "another's key": (changed("historial.json", lambda h: h["seals"][0].update(key="00" * 32)), "clave que no es"),
    "an attachment": (lambda where: next((where / "media").iterdir()).write_bytes(b"x"), "no es el que"),
    "an attachment lost": (lambda where: next((where / "media").iterdir()).unlink(), "falta el archivo media/"),
    "the paper": (lambda where: (where / "expediente.pdf").write_bytes(b"%PDF-1.7"), "expediente.pdf no es el que"),
    "half a file": (
        lambda where: (where / "historial.json").write_bytes((where / "historial.json").read_bytes()[:500]),
        "incompleto o dañado",
    ),
}


async def test_whatever_is_touched_in_a_pack_is_named(sqlite_database_url: str, tmp_path: Path, moment: Moment) -> None:
    async for front, _ in story.__wrapped__(sqlite_database_url, tmp_path, moment):  # type: ignore[attr-defined]
        whole = unpacked(await packed(front, tmp_path / "pack.zip"), tmp_path / "whole")
        for what, (touch, said) in TOUCHED.items():
            where = tmp_path / "touched"
            shutil.copytree(whole, where)
            touch(where)
            found = standalone.check(standalone.opened(where), PUBLIC)
            assert any(said in line for line in found.wrong), (what, found.wrong)
            shutil.rmtree(where)
        stranger = signer_of("somebody else's secret key, long enough").public
        assert standalone.check(standalone.opened(whole), stranger).wrong
        assert not standalone.check(standalone.opened(tmp_path / "pack.zip"), PUBLIC).wrong


async def test_a_message_that_was_erased_is_said_to_be_and_breaks_nothing(story: Story, tmp_path: Path) -> None:
    front, _ = story
    async with front.console.db.transaction() as tx:
        message = (await tx.scalars(select(Message).order_by(Message.id).limit(1))).one()
        message.text = message.content = message.salt = None

    code, said = verified(unpacked(await packed(front, tmp_path / "pack.zip"), tmp_path / "out"))

    assert code == 0, said
    assert "1 mensajes borrados" in said


@pytest.mark.parametrize("lost", ["(SELECT min(id) FROM audit_entry WHERE conversation_id = 1)", "(SELECT 9)"])
async def test_nothing_is_packed_from_a_history_with_a_hole(story: Story, tmp_path: Path, lost: str) -> None:
    front, _ = story
    await seals.seal_up(front.console.db, signer_of(SECRET_KEY), clock.now())
    await attacked(front.console.db, f"DELETE FROM audit_entry WHERE id = {lost}")

    with pytest.raises(Unproven):
        await packed(front, tmp_path / "pack.zip")

    assert not leftovers(tmp_path)


async def test_what_could_not_be_sealed_is_not_left_out_in_silence(story: Story, tmp_path: Path) -> None:
    front, _ = story
    await seals.seal_up(front.console.db, signer_of(SECRET_KEY), clock.now())
    async with front.console.db.transaction() as tx:
        for _ in range(3):
            audit.record(tx, SYSTEM, "message.noted", conversation_id=1)
    await attacked(front.console.db, "DELETE FROM audit_entry WHERE id = (SELECT max(id) - 1 FROM audit_entry)")

    with pytest.raises(Unproven):
        await packed(front, tmp_path / "pack.zip")


async def test_a_missing_attachment_leaves_no_half_pack(story: Story, tmp_path: Path) -> None:
    front, _ = story
    shutil.rmtree(front.console.settings.media_dir)

    with pytest.raises(OSError, match="No such file"):
        await packed(front, tmp_path / "pack.zip")

    assert not leftovers(tmp_path)


async def test_a_conversation_that_took_up_another_brings_its_entries(database: Database) -> None:
    from console.evidence import gathering  # noqa: PLC0415 beside what it shows

    async with database.transaction() as tx:
        audit.record(tx, SYSTEM, "message.received", conversation_id=7, message_id=1)
        audit.record(tx, SYSTEM, "message.received", conversation_id=9, message_id=2)
        audit.record(tx, SYSTEM, "conversation.merged", conversation_id=8, old={"absorbed": 7})
    async with database.reading() as tx:
        found = await gathering.entries_about(tx, [8], [])

    assert [entry.id for entry in found] == [1, 3]
