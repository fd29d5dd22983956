"""The product as people meet it: a console, a simulator, agents already signed in, and debtors with a telephone."""

from __future__ import annotations

import html
import re
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from console import audit, clock, passwords, sessions, users
from console.agents import Team
from console.audit import SYSTEM
from console.bots import conduct
from console.db import Database
from tests.conftest import SECRET_KEY
from tests.databases import apart
from tests.faults.product import Product, a_product
from tests.integrations.payments import peers
from tests.patience import eventually_now
from tests.portfolio.debts import Debt, a_debtor

NewPage = Callable[..., Page]

PASSWORD = "una frase larga y propia"
TEAM, OTHER_TEAM = "Cobranza", "Mora judicial"
# What somebody may well be called who wishes us ill.
MALLORY = '<img src=x onerror="window.taken=1">{{7*7}}\'"><b class=taken>'
# Who works here: name, role and teams.
PEOPLE = {
    "ana": ("Ana Ríos", "agent", [TEAM]),
    "luz": ("Luz Paredes", "agent", [TEAM]),
    "rosa": ("Rosa Vega", "supervisor", [TEAM]),
    "elena": ("Elena Soto", "admin", [TEAM]),
    "mallory": (MALLORY, "agent", [TEAM]),
    "beto": ("Beto Lara", "agent", [OTHER_TEAM]),
}
_numbers = count(1)


class House:
    """One running product for many tests: each of them has a debtor, and so a conversation, of its own."""

    def __init__(self, product: Product, keys: dict[str, str]) -> None:
        self.product = product
        self.address = product.address
        self.keys = keys

    def enter(self, new_page: NewPage, who: str, path: str = "/inbox?view=all", **options: Any) -> Page:
        """A browser of `who`, signed in, at `path`."""
        page = new_page(**options)
        self.let_in(page, who)
        page.goto(self.address + path)
        return page

    def let_in(self, page: Page, who: str) -> None:
        """Give the browser of `page` the session of `who`."""
        page.context.add_cookies([{"name": "aldia", "value": self.keys[who], "url": self.address}])

    def debtor(self, name: str | None = None, **more: Any) -> Debtor:
        """Somebody new with a telephone."""
        number = next(_numbers)
        made = self.product.simulated(
            "POST",
            "/personas",
            json={"name": name or f"Persona {number}", "wa_id": f"519{number:08d}", **more},
        )
        return Debtor(self, made["id"], made["name"], made["wa_id"])

    def deliver(self, body: bytes) -> None:
        """A webhook from elsewhere."""
        self.product.deliver(body)

    def press(self, who: str, path: str, **form: str) -> None:
        """A button that `who` presses somewhere else."""
        headers = {"origin": self.address, "hx-request": "true"}
        answer = httpx.post(self.address + path, data=form, headers=headers, cookies={"aldia": self.keys[who]})
        assert answer.status_code < 400, answer.text

    def reply(self, who: str, conversation: int, text: str) -> None:
        """An answer that `who` gives somewhere else."""
        self.press(who, f"/inbox/{conversation}/replies", text=text, client_key=str(uuid.uuid4()))

    def misbehave(self, **faults: Any) -> None:
        """Set the simulator's faults to exactly these; none: it behaves."""
        self.product.simulated("PUT", "/faults", json=faults)


class Debtor:
    """One of those who write: what they do on the telephone."""

    def __init__(self, house: House, persona: str, name: str, phone: str) -> None:
        self.house = house
        self.id = persona
        self.name = name
        self.phone = phone
        self.conversation = 0

    def write(self, text: str = "Hola, ¿cuánto debo?", **more: Any) -> str:
        """Send a text, or what `type` says; the id of the message."""
        wamid: str = self.do("messages", text=text, **more)["id"]
        return wamid

    def wrote_long_ago(self, text: str = "Hola", *, hours: float, **more: Any) -> str:
        """Send what was written so many hours before."""
        return self.write(text, at=time.time() - hours * 3600, **more)

    def do(self, deed: str, **more: Any) -> Any:
        """Any deed of the telephone: photo, voice, react, edit, delete, read, offline, block."""
        return self.house.product.simulated("POST", f"/personas/{self.id}/{deed}", json=more)

    def read(self) -> None:
        """Open the chat and close it again: everything delivered is read."""
        self.do("read")

    def chat(self) -> list[dict[str, Any]]:
        """The messages on the telephone."""
        messages: list[dict[str, Any]] = self.house.product.simulated("GET", f"/threads/{self.id}")["messages"]
        return messages

    def got(self) -> list[str]:
        """The texts of the business that have reached the telephone."""
        arrived = {"delivered", "read"}
        return [it["text"] for it in self.chat() if not it["mine"] and it["status"] in arrived]

    def owes(self, minor: int = 41250, *, days: int = 15, **more: Any) -> Debt:
        """Let them owe `minor` (céntimos) since so many days, to the first team."""
        bill = (
            f"C-{next(_numbers):05}",
            clock.now().astimezone(ZoneInfo("America/Lima")).date() - timedelta(days=days),
            minor,
        )

        async def owing() -> Debt:
            database = Database(self.house.product.environment["ALDIA_DATABASE_URL"], seal=audit.sealer(SECRET_KEY))
            try:
                async with database.reading() as tx:
                    team = (await tx.scalars(select(Team.id).where(Team.name == TEAM))).one()
                more.setdefault("invoices", [bill])
                return await a_debtor(database, team, phone=self.phone, name=self.name, **more)
            finally:
                await database.close()

        debt: Debt = apart(owing())
        return debt

    def number(self) -> int:
        """Their conversation, as soon as what they wrote has come in."""

        def found() -> str | None:
            all_of_them = f"{self.house.address}/inbox?view=all"
            page = httpx.get(all_of_them, cookies={"aldia": self.house.keys["elena"]}).text
            rows = re.findall(r'id="row-(\d+)".*?class="who"[^>]*>(.*?)</span>', page, re.DOTALL)
            return next((number for number, name in rows if html.unescape(name) == self.name), None)

        eventually_now(lambda: found() is not None)
        return int(found() or 0)

    def row(self, page: Page) -> Locator:
        """Their line in the list of `page`."""
        return page.locator("#rows > .row").filter(has=page.locator(".who", has_text=self.name))

    def open(self, page: Page) -> None:
        """Click their line and wait for the conversation."""
        self.row(page).locator("a").click()
        expect(page.locator("#pane[data-conversation] .head h2")).to_have_text(self.name)
        self.conversation = int(page.locator("#pane").get_attribute("data-conversation") or 0)


def bubble(page: Page, text: str) -> Locator:
    """The messages of the open thread that say `text`."""
    return page.locator("#pane .thread > .entry").filter(has=page.locator(".text, .event", has_text=text))


def composer(page: Page) -> Locator:
    """Where one writes."""
    return page.locator("#pane .composer textarea")


def send(page: Page, text: str) -> Locator:
    """Write `text`, press Enter; the bubble."""
    composer(page).fill(text)
    composer(page).press("Enter")
    return bubble(page, text)


@contextmanager
def a_house(folder: Path, database_url: str, **settings: str) -> Iterator[House]:
    """A product in `folder`, staffed, running until the end of the block."""
    keys: dict[str, str] = apart(_staff(database_url))
    settings = {"ALDIA_COMPANY": "Financiera Andes", **settings}
    with a_product(folder, database_url, **settings) as product:
        product.start_simulator()
        product.start()
        yield House(product, keys)


@contextmanager
def a_night(folder: Path, database_url: str) -> Iterator[House]:
    """The same with a bot that speaks whatever the hour, and a creditor who has a checkout: the simulator's."""
    keys: dict[str, str] = apart(_staff(database_url))
    apart(_always(database_url))
    with a_product(folder, database_url, ALDIA_COMPANY="Financiera Andes", ALDIA_BOT="on") as product:
        product.environment |= {
            "PAYMENTS_PROVIDER": "signed",
            "PAYMENTS_API_URL": f"{product.simulator_address}/simulator/checkout",
            "PAYMENTS_API_KEY": "a-key-that-signs-links",
            "PAYMENTS_WEBHOOK_SECRET": peers.SECRET,
        }
        product.start_simulator()
        product.start()
        yield House(product, keys)


async def _always(database_url: str) -> None:
    database = Database(database_url, seal=audit.sealer(SECRET_KEY))
    try:
        async with database.transaction() as tx:
            team_id = (await tx.scalars(select(Team.id).where(Team.name == TEAM))).one()
            await conduct.change(tx, team_id, by=SYSTEM, mode="always")
    finally:
        await database.close()


async def _staff(database_url: str) -> dict[str, str]:
    """Hire everybody, and sign them in: the keys of their sessions."""
    database = Database(database_url, seal=audit.sealer(SECRET_KEY))
    keys = {}
    try:
        hashed = await passwords.hashed(PASSWORD)
        async with database.transaction() as tx:
            for who, (name, role, teams) in PEOPLE.items():
                joined = [await users.add_team(tx, team) for team in teams]
                person = await users.add(
                    tx,
                    email=f"{who}@andes.example",
                    name=name,
                    role=role,
                    password_hash=hashed,
                    by=SYSTEM,
                    teams=joined,
                )
                keys[who] = await sessions.start(tx, person, address="127.0.0.1", user_agent="Chromium")
    finally:
        await database.close()
    return keys


def is_up(house: House) -> bool:
    """Whether the console answers."""
    try:
        return httpx.get(f"{house.address}/ready", timeout=1).status_code == 200
    except httpx.HTTPError:
        return False
