"""No screen shows a debtor's telephone whole: every page there is, and whatever is pushed to one that is open."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from console import masking, sessions
from console.agents import ApiToken
from console.audit import AuditEntry
from console.bots.runner import Bot
from console.clock import now
from console.inbox.contacts import Contact
from console.inbox.models import Conversation
from console.reports import follow
from tests.bots.night import DOCUMENT, EVENING, LATE, LIMA
from tests.conftest import Moment
from tests.front import Front, Person, a_console, settings_for
from tests.inbox import meta
from tests.portfolio.debts import a_debtor
from tests.scheduling.floor import schedule
from tests.search.indexed import indexed
from tests.who_may import PAGES

JULIO, HIS_NEW, NAMELESS = "51987000222", "51987000666", "51987000333"
EVERY = (meta.MARIA, JULIO, HIS_NEW, NAMELESS)
MASKED = "+51 •••• 8305"
# However it is spaced, with its country or without.
WHOLE = re.compile("|".join(r"[\s.()\-]*".join(number[2:]) for number in EVERY))
# No screens: what these hold goes to who may take it away, by a deed that is on record or in no hands but an admin's.
TAKEN_AWAY = {"/reports/export", "/settings/dead-letters/{letter_id:int}/raw"}
MORE = (
    "/inbox/1",
    "/inbox/2",
    "/inbox/3",
    "/inbox/2/history",
    "/inbox?view=all",
    "/inbox/rows?view=all",
    "/inbox/search?q=8305",
    "/inbox/search?q=987000",
    "/inbox/search?q=changed",
    "/inbox/1/search?q=debo",
    "/bot?session=1&step=1",
    "/bot?session=2&step=1",
    "/privacy/1/rectification",
    "/audit?q=8305",
    "/audit?conversation=2",
    "/portfolio?q=218305",
    "/reports/rows?figure=first_answer",
    "/reports/rows?figure=waiting",
    "/supervisor/conversations/1",
    "/supervisor/conversations/2",
)
# Where it would otherwise stand, so that a page without its people cannot pass.
SHOW_ITS_END = (
    "/inbox?view=all",
    "/inbox/rows?view=all",
    "/inbox/1",
    "/inbox/search?q=8305",
    "/inbox/1/search?q=debo",
    "/bot?session=1&step=1",
    "/portfolio/debtors/1",
    "/inbox/1/consents",
    "/privacy",
    "/privacy/1/rectification",
    "/scheduled",
    "/reports/rows?figure=received",
    "/supervisor/conversations/1",
)


@pytest.fixture
async def front(sqlite_database_url: str, tmp_path: Path, moment: Moment) -> AsyncIterator[Front]:
    moment.is_(EVENING - timedelta(days=1))  # so that the morning is one on which people are written to
    async with a_console(settings_for(sqlite_database_url, tmp_path, bot=False)) as front:
        yield front


@pytest.fixture
async def elena(front: Front, moment: Moment) -> Person:
    """Three who are known by their numbers alone: one calls herself by it, one gets another, one has no name at all."""
    who = {"name": "María Fernanda Ccori", "document": DOCUMENT, "birth_year": 1991}
    await a_debtor(front.console.db, 1, phone=meta.MARIA, invoices=LATE, **who)  # type: ignore[arg-type]
    bot = Bot(front.console.db, front.console.settings, None, None)
    await bot.listen()
    for sender, text in (
        (meta.MARIA, "Buenas noches cuánto debo"),
        (meta.MARIA, "7304 1991"),
        (JULIO, "los voy a denunciar a indecopi"),
        (NAMELESS, "quiero hablar con una persona"),
    ):
        await front.webhook(says(sender, text))
        await bot.listen()
        moment.passes(seconds=4)
        while await bot.answer_due():
            pass
    await front.webhook(moves(JULIO, HIS_NEW))
    moment.passes(hours=13)
    await bot.hand_over_in_the_morning()
    elena = await front.agent("Elena", role="admin")
    assert (await elena.do("/inbox/1/assignment", holder="me")).status_code == 200
    later = await schedule(elena)
    assert later.status_code == 201, later.text
    asked = await elena.http.post("/privacy", data={"conversation": "1", "kind": "rectification"})
    assert asked.status_code == 303, asked.text
    return elena


def says(sender: str, text: str) -> bytes:
    """Who calls themselves by their number, as a phone writes it; or by nothing."""
    written = f"+{sender[:2]} {sender[2:5]} {sender[5:8]} {sender[8:]}"
    profile = [{"profile": {"name": written}, "wa_id": sender}] if sender != NAMELESS else []
    return meta.body(meta.text(text, sender=sender), contacts=profile)


def moves(old: str, new: str) -> bytes:
    """WhatsApp says so in its own words, in the thread."""
    told = {"body": f"User changed from {old} to {new}", "wa_id": new, "type": "user_changed_number"}
    return meta.body(meta.message("system", told, sender=old), contacts=[])


@pytest.mark.parametrize("half", [0, 1])
async def test_no_page_shows_a_telephone_whole(elena: Person, half: int) -> None:
    """Each page of the table of who may do what, which knows every page there is."""
    walked = [row.ask for row in PAGES if row.method == "GET" and row.path not in TAKEN_AWAY and "{" not in row.ask]

    seen = await looks_at(elena, *walked[half::2])

    assert len(seen) > 40, "a walk through refusals proves nothing"


async def test_where_a_telephone_stood_is_its_end(front: Front, elena: Person) -> None:
    # Searches and reports know what was said a moment later than the thread.
    await indexed(front)
    await follow.catch_up(front.console.db, LIMA)

    seen = await looks_at(elena, *MORE, *SHOW_ITS_END)

    assert {path for path in SHOW_ITS_END if MASKED not in seen[path]} == set()
    assert "User changed from +51 •••• 0222 to +51 •••• 0666" in seen["/inbox/2"]


async def looks_at(who: Person, *paths: str) -> dict[str, str]:
    """Those that answer; none of them has a number whole, but for what was asked for."""
    seen: dict[str, str] = {}
    for path in dict.fromkeys(paths):
        answer = await who.http.get(path)
        asked = re.sub(r"q=\d+|value=\"\d+\"", "", answer.text)
        found = WHOLE.search(asked)
        assert not found, (path, asked[max(0, found.start() - 200) : found.end() + 40])
        if answer.status_code == 200:
            seen[path] = answer.text
    return seen


async def test_nothing_pushed_shows_a_telephone_whole_before_or_after_somebody_looked(
    front: Front, elena: Person
) -> None:
    sara = await front.agent("Sara", role="supervisor")
    async with sara.live(view="all", opened=1) as hers, elena.live(view="all", opened=1) as own:
        await front.webhook(says(meta.MARIA, "Sigo aquí"))
        await hers.shows("Sigo aquí")
        looked = await elena.http.post("/inbox/1/phone")
        assert "944 218 305" in looked.text
        assert (await elena.do("/inbox/1/assignment", holder=str(sara.id))).status_code == 200
        await front.webhook(moves(NAMELESS, "51987000777"))
        await front.webhook(says(meta.MARIA, "Ya pagué"))
        await hers.shows("Ya pagué")
        await own.shows("Ya pagué")

    pushed = "".join(frame.html for frame in [*hers.heard, *own.heard])
    assert MASKED in pushed
    assert not WHOLE.search(pushed)
    assert "51987000777" not in pushed
    assert "944 218 305" not in await elena.see("/inbox/1"), "whole for a moment, and not on the next page"


async def test_who_attends_sees_the_telephone_whole_and_each_look_is_on_record(front: Front, elena: Person) -> None:
    ana, tito = await front.agent("Ana"), await front.agent("Tito", role="supervisor", team="Mora judicial")
    async with front.console.db.reading() as tx:
        before = list(await tx.scalars(select(AuditEntry.id).where(AuditEntry.action == "phone.revealed")))
    assert before == []

    for path in ("/inbox/1/phone", "/inbox/1/phones/1"):
        assert (await ana.http.post(path)).status_code == 403, "attends to nobody"
        assert (await tito.http.post(path)).status_code == 404, "another team's"
    assert (await elena.do("/inbox/1/assignment", holder=str(ana.id))).status_code == 200
    whole = await ana.http.post("/inbox/1/phone")

    assert (whole.status_code, "+51 944 218 305" in whole.text) == (200, True)
    assert whole.headers["cache-control"] == "no-store"
    for path in ("/inbox/1/phones/2", f"/inbox/1/phones/{10**30}", "/inbox/99/phone"):
        assert (await ana.http.post(path)).status_code == 404, path
    async with front.console.db.reading() as tx:
        [entry] = await tx.scalars(select(AuditEntry).where(AuditEntry.action == "phone.revealed"))
        assert (entry.actor_name, entry.conversation_id, entry.subject) == ("Ana", 1, "contact:1")
        assert not WHOLE.search(f"{entry.old}{entry.new}")
    assert "Ana vio un teléfono completo" in await elena.see("/audit?action=phone.revealed")
    assert "phone.revealed" not in await ana.see("/inbox/1/history")


async def test_the_other_number_of_a_person_is_shown_the_same_way(front: Front, elena: Person) -> None:
    page = await elena.see("/inbox/2")
    [path] = set(re.findall(r'data-address="(/inbox/2/phones/\d+)"', page))

    seen = await elena.http.post(path), await elena.http.post("/inbox/2/phone")

    assert {re.sub(r"\D", "", re.sub(r"<[^>]*>", "", answer.text)) for answer in seen} == {JULIO, HIS_NEW}


async def test_programs_go_on_reading_it_whole(front: Front, elena: Person) -> None:
    """What /api/v1 answers is a contract, and a token has its scopes."""
    async with front.console.db.transaction() as tx:
        tx.add(ApiToken(name="*", token_hash=sessions.hash_of("all"), scopes=["*"], created_at=now()))

    answer = await front.outside.get("/api/v1/conversations/1", headers={"authorization": "Bearer all"})

    assert answer.json()["contact"]["phone"] == f"+{meta.MARIA}"


async def test_nobody_is_addressed_by_a_number(front: Front, elena: Person) -> None:
    form = await elena.see("/inbox/1/promises/new")
    assert 'data-words="Gracias. Anoté' in form

    async with front.console.db.transaction() as tx:
        theirs = select(Conversation.contact_id).where(Conversation.id == 1).scalar_subquery()
        await tx.execute(update(Contact).where(Contact.id == theirs).values(name="María"))
    assert 'data-words="Gracias, María. Anoté' in await elena.see("/inbox/1/promises/new")


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("51944218305", "+51 •••• 8305"),
        ("+51 944 218 305", "+51 •••• 8305"),
        ("+5215512345678", "+52 •••• 5678"),
        ("12025550123", "+1 •••• 0123"),
        ("59171234567", "+591 •••• 4567"),
        ("0944218305", "•••• 8305"),
        ("12345", "•••• 45"),
        ("US.0123", "•••• 23"),
        ("", "•••• "),
    ],
)
def test_a_masked_telephone_shows_its_country_and_its_end(number: str, shown: str) -> None:
    assert masking.phone(number) == shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("María Ccori", "María Ccori"),
        ("2 de Mayo S.A.C.", "2 de Mayo S.A.C."),
        ("Ana 1984", "Ana 1984"),
        ("2024", "2024"),
        ("+51 944 218 305", "+51 •••• 8305"),
        ("\u202a+51 944 218 305\u202c", "+51 •••• 8305"),
        ("~51944218305", "•••• 8305"),
        ("944-218-305", "•••• 8305"),
    ],
)
def test_a_name_that_is_nothing_but_a_number_is_masked(name: str, shown: str) -> None:
    assert masking.name(name) == shown


def test_only_our_own_number_is_written_whole_in_a_page() -> None:
    """`|phone` writes a number whole: pages of debtors are given theirs masked."""
    folder = Path("console/templates")
    whole = {file.relative_to(folder).as_posix() for file in folder.rglob("*.html") if "|phone" in file.read_text()}

    assert whole == {"settings/number.html"}
