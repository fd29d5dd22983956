"""A simulator under uvicorn, a console that writes down what it is sent, and short words for driving both."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs

import httpx
import msgspec
import uvicorn

from integrations.simulator.serving import SimulatorServer
from integrations.simulator.settings import SimulatorSettings
from integrations.simulator.simulation import Simulation
from integrations.whatsapp.signature import verify
from tests.patience import eventually_now

MARIA = "maria-fernanda-ccori"
MARIA_PHONE = "51944218305"


class Webhook(msgspec.Struct):
    """A POST as the console got it."""

    body: bytes
    signature: str | None
    at: float

    @property
    def signed(self) -> bool:
        """Whether the signature fits the very bytes."""
        return verify(self.body, self.signature, [SimulatorSettings().app_secret])

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def values(self) -> list[dict[str, Any]]:
        """The values of all changes, or nothing where there are none to be read."""
        try:
            return [change["value"] for entry in self.json["entry"] for change in entry["changes"]]
        except (ValueError, LookupError, TypeError, RecursionError):
            return []


class Console:
    """Answers 200 to everything, or what `answer` says for a webhook: a status, or None for never."""

    def __init__(self) -> None:
        self.port = free_port()
        self.forget()

    def forget(self) -> None:
        """Be as new."""
        self.webhooks: list[Webhook] = []
        self.challenges: list[dict[str, list[str]]] = []
        self.answer: Callable[[Webhook], int | None] = lambda _webhook: 200
        self.echoes = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/webhooks/whatsapp"

    @property
    def messages(self) -> list[dict[str, Any]]:
        """Every message, in order of arrival."""
        return [element for hook in self.webhooks for value in hook.values for element in value.get("messages", [])]

    @property
    def statuses(self) -> list[dict[str, Any]]:
        """Every status, in order of arrival."""
        return [element for hook in self.webhooks for value in hook.values for element in value.get("statuses", [])]

    def steps(self, wamid: str) -> list[str]:
        """How far one message has come, as the console was told."""
        return [status["status"] for status in self.statuses if status["id"] == wamid]

    def fields(self, name: str) -> list[dict[str, Any]]:
        """The values that came under one field."""
        changes = [change for hook in self.webhooks for entry in hook.json["entry"] for change in entry["changes"]]
        return [change["value"] for change in changes if change["field"] == name]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        if scope["method"] == "GET":
            asked = parse_qs(scope["query_string"].decode())
            self.challenges.append(asked)
            await _respond(send, 200 if self.echoes else 403, asked["hub.challenge"][0].encode())
            return
        body = b""
        while True:
            event = await receive()
            body += event.get("body", b"")
            if not event.get("more_body"):
                break
        signature = dict(scope["headers"]).get(b"x-hub-signature-256")
        webhook = Webhook(body, signature.decode() if signature else None, time.monotonic())
        self.webhooks.append(webhook)
        status = self.answer(webhook)
        if status is None:
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        await _respond(send, status, b"")


async def _respond(send: Any, status: int, body: bytes) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [length]})
    await send({"type": "http.response.body", "body": body})


class Town:
    """One simulator with its console."""

    def __init__(self, console: Console, simulation: Simulation, port: int) -> None:
        self.console = console
        self.simulation = simulation
        self.url = f"http://127.0.0.1:{port}"
        self.http = httpx.Client(base_url=self.url, timeout=20, trust_env=False)
        self.settings = simulation.settings

    # --- the business's side ---

    def call(
        self, method: str, path: str, *, token: str | None = None, headers: dict[str, str] | None = None, **request: Any
    ) -> httpx.Response:
        """A call of the Cloud API."""
        bearer = self.settings.access_token if token is None else token
        named = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        return self.http.request(method, f"/v23.0/{path}", headers={**named, **(headers or {})}, **request)

    def number(self, method: str, edge: str = "", **request: Any) -> httpx.Response:
        """A call about the number."""
        return self.call(method, f"{self.settings.phone_number_id}/{edge}".rstrip("/"), **request)

    def account(self, method: str, edge: str = "", **request: Any) -> httpx.Response:
        """A call about the account."""
        return self.call(method, f"{self.settings.business_account_id}/{edge}".rstrip("/"), **request)

    def send(self, to: str = "+" + MARIA_PHONE, **body: Any) -> httpx.Response:
        """A send; a text if nothing else is said."""
        content = body or {"type": "text", "text": {"body": "Buenos días"}}
        address = {} if "recipient" in content else {"to": to}
        return self.number("POST", "messages", json={"messaging_product": "whatsapp", **address, **content})

    def sent(self, to: str = "+" + MARIA_PHONE, **body: Any) -> str:
        """A send that is accepted: its id."""
        answer = self.send(to, **body)
        assert answer.status_code == 200, answer.text
        wamid: str = answer.json()["messages"][0]["id"]
        return wamid

    # --- the debtors' side ---

    def api(self, method: str, path: str, **request: Any) -> Any:
        """A call of the control API that succeeds."""
        answer = self.http.request(method, f"/simulator/api{path}", **request)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def do(self, persona: str, verb: str, **body: Any) -> Any:
        """Something a debtor does."""
        return self.api("POST", f"/personas/{persona}/{verb}", json=body)

    def write(self, text: str = "Hola", persona: str = MARIA, **body: Any) -> str:
        """A debtor writes: the id of the message."""
        wamid: str = self.do(persona, "messages", text=text, **body)["id"]
        return wamid

    def faults(self, **faults: Any) -> None:
        """Misbehave in exactly these ways."""
        self.api("PUT", "/faults", json=faults)

    def thread(self, persona: str = MARIA) -> list[dict[str, Any]]:
        """The messages of a chat."""
        messages: list[dict[str, Any]] = self.api("GET", f"/threads/{persona}")["messages"]
        return messages

    def bubble(self, wamid: str, persona: str = MARIA) -> dict[str, Any]:
        """One message of a chat."""
        return next(message for message in self.thread(persona) if message["id"] == wamid)

    def arrived(self, wamid: str) -> dict[str, Any]:
        """Wait for a message at the console."""
        return eventually_now(lambda: next((it for it in self.console.messages if it["id"] == wamid), None)) or {}

    def told(self, wamid: str, *steps: str) -> None:
        """Wait until the console has been told these statuses of a message, in this order, and no others."""
        eventually_now(lambda: len(self.console.steps(wamid)) >= len(steps))
        assert self.console.steps(wamid) == list(steps)


@contextlib.contextmanager
def running(console: Console, port: int) -> Iterator[None]:
    """Let a console be up."""
    config = uvicorn.Config(console, port=port, log_level="error", lifespan="off", timeout_graceful_shutdown=1)
    with serving(uvicorn.Server(config)):
        yield


@contextlib.contextmanager
def serving(server: uvicorn.Server) -> Iterator[None]:
    """Serve from a thread of its own."""
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    eventually_now(lambda: server.started, within=15)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(10)


@contextlib.contextmanager
def town(
    console: Console | None = None, *, console_is_up: bool = True, port: int | None = None, **settings: Any
) -> Iterator[Town]:
    """A simulator with its console; `settings` are the simulator's, quick ones if nothing else is said."""
    console = console or Console()
    quick = {"sent_after": 0.0, "delivered_after": 0.02, "approved_after": 0.02, "retry_after": (0.02, 0.05)}
    chosen = SimulatorSettings(**{"webhook_url": console.url, "verify_on_start": False, **quick, **settings})
    port = port or free_port()
    server = SimulatorServer(chosen, port=port)
    with contextlib.ExitStack() as stack:
        if console_is_up:
            stack.enter_context(running(console, console.port))
        stack.enter_context(serving(server))
        made = Town(console, server.simulation, port)
        stack.callback(made.http.close)
        yield made


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
