"""Pages with something on them, in each of their states: no Spanish is left in another language."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from console import clock
from console.languages.words import Words
from console.webhooks_out.models import NOT_TAKEN, DeliveryState, SubscriptionState, WebhookDelivery, WebhookSubscription
from tests.front import Front, a_console, settings_for
from tests.languages.spanish import Said, only_spanish, without, words_of

TAGS = {"pt": "pt-BR", "en": "en"}
# Names of this test's people and their company, and what they write.
NAMES = ("PEN", "Cobranza", "Financiera Andes", "Elena", "Al Día", "Xyz", "xyz")


@pytest.fixture
async def front(sqlite_database_url: str, tmp_path: Path) -> AsyncIterator[Front]:
    async with a_console(settings_for(sqlite_database_url, tmp_path)) as front:
        yield front


def left_in(html: str, language: str, *names: str) -> list[str]:
    """What of a page is Spanish alone; whether it says that it is in `language`, too."""
    assert f'<html lang="{TAGS[language]}">' in html
    return [run for run in Said.on(html) if words_of(without(run, [*NAMES, *names])) & only_spanish(language)]


@pytest.mark.parametrize("language", sorted(TAGS))
async def test_a_webhook_that_was_stopped_with_deliveries_of_each_kind(front: Front, language: str) -> None:
    elena = await front.agent("Elena", role="admin")
    await elena.do("/settings/language", language=language)
    told = {"name": "Xyz", "url": "https://erp.example/x", "event.message.created": "1", "event.mention.created": "1"}
    made = (await elena.do("/settings/webhooks", **told)).text
    await one_of_each(front)

    stopped = await elena.see("/settings/webhooks/1")

    assert left_in(made, language) == []
    assert left_in(stopped, language) == []
    assert words_of({"pt": "em três dias, rede privada", "en": "in three days, private network"}[language]) <= words_of(
        stopped
    )
    refused = await elena.do(
        "/settings/webhooks", name="Xyz", url="https://10.0.0.1/", **{"event.message.created": "1"}
    )
    assert left_in(refused.text, language) == []


async def one_of_each(front: Front) -> None:
    async with front.console.db.transaction() as tx:
        number = (await tx.scalars(select(WebhookSubscription.id))).one()
        stopping = update(WebhookSubscription).values(state=SubscriptionState.DISABLED, why=str(NOT_TAKEN))
        await tx.execute(stopping)
        errors = (Words("El nombre lleva a una red privada"), Words("Datos borrados"), None, "ConnectError")
        kinds = zip(errors, (*DeliveryState, DeliveryState.WAITING), strict=True)
        for at, (error, state) in enumerate(kinds, 1):
            about = {"subscription_id": number, "entry_id": at, "lane": "x", "type": "message.created", "body": "{}"}
            when = {"due_at": clock.now() + timedelta(days=2), "created_at": clock.now(), "attempts": at}
            tx.add(WebhookDelivery(**about, **when, state=state, last_error=error))


@pytest.mark.parametrize("language", sorted(TAGS))
async def test_the_first_account_is_made_in_the_language_of_the_browser_or_of_choice(
    front: Front, language: str
) -> None:
    accepts = {"accept-language": TAGS[language]}
    form = {"code": "x", "name": "Xyz", "email": "elena@andes.example", "password": "Una frase larga, xyz"}

    for page in (
        await front.outside.get("/setup", headers=accepts),
        await front.outside.get(f"/setup?lang={language}"),
        await front.outside.post("/setup", data=form, headers=accepts),
    ):
        assert left_in(page.text, language, "Español") == []
        assert page.headers["vary"] == "Accept-Language"

    assert f'action="/setup?lang={language}"' in (await front.outside.get(f"/setup?lang={language}")).text
    assert '<html lang="es">' in (await front.outside.get("/setup?lang=es", headers=accepts)).text
