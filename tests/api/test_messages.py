"""Messages, as a program reads and sends them."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, update

from console import clock
from console.inbox import ingest
from console.inbox.channel import Channel, MessageTemplate
from console.inbox.models import Conversation, Message
from tests.api.house import House, Program
from tests.inbox import meta

HELLO = {"type": "text", "text": {"body": "Buenos días, María"}}
REMINDER = [{"type": "BODY", "text": "Hola {{1}}, su cuota vence el {{2}}."}]


async def test_what_was_said_is_read_in_its_order(house: House, program: Program) -> None:
    for number in range(7):
        await house.writes(meta.MARIA, text=f"mensaje {number}")
    path = await messages_of(program)
    sent = (await program.http.post(path, json=HELLO)).json()

    everything = await program.walk(path, limit=3)

    assert [message["text"] for message in everything] == [*(f"mensaje {n}" for n in range(7)), "Buenos días, María"]
    assert [message["sequence"] for message in everything] == sorted(message["sequence"] for message in everything)
    assert await program.walk(path, limit=2, order="desc") == everything[::-1]
    first, last = everything[0], everything[-1]
    assert first["author"] == {"kind": "contact", "id": first["author"]["id"], "name": first["author"]["name"]}
    assert (first["direction"], first["type"], first["status"]) == ("in", "text", "received")
    assert (first["wa_id"], first["media"], first["error"]) == (meta.MARIA, None, None)
    assert first["external_id"].startswith("wamid.")
    assert last["id"] == sent["id"]
    assert last["author"] == {"kind": "system", "id": None, "name": "facturación"}


async def test_notes_and_events_are_no_messages(house: House, program: Program) -> None:
    await house.writes(meta.MARIA)
    ana, conversation = await house.agent(), await program.conversation()
    path = f"/conversations/{conversation['id']}"
    await program.http.patch(path, json={"assignee": str(ana.id)})

    note = await program.http.post(f"{path}/notes", json={"text": "Pagó con el recibo 118"})
    await house.writes(meta.MARIA, text="¿Sigue ahí?")

    assert note.status_code == 201
    assert note.json()["text"] == "Pagó con el recibo 118"
    first, second = await program.walk(f"{path}/messages")
    assert second["sequence"] > first["sequence"] + 1
    await program.http.post(f"{path}/notes", json={"text": "Otra"})
    assert (await program.conversation())["last_message"]["id"] == second["id"]


async def test_a_note_reaches_whom_it_mentions(house: House, program: Program) -> None:
    await house.writes(meta.MARIA)
    ana, conversation = await house.agent(), await program.conversation()
    path = f"/conversations/{conversation['id']}/notes"

    note = await program.http.post(path, json={"text": "Revise el abono", "mentions": [str(ana.id)]})
    named = await program.http.post(path, json={"text": f"@{ana.name}, revise el abono"})
    wrong = await program.http.post(path, json={"text": "Revise", "mentions": ["999"]})
    odd = await program.http.post(path, json={"text": "Revise", "mentions": ["uno"]})

    assert (note.status_code, note.json()["mentions"], named.json()["mentions"]) == (201, [str(ana.id)], [str(ana.id)])
    assert (wrong.status_code, wrong.json()["code"], odd.status_code) == (422, "cannot_see", 422)
    assert (wrong.json()["field"], odd.json()["field"]) == ("mentions", "mentions")


async def test_a_message_is_queued_and_recorded(house: House, program: Program) -> None:
    await house.writes(meta.MARIA)

    answer = await program.http.post(await messages_of(program), json=HELLO)

    assert answer.status_code == 201
    message = answer.json()
    assert (message["direction"], message["status"], message["text"]) == ("out", "queued", "Buenos días, María")
    (entry,) = (await program.get("/audit", action="message.queued"))["items"]
    assert entry["message_id"] == message["id"]
    assert entry["actor"]["kind"] == "token"
    assert "María" not in str(entry)


async def test_the_same_key_sends_once_and_answers_the_same(house: House, program: Program) -> None:
    await house.writes(meta.MARIA)
    path, key = await messages_of(program), {"Idempotency-Key": "cuota-118 " + "x" * 200}

    first = await program.http.post(path, json=HELLO, headers=key)
    async with house.db.transaction() as tx:
        await tx.execute(update(Message).where(Message.direction == "out").values(status="sent", wamid="wamid.X"))
    repeats = await asyncio.gather(*(program.http.post(path, json=HELLO, headers=key) for _ in range(5)))

    assert first.status_code == 201
    assert {repeat.status_code for repeat in repeats} == {200}
    assert {repeat.content for repeat in repeats} == {first.content}
    assert repeats[0].headers["idempotent-replayed"] == "true"
    assert await how_many_left(house) == 1


async def test_the_first_requests_with_one_key_may_come_at_once(house: House, program: Program) -> None:
    await house.writes(meta.MARIA)
    path, key = await messages_of(program), {"Idempotency-Key": "cuota-118"}

    answers = await asyncio.gather(*(program.http.post(path, json=HELLO, headers=key) for _ in range(6)))

    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
    assert len({answer.content for answer in answers}) == 1
    assert await how_many_left(house) == 1


async def test_a_key_says_one_thing_only(house: House, program: Program) -> None:
    await house.writes(meta.MARIA)
    path, key = await messages_of(program), {"Idempotency-Key": "cuota-118"}
    await program.http.post(path, json=HELLO, headers=key)

    other = await program.http.post(path, json={"type": "text", "text": {"body": "Otra cosa"}}, headers=key)
    async with house.program() as neighbour:
        theirs = await neighbour.http.post(path, json=HELLO, headers=key)
    empty = await program.http.post(path, json=HELLO, headers={"Idempotency-Key": ""})
    endless = await program.http.post(path, json=HELLO, headers={"Idempotency-Key": "x" * 256})

    assert (other.status_code, other.json()["code"]) == (409, "key_reused")
    assert theirs.status_code == 201
    assert empty.status_code == endless.status_code == 400
    assert endless.json()["field"] == "Idempotency-Key"


async def test_outside_the_window_only_a_template_leaves(house: House, program: Program) -> None:
    await house.writes(meta.MARIA)
    path = await messages_of(program)
    await a_template(house)
    async with house.db.transaction() as tx:
        await tx.execute(update(Conversation).values(window_closes_at=clock.now() - timedelta(hours=1)))

    free = await program.http.post(path, json=HELLO)
    simple = {"name": "recordatorio", "language": "es", "variables": {"1": "María", "2": "el viernes"}}
    as_meta = {
        "name": "recordatorio",
        "language": {"code": "es"},
        "components": [
            {
                "type": "body",
                "parameters": [{"type": "text", "text": "María"}, {"type": "text", "text": "el viernes"}],
            },
        ],
    }
    answers = [
        await program.http.post(path, json={"type": "template", "template": template}) for template in (simple, as_meta)
    ]

    assert (free.status_code, free.json()["code"], free.json()["field"]) == (409, "window_closed", "text")
    assert [answer.status_code for answer in answers] == [201, 201]
    assert {answer.json()["text"] for answer in answers} == {"Hola María, su cuota vence el el viernes."}


async def test_a_reply_quotes_a_message_of_this_conversation_only(house: House, program: Program) -> None:
    await house.writes(meta.MARIA, "51900000001")
    other = (await program.conversation("51900000001"))["last_message"]["external_id"]
    mine = (await program.conversation())["last_message"]["external_id"]
    path = await messages_of(program)

    right = await program.http.post(path, json={**HELLO, "context": {"message_id": mine}})
    wrong = await program.http.post(path, json={**HELLO, "context": {"message_id": other}})

    assert right.status_code == 201
    assert (wrong.status_code, wrong.json()["field"]) == (422, "context.message_id")


async def test_a_bad_message_is_refused_by_the_name_of_its_field(house: House, program: Program) -> None:
    await house.writes(meta.MARIA)
    path = await messages_of(program)
    await a_template(house)
    bad: list[tuple[Any, int, str]] = [
        ({}, 422, "type"),
        ({"type": "text"}, 422, "text"),
        ({"type": "text", "text": {}}, 422, "text.body"),
        ({"type": "text", "text": {"body": ""}}, 422, "text"),
        ({"type": "text", "text": {"body": "   "}}, 422, "text"),
        ({"type": "text", "text": {"body": "x" * 4097}}, 400, "text.body"),
        ({"type": "text", "text": {"body": 5}}, 400, "text.body"),
        ({"type": "text", "text": {"body": "a\0b"}}, 400, "text.body"),
        ({"type": "text", "text": "hola"}, 400, "text"),
        ({"type": "text", "text": {"body": "x", "preview": True}}, 422, "text.preview"),
        ({**HELLO, "to": "51999999999"}, 422, "to"),
        ({**HELLO, "status": "read"}, 422, "status"),
        ({**HELLO, "template": {"name": "x", "language": "es"}}, 422, "template"),
        ({"type": "image", "image": {"link": "https://a.example/b.png"}}, 422, "image.link"),
        ({"type": "carrier-pigeon"}, 422, "type"),
        ({"type": "template", "template": {"name": "nada", "language": "es"}}, 422, "template"),
        ({"type": "template", "template": {"name": "recordatorio", "language": "es"}}, 422, "variables.1"),
        ([], 400, "body"),
        ("hola", 400, "body"),
    ]

    for asked, status, field in bad:
        answer = await program.http.post(path, json=asked)

        assert (answer.status_code, answer.json().get("field")) == (status, field), asked
    assert await how_many_left(house) == 0


async def test_only_json_is_read(house: House, program: Program) -> None:
    await house.writes(meta.MARIA)
    path = await messages_of(program)
    as_json = {"content-type": "application/json"}
    said = b'{"type":"text","text":{"body":"hola"}}'

    assert (await program.http.post(path, content=said, headers={"content-type": "text/plain"})).status_code == 415
    for body in (b"", b"{", b"\xff\xfe", b'{"a":' * 50_000, b"[" * 200_000, b'"\\ud800"', b"NaN", b"nul"):
        answer = await program.http.post(path, content=body, headers=as_json)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_json"), body[:10]
    big = await program.http.post(path, content=b'{"type":"' + b"x" * 300_000 + b'"}', headers=as_json)
    assert (big.status_code, big.json()["code"]) == (413, "too_big")
    assert await how_many_left(house) == 0


async def test_a_page_of_messages_costs_the_same_queries_however_long_it_is(house: House, program: Program) -> None:
    for number in range(8):
        await house.writes(meta.MARIA, text=f"mensaje {number}")
    path = await messages_of(program)
    await program.get(path)  # the first reading is recorded; those after it say nothing new
    asked = []

    for shown in (1, 8):
        with house.queries() as seen:
            assert len((await program.get(path, limit=shown))["items"]) == shown
        asked.append([statement for statement in seen if statement.startswith("SELECT")])

    assert len(asked[0]) == len(asked[1]) <= 7, asked


async def test_being_shown_a_thread_is_recorded_once_for_each_new_state_of_it(house: House, program: Program) -> None:
    await house.writes(meta.MARIA)
    path = await messages_of(program)

    for _ in range(3):
        await program.get(path)
    await house.writes(meta.MARIA)
    await program.get(path)

    seen = await program.walk("/audit", action="conversation.viewed")
    assert [entry["new"]["sequence"] for entry in seen] == [2, 1]
    assert {entry["actor"]["kind"] for entry in seen} == {"token"}


async def test_reactions_and_edits_show_on_the_message_they_are_about(house: House, program: Program) -> None:
    await house.writes(meta.MARIA)
    target = (await program.conversation())["last_message"]
    reaction = meta.message("reaction", {"message_id": target["external_id"], "emoji": "👍"})
    await ingest.store(house.db, [meta.body(reaction)])

    first, second = await program.walk(await messages_of(program))

    assert first["reactions"] == [{"by": "contact", "emoji": "👍"}]
    assert (second["type"], second["target_id"]) == ("reaction", first["id"])


async def messages_of(program: Program) -> str:
    return f"/conversations/{(await program.conversation())['id']}/messages"


async def how_many_left(house: House) -> int:
    async with house.db.reading() as tx:
        return await tx.scalar(select(func.count()).where(Message.direction == "out")) or 0


async def a_template(house: House) -> None:
    async with house.db.transaction() as tx:
        channel_id = await tx.scalar(select(Channel.id))
        tx.add(
            MessageTemplate(
                channel_id=channel_id,
                name="recordatorio",
                language="es",
                category="UTILITY",
                status="APPROVED",
                components=REMINDER,
                updated_at=clock.now(),
            ),
        )


async def test_the_place_of_a_header_is_given_as_whatsapp_writes_it_or_as_four_variables(
    house: House, program: Program
) -> None:
    await house.writes(meta.MARIA)
    parts = [{"type": "HEADER", "format": "LOCATION"}, {"type": "BODY", "text": "Le esperamos aquí."}]
    async with house.db.transaction() as tx:
        channel_id = (await tx.scalars(select(Channel.id))).one()
        named = {"name": "nuestra_oficina", "language": "es", "category": "UTILITY", "status": "APPROVED"}
        tx.add(MessageTemplate(channel_id=channel_id, components=parts, updated_at=clock.now(), **named))
    path = await messages_of(program)
    place = {"name": "Oficina", "address": "Av. Larco 345", "latitude": "-12.12151", "longitude": "-77.03014"}

    def asked(**more: Any) -> dict[str, Any]:
        return {"type": "template", "template": {"name": "nuestra_oficina", "language": "es", **more}}

    def on_the_wire(location: Any) -> list[dict[str, Any]]:
        return [{"type": "header", "parameters": [{"type": "location", "location": location}]}]

    by_parts = await program.http.post(path, json=asked(components=on_the_wire(place)))
    by_name = await program.http.post(
        path, json=asked(variables={f"header.{name}": said for name, said in place.items()})
    )
    wrong = await program.http.post(path, json=asked(components=on_the_wire({**place, "latitude": "91"})))
    odd = await program.http.post(path, json=asked(components=on_the_wire("Lima")))
    more = await program.http.post(path, json=asked(components=on_the_wire({**place, "url": "https://x.example"})))

    assert (by_parts.status_code, by_name.status_code) == (201, 201), by_parts.text
    assert (wrong.status_code, wrong.json()["field"]) == (422, "variables.header.latitude")
    assert (odd.status_code, odd.json()["field"]) == (422, "template.components")
    assert (more.status_code, more.json()["field"]) == (422, "variables.header.url")
    async with house.db.reading() as tx:
        kept = list(await tx.scalars(select(Message.content).where(Message.kind == "template")))
    assert [each["place"] for each in kept if each] == [place, place]
