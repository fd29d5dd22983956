"""`/simulator/api`: the faults, the register, the ledger, the webhooks under way, the clock, the load."""

from __future__ import annotations

import base64
import binascii
import shlex
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import FromPath, FromQuery

from integrations.simulator import crowd, graph_templates
from integrations.simulator.control import given
from integrations.simulator.faults import Faults
from integrations.simulator.journal import Line
from integrations.simulator.ledger import Entry
from integrations.simulator.live import summary
from integrations.simulator.load import Load, Plan, Progress
from integrations.simulator.payloads import Json, envelope
from integrations.simulator.simulation import Simulation
from integrations.simulator.webhooks import News

Sim = NamedDependency[Simulation]
Call = Request[Any, Any, Any]
SHOWN_BYTES = 64 * 1024


class Rush(msgspec.Struct, forbid_unknown_fields=True):
    """How many people write, and within how many seconds."""

    count: Annotated[int, msgspec.Meta(ge=1, le=900)] = 50
    seconds: Annotated[float, msgspec.Meta(ge=0, le=600)] = 4


class Batch(msgspec.Struct, forbid_unknown_fields=True):
    """How many messages in one POST."""

    count: Annotated[int, msgspec.Meta(ge=1, le=5000)] = 1000


class Raw(msgspec.Struct, forbid_unknown_fields=True):
    """Bytes to send as a webhook, as text or in base64; a signature of "" means none."""

    body: str | None = None
    body_base64: str | None = None
    signature: str | None = None
    what: str = "a mano"
    attempts: Annotated[int, msgspec.Meta(ge=1, le=100)] = 1


class Field(msgspec.Struct, forbid_unknown_fields=True):
    """A change of any field, such as `account_update`."""

    field: str
    value: Json


class Decision(msgspec.Struct, forbid_unknown_fields=True):
    """What Meta decides about a template."""

    event: str
    reason: str = "NONE"


class Time(msgspec.Struct, forbid_unknown_fields=True):
    """How to change the simulated clock."""

    speed: Annotated[float, msgspec.Meta(gt=0, le=1000)] | None = None
    advance_seconds: Annotated[float, msgspec.Meta(ge=0, le=366 * 86_400)] = 0
    reset: bool = False


@get("/state")
async def state(sim: Sim) -> Json:
    """What the page shows around the phone."""
    settings = sim.settings
    return {
        "business_name": settings.business_name,
        "display_phone_number": settings.display_phone_number,
        "phone_number_id": settings.phone_number_id,
        "business_account_id": settings.business_account_id,
        "console_url": settings.console,
        "webhook_url": sim.webhooks.courier.url,
        "verified": sim.webhooks.verified,
        "paused": sim.webhooks.courier.paused,
        "faults": _faults(sim),
        "counters": sim.counters(),
        "clock": _time(sim),
    }


@get("/counters")
async def counters(sim: Sim) -> Json:
    """How much went over the wire."""
    return sim.counters()


@get("/faults")
async def faults(sim: Sim) -> Json:
    """Every fault, and which are on."""
    return _faults(sim)


@put("/faults")
async def set_faults(request: Call, sim: Sim) -> Json:
    """Set the faults to exactly these; what is left out is off."""
    return _set(sim, await given(request, Faults))


@patch("/faults")
async def change_faults(request: Call, sim: Sim) -> Json:
    """Change some faults and leave the others."""
    changes = await given(request, Json)
    whole = {**msgspec.structs.asdict(sim.mischief.faults), **changes}
    try:
        changed = msgspec.convert(whole, Faults)
    except msgspec.ValidationError as wrong:
        raise ClientException(detail=str(wrong)) from wrong
    return _set(sim, changed)


@delete("/faults", status_code=200)
async def behave(sim: Sim) -> Json:
    """Behave: all faults off."""
    return _set(sim, Faults())


@get("/ledger")
async def ledger(sim: Sim, after: FromQuery[int] = 0, limit: FromQuery[int] = 1000) -> Json:
    """Accepted sends that follow entry number `after`."""
    entries: list[Entry] = sim.ledger.after(after, min(limit, 10_000))
    return {"entries": entries, "total": sim.ledger.dropped + len(sim.ledger.entries), "dropped": sim.ledger.dropped}


@get("/journal")
async def journal(
    sim: Sim, limit: FromQuery[int] = 200, way: FromQuery[Literal["webhook", "call"] | None] = None
) -> Json:
    """The newest lines of the register, newest first."""
    lines = [summary(line) for line in reversed(sim.journal.lines.values()) if way in {None, line.way}]
    return {"lines": lines[: min(limit, 1500)], "counters": sim.counters()}


@get("/journal/{number:int}")
async def journal_line(sim: Sim, number: FromPath[int]) -> Json:
    """One line with its bodies, and how to repeat it by hand."""
    line = _line(sim, number)
    return {
        **summary(line),
        "body": line.body[:SHOWN_BYTES].decode(errors="replace"),
        "body_is_cut": len(line.body) > SHOWN_BYTES,
        "answer": line.answer.decode(errors="replace"),
        "curl": _curl(line),
    }


@post("/journal/{number:int}/resend")
async def resend(sim: Sim, number: FromPath[int]) -> Json:
    """Send the very bytes of a webhook once more."""
    line = _line(sim, number)
    if line.way != "webhook" or line.method != "POST" or not line.body:
        raise ClientException(detail="Solo se reenvían los webhooks.")
    return summary(sim.webhooks.resend(line))


@get("/webhooks")
async def webhooks(sim: Sim) -> Json:
    """What is under way."""
    courier = sim.webhooks.courier
    return {"pending": sim.webhooks.pending, "paused": courier.paused, "url": courier.url}


@post("/webhooks/{verb:str}")
async def drive_webhooks(request: Call, sim: Sim, verb: FromPath[str]) -> Json:
    """`pause`, `resume`, `verify`, `raw` (any bytes), `field` (any change), `forge` (a wrong signature)."""
    courier = sim.webhooks.courier
    match verb:
        case "pause":
            courier.pause()
        case "resume":
            courier.go_on()
        case "verify":
            return {"verified": await sim.webhooks.verify(courier.url, sim.settings.verify_token)}
        case "raw":
            raw = await given(request, Raw)
            return summary(
                sim.webhooks.send_bytes(_bytes(raw), what=raw.what, signature=raw.signature, attempts=raw.attempts)
            )
        case "field" | "forge":
            field = await given(request, Field)
            body = envelope(sim.settings, field.field, [field.value], at=sim.now())
            if verb == "forge":
                return summary(sim.webhooks.forge(body))
            sim.announce(News(body=body, what=field.field))
        case _:
            raise NotFoundException(detail=f"No hay {verb!r}.")
    return {"pending": sim.webhooks.pending, "paused": courier.paused, "url": courier.url}


@delete("/webhooks/pending", status_code=200)
async def give_up(sim: Sim) -> Json:
    """Stop repeating: what has not arrived never will."""
    return {"given_up": sim.webhooks.give_up()}


@post("/crowd")
async def write_all(request: Call, sim: Sim) -> Json:
    """Let many people write at once."""
    rush = await given(request, Rush)
    return {"personas": crowd.rush(sim, rush.count, rush.seconds)}


@post("/batch")
async def write_in_one(request: Call, sim: Sim) -> Json:
    """Send many messages in one POST."""
    return {"messages": crowd.batch(sim, (await given(request, Batch)).count)}


@post("/load")
async def start_load(request: Call, sim: Sim) -> Progress:
    """Fire webhooks at a rate; one run at a time."""
    plan = await given(request, Plan)
    if sim.load and sim.load.progress().running:
        raise ClientException(detail="Ya hay una carga en marcha.", status_code=409)
    sim.load = Load(sim.settings, plan, url=sim.webhooks.courier.url)
    first = int(plan.first_number)
    for place in range(min(plan.people, 100_000)):
        sim.world.strangers[str(first + place)] = sim.now()
    sim.webhooks.courier.begin(_fire(sim.load))
    return sim.load.progress()


@get("/load")
async def load(sim: Sim) -> Progress:
    """How the run stands, or how the last one ended."""
    return sim.load.progress() if sim.load else Progress()


@get("/templates")
async def templates(sim: Sim) -> Json:
    """Every template whole."""
    return {"templates": list(sim.world.templates.values())}


@post("/templates/{template:str}/status")
async def decide(request: Call, sim: Sim, template: FromPath[str]) -> Json:
    """Pause, disable, reject or reinstate a template, by id or by name."""
    decision = await given(request, Decision)
    if decision.event not in graph_templates.AFTER:
        raise ClientException(detail=f"`event` es uno de {sorted(graph_templates.AFTER)}.")
    meant = [it for it in sim.world.templates.values() if template in {it.id, it.name}]
    if not meant:
        raise NotFoundException(detail=f"No hay ninguna plantilla {template!r}.")
    for it in meant:
        graph_templates.change_status(sim, it, decision.event, reason=decision.reason)
    return {"templates": meant}


@get("/clock")
async def clock(sim: Sim) -> Json:
    """The simulated time."""
    return _time(sim)


@put("/clock")
async def set_clock(request: Call, sim: Sim) -> Json:
    """Hurry, jump ahead, or go back to the real time."""
    change = await given(request, Time)
    if change.reset:
        sim.clock.reset()
    if change.speed:
        sim.clock.go(change.speed)
    sim.clock.advance(change.advance_seconds)
    sim.hub.tell("clock", _time(sim))
    return _time(sim)


@post("/reset")
async def reset(sim: Sim) -> Json:
    """Begin anew."""
    sim.reset()
    return {"reset": True}


async def _fire(run: Load) -> None:
    await run.run()


def _set(sim: Simulation, faults: Faults) -> Json:
    sim.mischief.set(faults)
    sim.hub.tell("faults", _faults(sim))
    return _faults(sim)


def _faults(sim: Simulation) -> Json:
    return {**msgspec.structs.asdict(sim.mischief.faults), "active": sim.mischief.faults.active()}


def _time(sim: Simulation) -> Json:
    return {"now": sim.now(), "speed": sim.clock.speed}


def _line(sim: Simulation, number: int) -> Line:
    line = sim.journal.lines.get(number)
    if line is None:
        raise NotFoundException(detail="Esa línea ya no está en el registro.")
    return line


def _bytes(raw: Raw) -> bytes:
    if raw.body_base64 is None:
        return (raw.body or "").encode(errors="surrogatepass")
    try:
        return base64.b64decode(raw.body_base64, validate=True)
    except binascii.Error as wrong:
        raise ClientException(detail="`body_base64` no es base64.") from wrong


def _curl(line: Line) -> str:
    if line.way == "call":
        target = f'"$WHATSAPP_API_URL"{shlex.quote(line.address)}'
        words = ["curl", "-X", line.method, target, "-H", '"Authorization: Bearer $WHATSAPP_ACCESS_TOKEN"']
    else:
        words = ["curl", "-X", line.method, shlex.quote(line.address)]
        if line.signature:
            words += ["-H", shlex.quote(f"X-Hub-Signature-256: {line.signature}")]
    if line.body:
        text = line.body.decode(errors="replace")
        words += ["-H", shlex.quote("Content-Type: application/json"), "--data-binary", shlex.quote(text)]
    return " ".join(words)


DOORS = [
    state,
    counters,
    faults,
    set_faults,
    change_faults,
    behave,
    ledger,
    journal,
    journal_line,
    resend,
    webhooks,
    drive_webhooks,
    give_up,
    write_all,
    write_in_one,
    start_load,
    load,
    templates,
    decide,
    clock,
    set_clock,
    reset,
]
