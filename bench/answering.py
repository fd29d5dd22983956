"""`python -m bench answering`: how long somebody waits for the bot, from the delivery of their words to its answer.

A server as in production, with the bot on, and a Cloud API of the bench's own that notes when a message arrives for
whom. People write at a steady rate; who is asked who they are answers, and waits again. Counted from the first byte of
the signed webhook to the whole of the request at the API: what the bot waits for further bubbles is part of it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import uvicorn
from sqlalchemy import select

from bench import night, stands
from bench.processes import Process, free_port
from bench.report import latency
from console import schema
from console.agents import Team
from console.app import create_console, running
from console.audit import SYSTEM
from console.bots import conduct
from console.settings import Settings, load

PATIENCE = 20.0
"""Seconds after which somebody has not been answered."""
PROMISED = 2.0


class CloudApi:
    """Takes whatever is sent, and says to who waits for it that it is there."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Future[float]] = {}
        self._number = 0

    def expect(self, phone: str) -> asyncio.Future[float]:
        """The moment at which the next message for `phone` is here."""
        self._waiting[phone] = asyncio.get_running_loop().create_future()
        return self._waiting[phone]

    async def __call__(self, _scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 ASGI's own
        """One request."""
        body, more = b"", True
        while more:
            part = await receive()
            body, more = body + part.get("body", b""), part.get("more_body", False)
        now = time.perf_counter()
        said = json.loads(body or b"{}")
        self._number += 1
        answer: dict[str, Any] = {"success": True}
        if phone := str(said.get("to", "")).lstrip("+"):
            answer = {"messaging_product": "whatsapp", "messages": [{"id": f"wamid.OUT{self._number}"}]}
            waits = self._waiting.pop(phone, None)
            if waits is not None and not waits.done():
                waits.set_result(now)
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(answer).encode()})


class Waited(msgspec.Struct):
    """Seconds that people waited: until they were asked who they are, and until they were told; and who got nothing."""

    asked: list[float] = []
    told: list[float] = []
    unanswered: int = 0


def main(arguments: list[str]) -> None:
    """Run it and print the figures; exit 1 when somebody was not answered at all."""
    parser = argparse.ArgumentParser(prog="python -m bench answering", description=__doc__)
    parser.add_argument("--people", type=int, default=60)
    parser.add_argument("--rate", type=float, default=3.0, help="people a second who begin")
    parser.add_argument("--database", choices=stands.KINDS, action="append", help="both, unless one is named")
    options = parser.parse_args(arguments)
    unanswered = 0
    for kind in options.database or stands.KINDS:
        with stands.scratch() as folder, stands.database(kind, folder) as (url, _pid):
            waited = asyncio.run(_measure(url, folder, options.people, options.rate))
        for what, seconds in (("asked who they are", waited.asked), ("told what they owe", waited.told)):
            found = latency(seconds)
            within = sum(second <= PROMISED for second in seconds)
            print(
                f"{kind}: {what} after {found.p50 / 1000:.2f} s (median), {found.p99 / 1000:.2f} s (99 of 100); "
                f"{within} of {len(seconds)} within {PROMISED:.0f} s",
                flush=True,
            )
        unanswered += waited.unanswered
    if unanswered:
        raise SystemExit(f"{unanswered} were not answered")


async def _measure(url: str, folder: Path, people: int, rate: float) -> Waited:
    port, api = free_port(), CloudApi()
    async with _listening(api) as api_url:
        more = {**night.PROVIDER, "ALDIA_BOT": "on", "WHATSAPP_API_URL": api_url}
        environ = {**stands.environ(url, port), **more, "ALDIA_MEDIA_DIR": str(folder / "media")}
        settings = load(environ, dotenv=folder / "none")
        await schema.migrate(url)
        talks = await _people(settings, people)
        serve = [str(Path(sys.executable).parent / "aldia"), "serve", "--port", str(port)]
        with Process(serve, log=folder / "server.log", environ={**stands.clean(), **environ}) as server:
            await asyncio.to_thread(server.wait_for, port)
            async with httpx.AsyncClient(base_url=settings.base_url, trust_env=False, timeout=PATIENCE) as http:
                # The port is there before the server behind it is; and the first of all pays for what is loaded late.
                (await http.get("/health", timeout=120)).raise_for_status()
                await _talk(http, settings, api, talks[0], Waited())
                waited = Waited()
                async with asyncio.TaskGroup() as group:
                    for talk in talks[1:]:
                        group.create_task(_talk(http, settings, api, talk, waited))
                        await asyncio.sleep(1 / rate)
                return waited


async def _people(settings: Settings, count: int) -> list[night.Talk]:
    """People who owe and will prove to be there; the bot of the team speaks whatever the hour."""
    console = create_console(settings)
    async with running(console):
        talks = await night.portfolio(console, 2 * count + 20)
        async with console.db.transaction() as tx:
            for team_id in (await tx.scalars(select(Team.id))).all():
                await conduct.change(tx, team_id, by=SYSTEM, mode="always")
    return [talk for talk in talks if talk.proves and len(talk.lines) > 1][: count + 1]


async def _talk(http: httpx.AsyncClient, settings: Settings, api: CloudApi, talk: night.Talk, waited: Waited) -> None:
    for number, (line, kept) in enumerate(zip(talk.lines, (waited.asked, waited.told), strict=False)):
        answered = api.expect(talk.phone)
        began = time.perf_counter()
        key = int(talk.phone[-8:]) * 10 + number
        await night.deliver(http, settings, (talk.phone, line), key, datetime.now(UTC))
        try:
            kept.append(await asyncio.wait_for(answered, PATIENCE) - began)
        except TimeoutError:
            waited.unanswered += 1
            return


@contextlib.asynccontextmanager
async def _listening(api: CloudApi) -> AsyncIterator[str]:
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(api, port=port, lifespan="off", log_config=None))
    task = asyncio.create_task(server.serve())
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task
