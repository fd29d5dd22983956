"""Who may open the page: this machine's own browsers, and no page of another site inside them."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from litestar.types import HTTPScope, Message, Receive, Send

from integrations.simulator.calls import Reply, header, respond
from integrations.simulator.settings import LOOPBACK
from integrations.simulator.simulation import Simulation

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; "
    "connect-src 'self'; font-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    b"content-security-policy": POLICY.encode(),
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-resource-policy": b"same-origin",
}


async def page_request(
    app: Callable[[HTTPScope, Receive, Send], Awaitable[None]],
    sim: Simulation,
    scope: HTTPScope,
    receive: Receive,
    send: Send,
) -> None:
    """Let a request for the page or its API through if it comes from the page; every answer gets the headers."""
    if not _host_is_ours(sim, header(scope, b"host")) or not _comes_from_us(scope):
        refusal = {"detail": "Esta dirección no es la del simulador."}
        await respond(Reply(status=403, content=refusal), receive, send)
        return

    async def send_dressed(event: Message) -> None:
        if event["type"] == "http.response.start":
            present = [name.lower() for name, _ in event["headers"]]
            missing = [(name, value) for name, value in HEADERS.items() if name not in present]
            event["headers"] = [*event["headers"], *missing]
        await send(event)

    await app(scope, receive, send_dressed)


def _host_is_ours(sim: Simulation, host: str) -> bool:
    """Names can be made to point here by anyone (DNS rebinding); addresses, and our own name, cannot."""
    name = urlsplit(f"//{host}").hostname or ""
    known = {urlsplit(address).hostname for address in (sim.settings.base_url, sim.settings.console) if address}
    return name in LOOPBACK or name in known or _is_address(name)


def _comes_from_us(scope: HTTPScope) -> bool:
    origin = header(scope, b"origin")
    if not origin:
        return header(scope, b"sec-fetch-site") in {"", "none", "same-origin", "same-site"} or scope["method"] == "GET"
    here = urlsplit(f"//{header(scope, b'host')}").hostname
    return urlsplit(origin).hostname in {here, *LOOPBACK}


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
