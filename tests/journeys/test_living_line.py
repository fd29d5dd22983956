"""A debtor writes and the right screens show it, in a blink and nowhere else."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from sqlalchemy import event, select
from sqlalchemy.engine import Engine

from console import audit, drivers
from console.inbox.models import Conversation, Message
from tests.conftest import SECRET_KEY
from tests.front import Front, Person
from tests.inbox import meta


async def conversation_id(front: Front) -> int:
    async with front.console.db.reading() as tx:
        return (await tx.scalars(select(Conversation.id).order_by(Conversation.id.desc()).limit(1))).one()


async def wrote(front: Front, text: str = "Hola, ¿cuánto debo?", **more: Any) -> int:
    """A debtor writes; the conversation it is in."""
    answer = await front.webhook(meta.body(meta.text(text, **more)))
    assert answer.status_code == 200
    return await conversation_id(front)


async def test_a_message_is_on_the_screen_of_whoever_may_see_it_and_of_nobody_else(front: Front) -> None:
    ana = await front.agent("Ana")
    stranger = await front.agent("Beto", team="Mora judicial")
    async with ana.live() as hers, stranger.live() as his:
        number = await wrote(front, "Mañana pago <b>todo</b>")

        frame = await hers.shows("Mañana pago")
        assert "&lt;b&gt;todo" in frame.html
        assert f'id="row-{number}"' in frame.html
        await wrote(front, "y otra cosa")
        await hers.shows("y otra cosa")
        await his.say(t="ping")
        await his.until(lambda frame: "pong" in frame.control)
        assert not any("Mañana" in frame.html or 'id="row-' in frame.html for frame in his.heard)
    assert "Mañana pago" not in await stranger.see("/inbox?view=all")
    assert "otra cosa" in await ana.see("/inbox?view=all")


async def test_an_open_thread_gets_the_bubble_that_the_page_would_show(front: Front) -> None:
    ana = await front.agent("Ana")
    number = await wrote(front)
    async with ana.live(opened=number) as wire:
        await wrote(front, "segundo mensaje")
        frame = await wire.shows('id="message-2"')

    page = await ana.see(f"/inbox/{number}")
    pushed = re.search(r'<li id="message-2".*?</li>\n?(?=<li|<section|<header|$)', frame.html, re.DOTALL)
    assert pushed is not None
    assert pushed.group().strip() in page, "page and push must be the same bytes"


async def test_an_answer_is_queued_at_once_and_seen_by_a_colleague(front: Front) -> None:
    ana, luz = await front.agent("Ana"), await front.agent("Luz")
    number = await wrote(front)
    async with luz.live(opened=number) as wire:
        answer = await ana.reply(number, "Buenos días, le ayudo")
        assert answer.status_code == 201
        # The sender may have taken it before the answer was drawn.
        assert re.search("en cola|enviando", answer.text)
        await wire.shows("Buenos días, le ayudo")


async def test_a_double_click_and_a_retried_post_are_one_message(front: Front) -> None:
    """O2: the same key, at once and again."""
    ana = await front.agent("Ana")
    number = await wrote(front)

    key = "11111111-2222-4333-8444-555555555555"
    answers = await asyncio.gather(*(ana.reply(number, "una sola vez", client_key=key) for _ in range(8)))

    assert {answer.status_code for answer in answers} == {201}
    async with front.console.db.reading() as tx:
        ours = (await tx.scalars(select(Message).where(Message.direction == "out"))).all()
    assert [message.text for message in ours] == ["una sola vez"]


async def test_outside_the_window_free_text_is_refused_and_nothing_is_lost(front: Front) -> None:
    ana = await front.agent("Ana")
    number = await wrote(front)
    async with front.console.db.transaction() as tx:
        conversation = await tx.get_one(Conversation, number)
        conversation.window_closes_at = conversation.created_at

    answer = await ana.reply(number, "tarde")

    assert (answer.status_code, answer.headers["x-refused"]) == (409, "window_closed")
    assert "plantilla" in answer.text


async def test_a_colleagues_answer_in_between_is_shown_before_anything_is_sent(front: Front) -> None:
    """R8: 409 with what is new, and a choice."""
    ana, luz = await front.agent("Ana"), await front.agent("Luz")
    number = await wrote(front)
    await luz.reply(number, "ya le contesto yo")

    refused = await ana.reply(number, "yo también", seen_sequence="1")
    assert (refused.status_code, refused.headers["x-refused"]) == (409, "colleague_wrote")
    assert "ya le contesto yo" in refused.text

    assert (await ana.reply(number, "yo también", seen_sequence="1", force="1")).status_code == 201


async def test_of_two_who_take_it_at_once_one_does_and_the_other_reads_who(front: Front) -> None:
    ana, luz = await front.agent("Ana"), await front.agent("Luz")
    number = await wrote(front)

    answers = await asyncio.gather(*(who.do(f"/inbox/{number}/assignment", holder="me") for who in (ana, luz)))

    assert sorted(answer.status_code for answer in answers) == [200, 409]
    (loser,) = [answer for answer in answers if answer.status_code == 409]
    assert loser.json()["detail"] in {"Ana ya tiene esta conversación.", "Luz ya tiene esta conversación."}


async def test_an_assignment_moves_the_row_between_views_and_the_counts_follow(front: Front) -> None:
    ana, luz = await front.agent("Ana"), await front.agent("Luz")
    number = await wrote(front)
    async with luz.live(view="unassigned") as wire, ana.live(view="mine") as hers:
        await ana.do(f"/inbox/{number}/assignment", holder="me")

        await wire.until(lambda frame: f"row-{number}" in frame.control.get("remove", []))
        await hers.shows(f'id="row-{number}"')
        await hers.shows('id="counts"')
    assert re.search(r'Mías <b class="num" data-count="mine">1</b>', await ana.see("/inbox"))


async def test_after_a_gap_the_screen_is_complete_and_says_how_much_is_new(front: Front) -> None:
    """I5, R5: what came between the page and the socket, and while the socket was gone."""
    ana = await front.agent("Ana")
    number = await wrote(front, "primero")
    page = await ana.see(f"/inbox/{number}?view=all")
    head = int(re.search(r'data-head="(\d+)"', page).group(1))  # type: ignore[union-attr]
    await wrote(front, "mientras cargaba")
    await wrote(front, "mientras dormía")

    async with ana.socket() as socket:
        from tests.front import Wire  # noqa: PLC0415

        wire = Wire(socket)
        await wire.say(t="hello", head=head, view="all", open=number)
        await wire.until(lambda frame: frame.control.get("caught_up") == 2)

    seen = "".join(frame.html for frame in wire.heard)
    assert "mientras cargaba" in seen
    assert "mientras dormía" in seen
    assert 'id="message-2"' in seen
    assert 'id="message-3"' in seen
    assert 'id="message-1"' not in seen


async def test_reading_is_per_agent(front: Front) -> None:
    ana, luz = await front.agent("Ana"), await front.agent("Luz")
    number = await wrote(front)
    async with ana.live(opened=number) as hers, luz.live() as theirs:
        await hers.say(t="seen", open=number, sequence=1)
        await hers.until(lambda frame: f'id="row-{number}"' in frame.html and "sin leer" not in frame.html)
        await wrote(front, "otro")
        await theirs.until(lambda frame: "2<span" in frame.html)


async def test_who_else_is_here_and_who_is_writing(front: Front) -> None:
    ana, luz = await front.agent("Ana"), await front.agent("Luz")
    number = await wrote(front)
    async with ana.live(opened=number) as hers:
        async with luz.live(opened=number) as theirs:
            await hers.shows('data-name="Luz"')
            await theirs.say(t="typing", on=True)
            await hers.until(lambda frame: "data-typing" in frame.html)
        await hers.until(lambda frame: 'id="presence-' in frame.html and "Luz" not in frame.html)


async def test_another_teams_conversation_is_closed_through_every_door(front: Front) -> None:
    """A27: by its address, its parts, its verbs and its socket; the answer is that of what does not exist."""
    await front.agent("Ana")
    stranger = await front.agent("Beto", team="Mora judicial")
    number = await wrote(front, "secreto de María")

    for path in ("", "/messages?before=9", "/history", "/templates"):
        answer = await stranger.http.get(f"/inbox/{number}{path}")
        assert answer.status_code == 404, path
        assert "María" not in answer.text
    for path, form in (
        ("replies", {"text": "hola", "client_key": "aaaaaaaa-0000"}),
        ("notes", {"text": "hola", "client_key": "aaaaaaaa-0001"}),
        ("assignment", {"holder": "me"}),
        ("resolution", {"disposition": "AD-NOCOB"}),
        ("reopening", {}),
        ("messages/1/resend", {}),
        ("template-messages", {"template_id": "1", "client_key": "aaaaaaaa-0002"}),
    ):
        assert (await stranger.do(f"/inbox/{number}/{path}", **form)).status_code == 404, path
    async with stranger.live() as wire:
        await wire.say(t="open", open=number)
        await wire.until(lambda frame: frame.control.get("error") == "not_found")
        await wire.say(t="seen", open=number, sequence=1)
        await wrote(front, "más secretos")
        await wire.say(t="ping")
        await wire.until(lambda frame: "pong" in frame.control)
        assert not any("secretos" in frame.html for frame in wire.heard)


async def test_signing_out_closes_the_screen_at_once(front: Front) -> None:
    """A12: and the old cookie opens nothing any more."""
    ana = await front.agent("Ana")
    async with ana.live() as wire:
        cookies = dict(ana.http.cookies)
        await ana.do("/logout")
        await wire.socket.wait_closed()
        assert wire.socket.close_code == 4401
    ana.http.cookies.update(cookies)
    async with ana.socket() as socket:
        await socket.wait_closed()
        assert socket.close_code == 4401


async def test_the_whole_line_is_in_a_history_that_verifies(front: Front) -> None:
    ana = await front.agent("Ana")
    number = await wrote(front)
    await ana.see(f"/inbox/{number}")
    await ana.reply(number, "Buenos días")
    await ana.do(f"/inbox/{number}/notes", text="cuidado", client_key="aaaaaaaa-0009")
    await ana.do(f"/inbox/{number}/resolution", disposition="AD-NOCOB")

    async with front.console.db.reading() as tx:
        actions = list(await tx.scalars(select(audit.AuditEntry.action).order_by(audit.AuditEntry.id)))
        verdict = await audit.verify(tx, SECRET_KEY)
    assert verdict.intact
    for action in (
        "session.started",
        "message.received",
        "conversation.viewed",
        "message.queued",
        "conversation.assigned",
        "message.noted",
        "conversation.resolved",
    ):
        assert action in actions


async def queries_of(front: Front, person: Person, path: str) -> int:
    heard: list[str] = []

    def hear(statement: str) -> None:
        task = asyncio.current_task()
        # The loops in the background ask now and then, and not for this page.
        if task is None or not task.get_name().startswith(("live.", "work", "pushes.", "ingest")):
            heard.append(statement)

    def hear_session(*parts: object) -> None:
        hear(str(parts[2]))

    event.listen(Engine, "before_cursor_execute", hear_session)
    drivers.listeners.append(hear)
    try:
        await person.see(path)
    finally:
        event.remove(Engine, "before_cursor_execute", hear_session)
        drivers.listeners.remove(hear)
    return len(heard)


async def test_a_page_costs_the_same_number_of_queries_whatever_it_shows(front: Front) -> None:
    ana = await front.agent("Ana")
    number = await wrote(front)
    few = [await queries_of(front, ana, path) for path in ("/inbox?view=all", f"/inbox/{number}?view=all")]

    for n in range(40):
        await wrote(front, f"mensaje {n}", sender=f"5190000{n:04d}")
        await wrote(front, f"mensaje {n}")
    many = [await queries_of(front, ana, path) for path in ("/inbox?view=all", f"/inbox/{number}?view=all")]

    assert many == few
    assert 0 < few[0] < few[1] <= 46


async def test_a_screen_believes_no_head_before_it_has_caught_up(front: Front) -> None:
    """R2: cut in between, it must ask again from where it stood."""
    ana, luz = await front.agent("Ana"), await front.agent("Luz")
    number = await wrote(front)
    async with luz.live(opened=number), ana.live(opened=number) as wire:
        (*before, last) = wire.heard
        assert not any("head" in frame.control for frame in before)
        assert last.control["head"] > 0


async def test_a_screen_whose_conversation_is_out_of_reach_gets_the_rest(front: Front) -> None:
    beto = await front.agent("Beto", team="Mora judicial")
    number = await wrote(front)

    async with beto.live(opened=number) as wire:
        assert any(frame.control.get("error") == "not_found" for frame in wire.heard)
