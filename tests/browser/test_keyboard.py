"""Everything with the keyboard alone: signing in, choosing, answering, noting, closing, and never being stuck."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.house import PASSWORD, House, NewPage, bubble, composer

# What Tab should reach: everything that can be operated and is in sight, once a group of radio buttons.
NAMED = """(one) => [one.closest('[id]')?.id, one.tagName,
  one.title || one.ariaLabel || one.textContent.trim().slice(0, 20)].join(' ')"""
REACHABLE = f"""() => [...document.querySelectorAll('a[href], button, input, textarea, select, summary, [tabindex]')]
  .filter((one) => one.tabIndex >= 0 && !one.disabled && one.checkVisibility({{ visibilityProperty: true }})
    && one.getClientRects().length && (one.type !== 'radio' || one.checked)).map({NAMED})"""
FOCUSED = f"() => ({NAMED})(document.activeElement)"


def test_a_day_without_a_mouse(house: House, page: Page) -> None:
    older, newer = house.debtor(), house.debtor()
    older.write("Buenos días")
    newer.write("Quiero pagar")
    page.goto(f"{house.address}/login")
    keys = page.keyboard

    expect(page.get_by_label("Correo de trabajo")).to_be_focused()
    keys.type("ana@andes.example")
    keys.press("Tab")
    expect(page.get_by_label("Contraseña", exact=True)).to_be_focused()
    keys.type(PASSWORD)
    keys.press("Enter")
    page.wait_for_url("**/inbox")

    keys.type("ga")
    expect(page.locator("#list header h2")).to_have_text("Todas")
    expect(newer.row(page)).to_be_visible()
    expect(newer.row(page).locator("a")).to_be_focused()
    keys.type("j")
    expect(older.row(page).locator("a")).to_be_focused()
    keys.type("k")
    keys.press("Enter")
    expect(page.locator("#pane .head h2")).to_have_text(newer.name)

    keys.type("r")
    expect(composer(page)).to_be_focused()
    keys.type("Con gusto, jkme?")
    keys.press("Shift+Enter")
    keys.type("¿cuándo?")
    keys.press("Enter")
    expect(bubble(page, "Con gusto, jkme?")).to_contain_text("entregado")
    expect(bubble(page, "Con gusto, jkme?").locator(".text")).to_have_text(
        "Con gusto, jkme?\n¿cuándo?", use_inner_text=True
    )
    expect(composer(page)).to_be_focused()

    keys.press("Escape")
    expect(newer.row(page).locator("a")).to_be_focused()
    keys.type("n")
    expect(composer(page)).to_be_focused()
    expect(page.get_by_role("button", name="Nota interna")).to_have_attribute("aria-pressed", "true")
    keys.type("Llama por las tardes")
    keys.press("Enter")
    expect(bubble(page, "Llama por las tardes")).to_contain_text("Su nota interna")
    expect(page.locator("#pane .history")).to_contain_text("Nota de Ana Ríos")
    assert newer.got() == ["Con gusto, jkme?\n¿cuándo?"]

    keys.press("Escape")
    keys.type("e")
    expect(page.get_by_role("dialog", name="¿Cómo terminó?")).to_be_visible()
    keys.press("Enter")
    expect(page.locator("#pane .head")).to_contain_text("Resuelta")
    expect(page.get_by_role("dialog")).to_have_count(0)
    keys.type("e")
    expect(page.get_by_role("button", name="Resolver")).to_be_visible()
    keys.type("gu")
    expect(page.locator("#list header h2")).to_have_text("Sin asignar")
    expect(older.row(page)).to_be_visible()
    keys.type("gi")
    expect(page.locator("#list header h2")).to_have_text("Mías")
    expect(newer.row(page)).to_be_visible()


def test_keys_act_on_the_conversation_one_has_gone_to(house: House, new_page: NewPage) -> None:
    """Whoever stands at another line and answers would else write to the wrong person."""
    older, newer = house.debtor(), house.debtor()
    older.write("Buenos días")
    newer.write("Quiero pagar")
    page = house.enter(new_page, "ana", "/inbox?view=all")
    keys = page.keyboard
    newer.row(page).locator("a").focus()
    keys.press("Enter")
    expect(page.locator("#pane .head h2")).to_have_text(newer.name)

    keys.press("j")
    expect(older.row(page).locator("a")).to_be_focused()
    keys.press("r")
    expect(page.locator("#pane .head h2")).to_have_text(older.name)
    expect(composer(page)).to_be_focused()
    keys.type("Con gusto")
    keys.press("Enter")
    expect(bubble(page, "Con gusto")).to_contain_text("entregado")
    assert (older.got(), newer.got()) == (["Con gusto"], [])

    # Who was answered stands at the top now.
    keys.press("Escape")
    expect(older.row(page).locator("a")).to_be_focused()
    keys.press("j")
    expect(newer.row(page).locator("a")).to_be_focused()
    newer.write("¿Sigue ahí?")
    expect(newer.row(page)).to_contain_text("¿Sigue ahí?")
    keys.press("e")
    expect(page.locator("#pane .head h2")).to_have_text(newer.name)
    expect(page.get_by_role("dialog")).to_have_count(0)
    keys.press("e")
    expect(page.get_by_role("dialog", name="¿Cómo terminó?")).to_be_visible()


def test_who_ends_a_conversation_stands_at_the_next_one(house: House, new_page: NewPage) -> None:
    last, first, other = house.debtor(), house.debtor(), house.debtor()
    page = house.enter(new_page, "luz", "/inbox?view=unassigned")
    keys = page.keyboard
    for debtor in (last, first, other):
        debtor.write("Buenos días")
        debtor.row(page).locator("a").focus()
        keys.press("Enter")
        expect(page.locator("#pane .head h2")).to_have_text(debtor.name)
        keys.press("m")
        expect(debtor.row(page)).to_have_count(0)
    keys.type("gi")
    expect(other.row(page)).to_be_visible()
    first.row(page).locator("a").focus()
    keys.press("Enter")
    expect(page.locator("#pane .head h2")).to_have_text(first.name)

    keys.press("e")
    expect(page.get_by_role("dialog", name="¿Cómo terminó?")).to_be_visible()
    keys.press("Enter")
    expect(first.row(page)).to_have_count(0)
    expect(last.row(page).locator("a")).to_be_focused()
    # The focus fell there by itself: what is answered is still what is open.
    keys.press("n")
    expect(composer(page)).to_be_focused()
    expect(page.locator("#pane .head h2")).to_have_text(first.name)


def test_who_puts_aside_or_goes_to_a_list_stands_at_a_line_of_it(house: House, new_page: NewPage) -> None:
    last, second, first, free = house.debtor(), house.debtor(), house.debtor(), house.debtor()
    page = house.enter(new_page, "luz", "/inbox?view=unassigned")
    keys = page.keyboard
    for debtor in (last, second, first):
        debtor.write("Buenos días")
        debtor.row(page).locator("a").focus()
        keys.press("Enter")
        expect(page.locator("#pane .head h2")).to_have_text(debtor.name)
        keys.press("m")
        expect(debtor.row(page)).to_have_count(0)
    keys.type("gi")
    expect(first.row(page)).to_be_visible()
    expect(page.locator("#rows > .row > a").first).to_be_focused()

    first.row(page).locator("a").focus()
    keys.press("Enter")
    expect(page.locator("#pane .head h2")).to_have_text(first.name)
    keys.press("z")
    expect(page.get_by_role("dialog", name="Posponer")).to_be_visible()
    keys.press("Enter")
    expect(first.row(page)).to_have_count(0)
    expect(second.row(page).locator("a")).to_be_focused()

    # The button that asked for it is no longer there: neither is its line.
    keys.press("Enter")
    expect(page.locator("#pane .head h2")).to_have_text(second.name)
    page.locator("#pane .head [data-key=e] button").focus()
    keys.press("Enter")
    expect(page.get_by_role("dialog", name="¿Cómo terminó?")).to_be_visible()
    keys.press("Enter")
    expect(second.row(page)).to_have_count(0)
    expect(last.row(page).locator("a")).to_be_focused()

    free.write("¿Hay alguien?")
    keys.type("gu")
    expect(page.locator("#list header h2")).to_have_text("Sin asignar")
    expect(page.locator("#rows > .row > a").first).to_be_focused()
    keys.type("gz")
    expect(page.locator("#list header h2")).to_have_text("Pospuestas")
    expect(page.locator("#rows > .row > a").first).to_be_focused()


def test_taking_helping_and_getting_out_again(house: House, new_page: NewPage) -> None:
    debtor = house.debtor()
    debtor.write()
    page = house.enter(new_page, "luz")
    debtor.open(page)
    keys = page.keyboard

    keys.type("m")
    expect(page.locator("#pane .head summary")).to_contain_text("Luz Paredes")
    keys.type("?")
    help_ = page.get_by_role("dialog", name="Atajos de teclado")
    expect(help_).to_be_visible()
    # A letter behind an open layer does nothing.
    keys.type("e")
    keys.press("Escape")
    expect(help_).to_be_hidden()
    expect(page.get_by_role("button", name="Resolver")).to_be_visible()

    keys.type("t")
    search = page.get_by_role("searchbox", name="Buscar plantilla")
    expect(search).to_be_focused()
    keys.press("Escape")
    expect(search).to_be_hidden()
    expect(composer(page)).to_be_focused()
    # With a modifier letters belong to the system, and while writing to the text.
    keys.type("e")
    keys.press("Control+k")
    expect(composer(page)).to_have_value("e")
    keys.press("Escape")
    keys.press("Control+e")
    expect(page.get_by_role("button", name="Resolver")).to_be_visible()

    page.locator("#pane .head summary").focus()
    keys.press("Enter")
    expect(page.get_by_role("button", name="Dejarla sin asignar")).to_be_visible()
    keys.press("Escape")
    expect(page.get_by_role("button", name="Dejarla sin asignar")).to_be_hidden()
    expect(page.locator("#pane .head summary")).to_be_focused()


def test_one_gets_out_of_the_text_of_a_conversation_that_left_the_list(house: House, new_page: NewPage) -> None:
    debtor, other = house.debtor(), house.debtor()
    other.write()
    debtor.write()
    page = house.enter(new_page, "luz", "/inbox?view=unassigned")
    debtor.open(page)
    page.keyboard.type("m")
    expect(debtor.row(page)).to_have_count(0)
    page.keyboard.type("r")
    expect(composer(page)).to_be_focused()
    page.keyboard.press("Escape")
    expect(composer(page)).not_to_be_focused()
    expect(page.locator("#rows a").first).to_be_visible()


def test_tab_reaches_everything_in_sight_in_the_order_it_stands_and_gets_out(house: House, new_page: NewPage) -> None:
    debtor = house.debtor()
    debtor.write()
    page = house.enter(new_page, "ana")
    debtor.open(page)
    page.locator("#pane .head button[value=me]").click()
    expect(page.locator("#pane .head summary")).to_contain_text("Ana Ríos")
    page.reload()
    expect(page.locator("#pane .window b")).to_contain_text("h")
    expect(page.locator("#menu-state > summary")).to_be_visible()
    wanted: list[str] = page.evaluate(REACHABLE)
    assert len(wanted) > 15

    reached = []
    for _ in wanted:
        page.keyboard.press("Tab")
        reached.append(page.evaluate(FOCUSED))
    page.keyboard.press("Tab")

    assert reached == wanted
    assert page.evaluate("document.activeElement === document.body"), "it goes round without letting go"
    # Of the list one line is a stop, the arrows do the rest.
    assert page.locator("#rows a[tabindex='0']").count() == 1


def test_the_skip_link_skips(house: House, new_page: NewPage) -> None:
    page = house.enter(new_page, "ana")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Saltar al contenido")).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")
