"""The door Meta knocks at: what is answered to what is sent there, well meant or not. Rows W of the matrix."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import hmac
import sqlite3
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select

from console import drivers
from console.inbox.channel import DeadLetter
from console.inbox.models import Message
from integrations.whatsapp.signature import sign
from tests.front import APP_SECRET, Front, a_console, settings_for
from tests.inbox import meta


async def rows(front: Front) -> tuple[int, int]:
    """Messages and dead letters."""
    async with front.console.db.reading() as tx:
        messages = await tx.scalar(select(func.count()).select_from(Message))
        letters = await tx.scalar(select(func.count()).select_from(DeadLetter))
    return messages or 0, letters or 0


async def test_a_signed_delivery_is_durable_when_it_is_answered(front: Front) -> None:
    """W1: the row is there the moment the answer is."""
    assert (await front.webhook(meta.body(meta.text()))).status_code == 200
    assert await rows(front) == (1, 0)


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "sha256=",
        "sha256=" + "0" * 64,
        "sha256=" + "0" * 63,
        "sha256=" + "0" * 65,
        "sha256= " + "0" * 64,
        "md5=" + "0" * 32,
        "sha1=" + "0" * 40,
        "sha256=" + "ñ" * 64,
        "0" * 64,
        "sha256=" + "g" * 64,
    ],
)
async def test_what_is_not_signed_by_us_is_refused_and_leaves_nothing(front: Front, signature: str) -> None:
    """W2, W5, W6."""
    body = meta.body(meta.text())
    headers = [(b"x-hub-signature-256", signature.encode("latin-1"))] if signature else []
    answer = await front.outside.post("/webhooks/whatsapp", content=body, headers=headers)

    assert answer.status_code == 401
    assert await rows(front) == (0, 0)


async def test_the_legacy_signature_alone_opens_nothing(front: Front) -> None:
    """W4: never a weaker algorithm."""
    body = meta.body(meta.text())
    legacy = "sha1=" + hmac.new(APP_SECRET.encode(), body, hashlib.sha1).hexdigest()

    answer = await front.outside.post("/webhooks/whatsapp", content=body, headers={"x-hub-signature": legacy})

    assert answer.status_code == 401


async def test_two_signatures_are_none(front: Front) -> None:
    """W5: one right and one wrong."""
    body = meta.body(meta.text())
    right = sign(body, APP_SECRET).encode()
    headers = [(b"x-hub-signature-256", right), (b"x-hub-signature-256", b"sha256=" + b"0" * 64)]

    answer = await front.outside.post("/webhooks/whatsapp", content=body, headers=headers)

    assert answer.status_code == 401


async def test_a_body_changed_on_the_way_is_refused(front: Front) -> None:
    body = meta.body(meta.text("le debo 100"))

    answer = await front.webhook(body.replace(b"100", b"900"), signature=sign(body, APP_SECRET))

    assert answer.status_code == 401


async def test_both_secrets_are_good_while_one_is_rotated(sqlite_database_url: str, tmp_path: Path) -> None:
    """W9."""
    rotating = settings_for(sqlite_database_url, tmp_path, whatsapp_app_secret_previous="the former secret")
    async with a_console(rotating) as front:
        body = meta.body(meta.text())
        for secret, status in ((APP_SECRET, 200), ("the former secret", 200), ("another", 401)):
            assert (await front.webhook(body, signature=sign(body, secret))).status_code == status


@pytest.mark.parametrize(
    "body",
    [b"[" * 100_000, b"\xff\xfe\x00", b"null", b"[]", b"1", b'{"object":', b'{"a":1,"a":2}', b""],
    ids=["deep", "not utf-8", "null", "list", "number", "truncated", "duplicate keys", "empty"],
)
async def test_a_signed_riddle_is_answered_200_and_kept(front: Front, body: bytes) -> None:
    """W24: anything else would make Meta send the same poison for seven days."""
    assert (await front.webhook(body)).status_code == 200
    assert await rows(front) == (0, 1)


async def test_a_body_of_3_megabytes_is_taken_and_one_of_4_is_not(front: Front) -> None:
    """W20: with its length and without."""
    large = meta.body(*[meta.text("x" * 3000) for _ in range(900)])
    assert 2_700_000 < len(large) < 3 * 1024 * 1024
    assert (await front.webhook(large)).status_code == 200
    assert await rows(front) == (900, 0)

    too_large = b" " * (4 * 1024 * 1024)
    assert (await front.webhook(too_large)).status_code == 413

    async def pieces() -> object:
        for _ in range(64):
            yield b" " * 65_536

    headers = {"x-hub-signature-256": sign(too_large, APP_SECRET)}
    answer = await front.outside.post("/webhooks/whatsapp", content=pieces(), headers=headers)  # type: ignore[arg-type]
    assert answer.status_code == 413


async def test_a_compressed_body_is_never_inflated(front: Front) -> None:
    """W22."""
    bomb = gzip.compress(b" " * 10_000_000)
    headers = {"x-hub-signature-256": sign(bomb, APP_SECRET), "content-encoding": "gzip"}

    assert (await front.outside.post("/webhooks/whatsapp", content=bomb, headers=headers)).status_code == 415


async def test_the_same_delivery_fifty_times_at_once_is_one_message(front: Front) -> None:
    """W13."""
    body = meta.body(meta.text())

    answers = await asyncio.gather(*(front.webhook(body) for _ in range(50)))

    assert {answer.status_code for answer in answers} == {200}
    assert await rows(front) == (1, 0)


async def test_the_handshake_echoes_the_challenge_as_it_came(front: Front) -> None:
    """W18."""
    query = {"hub.mode": "subscribe", "hub.challenge": "<script>1</script>", "hub.verify_token": "a verify token"}

    answer = await front.outside.get("/webhooks/whatsapp", params=query)

    assert (answer.status_code, answer.text) == (200, "<script>1</script>")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "changed",
    [
        {"hub.verify_token": "wrong"},
        {"hub.verify_token": ""},
        {"hub.mode": "unsubscribe"},
        {"hub.mode": ""},
        {"hub.verify_token": "ñandú"},
    ],
)
async def test_a_wrong_handshake_is_refused(front: Front, changed: dict[str, str]) -> None:
    """W18: 403, whatever is wrong with it."""
    query = {"hub.mode": "subscribe", "hub.challenge": "1", "hub.verify_token": "a verify token"} | changed

    assert (await front.outside.get("/webhooks/whatsapp", params=query)).status_code == 403


async def test_other_methods_are_not_for_this_door(front: Front) -> None:
    for method in ("PUT", "DELETE", "PATCH"):
        assert (await front.outside.request(method, "/webhooks/whatsapp")).status_code == 405


async def test_half_a_body_leaves_nothing_and_holds_nobody(front: Front) -> None:
    """K1, W21: the sender dies in the middle; the next one is served."""
    host, port = front.address.removeprefix("http://").split(":")
    body = meta.body(meta.text())
    head = (
        f"POST /webhooks/whatsapp HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n"
        f"x-hub-signature-256: {sign(body, APP_SECRET)}\r\n\r\n"
    )
    _reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(head.encode() + body[: len(body) // 2])
    await writer.drain()
    writer.close()

    assert (await front.webhook(meta.body(meta.text("el siguiente")))).status_code == 200
    assert await rows(front) == (1, 0)


async def test_a_thousand_messages_in_one_delivery_are_a_thousand_rows(front: Front) -> None:
    """W30."""
    body = meta.body(*[meta.text(f"mensaje {n}", sender=f"5194400{n % 50:04d}") for n in range(1000)])

    assert (await front.webhook(body)).status_code == 200

    assert await rows(front) == (1000, 0)


async def test_a_database_that_is_away_is_never_answered_200(front: Front) -> None:
    """W45: Meta comes again after 503, and then it is there once."""
    body = meta.body(meta.text())
    broken = httpx.Response(0)

    def away(_statement: str) -> None:
        raise sqlite3.OperationalError("gone")

    drivers.listeners.append(away)
    try:
        broken = await front.webhook(body)
    finally:
        drivers.listeners.remove(away)
    assert broken.status_code == 503

    assert (await front.webhook(body)).status_code == 200
    assert await rows(front) == (1, 0)
