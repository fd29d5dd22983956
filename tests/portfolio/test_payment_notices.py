"""What arrives at the payment door: forged, repeated, out of order, about nobody, in the wrong amount, or just paid."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from console import clock
from console.inbox.models import Conversation
from tests.inbox.people import actions
from tests.integrations.payments import peers
from tests.integrations.payments.peers import MercadoPagoPeer, a_session, stripe_event
from tests.patience import eventually
from tests.portfolio.paying import Paying, a_link, paying, peer_on_loopback


@pytest.fixture
async def maria(database_url: str) -> AsyncIterator[Paying]:
    """María's creditor has a checkout of its own; on SQLite and on PostgreSQL."""
    async with paying(database_url) as maria:
        yield maria


@pytest.fixture
async def her(sqlite_database_url: str) -> AsyncIterator[Paying]:
    """As `maria`, where the database does not matter."""
    async with paying(sqlite_database_url) as maria:
        yield maria


async def nothing_moved(maria: Paying) -> None:
    assert await maria.balances() == [41250]
    assert not [p for p in await maria.payments() if p.state == "applied"]


async def test_a_paid_link_settles_the_debt_before_the_answer(maria: Paying) -> None:
    answer = await maria.reports()

    assert answer.status_code == 200
    assert await maria.balances() == [0]
    assert (await maria.account()).state == "current"
    async with maria.house.db.reading() as tx:
        assert (await tx.get_one(Conversation, maria.conversation_id)).account_state == "current"
    assert "payment.applied" in await actions(maria.house.db, conversation_id=maria.conversation_id)
    (notice,) = await maria.notices()
    assert notice.done_at is not None
    assert not notice.needs_look


async def test_a_forged_one_is_refused_and_leaves_nothing(maria: Paying) -> None:
    body = maria.report()
    now = clock.now().timestamp()
    right = peers.signed_headers(body, at=now)
    forged = [
        {},
        {"aldia-signature": ""},
        peers.signed_headers(body, at=now, secret="another secret of the tests"),
        {"aldia-signature": right["aldia-signature"].replace("v1=", "v0=")},
        {"stripe-signature": right["aldia-signature"]},
        peers.signed_headers(body, at=now - 301),
        # So far ahead that it still is when it arrives, on a machine that has much to do.
        peers.signed_headers(body, at=now + 360),
    ]

    answers = [(await maria.post(headers, body)).status_code for headers in forged]
    answers.append((await maria.post(right, body + b" ")).status_code)

    assert answers == [401] * 8
    assert await maria.notices() == []
    await nothing_moved(maria)


async def test_a_signature_given_twice_is_none(her: Paying) -> None:
    body = her.report()
    right = peers.signed_headers(body, at=clock.now().timestamp())["aldia-signature"]
    headers = httpx.Headers([("aldia-signature", right), ("aldia-signature", right)])

    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.post(f"{her.house.url}/webhooks/payments/signed", headers=headers, content=body)

    assert answer.status_code == 401


async def test_a_replay_is_answered_and_changes_nothing(maria: Paying) -> None:
    body = maria.report()
    headers = peers.signed_headers(body, at=clock.now().timestamp())
    await maria.post(headers, body)
    known = _of_payments(await actions(maria.house.db))

    again = await maria.post(headers, body)

    assert again.status_code == 200
    assert len(await maria.notices()) == len(await maria.payments()) == 1
    assert _of_payments(await actions(maria.house.db)) == known


def _of_payments(done: list[str]) -> list[str]:
    """Without what follows by itself, such as thanking for it."""
    told = [action for action in done if action.startswith(("payment.", "account.", "invoice."))]
    return [action for action in told if action != "payment.acknowledged"]


async def test_of_fifty_at_once_one_is_booked(maria: Paying) -> None:
    body = maria.report()
    headers = peers.signed_headers(body, at=clock.now().timestamp())

    answers = await asyncio.gather(*(maria.post(headers, body) for _ in range(50)))

    assert {answer.status_code for answer in answers} == {200}
    assert len(await maria.notices()) == len(await maria.payments()) == 1
    assert (await actions(maria.house.db)).count("payment.applied") == 1
    assert await maria.balances() == [0]


async def test_the_same_payment_told_by_two_events_is_one_payment(maria: Paying) -> None:
    await maria.reports(event_id="rep-a")
    await maria.reports(event_id="rep-b", paid_at="2026-11-20T10:00:05-05:00")

    assert len(await maria.payments()) == 1
    assert len(await maria.notices()) == 2


async def test_who_pays_twice_has_paid_twice(maria: Paying) -> None:
    await maria.reports(id="op-1")
    await maria.reports(id="op-2")

    first, second = await maria.payments()
    assert (first.unapplied_minor, second.unapplied_minor) == (0, 41250)
    assert second.needs_look
    assert await maria.balances() == [0]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"amount": "412.51"}, "mismatch"),
        ({"amount": "412.49"}, "mismatch"),
        ({"amount": "41250"}, "mismatch"),
        ({"amount": "4.1250"}, None),
        ({"amount": "0"}, "amount"),
        ({"amount": "-412.50"}, "amount"),
        ({"currency": "USD"}, "currency"),
        ({"currency": "XXQ"}, None),
        ({"reference": "somebody-elses"}, "unknown_account"),
        ({"reference": None}, "unknown_account"),
        ({"reference": ["x"]}, "unknown_account"),
    ],
)
async def test_what_is_not_as_asked_is_kept_and_moves_nothing(
    her: Paying, changed: dict[str, Any], why: str | None
) -> None:
    answer = await her.reports(**changed)

    assert answer.status_code == 200, "a stranger learns nothing from the answer"
    await nothing_moved(her)
    (notice,) = await her.notices()
    if why is None:
        assert notice.needs_look
        assert await her.payments() == []
    else:
        (payment,) = await her.payments()
        assert (payment.state, payment.why, payment.needs_look) == ("parked", why, True)


async def test_a_link_of_another_provider_is_not_paid_by_this_one(her: Paying) -> None:
    token = await a_link(her.house, her.debt, "stripe")

    await her.reports(reference=token)

    (payment,) = await her.payments()
    assert payment.why == "unknown_account"


async def test_a_rehearsal_moves_nothing_and_is_seen(her: Paying) -> None:
    body = her.report(live=False)

    answer = await her.post(peers.signed_headers(body, at=clock.now().timestamp()), body)

    assert answer.status_code == 200
    await nothing_moved(her)
    (notice,) = await her.notices()
    assert (notice.needs_look, notice.outcome) == (True, {"told": [{"odd": "test mode"}]})
    assert "payment_notice.kept" in await actions(her.house.db)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"\xff\xfe", b"[" * 100_000, b'{"id": 1}', b'{"id": "a", "live": true}']
)
async def test_a_signed_body_that_makes_no_sense_is_kept(her: Paying, body: bytes) -> None:
    answer = await her.post(peers.signed_headers(body, at=clock.now().timestamp()), body)

    assert answer.status_code == 200
    (notice,) = await her.notices()
    assert notice.done_at is not None
    await nothing_moved(her)


async def test_what_is_too_big_or_squeezed_is_not_read(her: Paying) -> None:
    big = b" " * (1024 * 1024 + 1)

    assert (await her.post(peers.signed_headers(big, at=clock.now().timestamp()), big)).status_code == 413
    assert (await her.post({"content-encoding": "gzip"}, b"x")).status_code == 415
    assert await her.notices() == []


async def test_only_the_configured_provider_has_a_door(her: Paying) -> None:
    body = her.report()
    async with httpx.AsyncClient(base_url=her.house.url, trust_env=False) as http:
        for name in ("stripe", "mercadopago", "nobody", "Signed"):
            answer = await http.post(
                f"/webhooks/payments/{name}", content=body,
                headers=peers.signed_headers(body, at=clock.now().timestamp()),
            )  # fmt: skip
            assert answer.status_code == 404


async def test_after_a_secret_is_rolled_what_the_old_one_signed_is_refused(sqlite_database_url: str) -> None:
    async with paying(sqlite_database_url, payments_webhook_secret="the new secret of the tests") as maria:
        answer = await maria.reports()

        assert answer.status_code == 401
        await nothing_moved(maria)


async def test_while_a_secret_is_rolled_both_are_good(sqlite_database_url: str) -> None:
    rolling = {
        "payments_webhook_secret": "the new secret of the tests",
        "payments_webhook_secret_previous": peers.SECRET,
    }
    async with paying(sqlite_database_url, **rolling) as maria:
        assert (await maria.reports()).status_code == 200
        assert await maria.balances() == [0]


STEPS = {
    "paid": ("payment.paid", {}),
    "refunded a part": ("payment.refunded", {"refunded": "100.00"}),
    "refunded more": ("payment.refunded", {"refunded": "150.00"}),
    "charged back": ("payment.charged_back", {"chargeback": "cb-1", "stage": "open", "amount": "262.50"}),
    "won": ("payment.charged_back", {"chargeback": "cb-1", "stage": "won", "amount": "262.50"}),
}


async def test_in_whatever_order_it_is_told_it_ends_the_same(her: Paying) -> None:
    """Every order of five events, each told once; test_payment_orders.py has the repeats."""
    for number, order in enumerate(itertools.permutations(STEPS)):
        token = await a_link(her.house, her.debt, "signed")
        for step in order:
            kind, changed = STEPS[step]
            await her.reports(kind, id=f"op-{number}", reference=token, **changed)
    seen = {(p.state, p.reversed_minor, p.amount_minor) for p in await her.payments()}

    assert seen == {("applied", 15000, 41250)}
    assert len(await her.payments()) == 120


# Stripe: signed events that carry what they speak of


@pytest.fixture
async def by_stripe(sqlite_database_url: str) -> AsyncIterator[Paying]:
    async with paying(sqlite_database_url, "stripe") as maria:
        yield maria


async def stripe_says(maria: Paying, kind: str, thing: dict[str, Any], **changed: Any) -> int:
    body = stripe_event(kind, thing, at=clock.now(), **changed)
    return (await maria.post(peers.stripe_headers(body, at=clock.now().timestamp()), body)).status_code


async def test_stripe_says_it_is_paid_and_later_that_it_went_back(by_stripe: Paying) -> None:
    charge = {"id": "ch_1", "payment_intent": "pi_1", "amount_refunded": 41250, "currency": "pen"}

    assert await stripe_says(by_stripe, "checkout.session.completed", a_session(by_stripe.token, 41250)) == 200
    assert await by_stripe.balances() == [0]

    assert await stripe_says(by_stripe, "charge.refunded", charge, event_id="evt_2") == 200
    assert await by_stripe.balances() == [41250]


async def test_stripes_test_mode_is_no_money(by_stripe: Paying) -> None:
    session = a_session(by_stripe.token, 41250)

    assert await stripe_says(by_stripe, "checkout.session.completed", session, livemode=False) == 200
    await nothing_moved(by_stripe)
    assert (await by_stripe.notices())[0].needs_look


# Mercado Pago: the notice names a payment, and only the API says what it is


@pytest.fixture
async def peer() -> MercadoPagoPeer:
    return MercadoPagoPeer()


@pytest.fixture
async def by_mercado_pago(database_url: str, peer: MercadoPagoPeer) -> AsyncIterator[Paying]:
    async with peer_on_loopback(peer) as url, paying(database_url, "mercadopago", url) as maria:
        yield maria


async def mp_says(maria: Paying, payment_id: str = "123", **how: Any) -> int:
    headers, query, body = peers.mp_notice(payment_id, at=clock.now().timestamp(), **how)
    return (await maria.post(headers, body, query)).status_code


async def test_mercado_pago_is_asked_before_anything_is_booked(by_mercado_pago: Paying, peer: MercadoPagoPeer) -> None:
    peer.pays("123", 412.5, by_mercado_pago.token)

    assert await mp_says(by_mercado_pago) == 200

    await eventually(lambda: _settled(by_mercado_pago), within=3)
    (payment,) = await by_mercado_pago.payments()
    assert (payment.state, payment.source, payment.method) == ("applied", "mercadopago", "visa")


async def _settled(maria: Paying) -> bool:
    return await maria.balances() == [0]


async def test_a_notice_that_says_paid_is_nothing_when_the_api_says_otherwise(
    by_mercado_pago: Paying, peer: MercadoPagoPeer
) -> None:
    peer.pays("123", 412.5, by_mercado_pago.token, status="rejected")

    await mp_says(by_mercado_pago, action="payment.approved", status="approved")

    await eventually(lambda: _done(by_mercado_pago))
    await nothing_moved(by_mercado_pago)


async def _done(maria: Paying) -> bool:
    return all(notice.done_at for notice in await maria.notices())


async def test_while_the_api_is_down_it_is_being_verified_and_then_booked(
    by_mercado_pago: Paying, peer: MercadoPagoPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.portfolio.notices.PAUSES", (0,))
    peer.pays("123", 412.5, by_mercado_pago.token)
    peer.fails_with = 503

    await mp_says(by_mercado_pago)
    await eventually(lambda: _is_shown_as_being_verified(by_mercado_pago))
    await nothing_moved(by_mercado_pago)
    peer.fails_with = None

    await eventually(lambda: _settled(by_mercado_pago), within=3)
    assert not (await by_mercado_pago.notices())[0].needs_look


async def _is_shown_as_being_verified(maria: Paying) -> bool:
    (notice,) = await maria.notices()
    return notice.needs_look and notice.outcome == {"verifying": "HTTP 503"}


async def test_what_mercado_pago_shows_of_a_rehearsal_is_no_money(
    by_mercado_pago: Paying, peer: MercadoPagoPeer
) -> None:
    peer.pays("123", 412.5, by_mercado_pago.token, live_mode=False)

    await mp_says(by_mercado_pago)

    await eventually(lambda: _done(by_mercado_pago))
    await nothing_moved(by_mercado_pago)


async def test_a_body_that_names_another_payment_is_not_believed(
    by_mercado_pago: Paying, peer: MercadoPagoPeer
) -> None:
    peer.pays("123", 412.5, None, status="pending")
    peer.pays("999", 412.5, by_mercado_pago.token)

    await mp_says(by_mercado_pago, data={"id": "999"})

    await eventually(lambda: _done(by_mercado_pago))
    assert [request.url.path for request in peer.asked] == ["/v1/payments/123"]
    await nothing_moved(by_mercado_pago)


async def test_a_refund_at_mercado_pago_is_owed_again(by_mercado_pago: Paying, peer: MercadoPagoPeer) -> None:
    peer.pays("123", 412.5, by_mercado_pago.token)
    await mp_says(by_mercado_pago)
    await eventually(lambda: _settled(by_mercado_pago), within=3)
    peer.pays("123", 412.5, by_mercado_pago.token, status="refunded", transaction_amount_refunded=412.5)

    await mp_says(by_mercado_pago, request_id="req-2")

    await eventually(lambda: _owed_again(by_mercado_pago), within=3)


async def _owed_again(maria: Paying) -> bool:
    return await maria.balances() == [41250]


async def test_the_provider_learns_no_name_and_no_number(by_mercado_pago: Paying, peer: MercadoPagoPeer) -> None:
    peer.pays("123", 412.5, by_mercado_pago.token)
    await mp_says(by_mercado_pago)
    await eventually(lambda: _settled(by_mercado_pago), within=3)

    assert all(json.dumps(str(request.url)).count("944") == 0 for request in peer.asked)
