"""Media on the Graph: uploaded, described, fetched and deleted."""

from __future__ import annotations

import base64
import hashlib
import hmac
from urllib.parse import parse_qs

from integrations.simulator.graph_errors import GraphError, no_such_object
from integrations.simulator.payloads import Json
from integrations.simulator.simulation import Simulation
from integrations.simulator.world import RECEIVED_FOR, UPLOADED_FOR, Medium

LINK_SECONDS = 300.0
DOWNLOAD_PATH = "/whatsapp_business/attachments/"
MEGABYTE = 1024 * 1024
# The types Meta takes, and how much of each.
LIMITS: dict[str, int] = {
    "audio/aac": 16 * MEGABYTE,
    "audio/amr": 16 * MEGABYTE,
    "audio/mpeg": 16 * MEGABYTE,
    "audio/mp4": 16 * MEGABYTE,
    "audio/ogg": 16 * MEGABYTE,
    "image/jpeg": 5 * MEGABYTE,
    "image/png": 5 * MEGABYTE,
    "image/webp": 500 * 1024,
    "video/mp4": 16 * MEGABYTE,
    "video/3gpp": 16 * MEGABYTE,
    "text/plain": 100 * MEGABYTE,
    "application/pdf": 100 * MEGABYTE,
    "application/msword": 100 * MEGABYTE,
    "application/vnd.ms-excel": 100 * MEGABYTE,
    "application/vnd.ms-powerpoint": 100 * MEGABYTE,
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": 100 * MEGABYTE,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": 100 * MEGABYTE,
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": 100 * MEGABYTE,
}


def upload(sim: Simulation, fields: dict[str, str], file: tuple[str, str, bytes] | None) -> Json:
    """Take a file of the business: `file` is its name, its declared type and its bytes."""
    if fields.get("messaging_product") != "whatsapp":
        raise GraphError(100, "The parameter messaging_product is required.")
    if file is None:
        raise GraphError(100, "The parameter file is required.")
    name, declared, content = file
    kind = (fields.get("type") or declared).strip().lower()
    limit = LIMITS.get(kind.partition(";")[0])
    if limit is None:
        allowed = ", ".join(LIMITS)
        raise GraphError(
            100,
            f"Param file must be a file with one of the following types: {allowed}. Received file of type '{kind}'.",
        )
    if not content or len(content) > limit:
        raise GraphError(131053, f"The file size must be between 1 and {limit} bytes.")
    medium = store(sim, content, kind, filename=name, uploaded=True)
    return {"id": medium.id}


def store(sim: Simulation, content: bytes, mime_type: str, *, filename: str | None, uploaded: bool) -> Medium:
    """Keep a file under a new id: 30 days when the business uploaded it, 7 when it came with a message."""
    return sim.world.keep(
        Medium(
            id=sim.ids.number(),
            data=content,
            mime_type=mime_type,
            sha256=hashlib.sha256(content).hexdigest(),
            filename=filename,
            expires_at=sim.now() + (UPLOADED_FOR if uploaded else RECEIVED_FOR),
            uploaded=uploaded,
        )
    )


def describe(sim: Simulation, medium: Medium) -> Json:
    """The answer to `GET /{media-id}`: a link that lives five minutes."""
    return {
        "messaging_product": "whatsapp",
        "url": link(sim, medium),
        "mime_type": medium.mime_type,
        "sha256": medium.sha256,
        "file_size": str(len(medium.data)),
        "id": medium.id,
    }


def link(sim: Simulation, medium: Medium) -> str:
    """A new address of the bytes; needs the bearer token all the same."""
    expires = int(sim.now() + LINK_SECONDS)
    return f"{sim.base_url}{DOWNLOAD_PATH}?mid={medium.id}&ext={expires}&hash={_seal(sim, medium.id, expires)}"


def download(sim: Simulation, query: str) -> Medium:
    """The file behind a link; raises GraphError (404) when the link is wrong or older than five minutes."""
    given = {name: values[0] for name, values in parse_qs(query).items()}
    medium = living(sim, given.get("mid", ""))
    expires = int(given["ext"]) if given.get("ext", "").isdigit() else 0
    sealed = hmac.compare_digest(given.get("hash", "").encode(), _seal(sim, given.get("mid", ""), expires).encode())
    if medium is None or not sealed or expires < sim.now():
        raise GraphError(100, "This link does not exist or has expired.", status=404)
    return medium


def delete(sim: Simulation, medium: Medium) -> Json:
    """Delete a file."""
    sim.world.forget(medium.id)
    return {"success": True}


def living(sim: Simulation, media_id: str) -> Medium | None:
    """The file with this id, unless its time is over."""
    medium = sim.world.media.get(media_id)
    return medium if medium and medium.expires_at > sim.now() else None


def found(sim: Simulation, media_id: str) -> Medium:
    """As `living`, or the error Meta answers."""
    medium = living(sim, media_id)
    if medium is None:
        raise no_such_object(media_id)
    return medium


def base64_sha256(medium: Medium) -> str:
    """The hash as webhooks write it."""
    return base64.b64encode(bytes.fromhex(medium.sha256)).decode()


def _seal(sim: Simulation, media_id: str, expires: int) -> str:
    words = f"{media_id}:{expires}".encode()
    return hmac.digest(sim.settings.app_secret.encode() or b"simulator", words, hashlib.sha256).hex()[:32]
