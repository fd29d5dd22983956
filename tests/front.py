"""The product through its front door: a real server on loopback, signed webhooks in, pages and sockets out."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Self

import httpx
import msgspec
import websockets
from litestar import Litestar

from console import clock, passwords, sessions
from console.agents import Agent, AgentTeam, Team
from console.app import Console, create_app
from console.commands.serving import OPTIONS
from console.settings import Settings
from integrations.whatsapp.signature import sign
from tests import prompt
from tests.conftest import SECRET_KEY
from tests.inbox import meta

APP_SECRET = "the app secret of the tests"
PASSWORD = "una frase larga y propia"


def settings_for(database_url: str, tmp_path: Path, *, redis_url: str | None = None, **more: Any) -> Settings:
    """Settings of a console under test. Nothing answers at the Cloud API's address unless a test puts it there."""
    return Settings(
        database_url=database_url,
        redis_url=redis_url,
        secret_key=SECRET_KEY,
        company="Financiera Andes",
        media_dir=tmp_path / "media",
        whatsapp_phone_number_id=meta.PHONE_NUMBER_ID,
        whatsapp_business_account_id=meta.BUSINESS_ACCOUNT_ID,
        whatsapp_access_token="a-token",
        whatsapp_app_secret=APP_SECRET,
        whatsapp_verify_token="a verify token",
        **{"whatsapp_api_url": "http://127.0.0.1:9", "base_url": "http://127.0.0.1", **more},
    )


class Front:
    """A running console and what stands before it."""

    def __init__(self, app: Litestar, address: str) -> None:
        self.app = app
        self.address = address
        self.console: Console = app.state.console
        self.outside = httpx.AsyncClient(base_url=address, timeout=20, trust_env=False)
        self._stack = AsyncExitStack()

    async def close(self) -> None:
        await self._stack.aclose()
        await self.outside.aclose()

    async def webhook(self, body: bytes, *, signature: str | None = None) -> httpx.Response:
        """One delivery, signed as Meta signs it unless a signature is given."""
        header = sign(body, APP_SECRET) if signature is None else signature
        headers = {"content-type": "application/json", **({"x-hub-signature-256": header} if header else {})}
        return await self.outside.post("/webhooks/whatsapp", content=body, headers=headers)

    async def agent(self, name: str, *, role: str = "agent", team: str = "Cobranza") -> Person:
        """Somebody of a team, signed in."""
        email = f"{name.lower()}@andes.example"
        async with self.console.db.transaction() as tx:
            from sqlalchemy import select  # noqa: PLC0415 only here

            found = (await tx.scalars(select(Team).where(Team.name == team))).one_or_none()
            if found is None:
                found = Team(name=team, created_at=clock.now())
                tx.add(found)
                await tx.flush()
            known = await _hash_of_the_password()
            agent = Agent(name=name, email=email, role=role, password_hash=known, created_at=clock.now())
            tx.add(agent)
            await tx.flush()
            tx.add(AgentTeam(agent_id=agent.id, team_id=found.id))
            # As signing in does, without the hash that is slow on purpose.
            key = await sessions.start(tx, agent, address="127.0.0.1", user_agent="a browser")
        person = Person(self, agent.id, email)
        person.http.cookies.set(sessions.cookie_name(self.console.settings), key, domain="127.0.0.1")
        self._stack.push_async_callback(person.http.aclose)
        return person


class Person:
    """One signed-in browser, as far as HTTP and sockets go."""

    def __init__(self, front: Front, agent_id: int, email: str) -> None:
        self.front = front
        self.id = agent_id
        self.email = email
        self.http = httpx.AsyncClient(base_url=front.address, timeout=20, trust_env=False)

    async def __aenter__(self) -> Self:
        await self.sign_in()
        return self

    async def sign_in(self) -> None:
        """By the door, with the password."""
        answer = await self.http.post("/login", data={"email": self.email, "password": PASSWORD})
        assert answer.status_code == 303, answer.text

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    async def see(self, path: str) -> str:
        """A page, as it is."""
        answer = await self.http.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:300])
        return answer.text

    async def do(self, path: str, **form: str) -> httpx.Response:
        """A form of a page."""
        return await self.http.post(path, data=form, headers={"hx-request": "true", "origin": self.front.address})

    async def reply(self, conversation_id: int, text: str, **form: str) -> httpx.Response:
        """An answer with a fresh key unless one is given."""
        form = {"text": text, "client_key": str(uuid.uuid4()), **form}
        return await self.do(f"/inbox/{conversation_id}/replies", **form)

    @asynccontextmanager
    async def live(
        self,
        *,
        view: str = "all",
        opened: int | None = None,
        head: int | None = None,
        language: str = "es",
    ) -> AsyncIterator[Wire]:
        """The page's socket, greeted; it has caught up when the block begins."""
        if head is None:
            async with self.front.console.db.reading() as tx:
                from console import audit  # noqa: PLC0415 only here

                head = await audit.head_of(tx)
        async with self.socket() as socket:
            wire = Wire(socket)
            await wire.say(t="hello", head=head, view=view, open=opened, language=language)
            await wire.until(lambda frame: "caught_up" in frame.control)
            yield wire

    def socket(self, **more: Any) -> Any:
        """The bare handshake."""
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.http.cookies.jar)
        address = self.front.address.replace("http", "ws", 1) + "/live"
        headers = {"Cookie": cookies}
        return websockets.connect(address, additional_headers=headers, **{"origin": self.front.address, **more})


class Frame(msgspec.Struct):
    """One frame: the control line and the fragments."""

    control: dict[str, Any]
    html: str


class Wire:
    """What a page hears and says."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket
        self.heard: list[Frame] = []

    async def say(self, **frame: object) -> None:
        await self.socket.send(json.dumps(frame))

    async def hear(self, within: float = 5) -> Frame:
        async with asyncio.timeout(within):
            control, _cut, html = str(await self.socket.recv()).partition("\n")
        self.heard.append(Frame(json.loads(control), html))
        return self.heard[-1]

    async def until(self, wanted: Any, within: float = 5) -> Frame:
        """The first frame that fulfils `wanted`."""
        async with asyncio.timeout(within):
            while not wanted(frame := await self.hear(within)):
                pass
        return frame

    async def shows(self, text: str, within: float = 5) -> Frame:
        """The first frame whose fragments say `text`."""
        return await self.until(lambda frame: text in frame.html, within)


@asynccontextmanager
async def a_console(settings: Settings) -> AsyncIterator[Front]:
    """A web process of its own port on loopback, in this very event loop."""
    with _listening() as socket:
        port = socket.getsockname()[1]
        address = f"http://127.0.0.1:{port}"
        app = create_app(msgspec.structs.replace(settings, base_url=address))
        async with prompt.serving(app, socket, **{**OPTIONS, "timeout_graceful_shutdown": 2}):
            front = Front(app, address)
            try:
                yield front
            finally:
                await front.close()


async def _hash_of_the_password() -> str:
    """Hashed once for all the agents of a run: it is slow on purpose."""
    if not _hashes:
        _hashes.append(await passwords.hashed(PASSWORD))
    return _hashes[0]


_hashes: list[str] = []


def _listening() -> Any:
    import socket  # noqa: PLC0415 only here

    return socket.create_server(("127.0.0.1", 0))
