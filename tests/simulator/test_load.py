"""The load: fired at a rate whether or not the console keeps up, and counted at the end."""

from __future__ import annotations

import pytest

from integrations.simulator.load import Load, Plan
from integrations.simulator.settings import SimulatorSettings
from tests.patience import eventually_now
from tests.simulator.town import Console, Town, running


@pytest.mark.parametrize(("kind", "messages", "statuses"), [("messages", 60, 0), ("statuses", 0, 60), ("mix", 15, 45)])
def test_a_plan_is_fired_to_its_end(simulator: Town, kind: str, messages: int, statuses: int) -> None:
    simulator.api("POST", "/load", json={"rate": 200, "seconds": 0.3, "kind": kind, "people": 7})

    eventually_now(lambda: not simulator.api("GET", "/load")["running"])

    end = simulator.api("GET", "/load")
    assert (end["offered"], end["answered"], end["statuses"], end["waiting"]) == (60, 60, {"200": 60}, 0)
    assert 0 < end["p50"] <= end["p99"] <= end["slowest"]
    assert (len(simulator.console.messages), len(simulator.console.statuses)) == (messages, statuses)
    assert all(hook.signed for hook in simulator.console.webhooks)
    assert len({message["id"] for message in simulator.console.messages}) == messages
    assert len({message["from"] for message in simulator.console.messages}) == min(7, messages)


def test_one_run_at_a_time_and_reset_ends_it(simulator: Town) -> None:
    simulator.api("POST", "/load", json={"rate": 10, "seconds": 600})

    assert simulator.http.post("/simulator/api/load", json={"rate": 1}).status_code == 409

    simulator.api("POST", "/reset")
    eventually_now(lambda: not simulator.api("GET", "/load")["running"])


def test_people_of_a_load_can_be_answered(simulator: Town) -> None:
    simulator.api("POST", "/load", json={"rate": 50, "seconds": 0.1, "people": 3})
    eventually_now(lambda: not simulator.api("GET", "/load")["running"])
    [*_, message] = simulator.console.messages

    read = {"messaging_product": "whatsapp", "status": "read", "message_id": message["id"]}
    assert simulator.number("POST", "messages", json=read).json() == {"success": True}
    simulator.told(simulator.sent(f"+{message['from']}"), "sent", "delivered")


@pytest.mark.parametrize("plan", [{"rate": 0}, {"rate": 10, "kind": "noise"}, {"seconds": -1}])
def test_a_plan_that_cannot_be_is_refused(simulator: Town, plan: dict[str, object]) -> None:
    assert simulator.http.post("/simulator/api/load", json=plan).status_code == 400


async def test_a_slow_console_makes_others_wait_and_loses_nothing() -> None:
    console = Console()
    console.answer = lambda _: 200 if len(console.webhooks) % 2 else 500
    settings = SimulatorSettings(webhook_url=console.url, webhook_timeout=5)
    with running(console, console.port):
        load = Load(settings, Plan(rate=400, seconds=0.2, connections=2))

        end = await load.run()

    assert end.offered == end.answered == 80
    assert end.statuses == {"200": 40, "500": 40}
    assert len(load.sent) == 80
    assert len(load.acknowledged) == 40
    assert set(load.acknowledged) <= {message["id"] for message in console.messages}


async def test_a_console_that_is_not_there_is_an_error_each_time() -> None:
    settings = SimulatorSettings(webhook_url=Console().url)

    end = await Load(settings, Plan(rate=100, seconds=0.1)).run()

    assert end.statuses == {"error": 10}
