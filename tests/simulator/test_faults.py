"""Every way to misbehave, each proven by what it does to somebody outside."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.patience import eventually_now
from tests.simulator.town import MARIA, Town

TEXT: dict[str, Any] = {"type": "text", "text": {"body": "Buenos días"}}


def accepted(simulator: Town) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = simulator.api("GET", "/ledger")["entries"]
    return entries


def quiet(simulator: Town) -> None:
    """Wait until nothing is under way."""
    eventually_now(lambda: simulator.api("GET", "/counters")["pending"] == 0)


def test_duplicate_sends_everything_so_many_times(simulator: Town) -> None:
    simulator.faults(duplicate=3)

    simulator.write()

    eventually_now(lambda: len(simulator.console.webhooks) == 3)
    assert len({hook.body for hook in simulator.console.webhooks}) == 1
    quiet(simulator)
    assert len(simulator.console.webhooks) == 3


def test_reorder_never_keeps_the_order(simulator: Town) -> None:
    simulator.faults(reorder=5)

    written = [simulator.write(f"mensaje {place}") for place in range(5)]

    eventually_now(lambda: len(simulator.console.messages) == 5)
    arrived = [message["id"] for message in simulator.console.messages]
    assert arrived != written
    assert sorted(arrived) == sorted(written)


def test_reorder_does_not_wait_for_ever(simulator: Town) -> None:
    simulator.faults(reorder=100)

    simulator.arrived(simulator.write())


def test_delay_holds_webhooks_back(simulator: Town) -> None:
    simulator.faults(delay_seconds=0.3)

    wamid = simulator.write()
    assert simulator.console.webhooks == []
    assert simulator.api("GET", "/counters")["pending"] == 1

    simulator.arrived(wamid)
    assert simulator.api("GET", "/journal")["lines"][0]["delayed"] == 0.3


def test_drop_never_tells(simulator: Town) -> None:
    simulator.faults(drop_percent=100)

    lost = simulator.write()

    simulator.faults()
    simulator.arrived(simulator.write())
    assert [message["id"] for message in simulator.console.messages] != [lost]
    assert len(simulator.console.webhooks) == 1
    assert simulator.api("GET", "/counters")["dropped"] == 1


def test_statuses_alone_can_be_dropped(simulator: Town) -> None:
    simulator.faults(drop_statuses_percent=100)

    simulator.arrived(simulator.write())
    wamid = simulator.sent()

    eventually_now(lambda: simulator.bubble(wamid)["status"] == "delivered")
    quiet(simulator)
    assert simulator.console.statuses == []


def test_garbage_is_well_signed_and_comes_beside_the_news(simulator: Town) -> None:
    simulator.faults(garbage_one_in=2)

    written = [simulator.write(f"mensaje {place}") for place in range(6)]

    eventually_now(lambda: len(simulator.console.webhooks) >= 9)
    assert {message["id"] for message in simulator.console.messages if "id" in message} >= set(written)
    assert all(hook.signed for hook in simulator.console.webhooks)


def test_garbage_is_not_repeated_for_ever(simulator: Town) -> None:
    simulator.faults(garbage_one_in=1)
    simulator.console.answer = lambda hook: 200 if b"Hola" in hook.body and hook.values else 500

    simulator.write("Hola")

    quiet(simulator)


def test_a_wrong_signature_covers_another_text(simulator: Town) -> None:
    simulator.faults(wrong_signature_one_in=1)
    simulator.console.answer = lambda hook: 200 if hook.signed else 401

    wamid = simulator.write("Hola")

    eventually_now(lambda: len(simulator.console.webhooks) == 2)
    quiet(simulator)
    [true] = [hook for hook in simulator.console.webhooks if hook.signed]
    [forged] = [hook for hook in simulator.console.webhooks if not hook.signed]
    assert true.values[0]["messages"][0]["id"] == wamid
    message = forged.values[0]["messages"][0]
    assert message["id"] != wamid
    assert "falsificado" in message["text"]["body"]
    notes = {line["note"] for line in simulator.api("GET", "/journal")["lines"]}
    assert "rechazado" in notes


def test_a_status_can_come_before_the_answer(simulator: Town) -> None:
    simulator.write()
    simulator.faults(status_before_answer=True, slow_seconds=0.3)

    with pytest.raises(httpx.ReadTimeout):
        simulator.http.post(
            f"/v23.0/{simulator.settings.phone_number_id}/messages",
            headers={"Authorization": f"Bearer {simulator.settings.access_token}"},
            json={"messaging_product": "whatsapp", "to": "51944218305", **TEXT},
            timeout=0.15,
        )

    eventually_now(lambda: simulator.console.statuses)


@pytest.mark.parametrize("code", ["130429", "131056"])
def test_one_call_in_n_is_refused_with_429(simulator: Town, code: str) -> None:
    simulator.write()
    simulator.faults(rate_limit_one_in=3, rate_limit_code=code)

    answers = [simulator.send() for _ in range(6)]

    assert [answer.status_code for answer in answers] == [200, 200, 429, 200, 200, 429]
    assert answers[2].json()["error"]["code"] == int(code)
    assert answers[2].headers["retry-after"] == "1"
    assert len(accepted(simulator)) == 4


def test_a_429_may_not_say_when_to_try_again(simulator: Town) -> None:
    simulator.write()
    simulator.faults(rate_limit_one_in=1, retry_after_header=False)

    assert "retry-after" not in simulator.send().headers


def test_503_accepts_nothing(simulator: Town) -> None:
    simulator.write()
    simulator.faults(unavailable_one_in=1)

    answer = simulator.send()

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, 131016)
    assert accepted(simulator) == []


def test_500_after_accepting_sends_all_the_same(simulator: Town) -> None:
    simulator.write()
    simulator.faults(error_after_accept_one_in=1)

    answer = simulator.send(biz_opaque_callback_data="own-1", **TEXT)

    assert answer.status_code == 500
    [entry] = accepted(simulator)
    assert (entry["answer"], entry["opaque"]) == ("500", "own-1")
    simulator.told(entry["wamid"], "sent", "delivered")
    assert simulator.console.statuses[0]["biz_opaque_callback_data"] == "own-1"


def test_hanging_sends_and_does_not_say_so(simulator: Town) -> None:
    simulator.write()
    simulator.faults(hang_seconds=2)

    with pytest.raises(httpx.ReadTimeout):
        simulator.number(
            "POST", "messages", json={"messaging_product": "whatsapp", "to": "51944218305", **TEXT}, timeout=0.2
        )

    [entry] = accepted(simulator)
    assert entry["answer"] == "hang"
    simulator.told(entry["wamid"], "sent", "delivered")


def test_a_connection_reset_before_reading_accepts_nothing(simulator: Town) -> None:
    simulator.write()
    simulator.faults(reset_before_one_in=1)

    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        simulator.send()

    assert accepted(simulator) == []


def test_a_connection_reset_after_accepting_sends_all_the_same(simulator: Town) -> None:
    simulator.write()
    simulator.faults(reset_after_one_in=1)

    with pytest.raises(httpx.TransportError):
        simulator.send()

    [entry] = accepted(simulator)
    assert entry["answer"] == "reset"
    simulator.told(entry["wamid"], "sent", "delivered")


@pytest.mark.parametrize("kind", ["no_id", "html", "empty", "half_json", "huge", "bad_gateway"])
def test_an_answer_can_say_nothing(simulator: Town, kind: str) -> None:
    simulator.write()
    simulator.faults(broken_answer_one_in=1, broken_answer=kind)

    answer = simulator.send()

    assert answer.status_code == (502 if kind == "bad_gateway" else 200)
    try:
        assert "id" not in answer.json()["messages"][0]
    except json.JSONDecodeError:
        assert kind != "no_id"
    [entry] = accepted(simulator)
    assert entry["answer"] == "broken"


def test_slow_answers_are_slow_for_every_call(simulator: Town) -> None:
    simulator.faults(slow_seconds=0.2)

    answer = simulator.number("GET")

    assert answer.elapsed.total_seconds() >= 0.2


def test_edits_can_come_as_unsupported(simulator: Town) -> None:
    simulator.faults(edits_unsupported=True)
    wamid = simulator.write("Hoal")

    edit = simulator.do(MARIA, "edit", message_id=wamid, text="Hola")["id"]

    message = simulator.arrived(edit)
    assert message["type"] == "unsupported"
    assert message["unsupported"] == {"type": "edit"}
    assert message["errors"][0]["code"] == 131051


def test_a_thousand_messages_come_in_one_post(simulator: Town) -> None:
    assert simulator.api("POST", "/batch", json={"count": 1000}) == {"messages": 1000}

    eventually_now(lambda: simulator.console.webhooks)
    [hook] = simulator.console.webhooks
    assert hook.signed
    messages = hook.values[0]["messages"]
    assert len({message["id"] for message in messages}) == 1000
    assert len(hook.body) < 3_000_000


def test_faults_are_named_counted_and_switched_off(simulator: Town) -> None:
    assert simulator.api("GET", "/faults")["active"] == []

    simulator.api("PATCH", "/faults", json={"duplicate": 2})
    both = simulator.api("PATCH", "/faults", json={"delay_seconds": 0.5})
    assert (both["duplicate"], both["delay_seconds"], both["active"]) == (2, 0.5, ["duplicate", "delay_seconds"])

    assert simulator.api("DELETE", "/faults")["active"] == []


@pytest.mark.parametrize("wrong", [{"explode": 1}, {"drop_percent": 101}, {"duplicate": "many"}, {"hang_one_in": 0}])
def test_a_fault_that_cannot_be_is_refused(simulator: Town, wrong: dict[str, Any]) -> None:
    for method in ("PUT", "PATCH"):
        answer = simulator.http.request(method, "/simulator/api/faults", json=wrong)
        assert answer.status_code == 400
        assert answer.json()["detail"]
