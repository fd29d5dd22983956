"""Whoever writes to us, or works here, may write markup: it is shown as it was written and does nothing (X1 to X17)."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.everything import everything
from tests.browser.house import MALLORY, House, NewPage, bubble, composer, send
from tests.inbox import meta

HOSTILE = (
    '"><img src=x onerror="window.taken=1"><script>window.taken=1</script>{{7*7}}${7*7}<b id=rows class=taken>'
    "</textarea></template><svg/onload=window.taken=1><a href=javascript:window.taken=1>'`--><base href=//x.example>"
)
SENDER = "51977000001"
# Everything the page may not have got from anybody's words.
TAKEN = """() => {
  const leads = (it) => new URL(it.getAttribute('href') ?? it.getAttribute('action') ?? '', location.href).protocol
  const wrong = [
    ...document.querySelectorAll('.taken, #taken, base, iframe, object, img[src=x], [onerror], [onload]'),
    ...[...document.querySelectorAll('a[href], form')].filter((it) => !/^https?:$/.test(leads(it))),
    ...[...document.scripts].filter((it) => !it.src.startsWith(location.origin)),
  ].map((it) => it.outerHTML)
  return window.taken ? ['it ran', ...wrong] : wrong
}"""


@pytest.fixture
def ana(house: House, new_page: NewPage) -> Page:
    """Her browser, in which nothing may open, and violations of the policy would be errors in the console."""
    page = new_page()
    house.let_in(page, "ana")
    page.on("dialog", lambda _dialog: pytest.fail("a dialog opened"))
    return page


def untaken(page: Page) -> None:
    assert page.evaluate(TAKEN) == []


def test_what_a_stranger_writes_is_shown_as_written(house: House, ana: Page) -> None:
    house.deliver(everything(HOSTILE, sender=SENDER))
    ana.goto(f"{house.address}/inbox?view=all")
    row = ana.locator("#rows > .row").filter(has=ana.locator(".who", has_text="onerror"))
    expect(row.locator(".who")).to_have_text(HOSTILE)
    row.locator("a").click()
    expect(ana.locator("#pane .head h2")).to_have_text(HOSTILE)
    expect(ana).to_have_title(re.compile(re.escape(HOSTILE)))
    thread = ana.locator("#pane .thread")
    for part in (".quoted", ".file .name", ".place .name", ".place small", ".order", ".reactions", ".event", ".before"):
        expect(thread.locator(part).filter(has_text="onerror").first).to_have_count(1)
    expect(thread.locator(".text").filter(has_text=HOSTILE).first).to_be_visible()
    untaken(ana)

    # And as it arrives, quoted, in what is announced, and in the history.
    house.deliver(meta.body(meta.text(HOSTILE + "2", sender=SENDER), contacts=[contact(HOSTILE + "3")]))
    expect(bubble(ana, HOSTILE + "2")).to_be_visible()
    expect(ana.locator("#pane .head h2")).to_have_text(HOSTILE + "3")
    bubble(ana, HOSTILE + "2").hover()
    bubble(ana, HOSTILE + "2").get_by_role("button", name="Responder a este mensaje").click()
    answer = send(ana, HOSTILE + "4")
    expect(answer).to_contain_text(re.compile("enviado|entregado|no se envió"))
    ana.get_by_role("button", name="Ver todo", exact=True).last.click()
    ana.keyboard.press("Escape")
    ana.keyboard.type("t")
    expect(ana.locator(".preview:visible .cap")).to_contain_text(HOSTILE + "3")
    untaken(ana)
    ana.reload()
    expect(bubble(ana, HOSTILE + "4")).to_be_visible()
    untaken(ana)


def test_links_lead_only_where_they_say(house: House, ana: Page) -> None:
    """X9, X12."""
    debtor = house.debtor()
    debtor.write("Vea https://pagos.example/a?b=c&d=<i> o javascript:alert(1) o http://user:pw@evil.example/")
    ana.goto(f"{house.address}/inbox?view=all")
    debtor.open(ana)
    links = ana.locator("#pane .text a")

    for link in links.all():
        assert str(link.get_attribute("href")).startswith(("https://", "http://"))
        assert set(str(link.get_attribute("rel")).split()) >= {"noopener", "noreferrer", "nofollow"}
        assert link.inner_text() in str(link.get_attribute("href"))
    expect(links.first).to_have_attribute("href", "https://pagos.example/a?b=c&d=")


@pytest.mark.complaints("409")
def test_what_a_colleague_is_called_or_writes_is_shown_as_written(house: House, new_page: NewPage, ana: Page) -> None:
    """X6: an agent as the attacker."""
    debtor = house.debtor()
    debtor.write()
    ana.goto(f"{house.address}/inbox?view=all")
    debtor.open(ana)
    mallory = house.enter(new_page, "mallory")
    debtor.open(mallory)
    expect(ana.locator("#pane .typing")).to_have_text(f"{MALLORY} también la está viendo")
    mallory.keyboard.type("n")
    send(mallory, HOSTILE)
    note = bubble(ana, HOSTILE)
    expect(note.locator(".by")).to_contain_text(f"Nota interna de {MALLORY}")
    held: list[Route] = []
    # Playwright marks what it is given, so a bound method will not do.
    ana.route("**/replies", lambda route: held.append(route), times=1)  # noqa: PLW0108
    with ana.expect_request("**/replies"):
        send(ana, "a la vez")
    mallory.get_by_role("button", name="Responder", exact=True).click()
    expect(send(mallory, HOSTILE).last).to_contain_text("entregado")
    held.pop().continue_()
    notice = ana.get_by_role("alert").filter(has_text="respondió mientras usted escribía")
    expect(notice.locator("q")).to_have_text(HOSTILE)
    expect(notice).to_contain_text(MALLORY)
    untaken(ana)

    mallory.locator("#pane .head summary").click()
    mallory.get_by_role("button", name="Dejarla sin asignar").click()
    expect(bubble(ana, f"{MALLORY} dejó la conversación sin asignar")).to_be_visible()
    mallory.locator("#pane .head button[value=me]").click()
    expect(debtor.row(ana).locator(".holder")).to_have_text(MALLORY)
    untaken(ana)


def test_the_quiet_pages_show_it_as_written_too(house: House, new_page: NewPage) -> None:
    house.deliver(b'{"object":"whatsapp_business_account","entry":"' + HOSTILE.replace('"', "'").encode() + b'"}')
    house.deliver(everything(HOSTILE, sender=SENDER))
    elena = new_page()
    house.let_in(elena, "elena")
    elena.on("dialog", lambda _dialog: pytest.fail("a dialog opened"))
    for path in ("/audit", "/settings/users", "/settings/dead-letters", "/settings/reviews", "/settings/number"):
        elena.goto(house.address + path)
        expect(elena.locator("main h1")).to_be_visible()
        untaken(elena)
    elena.goto(f"{house.address}/settings/users")
    expect(elena.get_by_text(MALLORY).first).to_be_visible()


def test_a_draft_and_an_address_do_nothing_either(house: House, ana: Page) -> None:
    debtor = house.debtor()
    debtor.write()
    ana.goto(f"{house.address}/inbox?view=all")
    debtor.open(ana)
    with ana.expect_response(re.compile("/draft$")):
        composer(ana).fill(HOSTILE)
    ana.reload()
    expect(composer(ana)).to_have_value(HOSTILE)
    untaken(ana)
    ana.goto(f"{house.address}/login?next=//evil.example/{HOSTILE}")
    expect(ana).to_have_url(re.compile(f"^{re.escape(house.address)}/inbox"))


def contact(name: str) -> dict[str, object]:
    return {"wa_id": SENDER, "profile": {"name": name}}
