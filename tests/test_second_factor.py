"""The second factor: what turns it on, what opens with it, what never opens twice, and who may not go without."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pyotp
import pytest
import pytest_asyncio
from sqlalchemy import select

from console import second_factor
from console.agents import RecoveryCode, SecondFactor
from console.audit import SYSTEM, AuditEntry
from tests.conftest import Moment
from tests.front import PASSWORD, Front, Person, a_console, settings_for

PAGE = "/settings/second-factor"


@pytest_asyncio.fixture
async def front(database_url: str, tmp_path: Path) -> AsyncIterator[Front]:
    async with a_console(settings_for(database_url, tmp_path)) as front:
        yield front


async def turned_on(person: Person, moment: Moment) -> tuple[pyotp.TOTP, list[str]]:
    """The authenticator of somebody who has just turned theirs on, and their codes on paper."""
    secret = re.search(r'secret">([A-Z2-7]+)<', await person.see(PAGE))
    assert secret is not None
    totp = pyotp.TOTP(secret[1])
    answer = await person.do(PAGE, code=totp.at(moment.now))
    assert answer.status_code == 200, answer.text
    codes = re.findall(r"<li><code[^>]*>([A-Z2-9-]+)</code>", answer.text)
    assert len(codes) == 10
    moment.passes(seconds=31)
    return totp, codes


async def signs_in(front: Front, person: Person, **more: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=front.address, trust_env=False) as browser:
        return await browser.post("/login", data={"email": person.email, "password": PASSWORD, **more})


async def test_with_a_factor_on_the_password_alone_opens_nothing(front: Front, moment: Moment) -> None:
    ana = await front.agent("Ana")
    totp, _ = await turned_on(ana, moment)

    asked = await signs_in(front, ana)
    assert asked.status_code == 401
    assert 'name="code"' in asked.text
    assert "set-cookie" not in asked.headers
    assert (await signs_in(front, ana, code="000000")).status_code == 401
    assert (await signs_in(front, ana, code=totp.at(moment.now))).status_code == 303


async def test_the_second_half_of_the_form_needs_the_password_no_more(front: Front, moment: Moment) -> None:
    """The ticket that says the password was right is good for five minutes, for this person, with this password."""
    ana, luz = await front.agent("Ana"), await front.agent("Luz")
    totp, _ = await turned_on(ana, moment)
    await turned_on(luz, moment)
    found = re.search(r'name="ticket" value="([^"]+)"', (await signs_in(front, ana)).text)
    assert found is not None
    ticket = found[1]

    assert (await signs_in(front, luz, password="x", ticket=ticket, code=totp.at(moment.now))).status_code == 401
    assert (await signs_in(front, ana, password="x", ticket=f"9{ticket}", code=totp.at(moment.now))).status_code == 401
    assert (await signs_in(front, ana, password="", ticket=ticket, code="")).status_code == 401
    assert (await signs_in(front, ana, password="", ticket=ticket, code=totp.at(moment.now))).status_code == 303
    moment.passes(minutes=6)
    assert (await signs_in(front, ana, password="", ticket=ticket, code=totp.at(moment.now))).status_code == 401


async def test_a_code_opens_once_and_no_earlier_one_after_it(front: Front, moment: Moment) -> None:
    """A44."""
    ana = await front.agent("Ana")
    totp, _ = await turned_on(ana, moment)
    moment.passes(minutes=5)
    code, earlier = totp.at(moment.now), totp.at(int(moment.now.timestamp()) - 30)

    assert (await signs_in(front, ana, code=code)).status_code == 303
    assert (await signs_in(front, ana, code=code)).status_code == 401
    assert (await signs_in(front, ana, code=earlier)).status_code == 401
    moment.passes(seconds=30)
    assert (await signs_in(front, ana, code=totp.at(moment.now))).status_code == 303


async def test_codes_of_a_clock_a_little_off_open_and_others_do_not(front: Front, moment: Moment) -> None:
    ana = await front.agent("Ana")
    totp, _ = await turned_on(ana, moment)
    moment.passes(hours=1)
    now = int(moment.now.timestamp())

    assert (await signs_in(front, ana, code=totp.at(now - 61))).status_code == 401
    assert (await signs_in(front, ana, code=totp.at(now + 61))).status_code == 401
    assert (await signs_in(front, ana, code=totp.at(now - 30))).status_code == 303
    assert (await signs_in(front, ana, code=totp.at(now + 30))).status_code == 303


async def test_a_code_on_paper_opens_once_and_is_on_record(front: Front, moment: Moment) -> None:
    ana = await front.agent("Ana")
    _, codes = await turned_on(ana, moment)

    assert (await signs_in(front, ana, code=codes[0].lower().replace("-", " "))).status_code == 303
    assert (await signs_in(front, ana, code=codes[0])).status_code == 401
    async with front.console.db.reading() as tx:
        kept = (await tx.scalars(select(RecoveryCode.code_hash))).all()
        used = (await tx.scalars(select(AuditEntry).where(AuditEntry.action == "factor.recovery_used"))).one()
        secret = (await tx.scalars(select(SecondFactor.secret))).one()
    assert used.new == '{"left":9}'
    assert not any(code in text for code in codes for text in [*kept, secret])


async def test_guessing_codes_must_wait_like_guessing_passwords(front: Front, moment: Moment) -> None:
    """A44."""
    ana = await front.agent("Ana")
    totp, _ = await turned_on(ana, moment)
    answers = [(await signs_in(front, ana, code=f"{number:06}")).status_code for number in range(8)]

    assert answers[:5] == [401] * 5
    assert set(answers[5:]) == {429}
    assert (await signs_in(front, ana, code=totp.at(moment.now))).status_code == 429
    inside = [(await ana.do(f"{PAGE}/codes", code="000000")).status_code for _ in range(2)]
    assert 429 in inside


@pytest.mark.parametrize("code", ["", "abcdef", "12345", "1234567", "١٢٣٤٥٦", "000000", "x" * 500, "123 45\x00"])
async def test_a_wrong_code_turns_nothing_on(front: Front, moment: Moment, code: str) -> None:
    ana = await front.agent("Ana")
    await ana.see(PAGE)
    answer = await ana.do(PAGE, code=code)

    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert (await signs_in(front, ana)).status_code == 303


async def test_a_role_that_needs_one_opens_nothing_else_until_it_is_there(front: Front, moment: Moment) -> None:
    """The change is on record with before and after; whoever has one already notices nothing."""
    ana, ivan = await front.agent("Ana"), await front.agent("Iván", role="admin")
    assert (await ana.do("/settings/sign-in", agent="1")).status_code == 403
    assert (await ivan.do("/settings/sign-in", agent="1")).status_code == 200

    page = await ana.http.get("/inbox", headers={"accept": "text/html"})
    assert (page.status_code, page.headers["location"]) == (303, PAGE)
    swap = await ana.http.get("/inbox/rows", headers={"hx-request": "true"})
    assert (swap.status_code, swap.headers["hx-redirect"]) == (403, PAGE)
    assert (await ana.http.get("/inbox")).json()["code"] == "second_factor_required"
    socket = ana.socket()
    async with socket as open_one:
        with pytest.raises(Exception, match=r"4401|closed|received"):
            await open_one.recv()
    await turned_on(ana, moment)
    await ana.see("/inbox")
    assert (await ana.do(f"{PAGE}/removal", code="1")).status_code in {409, 422}
    await ivan.see("/inbox")
    async with front.console.db.reading() as tx:
        entry = (await tx.scalars(select(AuditEntry).where(AuditEntry.action == "sign_in_rules.updated"))).one()
    assert (entry.old, entry.new) == ('{"factor_roles":[]}', '{"factor_roles":["agent"]}')


async def test_an_administrator_takes_a_lost_factor_away_and_everybody_is_out(front: Front, moment: Moment) -> None:
    ana, ivan = await front.agent("Ana"), await front.agent("Iván", role="admin")
    await turned_on(ana, moment)
    assert "Activo" in await ivan.see(f"/settings/users/{ana.id}")

    assert (await ivan.do(f"/settings/users/{ana.id}/remove-factor")).status_code == 303

    assert (await ana.http.get("/inbox")).status_code == 401
    assert (await signs_in(front, ana)).status_code == 303
    assert "quitó un segundo factor" in await ivan.see(f"/settings/users/{ana.id}")


async def test_another_installations_key_opens_no_code(front: Front, moment: Moment) -> None:
    ana = await front.agent("Ana")
    totp, codes = await turned_on(ana, moment)
    async with front.console.db.transaction() as tx:
        for code in (totp.at(moment.now), codes[0]):
            by = SYSTEM
            assert not await second_factor.passes(tx, ana.id, code, key="another key, long enough to be one", by=by)


async def test_a_role_and_teams_change_at_once_and_are_on_record(front: Front, moment: Moment) -> None:
    """Sessions end, so that nothing that is open shows what is no longer theirs; the last administrator stays one."""
    ana, ivan = await front.agent("Ana"), await front.agent("Iván", role="admin", team="Mora judicial")

    page = await ivan.do(f"/settings/users/{ana.id}", role="supervisor", **{"team-2": "1"})
    assert page.status_code == 200
    assert "cambió a una persona" in page.text
    assert (await ana.http.get("/inbox")).status_code == 401
    await ana.sign_in()
    assert (await ana.http.get("/settings/reviews")).status_code == 200
    for wrong in ({"role": "rey", "team-1": "1"}, {"role": "agent"}, {"role": "agent", "team-99": "1"}):
        assert (await ivan.do(f"/settings/users/{ana.id}", **wrong)).status_code == 422
    assert (await ivan.do(f"/settings/users/{ivan.id}", role="agent", **{"team-1": "1"})).status_code == 409
    async with front.console.db.reading() as tx:
        entry = (await tx.scalars(select(AuditEntry).where(AuditEntry.action == "agent.updated"))).one()
    assert (entry.old, entry.new) == ('{"role":"agent","team_ids":[1]}', '{"role":"supervisor","team_ids":[2]}')


async def test_an_administrator_ends_one_session_of_somebody_and_no_other(front: Front, moment: Moment) -> None:
    ana, ivan = await front.agent("Ana"), await front.agent("Iván", role="admin")
    async with Person(front, ana.id, ana.email) as elsewhere:
        listed = re.findall(r"/sessions/(\d+)/end", await ivan.see(f"/settings/users/{ana.id}"))
        assert len(listed) == 2
        assert (await ivan.do(f"/settings/users/{ivan.id}/sessions/{listed[0]}/end")).status_code == 404
        assert (await ivan.do(f"/settings/users/{ana.id}/sessions/{max(map(int, listed))}/end")).status_code == 303
        assert (await elsewhere.http.get("/inbox")).status_code == 401
        assert (await ana.http.get("/inbox")).status_code == 200
