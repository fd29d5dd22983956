"""Searching through the front door: whoever and whatever one may see is found, and nothing else."""

from __future__ import annotations

import re
from datetime import date

import pytest
from sqlalchemy import event, select, text, update

from console import audit
from console.agents import Team
from console.audit import SYSTEM, AuditEntry
from console.errors import Refused
from console.inbox import naming
from console.inbox.contacts import Contact
from console.inbox.models import Conversation, Message
from console.search import finding, matching
from console.search.models import SearchMessage, SearchSpelling
from console.search.searcher import Searcher
from tests.front import Front, Person
from tests.inbox import meta
from tests.portfolio.debts import a_debtor
from tests.search.indexed import indexed

ROSA, PEDRO = "51944218305", "51987650011"


async def wrote(front: Front, said: str, *, sender: str = ROSA, wamid: str | None = None) -> int:
    """Somebody writes; the number of the message once the index has read it."""
    await front.webhook(meta.body(meta.text(said, sender=sender, wamid=wamid)))
    async with front.console.db.reading() as tx:
        number = (await tx.scalars(select(Message.id).order_by(Message.id.desc()).limit(1))).one()
    await indexed(front)
    return number


async def named(front: Front, phone: str, name: str) -> None:
    """A person's name, as an integrator gives it."""
    async with front.console.db.transaction() as tx:
        contact = (await tx.scalars(select(Contact).where(Contact.wa_id == phone))).one()
        await naming.rename(tx, contact, name=name, by=SYSTEM)
    await indexed(front)


async def found(person: Person, q: str, **more: str) -> str:
    answer = await person.http.get("/inbox/search", params={"q": q, **more})
    assert answer.status_code == 200, answer.text
    return answer.text


def people_in(page: str) -> list[str]:
    return re.findall(r'id="found-person-(\d+)"', page)


def said_in(page: str) -> list[str]:
    return re.findall(r'data-message="(\d+)"', page)


async def test_what_was_said_is_found_without_accents_and_by_its_beginning(front: Front) -> None:
    ana = await front.agent("Ana")
    number = await wrote(front, "Mañana deposité la cuota, señorita")
    await wrote(front, "Otra cosa")

    for q in ("manana", "MAÑANA", "depos", "cuota senori", "deposité mañ"):
        page = await found(ana, q)
        assert said_in(page) == [str(number)], q
    assert "<mark>Mañana</mark>" in await found(ana, "manana")
    assert "Nada con" in await found(ana, "manana otra")
    assert "Nada con" in await found(ana, "posite")


async def test_results_stand_by_person_with_the_newest_message_and_all_of_one_can_be_seen(front: Front) -> None:
    ana = await front.agent("Ana")
    old = await wrote(front, "el recibo uno")
    await wrote(front, "mi recibo", sender=PEDRO)
    new = await wrote(front, "el recibo dos")

    page = await found(ana, "recibo")
    assert len(said_in(page)) == 2
    assert said_in(page)[0] == str(new)
    assert page.index('data-conversation="1"') > 0
    one = await ana.http.get("/inbox/1/search", params={"q": "recibo"})
    assert said_in(one.text) == [str(new), str(old)]


async def test_another_teams_conversation_is_neither_found_nor_counted(front: Front) -> None:
    ana, beto = await front.agent("Ana"), await front.agent("Beto", team="Otra")
    luz = await front.agent("Luz", role="admin")
    await wrote(front, "una palabra secretísima")

    assert "Nada con" in await found(beto, "secretisima")
    assert (await beto.http.get("/inbox/1/search", params={"q": "secretisima"})).status_code == 404
    assert said_in(await found(ana, "secretisima"))
    assert said_in(await found(luz, "secretisima"))
    async with front.console.db.transaction() as tx:
        other = (await tx.scalars(select(Team.id).where(Team.name == "Otra"))).one()
        await tx.execute(update(Conversation).values(team_id=other, holder_id=None))

    assert said_in(await found(beto, "secretisima"))
    assert "Nada con" in await found(ana, "secretisima")
    assert people_in(await found(ana, ROSA[-6:])) == []
    assert people_in(await found(beto, ROSA[-6:])) == ["1"]


async def test_edited_and_revoked_words_are_no_longer_found(front: Front) -> None:
    ana = await front.agent("Ana")
    await wrote(front, "pagaré el jueves", wamid="wamid.edited")
    assert said_in(await found(ana, "jueves"))

    edit = meta.message(
        "edit",
        {"original_message_id": "wamid.edited", "message": {"type": "text", "text": {"body": "pagaré el viernes"}}},
        sender=ROSA,
    )
    await front.webhook(meta.body(edit))
    await indexed(front)
    assert said_in(await found(ana, "viernes"))
    assert "Nada con" in await found(ana, "jueves")

    await front.webhook(meta.body(meta.message("revoke", {"original_message_id": "wamid.edited"}, sender=ROSA)))
    await indexed(front)
    assert "Nada con" in await found(ana, "viernes")


async def test_erased_words_leave_the_index_and_are_not_shown_before(front: Front) -> None:
    ana = await front.agent("Ana")
    await wrote(front, "mi diagnóstico reservado")
    async with front.console.db.transaction() as tx:
        await tx.execute(update(Message).values(text=None, content=None))
    assert "Nada con" in await found(ana, "diagnostico")

    async with front.console.db.transaction() as tx:
        audit.record(tx, audit.SYSTEM, "contact.erased", subject="contact:1")
    await indexed(front)
    async with front.console.db.reading() as tx:
        assert list(await tx.scalars(select(SearchMessage.folded))) == []


async def test_a_person_is_found_by_name_document_telephone_account_and_invoice(front: Front) -> None:
    ana = await front.agent("Ana")
    await wrote(front, "Hola", sender=PEDRO)
    await wrote(front, "Hola")
    async with front.console.db.reading() as tx:
        team = (await tx.scalars(select(Team.id).where(Team.name == "Cobranza"))).one()
    debt = await a_debtor(
        front.console.db, team, phone=f"+{ROSA}", invoices=[("F001-000234", date(2026, 10, 1), 41250)],
        name="María Fernanda Ccori", document=("DNI", "45678912"), external_id="AND-7731",
    )  # fmt: skip
    async with front.console.db.transaction() as tx:
        audit.record(tx, audit.SYSTEM, "account.created", account_id=debt.account_id)
    await indexed(front)

    for q in ("ccori", "maria fer", "45678912", "45.678.912", "4567", "218305", "+51 944 218 305", "944218305",
              "F001-000234", "000234", "and-7731"):  # fmt: skip
        assert people_in(await found(ana, q)) == ["2"], q
    assert people_in(await found(ana, "999999")) == []


async def test_names_are_found_as_they_sound_and_with_a_slip_of_a_finger(front: Front) -> None:
    ana = await front.agent("Ana")
    await wrote(front, "Hola")
    await named(front, ROSA, "Vásquez Quispe, Yolanda")

    for q in ("basques", "kispe", "Quipse", "yolnda", "Quisppe", "llolanda"):
        page = await found(ana, q)
        assert people_in(page) == ["1"], q
        assert "Nombre parecido" in page
    assert "Nombre parecido" not in await found(ana, "quispe")

    await named(front, ROSA, "Rosa Mendoza")
    assert "Nada con" in await found(ana, "kispe")
    async with front.console.db.reading() as tx:
        assert "quispe" not in set(await tx.scalars(select(SearchSpelling.word)))


@pytest.mark.parametrize("enough", [60.0, -1.0], ids=["whole pages", "cut after every step"])
async def test_pages_go_on_where_they_ended_and_show_nobody_twice(
    front: Front, monkeypatch: pytest.MonkeyPatch, enough: float
) -> None:
    monkeypatch.setattr(finding, "ENOUGH_SECONDS", enough)
    monkeypatch.setattr(finding, "PAGE", 3)
    monkeypatch.setattr(matching, "_STEPS", (2, 4))
    ana = await front.agent("Ana")
    for number in range(8):
        await front.webhook(meta.body(meta.text("recibo", sender=f"5194400{number:04}")))
    for number in range(0, 8, 2):
        await front.webhook(meta.body(meta.text("recibo otra vez", sender=f"5194400{number:04}")))
    await indexed(front)

    seen: list[str] = []
    cursor, cuts = "", 0
    while True:
        page = await found(ana, "recibo", **({"cursor": cursor} if cursor else {}))
        if "data-goes-on" in page:
            cuts += 1
        seen += re.findall(r'id="found-said-(\d+)"', page)
        match = re.search(r'data-cursor="([\d.]+)"', page)
        if match is None:
            break
        cursor = match[1]

    assert seen == ["7", "5", "3", "1", "8", "6", "4", "2"]
    # PostgreSQL looks through as few as these in one step.
    assert bool(cuts) == (enough < 0 and front.console.db.is_sqlite)


@pytest.mark.parametrize("q", ["x" * 10_000, "   ", "", "🙏", "\0", "*", '"', "a", "--;"])
async def test_what_cannot_be_looked_for_is_said_and_loses_nothing(front: Front, q: str) -> None:
    ana = await front.agent("Ana")

    answer = await ana.http.get("/inbox/search", params={"q": q})

    assert answer.status_code == 422
    assert answer.json()["code"] in {"too_long", "nothing_to_find", "too_short"}
    bad = await ana.http.get("/inbox/search", params={"q": "hola", "cursor": "1;DROP"})
    assert (bad.status_code, bad.json()["field"]) == (422, "cursor")


async def test_markup_in_messages_and_searches_stays_text(front: Front) -> None:
    ana = await front.agent("Ana")
    await wrote(front, "<img src=x onerror=alert(1)> recibo")

    page = await found(ana, "onerror")

    assert "<img" not in page
    assert "&lt;img src=x <mark>onerror</mark>=alert(1)&gt;" in page
    assert "<b>" not in await found(ana, "<b>zzzz</b>")


async def test_a_thread_opens_around_a_message_far_back_and_goes_on_both_ways(front: Front) -> None:
    ana = await front.agent("Ana")
    for number in range(120):
        await front.webhook(meta.body(meta.text(f"mensaje {number}")))
    async with front.console.db.reading() as tx:
        far = (await tx.scalars(select(Message.id).where(Message.text == "mensaje 30"))).one()

    page = await ana.see(f"/inbox/1?message={far}")
    shown = [int(one) for one in re.findall(r'class="entry[^>]*data-position="(\d+)"', page)]
    assert 'id="message-' in page
    assert shown == list(range(shown[0], shown[0] + 50))
    assert page.index("mensaje 30") > page.index("mensaje 10")
    assert "mensaje 60" not in page.partition('id="thread-1"')[2].partition("</ol>")[0]
    [after] = re.findall(r"messages\?after=(\d+)", page)
    later = await ana.see(f"/inbox/1/messages?after={after}")
    assert f'data-position="{int(after) + 1}"' in later
    end = await ana.see(f"/inbox/1/messages?after={shown[-1] + 200}")
    assert "data-end" in end
    assert "mensaje 119" in await ana.see("/inbox/1?message=999999")


async def test_having_looked_for_a_document_is_on_record_without_it(front: Front) -> None:
    ana = await front.agent("Ana")
    await found(ana, "45678912")
    await found(ana, "recibo")

    async with front.console.db.reading() as tx:
        made = (await tx.scalars(select(AuditEntry).where(AuditEntry.action == "search.made"))).one()
    assert made.actor_id == ana.id
    assert "45678912" not in f"{made.new}{made.subject}"


async def test_a_page_asks_the_database_as_often_whatever_is_found(front: Front) -> None:
    ana = await front.agent("Ana")
    await wrote(front, "recibo")
    asked: list[str] = []
    engine = front.app.state["searcher"].engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda _c, _u, statement, *_: asked.append(statement))
    await found(ana, "recibo")
    few = len(asked)
    for number in range(12):
        await front.webhook(meta.body(meta.text("recibo", sender=f"5194400{number:04}")))
    await indexed(front)
    asked.clear()

    page = await found(ana, "recibo")

    assert len(said_in(page)) == 13
    assert len(asked) == few


async def test_a_search_that_takes_too_long_is_refused_and_said(front: Front) -> None:

    searcher = Searcher(front.console.settings.database_url, seconds=0.2)
    slow = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 100000000) SELECT max(x) FROM c"
    with pytest.raises(Refused) as refused:
        async with searcher.reading() as tx:
            await tx.execute(text(slow))
    async with searcher.reading() as tx:
        assert await tx.scalar(text("SELECT 1")) == 1
    await searcher.close()

    assert (refused.value.status, refused.value.code) == (503, "too_slow")
