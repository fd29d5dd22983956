"""Signing in through a real OpenID Connect provider on loopback; what is forged or not asked for is refused."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import oidc_provider_mock  # type: ignore[import-untyped]
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey
from sqlalchemy import select, update

from console import settings as configuration
from console.agents import Agent
from console.audit import AuditEntry
from console.settings import UnsafeSettings
from integrations import oidc
from tests.conftest import Moment
from tests.front import Front, a_console, settings_for
from tests.test_second_factor import turned_on

ISSUER = "https://id.andes.example"
# The provider is built on what its own libraries call old.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    with oidc_provider_mock.run_server_in_thread() as server:
        yield f"http://localhost:{server.server_port}"


def configured(provider: str) -> dict[str, Any]:
    return {"oidc_issuer": provider, "oidc_client_id": "aldia", "oidc_client_secret": "secret", "oidc_name": "Andes"}


async def knows(provider: str, sub: str, **claims: Any) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        (await http.put(f"{provider}/users/{sub}", json=claims)).raise_for_status()


async def at_the_provider(browser: httpx.AsyncClient, sub: str, path: str = "/login/oidc") -> str:
    """From our door to the provider, who asks who it is, and the address it sends the browser back to."""
    out = await browser.get(path)
    assert out.status_code == 303, out.text
    async with httpx.AsyncClient(trust_env=False) as http:
        back = await http.post(out.headers["location"], data={"sub": sub})
    assert back.status_code in {302, 303}, back.text
    return str(back.headers["location"])


def a_browser(front: Front) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=front.address, trust_env=False)


async def test_whom_the_provider_vouches_for_is_let_in(database_url: str, tmp_path: Path, provider: str) -> None:
    async with a_console(settings_for(database_url, tmp_path, **configured(provider))) as front:
        await front.agent("Ana")
        await knows(provider, "ana-1", email="Ana@andes.example", email_verified=True)
        async with a_browser(front) as browser:
            assert "Ingresar con Andes" in (await browser.get("/login")).text
            sent = parse_qs(urlsplit((await browser.get("/login/oidc")).headers["location"]).query)
            assert sent["code_challenge_method"] == ["S256"]
            assert len(sent["state"][0]) >= 32
            assert sent["nonce"] != sent["state"]

            back = await at_the_provider(browser, "ana-1", "/login/oidc?next=/portfolio")
            answer = await browser.get(back)

            assert (answer.status_code, answer.headers["location"]) == (303, "/portfolio")
            assert (await browser.get("/inbox")).status_code == 200
            again = await browser.get(back)
            assert again.status_code == 401


@pytest.mark.parametrize(
    ("sub", "claims"),
    [
        ("stranger", {"email": "nadie@andes.example", "email_verified": True}),
        ("unverified", {"email": "ana@andes.example", "email_verified": False}),
        ("silent", {"email": "ana@andes.example"}),
        ("nameless", {}),
    ],
)
async def test_who_is_not_somebody_here_by_a_verified_address_is_not(
    sub: str, claims: dict[str, Any], sqlite_database_url: str, tmp_path: Path, provider: str
) -> None:
    async with a_console(settings_for(sqlite_database_url, tmp_path, **configured(provider))) as front:
        await front.agent("Ana")
        await knows(provider, sub, **claims)
        async with a_browser(front) as browser:
            answer = await browser.get(await at_the_provider(browser, sub))

            assert answer.status_code == 401
            assert (await browser.get("/inbox")).status_code == 401
        async with front.console.db.reading() as tx:
            refused = (await tx.scalars(select(AuditEntry).where(AuditEntry.action == "session.refused"))).one()
        assert "oidc" in (refused.new or "")
        assert "andes.example" not in (refused.new or "")


async def test_an_answer_that_this_browser_did_not_ask_for_is_refused(
    sqlite_database_url: str, tmp_path: Path, provider: str
) -> None:
    """Another's answer (login CSRF), another state, another issuer, no cookie, a cookie touched, a provider's no."""
    async with a_console(settings_for(sqlite_database_url, tmp_path, **configured(provider))) as front:
        await front.agent("Ana")
        await knows(provider, "ana-2", email="ana@andes.example", email_verified=True)
        async with a_browser(front) as mallory, a_browser(front) as ana:
            hers = await at_the_provider(mallory, "ana-2")
            await ana.get("/login/oidc")
            for address in (hers, hers.replace("state=", "state=x"), f"{hers}&iss=https://evil.example"):
                assert (await ana.get(address)).status_code == 401, address
            assert (await ana.get("/login/oidc/callback?error=access_denied")).status_code == 401
            await at_the_provider(ana, "ana-2")
            mine = await at_the_provider(ana, "ana-2")
            cookie = ana.cookies["aldia-oidc"]
            ana.cookies.clear()
            assert (await ana.get(mine, headers={"cookie": f"aldia-oidc=A{cookie}"})).status_code == 401
            assert (await ana.get(mine, headers={"cookie": "aldia-oidc=."})).status_code == 401
            assert (await ana.get("/inbox")).status_code == 401


async def test_a_second_factor_of_ours_is_asked_for_too(
    sqlite_database_url: str, tmp_path: Path, provider: str, moment: Moment
) -> None:
    async with a_console(settings_for(sqlite_database_url, tmp_path, **configured(provider))) as front:
        ana = await front.agent("Ana")
        totp, _ = await turned_on(ana, moment)
        await knows(provider, "ana-3", email="ana@andes.example", email_verified=True)
        async with a_browser(front) as browser:
            answer = await browser.get(await at_the_provider(browser, "ana-3"))
            assert answer.status_code == 401
            ticket = answer.text.partition('name="ticket" value="')[2].partition('"')[0]
            typed = {"email": ana.email, "ticket": ticket, "code": totp.at(moment.now)}
            assert (await browser.post("/login", data=typed)).status_code == 303


async def test_whoever_has_no_password_any_more_still_comes_in_by_provider_and_code(
    sqlite_database_url: str, tmp_path: Path, provider: str, moment: Moment
) -> None:
    """Their password was withdrawn because a sign-in was not theirs; what is disabled stays out all the same."""
    async with a_console(settings_for(sqlite_database_url, tmp_path, **configured(provider))) as front:
        ana = await front.agent("Ana")
        totp, _ = await turned_on(ana, moment)
        await knows(provider, "ana-4", email="ana@andes.example", email_verified=True)
        for is_disabled, status in ((False, 303), (True, 401)):
            moment.passes(minutes=2)
            async with front.console.db.transaction() as tx:
                await tx.execute(update(Agent).values(password_hash=None, disabled_at=None))
            async with a_browser(front) as browser:
                answer = await browser.get(await at_the_provider(browser, "ana-4"))
                ticket = answer.text.partition('name="ticket" value="')[2].partition('"')[0]
                typed = {"email": ana.email, "ticket": ticket, "code": totp.at(moment.now)}
                if is_disabled:
                    async with front.console.db.transaction() as tx:
                        await tx.execute(update(Agent).values(disabled_at=moment.now))
                assert (await browser.post("/login", data=typed)).status_code == status


async def test_knocking_with_answers_to_nothing_fills_no_history(
    database_url: str, tmp_path: Path, provider: str
) -> None:
    """A2: from one address it is refused as often as a wrong password, and then told to wait."""
    async with a_console(settings_for(database_url, tmp_path, **configured(provider))) as front:
        await front.agent("Ana")
        answers = [await front.outside.get("/login/oidc/callback?state=x&code=y") for _ in range(34)]

        assert [answer.status_code for answer in answers] == [401] * 30 + [429] * 4
        assert int(answers[-1].headers["retry-after"]) > 0
        async with front.console.db.reading() as tx:
            refused = await tx.scalars(select(AuditEntry.id).where(AuditEntry.action == "session.refused"))
            assert len(refused.all()) == 30


KEY = RSAKey.generate_key(2048, {"kid": "k"})
JOURNEY = oidc.Journey("state", "nonce", "verifier")


def the_provider() -> oidc.Provider:
    return oidc.Provider(
        httpx.AsyncClient(trust_env=False), issuer=ISSUER, client_id="aldia", secret="s", redirect_uri="https://a/b"
    )


def claims(**changed: Any) -> dict[str, Any]:
    now = int(time.time())
    usual = {"iss": ISSUER, "aud": "aldia", "sub": "1", "nonce": "nonce", "iat": now, "exp": now + 60}
    return {name: value for name, value in {**usual, **changed}.items() if value is not None}


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"aud": ["aldia", "another"]},
        {"nonce": "of another journey"},
        {"nonce": None},
        {"exp": int(time.time()) - 3600},
        {"exp": None},
        {"iat": int(time.time()) + 3600},
        {"sub": None},
    ],
)
def test_a_token_with_a_claim_that_does_not_hold_proves_nobody(changed: dict[str, Any]) -> None:
    token = jwt.encode({"alg": "RS256", "kid": "k"}, claims(**changed), KEY)
    with pytest.raises(oidc.NotProven):
        the_provider()._read(token, KeySet([KEY]), JOURNEY)


def test_a_token_signed_by_somebody_else_with_a_shared_secret_or_by_nobody_proves_nobody() -> None:
    good = jwt.encode({"alg": "RS256", "kid": "k"}, claims(), KEY)
    assert the_provider()._read(good, KeySet([KEY]), JOURNEY) == oidc.Identity("1", None)
    head, body, _mark = good.split(".")
    other = jwt.encode({"alg": "RS256", "kid": "k"}, claims(), RSAKey.generate_key(2048, {"kid": "k"}))
    shared = jwt.encode({"alg": "HS256", "kid": "k"}, claims(), OctKey.import_key("s" * 32), algorithms=["HS256"])
    for forged in (other, shared, f"eyJhbGciOiJub25lIn0.{body}.", f"{head}.{body}.AAAA", "x", "a.b.c", ""):
        with pytest.raises(oidc.NotProven):
            the_provider()._read(forged, KeySet([KEY]), JOURNEY)


@pytest.mark.parametrize("issuer", ["http://id.example", "id.example", "https://", "https://id.example?x=1"])
def test_an_unsafe_provider_stops_the_start(issuer: str, tmp_path: Path) -> None:
    with pytest.raises(UnsafeSettings, match="ALDIA_OIDC_ISSUER"):
        configuration._checked(settings_for("sqlite+aiosqlite:///x.db", tmp_path, **configured(issuer)))
