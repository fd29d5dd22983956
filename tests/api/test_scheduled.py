"""Messages for later, as a program schedules, changes and cancels them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from console import clock
from console.agents import ApiToken
from console.inbox.channel import Channel, MessageTemplate
from console.inbox.models import Conversation, Message
from console.scheduling.models import ScheduledMessage
from tests.api.house import House, Program
from tests.conftest import Moment
from tests.patience import eventually

BODY = [{"type": "BODY", "text": "Hola {{1}}, le esperamos."}]


@pytest.fixture
async def path(house: House, program: Program, moment: Moment) -> str:
    """María has written; there is a template."""
    del moment
    await house.writes("51944218305")
    async with house.db.transaction() as tx:
        channel_id = (await tx.scalars(select(Channel.id))).one()
        template: dict[str, Any] = {"name": "aviso", "language": "es", "category": "UTILITY", "status": "APPROVED"}
        tx.add(MessageTemplate(channel_id=channel_id, components=BODY, updated_at=clock.now(), **template))
    return f"/conversations/{(await program.conversation())['id']}/scheduled-messages"


def later(hours: int) -> str:
    return (clock.now() + timedelta(hours=hours)).isoformat()


def a_template(**more: Any) -> dict[str, Any]:
    template = {"name": "aviso", "language": "es", "variables": {"1": "{nombre|cliente}"}}
    return {"type": "template", "send_at": later(72), "template": template, **more}


async def test_a_template_is_scheduled_once_listed_and_leaves(
    house: House, program: Program, path: str, moment: Moment
) -> None:
    body = a_template(cancel_on=["payment"])

    first = await program.http.post(path, json=body, headers={"idempotency-key": "una vez"})
    again = await program.http.post(path, json=body, headers={"idempotency-key": "una vez"})
    other = await program.http.post(path, json=a_template(), headers={"idempotency-key": "una vez"})

    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 409)
    made = first.json()
    assert again.json() == made
    assert (made["status"], made["type"], made["cancel_on"]) == ("waiting", "template", ["payment"])
    assert made["template"] == {"name": "aviso", "language": "es", "variables": {"1": "{nombre|cliente}"}}
    assert await program.walk("/scheduled-messages", status="waiting") == [made]
    moment.passes(hours=72)
    (sent,) = await eventually(lambda: program.walk("/scheduled-messages", status="sent"))
    messages = await program.walk(f"/conversations/{made['conversation_id']}/messages")
    assert (messages[-1]["id"], messages[-1]["text"]) == (sent["message_id"], "Hola Persona, le esperamos.")
    assert messages[-1]["author"]["name"] == "facturación"


async def test_it_is_changed_and_cancelled(program: Program, path: str) -> None:
    made = (await program.http.post(path, json=a_template())).json()
    one = f"{path}/{made['id']}"

    changed = await program.http.patch(one, json={"variables": {"1": "Rosa"}, "version": made["version"]})
    stale = await program.http.patch(one, json={"send_at": later(74), "version": made["version"]})
    gone = await program.http.delete(one)
    twice = await program.http.delete(one)
    late = await program.http.patch(one, json={"send_at": later(74)})

    assert (changed.status_code, changed.json()["text"]) == (200, "Hola Rosa, le esperamos.")
    assert (stale.status_code, stale.json()["code"]) == (409, "version_conflict")
    assert (gone.json()["status"], gone.json()["reason"]) == ("cancelled", "by_hand")
    assert twice.json() == gone.json()
    assert (late.status_code, late.json()["code"]) == (409, "already_ended")


async def test_what_a_revoked_token_scheduled_does_not_leave(
    house: House, program: Program, path: str, moment: Moment
) -> None:
    await program.http.post(path, json=a_template())
    async with house.db.transaction() as tx:
        await tx.execute(update(ApiToken).values(revoked_at=moment.now))
    moment.passes(hours=72)

    async def how() -> bool:
        async with house.db.reading() as tx:
            return list(await tx.scalars(select(ScheduledMessage.reason))) == ["author"]

    await eventually(how)
    async with house.db.reading() as tx:
        assert not (await tx.scalars(select(Message.id).where(Message.direction == "out"))).all()


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"send_at": "mañana"}, 400, "send_at"),
        ({"send_at": "2026-11-21T10:00:00"}, 400, "send_at"),
        ({"type": "image"}, 422, "type"),
        ({"template": None}, 422, "template"),
        ({"template": {"name": "nada", "language": "es"}}, 422, "template"),
        ({"template": {"name": "aviso", "language": "es", "variables": {}}}, 422, "variables.1"),
        ({"text": {"body": "hola"}}, 422, "text"),
        ({"cancel_on": ["rain"]}, 400, "cancel_on[0]"),
        ({"when": "now"}, 422, "when"),
    ],
)
async def test_what_is_wrong_is_named(
    program: Program, path: str, *, change: dict[str, Any], status: int, field: str
) -> None:
    answer = await program.http.post(path, json=a_template(**change))

    assert (answer.status_code, answer.json().get("field")) == (status, field), answer.text


async def test_a_text_waits_inside_the_window_only(house: House, program: Program, path: str) -> None:
    text = {"type": "text", "text": {"body": "Le espero"}}

    inside = await program.http.post(path, json={**text, "send_at": later(2)})
    outside = await program.http.post(path, json={**text, "send_at": later(48)})

    assert inside.status_code == 201
    assert (outside.status_code, outside.json()["code"]) == (422, "window_closed")
    async with house.db.reading() as tx:
        assert len((await tx.scalars(select(Conversation.id))).all()) == 1
