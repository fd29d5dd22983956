"""The quiet pages: who may see and do what on them, and what it does."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from console import audit, clock
from console.audit import AuditEntry
from console.inbox import channel_state
from console.inbox.channel import Channel, DeadLetter
from console.inbox.contacts import Contact, ReviewTask
from console.inbox.models import Conversation, Message
from integrations.whatsapp.account import Number
from tests.conftest import SECRET_KEY
from tests.front import Front, Person, a_console, settings_for
from tests.inbox import meta

NUMBERS = ("51944218305", "51955301776", "51966750912")
SCRIPT = "<script>alert(1)</script>"

# Every address of these pages, and who may use it. A row for each, or the test below fails.
EVERYBODY, LEADERS, ADMINS = {"agent", "supervisor", "admin"}, {"supervisor", "admin"}, {"admin"}
MAY: dict[tuple[str, str], set[str]] = {
    ("GET", "/settings"): EVERYBODY,
    ("GET", "/settings/sessions"): EVERYBODY,
    ("POST", "/settings/sessions/{session_id:int}/end"): EVERYBODY,
    ("POST", "/settings/sessions/end-all"): EVERYBODY,
    ("POST", "/settings/sessions/end-everywhere"): EVERYBODY,
    ("GET", "/settings/language"): EVERYBODY,
    ("POST", "/settings/language"): EVERYBODY,
    ("GET", "/settings/password"): EVERYBODY,
    ("POST", "/settings/password"): EVERYBODY,
    ("GET", "/settings/second-factor"): EVERYBODY,
    ("POST", "/settings/second-factor"): EVERYBODY,
    ("POST", "/settings/second-factor/codes"): EVERYBODY,
    ("POST", "/settings/second-factor/removal"): EVERYBODY,
    ("GET", "/settings/sign-in"): ADMINS,
    ("POST", "/settings/sign-in"): ADMINS,
    ("POST", "/settings/sign-in/time-outs"): ADMINS,
    ("GET", "/settings/quality"): ADMINS,
    ("GET", "/settings/words"): ADMINS,
    ("POST", "/settings/words"): ADMINS,
    ("POST", "/settings/quality"): ADMINS,
    ("GET", "/settings/users/{agent_id:int}"): ADMINS,
    ("POST", "/settings/users/{agent_id:int}"): ADMINS,
    ("POST", "/settings/users/{agent_id:int}/remove-factor"): ADMINS,
    ("POST", "/settings/users/{agent_id:int}/sessions/{session_id:int}/end"): ADMINS,
    ("GET", "/settings/routing"): LEADERS,
    ("POST", "/settings/routing/{team_id:int}"): LEADERS,
    ("GET", "/audit"): LEADERS,
    ("GET", "/audit/export"): LEADERS,
    ("POST", "/audit/verification"): LEADERS,
    ("POST", "/audit/packs"): LEADERS,
    ("GET", "/audit/packs/{pack_id:int}"): LEADERS,
    ("GET", "/audit/packs/{pack_id:int}/progress"): LEADERS,
    ("GET", "/audit/packs/{pack_id:int}/file"): LEADERS,
    ("GET", "/settings/reviews"): LEADERS,
    ("POST", "/settings/reviews/{task_id:int}/resolve"): LEADERS,
    ("GET", "/settings/tags"): LEADERS,
    ("POST", "/settings/tags"): LEADERS,
    ("POST", "/settings/tags/{tag_id:int}"): LEADERS,
    ("POST", "/settings/tags/{tag_id:int}/retirement"): LEADERS,
    ("GET", "/settings/canned"): EVERYBODY,
    ("POST", "/settings/canned"): EVERYBODY,
    ("POST", "/settings/canned/{canned_id:int}"): EVERYBODY,
    ("POST", "/settings/canned/{canned_id:int}/retirement"): EVERYBODY,
    ("POST", "/settings/canned/{canned_id:int}/files"): EVERYBODY,
    ("GET", "/settings/canned/{canned_id:int}/files/{file_id:int}"): EVERYBODY,
    ("POST", "/settings/canned/{canned_id:int}/files/{file_id:int}/removal"): EVERYBODY,
    ("GET", "/settings/notifications"): EVERYBODY,
    ("POST", "/settings/notifications"): EVERYBODY,
    ("GET", "/settings/templates"): LEADERS,
    ("GET", "/settings/templates/new"): LEADERS,
    ("POST", "/settings/templates"): LEADERS,
    ("POST", "/settings/templates/refresh"): LEADERS,
    ("GET", "/settings/templates/drafts/{draft_id:int}"): LEADERS,
    ("POST", "/settings/templates/drafts/{draft_id:int}"): LEADERS,
    ("POST", "/settings/templates/drafts/{draft_id:int}/discard"): LEADERS,
    ("POST", "/settings/templates/drafts/{draft_id:int}/file"): LEADERS,
    ("POST", "/settings/templates/drafts/{draft_id:int}/file/removal"): LEADERS,
    ("POST", "/settings/templates/drafts/{draft_id:int}/file/default"): LEADERS,
    ("POST", "/settings/templates/{template_id:int}/draft"): LEADERS,
    ("GET", "/settings/dispositions"): LEADERS,
    ("POST", "/settings/dispositions"): LEADERS,
    ("POST", "/settings/dispositions/{disposition_id:int}"): LEADERS,
    ("POST", "/settings/dispositions/{disposition_id:int}/move"): LEADERS,
    ("POST", "/settings/dispositions/{disposition_id:int}/retirement"): LEADERS,
    ("GET", "/settings/hours"): LEADERS,
    ("POST", "/settings/hours"): LEADERS,
    ("POST", "/settings/hours/inheritance"): LEADERS,
    ("POST", "/settings/hours/days"): LEADERS,
    ("POST", "/settings/hours/days/removal"): LEADERS,
    ("GET", "/settings/retention"): ADMINS,
    ("POST", "/settings/retention"): ADMINS,
    ("GET", "/settings/targets"): LEADERS,
    ("POST", "/settings/targets"): LEADERS,
    ("GET", "/settings/portfolio"): LEADERS,
    ("POST", "/settings/portfolio"): LEADERS,
    ("GET", "/settings/users"): ADMINS,
    ("POST", "/settings/users"): ADMINS,
    ("POST", "/settings/users/{agent_id:int}/disable"): ADMINS,
    ("POST", "/settings/users/{agent_id:int}/end-sessions"): ADMINS,
    ("POST", "/settings/users/{agent_id:int}/reset-password"): ADMINS,
    ("GET", "/settings/roles"): ADMINS,
    ("POST", "/settings/roles"): ADMINS,
    ("GET", "/settings/roles/{role_id:int}"): ADMINS,
    ("POST", "/settings/roles/{role_id:int}"): ADMINS,
    ("POST", "/settings/roles/{role_id:int}/retirement"): ADMINS,
    ("GET", "/settings/tokens"): ADMINS,
    ("POST", "/settings/tokens"): ADMINS,
    ("POST", "/settings/tokens/{token_id:int}/revocation"): ADMINS,
    ("GET", "/settings/webhooks"): ADMINS,
    ("POST", "/settings/webhooks"): ADMINS,
    ("GET", "/settings/webhooks/{subscription_id:int}"): ADMINS,
    ("POST", "/settings/webhooks/{subscription_id:int}"): ADMINS,
    ("POST", "/settings/webhooks/{subscription_id:int}/deliveries/{delivery_id:int}/replay"): ADMINS,
    ("GET", "/settings/number"): ADMINS,
    ("GET", "/settings/channel"): ADMINS,
    ("POST", "/settings/number/profile"): ADMINS,
    ("POST", "/settings/number/refresh"): ADMINS,
    ("POST", "/settings/number/pause"): ADMINS,
    ("POST", "/settings/number/resume"): ADMINS,
    ("GET", "/settings/dead-letters"): ADMINS,
    ("GET", "/settings/dead-letters/{letter_id:int}/raw"): ADMINS,
    ("POST", "/settings/dead-letters/{letter_id:int}/replay"): ADMINS,
    ("POST", "/settings/dead-letters/{letter_id:int}/resolve"): ADMINS,
}


@pytest.fixture
async def front(sqlite_database_url: str, tmp_path: Path) -> AsyncIterator[Front]:
    async with a_console(settings_for(sqlite_database_url, tmp_path)) as front:
        yield front


@pytest.fixture
async def front_on_either(database_url: str, tmp_path: Path) -> AsyncIterator[Front]:
    async with a_console(settings_for(database_url, tmp_path)) as front:
        yield front


async def rows(front: Front, query: Any) -> list[Any]:
    async with front.console.db.reading() as tx:
        return list(await tx.scalars(query))


# Who may


async def test_every_address_of_these_pages_says_who_may_use_it(front: Front) -> None:
    """A27: the inventory is complete, and the server agrees with it for every role and for nobody."""
    found = {
        (method, route.path)
        for route in front.app.routes
        if route.path.startswith(("/settings", "/audit"))
        for method in getattr(route, "methods", ())
        if method not in {"OPTIONS", "HEAD"}
    }
    assert found == set(MAY)
    people = {role: await front.agent(role.title(), role=role) for role in sorted(EVERYBODY)}
    for (method, path), allowed in MAY.items():
        if path.endswith("end-everywhere"):
            continue
        for role, person in people.items():
            address = re.sub(r"\{[^}]+\}", "99", path)
            answer = await person.http.request(method, address, data={} if method == "POST" else None)
            assert (answer.status_code == 403) == (role not in allowed), (method, path, role, answer.status_code)
            assert answer.status_code < 500 or path.endswith(("refresh", "profile")), (method, path, role)
        stranger = await front.outside.request(method, address)
        assert stranger.status_code == 401


@pytest.mark.parametrize("number", ["0", "99999999999999999999", "-1", "1.5", "x", "%00"])
async def test_what_is_no_id_is_simply_not_found(front: Front, number: str) -> None:
    admin = await front.agent("Iván", role="admin")

    for path in ("users/{}/disable", "dead-letters/{}/replay", "reviews/{}/resolve", "sessions/{}/end"):
        answer = await admin.http.post(f"/settings/{path.format(number)}", data={"decision": "same_person"})
        assert answer.status_code == 404


# People


async def test_an_administrator_adds_somebody_who_can_then_come_in(front: Front) -> None:
    admin = await front.agent("Iván", role="admin")

    page = await admin.do(
        "/settings/users", name="Luz Paredes", email="Luz@Andes.example", role="agent", team="Judicial"
    )

    password = page.text.partition('<code class="num">')[2].partition("</code>")[0]
    answer = await front.outside.post("/login", data={"email": "luz@andes.example", "password": password})
    assert answer.status_code == 303
    listed = await admin.see("/settings/users")
    assert "Luz Paredes" in listed
    assert "Judicial" in listed
    assert password not in listed


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"email": "no es un correo"}, "Escriba un correo completo"),
        ({"name": ""}, "Escriba un nombre"),
        ({"name": "a\x1bb"}, "Escriba un nombre"),
        ({"role": "bot"}, "El rol debe ser"),
        ({"email": "iván@andes.example"}, "Ya hay una persona con ese correo"),
    ],
)
async def test_what_is_wrong_with_a_new_person_is_said_beside_the_field(
    front: Front,
    typed: dict[str, str],
    says: str,
) -> None:
    admin = await front.agent("Iván", role="admin")
    whole = {"name": "Luz", "email": "luz@andes.example", "role": "agent", **typed}

    answer = await admin.do("/settings/users", **whole)

    assert answer.status_code in {409, 422}
    assert says in answer.text


async def test_an_administrator_cannot_lock_the_last_one_out(front: Front) -> None:
    admin = await front.agent("Iván", role="admin")

    answer = await admin.do(f"/settings/users/{admin.id}/disable")

    assert answer.status_code == 409
    assert await admin.see("/settings/users")


async def test_an_administrator_ends_the_sessions_of_another(front: Front) -> None:
    admin, ana = await front.agent("Iván", role="admin"), await front.agent("Ana")

    await admin.do(f"/settings/users/{ana.id}/end-sessions")

    assert (await ana.http.get("/inbox")).status_code == 401


# The number


async def test_all_sending_is_stopped_and_resumed_with_a_reason_everybody_reads(front: Front) -> None:
    admin, ana = await front.agent("Iván", role="admin"), await front.agent("Ana")

    assert (await admin.do("/settings/number/pause", reason="")).status_code == 422
    assert (await admin.do("/settings/number/pause", reason="Feriado en la oficina")).status_code == 303

    assert "Detenidos" in await admin.see("/settings/number")
    assert "Feriado en la oficina" in await ana.see("/inbox")
    (channel,) = await rows(front, select(Channel))
    assert channel.paused_kind == "person"
    assert (await admin.do("/settings/number/resume")).status_code == 303
    assert "En marcha" in await admin.see("/settings/number")


async def test_what_whatsapp_says_about_the_number_is_kept_and_its_silence_said(front: Front) -> None:
    admin = await front.agent("Iván", role="admin")
    number = Number(display_phone_number="+51 1 640 2200", verified_name="Andes", quality_rating="GREEN")
    async with front.console.db.transaction() as tx:
        channel = (await tx.scalars(select(Channel))).one()
        assert await channel_state.learn(tx, channel, number, by=audit.SYSTEM)
        assert not await channel_state.learn(tx, channel, number, by=audit.SYSTEM)

    page = await admin.see("/settings/number")
    answer = await admin.do("/settings/number/refresh")

    assert "+51 1 6402200" in page
    assert "Alta" in page
    assert answer.status_code == 503, "nobody is at the Cloud API's address"


# Deliveries


async def test_a_delivery_nobody_understood_is_seen_safely_tried_again_and_put_aside(front: Front) -> None:
    admin = await front.agent("Iván", role="admin")
    odd = f'{{"entry": {SCRIPT}'.encode()
    assert (await front.webhook(odd)).status_code == 200

    page = await admin.see("/settings/dead-letters")
    raw = await admin.http.get("/settings/dead-letters/1/raw")

    assert SCRIPT not in page
    assert "&lt;script&gt;" in page
    assert raw.content == odd
    assert raw.headers["content-disposition"].startswith("attachment")
    assert raw.headers["content-type"] == "application/octet-stream"
    await admin.do("/settings/dead-letters/1/replay")
    assert "repetida 1 vez" in await admin.see("/settings/dead-letters")
    assert (await admin.do("/settings/dead-letters/1/resolve")).status_code == 303
    assert (await admin.do("/settings/dead-letters/1/resolve")).status_code == 409
    assert "Resuelta" in await admin.see("/settings/dead-letters")


async def test_a_delivery_that_is_understood_today_becomes_what_it_was(front: Front) -> None:
    admin = await front.agent("Iván", role="admin")
    async with front.console.db.transaction() as tx:
        payload = base64.b64encode(meta.body(meta.text("llegó tarde pero llegó"))).decode()
        letter = {"reason": "antes no se entendía", "payload": payload, "digest": "0" * 64, "size": 10}
        tx.add(DeadLetter(**letter, received_at=clock.now()))

    assert (await admin.do("/settings/dead-letters/1/replay")).status_code == 303

    (message,) = await rows(front, select(Message))
    assert message.text == "llegó tarde pero llegó"
    assert (await admin.do("/settings/dead-letters/1/replay")).status_code == 409


# Doubts


async def a_doubt(front: Front, kind: str, contact: int, other: int | None) -> None:
    async with front.console.db.transaction() as tx:
        doubted = await tx.get_one(Contact, contact)
        doubted.identity_doubt_at = clock.now()
        task = ReviewTask(kind=kind, digest=f"{kind}{contact}", contact_id=contact, other_contact_id=other, details={})
        task.created_at = clock.now()
        tx.add(task)


async def three_debtors(front: Front) -> None:
    for number, words in zip(NUMBERS, ("soy la primera", "soy la segunda", "soy la tercera"), strict=True):
        await front.webhook(meta.body(meta.text(words, sender=number)))


async def test_two_contacts_that_are_one_person_are_joined_by_a_persons_decision(front_on_either: Front) -> None:
    front = front_on_either
    leader = await front.agent("Víctor", role="supervisor")
    await three_debtors(front)
    await a_doubt(front, "alias_conflict", 1, 2)

    assert "Son la misma persona: unir" in await leader.see("/settings/reviews")
    answer = await leader.do("/settings/reviews/1/resolve", decision="merge")

    assert answer.status_code == 303
    texts = [m.text for m in await rows(front, select(Message).where(Message.conversation_id == 1))]
    assert sorted(texts) == ["soy la primera", "soy la segunda"]
    (kept,) = await rows(front, select(Contact).where(Contact.id == 1))
    assert kept.identity_doubt_at is None
    assert "Nada por revisar" in await leader.see("/settings/reviews")
    again = await leader.do("/settings/reviews/1/resolve", decision="merge")
    assert again.status_code in {404, 409}
    async with front.console.db.reading() as tx:
        assert (await audit.verify(tx, SECRET_KEY)).intact


@pytest.mark.parametrize(("decision", "is_trusted"), [("same_person", True), ("different_people", False)])
async def test_whoever_has_the_number_now_is_for_a_person_to_say(front: Front, decision: str, is_trusted: bool) -> None:
    leader = await front.agent("Víctor", role="supervisor")
    await three_debtors(front)
    await a_doubt(front, "number_changed", 1, None)

    assert (await leader.do("/settings/reviews/1/resolve", decision="merge")).status_code == 422
    assert (await leader.do("/settings/reviews/1/resolve", decision="who knows")).status_code == 422
    assert (await leader.do("/settings/reviews/1/resolve", decision=decision)).status_code == 303

    (contact,) = await rows(front, select(Contact).where(Contact.id == 1))
    assert (contact.identity_doubt_at is None) is is_trusted


async def test_one_doubt_settled_does_not_settle_another_about_the_same_person(front: Front) -> None:
    leader = await front.agent("Víctor", role="supervisor")
    await three_debtors(front)
    await a_doubt(front, "number_changed", 1, None)
    await a_doubt(front, "user_id_changed", 1, None)

    await leader.do("/settings/reviews/1/resolve", decision="same_person")
    (contact,) = await rows(front, select(Contact).where(Contact.id == 1))
    assert contact.identity_doubt_at is not None
    await leader.do("/settings/reviews/2/resolve", decision="same_person")
    (contact,) = await rows(front, select(Contact).where(Contact.id == 1))
    assert contact.identity_doubt_at is None


async def test_another_teams_people_are_not_for_this_supervisor_to_join(front: Front) -> None:
    """A28: neither to see nor to merge, when one of the two is out of reach."""
    leader = await front.agent("Víctor", role="supervisor")
    other = await front.agent("Olga", role="supervisor", team="Judicial")
    await three_debtors(front)
    async with front.console.db.transaction() as tx:
        hidden = await tx.get_one(Conversation, 2)
        hidden.team_id = await tx.scalar(text("SELECT id FROM team WHERE name = 'Judicial'"))
    await a_doubt(front, "alias_conflict", 1, 2)

    for person in (leader, other):
        assert "Nada por revisar" in await person.see("/settings/reviews")
        assert (await person.do("/settings/reviews/1/resolve", decision="merge")).status_code == 404
    admin = await front.agent("Iván", role="admin")
    assert (await admin.do("/settings/reviews/1/resolve", decision="different_people")).status_code == 303


# The history


ENTRIES = re.compile(r'class="e" href="[^"]*\bentry=(\d+)')


async def lines(person: Person, query: str = "") -> list[tuple[int, str]]:
    """Number and action of the entries shown."""
    numbers = [int(number) for number in ENTRIES.findall(await person.see(f"/audit{query}"))]
    found = {entry.id: entry.action for entry in await rows(person.front, select(AuditEntry))}
    return [(number, found[number]) for number in numbers]


async def test_the_history_is_filtered_by_conversation_person_deed_and_day(front: Front) -> None:
    admin, ana = await front.agent("Iván", role="admin"), await front.agent("Ana")
    await three_debtors(front)
    await ana.do("/inbox/2/assignment", holder="me")
    everything = await lines(admin)

    assert [number for number, _ in everything] == sorted((number for number, _ in everything), reverse=True)
    about_two = await lines(admin, "?conversation=2")
    assert "conversation.assigned" in [action for _, action in about_two]
    assert len(about_two) < len(everything)
    assert {action for _, action in await lines(admin, "?action=message.received")} == {"message.received"}
    by_ana = [action for _, action in await lines(admin, "?actor=ana")]
    assert set(by_ana) == {"session.started", "conversation.assigned"}
    assert await lines(admin, f"?actor={ana.id}") == await lines(admin, "?actor=Ana")
    assert await lines(admin, "?actor=contact")
    assert await lines(admin, "?from=2020-01-01&to=2099-12-31") == everything
    assert await lines(admin, "?to=2020-01-01") == []
    assert await lines(admin, "?from=2099-01-01") == []


@pytest.mark.parametrize(
    "query",
    [
        "conversation=x",
        "conversation=99999999999999999999",
        "actor=%25",
        "actor=%27%20OR%201=1--",
        "action=%00",
        "from=yesterday",
        "to=9999-12-31",
        "from=0001-01-01",
    ],
)
async def test_what_cannot_be_a_filter_is_never_a_fault(front_on_either: Front, query: str) -> None:
    """A34."""
    admin = await front_on_either.agent("Iván", role="admin")

    assert (await admin.http.get(f"/audit?{query}")).status_code == 200


async def test_the_history_goes_on_below_page_by_page_without_gap_or_repetition(front: Front) -> None:
    admin = await front.agent("Iván", role="admin")
    async with front.console.db.transaction() as tx:
        for _ in range(120):
            audit.record(tx, audit.SYSTEM, "template.updated")
    seen: list[int] = []
    query = ""
    while True:
        html = await admin.see(f"/audit{query}")
        seen += [int(number) for number in ENTRIES.findall(html)]
        following = re.search(r'class="more"><a [^>]*href="/audit\?cursor=([^"&]+)', html)
        if following is None:
            break
        query = f"?cursor={following[1]}"

    assert seen == sorted(await rows(front, select(AuditEntry.id)), reverse=True)


async def test_a_supervisor_reads_the_history_of_their_teams_conversations_only(front: Front) -> None:
    leader = await front.agent("Víctor", role="supervisor")
    other = await front.agent("Olga", role="supervisor", team="Judicial")
    await three_debtors(front)

    assert {action for _, action in await lines(leader)} >= {"message.received"}
    assert not {action for _, action in await lines(leader)} & {"session.started", "channel.updated"}
    assert await lines(other) == []
    assert await lines(other, "?conversation=1") == []


async def test_names_in_the_history_are_text_and_nothing_else(front: Front) -> None:
    """X1, X2."""
    admin = await front.agent("Iván", role="admin")
    async with front.console.db.transaction() as tx:
        hostile = audit.Actor(kind="agent", id=1, name=f"{SCRIPT}{{actor}}{{0.__class__}}", origin=SCRIPT)
        audit.record(tx, hostile, "channel.paused")
        audit.record(tx, hostile, "conversation.released", conversation_id=1)

    html = await admin.see("/audit")

    assert SCRIPT not in html
    assert "{0.__class__}" in html.replace("&#123;", "{")
