"""The door of the Cloud API: the paths of any version, the bearer token, and a line in the register for each call."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from urllib.parse import parse_qsl

from litestar.types import HTTPScope, Receive, Send

from integrations.simulator import graph_media, graph_number, graph_templates, graph_token, graph_uploads
from integrations.simulator.calls import Call, Reply, break_off, header, read, respond
from integrations.simulator.graph_errors import GraphError, no_such_object
from integrations.simulator.graph_messages import messages
from integrations.simulator.journal import Line
from integrations.simulator.payloads import Json
from integrations.simulator.simulation import Simulation

VERSION = re.compile(r"v\d+(\.\d+)?")
PATH = re.compile(r"(?:/v\d+(?:\.\d+)?)?/(\d+)(?:/([a-z_]+))?/?")


async def answer_call(sim: Simulation, scope: HTTPScope, receive: Receive, send: Send) -> None:
    """Answer one call as Meta would, or as the faults have it."""
    path, method = scope["path"], scope["method"]
    line = Line(way="call", at=sim.now(), method=method, address=path, what=f"{method} {_short(sim, path)}")
    started = time.perf_counter()
    if method == "POST" and path.rstrip("/").endswith("/messages") and sim.mischief.nth("reset_before_one_in"):
        line.note, line.tone = "cortado antes de leer", "bad"
        sim.journal.open(line)
        await break_off(receive, send)
        return
    host = header(scope, b"host")
    sim.base_url = sim.settings.base_url or f"{scope['scheme']}://{host}"
    try:
        line.body = await read(receive)
        reply = await _answered(sim, scope, line.body)
    except GraphError as refusal:
        reply = _refused(sim, refusal)
    except ConnectionResetError:
        return
    sim.journal.counters.calls += 1
    reply.wait += sim.mischief.faults.slow_seconds
    line.persona, line.what, line.note = reply.persona, reply.what or line.what, reply.note
    _log_body(line, scope)
    if reply.wait:
        sim.journal.open(line)
    await respond(reply, receive, send)
    line.milliseconds = (time.perf_counter() - started) * 1000
    line.status = None if reply.reset else reply.status
    line.tone = "good" if reply.status < 400 and not reply.reset and not reply.note else "bad"
    if line.id:
        sim.journal.tell(line)
    else:
        sim.journal.open(line)


async def _answered(sim: Simulation, scope: HTTPScope, body: bytes) -> Reply:
    graph_token.authorise(sim, header(scope, b"authorization"))
    path, query = scope["path"], scope["query_string"].decode("latin-1")
    if graph_token.PATH.fullmatch(path) and scope["method"] == "GET":
        return Reply(content=graph_token.facts(sim, dict(parse_qsl(query))), what="GET /debug_token")
    if path.startswith(graph_media.DOWNLOAD_PATH.rstrip("/")):
        medium = graph_media.download(sim, query)
        size = f"{len(medium.data) / 1000:,.0f} kB"
        return Reply(body=medium.data, content_type=medium.mime_type, what=f"GET /media/{medium.id[:4]}…, {size}")
    if session := graph_uploads.PATH.fullmatch(path):
        return _sample(sim, scope, session[1], body)
    parts = PATH.fullmatch(path)
    if not parts:
        raise GraphError(2500)
    call = Call(
        method=scope["method"],
        node=parts[1],
        edge=parts[2] or "",
        query=dict(parse_qsl(query)),
        content_type=header(scope, b"content-type"),
        body=body,
        address=f"{sim.base_url}{path}",
    )
    return await _routed(sim, call)


def _sample(sim: Simulation, scope: HTTPScope, name: str, body: bytes) -> Reply:
    query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
    if scope["method"] == "GET":
        return Reply(content=graph_uploads.state(sim, name, query), what="GET /upload:…, hasta dónde llegó")
    answer = graph_uploads.take(sim, name, query, offset=header(scope, b"file_offset"), body=body)
    return Reply(content=answer, what="POST /upload:…, muestra de una plantilla")


async def _routed(sim: Simulation, call: Call) -> Reply:
    if call.node == sim.settings.phone_number_id:
        door = NUMBER.get((call.method, call.edge))
    elif call.node == sim.settings.business_account_id:
        if (call.method, call.edge) == ("POST", "subscribed_apps"):
            return Reply(content=await graph_number.subscribe(sim, call.json()), what="POST /subscribed_apps")
        door = ACCOUNT.get((call.method, call.edge))
    elif call.node == graph_number.APP["id"]:
        door = APP.get((call.method, call.edge))
    elif call.node in sim.world.templates:
        door = TEMPLATE.get((call.method, call.edge))
    else:
        door = MEDIUM.get((call.method, call.edge))
    if door is None:
        raise no_such_object(f"{call.node}/{call.edge}".rstrip("/"))
    reply = door(sim, call)
    return reply if isinstance(reply, Reply) else Reply(content=reply)


def _describe_medium(sim: Simulation, call: Call) -> Reply:
    if call.query.get("phone_number_id", sim.settings.phone_number_id) != sim.settings.phone_number_id:
        raise no_such_object(call.node)
    medium = graph_media.found(sim, call.node)
    return Reply(content=graph_media.describe(sim, medium), what=f"GET /{call.node[:4]}…, dirección del archivo")


def _delete_medium(sim: Simulation, call: Call) -> Reply:
    medium = graph_media.found(sim, call.node)
    return Reply(content=graph_media.delete(sim, medium), what=f"DELETE /{call.node[:4]}…, archivo")


def _upload(sim: Simulation, call: Call) -> Reply:
    return Reply(content=graph_media.upload(sim, *call.form()), what="POST /media, archivo subido")


def _fields(call: Call) -> list[str]:
    return [name for name in call.query.get("fields", "").split(",") if name]


def _numbers(sim: Simulation, call: Call) -> Json:
    whole = "id,display_phone_number,verified_name,quality_rating,status,code_verification_status,account_mode"
    return {"data": [graph_number.number(sim, call.query.get("fields", whole))]}


def _done(_sim: Simulation, _call: Call) -> Json:
    return {"success": True}


Door = Callable[[Simulation, Call], Reply | Json]
NUMBER: dict[tuple[str, str], Door] = {
    ("POST", "messages"): messages,
    ("POST", "marketing_messages"): messages,
    ("POST", "media"): _upload,
    ("GET", ""): lambda sim, call: graph_number.number(sim, call.query.get("fields", "")),
    ("POST", ""): _done,
    ("POST", "register"): _done,
    ("POST", "deregister"): _done,
    ("GET", "whatsapp_business_profile"): lambda sim, call: graph_number.profile(sim, _fields(call)),
    ("POST", "whatsapp_business_profile"): lambda sim, call: graph_number.change_profile(sim, call.json()),
    ("GET", "message_history"): lambda sim, call: graph_number.history(sim, call.query),
    ("GET", "block_users"): lambda sim, _: graph_number.blocked(sim),
    ("POST", "block_users"): lambda sim, call: graph_number.block(sim, call.json()),
    ("DELETE", "block_users"): lambda sim, call: graph_number.unblock(sim, call.json()),
}
ACCOUNT: dict[tuple[str, str], Door] = {
    ("GET", ""): lambda sim, _: graph_number.account(sim),
    ("GET", "phone_numbers"): _numbers,
    ("GET", "message_templates"): lambda sim, call: graph_templates.listed(sim, call.query, call.address),
    ("POST", "message_templates"): lambda sim, call: graph_templates.create(sim, call.json()),
    ("DELETE", "message_templates"): lambda sim, call: graph_templates.delete(sim, call.query),
    ("GET", "subscribed_apps"): lambda sim, _: graph_number.subscriptions(sim),
    ("DELETE", "subscribed_apps"): lambda sim, _: graph_number.unsubscribe(sim),
}
APP: dict[tuple[str, str], Door] = {("POST", "uploads"): lambda sim, call: graph_uploads.begin(sim, call.query)}
TEMPLATE: dict[tuple[str, str], Door] = {
    ("GET", ""): lambda sim, call: graph_templates.shown(sim.world.templates[call.node], _fields(call)),
    ("POST", ""): lambda sim, call: graph_templates.edit(sim, sim.world.templates[call.node], call.json()),
}
MEDIUM: dict[tuple[str, str], Door] = {("GET", ""): _describe_medium, ("DELETE", ""): _delete_medium}


def _refused(sim: Simulation, refusal: GraphError) -> Reply:
    retry_after = 1 if refusal.status == 429 and sim.mischief.faults.retry_after_header else None
    note = f"código {refusal.code}"
    content = refusal.body(sim.ids.trace())
    return Reply(status=refusal.status, content=content, note=note, retry_after=retry_after, what=refusal.what)


def _short(sim: Simulation, path: str) -> str:
    """A path without version and number, as the register shows it."""
    ours = {sim.settings.phone_number_id, sim.settings.business_account_id, ""}
    return "/" + "/".join(part for part in path.split("/") if part not in ours and not VERSION.fullmatch(part))


def _log_body(line: Line, scope: HTTPScope) -> None:
    """Files do not belong in the register."""
    line.size = len(line.body)
    if not header(scope, b"content-type").startswith("application/json"):
        line.body = b""
