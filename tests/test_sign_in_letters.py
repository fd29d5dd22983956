"""A sign-in from somewhere new is told by mail, and its owner can disown it: by hand, once, and not for long."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import delete, func, select

from console import audit, clock
from console.agents import Agent, SignInSession
from console.db import Database
from console.notifications import finding
from console.notifications.finding import Notice
from console.sign_in_alerts import UNFAMILIAR, _network
from console.sign_in_letters import keeping, sending
from console.sign_in_letters.models import SignInLetter
from tests.conftest import Moment
from tests.front import PASSWORD, Front, a_console, settings_for
from tests.postbox import Postbox

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:142.0) Gecko/20100101 Firefox/142.0"
LINK = re.compile(r"http\S+(/not-me/\S+)")


@pytest.fixture
async def front(
    database_url: str,
    tmp_path: Path,
    postbox: tuple[Postbox, str],
) -> AsyncIterator[Front]:
    settings = settings_for(
        database_url, tmp_path, smtp_url=postbox[1], mail_from="aldia@andes.example", trusted_proxies="127.0.0.1"
    )
    async with a_console(settings) as front:
        front.app.state["work"].cancel()  # nothing is sent unless a test says so
        yield front


@pytest.fixture
def box(postbox: tuple[Postbox, str]) -> Postbox:
    return postbox[0]


def browser(front: Front, *, address: str = "190.12.34.56", language: str = "es") -> httpx.AsyncClient:
    headers = {"x-forwarded-for": address, "user-agent": FIREFOX, "accept-language": language}
    return httpx.AsyncClient(base_url=front.address, timeout=20, trust_env=False, headers=headers)


async def comes(http: httpx.AsyncClient, password: str = PASSWORD) -> int:
    return (await http.post("/login", data={"email": "ana@andes.example", "password": password})).status_code


async def sent(front: Front) -> None:
    while await sending.send_next(front.console.db, front.console.settings):
        pass


async def entries(database: Database, *actions: str) -> list[audit.Entry]:
    async with database.reading() as tx:
        return [entry for entry in await audit.entries_after(tx, 0) if entry.action in actions]


async def open_sessions(front: Front, agent_id: int) -> int:
    async with front.console.db.reading() as tx:
        wanted = select(func.count()).where(SignInSession.agent_id == agent_id, SignInSession.ended_at.is_(None))
        return await tx.scalar(wanted) or 0


async def told_of_a_stranger(front: Front, box: Postbox) -> str:
    """Ana's usual browser is there; somebody signs in with another one. The link of the letter."""
    await front.agent("Ana")
    await front.agent("Elena", role="admin")
    async with browser(front) as stranger:
        assert await comes(stranger) == 303
    await sent(front)
    found = LINK.search(box.letters[-1].get_content())
    assert found is not None
    return found[1]


async def test_the_letter_says_when_from_where_and_with_what_in_the_language_of_its_reader(
    front: Front, box: Postbox, moment: Moment
) -> None:
    await told_of_a_stranger(front, box)

    [letter] = box.letters
    text = letter.get_content()
    assert box.to == ["ana@andes.example"]
    assert letter["Subject"] == "Ingreso nuevo a su cuenta de Financiera Andes"
    assert "El 20 de noviembre de 2026, 10:00 (America/Lima) ingresaron a su cuenta" in text
    assert "Firefox en Windows" in text
    assert "190.12.34.56" in text
    assert [entry.subject for entry in await entries(front.console.db, "session.alert_mailed")] == ["agent:1"]
    async with browser(front, address="201.1.2.3", language="en") as abroad:
        assert await comes(abroad) == 303
    await sent(front)
    assert box.letters[-1]["Subject"] == "New sign-in to your account at Financiera Andes"


async def test_a_known_browser_on_a_new_network_is_told_and_on_a_neighbouring_address_is_not(
    front: Front, box: Postbox
) -> None:
    await front.agent("Ana")
    async with browser(front) as laptop:
        assert await comes(laptop) == 303
        laptop.headers["x-forwarded-for"] = "190.12.34.200"
        assert await comes(laptop) == 303
        laptop.headers["x-forwarded-for"] = "200.60.1.1"
        assert await comes(laptop) == 303
    await sent(front)

    assert len(box.letters) == 2
    assert "una red que no se conocía" in box.letters[-1].get_content()
    assert len(await entries(front.console.db, UNFAMILIAR)) == 2


async def test_ten_sign_ins_at_once_from_one_new_browser_are_one_letter(front: Front, box: Postbox) -> None:
    await front.agent("Ana")
    async with browser(front) as stranger:
        for _ in range(2):
            stranger.cookies.clear()
            assert set(await asyncio.gather(*(comes(stranger) for _ in range(3)))) <= {303}
    await sent(front)

    assert len(box.letters) == 1


async def test_who_signs_in_for_the_first_time_gets_none(front: Front, box: Postbox) -> None:
    ana = await front.agent("Ana")
    async with front.console.db.transaction() as tx:
        await tx.execute(delete(SignInSession).where(SignInSession.agent_id == ana.id))
    async with browser(front) as first:
        assert await comes(first) == 303
    await sent(front)

    assert box.letters == []


async def test_looking_at_the_link_changes_nothing_and_confirming_it_ends_everything_once(
    front: Front, box: Postbox
) -> None:
    link = await told_of_a_stranger(front, box)
    db = front.console.db
    async with browser(front) as mail:
        for _ in range(3):
            looked = await mail.get(link)
            assert (looked.status_code, "¿No fue usted?" in looked.text) == (200, True)
        assert await open_sessions(front, 1) == 2

        answers = await asyncio.gather(*(mail.post(link) for _ in range(4)))
        again = await mail.get(link)
        assert await comes(mail) == 401, "the password that somebody knows opens nothing"

    assert sorted(answer.status_code for answer in answers) == [200, 410, 410, 410]
    assert "todo está cerrado" in next(answer.text for answer in answers if answer.status_code == 200)
    assert (again.status_code, "ya no sirve" in again.text) == (410, True)
    assert await open_sessions(front, 1) == 0
    [disowned] = await entries(db, "session.disowned")
    assert disowned.subject == "agent:1"
    async with db.reading() as tx:
        assert Notice(2, "disowned", None) in await finding.notices(tx, [disowned])
    await sent(front)
    assert box.to == ["ana@andes.example", "elena@andes.example"]
    assert "Ana dice que un ingreso a su cuenta no fue suyo" in str(box.letters[-1]["Subject"])
    assert "/settings/users/1" in box.letters[-1].get_content()


async def test_an_administrator_gives_a_new_password_and_the_old_one_stays_useless(front: Front, box: Postbox) -> None:
    link = await told_of_a_stranger(front, box)
    elena = await front.agent("Eva", role="admin")
    async with browser(front) as mail:
        assert (await mail.post(link)).status_code == 200
        assert "Dijo que no fue suyo · Ana" in await elena.see("/settings/sign-in")
        given = await elena.do("/settings/users/1/reset-password")
        assert given.status_code in {200, 303}
        assert await comes(mail) == 401


@pytest.mark.parametrize("touch", ["another letter", "another mark", "cut", "no link"])
async def test_a_link_that_we_did_not_make_does_nothing(front: Front, box: Postbox, touch: str) -> None:
    link = await told_of_a_stranger(front, box)
    number, mark = link.removeprefix("/not-me/").split(".")
    forged = {
        "another letter": f"{int(number) + 1}.{mark}",
        "another mark": f"{number}.{mark[:-1]}{'A' if mark[-1] != 'A' else 'B'}",
        "cut": f"{number}.{mark[:-4]}",
        "no link": "x" * 3000,
    }[touch]

    async with browser(front) as mail:
        for answer in (await mail.get(f"/not-me/{forged}"), await mail.post(f"/not-me/{forged}")):
            assert (answer.status_code, "no es válido" in answer.text) == (404, True)
    assert await open_sessions(front, 1) == 2


async def test_after_three_days_the_link_is_over(front: Front, box: Postbox, moment: Moment) -> None:
    link = await told_of_a_stranger(front, box)
    moment.passes(days=3)

    async with browser(front) as mail:
        assert (await mail.get(link)).status_code == 410
        assert (await mail.post(link)).status_code == 410
    async with front.console.db.reading() as tx:
        assert (await tx.get_one(Agent, 1)).password_hash is not None


async def test_another_site_cannot_have_a_browser_confirm_it(front: Front, box: Postbox) -> None:
    link = await told_of_a_stranger(front, box)

    async with browser(front) as mail:
        answer = await mail.post(link, headers={"origin": "https://evil.example", "sec-fetch-site": "cross-site"})

    assert answer.status_code == 403
    assert await open_sessions(front, 1) == 2


async def test_a_letter_that_the_server_does_not_take_is_tried_again_until_its_link_would_be_none(
    front: Front, box: Postbox, moment: Moment, capfd: pytest.CaptureFixture[str]
) -> None:
    await front.agent("Ana")
    box.refuses = True
    async with browser(front) as stranger:
        assert await comes(stranger) == 303
    await sent(front)
    assert box.letters == []
    moment.passes(minutes=2)
    await sent(front)
    moment.passes(minutes=2)
    box.refuses = False
    await sent(front)
    assert box.letters == [], "it waits longer each time"
    moment.passes(minutes=2)
    await sent(front)
    assert len(box.letters) == 1

    said = "".join(capfd.readouterr())
    assert "sign_in.letter_not_sent" in said
    for personal in ("190.12.34.56", "ana@andes.example", "Firefox"):
        assert personal not in said


async def test_what_nobody_took_for_three_days_is_given_up(front: Front, box: Postbox, moment: Moment) -> None:
    await front.agent("Ana")
    box.refuses = True
    async with browser(front) as stranger:
        assert await comes(stranger) == 303
    await sent(front)
    moment.passes(days=4)
    box.refuses = False
    await sent(front)

    assert box.letters == []
    async with front.console.db.reading() as tx:
        [letter] = await tx.scalars(select(SignInLetter))
    assert (letter.due_at, letter.sent_at) == (None, None)


async def test_who_died_sending_is_waited_for_and_then_another_sends(
    front: Front, box: Postbox, moment: Moment
) -> None:
    await front.agent("Ana")
    async with browser(front) as stranger:
        assert await comes(stranger) == 303
    async with front.console.db.transaction() as tx:
        assert await sending._claim(tx, clock.now()) is not None
    await sent(front)
    assert box.letters == []
    moment.passes(minutes=3)
    await sent(front)
    assert len(box.letters) == 1


async def test_without_a_mail_server_nothing_waits_to_be_mailed(database_url: str, tmp_path: Path) -> None:
    async with a_console(settings_for(database_url, tmp_path)) as front:
        await front.agent("Ana")
        async with browser(front) as stranger:
            assert await comes(stranger) == 303
        assert len(await entries(front.console.db, UNFAMILIAR)) == 1
        async with front.console.db.reading() as tx:
            assert (await tx.scalars(select(SignInLetter))).all() == []


def test_a_network_is_what_stays_the_same_while_addresses_change() -> None:
    assert _network("190.12.34.56") == _network("190.12.34.1") == _network("::ffff:190.12.34.9")
    assert _network("190.12.35.56") != _network("190.12.34.56")
    assert _network("2001:db8:1::1") == _network("2001:db8:1:ff::9")
    assert _network("local") == "local"


def test_a_link_is_good_for_three_days() -> None:
    assert timedelta(days=3) == keeping.LIVES
