"""A console that serves on loopback, and programs with tokens that call it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import structlog
from litestar import Litestar
from sqlalchemy import event, update
from websockets.asyncio.client import ClientConnection, connect

from console import agents, audit, clock
from console.agents import Agent, AgentTeam, ApiToken, Role, Team
from console.app import create_app
from console.db import Database
from console.inbox import ingest
from console.live import Live
from console.sessions import hash_of
from console.settings import Settings
from tests import prompt
from tests.conftest import SECRET_KEY
from tests.inbox import meta


class House:
    """One process of the product, its database, and who calls it."""

    def __init__(self, app: Litestar, url: str) -> None:
        self.app, self.url = app, url
        self.db: Database = app.state.db
        self.live: Live = app.state.live

    async def token(self, *scopes: str, name: str = "facturación") -> str:
        """A new token with these scopes; all of them when none is named."""
        key = secrets.token_urlsafe(32)
        async with self.db.transaction() as tx:
            row = ApiToken(
                name=name,
                token_hash=hash_of(key),
                scopes=list(scopes or ("*",)),
                created_at=clock.now(),
                revoked_at=None,
            )
            tx.add(row)
            await tx.flush()
            audit.record(tx, audit.SYSTEM, "token.created", subject=f"token:{row.id}")
        return key

    async def revoke(self, key: str, *, quietly: bool = False) -> None:
        """Take a token back; `quietly`, without anything in the history that could wake a follower."""
        async with self.db.transaction() as tx:
            revoking = update(ApiToken).where(ApiToken.token_hash == hash_of(key)).values(revoked_at=clock.now())
            await tx.execute(revoking)
            if not quietly:
                audit.record(tx, audit.SYSTEM, "token.revoked")

    async def agent(self, name: str = "Ana Ríos", role: Role = Role.AGENT) -> Agent:
        """Somebody who answers, in the team conversations go to."""
        async with self.db.transaction() as tx:
            team_id = (await tx.scalars(agents.Team.__table__.select().with_only_columns(Team.id))).first()
            agent = Agent(
                name=name,
                role=role,
                email=f"{secrets.token_hex(4)}@example.test",
                password_hash=None,
                disabled_at=None,
                created_at=clock.now(),
            )
            tx.add(agent)
            await tx.flush()
            tx.add(AgentTeam(agent_id=agent.id, team_id=team_id))
        return agent

    async def writes(self, *numbers: str, text: str = "Hola") -> None:
        """A message from each of these numbers, through everything but the webhook's signature."""
        await ingest.store(self.db, [meta.body(meta.text(text, sender=number)) for number in numbers])

    @contextlib.asynccontextmanager
    async def program(self, *scopes: str, key: str | None = None) -> AsyncIterator[Program]:
        """A program with a token of its own."""
        key = key or await self.token(*scopes)
        headers = {"authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(base_url=f"{self.url}/api/v1", headers=headers, trust_env=False) as http:
            yield Program(self, http, key)

    @contextlib.contextmanager
    def queries(self) -> Iterator[list[str]]:
        """The statements sent to the database for requests while inside; the background work has its own."""
        seen: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if "request_id" in structlog.contextvars.get_contextvars():
                seen.append(statement)

        engines = {self.db.reader.sync_engine, self.db.writer.sync_engine}
        for engine in engines:
            event.listen(engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            for engine in engines:
                event.remove(engine, "before_cursor_execute", note)


class Program:
    """Whoever holds a token."""

    def __init__(self, house: House, http: httpx.AsyncClient, key: str) -> None:
        self.house, self.http, self.key = house, http, key

    async def get(self, path: str, **params: Any) -> Any:
        """What a call gives, which must go well."""
        answer = await self.http.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def walk(self, path: str, cursor: str | None = None, **params: Any) -> list[dict[str, Any]]:
        """Everything in a listing, or what comes after `cursor`, page by page."""
        items: list[dict[str, Any]] = []
        while True:
            page = await self.get(path, **params, **({"cursor": cursor} if cursor else {}))
            items += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return items

    async def conversation(self, phone: str = meta.MARIA) -> dict[str, Any]:
        """The conversation with this number, which has written."""
        (found,) = (await self.get("/conversations", phone=f"+{phone}"))["items"]
        return dict(found)

    def socket(self, cursor: str | None = None, **options: Any) -> connect:
        """The stream as a WebSocket."""
        place = f"?cursor={cursor}" if cursor is not None else ""
        return connect(
            f"{self.house.url.replace('http', 'ws', 1)}/api/v1/stream{place}",
            additional_headers={"authorization": f"Bearer {self.key}"},
            proxy=None,
            **options,
        )


async def frames(socket: ClientConnection, count: int) -> list[dict[str, Any]]:
    """The next events of a stream, without heartbeats."""
    events: list[dict[str, Any]] = []
    async with asyncio.timeout(10):
        while len(events) < count:
            frame = json.loads(await socket.recv())
            if frame["type"] != "heartbeat":
                events.append(frame)
    return events


@contextlib.asynccontextmanager
async def serving(database_url: str, *, buffer: int | None = None, **changed: Any) -> AsyncIterator[House]:
    """The whole web process on a free port of loopback. `buffer` is what the system keeps for a slow reader."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        if buffer is not None:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        app = create_app(settings_for(database_url, url, **changed))
        options: dict[str, Any] = {"ws": "websockets-sansio", "ws_per_message_deflate": False}  # as `aldia serve` does
        async with prompt.serving(app, listening, **options, lifespan="on", log_config=None, access_log=False):
            yield House(app, url)


def settings_for(database_url: str, base_url: str, **changed: Any) -> Settings:
    """Settings of a test: nothing outside this machine is ever called."""
    given: dict[str, Any] = {
        "database_url": database_url,
        "secret_key": SECRET_KEY,
        "base_url": base_url,
        # Nobody listens there: what is queued stays queued.
        "whatsapp_api_url": "http://127.0.0.1:9",
        "whatsapp_phone_number_id": meta.PHONE_NUMBER_ID,
        "whatsapp_business_account_id": meta.BUSINESS_ACCOUNT_ID,
        "whatsapp_access_token": "EAATESTTOKEN",
        "whatsapp_app_secret": "a secret of the tests",
        "whatsapp_verify_token": "a word of the tests",
    }
    return Settings(**{**given, **changed})
