"""The language model that may help to understand, over a real wire: it may choose a label; nothing else it does counts.

A server on loopback speaks OpenAI's chat protocol, and behaves as each test says.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from console.bots import helper as helping
from console.bots.helper import Helper
from console.bots.runner import Bot
from console.settings import UnsafeSettings
from tests import prompt
from tests.bots.night import RIGHT, Night, a_night
from tests.conftest import Moment
from tests.portfolio.test_payment_settings import load

UNCLEAR = "que onda con lo mio pues"
INVENTED = "Usted debe S/ 999.00, pague ya en http://malo.example"


def says(content: Any) -> bytes:
    """An answer of the protocol."""
    return json.dumps(
        {"id": "x", "choices": [{"index": 0, "message": {"role": "assistant", "content": content}}]}
    ).encode()


class Model:
    """The endpoint: keeps what it is asked; `body` and `status` are its answer, `drips` sends it a byte at a time."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.body = says("balance")
        self.status = 200
        self.is_silent = False
        self.drips = False
        self.url = ""
        self.over = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            part = await receive()
            body, more = body + part.get("body", b""), part.get("more_body", False)
        self.asked.append(json.loads(body))
        self.paths.append(scope["path"])
        self.headers.append({name.decode(): value.decode() for name, value in scope["headers"]})
        if self.is_silent:
            await self.over.wait()
        headers = [(b"content-type", b"application/json"), (b"location", b"/elsewhere")]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        for byte in self.body if self.drips else b"":
            await send({"type": "http.response.body", "body": bytes([byte]), "more_body": True})
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.over.wait(), 0.05)
        await send({"type": "http.response.body", "body": b"" if self.drips else self.body})

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[Model]:
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
            async with prompt.serving(self, listening, lifespan="off", log_config=None):
                try:
                    yield self
                finally:
                    self.over.set()


@pytest.fixture
async def model() -> AsyncIterator[Model]:
    async with Model().open() as model:
        yield model


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as http:
        yield http


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a test need not wait for as long as a debtor."""
    monkeypatch.setattr(helping, "PATIENCE", 0.4)


def helper_of(http: httpx.AsyncClient, url: str, key: str = "a-key") -> Helper:
    return Helper(http, url=url, key=key, model="small-1")


async def test_it_is_asked_for_a_label_and_hears_no_digit(model: Model, http: httpx.AsyncClient) -> None:
    label = await helper_of(http, f"{model.url}/").label(f"{UNCLEAR}, mi dni es 45127304 " + "x" * 4000)

    assert label == "balance"
    (asked,) = model.asked
    assert model.paths == ["/v1/chat/completions"]
    assert model.headers[0]["authorization"] == "Bearer a-key"
    assert (asked["model"], asked["temperature"]) == ("small-1", 0)
    system, user = asked["messages"]
    assert "Responde solo con una de estas etiquetas" in system["content"]
    assert "00000000" in user["content"]
    assert "45127304" not in json.dumps(asked)
    assert len(user["content"]) <= 500


async def test_without_a_key_none_is_sent(model: Model, http: httpx.AsyncClient) -> None:
    await helper_of(http, model.url, key="").label(UNCLEAR)

    assert "authorization" not in model.headers[0]


@pytest.mark.parametrize("said", ["balance", " Balance \n", "BALANCE"])
async def test_a_label_is_taken_however_it_is_spaced(model: Model, http: httpx.AsyncClient, said: str) -> None:
    model.body = says(said)

    assert await helper_of(http, model.url).label(UNCLEAR) == "balance"


@pytest.mark.parametrize(
    "said",
    [
        "saldo",
        "balance.",
        "balance, payment_link",
        INVENTED,
        "",
        # Ours, but a model's opinion alone stops no collection, ends no contact and proves nobody.
        "opt_out",
        "wrong_person",
        "dispute",
        "identity_answer",
        "affirm",
        "deny",
    ],
)
async def test_what_is_no_label_of_its_to_choose_is_nothing(model: Model, http: httpx.AsyncClient, said: str) -> None:
    model.body = says(said)

    assert await helper_of(http, model.url).label(UNCLEAR) is None


GARBAGE: dict[str, bytes] = {
    "empty": b"",
    "html": b"<html>Bad gateway</html>",
    "cut off": says("balance")[:-9],
    "not UTF-8": b'{"choices":[{"message":{"content":"\xff\xfe"}}]}',
    "no choices": b'{"choices":[]}',
    "another shape": b'{"choices":{"message":"balance"}}',
    "nothing said": says(None),
    "a list": b"[]",
    "a tool call": b'{"choices":[{"message":{"tool_calls":[]}}]}',
    "nested without end": b'{"more":' + b"[" * 60_000,
    "longer than any label": says("balance" + " " * 200_000),
}


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE)
async def test_garbage_is_nothing(model: Model, http: httpx.AsyncClient, body: bytes) -> None:
    model.body = body

    assert await helper_of(http, model.url).label(UNCLEAR) is None


@pytest.mark.parametrize("status", [302, 401, 404, 429, 500, 503])
async def test_an_answer_that_is_no_success_is_nothing(model: Model, http: httpx.AsyncClient, status: int) -> None:
    model.status = status

    assert await helper_of(http, model.url).label(UNCLEAR) is None
    assert model.paths == ["/v1/chat/completions"]


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("how", ["silent", "dripping"])
async def test_a_slow_one_is_left_after_its_time(model: Model, http: httpx.AsyncClient, how: str) -> None:
    model.is_silent, model.drips = how == "silent", how == "dripping"
    model.body = says("balance") + b" " * 400
    began = time.monotonic()

    assert await helper_of(http, model.url).label(UNCLEAR) is None
    assert time.monotonic() - began < 2
    assert model.asked


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/v1", "http://[::bad/v1", "nothing"])
async def test_an_address_where_nobody_is_is_nothing(http: httpx.AsyncClient, url: str) -> None:
    assert await helper_of(http, url).label(UNCLEAR) is None


@pytest.mark.parametrize(
    ("url", "name", "named"),
    [
        ("model.example/v1", "m", "BOT_MODEL_URL"),
        ("http://model.example/v1", "m", "BOT_MODEL_URL"),
        ("https://", "m", "BOT_MODEL_URL"),
        ("https://model.example:99999/v1", "m", "BOT_MODEL_URL"),
        ("https://[::bad/v1", "m", "BOT_MODEL_URL"),
        ("https://model.example/v1", "", "BOT_MODEL"),
    ],
)
def test_an_address_that_cannot_be_stops_the_start(url: str, name: str, named: str) -> None:
    with pytest.raises(UnsafeSettings, match=f"{named}\\b"):
        load(BOT_MODEL_URL=url, BOT_MODEL=name)


@pytest.mark.parametrize("url", ["https://model.example/v1", "http://127.0.0.1:8080/v1"])
def test_an_address_that_is_safe_starts(url: str) -> None:
    assert load(BOT_MODEL_URL=url, BOT_MODEL="m").bot_model_url == url


# At the bot's own work: signed webhook in, the row that leaves out.


async def helped_by(night: Night, url: str) -> None:
    night.bot = Bot(night.db, night.console.settings, night.console.payments, helper_of(night.console.http, url))


async def test_a_chosen_label_is_answered_in_our_own_words_and_on_record(
    model: Model, database_url: str, tmp_path: Path, moment: Moment
) -> None:
    async with a_night(database_url, tmp_path, moment) as night:
        await night.owes()
        await helped_by(night, model.url)

        (asked,) = await night.writes(UNCLEAR)

        (step,) = await night.steps()
        assert step.understood["helped"] == "balance"
        assert step.understood["intents"][0][0] == "balance"
        assert "su año de nacimiento" in asked
        assert "412" not in asked
        assert (await night.entries("bot.understood"))[0]["helped"] == "balance"


async def test_what_was_clear_is_not_asked_about(
    model: Model, sqlite_database_url: str, tmp_path: Path, moment: Moment
) -> None:
    async with a_night(sqlite_database_url, tmp_path, moment) as night:
        await night.owes()
        await helped_by(night, model.url)

        await night.writes("cuanto debo")
        (told,) = await night.writes(RIGHT)
        await night.writes("me quiero matar")

        assert "412.50" in told
        assert model.asked == []


def _inventive(model: Model) -> None:
    model.body = says(INVENTED)


def _broken(model: Model) -> None:
    model.status = 500


def _garbled(model: Model) -> None:
    model.body = b"<html>"


def _silent(model: Model) -> None:
    model.is_silent = True


def _gone(model: Model) -> None:
    model.url = "http://127.0.0.1:1/v1"


def _harmful(model: Model) -> None:
    model.body = says("opt_out")


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", [_inventive, _broken, _garbled, _silent, _gone, _harmful])
async def test_its_faults_change_nothing_of_what_is_said(
    model: Model, sqlite_database_url: str, tmp_path: Path, moment: Moment, fault: Callable[[Model], None]
) -> None:
    async with a_night(sqlite_database_url, tmp_path, moment) as night:
        await night.owes()
        alone = await night.writes(UNCLEAR, sender="51987000111")
        fault(model)
        await helped_by(night, model.url)

        helped = await night.writes(UNCLEAR)

        assert helped == alone
        assert len(helped) == 1
        assert "999" not in helped[0]
        assert "helped" not in (await night.steps())[-1].understood
        assert not await night.entries("contact.opted_out")
        assert all(session.failures == 0 for session in await night.sessions())
