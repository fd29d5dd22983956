"""Signing in and out, through the front door (rows A of the fault matrix)."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from sqlalchemy import func, select, text

from console import audit, first_admin, passwords, sessions, sign_in, throttle, users
from console.agents import Agent, SignInSession
from console.app import create_app
from console.db import Database
from console.errors import Refused
from console.forms import own_path
from tests.conftest import SECRET_KEY, Moment
from tests.front import PASSWORD, Front, Person, a_console, settings_for
from tests.inbox import meta

WRONG = "No pudimos ingresar con esos datos"
WAIT = "Por seguridad, espere"
# Reading the system's certificates takes longer than most of these tests.
NO_TLS = ssl.create_default_context()


@pytest.fixture
async def front(sqlite_database_url: str, tmp_path: Path) -> AsyncIterator[Front]:
    async with a_console(settings_for(sqlite_database_url, tmp_path)) as front:
        yield front


@pytest.fixture
async def front_on_either(database_url: str, tmp_path: Path) -> AsyncIterator[Front]:
    async with a_console(settings_for(database_url, tmp_path)) as front:
        yield front


def browser(front: Front) -> httpx.AsyncClient:
    """One that was never here before."""
    return httpx.AsyncClient(base_url=front.address, trust_env=False, timeout=20, verify=NO_TLS)


async def tries(front: Front, password: str, email: str = "ana@andes.example", **more: Any) -> httpx.Response:
    async with browser(front) as http:
        return await http.post("/login", data={"email": email, "password": password}, **more)


async def count(front: Front, table: Any, *where: Any) -> int:
    async with front.console.db.reading() as tx:
        return await tx.scalar(select(func.count()).select_from(table).where(*where)) or 0


# How often one may try


async def test_ten_wrong_passwords_make_one_wait_and_lock_nobody_out(front: Front, moment: Moment) -> None:
    """A1: while waiting, right and wrong get the same answer; afterwards the right one opens."""
    await front.agent("Ana")

    answers = [await tries(front, "no es esta") for _ in range(10)]

    assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 5
    assert all(WRONG in answer.text for answer in answers[:5])
    right, wrong = await tries(front, PASSWORD), await tries(front, "no es esta")
    assert right.status_code == wrong.status_code == 429
    assert right.text == wrong.text
    assert WAIT in right.text
    assert "no está bloqueada" in right.text
    moment.passes(seconds=int(right.headers["retry-after"]))
    assert (await tries(front, PASSWORD)).status_code == 303


async def test_knocking_while_one_must_wait_makes_the_wait_no_longer(front: Front, moment: Moment) -> None:
    await front.agent("Ana")
    for _ in range(5):
        await tries(front, "no es esta")
    before = int((await tries(front, "no es esta")).headers["retry-after"])

    moment.passes(seconds=before - 1)
    for _ in range(5):
        await tries(front, "no es esta")

    assert (await tries(front, "no es esta")).headers["retry-after"] == "1"


async def test_each_further_failure_doubles_the_wait_up_to_a_quarter_of_an_hour(front: Front, moment: Moment) -> None:
    await front.agent("Ana")
    waits: list[int] = []
    for _ in range(5):
        await tries(front, "no es esta")
    for _ in range(9):
        waits.append(int((await tries(front, "no es esta")).headers["retry-after"]))
        moment.passes(seconds=waits[-1])
        await tries(front, "no es esta")

    assert waits == [15, 30, 60, 120, 240, 480, 900, 900, 900]


async def test_a_stranger_who_keeps_failing_cannot_keep_the_owner_out(front: Front) -> None:
    """A browser the owner signed in with before counts for itself."""
    ana = await front.agent("Ana")
    await ana.sign_in()
    await ana.http.post("/logout")
    for _ in range(6):
        assert (await tries(front, "no es esta")).status_code in {401, 429}

    answer = await ana.http.post("/login", data={"email": ana.email, "password": PASSWORD})

    assert answer.status_code == 303


async def test_a_known_browser_has_no_more_tries_than_any_other(front: Front) -> None:
    ana = await front.agent("Ana")
    await ana.sign_in()

    answers = [await ana.http.post("/login", data={"email": ana.email, "password": "no"}) for _ in range(7)]

    assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 2


async def test_one_password_on_many_accounts_is_stopped_by_address_whatever_they_say_it_is(front: Front) -> None:
    """A2: nobody is trusted to say whom they speak for, unless the settings name them."""
    async with a_console(_trusting(front, "")) as untrusting:
        answers = [
            await tries(
                untrusting, "verano2026", f"persona{n}@andes.example", headers={"x-forwarded-for": f"203.0.113.{n}"}
            )
            for n in range(33)
        ]

    assert [answer.status_code for answer in answers] == [401] * 30 + [429] * 3


async def test_a_trusted_proxy_is_believed_about_the_address(front: Front) -> None:
    async with a_console(_trusting(front, "127.0.0.1")) as trusting:
        headers = {"x-forwarded-for": "203.0.113.9, 198.51.100.4"}
        await tries(trusting, "no es esta", headers=headers)

        keys = await _throttle_keys(trusting)

    assert "address:198.51.100.4" in keys, "what the proxy itself saw, not what it was told"
    assert "address:203.0.113.9" not in keys


def _trusting(front: Front, proxies: str) -> Any:
    import msgspec  # noqa: PLC0415 only here

    return msgspec.structs.replace(front.console.settings, trusted_proxies=proxies)


async def _throttle_keys(front: Front) -> set[str]:
    async with front.console.db.reading() as tx:
        return set(await tx.scalars(text("SELECT key FROM sign_in_throttle")))


async def test_a_thousand_addresses_and_accounts_are_stopped_together(database: Database, tmp_path: Path) -> None:
    """A2, globally; the account's key is hashed, so the table names nobody."""
    settings = settings_for("sqlite+aiosqlite://", tmp_path)
    refused = 0
    for n in range(210):
        keys = throttle.keys_for(settings, email=f"p{n}@andes.example", address=f"2001:db8:{n:x}::1", device=None)
        try:
            async with database.transaction() as tx:
                await throttle.charge(tx, keys)
        except Refused:
            refused += 1

    assert refused == 10
    async with database.reading() as tx:
        assert not [key for key in await tx.scalars(text("SELECT key FROM sign_in_throttle")) if "@" in key]


async def test_a_burst_of_guesses_gets_no_more_tries_than_a_queue_of_them(database: Database, tmp_path: Path) -> None:
    """Charged before the password is looked at."""
    settings = settings_for("sqlite+aiosqlite://", tmp_path)
    keys = throttle.keys_for(settings, email="ana@andes.example", address="192.0.2.1", device=None)

    async def guess() -> bool:
        try:
            async with database.transaction() as tx:
                await throttle.charge(tx, keys)
        except Refused:
            return False
        return True

    assert sum(await asyncio.gather(*(guess() for _ in range(40)))) == 5


async def test_addresses_of_one_household_count_as_one(tmp_path: Path) -> None:
    settings = settings_for("sqlite+aiosqlite://", tmp_path)

    def key(address: str) -> str:
        return throttle.keys_for(settings, email="a@b.example", address=address, device=None)[0]

    assert key("2001:db8:1:2::3") == key("2001:db8:1:2:ffff::9")
    assert key("2001:db8:1:2::3") != key("2001:db8:1:3::3")
    assert key("::ffff:192.0.2.1") == key("192.0.2.1")


async def test_two_hundred_at_once_are_hashed_two_at_a_time_and_the_rest_told_to_wait(front: Front) -> None:
    """A4: and webhooks are taken all the while."""
    burst = [tries(front, "no es esta", f"persona{n}@andes.example") for n in range(200)]
    answering = asyncio.gather(*burst)

    webhook = await front.webhook(meta.body(meta.text("mientras tanto")))

    answers = await answering
    assert webhook.status_code == 200
    codes = [answer.status_code for answer in answers]
    assert set(codes) == {401, 429}
    assert codes.count(401) <= 30
    assert all(int(answer.headers["retry-after"]) > 0 for answer in answers if answer.status_code == 429)


async def test_at_eight_a_whole_office_comes_in_at_once_and_nobody_is_told_to_wait(front: Front) -> None:
    """C10: one address, right passwords. Waiting for one's turn charges nobody's address."""
    people = [f"persona{n}" for n in range(60)]
    for name in people:
        await front.agent(name)

    answers = await asyncio.gather(*(tries(front, PASSWORD, f"{name}@andes.example") for name in people))

    assert {answer.status_code for answer in answers} == {303}


async def test_whoever_waits_too_long_for_their_turn_is_told_so(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "PATIENCE_SECONDS", 0.05)
    await front.agent("Ana")
    async with contextlib.AsyncExitStack() as slow:
        for _ in range(passwords.TURNS):
            await slow.enter_async_context(passwords.place())
        answer = await tries(front, PASSWORD)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")

    assert (await tries(front, PASSWORD)).status_code == 303


async def test_an_unknown_address_is_answered_like_a_wrong_password(front: Front, moment: Moment) -> None:
    """A3: same words, and a hash is computed for nobody too."""
    await front.agent("Ana")

    known, unknown = await tries(front, "no es esta"), await tries(front, "no es esta", "nadie@andes.example")

    assert known.status_code == unknown.status_code == 401
    assert known.text.replace("ana@", "x@") == unknown.text.replace("nadie@", "x@")


# What a password may be


async def test_a_password_counts_exactly_as_it_was_typed(front: Front, moment: Moment) -> None:
    """A5."""
    ana = await front.agent("Ana")
    for password in (
        "a" * 30 + "b" * 34,
        "contraseña con eñes y 🔑 llaves",
        "termina en blanco   ",
        "   empieza en blanco",
        "x" * 72 + "y después de setenta y dos",
        "z9" * 512,
    ):
        async with front.console.db.transaction() as tx:
            agent = await tx.get_one(Agent, ana.id)
            agent.password_hash = await passwords.hashed(password)

        assert (await tries(front, password)).status_code == 303
        assert (await tries(front, password.strip()[:-1] + "!")).status_code == 401
        assert (await tries(front, password[:72] if len(password) > 72 else password[:-1])).status_code == 401


async def test_a_megabyte_of_password_is_refused_before_it_is_hashed(front: Front) -> None:
    """A5."""
    await front.agent("Ana")

    assert (await tries(front, "x" * 1_000_000)).status_code == 400
    assert (await tries(front, "x" * 1_025)).status_code == 400
    assert not await _throttle_keys(front) - {"everybody:", "address:127.0.0.1"}, "nothing was charged"


FORM = "application/x-www-form-urlencoded"


async def test_an_odd_form_is_refused_and_never_a_fault(front: Front) -> None:
    """A32, A33."""
    odd: list[tuple[bytes, str, int]] = [
        (b"", FORM, 400),
        (b"password=c", FORM, 400),
        (b"email=" + b"x" * 300 + b"&password=c", FORM, 400),
        (b"email=a&email=b&password=c", FORM, 400),
        (b"email=%FF%FE&password=c", FORM, 400),
        (b"&".join([b"a=b"] * 200), FORM, 400),
        (b'{"email": "a", "password": "b"}', "application/json", 415),
        (b"email=a&password=b", "text/plain", 415),
        (b"email=a%00b%40x.example&password=c", FORM, 401),
    ]
    async with browser(front) as http:
        for body, kind, status in odd:
            answer = await http.post("/login", content=body, headers={"content-type": kind})
            assert answer.status_code == status, body[:40]


@pytest.mark.parametrize(
    "password",
    [
        "corta",
        "once letras",
        "password1234",
        "P4ssw0rd!2026",
        "contraseña123",
        "qwertyuiop12",
        "123456789012",
        "abcdefghijkl",
        "aaaaaaaaaaaaaa",
        "abcabcabcabc",
        "bienvenido2026",
        "Cobranza2026!!",
        "Financiera Andes 1",
        "financieraandes!!",
        "ana.rios.ana.rios",
    ],
)
def test_a_password_anybody_would_try_is_refused(password: str) -> None:
    """A6."""
    with pytest.raises(Refused) as refused:
        passwords.check_new(password, company="Financiera Andes", email="ana.rios@andes.example")

    assert refused.value.status == 422


# Named, because every process of a test run must call a generated password the same.
@pytest.mark.parametrize(
    "password",
    [PASSWORD, "gatos verdes bailan", "correo lento y 3 lunas", passwords.generated()],
    ids=["own", "phrase", "with a number", "generated"],
)
def test_a_phrase_of_ones_own_is_a_password(password: str) -> None:
    passwords.check_new(password, company="Financiera Andes", email="ana.rios@andes.example")


# Sessions


async def test_anonymous_visits_leave_nothing_behind(front: Front) -> None:
    """A8."""
    async with browser(front) as http:
        for _ in range(40):
            for path in ("/login", "/inbox", "/setup", "/nada", "/settings"):
                http.cookies.set("aldia", "chosen-by-somebody")
                answer = await http.get(path)
                assert "set-cookie" not in answer.headers

    assert await count(front, SignInSession) == 0


async def test_the_cookie_of_an_https_house_is_tied_to_its_host(sqlite_database_url: str, tmp_path: Path) -> None:
    """A9."""
    settings = settings_for(sqlite_database_url, tmp_path, base_url="https://cobranza.example")
    app = create_app(settings)
    database: Database = app.state.db
    async with database.transaction() as tx:
        await users.add(
            tx,
            email="ana@andes.example",
            name="Ana",
            role="agent",
            password_hash=await passwords.hashed(PASSWORD),
            by=audit.SYSTEM,
        )
    inside = httpx.ASGITransport(app=cast("Any", app))
    async with httpx.AsyncClient(transport=inside, base_url="https://cobranza.example") as http:
        answer = await http.post("/login", data={"email": "ana@andes.example", "password": PASSWORD})

    cookies = answer.headers.get_list("set-cookie")
    assert len(cookies) == 2
    for cookie in cookies:
        assert cookie.startswith("__Host-aldia")
        assert {"secure", "httponly", "samesite=lax", "path=/"} <= {part.strip().lower() for part in cookie.split(";")}
        assert "domain" not in cookie.lower()
    assert answer.headers["strict-transport-security"].startswith("max-age=31536000")
    await database.close()


async def test_on_loopback_the_cookie_works_without_tls(front: Front) -> None:
    await front.agent("Ana")

    answer = await tries(front, PASSWORD)

    session = next(cookie for cookie in answer.headers.get_list("set-cookie") if cookie.startswith("aldia="))
    assert "httponly" in session.lower()
    assert "samesite=lax" in session.lower()
    assert "secure" not in session.lower()


async def test_only_the_hash_of_a_token_is_kept(front: Front) -> None:
    """A10: 256 bits from the system, and nothing in the database that would open a session."""
    ana = await front.agent("Ana")
    token = ana.http.cookies["aldia"]

    async with front.console.db.reading() as tx:
        kept = await tx.scalar(select(SignInSession.token_hash))

    assert len(token) >= 43
    assert kept == hashlib.sha256(token.encode()).hexdigest()
    assert token not in await everything(front)


async def everything(front: Front) -> str:
    """All rows of all tables."""
    async with front.console.db.reading() as tx:
        tables = list(await tx.scalars(text("SELECT name FROM sqlite_master WHERE type = 'table'")))
        return str([(await tx.execute(text(f'SELECT * FROM "{table}"'))).all() for table in tables])


async def test_signing_in_gives_a_new_token_and_ends_the_former_session(front: Front) -> None:
    """A7: a token somebody planted is worth nothing, before and after."""
    ana = await front.agent("Ana")
    first = ana.http.cookies["aldia"]

    await ana.http.post("/login", data={"email": ana.email, "password": PASSWORD})

    assert ana.http.cookies["aldia"] != first
    assert not await opens(front, first)
    assert await opens(front, ana.http.cookies["aldia"])
    planted = {"cookie": "aldia=planted-by-somebody"}
    answer = await tries(front, PASSWORD, headers=planted)
    assert "planted" not in str(answer.headers.get_list("set-cookie"))
    assert not await opens(front, "planted-by-somebody")


async def opens(front: Front, token: str) -> bool:
    async with browser(front) as http:
        answer = await http.get("/inbox", headers={"cookie": f"aldia={token}", "accept": "text/html"})
    assert answer.status_code in {200, 303}
    return answer.status_code == 200


async def test_a_session_ends_after_half_a_day_of_rest_and_after_a_day_in_any_case(
    front: Front, moment: Moment
) -> None:
    """A11."""
    ana = await front.agent("Ana")
    token = ana.http.cookies["aldia"]

    for _ in range(2):
        moment.passes(hours=11, minutes=59)
        assert await opens(front, token)
    moment.passes(minutes=3)
    assert not await opens(front, token), "a day old"

    luz = await front.agent("Luz")
    moment.passes(hours=12, seconds=1)
    assert not await opens(front, luz.http.cookies["aldia"]), "half a day idle"


async def test_the_business_has_sessions_end_sooner(front_on_either: Front, moment: Moment) -> None:
    """Idle and absolute time-outs are settings; a shorter one ends what is older already; the change is on record."""
    front = front_on_either
    ana = (await front.agent("Ana")).http.cookies["aldia"]
    moment.passes(hours=1, minutes=30)
    ivan = await front.agent("Iván", role="admin")
    assert "720" in await ivan.see("/settings/sign-in")

    answer = await ivan.do("/settings/sign-in/time-outs", idle="30", absolute="2")
    assert answer.status_code == 200
    assert 'value="30"' in answer.text
    assert not await opens(front, ana), "an hour and a half without use"

    luz = (await front.agent("Luz")).http.cookies["aldia"]
    for _ in range(4):
        moment.passes(minutes=29)
        assert await opens(front, luz)
    moment.passes(minutes=5)
    assert not await opens(front, luz), "two hours old"
    mora = await front.agent("Mora", role="admin")
    assert "Luz" in await mora.see("/settings/users")
    await mora.do("/settings/sign-in/time-outs", idle="720", absolute="24")
    moment.passes(hours=1)
    assert await opens(front, mora.http.cookies["aldia"]), "more rest holds at once"
    moment.passes(hours=1, minutes=1)
    assert not await opens(front, mora.http.cookies["aldia"]), "its end was fixed when it began"

    async with front.console.db.reading() as tx:
        told = select(audit.AuditEntry).where(audit.AuditEntry.action == "sign_in_rules.updated")
        first, second = await tx.scalars(told.order_by(audit.AuditEntry.id))
    assert first.old == second.new == '{"absolute_minutes":1440,"idle_minutes":720}'
    assert first.new == second.old == '{"absolute_minutes":120,"idle_minutes":30}'


@pytest.mark.parametrize(
    ("field", "text"),
    [
        *(("idle", text) for text in ("", "4", "721", "-5", "un rato", "٣٠", "9" * 30, "30\x00")),
        *(("absolute", text) for text in ("", "0", "25", "1.5", "9" * 400)),
    ],
)
async def test_a_time_out_out_of_bounds_is_named_and_changes_nothing(front: Front, field: str, text: str) -> None:
    ivan = await front.agent("Iván", role="admin")
    answer = await ivan.do("/settings/sign-in/time-outs", **{"idle": "30", "absolute": "8", field: text})

    assert answer.status_code == 422
    assert f'aria-invalid="true" aria-describedby="{field}-words"' in answer.text
    assert 'value="720"' in await ivan.see("/settings/sign-in")


async def test_reading_pages_notes_the_use_of_a_session_once_a_minute_at_most(front: Front, moment: Moment) -> None:
    ana = await front.agent("Ana")
    seen: list[Any] = []
    for _ in range(3):
        await ana.see("/settings/sessions")
        async with front.console.db.reading() as tx:
            seen.append(await tx.scalar(select(SignInSession.seen_at)))
        moment.passes(seconds=40)

    assert seen[0] == seen[1]
    assert seen[2] > seen[1]


async def test_signing_out_ends_everything_this_browser_had_open(front: Front) -> None:
    """A12: the second tab too, within a second; the page before is not to be seen again."""
    ana = await front.agent("Ana")
    token = ana.http.cookies["aldia"]
    async with ana.live() as tab, ana.live() as other_tab:
        answer = await ana.http.post("/logout")
        for wire in (tab, other_tab):
            async with asyncio.timeout(1):
                await wire.socket.wait_closed()
            assert wire.socket.close_code == 4401

    assert answer.headers["clear-site-data"] == '"cache", "storage"'
    assert answer.headers["cache-control"] == "no-store"
    assert "aldia=" in answer.headers["set-cookie"]
    assert "max-age=0" in answer.headers["set-cookie"].lower()
    assert not await opens(front, token)
    assert await count(front, SignInSession, SignInSession.ended_at.is_(None)) == 0


async def test_pages_of_those_signed_in_are_never_kept_by_browser_or_proxy(front: Front) -> None:
    ana = await front.agent("Ana")

    for path in ("/inbox", "/settings/sessions", "/settings/password", "/login"):
        assert (await ana.http.get(path)).headers["cache-control"] == "no-store"


async def test_leaving_everywhere_ends_every_session_and_its_sockets(front_on_either: Front) -> None:
    """A13: here; tests/journeys/test_many_processes.py has it across processes."""
    front = front_on_either
    ana = await front.agent("Ana")
    elsewhere = Person(front, ana.id, ana.email)
    await elsewhere.sign_in()
    async with elsewhere.live() as wire:
        await ana.do("/settings/sessions/end-everywhere")
        async with asyncio.timeout(1):
            await wire.socket.wait_closed()

    for browser in (ana, elsewhere):
        assert not await opens(front, browser.http.cookies.get("aldia") or "")
    async with elsewhere.socket() as again:
        await again.wait_closed()
        assert again.close_code == 4401
    await elsewhere.http.aclose()


async def test_one_session_can_be_ended_from_another_and_only_ones_own(front: Front) -> None:
    ana, luz = await front.agent("Ana"), await front.agent("Luz")
    async with front.console.db.reading() as tx:
        of_luz = await tx.scalar(select(SignInSession.id).where(SignInSession.agent_id == luz.id))

    assert (await ana.do(f"/settings/sessions/{of_luz}/end")).status_code == 404
    assert await opens(front, luz.http.cookies["aldia"])
    assert (await luz.do(f"/settings/sessions/{of_luz}/end")).status_code == 303
    assert not await opens(front, luz.http.cookies["aldia"])


async def test_a_new_password_ends_all_sessions_but_this_one(front: Front) -> None:
    """A14."""
    ana = await front.agent("Ana")
    elsewhere = Person(front, ana.id, ana.email)
    await elsewhere.sign_in()

    new = "otra frase, más larga"
    async with elsewhere.live() as wire:
        assert (await ana.do("/settings/password", current=PASSWORD, password=new)).status_code == 200
        async with asyncio.timeout(1):
            await wire.socket.wait_closed()

    assert await opens(front, ana.http.cookies["aldia"])
    assert not await opens(front, elsewhere.http.cookies["aldia"])
    assert (await tries(front, PASSWORD)).status_code == 401
    assert (await tries(front, new)).status_code == 303
    await elsewhere.http.aclose()


async def test_a_new_password_needs_the_present_one_and_a_good_one(front: Front) -> None:
    ana = await front.agent("Ana")

    wrong = await ana.do("/settings/password", current="no es esta", password="otra frase, más larga")
    weak = await ana.do("/settings/password", current=PASSWORD, password="password1234")

    assert wrong.status_code == weak.status_code == 422
    assert "No es su contraseña actual" in wrong.text
    assert (await tries(front, PASSWORD)).status_code == 303


async def test_a_stolen_session_is_no_place_to_guess_the_password(front: Front) -> None:
    ana = await front.agent("Ana")

    codes = [
        (await ana.do("/settings/password", current=f"intento {n}", password="otra frase, más larga")).status_code
        for n in range(7)
    ]

    assert codes == [422] * 5 + [429] * 2


async def test_whoever_is_disabled_is_out_at_once(front_on_either: Front) -> None:
    """A15."""
    front = front_on_either
    ana, admin = await front.agent("Ana"), await front.agent("Iván", role="admin")
    async with ana.live() as wire:
        assert (await admin.do(f"/settings/users/{ana.id}/disable")).status_code == 303
        async with asyncio.timeout(1):
            await wire.socket.wait_closed()

    assert not await opens(front, ana.http.cookies["aldia"])
    answer = await tries(front, PASSWORD)
    assert answer.status_code == 401
    assert WRONG in answer.text


async def test_a_password_reset_by_an_administrator_is_shown_once_and_ends_all_sessions(front: Front) -> None:
    """A14."""
    ana, admin = await front.agent("Ana"), await front.agent("Iván", role="admin")

    page = (await admin.do(f"/settings/users/{ana.id}/reset-password")).text

    new = page.partition('<code class="num">')[2].partition("</code>")[0]
    assert not await opens(front, ana.http.cookies["aldia"])
    assert (await tries(front, new)).status_code == 303
    assert new not in await admin.see("/settings/users")


async def test_a_password_changed_while_signing_in_lets_nobody_in_with_the_old_one(front: Front) -> None:
    ana = await front.agent("Ana")
    signing_in = asyncio.create_task(tries(front, PASSWORD))
    async with front.console.db.transaction() as tx:
        agent = await tx.get_one(Agent, ana.id)
        await users.set_password(tx, agent, await passwords.hashed("otra frase, más larga"), by=audit.SYSTEM)

    answer = await signing_in

    if answer.status_code == 303:
        token = answer.cookies["aldia"]
        assert not await opens(front, token), "it was in before the change, which ended it"
    else:
        assert answer.status_code == 401


# Where one goes afterwards


@pytest.mark.parametrize(
    ("wanted", "goes"),
    [
        ("/inbox/7?view=all", "/inbox/7?view=all"),
        ("//evil.example", "/inbox"),
        ("///evil.example", "/inbox"),
        ("/\\evil.example", "/inbox"),
        ("\\\\evil.example", "/inbox"),
        ("https://evil.example/", "/inbox"),
        ("javascript:alert(1)", "/inbox"),
        ("/x\r\nSet-Cookie: a=b", "/inbox"),
        ("/\t/evil.example", "/inbox"),
        ("", "/inbox"),
        ("inbox", "/inbox"),
        ("/logout", "/inbox"),
        ("/búsqueda", "/b%C3%BAsqueda"),
    ],
)
def test_one_returns_to_a_path_of_this_site_and_nowhere_else(wanted: str, goes: str) -> None:
    """A38."""
    assert own_path(wanted) == goes


async def test_after_signing_in_one_is_where_one_wanted_to_be(front: Front) -> None:
    """A38."""
    await front.agent("Ana")
    for wanted, goes in (("/inbox/7?view=all", "/inbox/7?view=all"), ("//evil.example", "/inbox")):
        async with browser(front) as http:
            typed = {"email": "ana@andes.example", "password": PASSWORD, "next": wanted}
            answer = await http.post("/login", data=typed)

        assert answer.headers["location"] == goes


async def test_a_page_leads_to_the_sign_in_and_back_and_a_swap_to_the_whole_page(front: Front) -> None:
    await front.agent("Ana")
    async with browser(front) as http:
        page = await http.get("/settings/sessions?x=1", headers={"accept": "text/html"})
        here = {"hx-request": "true", "hx-current-url": f"{front.address}/inbox/3"}
        swap = await http.get("/inbox/3", headers=here)
        program = await http.get("/inbox", headers={"accept": "application/json"})

    assert page.status_code == 303
    assert page.headers["location"] == "/login?next=%2Fsettings%2Fsessions%3Fx%3D1"
    assert swap.status_code == 401
    assert swap.headers["hx-redirect"] == "/login?next=%2Finbox%2F3"
    assert program.status_code == 401
    assert program.headers["content-type"].startswith("application/problem+json")


# What the history says about it


async def test_the_history_tells_who_came_and_went_and_never_what_was_typed(front: Front) -> None:
    ana = await front.agent("Ana")
    await tries(front, "mi secreto mal escrito")
    await tries(front, "x", "mi-secreto-en-el-campo-del-correo")
    await ana.http.post("/logout")

    async with front.console.db.reading() as tx:
        rows = (
            (await tx.execute(text("SELECT * FROM audit_entry WHERE action LIKE 'session.%' ORDER BY id")))
            .mappings()
            .all()
        )
        verdict = await audit.verify(tx, SECRET_KEY)

    assert [row["action"] for row in rows] == ["session.started", "session.refused", "session.refused", "session.ended"]
    assert all(row["origin"] == "127.0.0.1" for row in rows)
    assert rows[1]["subject"] == f"agent:{ana.id}"
    assert rows[2]["subject"] is None
    assert "secreto" not in str([dict(row) for row in rows])
    assert verdict.intact


# The first administrator


async def sets_up(front: Front, **typed: str) -> httpx.Response:
    whole = {
        "code": first_admin.setup_code(front.console.settings),
        "name": "Elena Paredes",
        "email": "elena@andes.example",
        "password": PASSWORD,
        **typed,
    }
    async with browser(front) as http:
        return await http.post("/setup", data=whole)


async def test_a_new_house_has_no_account_and_asks_for_the_first(front: Front) -> None:
    """A40: no default account."""
    async with browser(front) as http:
        assert (await http.get("/login")).headers["location"] == "/setup"
    for email, password in (
        ("admin", "admin"),
        ("admin@andes.example", "password"),
        ("rosa.quispe@andes.example", "x"),
    ):
        assert (await tries(front, password, email)).status_code == 401

    assert (await sets_up(front)).status_code == 303

    assert (await tries(front, PASSWORD, "elena@andes.example")).status_code == 303


async def test_of_several_who_set_up_at_once_exactly_one_wins(front_on_either: Front) -> None:
    """A40."""
    front = front_on_either
    answers = await asyncio.gather(*(sets_up(front, email=f"elena{n}@andes.example") for n in range(6)))

    assert sorted(answer.status_code for answer in answers) == [303, 404, 404, 404, 404, 404]
    assert await count(front, Agent, Agent.role == "admin") == 1


async def test_the_door_is_gone_once_somebody_is_there(front: Front) -> None:
    """A40."""
    await sets_up(front)

    async with browser(front) as http:
        assert (await http.get("/setup")).status_code == 404
    assert (await sets_up(front)).status_code == 404


async def test_only_the_code_this_server_printed_opens_it(front: Front) -> None:
    """A36."""
    code = first_admin.setup_code(front.console.settings)

    for tried in ("", " ", "0", "null", "None", code.upper(), code[::-1], code[:-1], "0" * len(code)):
        assert (await sets_up(front, code=tried)).status_code == 403, tried

    assert await count(front, Agent) == 0


async def test_the_first_password_is_judged_like_any_other(front: Front) -> None:
    answer = await sets_up(front, password="password1234")

    assert answer.status_code == 422
    assert "primeras que alguien probaría" in answer.text
    assert await count(front, Agent) == 0


# The demo


async def test_the_demo_lets_in_whom_its_page_offers_and_nobody_else(sqlite_database_url: str, tmp_path: Path) -> None:
    async with a_console(settings_for(sqlite_database_url, tmp_path, demo=True)) as front:
        email = sign_in.DEMO_USERS[0][0]
        async with front.console.db.transaction() as tx:
            for each in (email, "ana@andes.example"):
                hashed = await passwords.hashed(PASSWORD)
                await users.add(tx, email=each, name="Rosa", role="agent", password_hash=hashed, by=audit.SYSTEM)
        async with browser(front) as http:
            invited = await http.post("/login", data={"email": email, "demo": "1"})
            other = await http.post("/login", data={"email": "ana@andes.example", "demo": "1"})

    assert invited.status_code == 303
    assert other.status_code == 401


async def test_outside_the_demo_its_way_in_does_not_exist(front: Front) -> None:
    email = sign_in.DEMO_USERS[0][0]
    async with front.console.db.transaction() as tx:
        hashed = await passwords.hashed(PASSWORD)
        await users.add(tx, email=email, name="Rosa", role="agent", password_hash=hashed, by=audit.SYSTEM)
    async with browser(front) as http:
        answer = await http.post("/login", data={"email": email, "demo": "1"})
        page = await http.get("/login")

    assert answer.status_code == 401
    assert "Demostración" not in page.text
    assert sessions.cookie_name(front.console.settings) not in http.cookies


def test_nobodys_hash_takes_as_long_as_anybodys() -> None:
    assert not passwords.is_outdated(passwords._nobody)
