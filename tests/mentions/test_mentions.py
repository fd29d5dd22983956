"""Mentions: a colleague named in a note is told of it, finds it, and is never somebody who may not see it."""

from __future__ import annotations

import re
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from console.agents import Agent, Team
from console.audit import SYSTEM, AuditEntry
from console.inbox.merge import merge_contacts
from console.inbox.models import Conversation, Message
from console.mentions import naming
from console.mentions.models import Mention
from console.notifications.choosing import WORDS
from tests.front import Front, Person, a_console, settings_for
from tests.inbox import meta
from tests.journeys.test_living_line import queries_of
from tests.notifications.test_push import Browser, PushService
from tests.patience import eventually


@pytest.fixture
async def front(database_url: str, tmp_path: Path) -> AsyncIterator[Front]:
    async with a_console(settings_for(database_url, tmp_path)) as front:
        await front.webhook(meta.body(meta.text("Hola, ¿cuánto debo?")))
        yield front


@pytest.fixture
async def service() -> AsyncIterator[PushService]:
    async with PushService().open() as service:
        yield service


async def note(person: Person, text: str, conversation: int = 1, **form: str) -> httpx.Response:
    form = {"text": text, "client_key": str(uuid.uuid4()), **form}
    return await person.do(f"/inbox/{conversation}/notes", **form)


async def unseen(person: Person) -> int:
    """The number beside Menciones."""
    found = re.search(r'data-count="mentions">([\d,]+)<', await person.see("/inbox/counts"))
    assert found
    return int(found[1])


async def listed(person: Person) -> list[tuple[str, bool]]:
    """The rows of Menciones, and which of them say that something is unseen."""
    rows = re.split(r'(?=<li id="row-)', await person.see("/inbox/rows?view=mentions"))[1:]
    return [(re.findall(r'id="(row-\d+)"', row)[0], 'class="named"' in row) for row in rows]


async def kept(front: Front) -> list[tuple[int, int]]:
    async with front.console.db.reading() as tx:
        of = (Mention.message_id, Mention.agent_id)
        found = await tx.execute(select(*of).order_by(*of))
        return [(message, agent) for message, agent in found]


async def test_who_is_mentioned_finds_it_until_they_have_seen_it_and_after(front: Front) -> None:
    ana, luz = await front.agent("Ana Ríos"), await front.agent("Luz Paredes")
    async with luz.live(view="mentions") as wire:
        answer = await note(ana, "Pide rebaja, @luz paredes: ¿se puede?")
        assert answer.status_code == 201
        assert f'<mark class="mention" data-agents="{luz.id}">@luz paredes</mark>' in answer.text
        # The row comes to the list she looks at, and the number beside the view goes up.
        await wire.shows('class="named"')
        await wire.shows('data-count="mentions">1<')

        assert (await unseen(luz), await listed(luz)) == (1, [("row-1", True)])
        assert (await unseen(ana), await listed(ana)) == (0, [])
        async with front.console.db.reading() as tx:
            sequence = (await tx.get_one(Conversation, 1)).last_sequence
        await wire.say(t="open", open=1)
        await wire.say(t="seen", open=1, sequence=sequence)
        await wire.shows('data-count="mentions">0<')

    # Seen, it is still found.
    assert (await unseen(luz), await listed(luz)) == (0, [("row-1", False)])
    # In whatever state the conversation is.
    await ana.do("/inbox/1/assignment", holder="me")
    assert await listed(luz) == [("row-1", False)]


async def test_it_is_kept_with_the_note_and_stands_in_the_same_entry(front: Front) -> None:
    ana, luz = await front.agent("Ana"), await front.agent("Luz")
    sara = await front.agent("Sara", role="supervisor")
    key = str(uuid.uuid4())
    for _again in range(2):
        answer = await note(ana, "@Luz, mira esto.", mentions=f"{sara.id}.{luz.id}", client_key=key)
        assert answer.status_code == 201
        # Who is not named in the words stands under them.
        assert re.search(rf'Para <mark class="mention" data-agents="{sara.id}">@Sara</mark>', answer.text)

    other = await note(ana, "@Luz, mira esto.", mentions=str(ana.id), client_key=key)
    assert (other.status_code, other.headers["x-refused"]) == (409, "key_reused")

    async with front.console.db.reading() as tx:
        (entry,) = await tx.scalars(select(AuditEntry).where(AuditEntry.action == "message.noted"))
        row = await tx.get_one(Message, entry.message_id)
    assert await kept(front) == [(row.id, luz.id), (row.id, sara.id)]
    assert f'"mentions":[{luz.id},{sara.id}]' in str(entry.new).replace(" ", "").replace("'", '"')
    assert (row.direction, row.status) == ("none", "noted")


async def test_a_note_of_a_transfer_calls_those_who_see_it_where_it_goes(front: Front) -> None:
    ana, luz = await front.agent("Ana"), await front.agent("Luz")
    beto, tito = await front.agent("Beto", team="Mora judicial"), await front.agent("Tito", team="Mora judicial")
    async with front.console.db.reading() as tx:
        team = (await tx.scalars(select(Team.id).where(Team.name == "Mora judicial"))).one()
    await ana.do("/inbox/1/assignment", holder="me")

    handed = {"to": f"team:{team}", "note": "@Beto, pide quita; @Luz ya la vio.", "client_key": str(uuid.uuid4())}
    assert (await ana.do("/inbox/1/transfer", **handed)).status_code == 200

    assert [await unseen(each) for each in (beto, tito, luz)] == [1, 0, 0]
    assert await listed(beto) == [("row-1", True)]
    assert f'<mark class="mention" data-agents="{beto.id}">@Beto</mark>' in await beto.see("/inbox/1")
    # To one person of another team, who sees it because it is theirs.
    await beto.do("/inbox/1/assignment", holder="me")
    handed = {"to": f"agent:{tito.id}", "note": "Sigue tú, @tito.", "client_key": str(uuid.uuid4())}
    assert (await beto.do("/inbox/1/transfer", **handed)).status_code == 200
    assert await unseen(tito) == 1


async def test_somebody_who_may_not_see_it_is_refused_and_the_words_are_not_lost(front: Front) -> None:
    ana, beto = await front.agent("Ana"), await front.agent("Beto", team="Mora judicial")
    admin = await front.agent("Elena", role="admin", team="Mora judicial")

    refused = await note(ana, "@Beto, ¿lo conoces?", mentions=str(beto.id))

    assert (refused.status_code, refused.headers["x-refused"]) == (422, "cannot_see")
    assert "No se puede mencionar a quien no ve esta conversación" in refused.text
    assert await kept(front) == []
    async with front.console.db.reading() as tx:
        assert not list(await tx.scalars(select(Message).where(Message.kind == "note")))
    # His name alone is only a word, and tells him nothing.
    assert (await note(ana, "Es de @Beto.")).status_code == 201
    assert await kept(front) == []
    # Nor is he offered, unlike whoever stands above the teams.
    offered = await ana.see("/inbox/1/colleagues")
    assert "Elena" in offered
    assert "Beto" not in offered
    assert f'data-colleague="{ana.id}"' not in offered
    assert (await beto.http.get("/inbox/1/colleagues")).status_code == 404
    assert (await note(ana, "Mire", mentions=str(admin.id))).status_code == 201


@pytest.mark.parametrize(
    ("mentions", "code"), [("1.x", "invalid"), ("99999", "cannot_see"), ("9" * 30, "invalid"), ("-1", "invalid")]
)
async def test_nonsense_is_told_apart(front: Front, mentions: str, code: str) -> None:
    ana = await front.agent("Ana")
    refused = await note(ana, "Hola", mentions=mentions)
    assert (refused.status_code, refused.headers["x-refused"]) == (422, code)


async def test_whoever_left_is_neither_offered_nor_told(front: Front) -> None:
    ana, luz = await front.agent("Ana"), await front.agent("Luz")
    await note(ana, "@Luz, mira")
    async with front.console.db.transaction() as tx:
        (await tx.get_one(Agent, luz.id)).disabled_at = (await tx.get_one(Agent, luz.id)).created_at
    assert "Luz" not in await ana.see("/inbox/1/colleagues")
    assert (await note(ana, "Otra", mentions=str(luz.id))).status_code == 422


async def test_who_loses_sight_of_a_conversation_loses_its_mention(front: Front) -> None:
    ana, luz = await front.agent("Ana"), await front.agent("Luz")
    beto = await front.agent("Beto", team="Mora judicial")
    await ana.do("/inbox/1/assignment", holder="me")
    await note(ana, "@Luz, mira")
    assert (await unseen(luz), len(await listed(luz))) == (1, 1)

    moved = await ana.do("/inbox/1/transfer", to="team:2", client_key=str(uuid.uuid4()), note="Es de judicial")

    assert moved.status_code == 200, moved.text
    assert (await unseen(luz), await listed(luz)) == (0, [])
    assert (await note(beto, "Gracias", mentions=str(luz.id))).status_code == 422


async def test_a_mention_rings_for_who_wants_it_and_for_nobody_else(front: Front, service: PushService) -> None:
    ana, luz, eva = await front.agent("Ana"), await front.agent("Luz"), await front.agent("Eva")
    hers, picky, own = Browser(service), Browser(service), Browser(service)
    await hers.subscribe(luz)
    await picky.subscribe(eva)
    await own.subscribe(ana)
    await eva.do("/settings/notifications", **{"kind.mine": "1"})

    await note(ana, "@Luz y @Eva: miren esto, que debe S/ 400. @Ana lo ve mañana.")

    await eventually(lambda: len(hers.told) == 1, within=10)
    assert hers.told == [
        {"title": "Al Día", "body": WORDS["mention"], "url": "/inbox/1", "tag": "mention-1", "lang": "es"}
    ]
    assert (picky.told, own.told) == ([], [])
    # Of a note that names nobody, nobody is told.
    await note(ana, "Sin nadie")
    await note(ana, "@Luz, otra vez")
    await eventually(lambda: len(hers.told) == 2, within=10)
    assert await unseen(ana) == 0


async def test_two_conversations_of_one_person_keep_what_is_unseen(front: Front) -> None:
    ana, luz = await front.agent("Ana"), await front.agent("Luz")
    await front.webhook(meta.body(meta.text("Soy yo, con otro número", sender="51911111111")))
    async with front.console.db.reading() as tx:
        first, second = (await tx.scalars(select(Conversation).order_by(Conversation.id))).all()
    await note(ana, "@Luz, mira", conversation=second.id)

    async with front.console.db.transaction() as tx:
        await merge_contacts(tx, keep=first.contact_id, absorb=second.contact_id, by=SYSTEM)

    assert (await unseen(luz), await listed(luz)) == (1, [(f"row-{first.id}", True)])


async def test_the_list_costs_the_same_for_one_mention_as_for_many(front: Front) -> None:
    ana, luz = await front.agent("Ana"), await front.agent("Luz")
    await note(ana, "@Luz, mira")
    few = await queries_of(front, luz, "/inbox?view=mentions")
    for number in range(12):
        await front.webhook(meta.body(meta.text("Hola", sender=f"5192222{number:04d}")))
        await note(ana, "@Luz, esta también", conversation=number + 2)
    assert await unseen(luz) == 13
    assert await queries_of(front, luz, "/inbox?view=mentions") == few


NAMES = st.sampled_from(["Ana", "Ana Ríos", "Luz Paredes", "Ñ. O'Hara", "a.b*c"])


@given(st.lists(st.one_of(NAMES.map(lambda name: f"@{name}"), st.text(alphabet="ab @.,é\n<", max_size=6))))
def test_what_is_found_stands_in_the_text_and_never_overlaps(pieces: list[str]) -> None:
    text = " ".join(pieces)
    names = ["Ana", "Ana Ríos", "Luz Paredes", "Ñ. O'Hara", "a.b*c"]
    end = 0
    for start, after, name in naming.find(text, names):
        assert start >= end
        assert text[start:after].casefold() == f"@{name}".casefold()
        end = after


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("@Ana Ríos, mira", ["Ana Ríos"]),
        ("@Ana mira", ["Ana"]),
        ("@Anabel mira", []),
        ("escriba a luz@Ana.pe", []),
        ("(@ana ríos)", ["Ana Ríos"]),
        ("@Luz\nParedes", []),
        ("@", []),
    ],
)
def test_a_name_is_a_whole_name(text: str, found: list[str]) -> None:
    assert [name for _from, _to, name in naming.find(text, ["Ana", "Ana Ríos", "Luz Paredes"])] == found


async def test_the_list_of_a_transfer_has_those_who_will_see_it_there_and_leafs_through_no_other_team(
    front: Front,
) -> None:
    ana, luz = await front.agent("Ana"), await front.agent("Luz")
    other, beto = await front.agent("Otra"), await front.agent("Beto", team="Mora judicial")
    ivan = await front.agent("Iván", role="admin", team="Mora judicial")
    async with front.console.db.transaction() as tx:
        team = (await tx.scalars(select(Team.id).where(Team.name == "Mora judicial"))).one()
        await tx.execute(update(Agent).where(Agent.id == other.id).values(name="Luz"))
    await ana.do("/inbox/1/assignment", holder="me")

    async def listed_for(to: str) -> list[int]:
        page = await ana.see(f"/inbox/1/colleagues?to={to}")
        assert 'id="colleagues-deed"' in page
        return [int(number) for number in re.findall(r'data-colleague="(\d+)"', page)]

    assert await listed_for("") == [ivan.id, luz.id, other.id]
    assert await listed_for(f"agent:{other.id}") == [other.id, ivan.id, luz.id], "who is to have it stands first"
    assert await listed_for(f"team:{team}") == [ivan.id], "nobody of the other team is shown, nor who sees it no more"
    for odd in ("agent:x", "team:", f"team:{10**30}"):
        assert (await ana.http.get(f"/inbox/1/colleagues?to={odd}")).status_code == 422
    assert (await beto.http.get("/inbox/1/colleagues?to=")).status_code == 404

    # Of two people of one name, whoever was picked is told.
    handed = {"to": f"agent:{other.id}", "note": "Sigue tú, @Luz.", "client_key": str(uuid.uuid4())}
    assert (await ana.do("/inbox/1/transfer", **handed, mentions=str(other.id))).status_code == 200
    assert [await unseen(each) for each in (luz, other)] == [0, 1]
