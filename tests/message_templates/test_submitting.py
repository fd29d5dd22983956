"""Templates from the first word to Meta's approval, against the simulator's Graph API."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import select, update

from console import clock
from console.inbox.channel import Channel, MessageTemplate
from console.message_templates import keeping
from console.message_templates.models import TemplateDraft, TemplateSubmission
from console.message_templates.wording import checked
from tests.front import Front, Person, a_console, settings_for
from tests.patience import eventually
from tests.simulator.town import Town, town

BODY = "Buen día, {{nombre}}. Su cuota de {{cuota}} vence el viernes, no lo olvide."
SEQUENCE = 7


@pytest.fixture(scope="module")
def _module_town() -> Iterator[Town]:
    with town() as made:
        yield made


@pytest.fixture
def simulator(_module_town: Town) -> Town:
    """As new: what another test submitted is gone."""
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


async def drafts(front: Front) -> list[TemplateDraft]:
    async with front.console.db.reading() as tx:
        return list(await tx.scalars(select(TemplateDraft).order_by(TemplateDraft.id)))


async def listed(front: Front, name: str) -> MessageTemplate | None:
    async with front.console.db.reading() as tx:
        return (await tx.scalars(select(MessageTemplate).where(MessageTemplate.name == name))).one_or_none()


async def submissions(front: Front) -> list[TemplateSubmission]:
    async with front.console.db.reading() as tx:
        return list(await tx.scalars(select(TemplateSubmission).order_by(TemplateSubmission.id)))


async def write(person: Person, name: str, body: str = BODY, *, submit: bool = False, **more: str) -> Any:
    form = {"name": name, "language": "es", "category": "UTILITY", "body": body, **more}
    return await person.do("/settings/templates", **form, **({"submit": "1"} if submit else {}))


def asked(simulator: Town, name: str) -> list[dict[str, Any]]:
    answer = simulator.account("GET", "message_templates", params={"name": name}).json()
    return list(answer["data"])


async def test_the_seven_messages_of_the_sequence_are_there_and_meta_takes_them(front: Front, simulator: Town) -> None:
    sara = await front.agent("Sara", role="supervisor")
    page = html.unescape(await sara.see("/settings/templates"))
    seven = await drafts(front)
    assert len(seven) == SEQUENCE
    for draft in seven:
        assert checked(keeping.wording_of(draft)).examples == draft.examples
        assert draft.purpose in page

    one = seven[0]
    form = {"name": one.name, "language": one.language, "category": one.category, "body": one.body}
    form |= {"purpose": one.purpose, "footer": one.footer, "submit": "1"}
    form |= {f"quick{place}": button["text"] for place, button in enumerate(one.buttons, start=1)}
    answer = await sara.do(f"/settings/templates/drafts/{one.id}", **form)

    assert (answer.status_code, answer.headers["location"]) == (303, "/settings/templates")
    (there,) = asked(simulator, one.name)
    assert [part["type"] for part in there["components"]] == ["BODY", "FOOTER", "BUTTONS"]
    assert there["parameter_format"] == "NAMED"
    row = await listed(front, one.name)
    assert row is not None
    assert (row.meta_id, row.status) == (there["id"], "PENDING")
    # What Meta decides comes back with the next look at its list.
    await eventually(lambda: _has(front, one.name, "APPROVED"), within=20)


async def _has(front: Front, name: str, status: str) -> bool:
    async with front.console.db.transaction() as tx:
        await tx.execute(update(Channel).values(templates_synced_at=None))
    row = await listed(front, name)
    return row is not None and row.status == status


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"name": "Con Mayúsculas"}, "Use minúsculas"),
        ({"body": "{{nombre}}, buen día"}, "una variable al comienzo"),
        ({"body": "Buen día, {{algo}}. Su cuota vence mañana."}, "Dé un ejemplo de «algo»"),
        ({"footer": "x" * 61}, "El pie va sin variables"),
        ({"link": "Pagar", "url": "ftp://x"}, "https://"),
    ],
)
async def test_what_meta_would_refuse_is_said_before_any_call(
    front: Front, simulator: Town, typed: dict[str, str], says: str
) -> None:
    sara = await front.agent("Sara", role="supervisor")
    answer = await write(sara, submit=True, **{"name": "otra_mas", **typed})

    assert answer.status_code == 422
    assert says in html.unescape(answer.text)
    for value in typed.values():
        assert html.escape(value) in answer.text
    assert len(await drafts(front)) == SEQUENCE
    assert await submissions(front) == []
    assert asked(simulator, "otra_mas") == []


async def test_what_meta_refuses_is_kept_with_its_reason_and_can_be_mended(front: Front, simulator: Town) -> None:
    sara = await front.agent("Sara", role="supervisor")
    headers = front.console.whatsapp._graph._headers
    right, headers["Authorization"] = headers["Authorization"], "Bearer somebody-else"

    answer = await write(sara, "rechazada", submit=True)

    draft = (await drafts(front))[-1]
    path = f"/settings/templates/drafts/{draft.id}"
    assert answer.headers["location"] == path
    assert draft.state == "draft"
    assert "WhatsApp no la aceptó: Invalid OAuth access token" in await sara.see(path)
    (kept,) = await submissions(front)
    assert (kept.outcome, kept.number, kept.by_name) == ("refused", 1, "Sara")
    headers["Authorization"] = right
    again = await sara.do(path, category="UTILITY", body=BODY, submit="1")
    assert again.headers["location"] == "/settings/templates"
    assert len(asked(simulator, "rechazada")) == 1
    assert [one.outcome for one in await submissions(front)] == ["refused", "accepted"]


async def test_an_approved_template_is_edited_as_often_as_meta_allows(front: Front) -> None:
    sara = await front.agent("Sara", role="supervisor")
    name = f"cambiante_{front.address[-5:]}"
    await write(sara, name, submit=True)
    draft = (await drafts(front))[-1]
    path, form = f"/settings/templates/drafts/{draft.id}", {"category": "UTILITY", "language": "es", "name": name}
    in_review = await sara.do(path, **form, body=BODY + " Gracias.", submit="1")
    row = await listed(front, name)
    assert row is not None
    if row.status == "PENDING":
        assert (in_review.status_code, "la está revisando" in in_review.text) == (409, True)
    await eventually(lambda: _has(front, name, "APPROVED"), within=20)

    edited = await sara.do(path, **form, body=BODY + " Muchas gracias.", submit="1")

    assert edited.status_code == 303
    assert [one.outcome for one in await submissions(front)] == ["accepted", "accepted"]
    assert (await submissions(front))[1].edits == row.meta_id
    await eventually(lambda: _has(front, name, "APPROVED"), within=20)
    again = await sara.do(path, **form, body=BODY + " Mil gracias.", submit="1")
    assert (again.status_code, "1 vez por día" in again.text) == (409, True)
    # The history shows each wording that was sent, and by whom.
    page = html.unescape(await sara.see(path))
    assert len(re.findall(r"Versión \d", page)) == 2
    assert "Muchas gracias." in page


async def test_a_lost_answer_is_said_and_nothing_is_made_twice(front: Front, simulator: Town) -> None:
    sara = await front.agent("Sara", role="supervisor")
    name = f"perdida_{front.address[-5:]}"
    front.console.whatsapp._graph.base_url = "http://127.0.0.1:9"

    await write(sara, name, submit=True)

    draft = (await drafts(front))[-1]
    assert draft.state == "draft"
    assert "WhatsApp no respondió" in await sara.see(f"/settings/templates/drafts/{draft.id}")
    assert [one.outcome for one in await submissions(front)] == ["unknown"]
    assert asked(simulator, name) == []


async def test_what_meta_has_can_be_opened_and_a_paused_one_says_why_it_cannot_be_used(front: Front) -> None:
    sara = await front.agent("Sara", role="supervisor")
    await eventually(lambda: _has(front, "rebaja_por_pronto_pago", "PAUSED"), within=20)
    page = html.unescape(await sara.see("/settings/templates"))
    assert "En pausa por WhatsApp." in page

    row = await listed(front, "rebaja_por_pronto_pago")
    assert row is not None
    answer = await sara.do(f"/settings/templates/{row.id}/draft")

    opened = await sara.see(answer.headers["location"])
    assert 'value="rebaja_por_pronto_pago" readonly' in opened


async def test_a_draft_that_meta_never_saw_can_be_discarded(front: Front) -> None:
    sara = await front.agent("Sara", role="supervisor")
    await write(sara, "de_paso")
    draft = (await drafts(front))[-1]

    await sara.do(f"/settings/templates/drafts/{draft.id}/discard")

    assert len(await drafts(front)) == SEQUENCE
    assert (await sara.do(f"/settings/templates/drafts/{draft.id}/discard")).status_code == 404


async def test_of_more_than_fit_a_page_one_finds_and_goes_on(database_url: str, tmp_path: Path) -> None:
    # No simulator: it would be asked for its list, and have none of these.
    async with a_console(settings_for(database_url, tmp_path)) as front:
        await _found_page_by_page(front)


async def _found_page_by_page(front: Front) -> None:
    sara = await front.agent("Sara", role="supervisor")
    async with front.console.db.transaction() as tx:
        channel = (await tx.scalars(select(Channel.id))).one()
        for n in range(120):
            parts = [{"type": "BODY", "text": f"Su cuota {n} venció."}]
            row = {"language": "es", "category": "UTILITY", "status": "APPROVED", "components": parts}
            tx.add(MessageTemplate(channel_id=channel, name=f"aviso_{n:03}", updated_at=clock.now(), **row))

    shown: list[str] = []
    address: str | None = "/settings/templates?q=aviso"
    while address:
        page = await sara.see(address)
        assert "120 plantillas" in page
        shown += re.findall(r'<p class="hint num">(aviso_\d+)</p>', page)
        following = re.search(r'href="([^"]*after=[^"]*)"', page)
        address = html.unescape(following.group(1)) if following else None
    assert shown == [f"aviso_{n:03}" for n in range(120)]

    page = await sara.see("/settings/templates?q=CUOTA+77+venci%C3%B3")
    assert re.findall(r'<p class="hint num">(\w+)</p>', page) == ["aviso_077"]
    assert "Ninguna dice eso" in await sara.see("/settings/templates?q=jamás")
