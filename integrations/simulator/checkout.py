"""`/simulator/checkout`: a creditor's own checkout. It reads a signed link, takes no money, and reports it, signed."""

from __future__ import annotations

import hmac
import json
import secrets
import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.response import Template
from litestar.types import ControllerRouterHandler

from integrations.payments import stamped
from integrations.payments.signed import signature
from integrations.simulator.simulation import Simulation

NAMES = ("reference", "amount", "currency", "expires", "back")
# The page has a form; what it posts to is this page.
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SECONDS = 10.0


class Ticket(msgspec.Struct, frozen=True):
    """What a link asks for, and whether its signature and its end let it be paid."""

    values: dict[str, str]
    is_signed: bool
    is_over: bool


@get("/simulator/checkout", sync_to_thread=False)
def checkout(request: Request[Any, Any, Any], sim: NamedDependency[Simulation]) -> Template:
    """The page a link leads to."""
    return _page(sim, _ticket(sim, dict(request.query_params)), said="")


@post("/simulator/checkout", status_code=200)
async def pay(request: Request[Any, Any, Any], sim: NamedDependency[Simulation]) -> Template:
    """Pay, or give back what was paid; the console hears of it before the page answers."""
    form = {name: found[0] for name, found in parse_qs((await request.body()).decode(), keep_blank_values=True).items()}
    ticket = _ticket(sim, form)
    if not ticket.is_signed or (ticket.is_over and form.get("deed") != "refund"):
        return _page(sim, ticket, said="")
    payment_id = form.get("payment") or f"op-{secrets.token_hex(6)}"
    is_refund = form.get("deed") == "refund"
    payment = {
        "id": payment_id,
        "reference": ticket.values["reference"],
        "amount": ticket.values["amount"],
        "currency": ticket.values["currency"],
        "paid_at": datetime.now(UTC).isoformat(),
        "method": "tarjeta",
        **({"refunded": ticket.values["amount"]} if is_refund else {}),
    }
    status = await _report(sim, "payment.refunded" if is_refund else "payment.paid", payment)
    said = "" if status == httpx.codes.OK else f"La consola respondió {status}."
    return _page(sim, ticket, said=said, payment_id=payment_id, is_refunded=is_refund)


async def _report(sim: Simulation, kind: str, payment: dict[str, str]) -> int:
    body = json.dumps({"id": f"rep-{secrets.token_hex(8)}", "type": kind, "live": True, "payment": payment}).encode()
    headers = {
        "content-type": "application/json",
        "aldia-signature": stamped.sign(body, sim.settings.payments_secret, at=int(time.time())),
    }
    async with httpx.AsyncClient(timeout=SECONDS, trust_env=False) as http:
        address = f"{sim.settings.console}/webhooks/payments/signed"
        return (await http.post(address, content=body, headers=headers)).status_code


def _ticket(sim: Simulation, given: dict[str, str]) -> Ticket:
    values = {name: given.get(name, "") for name in NAMES}
    right = signature(sim.settings.payments_key, values)
    is_signed = hmac.compare_digest(right.encode(), given.get("signature", "").encode())
    is_over = not values["expires"].isdigit() or int(values["expires"]) < time.time()
    return Ticket({**values, "signature": given.get("signature", "")}, is_signed, is_over)


def _page(
    sim: Simulation, ticket: Ticket, *, said: str, payment_id: str | None = None, is_refunded: bool = False
) -> Template:
    back = ticket.values["back"]
    is_console = urlsplit(back).netloc == urlsplit(sim.settings.console).netloc
    return Template(
        "checkout.html",
        context={
            "business": sim.settings.business_name,
            "ticket": ticket,
            "said": said,
            "payment_id": payment_id,
            "is_refunded": is_refunded,
            "back": back if ticket.is_signed and is_console else "",
        },
        # Without a referrer browsers post forms as if from nowhere, and the page's own form would be refused.
        headers={"content-security-policy": POLICY, "referrer-policy": "same-origin"},
    )


DOORS: list[ControllerRouterHandler] = [checkout, pay]
