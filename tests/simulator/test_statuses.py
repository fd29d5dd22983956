"""How far a message of the business comes, and what the console is told of it."""

from __future__ import annotations

from tests.patience import eventually_now
from tests.simulator.town import MARIA, MARIA_PHONE, Town, town

KEVIN = "kevin-r"


def test_statuses_echo_the_senders_own_word(simulator: Town) -> None:
    simulator.write()

    wamid = simulator.sent(type="text", text={"body": "Hola"}, biz_opaque_callback_data="6c1f-ñ")

    simulator.told(wamid, "sent", "delivered")
    assert [status["biz_opaque_callback_data"] for status in simulator.console.statuses] == ["6c1f-ñ"] * 2


def test_a_status_says_who_and_what_it_costs(simulator: Town) -> None:
    simulator.write()

    simulator.told(simulator.sent(), "sent", "delivered")

    sent, delivered = simulator.console.statuses
    for status in (sent, delivered):
        assert status["recipient_id"] == MARIA_PHONE
        assert status["recipient_user_id"].startswith("PE.")
        assert status["timestamp"].isdigit()
        assert status["pricing"] == {
            "billable": True,
            "pricing_model": "PMP",
            "type": "regular",
            "category": "service",
        }
        assert "conversation" not in status
    contacts = [
        value["contacts"] for hook in simulator.console.webhooks for value in hook.values if "statuses" in value
    ]
    assert contacts[0][0]["wa_id"] == MARIA_PHONE


def test_older_webhook_versions_carry_a_conversation() -> None:
    with town(wire_version=23) as simulator:
        simulator.write()
        simulator.told(simulator.sent(), "sent", "delivered")

        sent, delivered = simulator.console.statuses
        assert sent["conversation"]["expiration_timestamp"].isdigit()
        assert "expiration_timestamp" not in delivered["conversation"]


def test_a_failed_status_has_no_contacts_and_no_user_id(simulator: Town) -> None:
    simulator.told(simulator.sent("+51911111111"), "failed")

    [hook] = simulator.console.webhooks
    assert "contacts" not in hook.values[0]
    assert "recipient_user_id" not in hook.values[0]["statuses"][0]


def test_somebody_offline_gets_everything_when_back(simulator: Town) -> None:
    simulator.write()
    simulator.do(MARIA, "offline")
    first, second = simulator.sent(), simulator.sent()
    simulator.told(first, "sent")
    simulator.told(second, "sent")
    assert simulator.api("GET", f"/personas/{MARIA}")["undelivered"] == 2

    simulator.do(MARIA, "online")

    simulator.told(first, "sent", "delivered")
    simulator.told(second, "sent", "delivered")
    assert [len(value["statuses"]) for value in simulator.console.webhooks[-1].values] == [2]


def test_somebody_who_blocked_the_business_gets_nothing(simulator: Town) -> None:
    simulator.write()
    simulator.do(MARIA, "block")
    wamid = simulator.sent()
    simulator.told(wamid, "sent")

    simulator.do(MARIA, "unblock")
    simulator.do(MARIA, "offline")
    simulator.do(MARIA, "online")

    eventually_now(lambda: simulator.simulation.webhooks.pending == 0)
    assert simulator.console.steps(wamid) == ["sent"]


def test_what_arrives_in_an_open_chat_is_read_at_once(simulator: Town) -> None:
    simulator.write()
    simulator.do(MARIA, "chat", open=True)

    simulator.told(simulator.sent(), "sent", "read")

    assert simulator.console.statuses[-1]["pricing"]["category"] == "service"
    simulator.do(MARIA, "chat", open=False)
    wamid = simulator.sent()
    simulator.told(wamid, "sent", "delivered")
    assert simulator.do(MARIA, "read") == {"read": 1}
    simulator.told(wamid, "sent", "delivered", "read")
    assert "pricing" not in simulator.console.statuses[-1]


def test_people_may_read_by_themselves() -> None:
    with town(read_after=0.01) as simulator:
        simulator.write()

        simulator.told(simulator.sent(), "sent", "delivered", "read")


def test_a_file_that_is_not_what_it_is_sent_as_fails_later(simulator: Town) -> None:
    simulator.write()
    file = {"file": ("a.pdf", b"%PDF-1.4", "application/pdf")}
    fields = {"messaging_product": "whatsapp", "type": "application/pdf"}
    media_id = simulator.number("POST", "media", data=fields, files=file).json()["id"]

    wamid = simulator.sent(type="image", image={"id": media_id})

    simulator.told(wamid, "failed")
    assert simulator.console.statuses[0]["errors"][0]["code"] == 131053


def test_someone_known_by_username_only_shows_no_phone(simulator: Town) -> None:
    simulator.write(persona=KEVIN)
    user_id = simulator.api("GET", f"/personas/{KEVIN}")["user_id"]

    simulator.told(simulator.sent(recipient=user_id, type="text", text={"body": "Hola"}), "sent", "delivered")

    eventually_now(lambda: simulator.console.messages)
    [message] = simulator.console.messages
    assert "from" not in message
    assert message["from_user_id"] == user_id
    contacts = [value["contacts"][0] for hook in simulator.console.webhooks for value in hook.values]
    assert all("wa_id" not in contact and contact["user_id"] == user_id for contact in contacts)
    assert contacts[0]["profile"]["username"] == "kevin.r"


def test_the_history_of_a_message_can_be_asked_for(simulator: Town) -> None:
    simulator.write()
    wamid = simulator.sent()
    simulator.told(wamid, "sent", "delivered")

    answer = simulator.number("GET", "message_history", params={"message_id": wamid}).json()

    assert answer["data"][0]["message_id"] == wamid
    events = answer["data"][0]["events"]["data"]
    assert [event["delivery_status"] for event in events] == ["SENT", "DELIVERED"]
    assert {"id", "timestamp", "webhook_update_state", "application", "webhook_uri"} <= events[0].keys()
    assert simulator.number("GET", "message_history", params={"message_id": "wamid.x"}).json() == {"data": []}


def test_an_unsubscribed_app_hears_nothing(simulator: Town) -> None:
    assert simulator.account("GET", "subscribed_apps").json()["data"]
    assert simulator.account("DELETE", "subscribed_apps").json() == {"success": True}
    assert simulator.account("GET", "subscribed_apps").json() == {"data": []}

    simulator.write()
    eventually_now(lambda: simulator.simulation.webhooks.pending == 0)
    assert simulator.console.webhooks == []

    assert simulator.account("POST", "subscribed_apps").json() == {"success": True}
    simulator.arrived(simulator.write())
