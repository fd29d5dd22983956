"""`POST /{phone-number-id}/messages`: accepted or refused, and the faults that strike around the answer."""

from __future__ import annotations

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
    _strike_before(sim)
    accepted = accept(sim, body)
    reply = _spoilt(sim, accepted)
    reply.persona = accepted.to.thread.persona.id
    reply.what = _said(body, accepted)
    return reply


def _said(body: Json, accepted: Accepted) -> str:
    kind = accepted.entry.kind
    what = f"{KINDS.get(kind, kind)} {body['template']['name']}" if kind == "template" else KINDS.get(kind, kind)
    return f"POST /messages, {what} a {accepted.to.thread.persona.name}"


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
        reply = Reply(content=made.content, body=made.body, content_type=made.content_type, note="respuesta rota")
    if mischief.faults.hang_seconds and mischief.nth("hang_one_in"):
        if entry.answer == "200":
            entry.answer = "hang"
        reply.wait, reply.note = mischief.faults.hang_seconds, "sin respuesta"
    return reply
