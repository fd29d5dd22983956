"""Outgoing webhooks: signed, in order, until they are taken, to public addresses alone, and only what was asked for."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import html
import json
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from console import audit, clock
from console.db import Database
from console.errors import Refused
from console.webhooks_out import addresses, keeping, sending
from console.webhooks_out.models import SubscriptionState, WebhookDelivery, WebhookSubscription
from console.webhooks_out.sending import Teller
from tests.conftest import Moment
from tests.front import Front, Person, a_console, settings_for
from tests.inbox import meta
from tests.inbox.people import Inbox, an_inbox
from tests.patience import eventually
from tests.portfolio.debts import a_debtor


class Receiver:
    """A program that listens: what it was told, and what it answers (in turn; then 200)."""

    def __init__(self) -> None:
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        self.url = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head.split("\r\n")[1:])}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.heard.append((headers, body))
        status = self.answers.pop(0) if self.answers else 200
        writer.write(
            f"HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\nlocation: http://127.0.0.1:1/\r\n\r\n".encode()
        )
        await writer.drain()
        writer.close()

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _headers, body in self.heard]


@asynccontextmanager
async def a_receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    server = await asyncio.start_server(receiver.answer, "127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/aldia"
    async with server:
        yield receiver


@pytest.fixture
async def front(database_url: str, tmp_path: Path) -> AsyncIterator[Front]:
    """The product, which may call this machine."""
    async with a_console(settings_for(database_url, tmp_path, webhooks_loopback=True)) as front:
        yield front


async def subscribed(person: Person, url: str, *events: str) -> str:
    """Its secret."""
    ticked = {f"event.{event}": "1" for event in events}
    answer = await person.do("/settings/webhooks", name="ERP", url=url, **ticked)
    assert answer.status_code == 200, answer.text
    found: list[str] = re.findall(r"<code[^>]*>(whsec_[^<]+)</code>", answer.text)
    return html.unescape(found[0])


async def test_what_happens_is_told_signed_and_only_what_was_asked_for(front: Front) -> None:
    elena = await front.agent("Elena", role="admin")
    async with a_receiver() as receiver:
        secret = await subscribed(elena, receiver.url, "message.created")
        await front.webhook(meta.body(meta.text("ya pagué")))
        await eventually(lambda: receiver.heard, within=15)

    headers, body = receiver.heard[0]
    event = json.loads(body)
    assert (event["type"], event["data"]["text"], event["id"]) == ("message.created", "ya pagué", headers["webhook-id"])
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert {one["type"] for one in receiver.events()} == {"message.created"}

    async def page() -> str:
        return await elena.see("/settings/webhooks/1")

    async def is_taken() -> bool:
        return "Aceptado" in await page()

    await eventually(is_taken, within=15)
    assert secret not in await page()


async def test_a_conversations_events_come_in_order_though_one_is_refused_at_first(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "PAUSES", (0, 0, 0))
    elena = await front.agent("Elena", role="admin")
    async with a_receiver() as receiver:
        receiver.answers = [500, 302, 200]
        await subscribed(elena, receiver.url, "message.created")
        for number in range(4):
            await front.webhook(meta.body(meta.text(f"mensaje {number}")))
        await eventually(lambda: len(receiver.heard) >= 6, within=20)

    said = [event["data"]["text"] for event in receiver.events()]
    assert said == ["mensaje 0"] * 3 + ["mensaje 1", "mensaje 2", "mensaje 3"]
    assert len({event["id"] for event in receiver.events()}) == 4


async def test_a_mention_is_told_like_anything_else_and_stops_nothing_behind_it(front: Front) -> None:
    elena, luz = await front.agent("Elena", role="admin"), await front.agent("Luz")
    async with a_receiver() as receiver:
        await subscribed(elena, receiver.url, *keeping.EVENTS)
        await front.webhook(meta.body(meta.text("hola")))
        await luz.do("/inbox/1/notes", text="@Elena, mira esto.", client_key="aaaaaaaa1")
        await front.webhook(meta.body(meta.text("¿siguen ahí?")))
        await eventually(lambda: "¿siguen ahí?" in [one["data"].get("text") for one in receiver.events()], within=15)

    (mention,) = [one for one in receiver.events() if one["type"] == "mention.created"]
    assert mention["data"]["agents"] == [{"id": str(elena.id), "name": "Elena"}]
    assert "mira esto" not in json.dumps(receiver.events())


async def test_a_state_of_account_is_told_and_so_is_what_follows(front: Front) -> None:
    """Its tag is words of ours: in front of them everything stopped, for every program."""
    elena = await front.agent("Elena", role="admin")
    await front.webhook(meta.body(meta.text("Hola")))
    overdue = clock.now().date() - timedelta(days=40)
    await a_debtor(front.console.db, 1, invoices=[("F-1", overdue, 41250)])
    async with a_receiver() as receiver:
        await subscribed(elena, receiver.url, "conversation.updated", "message.created")
        assert (await elena.do("/inbox/1/assignment", holder="me")).status_code < 400
        await front.webhook(meta.body(meta.text("¿Sigue ahí?")))
        await eventually(lambda: len({event["type"] for event in receiver.events()}) > 1, within=15)

    told = {event["type"]: event["data"] for event in receiver.events()}
    assert told["conversation.updated"]["tags"] == ["Vencido 31-60"]
    assert told["message.created"]["text"] == "¿Sigue ahí?"


async def test_a_delivery_is_told_again_when_asked(front: Front) -> None:
    elena = await front.agent("Elena", role="admin")
    async with a_receiver() as receiver:
        await subscribed(elena, receiver.url, "message.created")
        await front.webhook(meta.body(meta.text("una vez")))
        await eventually(lambda: "Aceptado" if receiver.heard else "", within=15)
        answer = await elena.do("/settings/webhooks/1/deliveries/1/replay")
        assert answer.status_code == 303
        await eventually(lambda: len(receiver.heard) == 2, within=15)
    assert receiver.heard[0][1] == receiver.heard[1][1]
    assert (await elena.do("/settings/webhooks/1/deliveries/99/replay")).status_code == 404


@pytest.mark.parametrize("role", ["agent", "supervisor"])
async def test_only_administrators_manage_them(front: Front, role: str) -> None:
    rosa = await front.agent("Rosa", role=role)

    assert (await rosa.http.get("/settings/webhooks")).status_code == 403
    assert (await rosa.do("/settings/webhooks", name="x", url="https://a.example")).status_code == 403


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"name": ""}, "name"),
        ({"url": "no es"}, "url"),
        ({"url": "ftp://erp.example/x"}, "url"),
        ({"url": "http://erp.example/x"}, "url"),
        ({"url": "https://user:pass@erp.example/x"}, "url"),
        ({"url": "https://10.0.0.1/x"}, "url"),
        ({"url": "https://[::ffff:169.254.169.254]/x"}, "url"),
        ({"url": "https://erp.example/" + "x" * 500}, "url"),
        ({"event.message.created": ""}, ""),
        ({"event.nope": "1"}, "events"),
    ],
)
async def test_what_cannot_be_subscribed_is_refused_by_its_field(
    front: Front, form: dict[str, str], field: str
) -> None:
    elena = await front.agent("Elena", role="admin")
    usual = {"name": "ERP", "url": "https://erp.example/aldia", "event.message.created": "1"}

    answer = await elena.do("/settings/webhooks", **{**usual, **form})

    if field:
        assert answer.status_code == 422
        assert f'id="{field}-words"' in answer.text
    else:
        assert answer.status_code == 200


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.1.2.3", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1", False),
        ("fc00::1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::a00:1", False),
        ("2002:a00:1::", False),
    ],
)
def test_only_public_addresses_are_called(address: str, public: bool) -> None:
    """M18."""
    assert addresses.is_public(ip_address(address)) is public


async def test_a_name_that_leads_home_is_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """M18."""

    async def resolve(_loop: Any, host: str, port: int, **_: Any) -> list[Any]:
        found = {"mixto.example": ["93.184.215.14", "10.0.0.1"], "casa.example": ["127.0.0.1"]}[host]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found]

    monkeypatch.setattr(type(asyncio.get_running_loop()), "getaddrinfo", resolve)
    for url in ("https://mixto.example/x", "https://casa.example/x"):
        with pytest.raises(addresses.NotPublicError):
            await addresses.target_of(url, loopback=False)
    target = await addresses.target_of("https://casa.example:8443/x?y=1", loopback=True)
    assert (target.url, target.host, target.host_header) == (
        "https://127.0.0.1:8443/x?y=1",
        "casa.example",
        "casa.example:8443",
    )


# Retrying, with the clock in hand


async def told(database: Database, inbox: Inbox, url: str) -> int:
    """A subscription and one event that waits for it."""
    async with database.transaction() as tx:
        made = await keeping.subscribe(
            tx, by=inbox.admin, name="ERP", url=url, events=["contact.updated"], loopback=True
        )
    return made.id


async def something(database: Database, number: int = 1) -> None:
    from console.inbox.contacts import Contact  # noqa: PLC0415 only here

    async with database.transaction() as tx:
        contact = Contact(wa_id=f"5194421830{number}", created_at=clock.now())
        tx.add(contact)
        await tx.flush()
        audit.record(tx, audit.SYSTEM, "contact.updated", subject=f"contact:{contact.id}", new={"changed": "name"})


@asynccontextmanager
async def a_teller(database: Database) -> AsyncIterator[Teller]:
    async with httpx.AsyncClient(trust_env=False) as http:
        yield Teller(database, http, loopback=True)


async def test_whoever_does_not_answer_is_tried_later_and_later_and_then_given_up(
    database: Database, moment: Moment
) -> None:
    inbox = await an_inbox(database)
    await told(database, inbox, "http://127.0.0.1:1/nobody")
    await something(database)
    waits = []
    async with a_teller(database) as teller:
        await teller.set_out()
        for _ in range(len(sending.PAUSES) + 1):
            assert await teller.send()
            assert not await teller.send(), "not before its time"
            async with database.reading() as tx:
                delivery = (await tx.scalars(select(WebhookDelivery))).one()
            waits.append((delivery.due_at - moment.now).total_seconds())
            moment.is_(delivery.due_at)

    assert waits[: len(sending.PAUSES)] == list(sending.PAUSES)
    assert (delivery.state, delivery.last_error) == ("given_up", "ConnectError")


async def test_after_three_days_without_an_answer_it_is_disabled_and_told_everything_once_enabled(
    database: Database, moment: Moment
) -> None:
    inbox = await an_inbox(database)
    async with a_receiver() as receiver, a_teller(database) as teller:
        number = await told(database, inbox, receiver.url)
        receiver.answers = [500, 500]
        await something(database, 1)
        await teller.set_out()
        await teller.send()
        moment.passes(hours=73)
        await teller.send()
        async with database.reading() as tx:
            subscription = await tx.get_one(WebhookSubscription, number)
            assert subscription.state == "disabled"
        await something(database, 2)
        await teller.set_out()
        assert not await teller.send()
        async with database.transaction() as tx:
            again = await keeping.open_subscription(tx, number, lock=True)
            await keeping.turn(tx, again, SubscriptionState.ACTIVE, by=inbox.admin.actor)
        while await teller.send():
            pass

    taken = [event["data"]["phone"] for event in receiver.events()[2:]]
    assert len(taken) == 2


async def test_two_processes_set_out_and_send_each_event_once(database: Database, moment: Moment) -> None:
    """R12."""
    inbox = await an_inbox(database)
    async with a_receiver() as receiver, a_teller(database) as one, a_teller(database) as other:
        await told(database, inbox, receiver.url)
        for number in range(5):
            await something(database, number)
        await asyncio.gather(one.set_out(), other.set_out())
        for _ in range(6):
            await asyncio.gather(one.send(), other.send())

    assert len({event["id"] for event in receiver.events()}) == len(receiver.heard) == 5


async def test_a_removed_one_is_told_nothing_and_forgets_its_secret(database: Database, moment: Moment) -> None:
    inbox = await an_inbox(database)
    async with a_receiver() as receiver, a_teller(database) as teller:
        number = await told(database, inbox, receiver.url)
        await something(database)
        await teller.set_out()
        async with database.transaction() as tx:
            gone = await keeping.open_subscription(tx, number, lock=True)
            await keeping.turn(tx, gone, SubscriptionState.REMOVED, by=inbox.admin.actor)
        assert not await teller.send()

    assert receiver.heard == []
    async with database.reading() as tx:
        assert (await tx.get_one(WebhookSubscription, number)).secret == ""
        with pytest.raises(Refused):
            await keeping.open_subscription(tx, number)
