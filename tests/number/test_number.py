"""Our number's page: what Meta says of it, what customers see of it, and a token that ends is told of in time."""

from __future__ import annotations

import html
import json
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from console import clock
from console.agents import Role
from console.audit import AuditEntry, Entry
from console.inbox.channel import Channel
from console.notifications.finding import notices
from console.number import asking
from console.number.models import NumberReport
from tests.conftest import Moment
from tests.front import Front, a_console, settings_for
from tests.inbox import meta
from tests.patience import eventually
from tests.simulator.town import Town, town

PAGE = "/settings/number"
PROFILE = {
    "about": "Cobranza con respeto",
    "description": "Lunes a viernes de 8 a 18",
    "address": "Av. Larco 123, Lima",
    "email": "hola@andes.example",
    "website1": "https://andes.example",
    "website2": "",
    "vertical": "FINANCE",
}
DAY = 86_400


@pytest.fixture(scope="module")
def _module_town() -> Iterator[Town]:
    with town() as made:
        yield made


@pytest.fixture
def simulator(_module_town: Town) -> Town:
    """As new."""
    _module_town.api("POST", "/reset")
    return _module_town


@pytest.fixture
async def front(database_url: str, tmp_path: Path, simulator: Town) -> AsyncIterator[Front]:
    settings = msgspec.structs.replace(
        settings_for(database_url, tmp_path),
        whatsapp_api_url=simulator.url,
        whatsapp_phone_number_id=simulator.settings.phone_number_id,
        whatsapp_business_account_id=simulator.settings.business_account_id,
        whatsapp_access_token=simulator.settings.access_token,
    )
    async with a_console(settings) as front:
        yield front


async def entries(front: Front, action: str) -> list[AuditEntry]:
    async with front.console.db.reading() as tx:
        return list(await tx.scalars(select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id)))


async def report(front: Front) -> NumberReport | None:
    async with front.console.db.reading() as tx:
        return (await tx.scalars(select(NumberReport))).one_or_none()


def token_ends_in(simulator: Town, seconds: float) -> None:
    simulator.simulation.world.token_expires_at = simulator.simulation.now() + seconds


async def test_the_page_says_how_the_number_stands_once_it_was_asked(front: Front, simulator: Town) -> None:
    elena = await front.agent("Elena", role="admin")
    assert "Todavía no se le preguntó" in await elena.see(PAGE)
    token_ends_in(simulator, 60 * DAY)

    assert (await elena.do(PAGE + "/refresh")).status_code == 303

    page = html.unescape(await elena.see(PAGE))
    for words in ("Financiera Andes", "Aprobado", "Conectado", "Puede enviar", "Alta", "10,000", "80 mensajes"):
        assert words in page, words
    assert re.search(r"Clave de acceso</dt><dd>Vence \d+", page)
    assert "Financiera Andes, atención a clientes" in page, "the profile"
    assert simulator.settings.access_token not in page


async def test_a_token_of_a_system_user_does_not_end(front: Front) -> None:
    elena = await front.agent("Elena", role="admin")

    await elena.do(PAGE + "/refresh")

    assert "No vence" in await elena.see(PAGE)
    assert await entries(front, "channel.token_expiring") == []


async def test_a_token_about_to_end_is_told_to_administrators_once_a_day(front: Front, simulator: Town) -> None:
    elena = await front.agent("Elena", role="admin", team="Mora judicial")
    sara = await front.agent("Sara", role="supervisor")
    token_ends_in(simulator, 6 * DAY)

    for _ in range(2):
        assert await asking.refresh(front.console.db, front.console.whatsapp, 1) is None

    assert "está por vencer" in await elena.see("/supervisor")
    assert "está por vencer" not in await sara.see("/supervisor"), "she cannot make another"
    assert "vence" in (await elena.see(PAGE)).partition('class="say bad"')[2]
    (warned,) = await entries(front, "channel.token_expiring")
    entry = Entry(warned.id, warned.at_us, warned.actor_kind, None, warned.action, None, None, None, warned.subject)
    async with front.console.db.reading() as tx:
        assert [notice.agent_id for notice in await notices(tx, [entry])] == [elena.id]


async def test_a_token_that_has_ended_is_said_in_words_and_what_was_known_stays(front: Front, simulator: Town) -> None:
    elena = await front.agent("Elena", role="admin")
    await elena.do(PAGE + "/refresh")
    token_ends_in(simulator, -1)

    answer = await elena.do(PAGE + "/refresh")

    page = html.unescape(answer.text)
    assert answer.status_code == 503
    assert "El acceso de la empresa a WhatsApp venció o fue anulado." in page
    assert "(código 190)" in page
    assert "Aprobado" in page
    simulator.simulation.world.token_expires_at = None
    assert (await elena.do(PAGE + "/refresh")).status_code == 303
    assert "código 190" not in await elena.see(PAGE)


async def test_the_profile_is_changed_at_meta_and_on_record(front: Front, simulator: Town) -> None:
    elena = await front.agent("Elena", role="admin")
    await elena.do(PAGE + "/refresh")

    assert (await elena.do(PAGE + "/profile", **PROFILE)).status_code == 303

    there = simulator.simulation.world.profile
    assert (there["about"], there["websites"]) == (PROFILE["about"], ["https://andes.example"])
    assert "Av. Larco 123, Lima" in await elena.see(PAGE)
    (changed,) = await entries(front, "channel.profile_updated")
    assert json.loads(changed.old or "")["about"] == "Financiera Andes, atención a clientes"
    assert json.loads(changed.new or "")["about"] == PROFILE["about"]
    assert "vertical" not in json.loads(changed.new or ""), "it was not changed"

    emptied = {**PROFILE, "address": "", "website1": ""}
    assert (await elena.do(PAGE + "/profile", **emptied)).status_code == 303
    assert (there["address"], there["websites"]) == ("", [])
    assert (await elena.do(PAGE + "/profile", **emptied)).status_code == 303
    assert len(await entries(front, "channel.profile_updated")) == 2, "the third changed nothing"


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"about": " "}, "about"),
        ({"about": "x" * 140}, "about"),
        ({"address": "x" * 257}, "address"),
        ({"description": "x" * 513}, "description"),
        ({"email": "no es un correo"}, "email"),
        ({"website1": "andes.example"}, "websites"),
        ({"website2": "ftp://andes.example"}, "websites"),
        ({"website1": "https://andes.example/" + "x" * 250}, "websites"),
    ],
)
async def test_what_is_wrong_in_the_profile_is_said_beside_it_and_nothing_typed_is_lost(
    front: Front, simulator: Town, typed: dict[str, str], field: str
) -> None:
    elena = await front.agent("Elena", role="admin")

    answer = await elena.do(PAGE + "/profile", **{**PROFILE, **typed})

    assert answer.status_code == 422
    assert f'id="{field}-words"' in answer.text
    assert field == "description" or PROFILE["description"] in answer.text
    assert simulator.simulation.world.profile["about"] == "Financiera Andes, atención a clientes"


async def test_what_meta_refuses_is_said_in_words_with_what_was_typed(front: Front, simulator: Town) -> None:
    elena = await front.agent("Elena", role="admin")
    await elena.do(PAGE + "/refresh")

    answer = await elena.do(PAGE + "/profile", **{**PROFILE, "vertical": "MAGIA"})

    assert answer.status_code == 503
    page = html.unescape(answer.text)
    assert "El perfil no se cambió. WhatsApp no aceptó un dato. Dijo: «Param vertical must be one of" in page
    assert "Av. Larco 123, Lima" in page
    assert await entries(front, "channel.profile_updated") == []


async def test_the_page_says_when_a_delivery_came_and_when_one_was_forged(front: Front, moment: Moment) -> None:
    elena = await front.agent("Elena", role="admin")
    before = await elena.see(PAGE)
    knock = meta.body(meta.text("hola"))

    await front.webhook(meta.notice("account_alerts", {"alert_type": "X"}))
    for _ in range(3):
        assert (await front.webhook(knock, signature="sha256=" + "0" * 64)).status_code == 401
    first = moment.now

    async def forged_at() -> Any:
        found = await report(front)
        return found and found.bad_signature_at

    await eventually(forged_at)
    page = await elena.see(PAGE)
    assert "Todavía no llegó nada" in before
    assert "ninguna firma inválida" in before
    assert "Última entrega" in page
    assert "Firma inválida" in page
    moment.passes(seconds=61)
    await front.webhook(knock, signature="sha256=" + "0" * 64)
    await eventually(lambda: _is(forged_at, moment))
    assert moment.now > first


async def _is(forged_at: Any, moment: Moment) -> bool:
    return bool(await forged_at() == moment.now)


async def test_what_is_learned_of_the_number_is_on_record_before_and_after(front: Front, simulator: Town) -> None:
    elena = await front.agent("Elena", role="admin")
    await elena.do(PAGE + "/refresh")
    simulator.simulation.world.quality = "RED"

    await elena.do(PAGE + "/refresh")

    last = (await entries(front, "channel.updated"))[-1]
    assert (json.loads(last.old or ""), json.loads(last.new or "")) == ({"quality": "GREEN"}, {"quality": "RED"})
    async with front.console.db.reading() as tx:
        channel = (await tx.scalars(select(Channel))).one()
    assert channel.quality_since is not None
    assert channel.created_at < channel.quality_since <= clock.now()
    assert "Baja" in await elena.see(PAGE)


@pytest.mark.parametrize("role", [Role.AGENT, Role.SUPERVISOR])
async def test_only_administrators_have_the_number(front: Front, role: Role) -> None:
    rosa = await front.agent("Rosa", role=role)

    assert (await rosa.http.get(PAGE)).status_code == 403
    for deed in ("/refresh", "/profile"):
        assert (await rosa.do(PAGE + deed, about="x")).status_code == 403
