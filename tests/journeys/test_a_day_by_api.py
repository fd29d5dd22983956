"""An agent's whole day through `/api/v1`: what tests/browser does by keyboard, a program does in the agents' names.

People write by signed webhooks; everything else is a call. The stream tells of each step, and the history says that it
was the agent who did it, and by which token.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from console import clock
from tests.api.test_accounts import BODY as ACCOUNT
from tests.attachments import samples
from tests.conftest import Moment
from tests.front import Front, Person, a_console, settings_for
from tests.inbox import files
from tests.inbox.test_both_ends import MARIA, both_ends
from tests.journeys.program import SCOPES, Desk, Program, a_program, token_of
from tests.patience import eventually
from tests.scheduling.floor import a_template

JUAN, ROSA = "51944000001", "51944000002"


class Day:
    """A team of three, another team, and the program that acts for them."""

    def __init__(self, program: Program, ana: Person, luz: Person, sara: Person) -> None:
        self.program, self.now = program, clock.now
        self.ana, self.luz, self.sara = (Desk(program, person) for person in (ana, luz, sara))

    async def stands(self, conversation: str) -> dict[str, Any]:
        return dict(await self.program.got(f"/conversations/{conversation}"))


async def a_day(front: Front) -> tuple[str, Person, Person, Person]:
    """Everybody who is there, and the token's key."""
    admin = await front.agent("Elena", role="admin")
    ana, luz = await front.agent("Ana"), await front.agent("Luz")
    sara = await front.agent("Sara", role="supervisor")
    await front.agent("Beto", team="Mora judicial")
    return await token_of(admin, *SCOPES), ana, luz, sara


@pytest.fixture
async def day(database_url: str, tmp_path: Path, moment: Moment) -> AsyncIterator[Day]:
    """Ten in the morning in Lima. Nobody listens at the Cloud API's address: what is sent waits in the queue."""
    assert moment.now.hour == 15
    async with a_console(settings_for(database_url, tmp_path)) as front:
        key, ana, luz, sara = await a_day(front)
        async with a_program(front, key) as program:
            yield Day(program, ana, luz, sara)


async def test_conversations_are_taken_from_the_queue_answered_handed_on_and_let_go(day: Day) -> None:
    ana, luz = day.ana, day.luz
    assert (await ana.does("PUT", "/presence", {"status": "paused", "reason": "lunch"}))["reason"] == "lunch"
    assert (await ana.does("PUT", "/presence", {"status": "available"}))["status"] == "available"
    assert (await ana.does("GET", "/presence"))["user"] == ana.id
    assert await ana.refused("PUT", "/presence", {"status": "paused"}) == (422, "invalid", "reason")
    assert (await ana.refused("POST", "/next-conversation"))[:2] == (404, "queue_empty")

    await _decide(day)
    maria, _wamid = await day.program.writes("Buenos días")
    assert (await ana.does("POST", "/next-conversation"))["id"] == maria
    juan, _wamid = await day.program.writes("¿Cuánto debo?", JUAN)
    sent = await ana.says(juan, "Con gusto se lo digo")
    assert (sent["author"]["kind"], sent["author"]["id"]) == ("agent", ana.id)
    assert (await day.stands(juan))["assignee"] == ana.id, "who answers first owns it"
    rosa, _wamid = await day.program.writes("¿Hay alguien?", ROSA)
    assert (await luz.does("PATCH", f"/conversations/{rosa}", {"assignee": luz.id}))["assignee"] == luz.id
    status, late = await ana.asks("PATCH", f"/conversations/{rosa}", {"assignee": ana.id})
    assert (status, late["code"], late["details"]["holder"]["id"]) == (409, "already_held", luz.id)
    assert (await ana.refused("PATCH", f"/conversations/{rosa}", {"assignee": None}))[:2] == (403, "forbidden")

    await _hand_on(day, maria)
    assert (await ana.does("PATCH", f"/conversations/{juan}", {"assignee": None}))["assignee"] is None
    stale = {"assignee": ana.id, "version": 1}
    assert await ana.refused("PATCH", f"/conversations/{juan}", stale) == (409, "version_conflict", "version")
    await day.program.hears(
        "presence.changed", "message.received", "message.queued", "conversation.assigned", "message.noted",
        "conversation.released", "conversation.transferred",
    )  # fmt: skip
    await _all_is_theirs(day)


async def _decide(day: Day) -> None:
    """Who leads the team says how its queue is given out; nobody else does."""
    rules = await day.sara.does("GET", "/queues/1")
    assert (rules["serving"], rules["version"]) == ("off", 0)
    changed = await day.sara.does("PATCH", "/queues/1", {"order_by": "score", "points": {"window": 30}, "capacity": 9})
    assert (changed["order_by"], changed["points"]["window"], changed["capacity"]) == ("score", 30, 9)
    assert (changed["first_reply_takes"], changed["points"]["promise_today"]) == (True, 20), "what is left out stays"
    assert await day.sara.refused("PATCH", "/queues/1", {"capacity": 0}) == (422, "invalid", "capacity")
    points = {"points": {"window": 101}}
    assert await day.sara.refused("PATCH", "/queues/1", points) == (422, "invalid", "points.window")
    assert (await day.sara.refused("PATCH", "/queues/1", {"points": {"luck": 1}}))[0::2] == (422, "points.luck")
    assert (await day.sara.refused("PATCH", "/queues/1", {"capacity": 9, "version": 7}))[:2] == (
        409,
        "version_conflict",
    )
    assert (await day.sara.refused("GET", "/queues/2"))[0] == 404, "another's team"
    assert (await day.ana.refused("GET", "/queues/1"))[0] == 403
    assert (await day.ana.refused("PATCH", "/queues/1", {}))[0] == 403


async def _hand_on(day: Day, maria: str) -> None:
    """With a note or not at all; once, however often it is asked; to somebody, to a team, back to the queue."""
    ana, luz, transfer = day.ana, day.luz, f"/conversations/{maria}/transfer"
    note = {"note": "Pide hablar con @Luz", "assignee": luz.id}
    for body in ({"assignee": luz.id}, {"team": "2"}):
        assert await ana.refused("PATCH", f"/conversations/{maria}", body) == (422, "note_required", "note")
    assert await ana.refused("POST", transfer, {**note, "note": " "}) == (422, "note_required", "note")
    assert await ana.refused("POST", transfer, {"note": "x"}) == (422, "missing_field", "assignee")
    assert await ana.refused("POST", transfer, {"note": "x", "assignee": "999"}) == (422, "invalid", "assignee")
    assert await ana.refused("POST", transfer, {"note": "x", "team": "999"}) == (422, "invalid", "team")
    assert (await day.stands(maria))["assignee"] == ana.id, "a refusal leaves nothing behind"

    first = await ana.asks("POST", transfer, note, **{"idempotency-key": "una vez"})
    again = await ana.asks("POST", transfer, note, **{"idempotency-key": "una vez"})
    other = await ana.asks("POST", transfer, {**note, "assignee": day.sara.id}, **{"idempotency-key": "una vez"})
    assert (first[0], again[0], again[1]) == (201, 200, first[1])
    assert first[1]["note"]["mentions"] == [luz.id]
    assert (other[0], other[1]["code"]) == (409, "key_reused")
    assert (await day.stands(maria))["assignee"] == luz.id
    assert (await ana.refused("POST", transfer, {"note": "la quiero", "assignee": ana.id}))[:2] == (403, "forbidden")

    own = (await day.stands(maria))["team"]
    assert (await luz.does("POST", transfer, {"note": "Salgo a comer", "team": own}))["team"] == own
    assert (await day.stands(maria))["assignee"] is None
    await luz.does("PATCH", f"/conversations/{maria}", {"assignee": luz.id})
    (judicial,) = [team["id"] for team in (await day.program.got("/teams"))["items"] if team["id"] != own]
    gone = {"note": "Ya es judicial", "team": judicial}
    first = await luz.asks("POST", transfer, gone, **{"idempotency-key": "a judicial"})
    again = await luz.asks("POST", transfer, gone, **{"idempotency-key": "a judicial"})
    assert (first[0], again[0], again[1]) == (201, 200, first[1]), "also to who sees it no longer"
    assert (await luz.refused("PATCH", f"/conversations/{maria}", {"status": "open"}))[:2] == (404, "not_found")


async def test_texts_and_templates_say_what_is_owed_and_a_blank_never_goes_out(day: Day) -> None:
    ana, program = day.ana, day.program
    maria, _wamid = await program.writes("¿Cuánto debo?")
    here = f"/conversations/{maria}"
    await a_template(program.front)
    stated = await program.http.put("/accounts/PR-1", json=ACCOUNT)
    assert stated.status_code == 201, "billing says what she owes"
    sara = {"name": "Saldo", "body": "Señora {nombre}, su saldo es {saldo}.", "scope": "all", "folder": ""}
    assert await _made(day, sara)

    (held,) = (await ana.does("GET", f"{here}/canned-responses"))["items"]
    assert held["missing"] == ["saldo"]
    assert held["held_back"], "until somebody knows who answers"
    assert (await ana.does("PUT", f"{here}/right-party"))["verified"]
    (text,) = (await ana.does("GET", f"{here}/canned-responses"))["items"]
    used = await ana.does("POST", f"{here}/canned-responses/{text['id']}/uses")
    assert "S/" in used["text"]
    assert (used["missing"], used["used"]) == ([], 1)
    assert (await ana.does("POST", f"{here}/canned-responses/{text['id']}/attachments"))["items"] == []
    assert (await ana.says(maria, used["text"]))["text"] == used["text"]
    literal = {"type": "text", "text": {"body": "Su saldo es {saldo}"}}
    assert (await ana.refused("POST", f"{here}/messages", literal))[0::2] == (422, "text")

    (offered,) = (await ana.does("GET", f"{here}/templates"))["items"]
    known = {one["key"]: one["value"] for one in offered["variables"]}
    assert (offered["usable"], known["nombre"], known["mensaje"]) == (True, "María", None)
    assert "S/" in known["saldo"]
    template = {"name": offered["name"], "language": offered["language"]}
    half = {**template, "variables": {"nombre": known["nombre"], "saldo": known["saldo"]}}
    problem = (await ana.does("POST", f"{here}/template-previews", half))["problem"]
    assert (problem["code"], problem["field"]) == ("template_variables", "variables.mensaje")
    whole = {**template, "variables": {**half["variables"], "mensaje": "Quedo atenta."}}
    seen = await ana.does("POST", f"{here}/template-previews", whole)
    assert (seen["problem"], seen["body"]) == (None, f"Hola María, su saldo es {known['saldo']}. Quedo atenta.")
    assert await ana.refused("POST", f"{here}/messages", {"type": "template", "template": half}) == (
        422, "template_variables", "variables.mensaje",
    )  # fmt: skip
    assert await ana.refused("POST", f"{here}/template-previews", {**template, "name": "x"}) == (
        422, "template_not_found", "name",
    )  # fmt: skip
    sent = await ana.does("POST", f"{here}/messages", {"type": "template", "template": whole})
    assert sent["text"] == seen["body"]
    await program.hears("account.created", "message.queued")
    await _all_is_theirs(day)


async def _made(day: Day, text: dict[str, str]) -> bool:
    """Who leads writes a text on the page: programs use texts, people write them."""
    front = day.program.front
    boss = await front.agent("Rita", role="supervisor")
    return (await boss.do("/settings/canned", **text)).status_code == 303


async def test_what_is_written_is_drafted_quoted_reacted_to_noted_and_refused_when_somebody_was_faster(
    day: Day,
) -> None:
    ana, luz, program = day.ana, day.luz, day.program
    maria, wamid = await program.writes("Le pago el viernes")
    here = f"/conversations/{maria}"
    await ana.does("PATCH", here, {"assignee": ana.id})
    for mode, text in (("reply", "Gracias, María"), ("note", "@Luz ojo")):
        await ana.does("PUT", f"{here}/drafts/{mode}", {"text": text})
    kept = {one["mode"]: one["text"] for one in (await ana.does("GET", "/drafts"))["items"]}
    assert (await luz.does("GET", "/drafts"))["items"] == [], "a draft is its author's alone"

    key = {"idempotency-key": "una vez"}
    quoted = {"type": "text", "text": {"body": kept["reply"]}, "context": {"message_id": wamid}}
    first, again = [await ana.asks("POST", f"{here}/messages", quoted, **key) for _ in range(2)]
    assert (first[0], again[0], again[1]) == (201, 200, first[1])
    note = await ana.does("POST", f"{here}/notes", {"text": kept["note"], "mentions": [luz.id]})
    assert note["mentions"] == [luz.id]
    for mode in kept:
        await ana.does("DELETE", f"{here}/drafts/{mode}")

    thumb = {"type": "reaction", "reaction": {"message_id": wamid, "emoji": "👍"}}
    await ana.does("POST", f"{here}/messages", thumb)
    written = (await program.got(f"/conversations/{maria}/messages"))["items"][0]
    assert written["reactions"] == [{"by": "us", "emoji": "👍"}]
    await ana.does("POST", f"{here}/messages", {**thumb, "reaction": {"message_id": wamid, "emoji": ""}})
    word = {**thumb, "reaction": {"message_id": wamid, "emoji": "ok"}}
    assert await ana.refused("POST", f"{here}/messages", word) == (422, "invalid", "reaction.emoji")
    nothing = {**thumb, "reaction": {"message_id": "wamid.X", "emoji": "👍"}}
    assert await ana.refused("POST", f"{here}/messages", nothing) == (422, "invalid", "reaction.message_id")

    seen = (await program.got(f"/conversations/{maria}/messages"))["items"][-1]["sequence"]
    await luz.does("POST", f"{here}/notes", {"text": "Ya la llamé"})
    late = {"type": "text", "text": {"body": "¿La llamo?"}, "seen_sequence": seen}
    assert (await ana.refused("POST", f"{here}/messages", late))[:2] == (409, "colleague_wrote")
    out = [one for one in (await program.got(f"/conversations/{maria}/messages"))["items"] if one["direction"] == "out"]
    assert [one["type"] for one in out] == ["text", "reaction", "reaction"], "no note is among what goes out"
    read = await ana.does("PUT", f"{here}/read-mark", {"sequence": seen})
    assert read["sequence"] == seen
    assert (await ana.does("PUT", f"{here}/read-mark", {"sequence": 1}))["sequence"] == seen, "only forward"
    assert (await day.stands(maria))["unread"] == 0
    await program.hears("message.queued", "message.noted", "message.reacted", "conversation.read")
    mention = next(event for event in program.heard if event["type"] == "mention.created")
    assert [one["id"] for one in mention["data"]["agents"]] == [luz.id]
    await _all_is_theirs(day)


async def test_files_are_judged_by_their_bytes_and_a_recording_is_a_voice_note(day: Day) -> None:
    ana = day.ana
    maria, _wamid = await day.program.writes("Mándeme el cronograma")
    here = f"/conversations/{maria}/messages"
    paper = (await ana.brings(maria, samples.PDF, "../../cronograma.pdf")).json()
    assert (paper["kind"], paper["filename"]) == ("document", "cronograma.pdf")
    sent = await ana.does(
        "POST", here, {"type": "document", "document": {"id": paper["id"], "caption": "Su cronograma"}}
    )
    assert (sent["type"], sent["media"]["filename"]) == ("document", "cronograma.pdf")
    recorded = samples.webm(samples.opus(100), clusters=3)
    voice = (await ana.brings(maria, recorded, "nota-de-voz", **{"x-voice": "1"})).json()
    assert (voice["kind"], voice["mime_type"], voice["voice"]) == ("audio", "audio/ogg; codecs=opus", True)
    assert (await ana.does("POST", here, {"type": "audio", "audio": {"id": voice["id"]}}))["media"]["voice"]

    script = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    for content, name in ((files.EXE, "factura.pdf"), (script, "foto.svg"), (samples.jpeg()[:60], "foto.jpg")):
        answer = await ana.brings(maria, content, name)
        assert (answer.status_code, answer.json()["field"]) == (422, "file"), name
    theirs = {"type": "document", "document": {"id": paper["id"]}}
    assert (await day.luz.refused("POST", here, theirs))[:2] == (422, "attachment_gone"), "a file is its bringer's"
    await _all_is_theirs(day)


async def test_what_is_for_later_is_changed_cancelled_and_ended_by_an_answer(day: Day) -> None:
    ana, program = day.ana, day.program
    maria, _wamid = await program.writes("Le pago más tarde")
    later = f"/conversations/{maria}/scheduled-messages"
    at = [(day.now() + timedelta(hours=hours)).isoformat() for hours in (2, 3)]
    body = {"type": "text", "send_at": at[0], "text": {"body": "¿Pudo?"}}

    first, again = [await ana.asks("POST", later, body, **{"idempotency-key": "una vez"}) for _ in range(2)]
    assert (first[0], again[0], again[1]["id"]) == (201, 200, first[1]["id"])
    changed = await ana.does("PATCH", f"{later}/{first[1]['id']}", {"send_at": at[1], "text": {"body": "¿Pudo pagar?"}})
    assert (changed["text"], changed["status"], changed["author"]["id"]) == ("¿Pudo pagar?", "waiting", ana.id)
    assert (await ana.does("DELETE", f"{later}/{first[1]['id']}"))["status"] == "cancelled"
    past = {**body, "send_at": (day.now() - timedelta(hours=1)).isoformat()}
    assert (await ana.refused("POST", later, past))[0] == 422

    waits = await ana.does("POST", later, body)
    await program.writes("Ya pagué")

    async def why() -> bool:
        ended = (await program.got("/scheduled-messages", conversation=maria, status="cancelled"))["items"]
        assert {one["id"]: one["reason"] for one in ended} == {first[1]["id"]: "by_hand", waits["id"]: "replied"}
        return True

    await eventually(why)
    await program.hears("message.received")
    actions = {one["action"] for one in (await program.got("/audit", conversation=maria, limit=100))["items"]}
    assert {"message.scheduled", "message.schedule_changed", "message.schedule_cancelled"} <= actions
    await _all_is_theirs(day)


async def test_it_is_put_aside_comes_back_is_resolved_and_opened_again_by_an_answer(day: Day, moment: Moment) -> None:
    ana, program = day.ana, day.program
    maria, _wamid = await program.writes("Le pago el viernes")
    here = f"/conversations/{maria}"
    await ana.does("PATCH", here, {"assignee": ana.id})
    assert await ana.refused("PATCH", here, {"status": "snoozed"}) == (422, "missing_field", "snoozed_until")
    put_off = await ana.does("PATCH", here, {"status": "snoozed", "snoozed_until": None})
    assert (put_off["status"], put_off["snoozed_until"]) == ("snoozed", None)
    await program.writes("ok gracias")
    assert (await day.stands(maria))["status"] == "snoozed", "a mere thank you asks for nothing"
    await program.writes("¿Y si pago la mitad?")
    assert (await day.stands(maria))["status"] == "open"

    until = day.now() + timedelta(hours=1)
    await ana.does("PATCH", here, {"status": "snoozed", "snoozed_until": until.isoformat()})
    moment.is_(until)
    await eventually(lambda: _is(day, maria, "open"))
    leaf = {"status": "resolved", "disposition": "CD-CON"}
    assert (await ana.refused("PATCH", here, {**leaf, "disposition": "NADA"}))[0::2] == (422, "disposition")
    assert (await ana.does("PATCH", here, leaf))["status"] == "resolved"
    await program.writes("Una pregunta más")
    assert (await day.stands(maria))["status"] == "open"
    await program.hears("conversation.snoozed", "conversation.reopened", "conversation.resolved")
    await _all_is_theirs(day)


async def _is(day: Day, conversation: str, status: str) -> bool:
    return bool((await day.stands(conversation))["status"] == status)


async def test_what_was_said_is_found_listed_counted_and_done_to_many_and_undone(day: Day) -> None:
    ana, sara, program = day.ana, day.sara, day.program
    maria, _wamid = await program.writes("Ya deposité en el banco")
    await program.writes("Buenas", JUAN)
    await sara.does("PATCH", f"/conversations/{maria}", {"tags": ["Depósito"]})
    assert (await ana.refused("PATCH", f"/conversations/{maria}", {"tags": ["Nueva"]}))[0::2] == (403, "tags")
    assert (await ana.does("PATCH", f"/conversations/{maria}", {"tags": []}))["tags"] == []

    async def found() -> Any:
        return (await ana.does("GET", "/search?q=deposite"))["items"]

    (hit,) = await eventually(found)
    assert hit["conversation_id"] == maria
    assert [piece["text"] for piece in hit["message"]["words"] if piece["found"]] == ["deposité"]
    (within,) = (await ana.does("GET", f"/conversations/{maria}/search?q=banco"))["items"]
    assert within["id"] == hit["message"]["id"]
    for q, code in (("%20%20", "nothing_to_find"), ("%22%2A%22", "nothing_to_find"), ("x", "too_short")):
        assert await ana.refused("GET", f"/search?q={q}") == (422, code, "q")
    assert (await ana.refused("GET", f"/search?q={'a' * 10_000}"))[0::2] == (400, "q")
    assert (await ana.refused("GET", "/search"))[0::2] == (400, "q")

    view = await ana.does("POST", "/saved-views", {"name": "Sin nadie", "view": "unassigned"})
    assert view["count"] == 2
    listed = (await ana.does("GET", f"/saved-views/{view['id']}/conversations"))["items"]
    assert maria in {one["id"] for one in listed}
    await _tag_and_untag_all(day)
    await program.hears("conversation.tagged", "conversation.untagged")
    await _all_is_theirs(day)


async def _tag_and_untag_all(day: Day) -> None:
    """Over all that match: rehearsed, started, told row by row, taken back."""
    ana = day.ana
    (tag,) = [one for one in (await day.program.got("/tags"))["items"] if one["name"] == "Depósito"]
    body = {"deed": "tag", "tag": tag["id"], "listing": {"view": "unassigned"}}
    job = await ana.does("POST", "/bulk-jobs", body, **{"idempotency-key": "una vez"})

    async def comes_to(number: str, status: str) -> Any:
        found = await ana.does("GET", f"/bulk-jobs/{number}")
        return found if found["status"] == status else None

    assert (await eventually(lambda: comes_to(job["id"], "checked")))["changed"] == 2
    await ana.does("POST", f"/bulk-jobs/{job['id']}/start")
    ended = await eventually(lambda: comes_to(job["id"], "done"))
    assert (ended["done"], ended["total"], ended["may_undo"]) == (2, 2, True)
    rows = (await ana.does("GET", f"/bulk-jobs/{job['id']}/rows"))["items"]
    assert [row["verdict"] for row in rows] == ["changed", "changed"]
    back = await ana.does("POST", f"/bulk-jobs/{job['id']}/undo")
    await eventually(lambda: comes_to(back["id"], "done"))
    assert {tuple(one["tags"]) for one in (await day.program.got("/conversations"))["items"]} == {()}


async def test_all_of_it_reaches_the_telephone_and_no_note_does(database_url: str, tmp_path: Path) -> None:
    async with both_ends(database_url, tmp_path) as ends:
        admin = await ends.front.agent("Elena", role="admin")
        key = await token_of(admin, *SCOPES)
        async with a_program(ends.front, key) as program:
            ana, here = Desk(program, ends.ana), str(await ends.writes(MARIA, "Mándeme su voz"))
            (written,) = (await program.got(f"/conversations/{here}/messages"))["items"]
            wamid = written["external_id"]
            await ana.says(here, "Aquí va", context={"message_id": wamid})
            thumb = {"type": "reaction", "reaction": {"message_id": wamid, "emoji": "👍"}}
            await ana.does("POST", f"/conversations/{here}/messages", thumb)
            await ana.does("POST", f"/conversations/{here}/notes", {"text": "no se lo digas"})
            recorded = samples.webm(samples.opus(100), clusters=3)
            voice = (await ana.brings(here, recorded, "nota-de-voz", **{"x-voice": "1"})).json()
            body = {"type": "audio", "audio": {"id": voice["id"]}}
            await ana.does("POST", f"/conversations/{here}/messages", body)

            async def arrived() -> list[dict[str, Any]]:
                said = (await ends.api("GET", f"/threads/{MARIA}"))["messages"]
                return [one for one in said if not one["mine"] and one["kind"] == "audio"] and said

            said = await eventually(arrived, within=10)
            texts = [one["text"] for one in said if not one["mine"] and one["kind"] == "text"]
            assert texts == ["Aquí va"]
            assert "no se lo digas" not in str(said)
            assert "👍" in str(said)
            await ends.nothing_was_sent_twice()


async def _all_is_theirs(day: Day) -> None:
    """The token has done nothing itself: each deed is a person's, and says by which token it came."""
    entries = (await day.program.got("/audit", limit=100))["items"]
    by_token = {one["action"] for one in entries if one["actor"]["kind"] == "token"}
    # Beside reading, what billing states of an account.
    stated = {"account.created", "account.updated", "creditor.created", "conversation.standing_changed"}
    assert by_token <= {"stream.opened", "conversation.viewed", *stated}, by_token
    theirs = [one for one in entries if one["actor"]["id"] in {day.ana.id, day.luz.id, day.sara.id}]
    deeds = [one for one in theirs if one["actor"]["kind"] == "agent" and not one["action"].startswith("session.")]
    assert deeds
    origins = {str(one["origin"]).partition(":")[0] for one in deeds}
    # A job on many does each row by itself; that it was asked for and started says the token.
    assert origins - {"bulk"} == {"token"}, deeds
