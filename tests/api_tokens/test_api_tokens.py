"""API tokens on their page: shown once, kept as a hash, good until revoked or outlived, and all of it on record."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from console.agents import ApiToken
from console.api.tokens import ALL, SCOPES
from console.api_tokens.pages import WORDS
from console.audit import AuditEntry
from console.sessions import hash_of
from tests.conftest import Moment
from tests.front import Front, Person, a_console, settings_for

PAGE = "/settings/tokens"


@pytest.fixture
async def front(database_url: str, tmp_path: Path) -> AsyncIterator[Front]:
    async with a_console(settings_for(database_url, tmp_path)) as front:
        yield front


async def made(person: Person, *scopes: str, name: str = "ERP", days: str = "") -> str:
    """A new token's key, as the page showed it."""
    ticked = {f"scope.{scope}": "1" for scope in scopes}
    answer = await person.do(PAGE, name=name, days=days, **ticked)
    assert answer.status_code == 200, answer.text
    found: list[str] = re.findall(r"<code[^>]*>(aldia_[^<]+)</code>", answer.text)
    return html.unescape(found[0])


async def called(front: Front, key: str) -> httpx.Response:
    return await front.outside.get("/api/v1/users", headers={"authorization": f"Bearer {key}"})


async def history(front: Front) -> list[AuditEntry]:
    async with front.console.db.reading() as tx:
        return list(await tx.scalars(select(AuditEntry).where(AuditEntry.action.like("token.%"))))


def test_every_scope_is_explained_to_who_gives_it() -> None:
    assert set(WORDS) == {*SCOPES, ALL}


async def test_a_key_is_shown_once_and_only_its_hash_is_kept(front: Front) -> None:
    elena = await front.agent("Elena", role="admin")

    key = await made(elena, "catalogues:read")

    assert (await called(front, key)).status_code == 200
    page = await elena.see(PAGE)
    assert key not in page
    assert "Ver personas, equipos y plantillas" in page
    async with front.console.db.reading() as tx:
        [row] = await tx.scalars(select(ApiToken))
    assert (row.token_hash, row.made_by, row.scopes) == (hash_of(key), elena.id, ["catalogues:read"])
    assert all(key not in f"{entry.old} {entry.new}" for entry in await history(front))


async def test_the_page_says_who_made_it_and_when_it_was_last_used(front: Front, moment: Moment) -> None:
    elena = await front.agent("Elena", role="admin")
    key = await made(elena, "catalogues:read", days="90")
    before = await elena.see(PAGE)

    await called(front, key)

    assert "por <bdi>Elena</bdi>" in before
    assert "sin usar" in before
    assert "vence " in before
    assert "usada por última vez" in await elena.see(PAGE)


async def test_a_revoked_key_opens_nothing_and_both_deeds_are_on_record(front: Front) -> None:
    elena = await front.agent("Elena", role="admin")
    key = await made(elena, "catalogues:read")

    for _ in range(2):  # the second time there is nothing left to do
        assert (await elena.do(f"{PAGE}/1/revocation")).status_code == 303

    assert (await called(front, key)).status_code == 401
    assert "Revocada" in await elena.see(PAGE)
    created, revoked = await history(front)
    assert (created.action, created.actor_name, created.old) == ("token.created", "Elena", None)
    assert '"scopes":["catalogues:read"]' in (created.new or "")
    assert (revoked.action, revoked.new) == ("token.revoked", '{"revoked":true}')
    assert '"revoked":false' in (revoked.old or "")


async def test_a_key_ends_when_its_time_is_up(front: Front, moment: Moment) -> None:
    elena = await front.agent("Elena", role="admin")
    key = await made(elena, "catalogues:read", days="7")
    async with front.console.db.transaction() as tx:
        row = (await tx.scalars(select(ApiToken))).one()
        assert row.expires_at == moment.now + timedelta(days=7)
        row.expires_at = moment.now + timedelta(seconds=1)

    assert (await called(front, key)).status_code == 200
    moment.passes(seconds=1)

    assert (await called(front, key)).status_code == 401
    assert "Vencida" in await elena.see(PAGE)


async def test_its_use_is_noted_once_a_minute_at_most(front: Front, moment: Moment) -> None:
    elena = await front.agent("Elena", role="admin")
    key = await made(elena, "catalogues:read")

    async def used_at() -> object:
        async with front.console.db.reading() as tx:
            return await tx.scalar(select(ApiToken.used_at))

    await called(front, key)
    first = await used_at()
    moment.passes(seconds=59)
    await called(front, key)
    assert await used_at() == first == moment.passes(seconds=-59)
    moment.passes(seconds=61)
    await called(front, key)
    assert await used_at() == moment.now


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"name": "Tomada"}, "name"),
        ({"scope.metrics": None}, "scopes"),
        ({"scope.nope:all": "1"}, "scopes"),
        ({"days": "0"}, "days"),
        ({"days": "-3"}, "days"),
        ({"days": "3651"}, "days"),
        ({"days": "٣"}, "days"),
        ({"days": "mañana"}, "days"),
    ],
)
async def test_what_is_wrong_is_said_beside_its_field_and_nothing_typed_is_lost(
    front: Front, form: dict[str, str | None], field: str
) -> None:
    elena = await front.agent("Elena", role="admin")
    await made(elena, "metrics", name="Tomada")
    whole = {"name": "ERP & <b>", "days": "30", "scope.metrics": "1", **form}

    answer = await elena.do(PAGE, **{name: value for name, value in whole.items() if value is not None})

    assert answer.status_code == 422
    assert f'id="{field}-words"' in answer.text
    if "name" not in form:
        assert "ERP &amp; &lt;b&gt;" in answer.text
    assert len(await history(front)) == 1


@pytest.mark.parametrize("role", ["agent", "supervisor"])
async def test_only_administrators_hold_the_keys(front: Front, role: str) -> None:
    rosa = await front.agent("Rosa", role=role)

    assert (await rosa.http.get(PAGE)).status_code == 403
    assert (await rosa.do(PAGE, name="x", **{"scope.metrics": "1"})).status_code == 403
    assert (await rosa.do(f"{PAGE}/1/revocation")).status_code == 403
    assert PAGE not in await rosa.see("/settings/sessions")
    assert await history(front) == []
