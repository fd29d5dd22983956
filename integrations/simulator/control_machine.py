"""`/simulator/api`: the faults, the rushes and loads, the templates, the clock, and beginning anew."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import FromPath

from integrations.simulator import crowd, graph_templates
from integrations.simulator.control import given
from integrations.simulator.faults import Faults
from integrations.simulator.load import Load, Plan, Progress
from integrations.simulator.payloads import Json
from integrations.simulator.simulation import Simulation

Sim = NamedDependency[Simulation]
Call = Request[Any, Any, Any]


class Rush(msgspec.Struct, forbid_unknown_fields=True):
    """How many people write, and within how many seconds."""

    count: Annotated[int, msgspec.Meta(ge=1, le=900)] = 50
    seconds: Annotated[float, msgspec.Meta(ge=0, le=600)] = 4


class Batch(msgspec.Struct, forbid_unknown_fields=True):
    """How many messages in one POST."""

    count: Annotated[int, msgspec.Meta(ge=1, le=5000)] = 1000


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


DOORS = [
    state,
    counters,
    faults,
    set_faults,
    change_faults,
    behave,
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
