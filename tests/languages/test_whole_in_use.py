"""Pages with something on them, in each of their states: no Spanish is left in another language."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from console import clock
from console.languages.words import Words
from console.quality.models import QualityForm
from console.texts import variables
from console.webhooks_out.models import (
    NOT_TAKEN,
    DeliveryState,
    SubscriptionState,
    WebhookDelivery,
    WebhookSubscription,
)
from console.word_lists import matching
from tests.conftest import Moment
from tests.front import Front, Person, a_console, settings_for
from tests.languages.spanish import Said, only_spanish, without, words_of
from tests.quality.test_quality import SUNDAY_NIGHT, WELL, on_monday, worked

TAGS = {"pt": "pt-BR", "en": "en"}
# Names of this test's people and their company, and what they write.
NAMES = ("PEN", "Cobranza", "Financiera Andes", "Elena", "Al Día", "Xyz", "xyz")
A_PDF = b"%PDF-1.4\n%xyz\n"


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
async def test_quick_replies_of_everybody_with_files_and_what_is_refused(front: Front, language: str) -> None:
    elena = await front.agent("Elena", role="admin")
    await elena.do("/settings/language", language=language)
    blanks = [text for one in variables.CATALOGUE.values() for text in (one.name, one.example)]
    names = [*blanks, "Hola", "«cliente»", "“cliente”"]
    for scope, folder in (("own", ""), ("team:1", "Xyz"), ("all", "Xyz")):
        told = {"name": f"Xyz {scope}", "body": "Hola {nombre}, xyz", "scope": scope, "folder": folder}
        assert (await elena.do("/settings/canned", **told)).status_code == 303
    elena.http.headers["x-page-language"] = TAGS[language]
    brought = await elena.http.post(
        "/settings/canned/1/files",
        content=A_PDF,
        headers={"x-file-name": "xyz.pdf", "content-type": "application/octet-stream", "origin": front.address},
    )
    assert brought.status_code == 201

    assert left_in(await elena.see("/settings/canned"), language, *names) == []
    assert [run for run in Said.on(brought.text) if words_of(without(run, list(NAMES))) & only_spanish(language)] == []
    for form in (
        {"name": "", "body": "xyz", "scope": "own"},
        {"name": "Xyz own", "body": "xyz", "scope": "own"},
        {"name": "x", "body": "", "scope": "own"},
        {"name": "x", "body": "{xyz}", "scope": "own"},
        {"name": "x", "body": "xyz", "scope": "xyz"},
        {"name": "x", "body": "xyz", "scope": "own", "folder": "x" * 41},
    ):
        refused = await elena.do("/settings/canned", **form)
        assert refused.status_code in {409, 422}, form
        assert left_in(refused.text, language, *names) == [], form


@pytest.mark.parametrize("language", sorted(TAGS))
async def test_watched_phrases_that_were_changed_tried_and_refused(front: Front, language: str) -> None:
    elena = await front.agent("Elena", role="admin")
    await elena.do("/settings/language", language=language)
    page, told = "/settings/words", {"kind": "threat", "country": "PE", "phrase": "xyz"}
    own = {one.words for where in matching.COUNTRIES for one in matching.phrases(where)}

    pages = [await elena.do(page, **told, do="preview"), await elena.do(page, **told, do="on")]
    pages += [await elena.do(page, **{**told, "country": "all"}, do="on"), await elena.do(page, **told, do="off")]
    for form in ({"kind": ""}, {"country": ""}, {"phrase": "x"}, {"phrase": "xyz " * 11}):
        pages.append(await elena.do(page, **{**told, **form}, do="on"))
        assert pages[-1].status_code == 422, form
    for address in (*(f"?country={code}" for code in matching.COUNTRIES), "?done=on", "?done=off", "?done=same"):
        pages.append(await elena.http.get(page + address))

    shown = [one.text for one in pages if one.status_code != 303]
    assert [left_in(text, language, *own) for text in shown] == [[]] * len(shown)


@pytest.mark.parametrize("language", sorted(TAGS))
async def test_a_drawn_conversation_reviewed_alone_and_in_calibration(
    front: Front, moment: Moment, language: str
) -> None:
    moment.is_(SUNDAY_NIGHT)
    ana, sara, iris = await reviewers(front, moment)
    asked = await what_a_review_asks(front)
    for one in (ana, sara, iris):
        await one.do("/settings/language", language=language)
    seen: dict[str, list[str]] = {}

    async def look(by: Person, *addresses: str) -> None:
        for address in addresses:
            seen[f"{len(seen)} {address}"] = left_in(await by.see(address), language, *asked)

    async def refused(by: Person, address: str, **form: str) -> None:
        answer = await by.do(address, **form)
        assert answer.status_code in {403, 409, 422}, address
        seen[f"{len(seen)} {address}"] = left_in(answer.text, language, *asked) if "<html" in answer.text else []

    both = {f"reviewer_{one.id}": "1" for one in (sara, iris)}
    await look(sara, "/quality/calibrations", "/quality/1")
    await refused(sara, "/quality/1/reviews", version="1")
    await refused(sara, "/quality/1/reviews", version="1", **{**WELL, "mark_tone": "0"})
    await refused(sara, "/quality/1/calibration")
    await sara.do("/quality/1/reviews", version="1", **WELL, note="xyz")
    await look(sara, "/quality/1?done=reviewed")
    await look(ana, "/quality/1")
    await refused(ana, "/quality/1/answer", text="")
    await ana.do("/quality/1/answer", text="xyz")
    await look(ana, "/quality/1?done=answered")
    await sara.do("/quality/2/calibration", **both)
    await look(sara, "/quality/2?done=calibrating", "/quality/calibrations")
    await sara.do("/quality/2/calibration/marks", **{**WELL, "mark_tone": "0", "note": "xyz"})
    await look(sara, "/quality/2?done=sent", "/quality/calibrations")
    await iris.do("/quality/2/calibration/marks", **WELL)
    await look(iris, "/quality/2", "/quality/calibrations")
    await refused(iris, "/quality/2/calibration/agreement", **WELL, note="")
    await iris.do("/quality/2/calibration/agreement", **WELL, note="xyz")
    await look(iris, "/quality/2?done=agreed", "/quality/calibrations", "/quality/1?done=cancelled")

    assert {page: runs for page, runs in seen.items() if runs} == {}
    assert len(seen) > 12


async def reviewers(front: Front, moment: Moment) -> tuple[Person, Person, Person]:
    """Ana, of whose week two conversations were drawn, and two who review them."""
    ana = await front.agent("Ana")
    await worked(front, ana, 2)
    assert (await ana.reply(1, "Lo vamos a embargar")).status_code == 201
    await ana.do("/inbox/1/assignment", holder="me")
    assert await on_monday(front, moment) == 2
    return ana, await front.agent("Sara", role="supervisor"), await front.agent("Iris", role="supervisor")


async def what_a_review_asks(front: Front) -> list[str]:
    """The business's own words, and what people wrote to each other."""
    async with front.console.db.reading() as tx:
        asked = [one for form in await tx.scalars(select(QualityForm.criteria)) for one in form]
    said = ("Hola", "Buenos días", "Lo vamos a embargar", "Persona")
    watched = (one.words for one in matching.phrases("PE"))
    return [*said, *watched, *(one[name] for one in asked for name in ("label", "guide"))]


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
