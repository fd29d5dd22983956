"""Being told while no page is open: a push service of our own receives it, and opens it as only the browser can."""

from __future__ import annotations

import json
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import http_ece
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from py_vapid import Vapid02
from sqlalchemy import select

from console.agents import Team
from console.audit import SYSTEM
from console.bots import conduct
from console.inbox.models import Message
from console.notifications import choosing
from console.notifications.choosing import WORDS, Choice
from console.notifications.models import PushSubscription
from integrations.web_push import unpadded
from tests import prompt
from tests.conftest import Moment
from tests.front import Front, Person, a_console, settings_for
from tests.inbox import meta
from tests.patience import eventually

SECRET = "no le digas a nadie que debo"


class PushService:
    """A push service on loopback: keeps what it is given, and answers as the test says."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        self.status = 201
        self.url = ""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            part = await receive()
            body, more = body + part.get("body", b""), part.get("more_body", False)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.got.append((scope["path"], headers, body))
        await send({"type": "http.response.start", "status": self.status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    @asynccontextmanager
    async def open(self) -> AsyncIterator[PushService]:
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
            async with prompt.serving(self, listening, lifespan="off", log_config=None):
                yield self


class Browser:
    """A browser's side: its keys, and what it makes of what arrives."""

    def __init__(self, service: PushService) -> None:
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.auth = secrets.token_bytes(16)
        self.path = f"/push/{secrets.token_urlsafe(8)}"
        self.service = service

    @property
    def form(self) -> dict[str, str]:
        point = self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {"endpoint": self.service.url + self.path, "p256dh": unpadded(point), "auth": unpadded(self.auth)}

    async def subscribe(self, person: Person) -> None:
        answer = await person.do("/notifications/subscriptions", **self.form)
        assert answer.status_code == 204, answer.text

    @property
    def told(self) -> list[dict[str, str]]:
        return [
            json.loads(
                http_ece.decrypt(body, private_key=self.private, auth_secret=self.auth, version="aes128gcm").decode()
            )
            for path, _headers, body in self.service.got
            if path == self.path
        ]


@pytest.fixture
async def service() -> AsyncIterator[PushService]:
    async with PushService().open() as service:
        yield service


@pytest.fixture
async def front(database_url: str, tmp_path: Path) -> AsyncIterator[Front]:
    async with a_console(settings_for(database_url, tmp_path)) as front:
        yield front


async def writes(front: Front, text: str = SECRET) -> None:
    await front.webhook(meta.body(meta.text(text)))


async def kept(front: Front) -> int:
    async with front.console.db.reading() as tx:
        return len(list(await tx.scalars(select(PushSubscription))))


async def test_who_holds_a_conversation_is_told_and_nobody_else_reads_it(front: Front, service: PushService) -> None:
    ana, luz = await front.agent("Ana"), await front.agent("Luz")
    await writes(front)
    await ana.do("/inbox/1/assignment", holder="me")
    hers, other = Browser(service), Browser(service)
    await hers.subscribe(ana)
    await other.subscribe(luz)

    await writes(front)

    await eventually(lambda: len(hers.told) == 1, within=10)
    assert hers.told == [{"title": "Al Día", "body": WORDS["mine"], "url": "/inbox/1", "tag": "mine-1", "lang": "es"}]
    _path, headers, body = service.got[0]
    # Nothing of the debtor is in it, and without the browser's key nothing at all.
    assert not any(word in json.dumps(hers.told) for word in (SECRET, "María", meta.MARIA))
    assert b"conversaci" not in body
    assert (headers["content-encoding"], headers["topic"], headers["urgency"]) == ("aes128gcm", "mine-1", "high")
    assert int(headers["ttl"]) == 3600
    assert Vapid02.verify(headers["authorization"])
    assert other.told == []


async def test_each_browser_is_told_in_its_readers_language(front: Front, service: PushService) -> None:
    ana, luz = await front.agent("Ana"), await front.agent("Luz")
    await ana.do("/settings/language", language="pt")
    browsers = [Browser(service), Browser(service)]
    for browser, person in zip(browsers, (ana, luz), strict=True):
        await browser.subscribe(person)

    await writes(front)

    await eventually(lambda: all(len(browser.told) == 1 for browser in browsers), within=10)
    assert [(browser.told[0]["lang"], browser.told[0]["body"]) for browser in browsers] == [
        ("pt-BR", "Há uma conversa nova na sua equipe"),
        ("es", WORDS["team"]),
    ]


async def test_each_kind_reaches_those_it_is_for(front: Front, service: PushService) -> None:
    ana, luz = await front.agent("Ana"), await front.agent("Luz")
    beto = await front.agent("Beto", team="Mora judicial")
    sara = await front.agent("Sara", role="supervisor")
    ivan = await front.agent("Iván", role="admin", team="Mora judicial")
    browsers = {person.email: Browser(service) for person in (ana, luz, beto, sara, ivan)}
    for person in (ana, luz, beto, sara, ivan):
        await browsers[person.email].subscribe(person)

    def told(person: Person) -> list[str]:
        return [each["body"] for each in browsers[person.email].told]

    await writes(front)
    await eventually(lambda: told(luz) == [WORDS["team"]], within=10)
    await sara.do("/inbox/1/assignment", holder=str(luz.id))
    await eventually(lambda: told(luz) == [WORDS["team"], WORDS["assigned"]], within=10)
    await ivan.do("/settings/number/pause", reason="feriado")
    await eventually(lambda: told(sara)[-1:] == [WORDS["alert"]], within=10)

    assert told(ana) == [WORDS["team"]]
    assert told(beto) == []
    # Who did it themselves is told nothing.
    assert WORDS["alert"] not in told(ivan)


@pytest.mark.parametrize(
    ("words", "kind"), [("me quiero matar", "danger"), ("pongo una queja en indecopi por el maltrato", None)]
)
async def test_danger_rings_by_its_own_name_for_those_who_lead_the_team(
    database_url: str, tmp_path: Path, service: PushService, words: str, kind: str | None
) -> None:
    async with a_console(settings_for(database_url, tmp_path, bot=True)) as front:
        ana, sara = await front.agent("Ana"), await front.agent("Sara", role="supervisor")
        other = await front.agent("Rosa", role="supervisor", team="Mora judicial")
        async with front.console.db.transaction() as tx:
            await conduct.change(tx, (await tx.scalars(select(Team.id).order_by(Team.id))).first() or 0, by=SYSTEM,
                                 mode="always")  # fmt: skip
        hers, agents, elsewhere = Browser(service), Browser(service), Browser(service)
        # A company's administrator belongs to no team here, and both have asked for silence all day long.
        elena = await front.agent("Elena", role="admin", team="Gerencia")
        silent = {"quiet_from": "00:00", "quiet_to": "23:59"}
        for leader in (sara, elena):
            await leader.do("/settings/notifications", **{"kind.danger": "1"}, **silent)
        bosses = Browser(service)
        for browser, person in ((hers, sara), (agents, ana), (elsewhere, other), (bosses, elena)):
            await browser.subscribe(person)

        await writes(front, words)
        await eventually(lambda: answered(front), within=20)

        if kind is None:
            assert hers.told == bosses.told == []
        else:
            await eventually(lambda: hers.told and bosses.told, within=20)
            assert [each["body"] for each in hers.told] == [WORDS["danger"]]
            assert [each["body"] for each in bosses.told] == [WORDS["danger"]]
            assert "matar" not in json.dumps(hers.told)
        assert all(each["body"] != WORDS["danger"] for each in agents.told + elsewhere.told)


async def answered(front: Front) -> bool:
    async with front.console.db.reading() as tx:
        return await tx.scalar(select(Message.id).where(Message.author_kind == "bot").limit(1)) is not None


async def test_a_browser_that_is_gone_is_forgotten_and_one_whose_service_is_away_is_not(
    front: Front, service: PushService
) -> None:
    ana = await front.agent("Ana")
    browser = Browser(service)
    await browser.subscribe(ana)
    service.status = 503
    await ana.do("/notifications/test")
    assert await kept(front) == 1
    service.status = 410

    await ana.do("/notifications/test")

    assert await kept(front) == 0
    assert len(service.got) == 2


async def test_one_that_refuses_again_and_again_is_forgotten(front: Front, service: PushService) -> None:
    ana = await front.agent("Ana")
    await Browser(service).subscribe(ana)
    service.status = 403
    for left in (1, 1, 1, 1, 1, 1, 1, 0):
        await ana.do("/notifications/test")
        assert await kept(front) == left


async def test_the_quiet_hours_and_the_kinds_of_each_are_kept(front: Front, service: PushService) -> None:
    ana, luz = await front.agent("Ana"), await front.agent("Luz")
    loud, silent, picky = Browser(service), Browser(service), Browser(service)
    eva = await front.agent("Eva")
    await loud.subscribe(ana)
    await silent.subscribe(luz)
    await picky.subscribe(eva)
    form = {"kind.team": "1", "kind.mine": "1"}
    assert (await luz.do("/settings/notifications", **form, quiet_from="00:00", quiet_to="23:59")).status_code == 303
    assert (await eva.do("/settings/notifications", **{"kind.mine": "1"})).status_code == 303

    await writes(front)

    await eventually(lambda: len(loud.told) == 1, within=10)
    now = datetime.now(UTC).astimezone(ZoneInfo("America/Lima")).time()
    assert silent.told == [] or now >= time(23, 59)
    assert picky.told == []
    choice = (await luz.http.get("/notifications/choice")).json()
    assert choice["words"] == {} or now >= time(23, 59)
    assert choice["sound"] is False


async def test_it_ends_with_the_session(front: Front, service: PushService) -> None:
    ana, luz = await front.agent("Ana"), await front.agent("Luz")
    gone, still = Browser(service), Browser(service)
    await gone.subscribe(ana)
    await still.subscribe(luz)
    await ana.do("/logout")

    await writes(front)

    await eventually(lambda: len(still.told) == 1, within=10)
    assert gone.told == []


@pytest.mark.parametrize(
    "change",
    [
        {"endpoint": ""},
        {"endpoint": "https://10.0.0.7/push"},
        {"endpoint": "https://[::1]/push"},
        {"endpoint": "http://push.example/x"},
        {"endpoint": "https://base.internal/x"},
        {"endpoint": "https://user@push.example/x"},
        {"endpoint": "https://push.example:99999/x"},
        {"endpoint": "https://push.example/" + "x" * 2000},
        {"endpoint": "ftp://push.example/x"},
        {"p256dh": "AAAA"},
        {"p256dh": "ñ"},
        {"auth": "AAAA"},
    ],
)
async def test_what_is_no_push_service_is_refused(front: Front, service: PushService, change: dict[str, str]) -> None:
    ana = await front.agent("Ana")

    answer = await ana.do("/notifications/subscriptions", **{**Browser(service).form, **change})

    assert (answer.status_code, answer.json()["field"]) == (422, "endpoint")
    assert await kept(front) == 0


async def test_an_hour_that_is_none_is_said_beside_its_field_and_nothing_is_lost(front: Front) -> None:
    ana = await front.agent("Ana")

    for quiet, field in (
        ({"quiet_from": "25:00", "quiet_to": "07:00"}, "quiet_from"),
        ({"quiet_from": "20:00"}, "quiet_to"),
    ):
        answer = await ana.do("/settings/notifications", **{"kind.mine": "1"}, **quiet)
        assert answer.status_code == 422
        assert f'id="{field}-words"' in answer.text
        assert f'value="{quiet["quiet_from"]}"' in answer.text


async def test_ones_own_browsers_are_listed_and_can_be_taken_off(front: Front, service: PushService) -> None:
    ana, luz = await front.agent("Ana"), await front.agent("Luz")
    await Browser(service).subscribe(ana)
    assert "/notifications/subscriptions/1/end" in await ana.see("/settings/notifications")
    assert "/notifications/subscriptions/1/end" not in await luz.see("/settings/notifications")

    await luz.do("/notifications/subscriptions/1/end")
    assert await kept(front) == 1
    await ana.do("/notifications/subscriptions/1/end")

    assert await kept(front) == 0


@given(st.integers(0, 1439), st.integers(0, 1439), st.integers(0, 1439))
def test_quiet_hours_may_pass_midnight(start: int, end: int, now: int) -> None:
    zone = ZoneInfo("America/Lima")
    moment = datetime(2026, 11, 20, now // 60, now % 60, tzinfo=zone)

    quiet = choosing.is_quiet(Choice(quiet_from=start, quiet_to=end), moment, zone)

    length = (end - start) % 1440
    assert quiet == ((now - start) % 1440 < length)
    assert not choosing.is_quiet(Choice(), moment, zone)


@pytest.mark.parametrize("kind", choosing.KINDS)
def test_the_quiet_hours_silence_everything_but_danger(kind: str) -> None:
    now = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
    choice = Choice(quiet_from=0, quiet_to=1439)
    assert choosing.wants(choice, kind, now, ZoneInfo("America/Lima")) == (kind == "danger")
    assert not choosing.wants(Choice(kinds=()), kind, now, ZoneInfo("America/Lima"))


def test_the_clock_of_the_tests_is_not_needed_here(moment: Moment) -> None:
    assert choosing.minutes("07:30", "x") == 450
    assert choosing.as_time(450) == "07:30"
    assert choosing.minutes(" ", "x") is None
