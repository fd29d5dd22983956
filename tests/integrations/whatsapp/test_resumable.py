"""The sample of a template's header: a session, the bytes, a handle, and going on where it broke."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from integrations.whatsapp.client import WhatsApp
from integrations.whatsapp.errors import CallFailed, Invalid, NoAnswer
from tests.integrations.whatsapp.cloud import TOKEN, Recorder, client

SESSION = "upload:MTphdHRhY2htZW50OjlmMTk=?sig=ARZqkGCA_uQ-MxC8nHKI"
BYTES = b"%PDF-1.7 " + bytes(range(256)) * 500


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    path = tmp_path / "muestra.pdf"
    path.write_bytes(BYTES)
    return path


async def upload(cloud: Recorder, path: Path, **more: Any) -> str:
    async with httpx.AsyncClient(transport=httpx.MockTransport(_reading(cloud))) as http:
        given = {"mime_type": "application/pdf", "filename": "muestra.pdf", **more}
        return await client(http, app_id="670843887433001").upload_sample(path, **given)


def _reading(cloud: Recorder) -> Any:
    async def answer(request: httpx.Request) -> httpx.Response:
        await request.aread()
        return cloud(request)

    return answer


async def test_the_session_is_used_as_it_came_and_the_handle_comes_back(sample: Path) -> None:
    cloud = Recorder({"id": SESSION}, {"h": "4::YXBwbGljYXRpb24vcGRm:ARb"})

    assert await upload(cloud, sample) == "4::YXBwbGljYXRpb24vcGRm:ARb"

    begun, carried = cloud.requests
    assert begun.url.path == "/v23.0/670843887433001/uploads"
    told = {"file_name": "muestra.pdf", "file_length": str(len(BYTES)), "file_type": "application/pdf"}
    assert dict(begun.url.params) == told
    assert begun.headers["authorization"] == f"Bearer {TOKEN}"
    assert str(carried.url).endswith(f"/v23.0/{SESSION}")
    assert (carried.headers["authorization"], carried.headers["file_offset"]) == (f"OAuth {TOKEN}", "0")
    assert (carried.content, carried.headers["content-length"]) == (BYTES, str(len(BYTES)))
    assert "transfer-encoding" not in carried.headers


async def test_what_broke_goes_on_where_meta_says_it_stopped(sample: Path) -> None:
    cloud = Recorder({"id": SESSION}, httpx.ReadError("cut"), {"id": SESSION, "file_offset": 1000}, {"h": "h1"})

    assert await upload(cloud, sample) == "h1"

    _begun, _cut, asked, rest = cloud.requests
    assert (asked.method, asked.headers["authorization"]) == ("GET", f"OAuth {TOKEN}")
    assert (rest.headers["file_offset"], rest.content) == ("1000", BYTES[1000:])


async def test_three_times_is_enough(sample: Path) -> None:
    cut = httpx.ReadError("cut")
    cloud = Recorder({"id": SESSION}, cut, {"file_offset": "nonsense"}, cut, cut, cut)
    with pytest.raises(NoAnswer):
        await upload(cloud, sample)
    assert [request.headers["file_offset"] for request in cloud.requests if request.content] == ["0", "0", "0"]


@pytest.mark.parametrize(
    "session", ["", "upload:", "https://elsewhere.example/x", "upload:a/../../b?c=d", "upload:a#b"]
)
async def test_a_session_that_is_none_is_not_followed(sample: Path, session: str) -> None:
    cloud = Recorder({"id": session}, {"h": "h1"})
    with pytest.raises(NoAnswer):
        await upload(cloud, sample)
    assert len(cloud.requests) == 1


async def test_an_answer_without_a_handle_is_none(sample: Path) -> None:
    with pytest.raises(NoAnswer):
        await upload(Recorder({"id": SESSION}, {"success": True}), sample)


async def test_what_meta_refuses_is_not_tried_again(sample: Path) -> None:
    no = httpx.Response(400, json={"error": {"code": 100, "message": "Invalid file_type"}})
    cloud = Recorder(no)
    with pytest.raises(CallFailed):
        await upload(cloud, sample)
    assert len(cloud.requests) == 1


async def test_what_is_no_sample_does_not_leave(sample: Path, tmp_path: Path) -> None:
    cloud = Recorder({"id": SESSION})
    with pytest.raises(Invalid):
        await upload(cloud, sample, mime_type="video/3gpp")
    async with httpx.AsyncClient(transport=httpx.MockTransport(cloud)) as http:
        wa: WhatsApp = client(http)
        assert not wa.takes_samples
        with pytest.raises(Invalid):
            await wa.upload_sample(sample, mime_type="application/pdf", filename="a.pdf")
    assert cloud.requests == []
