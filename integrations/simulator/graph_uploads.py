"""The Resumable Upload API on the Graph: a session, its bytes, and the handle that a template's example names."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping

from integrations.simulator.graph_errors import GraphError, missing
from integrations.simulator.payloads import Json
from integrations.simulator.simulation import Simulation
from integrations.simulator.world import Upload

PATH = re.compile(r"(?:/v\d+(?:\.\d+)?)?/(upload:[A-Za-z0-9=_-]+)/?")
TYPES = {"application/pdf", "image/jpeg", "image/jpg", "image/png", "video/mp4"}
LARGEST = 100 * 1024 * 1024
UPLOAD_LIMIT = 200
# Which sample shows which header.
FORMATS = {"IMAGE": "image/", "VIDEO": "video/", "DOCUMENT": "application/pdf"}


def begin(sim: Simulation, query: Mapping[str, str]) -> Json:
    """`POST /{app-id}/uploads`: the session's id, which is an address with a signature in its query."""
    for name in ("file_length", "file_type"):
        if not query.get(name):
            raise missing(name)
    if query["file_type"] not in TYPES:
        raise GraphError(100, f"Param file_type must be one of {sorted(TYPES)}.")
    if not query["file_length"].isdigit() or not 0 < int(query["file_length"]) <= LARGEST:
        raise GraphError(100, f"Param file_length must be between 1 and {LARGEST}.")
    name = "upload:" + base64.urlsafe_b64encode(f"attachment:{sim.ids.token()}".encode()).decode()
    made = Upload(mime_type=query["file_type"], length=int(query["file_length"]), signature=sim.ids.token())
    sim.world.uploads[name] = made
    if len(sim.world.uploads) > UPLOAD_LIMIT:
        sim.world.uploads.popitem(last=False)
    return {"id": f"{name}?sig={made.signature}"}


def state(sim: Simulation, name: str, query: Mapping[str, str]) -> Json:
    """`GET /upload:…`: how far it has come."""
    upload = _opened(sim, name, query)
    return {"id": f"{name}?sig={upload.signature}", "file_offset": len(upload.data)}


def take(sim: Simulation, name: str, query: Mapping[str, str], *, offset: str, body: bytes) -> Json:
    """`POST /upload:…` with `file_offset`: the bytes from there on; with the last of them comes the handle."""
    upload = _opened(sim, name, query)
    if not offset.isdigit() or int(offset) != len(upload.data):
        raise GraphError(100, f"Header file_offset must be {len(upload.data)}.")
    if len(upload.data) + len(body) > upload.length:
        raise GraphError(100, "More bytes than file_length were sent.")
    upload.data += body
    if len(upload.data) < upload.length:
        return state(sim, name, query)
    kind = base64.b64encode(upload.mime_type.encode()).decode()
    handle = f"4::{kind}:{sim.ids.token(40)}:e:{int(sim.now())}"
    sim.world.handles[handle] = upload.mime_type
    return {"h": handle}


def check_example(sim: Simulation, component: Json) -> None:
    """A header that shows a file needs the handle of a sample of its kind; the GraphError otherwise."""
    wanted = FORMATS.get(str(component.get("format", "")).upper())
    if wanted is None:
        return
    given = (component.get("example") or {}).get("header_handle") or [""]
    if not given[0]:
        said = "component of type HEADER is missing expected field(s) (example)"
        raise GraphError(100, said, subcode=2388043)
    if not sim.world.handles.get(str(given[0]), "").startswith(wanted):
        raise GraphError(100, "The header_handle is not that of an uploaded file of this format.")


def _opened(sim: Simulation, name: str, query: Mapping[str, str]) -> Upload:
    upload = sim.world.uploads.get(name)
    if upload is None or query.get("sig") != upload.signature:
        raise GraphError(100, "The upload session does not exist or has expired.", status=404)
    return upload
