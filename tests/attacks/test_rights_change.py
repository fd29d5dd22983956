"""What somebody may see changes while they look: from then on they see what they may now, and nothing else.

Rows A16 to A18, A29 and A30, and sockets that outlive their session.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from sqlalchemy import delete, update

from console import audit
from console.agents import Agent, AgentTeam
from console.inbox import sockets
from console.inbox.models import Conversation
from tests.conftest import Moment
from tests.front import Front, Person, Wire
from tests.inbox import meta
from tests.patience import eventually

OTHER = "Mora judicial"


async def leaves_every_team(front: Front, person: Person) -> None:
    async with front.console.db.transaction() as tx:
        await tx.execute(delete(AgentTeam).where(AgentTeam.agent_id == person.id))
        audit.record(tx, audit.SYSTEM, "agent.updated", subject=f"agent:{person.id}", new={"team_ids": []})


async def becomes(front: Front, person: Person, role: str) -> None:
    async with front.console.db.transaction() as tx:
        await tx.execute(update(Agent).where(Agent.id == person.id).values(role=role))
        audit.record(tx, audit.SYSTEM, "agent.updated", subject=f"agent:{person.id}", new={"role": role})


async def hears_nothing_of(wire: Wire, *words: str) -> None:
    """Everything that came until now, and nothing of it says any of `words`."""
    since = len(wire.heard)
    await wire.say(t="ping")
    await wire.until(lambda frame: "pong" in frame.control)
    for frame in wire.heard[since:]:
        for word in words:
            assert word not in frame.html, word


def told_to_read_again(frame: Any) -> bool:
    return {"list", "pane", "counts"} <= set(frame.control.get("reload", ()))


async def test_who_is_taken_out_of_a_team_hears_no_more_of_it(front: Front) -> None:
    """A17: within a second; neither lines, nor the open thread, nor who else looks at it."""
    ana, luz = await front.agent("Ana"), await front.agent("Luz")
    await front.webhook(meta.body(meta.text("hola")))
    async with ana.live(opened=1) as hers, luz.live() as other:
        await leaves_every_team(front, ana)
        await hers.until(told_to_read_again, within=1)

        await front.webhook(meta.body(meta.text("secreto")))
        await other.say(t="open", open=1)
        await other.say(t="typing", on=True)
        await luz.reply(1, "le respondo yo")
        await other.shows("le respondo yo")
        await hears_nothing_of(hers, "secreto", "le respondo yo", 'data-name="Luz"', "row-1")

        await hers.say(t="open", open=1)
        await hers.until(lambda frame: frame.control.get("error") == "not_found")
        await hers.say(t="typing", on=True)
        await hers.say(t="seen", open=1, sequence=2)
        await hears_nothing_of(hers, "secreto", 'data-name="Luz"')
        assert [person.name for person in front.app.state.presence.people(1)] == ["Luz"]

    assert (await ana.http.get("/inbox/1")).status_code == 404
    assert "row-1" not in await ana.see("/inbox?view=all")
    counted = re.findall(r"data-count[^>]*>(\d+)", await ana.see("/inbox/counts?view=all"))
    assert set(counted) <= {"0"}


async def test_a_resumed_page_gets_nothing_of_a_team_it_is_no_longer_in(front: Front) -> None:
    """A17: not even what happened while they were still in it."""
    ana = await front.agent("Ana")
    async with front.console.db.reading() as tx:
        then = await audit.head_of(tx)
    await front.webhook(meta.body(meta.text("secreto")))
    await leaves_every_team(front, ana)

    async with ana.live(head=then, view="all") as wire:
        await hears_nothing_of(wire, "secreto")
        assert not any("secreto" in frame.html for frame in wire.heard)


async def test_an_administrator_no_longer_sees_only_their_team(front: Front) -> None:
    """A16: the next frame obeys, and so does the next page."""
    admin = await front.agent("Iván", role="admin", team=OTHER)
    await front.webhook(meta.body(meta.text("hola")))
    async with admin.live(opened=1) as wire:
        await becomes(front, admin, "agent")
        await wire.until(told_to_read_again, within=1)

        await front.webhook(meta.body(meta.text("secreto")))
        await hears_nothing_of(wire, "secreto", "row-1")

    for path in ("/settings/users", "/settings/number", "/settings/dead-letters", "/audit"):
        assert (await admin.http.get(path)).status_code == 403, path
    assert (await admin.http.get("/inbox/1")).status_code == 404


async def _is_held_by(front: Front, agent_id: int) -> None:
    async with front.console.db.transaction() as tx:
        await tx.execute(update(Conversation).where(Conversation.id == 1).values(holder_id=agent_id))


async def _is_let_go(front: Front) -> bool:
    async with front.console.db.reading() as tx:
        return (await tx.get_one(Conversation, 1)).holder_id is None


async def test_who_gives_away_what_they_only_held_loses_sight_of_it(front: Front) -> None:
    """A17: held, but of another team; from then on they are no longer among those who look at it."""
    ana = await front.agent("Ana", team=OTHER)
    sara = await front.agent("Sara", role="supervisor")
    await front.webhook(meta.body(meta.text("hola")))
    # The queues take it back from whom it cannot be with, as soon as they look; then they do not look for a while.
    await _is_held_by(front, ana.id)
    await eventually(lambda: _is_let_go(front), within=20)
    await _is_held_by(front, ana.id)
    async with ana.live(opened=1) as hers, sara.live(opened=1) as theirs:
        await sara.do("/inbox/1/assignment", holder="")
        await hers.until(lambda frame: "row-1" in frame.control.get("remove", ()), within=1)

        await front.webhook(meta.body(meta.text("secreto")))
        await theirs.say(t="typing", on=True)
        await theirs.shows("secreto")
        await hears_nothing_of(hers, "secreto", 'data-name="Sara"')


async def test_what_one_wrote_cannot_be_touched_once_the_conversation_is_out_of_reach(front: Front) -> None:
    """A30."""
    ana = await front.agent("Ana")
    await front.webhook(meta.body(meta.text("hola")))
    await ana.do("/inbox/1/notes", text="ojo", client_key="aaaaaaaa")
    await ana.reply(1, "Buenos días", client_key="bbbbbbbb")
    async with front.console.db.transaction() as tx:
        await tx.execute(delete(AgentTeam).where(AgentTeam.agent_id == ana.id))
        await tx.execute(update(Conversation).values(holder_id=None))

    # The same key, the same words: what would be a harmless repetition tells nothing either.
    assert (await ana.do("/inbox/1/notes", text="ojo", client_key="aaaaaaaa")).status_code == 404
    assert (await ana.reply(1, "Buenos días", client_key="bbbbbbbb")).status_code == 404
    assert (await ana.do("/inbox/1/messages/2/resend")).status_code == 404
    assert (await ana.http.put("/inbox/1/draft", data={"text": "x"})).status_code == 404


async def test_anothers_place_in_the_history_resumes_nothing_of_theirs(front: Front) -> None:
    """A18: a place is a number, and what is shown from it on is what the asker may see."""
    ana = await front.agent("Ana")
    beto = await front.agent("Beto", team=OTHER)
    async with ana.live(opened=1, view="all") as wire:
        await front.webhook(meta.body(meta.text("secreto")))
        head = (await wire.shows("secreto")).control["head"]

    for place in (0, head - 1, head, head + 10_000):
        async with beto.live(head=place, view="all", opened=1) as stolen:
            assert not any("secreto" in frame.html or "row-1" in frame.html for frame in stolen.heard)


async def test_old_ends_of_sessions_do_not_close_a_new_one(front: Front) -> None:
    """A page that slept through a "leave everywhere" and a new sign-in goes on, with what it missed."""
    ana = await front.agent("Ana")
    async with front.console.db.reading() as tx:
        then = await audit.head_of(tx)
    await ana.do("/settings/sessions/end-everywhere")
    await ana.sign_in()

    async with ana.live(head=then) as wire:
        await front.webhook(meta.body(meta.text("sigo aquí")))
        await wire.shows("sigo aquí")


async def test_a_socket_does_not_outlive_its_session_whatever_it_says(
    front: Front, moment: Moment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A11, A22: also one that never pings, as no page of ours would."""
    monkeypatch.setattr(sockets, "CHECK_EVERY", 0.0)
    ana = await front.agent("Ana")
    async with ana.live() as wire:
        moment.passes(hours=24, seconds=1)
        await wire.say(t="view", view="all")
        async with asyncio.timeout(2):
            await wire.socket.wait_closed()
        assert wire.socket.close_code == 4401


async def test_a_socket_that_says_nothing_is_let_go(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    """R6, R17: a page of ours pings; whatever else holds a line open does not get to keep it."""
    monkeypatch.setattr(sockets, "SILENCE", 0.1)
    ana = await front.agent("Ana")
    async with ana.socket() as socket:
        async with asyncio.timeout(2):
            await socket.wait_closed()
        assert socket.close_code == 1013


async def test_a_line_that_never_greeted_leaves_nothing_behind(front: Front) -> None:
    """It looks at a conversation without a greeting, and hangs up."""
    ana = await front.agent("Ana")
    await front.webhook(meta.body(meta.text("hola")))
    async with ana.socket() as socket:
        wire = Wire(socket)
        await wire.say(t="open", open=1)
        await wire.say(t="ping")
        await wire.until(lambda frame: "pong" in frame.control)

    await eventually(lambda: not front.app.state.screens.by_open)
    await eventually(lambda: not front.app.state.presence.people(1))


async def test_an_agent_has_only_so_many_lines_greeted_or_not(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    """R17."""
    monkeypatch.setattr(sockets, "SCREENS_PER_AGENT", 2)
    ana = await front.agent("Ana")
    async with ana.socket(), ana.live(), ana.socket() as third:
        await third.wait_closed()
        assert third.close_code == 4429

    await eventually(lambda: not +front.app.state.screens.lines)
    async with ana.live():
        pass
