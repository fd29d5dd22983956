"""Who may call what."""

from __future__ import annotations

from typing import Any

import pytest
from litestar.handlers import HTTPRouteHandler

from console.api.router import BASE, calls
from console.api.tokens import SCOPES
from tests.api.house import House

EVERY_CALL: list[tuple[str, str, str]] = [
    (method, BASE + path.replace("{conversation_id:str}", "1").replace("{contact_id:str}", "1"), handler.opt["scope"])
    for handler in calls
    if isinstance(handler, HTTPRouteHandler)
    for method in sorted(str(method) for method in handler.http_methods)
    for path in handler.paths
]


def test_every_call_says_which_scope_it_needs() -> None:
    assert len(EVERY_CALL) > 10
    assert {scope for _method, _path, scope in EVERY_CALL} <= set(SCOPES)


@pytest.mark.parametrize(
    "authorization",
    [None, "Bearer", "Bearer nobody", "Basic YTpi", "Bearer ñ", "Bearer " + "x" * 9000],
)
async def test_no_call_answers_without_a_valid_token(house: House, authorization: str | None) -> None:
    headers = {b"authorization": authorization.encode()} if authorization else {}
    async with house.program() as program:
        del program.http.headers["authorization"]
        for method, path, _scope in EVERY_CALL:
            answer = await program.http.request(method, house.url + path, headers=headers)

            assert answer.status_code == 401, f"{method} {path}"
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.json()["code"] == "unauthorized"


async def test_a_token_does_only_what_its_scopes_allow(house: House) -> None:
    """Row A41: every call is refused to a token with every scope but the one it needs, which is all it asks for."""
    for scope in SCOPES:
        async with house.program(*(set(SCOPES) - {scope})) as without, house.program(scope) as only:
            for method, path, needed in EVERY_CALL:
                if needed == scope:
                    refused = await _call(without.http, method, house.url + path)

                    assert refused.status_code == 403, f"{method} {path} without {scope}"
                    assert refused.json()["code"] == "insufficient_scope"
                    assert refused.json()["details"] == {"scope": scope}

                    allowed = await _call(only.http, method, house.url + path)

                    assert allowed.status_code != 403, f"{method} {path} with {scope} alone"


async def test_a_revoked_token_is_nobodys(house: House) -> None:
    async with house.program() as program:
        await program.get("/users")

        await house.revoke(program.key)

        assert (await program.http.get("/users")).status_code == 401


async def test_a_token_in_the_address_counts_for_nothing(house: House) -> None:
    async with house.program() as program:
        del program.http.headers["authorization"]

        answer = await program.http.get("/users", params={"access_token": program.key, "token": program.key})

        assert answer.status_code == 401


async def test_signing_in_gives_no_access_to_the_api(house: House) -> None:
    """Cookies would let any page a person visits call the API in their name."""
    async with house.program() as program:
        del program.http.headers["authorization"]
        program.http.cookies.set("aldia", program.key)

        assert (await program.http.get("/users")).status_code == 401


async def test_what_does_not_exist_under_the_api_is_a_problem_too(house: House) -> None:
    async with house.program() as program:
        nowhere = await program.http.get("/nothing-like-this")
        wrong = await program.http.delete("/users")

    assert (nowhere.status_code, wrong.status_code) == (404, 405)
    assert {nowhere.headers["content-type"], wrong.headers["content-type"]} == {"application/problem+json"}


async def _call(http: Any, method: str, url: str) -> Any:
    """Just the status and the refusal: the stream, once it is open, never ends."""
    async with http.stream(method, url) as answer:
        if answer.status_code != 200:
            await answer.aread()
        return answer
