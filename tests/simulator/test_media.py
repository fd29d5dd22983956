"""Files: uploaded, described, fetched for five minutes, gone after their time."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from integrations.simulator import ogg
from integrations.simulator.samples import SAMPLES
from tests.simulator.town import MARIA, Town

DAY = 86_400
PNG = b"\x89PNG\r\n\x1a\n" + b"a small picture"
FIELDS = {"messaging_product": "whatsapp", "type": "image/png"}


def upload(simulator: Town, data: bytes = PNG, mime_type: str = "image/png") -> httpx.Response:
    fields = {**FIELDS, "type": mime_type}
    return simulator.number("POST", "media", data=fields, files={"file": ("a.bin", data, mime_type)})


def fetch(simulator: Town, url: str, token: str | None = None) -> httpx.Response:
    bearer = simulator.settings.access_token if token is None else token
    return httpx.get(url, headers={"Authorization": f"Bearer {bearer}"} if bearer else {})


def test_an_upload_can_be_described_fetched_and_deleted(simulator: Town) -> None:
    media_id = upload(simulator).json()["id"]

    described = simulator.call("GET", media_id, params={"phone_number_id": simulator.settings.phone_number_id}).json()

    assert described.keys() == {"messaging_product", "url", "mime_type", "sha256", "file_size", "id"}
    assert (described["mime_type"], described["file_size"]) == ("image/png", str(len(PNG)))
    assert described["sha256"] == hashlib.sha256(PNG).hexdigest()
    fetched = fetch(simulator, described["url"])
    assert (fetched.content, fetched.headers["content-type"]) == (PNG, "image/png")
    assert simulator.call("DELETE", media_id).json() == {"success": True}
    assert simulator.call("GET", media_id).status_code == 400
    assert fetch(simulator, described["url"]).status_code == 404


def test_a_link_lives_five_minutes_and_wants_the_token(simulator: Town) -> None:
    media_id = upload(simulator).json()["id"]
    url = simulator.call("GET", media_id).json()["url"]
    assert fetch(simulator, url, token="").status_code == 401
    assert fetch(simulator, url.replace("hash=", "hash=0")).status_code == 404

    simulator.api("PUT", "/clock", json={"advance_seconds": 301})

    assert fetch(simulator, url).status_code == 404
    assert fetch(simulator, simulator.call("GET", media_id).json()["url"]).content == PNG


@pytest.mark.parametrize(("make", "days"), [(upload, 30), (None, 7)], ids=["uploaded", "received"])
def test_an_id_lives_its_days(simulator: Town, make: Callable[[Town], httpx.Response] | None, days: int) -> None:
    media_id = make(simulator).json()["id"] if make else simulator.do(MARIA, "photo")["media_id"]
    simulator.api("PUT", "/clock", json={"advance_seconds": days * DAY - 60})
    assert simulator.call("GET", media_id).status_code == 200

    simulator.api("PUT", "/clock", json={"advance_seconds": 61})

    refused = simulator.call("GET", media_id)
    assert refused.json()["error"]["code"] == 100
    assert refused.json()["error"]["error_subcode"] == 33


def test_what_a_debtor_sends_can_be_fetched(simulator: Town) -> None:
    wamid = simulator.do(MARIA, "photo", caption="mire")["id"]

    image = simulator.arrived(wamid)["image"]

    assert image["caption"] == "mire"
    photo = SAMPLES["photo"].data
    assert base64.b64decode(image["sha256"]) == hashlib.sha256(photo).digest()
    assert fetch(simulator, image["url"]).content == photo
    assert fetch(simulator, simulator.call("GET", image["id"]).json()["url"]).content == photo


def test_a_debtor_sends_ones_own_file(simulator: Town) -> None:
    answer = simulator.http.post(
        f"/simulator/api/personas/{MARIA}/document",
        files={"file": ("estado.txt", b"debo 10", "text/plain")},
        data={"caption": "aquí está"},
    )

    document = simulator.arrived(answer.json()["id"])["document"]
    assert (document["filename"], document["mime_type"], document["caption"]) == (
        "estado.txt",
        "text/plain",
        "aquí está",
    )
    page = simulator.http.get(f"/simulator/api/media/{document['id']}")
    assert page.content == b"debo 10"
    assert page.headers["content-security-policy"].startswith("sandbox")
    assert page.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("declared", "kind"),
    [
        ("image/png", "image"),
        ("image/webp", "sticker"),
        ("video/mp4", "video"),
        ("audio/mpeg", "audio"),
        ("text/html", "document"),
    ],
)
def test_a_file_without_a_button_goes_as_what_it_is(simulator: Town, declared: str, kind: str) -> None:
    files = {"file": ("a", b"<b>", declared)}

    answer = simulator.http.post(f"/simulator/api/personas/{MARIA}/files", files=files)

    assert answer.json()["kind"] == kind


@pytest.mark.parametrize(
    ("data", "mime_type", "code"),
    [(b"x", "application/x-msdownload", 100), (b"", "image/png", 131053), (b"x" * 5_242_881, "image/png", 131053)],
    ids=["a program", "nothing", "too much"],
)
def test_what_meta_does_not_take_is_refused(simulator: Town, data: bytes, mime_type: str, code: int) -> None:
    assert upload(simulator, data, mime_type).json()["error"]["code"] == code


def test_an_upload_needs_a_file_in_a_form(simulator: Town) -> None:
    assert simulator.number("POST", "media", data=FIELDS, files={"other": b"x"}).json()["error"]["code"] == 100
    assert simulator.number("POST", "media", json=FIELDS).json()["error"]["code"] == 100
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    assert simulator.number("POST", "media", content=b"--x\r\n", headers=kind).json()["error"]["code"] == 100


def test_the_business_sends_what_it_uploaded_and_nothing_else(simulator: Town) -> None:
    theirs = simulator.do(MARIA, "photo")["media_id"]
    ours = upload(simulator).json()["id"]

    assert simulator.send(type="image", image={"id": theirs}).json()["error"]["code"] == 131009
    wamid = simulator.sent(type="image", image={"id": ours, "caption": "su recibo"})

    simulator.told(wamid, "sent", "delivered")
    assert simulator.http.get(f"/simulator/api/media/{simulator.bubble(wamid)['media_id']}").content == PNG


def test_a_recording_of_the_browser_becomes_a_voice_note(simulator: Town) -> None:
    files = {"file": ("nota", webm(packets=100), "audio/webm")}

    answer = simulator.http.post(f"/simulator/api/personas/{MARIA}/voice", files=files)

    audio = simulator.arrived(answer.json()["id"])["audio"]
    assert (audio["voice"], audio["mime_type"]) == (True, "audio/ogg; codecs=opus")
    assert fetch(simulator, audio["url"]).content.startswith(b"OggS")


def test_a_recording_that_is_no_opus_goes_as_a_file(simulator: Town) -> None:
    files = {"file": ("nota", b"\x1a\x45\xdf\xa3 and nothing", "audio/webm")}

    answer = simulator.http.post(f"/simulator/api/personas/{MARIA}/voice", files=files)

    assert answer.json()["kind"] == "document"


def test_opus_keeps_its_packets_when_it_changes_its_wrapping() -> None:
    pages = parse(ogg.remuxed(webm(packets=100)))

    assert [page["flags"] for page in pages] == [2, 0, 0, 0, 4]
    assert pages[0]["packets"] == [HEAD]
    assert pages[1]["packets"][0].startswith(b"OpusTags")
    packets = [packet for page in pages[2:] for packet in page["packets"]]
    assert packets == [packet(place) for place in range(100)]
    # 20 ms each, in samples of 48 kHz
    assert pages[-1]["granule"] == 100 * 960


@pytest.mark.parametrize(
    "data", [b"", b"OggS", b"\x00\x00", b"\x1a\x45\xdf\xa3\x81", b"\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff"]
)
def test_what_is_no_recording_is_refused(data: bytes) -> None:
    with pytest.raises(ogg.NotOpusError):
        ogg.remuxed(data)


def test_the_sample_voice_note_is_whole() -> None:
    pages = parse(SAMPLES["voice"].data)

    assert pages[0]["packets"][0].startswith(b"OpusHead")
    assert pages[-1]["flags"] & 4
    assert 3 < pages[-1]["granule"] / 48_000 < 12


HEAD = b"OpusHead\x01\x01\x38\x01\x80\xbb\x00\x00\x00\x00\x00"


def packet(place: int) -> bytes:
    """Opus of 20 ms: the first byte tells the length, the others are anything."""
    return bytes([0x78]) + bytes([place]) * (place % 7 * 60)


def webm(packets: int) -> bytes:
    """A recording as Chromium writes it: an endless segment, clusters of endless length, simple blocks."""

    def element(name: bytes, body: bytes, *, endless: bool = False) -> bytes:
        return name + (b"\x01" + b"\xff" * 7 if endless else b"\x10" + len(body).to_bytes(3)) + body

    track = element(b"\xd7", b"\x01") + element(b"\x63\xa2", HEAD)
    tracks = element(b"\x16\x54\xae\x6b", element(b"\xae", track))
    blocks = b"".join(
        element(b"\xa3", b"\x81" + place.to_bytes(2) + b"\x80" + packet(place)) for place in range(packets)
    )
    cluster = element(b"\x1f\x43\xb6\x75", element(b"\xe7", b"\x00") + blocks)
    return element(b"\x1a\x45\xdf\xa3", b"") + element(b"\x18\x53\x80\x67", tracks + cluster, endless=True)


def parse(data: bytes) -> list[dict[str, Any]]:
    """The pages of an Ogg file; fails where a checksum or a length is wrong."""
    pages = []
    while data:
        assert data[:4] == b"OggS"
        lacing = data[27 : 27 + data[26]]
        body = data[27 + data[26] :]
        size = 27 + len(lacing) + sum(lacing)
        page = data[:22] + b"\0\0\0\0" + data[26:size]
        assert int.from_bytes(data[22:26], "little") == ogg._checksum(page)
        packets, start, length = [], 0, 0
        for part in lacing:
            length += part
            if part < 255:
                packets.append(body[start : start + length])
                start, length = start + length, 0
        pages.append({"flags": data[5], "granule": int.from_bytes(data[6:14], "little"), "packets": packets})
        data = data[size:]
    return pages
