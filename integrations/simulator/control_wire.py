"""`/simulator/api`: the register, the ledger, and the webhooks under way."""

from __future__ import annotations

import base64
import binascii
import shlex
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, delete, get, post
from litestar.di import NamedDependency
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import FromPath, FromQuery

from integrations.simulator.control import given
from integrations.simulator.journal import Line
from integrations.simulator.ledger import Entry
from integrations.simulator.live import summary
from integrations.simulator.payloads import Json, envelope
from integrations.simulator.simulation import Simulation
from integrations.simulator.webhooks import News

Sim = NamedDependency[Simulation]
Call = Request[Any, Any, Any]
SHOWN_BYTES = 64 * 1024


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


DOORS = [ledger, journal, journal_line, resend, webhooks, drive_webhooks, give_up]
