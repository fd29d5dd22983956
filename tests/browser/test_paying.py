"""A day of life: a debt arrives, its debtor writes, promises, gets a link, pays, and is thanked, on an open screen."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from sqlalchemy import select

from console import audit, clock
from console.agents import ApiToken
from console.audit import AuditEntry
from console.db import Database
from console.sessions import hash_of
from tests.browser.house import Debtor, House, NewPage, _staff, bubble, composer
from tests.browser.test_looks import RULES, STICKING_OUT
from tests.conftest import SECRET_KEY
from tests.databases import SqliteCopies, apart
from tests.faults.product import a_product
from tests.integrations.payments import peers

LIMA = ZoneInfo("America/Lima")
TOKEN = "aldia_a-token-of-the-tests"
SHOTS = os.environ.get("ALDIA_TEST_SHOTS")
SIZES = {"desk": (1440, 900), "phone": (390, 844)}
# Notes on the page itself when each tag of the first line turned, by the clock that the payer's page also reads.
WATCH = """() => {
  window.turned = {}
  const look = () => {
    const tag = document.querySelector('#pane .head .tag.state')
    if (tag) window.turned[tag.textContent.trim()] ??= Date.now()
  }
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true })
}"""


@pytest.fixture(scope="module")
def office(_sqlite_copies: SqliteCopies, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A product whose creditor has a checkout of its own: the simulator's."""
    folder = tmp_path_factory.mktemp("office")
    url = _sqlite_copies.one(folder)
    keys: dict[str, str] = apart(_staff(url))
    apart(_let_a_program_in(url))
    with a_product(folder, url, ALDIA_COMPANY="Financiera Andes") as product:
        product.environment |= {
            "PAYMENTS_PROVIDER": "signed",
            "PAYMENTS_API_URL": f"{product.simulator_address}/simulator/checkout",
            "PAYMENTS_API_KEY": "a-key-that-signs-links",
            "PAYMENTS_WEBHOOK_SECRET": peers.SECRET,
        }
        product.start_simulator()
        product.start()
        yield House(product, keys)


async def _let_a_program_in(database_url: str) -> None:
    database = Database(database_url, seal=audit.sealer(SECRET_KEY))
    async with database.transaction() as tx:
        tx.add(ApiToken(name="facturación", token_hash=hash_of(TOKEN), scopes=["*"], created_at=clock.now()))
    await database.close()


async def _history(database_url: str, conversation: int) -> list[str]:
    database = Database(database_url, seal=audit.sealer(SECRET_KEY))
    try:
        async with database.reading() as tx:
            found = select(AuditEntry.action).where(AuditEntry.conversation_id == conversation)
            return list(await tx.scalars(found.order_by(AuditEntry.id)))
    finally:
        await database.close()


def call(office: House, method: str, path: str, body: dict[str, Any]) -> httpx.Response:
    headers = {"authorization": f"Bearer {TOKEN}"}
    return httpx.request(method, f"{office.address}/api/v1{path}", json=body, headers=headers, timeout=10)


def states_a_debt(office: House, debtor: Debtor, external_id: str) -> None:
    """Billing says what is owed: S/ 412.50 since three weeks."""
    due = (clock.now().astimezone(LIMA).date() - timedelta(days=21)).isoformat()
    answer = call(
        office, "PUT", f"/accounts/{external_id}",
        {
            "holder": {"name": debtor.name, "phones": [f"+{debtor.phone}"]},
            "currency": "PEN",
            "invoices": [{"number": "F001-1", "due_date": due, "amount": "412.50", "balance": "412.50"}],
        },
    )  # fmt: skip
    assert answer.status_code in {200, 201}, answer.text


def shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png")


def serious(page: Page) -> list[str]:
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{it['id']}: {it['nodes'][0]['html'][:200]}" for it in found if it["impact"] in {"serious", "critical"}]


def a_debtor_before(office: House, new_page: NewPage, **options: Any) -> tuple[Debtor, Page]:
    """Somebody who owes and wrote, open before Ana."""
    debtor = office.debtor()
    states_a_debt(office, debtor, f"PR-{debtor.phone}")
    debtor.write("El viernes pago 200, ¿me pasa cómo pagar?")
    page = office.enter(new_page, "ana", **options)
    debtor.open(page)
    return debtor, page


def a_link(page: Page) -> None:
    """By keyboard alone: O, Enter, Enter; the words stand in the composer."""
    page.keyboard.press("o")
    form = page.get_by_role("dialog", name="Enlace de pago")
    expect(form.get_by_label("Lo vencido")).to_be_checked()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Enlace de pago listo")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)


def link_in(text: str) -> str:
    found = re.search(r"http://\S+/p/[\w-]+", text)
    assert found, text
    return found[0]


def test_a_day_of_life(office: House, new_page: NewPage) -> None:
    debtor, page = a_debtor_before(office, new_page)
    expect(page.locator("#pane .head .tag.state")).to_have_text("Vencido 1-30")
    page.evaluate(WATCH)

    # A promise, from their words.
    page.keyboard.press("p")
    expect(page.get_by_role("dialog", name="Registrar promesa").get_by_label("Monto")).to_have_value("200.00")
    page.keyboard.press("Enter")
    expect(bubble(page, "anotó una promesa")).to_be_visible()

    # A link, put into the answer and sent.
    a_link(page)
    expect(composer(page)).to_be_focused()
    expect(composer(page)).to_have_value(re.compile(r"^Puede pagar S/\s412\.50 en este enlace: http"))
    page.keyboard.press("Enter")
    expect(bubble(page, "Puede pagar")).to_contain_text("entregado")

    # They open it and pay.
    payer = new_page(viewport={"width": 390, "height": 844})
    payer.goto(link_in(debtor.got()[-1]))
    expect(payer.locator("h1")).to_contain_text("412.50")
    payer.get_by_role("link", name="Pagar").click()
    payer.get_by_role("button", name="Pagar").click()
    expect(payer.locator("h1")).to_have_text("Pago recibido")

    # Everything on Ana's open screen follows, with no hand on it.
    expect(page.locator("#pane .head .tag.state")).to_have_text("Al día")
    expect(debtor.row(page).locator(".tag.state, .tag.ok").first).to_contain_text("Al día")
    expect(bubble(page, "Pago de S/ 412.50 recibido")).to_be_visible()
    expect(page.locator("#pane .owed")).to_contain_text("Todo pagado")
    expect(page.locator("#pane .promises")).to_contain_text("cumplida")
    expect(page.locator("#pane .payments .paid")).to_contain_text("412.50")
    expect(bubble(page, "Recibimos su pago")).to_contain_text("entregado")
    assert sum("Recibimos su pago de S/ 412.50" in text.replace("\xa0", " ") for text in debtor.got()) == 1
    shot(page, "paid-light-1440")
    told = apart(_history(office.product.environment["ALDIA_DATABASE_URL"], debtor.conversation))
    wanted = ["message.received", "promise.made", "payment_link.created", "message.queued", "payment.applied",
              "promise.kept", "conversation.standing_changed", "payment.acknowledged"]  # fmt: skip
    assert [action for action in wanted if action not in told] == []

    # What was paid cannot be paid again.
    payer.goto(link_in(debtor.got()[-2]))
    expect(payer.locator("h1")).to_have_text("Este enlace ya no está disponible")


def test_the_tag_turns_within_a_second_of_the_notice(office: House, new_page: NewPage) -> None:
    debtor, page = a_debtor_before(office, new_page)
    expect(page.locator("#pane .head .tag.state")).to_have_text("Vencido 1-30")
    page.evaluate(WATCH)
    body = {
        "external_id": f"pago-{debtor.phone}",
        "account": f"PR-{debtor.phone}",
        "amount": {"amount": "412.50", "currency": "PEN"},
        "paid_at": clock.now().isoformat(),
        "method": "transferencia",
    }

    began = page.evaluate("Date.now()")
    assert call(office, "POST", "/payments", body).status_code == 201

    expect(page.locator("#pane .head .tag.state")).to_have_text("Al día")
    assert page.evaluate("window.turned['Al día']") - began < 1000


def test_a_refund_is_owed_again_on_the_open_screen(office: House, new_page: NewPage) -> None:
    debtor, page = a_debtor_before(office, new_page)
    a_link(page)
    address = link_in(composer(page).input_value())
    payer = new_page()
    payer.goto(address)
    payer.get_by_role("link", name="Pagar").click()
    payer.get_by_role("button", name="Pagar").click()
    expect(page.locator("#pane .head .tag.state")).to_have_text("Al día")

    payer.get_by_role("button", name="Devolver el pago").click()

    expect(page.locator("#pane .head .tag.state")).to_have_text("Vencido 1-30")
    expect(bubble(page, "Pago de S/ 412.50 devuelto")).to_be_visible()
    expect(page.locator("#pane .payments .paid")).to_contain_text("devuelto")
    leader = office.enter(new_page, "rosa", "/portfolio/payments")
    expect(leader.locator(".looks")).to_contain_text(f"PR-{debtor.phone}")


@pytest.mark.complaints("422")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desk", "phone"])
def test_how_it_looks(office: House, new_page: NewPage, scheme: str, size: str) -> None:
    width, height = SIZES[size]
    options: dict[str, Any] = {"viewport": {"width": width, "height": height}, "color_scheme": scheme}
    debtor, page = a_debtor_before(office, new_page, **options)
    flaws: dict[str, list[str]] = {}

    def look(at: Page, name: str) -> None:
        shot(at, f"paying-{name}-{scheme}-{size}")
        found = [*serious(at), *at.evaluate(STICKING_OUT)]
        if found:
            flaws[name] = found

    page.locator("#pane .composer .pay").click()
    expect(page.get_by_role("dialog", name="Enlace de pago")).to_be_visible()
    look(page, "form")
    page.get_by_label("Otro monto", exact=True).first.check()
    page.locator("#deed input[name=amount]").fill("9000")
    page.locator("#deed button.primary").click()
    expect(page.locator("#deed [role=alert]")).to_contain_text("mayor que el saldo")
    look(page, "refused")
    page.get_by_label("Lo vencido").check()
    page.locator("#deed button.primary").click()
    expect(page.get_by_role("dialog", name="Enlace de pago listo")).to_be_visible()
    look(page, "ready")
    page.keyboard.press("Enter")
    payer = new_page(**options)
    payer.goto(link_in(composer(page).input_value()))
    look(payer, "page")
    payer.goto(payer.url + "?volver=1")
    look(payer, "back")
    payer.goto(f"{office.address}/p/{'x' * 22}")
    look(payer, "gone")
    money = {
        "amount": {"amount": "500.00", "currency": "PEN"},
        "paid_at": clock.now().isoformat(),
        "method": "efectivo",
    }
    account = f"PR-{debtor.phone}"
    call(office, "POST", "/payments", {**money, "external_id": f"a-{debtor.phone}", "account": account})
    call(office, "POST", "/payments", {**money, "external_id": f"b-{debtor.phone}", "account": f"{account}-mal"})
    expect(bubble(page, "Pago de S/ 500.00 recibido")).to_be_visible()
    if size == "phone":
        page.locator("#pane .head [data-act=panel]").click()
    page.evaluate("document.querySelector('#pane .payments').scrollIntoView({ block: 'center' })")
    look(page, "panel")
    leader = office.enter(new_page, "rosa", "/portfolio/payments", **options)
    expect(leader.locator(".looks")).to_contain_text("No hay una cuenta con ese número")
    look(leader, "list")
    leader.locator(".looks summary").last.click()
    look(leader, "resolve")

    assert flaws == {}


def test_a_parked_payment_is_resolved_by_keyboard_alone(office: House, new_page: NewPage) -> None:
    debtor, page = a_debtor_before(office, new_page)
    body = {
        "external_id": f"c-{debtor.phone}",
        "account": "PR-mal-escrito",
        "amount": {"amount": "412.50", "currency": "PEN"},
        "paid_at": clock.now().isoformat(),
        "method": "depósito",
    }
    assert call(office, "POST", "/payments", body).status_code == 422
    leader = office.enter(new_page, "rosa", "/portfolio/payments")
    line = leader.locator(".looks > li").filter(has_text=f"c-{debtor.phone}")

    line.locator("summary").focus()
    leader.keyboard.press("Enter")
    leader.keyboard.press("Tab")
    leader.keyboard.type(f"PR-{debtor.phone}")
    leader.keyboard.press("Tab")
    leader.keyboard.type("la caja escribió mal la cuenta")
    leader.keyboard.press("Enter")

    expect(line).to_have_count(0)
    expect(page.locator("#pane .head .tag.state")).to_have_text("Al día")


@pytest.mark.parametrize("size", ["desk", "phone"])
def test_a_photo_of_a_receipt_is_marked_until_the_money_is_there(office: House, new_page: NewPage, size: str) -> None:
    width, height = SIZES[size]
    debtor, page = a_debtor_before(office, new_page, viewport={"width": width, "height": height})
    debtor.do("photo")
    claim = page.locator("#pane .thread").get_by_role("button", name="Pago por verificar")
    expect(claim).to_be_visible()

    claim.press("Enter")

    expect(bubble(page, "marcó un comprobante por verificar")).to_be_visible()
    expect(page.locator("#pane .head .tag.state")).to_have_text("Vencido 1-30")
    assert [*serious(page), *page.evaluate(STICKING_OUT)] == []
    shot(page, f"paying-claim-{size}")
    tag = debtor.row(page).locator(".tag.free")
    expect(tag).to_have_text("Pago por verificar")
    body = {
        "external_id": f"d-{debtor.phone}",
        "account": f"PR-{debtor.phone}",
        "amount": {"amount": "412.50", "currency": "PEN"},
        "paid_at": clock.now().isoformat(),
        "method": "depósito",
    }
    assert call(office, "POST", "/payments", body).status_code == 201
    expect(page.locator("#pane .head .tag.state")).to_have_text("Al día")
    expect(tag).to_have_count(0)
