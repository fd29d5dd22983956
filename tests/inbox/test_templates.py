"""Our copy of the templates follows Meta's list, and the history says what changed."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy import select

from console import clock
from console.db import Database
from console.inbox import message_templates, templates_sync
from console.inbox.channel import Channel, MessageTemplate
from console.inbox.templates_sync import TemplateSync
from tests.conftest import Moment
from tests.inbox.cloud import Cloud
from tests.inbox.people import Inbox, a_template, actions, an_inbox, history
from tests.patience import eventually

BODY = {"type": "BODY", "text": "Hola {{nombre}}", "example": {"body_text_named_params": []}}


@pytest.fixture
async def inbox(database: Database) -> Inbox:
    return await an_inbox(database)


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


def listed(name: str = "aviso", **more: Any) -> dict[str, Any]:
    return {
        "id": f"id-{name}",
        "name": name,
        "language": "es",
        "status": "APPROVED",
        "category": "UTILITY",
        "components": [{"type": "BODY", "text": "Hola"}],
        **more,
    }


async def sync(database: Database, inbox: Inbox, cloud: Cloud) -> bool:
    return await TemplateSync(database, cloud.client(), inbox.channel_id).sync()


async def kept(database: Database) -> dict[str, MessageTemplate]:
    async with database.reading() as tx:
        return {row.name: row for row in await tx.scalars(select(MessageTemplate))}


async def test_the_copy_is_what_meta_lists(database: Database, inbox: Inbox, cloud: Cloud) -> None:
    cloud.templates = [listed(), listed("cuota", components=[BODY], parameter_format="NAMED")]

    assert await sync(database, inbox, cloud)

    copy = await kept(database)
    assert set(copy) == {"aviso", "cuota"}
    assert (copy["cuota"].meta_id, copy["cuota"].parameter_format) == ("id-cuota", "NAMED")
    assert copy["cuota"].components == [BODY]
    async with database.reading() as tx:
        assert (await tx.get_one(Channel, inbox.channel_id)).templates_synced_at
    await sync(database, inbox, cloud)
    assert await actions(database) == ["template.updated"] * 2


async def test_what_changed_is_on_record_with_old_and_new(database: Database, inbox: Inbox, cloud: Cloud) -> None:
    cloud.templates = [listed(), listed("cuota")]
    await sync(database, inbox, cloud)
    cloud.templates = [listed(status="PAUSED", quality_score={"score": "RED"})]

    await sync(database, inbox, cloud)

    copy = await kept(database)
    assert (copy["aviso"].status, copy["aviso"].quality) == ("PAUSED", "RED")
    assert copy["cuota"].status == "DELETED"
    first, second = (await history(database))[-2:]
    assert json.loads(first.old or "") == {"status": "APPROVED", "quality": None}
    assert json.loads(first.new or "") == {"status": "PAUSED", "quality": "RED"}
    assert json.loads(second.new or "") == {"status": "DELETED"}


async def test_it_is_read_at_the_start_after_an_hour_and_when_asked(
    database: Database, inbox: Inbox, cloud: Cloud, moment: Moment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(templates_sync, "POLL_SECONDS", 0.02)
    stop = asyncio.Event()
    run = asyncio.create_task(TemplateSync(database, cloud.client(), inbox.channel_id).run(stop))

    def knows(*names: str) -> Any:
        async def look() -> bool:
            return set(await kept(database)) == set(names)

        return look

    cloud.templates = [listed()]
    await eventually(knows("aviso"))
    cloud.templates = [listed(), listed("cuota")]
    moment.passes(hours=1, seconds=1)
    await eventually(knows("aviso", "cuota"))
    cloud.templates = [listed(), listed("cuota"), listed("promesa")]
    async with database.transaction() as tx:
        (await tx.get_one(Channel, inbox.channel_id)).templates_synced_at = None
    await eventually(knows("aviso", "cuota", "promesa"))

    stop.set()
    await run


async def test_a_template_shows_its_blanks_and_how_it_will_read(database: Database, inbox: Inbox) -> None:
    template = await a_template(database, inbox)

    blanks = message_templates.blanks(template)
    preview = message_templates.preview(template, {"1": "Rosa"})

    assert [(blank.key, blank.part, blank.example) for blank in blanks] == [
        ("1", "body", "Rosa"),
        ("2", "body", "S/ 120.00"),
        ("button.0", "button", ""),
    ]
    assert preview.body == "Hola Rosa, su cuota de {{2}} vence mañana."
    assert preview.buttons[0]["url"] == "https://pagos.example/{{1}}"


@pytest.mark.parametrize(
    ("components", "variables", "wire"),
    [
        (
            [{"type": "BODY", "text": "Hola {{nombre}}, debe {{monto}}"}],
            {"nombre": "Rosa", "monto": "S/ 1"},
            [
                {
                    "type": "body",
                    "parameters": [
                        {"type": "text", "parameter_name": "nombre", "text": "Rosa"},
                        {"type": "text", "parameter_name": "monto", "text": "S/ 1"},
                    ],
                },
            ],
        ),
        (
            [{"type": "HEADER", "format": "IMAGE"}, {"type": "BODY", "text": "Hola"}],
            {"header.link": "https://cdn.example/a.jpg"},
            [
                {
                    "type": "header",
                    "parameters": [{"type": "image", "image": {"link": "https://cdn.example/a.jpg"}}],
                },
            ],
        ),
        (
            [
                {"type": "BODY", "text": "Su código"},
                {"type": "BUTTONS", "buttons": [{"type": "COPY_CODE", "text": "Copiar", "example": "ABC"}]},
            ],
            {"button.0": "XYZ"},
            [
                {
                    "type": "button",
                    "sub_type": "copy_code",
                    "index": "0",
                    "parameters": [{"type": "coupon_code", "coupon_code": "XYZ"}],
                },
            ],
        ),
    ],
)
def test_every_kind_of_blank_has_its_form_on_the_wire(
    components: list[dict[str, Any]], variables: dict[str, str], wire: list[dict[str, Any]]
) -> None:
    template = MessageTemplate(
        name="x",
        language="es",
        category="UTILITY",
        status="APPROVED",
        parameter_format="NAMED",
        components=components,
        updated_at=clock.now(),
    )

    assert message_templates.fill(template, variables).components == wire
