"""`POST /{phone-number-id}/messages`: accepted or refused, and the faults that strike around the answer."""

from __future__ import annotations

import msgspec

from integrations.simulator.calls import Call, Reply
from integrations.simulator.graph_errors import GraphError
from integrations.simulator.outbound import Accepted, accept, mark_read
from integrations.simulator.payloads import Json
from integrations.simulator.simulation import Simulation

KINDS = {
    "text": "texto",
    "image": "imagen",
    "audio": "audio",
    "video": "video",
    "document": "documento",
    "sticker": "sticker",
    "location": "ubicación",
    "contacts": "contacto",
    "interactive": "botones",
    "reaction": "reacción",
    "template": "plantilla",
}
BROKEN: dict[str, Reply] = {
    "html": Reply(body=b"<!doctype html><title>Sorry</title><h1>Something went wrong</h1>", content_type="text/html"),
    "empty": Reply(body=b""),
    "bad_gateway": Reply(status=502, body=b"<html><h1>502 Bad Gateway</h1></html>", content_type="text/html"),
    "huge": Reply(body=b'{"messages":[' + b" " * 20_000_000),
    "half_json": Reply(body=b'{"messaging_product":"whatsapp","contacts":[{"inp'),
}


def messages(sim: Simulation, call: Call) -> Reply:
    """Answer a send, a read mark or a typing indicator; raises GraphError."""
    body = call.json()
    if body.get("status") is not None:
        typing = "indicador “escribiendo”" if body.get("typing_indicator") else "leído"
        if body["status"] != "read":
            raise GraphError(100, "Param status must be one of {read}.")
        return Reply(content=mark_read(sim, body), what=f"POST /messages, {typing}")
    try:
        _strike_before(sim)
        accepted = accept(sim, body)
    except GraphError as refusal:
        refusal.what = _said(sim, body)
        raise
    reply = _spoilt(sim, accepted)
    reply.persona = accepted.to.thread.persona.id
    reply.what = _said(sim, body)
    return reply


def _said(sim: Simulation, body: Json) -> str:
    kind = str(body.get("type", "text"))
    template = body.get("template")
    name = f" {template.get('name')}" if kind == "template" and isinstance(template, dict) else ""
    address = str(body.get("to") or body.get("recipient") or "nadie")
    thread = sim.world.thread_of(address)
    return f"POST /messages, {KINDS.get(kind, kind)}{name} a {thread.persona.name if thread else address}"


def _strike_before(sim: Simulation) -> None:
    mischief = sim.mischief
    if mischief.nth("rate_limit_one_in"):
        code = mischief.faults.rate_limit_code
        if code == "both":
            code = sim.chance.choice(["130429", "131056"])
        raise GraphError(int(code), "Sent by the simulator on purpose.")
    if mischief.nth("unavailable_one_in"):
        raise GraphError(131016, "Sent by the simulator on purpose.")


def _spoilt(sim: Simulation, accepted: Accepted) -> Reply:
    """The answer to an accepted send, as the faults leave it; the ledger notes which it was."""
    mischief, entry = sim.mischief, accepted.entry
    reply = Reply(content=accepted.answer)
    entry.answer = "200"
    if mischief.nth("error_after_accept_one_in"):
        entry.answer = "500"
        error = GraphError(131000, "Sent by the simulator on purpose, after accepting the message.")
        reply = Reply(status=500, content=error.body(sim.ids.trace()), note="aceptado")
    elif mischief.nth("reset_after_one_in"):
        entry.answer = "reset"
        reply = Reply(reset=True, note="cortado tras aceptar")
    elif mischief.nth("broken_answer_one_in"):
        entry.answer = "broken"
        kind = mischief.faults.broken_answer
        no_id = Reply(content={**accepted.answer, "messages": [{}]})
        made = no_id if kind == "no_id" else BROKEN[kind]
        reply = msgspec.structs.replace(made, note="respuesta rota")
    if mischief.faults.hang_seconds and mischief.nth("hang_one_in"):
        if entry.answer == "200":
            entry.answer = "hang"
        reply.wait, reply.note = mischief.faults.hang_seconds, "sin respuesta"
    return reply
