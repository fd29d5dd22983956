"""Payment links: asked for by an agent, made once by the provider, and a page that tells a stranger nothing."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from console.agents import Team
from console.db import Database
from console.inbox.models import Conversation
from console.portfolio.ledger import PaymentLink
from console.portfolio.models import Account, Invoice
from console.portfolio.pay_page import pace
from integrations.payments.stripe import Stripe
from tests.conftest import Moment
from tests.front import Front, Person, a_console, settings_for
from tests.inbox import meta
from tests.inbox.people import actions, messages
from tests.integrations.payments import peers
from tests.integrations.payments.peers import StripePeer
from tests.portfolio.debts import Debt, a_debtor
from tests.portfolio.paying import LATE, provider_settings

NAME = "María Fernanda Ccori"


class Scene:
    """Ana of the team, and María who owes S/ 412.50 and S/ 100.00 not yet due."""

    def __init__(self, front: Front, peer: StripePeer, ana: Person, debt: Debt, conversation_id: int) -> None:
        self.front, self.peer, self.ana, self.debt = front, peer, ana, debt
        self.conversation_id = conversation_id
        self.db: Database = front.console.db
        self.path = f"/inbox/{conversation_id}/payment-links"

    async def asks(self, **form: str) -> httpx.Response:
        return await self.ana.do(self.path, **{"account_id": str(self.debt.account_id), "kind": "overdue", **form})

    async def links(self) -> list[PaymentLink]:
        async with self.db.reading() as tx:
            return list(await tx.scalars(select(PaymentLink).order_by(PaymentLink.id)))

    async def link(self, **form: str) -> PaymentLink:
        answer = await self.asks(**form)
        assert answer.status_code == 201, answer.text
        return (await self.links())[-1]

    async def page(self, token: str, more: str = "") -> httpx.Response:
        return await self.front.outside.get(f"/p/{token}{more}")


@pytest.fixture
async def scene(database_url: str, tmp_path: Path, moment: Moment) -> AsyncIterator[Scene]:
    pace.__init__()  # type: ignore[misc]
    peer = StripePeer()
    async with a_console(settings_for(database_url, tmp_path, **provider_settings("stripe"))) as front:
        front.console.payments = Stripe(
            peer.client(), base_url=peer.base_url, key=peers.STRIPE_KEY, secrets=[peers.SECRET]
        )
        ana = await front.agent("Ana")
        await front.webhook(meta.body(meta.text("Quiero pagar", sender=meta.MARIA)))
        async with front.console.db.reading() as tx:
            team_id = (await tx.scalars(select(Team.id).where(Team.name == "Cobranza"))).one()
            conversation_id = (await tx.scalars(select(Conversation.id))).one()
        bills = [("F-1", LATE, 41250), ("F-2", LATE + timedelta(days=90), 10000)]
        debt = await a_debtor(front.console.db, team_id, phone=meta.MARIA, invoices=bills, name=NAME)
        yield Scene(front, peer, ana, debt, conversation_id)


async def test_a_link_is_made_told_and_ready_to_be_sent(scene: Scene) -> None:
    answer = await scene.asks()

    assert (answer.status_code, answer.headers["x-done"]) == (201, "payment_link")
    (link,) = await scene.links()
    assert (link.state, link.amount_minor, link.url) == (
        "open", 41250, "https://checkout.stripe.com/c/pay/cs_live_1",
    )  # fmt: skip
    assert f"{scene.front.address}/p/{link.token}" in answer.text
    assert 'data-act="insert-text"' in answer.text
    line = (await messages(scene.db, await the_conversation(scene)))[-1]
    assert line.content == {
        "action": "payment_link_created", "who": "Ana", "minor": 41250, "currency": "PEN",
    }  # fmt: skip
    assert "payment_link.created" in await actions(scene.db, conversation_id=scene.conversation_id)


async def the_conversation(scene: Scene) -> Conversation:
    async with scene.db.reading() as tx:
        return await tx.get_one(Conversation, scene.conversation_id)


async def test_the_token_is_128_bits_and_the_provider_learns_nothing_about_the_person(scene: Scene) -> None:
    link = await scene.link()

    assert re.fullmatch(r"[\w-]{22}", link.token)
    sent = scene.peer.sessions[0]
    assert NAME.split(maxsplit=1)[0] not in str(sent)
    assert meta.MARIA not in str(sent)
    assert scene.debt.external_id not in str(sent)
    assert link.token not in scene.peer.asked[0].headers["idempotency-key"]


@pytest.mark.parametrize(
    ("form", "minor"),
    [({"kind": "overdue"}, 41250), ({"kind": "total"}, 51250), ({"kind": "other", "amount": "S/ 1.50"}, 150)],
)
async def test_it_may_ask_for_what_is_overdue_for_all_or_for_another_amount(
    scene: Scene, form: dict[str, str], minor: int
) -> None:
    assert (await scene.link(**form)).amount_minor == minor


@pytest.mark.parametrize("amount", ["0", "-5", "512.51", "x", "", "1.001"])
async def test_no_more_and_nothing_else_than_what_is_owed(scene: Scene, amount: str) -> None:
    answer = await scene.asks(kind="other", amount=amount)

    assert answer.status_code == 422
    assert 'id="deed-amount-words"' in answer.text
    assert await scene.links() == []
    assert scene.peer.asked == []


async def test_the_same_again_is_the_same_link(scene: Scene) -> None:
    first, second = await scene.link(), await scene.link()

    assert first.token == second.token
    assert len(scene.peer.sessions) == 1


@pytest.mark.parametrize("failure", [503, httpx.ConnectError("no"), httpx.ReadTimeout("slow")])
async def test_a_provider_that_does_not_answer_is_said_and_makes_no_second_link(
    scene: Scene, failure: int | Exception
) -> None:
    scene.peer.fails_with = failure
    refused = await scene.asks()
    assert refused.status_code == 503
    assert "no respondió" in refused.text
    assert "payment_link.failed" in await actions(scene.db, conversation_id=scene.conversation_id)
    scene.peer.fails_with = None

    link = await scene.link()

    assert len(await scene.links()) == len(scene.peer.sessions) == 1
    assert (link.state, link.failure) == ("open", None)
    assert len({request.headers["idempotency-key"] for request in scene.peer.asked}) == 1


async def test_a_provider_that_says_no_is_said(scene: Scene) -> None:
    scene.peer.fails_with = 401

    refused = await scene.asks()

    assert refused.status_code == 503
    assert "no aceptó" in refused.text


async def test_an_agent_of_another_team_makes_no_link_and_sees_none(scene: Scene) -> None:
    link = await scene.link()
    beto = await scene.front.agent("Beto", team="Otra")

    for path in (scene.path, f"{scene.path}/{link.id}/cancellation"):
        answer = await beto.do(path, account_id=str(scene.debt.account_id), kind="total")
        assert answer.status_code == 404
    assert (await beto.http.get(f"{scene.path}/new")).status_code == 404


async def test_a_debt_of_somebody_else_is_not_linked_from_this_conversation(scene: Scene) -> None:
    async with scene.db.reading() as tx:
        team_id = (await tx.scalars(select(Team.id))).first()
    assert team_id is not None
    other = await a_debtor(scene.db, team_id, phone="51911111111", invoices=[("F-1", LATE, 500)])

    assert (await scene.asks(account_id=str(other.account_id))).status_code == 404
    assert (await scene.asks(account_id="9" * 18)).status_code == 404


# The page


async def test_the_page_shows_an_amount_and_a_way_to_pay_and_nothing_else(scene: Scene) -> None:
    link = await scene.link()

    page = await scene.page(link.token)

    assert page.status_code == 200
    assert "412.50" in page.text
    assert "Financiera Andes" in page.text
    for secret in (NAME, "María", meta.MARIA, scene.debt.external_id, "F-1", "Ana", link.url or "?"):
        assert secret not in page.text
    assert page.headers["x-robots-tag"] == "noindex, nofollow"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"


async def test_it_leads_to_the_provider(scene: Scene) -> None:
    link = await scene.link()

    answer = await scene.page(link.token, "/ir")

    assert (answer.status_code, answer.headers["location"]) == (303, link.url)


async def test_whoever_comes_back_is_thanked_and_not_asked_again(scene: Scene) -> None:
    link = await scene.link()

    page = await scene.page(link.token, "?volver=1")

    assert "Estamos confirmando su pago" in page.text
    assert "/ir" not in page.text


async def _expired(scene: Scene, moment: Moment) -> None:
    moment.passes(hours=25)


async def _paid(scene: Scene, moment: Moment) -> None:
    async with scene.db.transaction() as tx:
        await tx.execute(update(PaymentLink).values(state="paid"))


async def _cancelled(scene: Scene, moment: Moment) -> None:
    link = (await scene.links())[-1]
    assert (await scene.ana.do(f"{scene.path}/{link.id}/cancellation")).status_code == 200


async def _settled_otherwise(scene: Scene, moment: Moment) -> None:
    async with scene.db.transaction() as tx:
        await tx.execute(update(Invoice).values(balance_minor=0))
        await tx.execute(update(Account).values(balance_minor=0))


async def _closed(scene: Scene, moment: Moment) -> None:
    async with scene.db.transaction() as tx:
        await tx.execute(update(Account).values(status="closed"))


@pytest.mark.parametrize("happens", [_expired, _paid, _cancelled, _settled_otherwise, _closed])
async def test_a_link_that_is_over_leads_nowhere_and_looks_like_one_that_never_was(
    scene: Scene, moment: Moment, happens: Any
) -> None:
    link = await scene.link()
    await happens(scene, moment)

    page, unknown = await scene.page(link.token), await scene.page("x" * 22)
    away = await scene.page(link.token, "/ir")

    assert (page.status_code, _plain(page.text)) == (unknown.status_code, _plain(unknown.text))
    assert "ya no está disponible" in page.text
    assert "412.50" not in page.text
    assert away.headers["location"] == f"/p/{link.token}"


def _plain(text: str) -> str:
    return re.sub(r'data-now="[^"]*"', "", text)


@pytest.mark.parametrize("token", ["x", "x" * 22, "x" * 500, "..%2F..", "%00" * 22, "é" * 22])
async def test_no_token_of_strangers_is_anything_but_gone(scene: Scene, token: str) -> None:
    assert (await scene.page(token)).status_code in {200, 400, 404}
    assert (await scene.page(token, "/ir")).headers.get("location", "/p/").startswith("/p/")


async def test_whoever_asks_too_often_waits(scene: Scene, moment: Moment) -> None:
    answers = [(await scene.page("x" * 22)).status_code for _ in range(61)]
    moment.passes(seconds=61)

    assert answers == [200] * 60 + [429]
    assert (await scene.page("x" * 22)).status_code == 200


# The panel


async def test_the_panel_shows_the_link_until_it_is_taken_back(scene: Scene) -> None:
    link = await scene.link()
    shown = await scene.ana.see(f"/inbox/{scene.conversation_id}")
    assert f'data-copy="{scene.front.address}/p/{link.token}"' in shown

    await scene.ana.do(f"{scene.path}/{link.id}/cancellation")

    assert link.token not in await scene.ana.see(f"/inbox/{scene.conversation_id}")
    assert "payment_link.cancelled" in await actions(scene.db, conversation_id=scene.conversation_id)
    assert (await scene.ana.do(f"{scene.path}/{link.id}/cancellation")).status_code == 409


async def test_without_a_provider_no_link_is_offered(sqlite_database_url: str, tmp_path: Path) -> None:
    async with a_console(settings_for(sqlite_database_url, tmp_path)) as front:
        ana = await front.agent("Ana")
        await front.webhook(meta.body(meta.text("Hola", sender=meta.MARIA)))

        assert "payment-links" not in await ana.see("/inbox/1")
        assert (await ana.http.get("/inbox/1/payment-links/new")).status_code == 404
        assert "ya no está disponible" in (await front.outside.get(f"/p/{'x' * 22}")).text
