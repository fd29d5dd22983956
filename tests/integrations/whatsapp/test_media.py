from __future__ import annotations

import asyncio
import base64
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.whatsapp.errors import CallFailed, Invalid, MediaGone, MediaRefused, MediaTooLarge, NoAnswer
from integrations.whatsapp.hosts import may_carry_token
from integrations.whatsapp.media import same_hash
from tests.integrations.whatsapp.cloud import BASE, TOKEN, Recorder, whatsapp
from tests.patience import eventually

CONTENT = b"\x89PNG" + b"x" * 200_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
META = "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=88"
SIMULATOR = "http://127.0.0.1:9000"


def info(url: str = META, **more: Any) -> dict[str, Any]:
    return {"id": "88", "url": url, "mime_type": "image/png", "sha256": SHA256, "file_size": str(len(CONTENT)), **more}


def left_in(directory: Path) -> list[Path]:
    return list(directory.iterdir())


class Chunks(httpx.AsyncByteStream):
    """Bytes that come in pieces, and break off if told so."""

    def __init__(self, *chunks: bytes | Exception) -> None:
        self.chunks = chunks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self.chunks:
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk


async def test_media_is_written_whole_and_hashed(tmp_path: Path) -> None:
    cloud = Recorder(info(), httpx.Response(200, content=CONTENT))

    async with whatsapp(cloud) as wa:
        done = await wa.download_media("88", tmp_path / "88")

    assert (tmp_path / "88").read_bytes() == CONTENT
    assert (done.sha256, done.size, done.mime_type, done.matches) == (SHA256, len(CONTENT), "image/png", True)
    asked, fetched = cloud.requests
    assert (asked.url.path, asked.url.params["phone_number_id"]) == ("/v23.0/88", "2003")
    assert (str(fetched.url), fetched.headers["Authorization"]) == (META, f"Bearer {TOKEN}")


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/88",
        "http://lookaside.fbsbx.com/88",
        "https://lookaside.fbsbx.com:8443/88",
        "https://lookaside.fbsbx.com@evil.example/88",
        "https://evil.example\\@lookaside.fbsbx.com/88",
        "https://lookaside.fbsbx.com.evil.example/88",
        "https://evilfbsbx.com/88",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/88",
        "http://127.0.0.1:9000/88",
        "https://localhost/88",
        "https://10.0.0.7/88",
        "http://graph.facebook.com/88",
        "file:///etc/passwd",
        "//evil.example/88",
        "https://",
        "https://fbsbx.com:99999999/88",
        "https://lookaside.fbsbx.com/88\nX: y",
        "https://ⓕbsbx.com/88",
    ],
)
async def test_the_token_never_travels_to_another_host(url: str, tmp_path: Path) -> None:
    cloud = Recorder(info(url))

    async with whatsapp(cloud) as wa:
        with pytest.raises(MediaRefused):
            await wa.download_media("88", tmp_path / "88")

    assert len(cloud.requests) == 1
    assert not left_in(tmp_path)


@pytest.mark.parametrize(
    ("url", "base_url"),
    [
        (META, BASE),
        ("https://scontent.xx.fbcdn.net/v/88", BASE),
        (f"{BASE}/v23.0/media/88", BASE),
        (f"{SIMULATOR}/media/88", SIMULATOR),
        ("http://localhost:9000/media/88", SIMULATOR),
        (META, SIMULATOR),
    ],
)
def test_the_token_may_travel_to_meta_and_to_the_configured_api(url: str, base_url: str) -> None:
    assert may_carry_token(url, base_url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9001/88", "https://127.0.0.1:9000/88", "http://10.0.0.7:9000/88"])
def test_a_simulator_vouches_for_itself_alone(url: str) -> None:
    assert not may_carry_token(url, SIMULATOR)


@given(st.text())
def test_any_address_is_judged(url: str) -> None:
    assert not may_carry_token(url, BASE)


async def test_an_address_that_has_expired_is_asked_for_anew(tmp_path: Path) -> None:
    cloud = Recorder(info(), httpx.Response(404), info(META + "&again"), httpx.Response(200, content=CONTENT))

    async with whatsapp(cloud) as wa:
        done = await wa.download_media("88", tmp_path / "88")

    assert done.size == len(CONTENT)
    assert str(cloud.requests[-1].url).endswith("&again")


async def test_media_that_stays_away_is_gone(tmp_path: Path) -> None:
    cloud = Recorder(info(), httpx.Response(404), info(), httpx.Response(404))

    async with whatsapp(cloud) as wa:
        with pytest.raises(MediaGone):
            await wa.download_media("88", tmp_path / "88")

    assert len(cloud.requests) == 4
    assert not left_in(tmp_path)


@pytest.mark.parametrize(("status", "code"), [(400, 100), (404, 803), (404, 1), (400, 33)])
async def test_an_id_that_whatsapp_does_not_know_is_gone(status: int, code: int) -> None:
    answer = httpx.Response(status, json={"error": {"message": "Unsupported get request", "code": code}})

    async with whatsapp(Recorder(answer)) as wa:
        with pytest.raises(MediaGone):
            await wa.media_info("88")


async def test_a_token_problem_is_not_taken_for_lost_media() -> None:
    answer = httpx.Response(401, json={"error": {"message": "expired", "code": 190}})

    async with whatsapp(Recorder(answer)) as wa:
        with pytest.raises(CallFailed) as failed:
            await wa.media_info("88")

    assert failed.value.code == 190


@pytest.mark.parametrize(
    ("declared", "answer"),
    [
        ("5000001", httpx.Response(200, content=b"")),
        ("1", httpx.Response(200, headers={"Content-Length": "5000001"}, stream=Chunks(b"x"))),
        ("1", httpx.Response(200, stream=Chunks(*[b"x" * 1_000_000] * 6))),
        ("lots", httpx.Response(200, stream=Chunks(*[b"x" * 1_000_000] * 6))),
    ],
    ids=["declared by the api", "declared by the host", "larger than declared", "declared oddly"],
)
async def test_too_much_is_cut_off_and_thrown_away(declared: str, answer: httpx.Response, tmp_path: Path) -> None:
    async with whatsapp(Recorder(info(file_size=declared), answer)) as wa:
        with pytest.raises(MediaTooLarge):
            await wa.download_media("88", tmp_path / "88", most=5_000_000)

    assert not left_in(tmp_path)


async def test_exactly_the_limit_is_not_too_much(tmp_path: Path) -> None:
    async with whatsapp(Recorder(info(), httpx.Response(200, content=CONTENT))) as wa:
        done = await wa.download_media("88", tmp_path / "88", most=len(CONTENT))

    assert done.size == len(CONTENT)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(302, headers={"Location": "http://169.254.169.254/"}), MediaRefused),
        (httpx.Response(200, stream=Chunks(b"x" * 70_000, httpx.ReadError("reset"))), NoAnswer),
        (httpx.Response(503), NoAnswer),
        (httpx.Response(401), CallFailed),
        (httpx.ReadTimeout("hangs"), NoAnswer),
        (httpx.ConnectError("refused"), NoAnswer),
    ],
    ids=["redirect", "breaks off", "503", "401", "hangs", "refused"],
)
async def test_a_failed_download_leaves_nothing(
    answer: httpx.Response | Exception, error: type[Exception], tmp_path: Path
) -> None:
    cloud = Recorder(info(), answer)

    async with whatsapp(cloud) as wa:
        with pytest.raises(error):
            await wa.download_media("88", tmp_path / "88")

    assert not left_in(tmp_path)
    assert len(cloud.requests) == 2


async def test_a_download_that_is_stopped_while_its_file_is_being_opened_leaves_nothing(tmp_path: Path) -> None:
    cloud = Recorder(info(), httpx.Response(200, content=CONTENT))
    # Whoever opens a pipe for writing waits for its reader: the moment lasts until the test ends it.
    os.mkfifo(tmp_path / "88.part")

    async with whatsapp(cloud) as wa:
        download = asyncio.create_task(wa.download_media("88", tmp_path / "88"))
        await eventually(lambda: len(cloud.requests) == 2)
        reader = os.open(tmp_path / "88.part", os.O_RDONLY | os.O_NONBLOCK)
        download.cancel()
        with pytest.raises(asyncio.CancelledError):
            await download

    assert not left_in(tmp_path)
    assert os.read(reader, 1) == b"", "nobody has it open any more"
    os.close(reader)


async def test_another_hash_is_reported_not_refused(tmp_path: Path) -> None:
    cloud = Recorder(info(sha256="0" * 64), httpx.Response(200, content=CONTENT))

    async with whatsapp(cloud) as wa:
        done = await wa.download_media("88", tmp_path / "88")

    assert done.matches is False


@pytest.mark.parametrize(
    ("declared", "matches"),
    [
        (SHA256, True),
        (SHA256.upper(), True),
        (base64.b64encode(bytes.fromhex(SHA256)).decode(), True),
        (base64.b64encode(bytes(32)).decode(), False),
        (None, None),
        ("hash", None),
        ("<HASH>", None),
        ("ñ", None),
    ],
)
def test_a_hash_is_compared_in_either_writing(declared: str | None, matches: bool | None) -> None:
    assert same_hash(declared, SHA256) is matches


@pytest.mark.parametrize("media_id", ["", "../me", "..", "a/b", "a?b", "ñ", "x" * 257, "%2e%2e"])
async def test_an_id_that_is_none_makes_no_call(media_id: str, tmp_path: Path) -> None:
    cloud = Recorder(info())

    async with whatsapp(cloud) as wa:
        with pytest.raises(Invalid):
            await wa.download_media(media_id, tmp_path / "88")

    assert not cloud.requests


async def test_an_object_without_an_address_is_no_answer() -> None:
    async with whatsapp(Recorder({"id": "88"})) as wa:
        with pytest.raises(NoAnswer):
            await wa.media_info("88")


@pytest.mark.parametrize("from_file", [False, True])
async def test_an_upload_is_a_form_with_the_file(from_file: bool, tmp_path: Path) -> None:
    (tmp_path / "convenio.pdf").write_bytes(b"%PDF-1.7")
    cloud = Recorder({"id": "4490709327384033"})

    async with whatsapp(cloud) as wa:
        media_id = await wa.upload_media(
            tmp_path / "convenio.pdf" if from_file else b"%PDF-1.7",
            mime_type="application/pdf",
            filename="convenio.pdf",
        )

    assert media_id == "4490709327384033"
    [request] = cloud.requests
    assert request.url.path == "/v23.0/2003/media"
    for part in (b'name="messaging_product"', b"whatsapp", b'filename="convenio.pdf"', b"application/pdf", b"%PDF-1.7"):
        assert part in request.content


@pytest.mark.parametrize(
    ("content", "mime_type", "filename", "field"),
    [
        (b"", "image/png", "a.png", "file"),
        (b"x" * (5 * 1024 * 1024 + 1), "image/png", "a.png", "file"),
        (b"x" * (512 * 1024 + 1), "image/webp", "a.webp", "file"),
        (b"x" * (16 * 1024 * 1024 + 1), "audio/ogg; codecs=opus", "a.ogg", "file"),
        (b"x", "image/png\r\nX: y", "a.png", "type"),
        (b"x", "image/png", "a\n.png", "file.name"),
    ],
)
async def test_a_file_meta_would_refuse_makes_no_call(
    content: bytes, mime_type: str, filename: str, field: str
) -> None:
    cloud = Recorder({"id": "1"})

    async with whatsapp(cloud) as wa:
        with pytest.raises(Invalid) as refused:
            await wa.upload_media(content, mime_type=mime_type, filename=filename)

    assert refused.value.field == field
    assert not cloud.requests


async def test_an_upload_without_an_id_is_no_answer() -> None:
    async with whatsapp(Recorder({"success": True})) as wa:
        with pytest.raises(NoAnswer):
            await wa.upload_media(b"x", mime_type="text/plain", filename="a.txt")
