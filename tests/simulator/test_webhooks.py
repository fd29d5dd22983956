"""Webhooks: signed over their very bytes, sent at once, repeated until the console has them."""

from __future__ import annotations

import base64

import pytest

from integrations.simulator.payloads import written
from tests.patience import eventually_now
from tests.simulator.town import MARIA, Console, Town, running, town

# From the notes on Meta's wire: the signature is over text escaped in Meta's way.
SECRET = "test_app_secret"
BODY = (
    rb'{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{"messages":'
    rb'[{"id":"wamid.X","type":"text","text":{"body":"Ma\u00f1ana pago \ud83d\ude4f https:\/\/x.mx"}}]}}]}]}'
)


def test_json_is_written_as_meta_writes_it() -> None:
    text = {"id": "wamid.X", "type": "text", "text": {"body": "Mañana pago 🙏 https://x.mx"}}
    change = {"field": "messages", "value": {"messages": [text]}}

    assert written({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}) == BODY


def test_what_is_signed_is_what_is_sent(simulator: Town) -> None:
    wamid = simulator.write("Mañana pago 🙏 https://x.mx")

    simulator.arrived(wamid)

    [hook] = simulator.console.webhooks
    assert hook.signed
    assert rb"Ma\u00f1ana pago \ud83d\ude4f https:\/\/x.mx" in hook.body
    assert hook.json["entry"][0]["changes"][0]["value"]["messages"][0]["text"]["body"] == "Mañana pago 🙏 https://x.mx"


def test_the_handshake_is_done_at_the_start() -> None:
    with town(verify_on_start=True) as simulator:
        eventually_now(lambda: simulator.api("GET", "/state")["verified"])

        [asked] = simulator.console.challenges
        assert asked["hub.mode"] == ["subscribe"]
        assert asked["hub.verify_token"] == [simulator.settings.verify_token]


def test_the_handshake_is_repeated_until_it_is_answered() -> None:
    console = Console()
    console.echoes = False
    with town(console, verify_on_start=True) as simulator:
        eventually_now(lambda: len(console.challenges) > 1)
        assert simulator.api("GET", "/state")["verified"] is False

        console.echoes = True

        eventually_now(lambda: simulator.api("GET", "/state")["verified"])


@pytest.mark.parametrize("status", [500, 401, 204, 301])
def test_anything_but_200_is_repeated(simulator: Town, status: int) -> None:
    simulator.console.answer = lambda _: status if len(simulator.console.webhooks) < 3 else 200

    wamid = simulator.write()

    eventually_now(lambda: simulator.bubble(wamid)["status"] == "delivered")
    bodies = {hook.body for hook in simulator.console.webhooks}
    assert (len(simulator.console.webhooks), len(bodies)) == (3, 1)
    assert simulator.api("GET", "/journal")["lines"][0]["attempt"] == 3


def test_nothing_is_lost_while_the_console_is_down() -> None:
    console = Console()
    with town(console, console_is_up=False) as simulator:
        wamids = [simulator.write(f"mensaje {place}") for place in range(20)]
        eventually_now(lambda: simulator.api("GET", "/journal")["lines"][0]["attempt"] > 2)
        assert simulator.api("GET", "/counters")["pending"] == 20
        assert simulator.bubble(wamids[0])["status"] == "sent"

        with running(console, console.port):
            eventually_now(lambda: {message["id"] for message in console.messages} == set(wamids))
            eventually_now(lambda: simulator.api("GET", "/counters")["pending"] == 0)
        assert simulator.bubble(wamids[0])["status"] == "delivered"


def test_a_console_that_never_answers_is_asked_again() -> None:
    with town(webhook_timeout=0.1) as simulator:
        simulator.console.answer = lambda _: None if len(simulator.console.webhooks) < 2 else 200

        simulator.write()

        eventually_now(lambda: len(simulator.console.webhooks) == 2)
        eventually_now(lambda: simulator.api("GET", "/counters")["pending"] == 0)


def test_webhooks_are_sent_side_by_side() -> None:
    with town(webhook_timeout=2) as simulator:
        simulator.console.answer = lambda _: 200 if len(simulator.console.webhooks) >= 4 else None

        for place in range(4):
            simulator.write(f"mensaje {place}")

        eventually_now(lambda: len(simulator.console.webhooks) == 4)
        first, *_, last = simulator.console.webhooks
        assert last.at - first.at < 2, "none of them waited for the answer to another"


def test_retries_stop_when_told_to(simulator: Town) -> None:
    simulator.console.answer = lambda _: 500
    for _ in range(3):
        simulator.write()
    eventually_now(lambda: len(simulator.console.webhooks) >= 3)

    assert simulator.api("DELETE", "/webhooks/pending") == {"given_up": 3}

    simulator.console.answer = lambda _: 200
    simulator.arrived(simulator.write("después"))
    assert simulator.api("GET", "/counters")["pending"] == 0


def test_webhooks_can_be_kept_back(simulator: Town) -> None:
    simulator.api("POST", "/webhooks/pause")
    wamid = simulator.write()
    assert simulator.api("GET", "/webhooks") == {"pending": 1, "paused": True, "url": simulator.console.url}
    assert simulator.console.webhooks == []

    simulator.api("POST", "/webhooks/resume")

    simulator.arrived(wamid)


def test_any_bytes_can_be_sent(simulator: Town) -> None:
    raw = b"\xff\x00 not json"

    simulator.api("POST", "/webhooks/raw", json={"body_base64": base64.b64encode(raw).decode()})
    eventually_now(lambda: simulator.console.webhooks)
    simulator.api("POST", "/webhooks/raw", json={"body": "{}", "signature": ""})
    eventually_now(lambda: len(simulator.console.webhooks) == 2)
    simulator.api("POST", "/webhooks/raw", json={"body": "{}", "signature": "sha256=00"})
    eventually_now(lambda: len(simulator.console.webhooks) == 3)

    signed, unsigned, wrong = simulator.console.webhooks
    assert (signed.body, signed.signed) == (raw, True)
    assert (unsigned.body, unsigned.signature) == (b"{}", None)
    assert wrong.signature == "sha256=00"


def test_any_field_can_be_announced(simulator: Town) -> None:
    value = {
        "event": "ACCOUNT_RESTRICTION",
        "restriction_info": [{"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING"}],
    }

    simulator.api("POST", "/webhooks/field", json={"field": "account_update", "value": value})

    eventually_now(lambda: simulator.console.webhooks)
    assert simulator.console.fields("account_update") == [value]
    assert simulator.console.webhooks[0].json["entry"][0]["time"] > 0


def test_a_webhook_can_be_sent_again_byte_by_byte(simulator: Town) -> None:
    simulator.arrived(simulator.write())
    line = eventually_now(lambda: next(iter(simulator.api("GET", "/journal")["lines"]), None))
    assert line

    simulator.api("POST", f"/journal/{line['id']}/resend")

    eventually_now(lambda: len(simulator.console.webhooks) == 2)
    first, second = simulator.console.webhooks
    assert (first.body, first.signature) == (second.body, second.signature)


def test_the_register_tells_a_webhook_in_full(simulator: Town) -> None:
    simulator.arrived(simulator.write("¿Ya les figura?"))
    eventually_now(lambda: simulator.api("GET", "/counters")["webhooks"] == 1)

    [line] = simulator.api("GET", "/journal", params={"way": "webhook"})["lines"]
    detail = simulator.api("GET", f"/journal/{line['id']}")

    hook = simulator.console.webhooks[0]
    assert (line["status"], line["tone"], line["persona"], line["attempt"]) == (200, "good", MARIA, 1)
    assert line["what"] == "message text “¿Ya les figura?”, María Fernanda Ccori"
    assert line["milliseconds"] > 0
    assert detail["signature"] == hook.signature
    assert detail["body"].encode() == hook.body
    assert hook.signature
    assert hook.signature in detail["curl"]
    assert simulator.api("GET", "/counters")["p99_milliseconds"] > 0


def test_the_register_tells_a_call_without_the_token(simulator: Town) -> None:
    simulator.write()
    simulator.sent()
    simulator.send(type="carta")

    refused, accepted = simulator.api("GET", "/journal", params={"way": "call"})["lines"]

    assert accepted["what"] == "POST /messages, texto a María Fernanda Ccori"
    assert (accepted["status"], accepted["tone"]) == (200, "good")
    assert refused["what"] == "POST /messages, carta a María Fernanda Ccori"
    assert (refused["status"], refused["note"], refused["tone"]) == (400, "código 131051", "bad")
    detail = simulator.api("GET", f"/journal/{accepted['id']}")
    assert simulator.settings.access_token not in str(detail)
    assert '"Buenos d' in detail["body"]


def test_another_address_can_be_subscribed_once_it_echoes(simulator: Town) -> None:
    other = Console()
    request = {"override_callback_uri": other.url, "verify_token": "mi-palabra"}
    with running(other, other.port):
        other.echoes = False
        assert simulator.account("POST", "subscribed_apps", json=request).status_code == 400
        other.echoes = True

        assert simulator.account("POST", "subscribed_apps", json=request).json()["success"] is True

        simulator.write()
        eventually_now(lambda: other.messages)
    assert other.challenges[0]["hub.verify_token"] == ["mi-palabra"]
    assert simulator.console.webhooks == []
    elsewhere = {"override_callback_uri": "https://example.com/x", "verify_token": "a"}
    assert simulator.account("POST", "subscribed_apps", json=elsewhere).status_code == 400
