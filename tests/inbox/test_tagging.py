"""Free tags: made by who leads, put by who sees, one at a time or many at once, and never a state of account."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from console.agents import Viewer
from console.db import Database
from console.errors import Refused
from console.inbox import tagging
from console.inbox.merge import merge_contacts
from console.inbox.models import Conversation
from console.inbox.rows import tags_on
from console.inbox.tags import Tag
from tests.conftest import Moment
from tests.inbox.people import a_conversation, an_inbox, fresh, history


async def a_tag(database: Database, by: Viewer, name: str = "Paga por Yape", **more: Any) -> int:
    async with database.transaction() as tx:
        return (await tagging.create(tx, by=by, name=name, **more)).id


async def put(database: Database, conversation: Conversation, tag_id: int, by: Viewer) -> bool:
    async with database.transaction() as tx:
        return await tagging.put(tx, conversation, await tx.get_one(Tag, tag_id), by=by)


async def names(database: Database, conversation: Conversation) -> list[str]:
    async with database.reading() as tx:
        return [tag.name for tag in await tags_on(tx, conversation.id)]


async def used(database: Database, tag_id: int) -> int:
    async with database.reading() as tx:
        return (await tx.get_one(Tag, tag_id)).used


async def test_a_tag_is_put_once_and_taken_off_once_and_both_are_on_record(database: Database, moment: Moment) -> None:
    inbox = await an_inbox(database)
    conversation = await a_conversation(database, inbox)
    tag = await a_tag(database, inbox.supervisor, "  Paga   por Yape ")

    assert await put(database, conversation, tag, inbox.ana)
    assert not await put(database, conversation, tag, inbox.luz)
    assert await names(database, conversation) == ["Paga por Yape"]
    assert await used(database, tag) == 1
    assert (await fresh(database, conversation)).version == conversation.version + 1
    async with database.transaction() as tx:
        assert await tagging.take(tx, conversation, await tx.get_one(Tag, tag), by=inbox.luz)
        assert not await tagging.take(tx, conversation, await tx.get_one(Tag, tag), by=inbox.luz)

    assert await names(database, conversation) == []
    assert await used(database, tag) == 0
    told = [(entry.action, entry.actor_id) for entry in await history(database, conversation_id=conversation.id)]
    assert told[-2:] == [("conversation.tagged", inbox.ana.id), ("conversation.untagged", inbox.luz.id)]


async def test_only_who_leads_makes_tags_and_only_for_teams_of_theirs(database: Database, moment: Moment) -> None:
    inbox = await an_inbox(database)
    other = next(iter(inbox.stranger.team_ids))

    cases: list[tuple[Viewer, dict[str, Any], int]] = [
        (inbox.ana, {}, 403),
        (inbox.supervisor, {"team_id": other}, 422),
        (inbox.admin, {"team_id": 999}, 422),
    ]
    for by, more, status in cases:
        with pytest.raises(Refused) as refused:
            await a_tag(database, by, **more)
        assert refused.value.status == status
    await a_tag(database, inbox.admin, team_id=other)


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"name": " "}, "invalid", "name"),
        ({"name": "x" * 41}, "invalid", "name"),
        ({"name": "a\x00b"}, "invalid", "name"),
        ({"name": "AL DÍA"}, "computed_tag", "name"),
        ({"name": "Vencido 16-45"}, "computed_tag", "name"),
        ({"name": "vencido +90"}, "computed_tag", "name"),
        ({"name": "Vip", "colour": "#fff"}, "invalid", "colour"),
        ({"name": "Vip", "description": "x" * 201}, "invalid", "description"),
        ({"name": "páGA  por YAPE"}, "tag_exists", "name"),
    ],
)
async def test_what_cannot_be_a_tag_is_refused_by_its_field(
    database: Database, moment: Moment, values: dict[str, str], code: str, field: str
) -> None:
    inbox = await an_inbox(database)
    await a_tag(database, inbox.supervisor)

    with pytest.raises(Refused) as refused:
        await a_tag(database, inbox.supervisor, **values)

    assert (refused.value.code, refused.value.field) == (code, field)


async def test_a_retired_tag_stays_where_it_is_is_put_nowhere_and_comes_back_by_its_name(
    database: Database, moment: Moment
) -> None:
    inbox = await an_inbox(database)
    has, has_not = await a_conversation(database, inbox), await a_conversation(database, inbox, wa_id="51944218399")
    tag = await a_tag(database, inbox.supervisor)
    await put(database, has, tag, inbox.ana)
    async with database.transaction() as tx:
        await tagging.retire(tx, await tx.get_one(Tag, tag), by=inbox.supervisor)

    with pytest.raises(Refused, match="retiró"):
        await put(database, has_not, tag, inbox.ana)
    assert await names(database, has) == ["Paga por Yape"]
    assert await a_tag(database, inbox.supervisor, "PAGA POR YAPE") == tag
    assert await put(database, has_not, tag, inbox.ana)


async def test_a_teams_tag_is_for_its_conversations(database: Database, moment: Moment) -> None:
    inbox = await an_inbox(database)
    conversation = await a_conversation(database, inbox)
    tag = await a_tag(database, inbox.admin, team_id=next(iter(inbox.stranger.team_ids)))

    with pytest.raises(Refused, match="otro equipo"):
        await put(database, conversation, tag, inbox.admin)


async def test_two_who_put_the_same_tag_at_once_put_it_once(database: Database, moment: Moment) -> None:
    inbox = await an_inbox(database)
    conversation = await a_conversation(database, inbox)
    tag = await a_tag(database, inbox.supervisor)

    done = await asyncio.gather(*(put(database, conversation, tag, by) for by in (inbox.ana, inbox.luz) * 4))

    assert sorted(done) == [False] * 7 + [True]
    assert await used(database, tag) == 1


async def test_two_conversations_that_were_one_have_the_tags_of_both(database: Database, moment: Moment) -> None:
    inbox = await an_inbox(database)
    kept, gone = await a_conversation(database, inbox), await a_conversation(database, inbox, wa_id="51944218399")
    both, one = await a_tag(database, inbox.supervisor), await a_tag(database, inbox.supervisor, "Aval")
    for conversation, tag in ((kept, both), (gone, both), (gone, one)):
        await put(database, conversation, tag, inbox.ana)
    async with database.transaction() as tx:
        await merge_contacts(tx, keep=kept.contact_id, absorb=gone.contact_id, by=inbox.admin.actor)

    assert await names(database, kept) == ["Aval", "Paga por Yape"]
    assert [await used(database, tag) for tag in (both, one)] == [1, 1]
