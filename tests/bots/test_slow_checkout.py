"""A night on which the creditor's checkout is slow to make each link. Row C12."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from console import clock
from console.bots import linking, runner
from console.inbox.models import Message
from console.portfolio.ledger import PaymentLink
from console.portfolio.models import ContactPoint
from tests.bots.night import Night, a_night
from tests.conftest import Moment
from tests.inbox import meta
from tests.patience import eventually

DEBTORS = 20


class Checkout:
    """Stripe's door for sessions, which answers one at a time, when it is told to."""

    def __init__(self) -> None:
        self.now = self.most = self.made = 0
        self.url = ""
        self._go = asyncio.Semaphore(0)

    def answers(self) -> None:
        """One more of those who stand before it."""
        self._go.release()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
        await reader.readexactly(int(length.partition(b":")[2]))
        self.now += 1
        self.most = max(self.most, self.now)
        await self._go.acquire()
        self.now -= 1
        self.made += 1
        body = json.dumps(
            {"id": f"cs_{self.made}", "url": f"https://checkout.stripe.com/c/pay/cs_{self.made}"}
        ).encode()
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
            % (len(body), body)
        )
        await writer.drain()
        writer.close()


@asynccontextmanager
async def a_checkout() -> AsyncIterator[Checkout]:
    checkout = Checkout()
    async with await asyncio.start_server(checkout.serve, "127.0.0.1", 0) as server:
        checkout.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield checkout


async def a_known_debtor(night: Night, phone: str, number: int) -> None:
    debt = await night.owes(phone, name=f"Persona {number}", document=("DNI", f"451273{number:02}"))
    async with night.db.transaction() as tx:
        (await tx.get_one(ContactPoint, debt.point_id)).verified_at = clock.now() - timedelta(days=1)


async def test_no_place_stays_empty_while_somebody_waits_for_a_link(
    database_url: str, tmp_path: Path, moment: Moment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C12: so many debtors take as many times the checkout's slowness as they fill places, and no time besides.

    Told without a watch: eight stand before it, for each that is answered the next one comes, and whoever writes
    meanwhile is taken in.
    """
    # That an answer comes too late is another test's; here none does, however busy the machine.
    monkeypatch.setattr(linking, "PATIENCE", 60.0)
    phones = [f"5198700{number:04}" for number in range(DEBTORS)]
    stop = asyncio.Event()
    async with (
        a_checkout() as checkout,
        a_night(database_url, tmp_path, moment, payments_provider="stripe", payments_api_url=checkout.url) as night,
    ):
        for number, phone in enumerate(phones):
            await a_known_debtor(night, phone, number)
            await night.delivers(meta.body(meta.text("mándeme el enlace de pago", sender=phone)))
        await night.bot.listen()
        moment.passes(seconds=4)
        running = asyncio.create_task(night.bot.run(stop))
        try:
            for answered in range(DEBTORS):
                standing = min(runner.AT_ONCE, DEBTORS - answered)
                await eventually(lambda: (checkout.made, checkout.now) == (answered, standing), within=10)  # noqa: B023
                if answered == 1:
                    await night.delivers(meta.body(meta.text("hola", sender="51987111222")))
                checkout.answers()

            async def all_answered() -> bool:
                return await links_told(night) == DEBTORS

            await eventually(all_answered, within=30)
        finally:
            stop.set()
            async with asyncio.timeout(30):
                await running

        assert (checkout.most, checkout.made) == (runner.AT_ONCE, DEBTORS)
        async with night.db.reading() as tx:
            assert await tx.scalar(select(func.count(PaymentLink.id))) == DEBTORS


async def links_told(night: Night) -> int:
    async with night.db.reading() as tx:
        told = select(func.count(Message.id)).where(Message.direction == "out", Message.text.contains("/p/"))
        return await tx.scalar(told) or 0
