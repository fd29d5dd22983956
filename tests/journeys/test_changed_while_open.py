"""Two people on one conversation at every step, and somebody whose team or role changes while the page is open."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from websockets.exceptions import ConnectionClosed

from console import audit
from console.agents import Team
from console.inbox.models import Conversation, Message
from console.inbox.screens import SIGN_IN_AGAIN
from tests.conftest import SECRET_KEY
from tests.front import Front, Person
from tests.inbox import meta

FINE = {200, 201, 204}


async def wrote(front: Front, text: str = "Hola") -> None:
    assert (await front.webhook(meta.body(meta.text(text)))).status_code == 200


async def stands(front: Front) -> Conversation:
    async with front.console.db.reading() as tx:
        return await tx.get_one(Conversation, 1)


async def whole(front: Front) -> None:
    async with front.console.db.reading() as tx:
        assert (await audit.verify(tx, SECRET_KEY)).intact


# What each of two does at the same moment: the address, the form, and how many of the two may have their way.
STEPS: tuple[tuple[str, dict[str, str], int], ...] = (
    ("assignment", {"holder": "me"}, 1),
    ("replies", {"text": "Buenos días", "seen_sequence": "1"}, 1),
    ("notes", {"text": "Paga los viernes"}, 2),
    ("snooze", {"until": "hour"}, 2),
    ("reopening", {}, 2),
    ("resolution", {"disposition": "CD-CON"}, 2),
    ("consent", {"kind": "opt_out"}, 2),
)


@pytest.mark.parametrize(("step", "form", "most"), STEPS, ids=[step for step, _form, _most in STEPS])
async def test_two_do_it_at_the_same_moment(front: Front, *, step: str, form: dict[str, str], most: int) -> None:
    ana, luz = await front.agent("Ana"), await front.agent("Luz")
    await wrote(front)

    async def does(who: Person) -> httpx.Response:
        return await who.do(f"/inbox/1/{step}", **form, client_key=str(uuid.uuid4()))

    answers = await asyncio.gather(does(ana), does(luz))

    won = [answer for answer in answers if answer.status_code in FINE]
    lost = [answer for answer in answers if answer.status_code not in FINE]
    assert 1 <= len(won) <= most, [(answer.status_code, answer.text[:200]) for answer in answers]
    assert all(answer.status_code in {409, 422} for answer in lost), "told why, and nothing of ours broke"
    await whole(front)


async def test_one_hands_it_on_while_the_other_answers(front: Front) -> None:
    ana, luz = await front.agent("Ana"), await front.agent("Luz")
    await wrote(front)
    await ana.do("/inbox/1/assignment", holder="me")

    handing = ana.do("/inbox/1/transfer", to=f"agent:{luz.id}", note="Es suya", client_key=str(uuid.uuid4()))
    handed, answered = await asyncio.gather(handing, luz.reply(1, "Ya le contesto"))

    assert (handed.status_code, answered.status_code) == (200, 201)
    assert (await stands(front)).holder_id == luz.id
    async with front.console.db.reading() as tx:
        out = list(await tx.scalars(select(Message.text).where(Message.direction == "out")))
    assert out == ["Ya le contesto"]
    await whole(front)


async def test_whose_team_is_changed_while_the_page_is_open_sees_and_does_nothing_more_there(front: Front) -> None:
    elena = await front.agent("Elena", role="admin")
    ana = await front.agent("Ana")
    await front.agent("Eva", team="Mora judicial")
    await wrote(front, "Solo para Cobranza")
    async with front.console.db.reading() as tx:
        other = (await tx.scalars(select(Team.id).where(Team.name == "Mora judicial"))).one()

    async with ana.live(opened=1) as wire:
        form = {"role": "agent", f"team-{other}": "1"}
        assert (await elena.do(f"/settings/users/{ana.id}", **form)).status_code == 200
        with pytest.raises(ConnectionClosed) as closed:
            await wire.until(lambda frame: "nothing" in frame.control)
        await wrote(front, "Lo que ya no verá")
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == SIGN_IN_AGAIN
        assert not any("ya no verá" in frame.html for frame in wire.heard)

    assert (await ana.reply(1, "Esto no sale")).status_code == 401
    await ana.sign_in()
    for step, more in (*((step, form) for step, form, _most in STEPS), ("template-messages", {"template_id": "1"})):
        answer = await ana.do(f"/inbox/1/{step}", **more, client_key=str(uuid.uuid4()))
        assert answer.status_code == 404, (step, answer.status_code)
    assert "Solo para Cobranza" not in await ana.see("/inbox?view=all")
    async with front.console.db.reading() as tx:
        assert not list(await tx.scalars(select(Message.id).where(Message.direction == "out")))


async def test_whose_role_is_taken_while_the_page_is_open_leads_no_more(front: Front) -> None:
    elena, rosa = await front.agent("Elena", role="admin"), await front.agent("Rosa", role="supervisor")
    ana, luz = await front.agent("Ana"), await front.agent("Luz")
    await wrote(front)
    await ana.do("/inbox/1/assignment", holder="me")
    assert (await rosa.do("/inbox/1/assignment", holder=str(ana.id))).status_code == 200

    form: dict[str, Any] = {"role": "agent", "team-1": "1"}
    assert (await elena.do(f"/settings/users/{rosa.id}", **form)).status_code == 200
    await rosa.sign_in()

    assert (await rosa.do("/inbox/1/assignment", holder=str(luz.id))).status_code == 403
    assert (await rosa.do("/inbox/1/assignment", holder="me")).status_code == 409
    assert (await stands(front)).holder_id == ana.id
