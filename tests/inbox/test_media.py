"""Attachments are fetched at once, kept by hash, and every way that can fail has an end an agent can see."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from console import clock
from console.db import Database
from console.inbox import fetcher, media, media_files
from console.inbox.fetcher import Fetcher
from console.inbox.models import Media
from tests.conftest import Moment
from tests.inbox import files
from tests.inbox.cloud import Cloud, error
from tests.inbox.people import Inbox, a_conversation, actions, an_inbox, history, they_wrote
from tests.patience import eventually


@pytest.fixture
async def inbox(database: Database) -> Inbox:
    return await an_inbox(database)


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


async def arrived(
    database: Database, inbox: Inbox, wire_id: str = "m1", wa_id: str = "51944218305", **columns: Any
) -> int:
    """A message with an attachment that is still to be fetched."""
    conversation = await a_conversation(database, inbox, wa_id=wa_id)
    async with database.transaction() as tx:
        message = await they_wrote(tx, conversation, "foto")
        row = Media(
            message_id=message.id,
            wire_id=wire_id,
            state="pending",
            due_at=clock.now(),
            created_at=clock.now(),
            **{"kind": "image", "declared_type": "image/jpeg", **columns},
        )
        tx.add(row)
        await tx.flush()
        return row.id


async def row(database: Database, media_id: int) -> Media:
    async with database.reading() as tx:
        return await tx.get_one(Media, media_id)


def becomes(database: Database, media_id: int, state: str) -> Any:
    async def look() -> bool:
        return (await row(database, media_id)).state == state

    return look


def is_put_off(database: Database, media_id: int) -> Any:
    async def look() -> bool:
        return (await row(database, media_id)).attempts == 1

    return look


@asynccontextmanager
async def fetching(database: Database, cloud: Cloud, folder: Path) -> AsyncIterator[None]:
    stop = asyncio.Event()
    run = asyncio.create_task(Fetcher(database, cloud.client(), folder).run(stop))
    try:
        yield
    finally:
        stop.set()
        await run


async def fetched(database: Database, cloud: Cloud, folder: Path, media_id: int, state: str) -> Media:
    async with fetching(database, cloud, folder):
        await eventually(becomes(database, media_id, state))
    return await row(database, media_id)


@pytest.mark.parametrize("told", ["hex", "base64", "nothing", "gibberish"])
async def test_an_attachment_is_kept_under_the_hash_of_its_bytes(
    database: Database, inbox: Inbox, cloud: Cloud, tmp_path: Path, told: str
) -> None:
    content = files.jpeg() + b"x" * 300_000
    digest = hashlib.sha256(content)
    declared = {
        "hex": digest.hexdigest(),
        "base64": base64.b64encode(digest.digest()).decode(),
        "nothing": None,
        "gibberish": "¿?",
    }[told]
    cloud.files["m1"] = content
    media_id = await arrived(database, inbox, declared_sha256=declared)

    stored = await fetched(database, cloud, tmp_path, media_id, "stored")

    assert (stored.sha256, stored.size, stored.mime_type) == (digest.hexdigest(), len(content), "image/jpeg")
    assert stored.flagged is None
    assert media_files.place(tmp_path, digest.hexdigest()).read_bytes() == content
    assert list((tmp_path / "tmp").iterdir()) == []
    (entry,) = [each for each in await history(database) if each.action == "media.stored"]
    assert (entry.message_id, entry.subject) == (stored.message_id, f"media:{media_id}")


async def test_other_bytes_than_announced_are_kept_and_flagged(
    database: Database, inbox: Inbox, cloud: Cloud, tmp_path: Path
) -> None:
    """M13."""
    cloud.files["m1"] = files.jpeg()
    media_id = await arrived(database, inbox, declared_sha256="ab" * 32)

    assert (await fetched(database, cloud, tmp_path, media_id, "stored")).flagged == "hash_mismatch"


async def test_a_file_that_is_not_what_it_claims_is_flagged(
    database: Database, inbox: Inbox, cloud: Cloud, tmp_path: Path
) -> None:
    """M1."""
    cloud.files["m1"] = files.HTML
    media_id = await arrived(database, inbox)

    stored = await fetched(database, cloud, tmp_path, media_id, "stored")

    assert (stored.mime_type, stored.flagged) == (media_files.OCTETS, "active_content")


async def test_what_goes_on_beyond_the_limit_is_cut_off(
    database: Database, inbox: Inbox, cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """M12: whatever size it declared."""
    monkeypatch.setattr(media, "LARGEST_FILE", 1000)
    cloud.files["m1"] = files.jpeg() + b"x" * 2000
    cloud.told["m1"] = {"file_size": "10"}
    media_id = await arrived(database, inbox)

    await fetched(database, cloud, tmp_path / "media", media_id, "too_big")

    assert fetcher._older(tmp_path / "media", clock.now().timestamp() + 60) == []
    assert "media.failed" in await actions(database)


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data",
        "https://evil.example/x",
        "https://graph.example.evil.example/x",
        "https://graph.example@evil.example/x",
        "http://graph.example/x",
        "file:///etc/passwd",
        "https://lookaside.fbsbx.com.evil.example/x",
    ],
)
async def test_the_token_goes_to_metas_hosts_alone(
    database: Database, inbox: Inbox, cloud: Cloud, tmp_path: Path, url: str
) -> None:
    """M14, M16."""
    cloud.files["m1"] = files.jpeg()
    cloud.told["m1"] = {"url": url}
    media_id = await arrived(database, inbox)

    await fetched(database, cloud, tmp_path, media_id, "refused")

    assert cloud.fetched == []


async def test_a_redirect_is_not_followed(database: Database, inbox: Inbox, cloud: Cloud, tmp_path: Path) -> None:
    """M17."""
    cloud.files["m1"] = httpx.Response(302, headers={"location": "http://127.0.0.1/secret"})
    media_id = await arrived(database, inbox)

    await fetched(database, cloud, tmp_path, media_id, "refused")

    assert cloud.fetched == ["m1"]


async def test_an_id_like_a_path_is_no_id(database: Database, inbox: Inbox, cloud: Cloud, tmp_path: Path) -> None:
    """M4."""
    media_id = await arrived(database, inbox, wire_id="../../me?x=")

    await fetched(database, cloud, tmp_path, media_id, "failed")


async def test_what_meta_has_forgotten_is_shown_as_expired(
    database: Database, inbox: Inbox, cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """M20: no loop of errors."""
    monkeypatch.setattr(fetcher, "TRIES_WHEN_GONE", 1)
    media_id = await arrived(database, inbox)

    await fetched(database, cloud, tmp_path, media_id, "expired")


async def test_after_seven_days_nobody_asks_any_more(
    database: Database, inbox: Inbox, cloud: Cloud, moment: Moment
) -> None:
    """M20."""
    cloud.files["m1"] = files.jpeg()
    media_id = await arrived(database, inbox)
    moment.passes(days=7, seconds=1)

    async with database.transaction() as tx:
        assert await media.claim(tx, limit=5) == []

    assert (await row(database, media_id)).state == "expired"


@pytest.mark.parametrize(
    "failure", [error(131000, 500), error(190, 401), error(4, 429), httpx.ConnectError("x"), httpx.ReadTimeout("x")]
)
async def test_what_fails_for_a_while_is_tried_again_later(
    database: Database, inbox: Inbox, cloud: Cloud, tmp_path: Path, failure: httpx.Response | Exception
) -> None:
    cloud.files["m1"] = failure
    media_id = await arrived(database, inbox)

    async with fetching(database, cloud, tmp_path):
        await eventually(is_put_off(database, media_id))
        waiting = await row(database, media_id)
        assert waiting.state == "pending"
        assert waiting.due_at
        assert waiting.due_at > clock.now()
        cloud.files["m1"] = files.jpeg()
        async with database.transaction() as tx:
            await tx.execute(update(Media).values(due_at=clock.now()))
        await eventually(becomes(database, media_id, "stored"))


async def test_a_flood_from_one_person_stops_and_the_others_go_on(
    database: Database, inbox: Inbox, cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """M24."""
    monkeypatch.setattr(media, "DAILY_QUOTA", 100)
    cloud.files["m1"] = files.jpeg() + b"x" * 200
    cloud.files["m2"] = files.png()
    first = await arrived(database, inbox)
    await fetched(database, cloud, tmp_path, first, "stored")
    async with database.transaction() as tx:
        again = Media(message_id=(await row(database, first)).message_id, kind="image", wire_id="m1", state="pending")
        again.due_at = again.created_at = clock.now()
        tx.add(again)
    other = await arrived(database, inbox, wire_id="m2", wa_id="51911111111", declared_type="image/png")

    await fetched(database, cloud, tmp_path, other, "stored")

    refused = await row(database, again.id)
    assert (refused.state, refused.flagged) == ("refused", "quota")


async def test_four_who_fetch_at_once_never_take_the_same(database: Database, inbox: Inbox) -> None:
    ids = {await arrived(database, inbox, wire_id=f"m{n}", wa_id=f"5190000{n:04}") for n in range(20)}

    async def take() -> list[int]:
        mine: list[int] = []
        for _ in range(10):
            async with database.transaction() as tx:
                mine += [each.id for each in await media.claim(tx, limit=2)]
        return mine

    taken = [id_ for mine in await asyncio.gather(*(take() for _ in range(4))) for id_ in mine]

    assert len(taken) == len(set(taken))
    assert set(taken) == ids


async def test_a_download_that_a_crash_cut_off_is_taken_up_again(
    database: Database, inbox: Inbox, moment: Moment
) -> None:
    await arrived(database, inbox)
    async with database.transaction() as tx:
        assert len(await media.claim(tx, limit=5)) == 1
    async with database.transaction() as tx:
        assert await media.claim(tx, limit=5) == []
    moment.passes(minutes=5)

    async with database.transaction() as tx:
        assert len(await media.claim(tx, limit=5)) == 1


async def test_a_folder_that_is_not_there_gives_no_attachment_up(
    database: Database, inbox: Inbox, cloud: Cloud, tmp_path: Path
) -> None:
    """M28: an unmounted share comes back, and what WhatsApp has no longer must still be told to be in it."""
    cloud.files["m1"] = files.jpeg()
    ids = [await arrived(database, inbox, wa_id=f"519440000{number:02}") for number in range(12)]
    for number in ids:
        await fetched(database, cloud, tmp_path, number, "stored")

    assert await fetcher.sweep(database, tmp_path / "not mounted") == (0, 0)

    assert {(await row(database, number)).state for number in ids} == {"stored"}


async def test_the_sweeper_removes_what_nobody_misses_and_fetches_what_is_missing(
    database: Database, inbox: Inbox, cloud: Cloud, tmp_path: Path
) -> None:
    """M28."""
    cloud.files["m1"], cloud.files["m2"] = files.jpeg(), files.png()
    kept = await arrived(database, inbox)
    lost = await arrived(database, inbox, wire_id="m2", wa_id="51911111111", declared_type="image/png")
    await fetched(database, cloud, tmp_path, kept, "stored")
    await fetched(database, cloud, tmp_path, lost, "stored")
    needed = media_files.place(tmp_path, (await row(database, kept)).sha256 or "")
    orphan, young, half = (media_files.place(tmp_path, mark * 64) for mark in "cde")
    for path in (orphan, young):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    half = tmp_path / "tmp" / "half"
    half.write_bytes(b"x")
    for path in (needed, orphan, half):
        files.long_ago(path)
    media_files.place(tmp_path, (await row(database, lost)).sha256 or "").unlink()

    removed, missing = await fetcher.sweep(database, tmp_path)

    assert (removed, missing) == (2, 1)
    assert needed.exists()
    assert young.exists()
    assert not orphan.exists()
    assert not half.exists()
    assert (await row(database, lost)).state == "pending"
    await fetched(database, cloud, tmp_path, lost, "stored")
