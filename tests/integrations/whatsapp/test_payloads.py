from __future__ import annotations

import json

import pytest

from integrations.whatsapp.payloads import (
    AccountEvent,
    Attachment,
    Echo,
    Event,
    IdentityChange,
    Inbound,
    Person,
    StatusUpdate,
    Unreadable,
    WireError,
    call_opens_window,
    parse,
)
from tests.integrations.whatsapp.captured import ACCOUNT, ANA, ANA_UNNAMED, NUMBER, WHEN, events, wamid

OURS, FIRST = wamid("OURS"), wamid("MSG1")

MESSAGES = [
    ("in_text", {"kind": "text", "text": "Buenos días, ¿cuánto debo? 🙏", "sender": ANA, "sent_at": WHEN}),
    ("in_text_reply", {"text": "Sí, ese monto", "reply_to": OURS}),
    ("in_text_forwarded", {"forwarded": True, "reply_to": None}),
    ("in_text_frequently_forwarded", {"forwarded": True, "content": {"frequently_forwarded": True}}),
    (
        "in_text_product_enquiry",
        {"content": {"referred_product": {"catalog_id": "55", "product_retailer_id": "sku-1"}}},
    ),
    ("in_text_bad_timestamp", {"text": "Hola", "sent_at": None}),
    ("in_text_milliseconds", {"sent_at": WHEN}),
    ("in_text_group", {"group_id": "Y2FwaV9ncm91cA", "opens_window": False, "sender": ANA}),
    ("in_text_without_type", {"kind": "text", "text": "Hola"}),
    ("in_text_without_metadata", {"phone_number_id": "", "sender": ANA_UNNAMED}),
    (
        "in_image",
        {
            "text": "Mi comprobante",
            "attachment": Attachment(
                media_id="880011",
                mime_type="image/jpeg",
                sha256="SfInY0gGKTsJlUWbwxC1k+FAD0FZHvzwfpvO0zX0GUI=",
                url="https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=880011",
            ),
        },
    ),
    ("in_video", {"text": None, "attachment": Attachment(media_id="880012", mime_type="video/mp4", sha256="q=")}),
    ("in_audio", {"attachment": Attachment(media_id="880013", mime_type="audio/mpeg", sha256="q=")}),
    (
        "in_voice_note",
        {"attachment": Attachment(media_id="880014", mime_type="audio/ogg; codecs=opus", sha256="q=", voice=True)},
    ),
    (
        "in_voice_old",
        {
            "kind": "voice",
            "attachment": Attachment(media_id="880015", mime_type="audio/ogg; codecs=opus", sha256="q=", voice=True),
        },
    ),
    (
        "in_document",
        {
            "text": "Adjunto",
            "attachment": Attachment(
                media_id="880016", mime_type="application/pdf", sha256="q=", filename="estado de cuenta.pdf"
            ),
        },
    ),
    (
        "in_document_without_name",
        {"text": None, "attachment": Attachment(media_id="880016", mime_type="application/pdf", sha256="q=")},
    ),
    (
        "in_sticker",
        {"attachment": Attachment(media_id="880017", mime_type="image/webp", sha256="q=", animated=True)},
    ),
    ("in_location_zero", {"text": None, "content": {"location": {"latitude": 0.0, "longitude": 0.0}}}),
    ("in_location_strings", {"content": {"location": {"latitude": "-12.0464", "longitude": "-77.0428"}}}),
    ("in_contacts_empty", {"text": None, "content": {}}),
    (
        "in_contacts_own_number",
        {
            "content": {
                "contacts": [
                    {"phones": [{"phone": "+51 955 500 101", "wa_id": "51955500101"}], "origin": "contact_request"}
                ]
            }
        },
    ),
    (
        "in_button",
        {"text": "Ya pagué", "content": {"button": {"text": "Ya pagué", "payload": "PAID"}}, "reply_to": wamid("TPL")},
    ),
    ("in_button_payload_only", {"text": "PAID", "reply_to": None}),
    (
        "in_button_reply",
        {
            "text": "Pago hoy",
            "content": {"interactive": {"type": "button_reply", "id": "pay_today", "title": "Pago hoy"}},
        },
    ),
    (
        "in_list_reply",
        {
            "text": "Tres cuotas",
            "content": {
                "interactive": {
                    "type": "list_reply",
                    "id": "plan_3",
                    "title": "Tres cuotas",
                    "description": "S/ 120 al mes",
                }
            },
        },
    ),
    (
        "in_flow_reply",
        {
            "text": "Enviado",
            "content": {
                "interactive": {
                    "type": "nfm_reply",
                    "name": "flow",
                    "body": "Enviado",
                    "response": {"monto": "120", "flow_token": "t1"},
                }
            },
        },
    ),
    ("in_flow_reply_not_an_object", {"content": {"interactive": {"type": "nfm_reply", "response": [1, 2]}}}),
    ("in_flow_reply_not_json", {"content": {"interactive": {"type": "nfm_reply", "response": "{"}}}),
    (
        "in_call_permission",
        {
            "text": None,
            "content": {
                "interactive": {
                    "type": "call_permission_reply",
                    "response": "accept",
                    "expiration_timestamp": 1764000000,
                    "response_source": "user_action",
                }
            },
        },
    ),
    (
        "in_interactive_unknown",
        {
            "text": None,
            "content": {"interactive": {"type": "payment_method", "reference_id": "r1", "payment_method": "pix"}},
        },
    ),
    (
        "in_interactive_empty",
        {"kind": "interactive", "text": None, "content": {"interactive": {"type": "button_reply"}}},
    ),
    ("in_reaction", {"target": OURS, "emoji": "👍", "text": None}),
    ("in_reaction_removed_empty", {"kind": "reaction", "target": OURS, "emoji": None}),
    ("in_reaction_removed_missing", {"kind": "reaction", "target": OURS, "emoji": None}),
    ("in_order", {"text": "Para el lunes", "attachment": None}),
    (
        "in_edit_text",
        {
            "wamid": wamid("MSG2"),
            "target": FIRST,
            "text": "Pago el martes",
            "content": {"edited_kind": "text"},
            "opens_window": False,
        },
    ),
    (
        "in_edit_caption",
        {"target": FIRST, "text": "Comprobante de noviembre", "content": {"edited_kind": "image"}},
    ),
    ("in_revoke", {"target": FIRST, "text": None, "content": {}, "opens_window": False}),
    ("in_unsupported_edit", {"kind": "unsupported", "opens_window": False}),
    ("in_unsupported_with_text", {"text": "Hola", "opens_window": True}),
    (
        "in_unknown_kind",
        {
            "kind": "hologram",
            "text": "En tres dimensiones",
            "attachment": Attachment(media_id="880018", mime_type="model/gltf"),
        },
    ),
    (
        "in_system_identity",
        {
            "kind": "system",
            "identity_change": IdentityChange(
                kind="device", old=ANA_UNNAMED, new=Person(), at=WHEN, detail="User identity changed"
            ),
            "opens_window": False,
        },
    ),
]


@pytest.mark.parametrize(("name", "expected"), MESSAGES, ids=[name for name, _ in MESSAGES])
def test_a_message_becomes_what_an_agent_reads(name: str, expected: dict[str, object]) -> None:
    message = events(name)[0]

    assert isinstance(message, Inbound)
    assert {field: getattr(message, field) for field in expected} == expected


SENDERS = [
    (
        "in_text_username_without_phone",
        Person(None, "PE.4417208655302741", "PE.ENT.118157", "Ana Quispe", "anaquispe"),
    ),
    ("in_text_user_id_in_contacts_only", Person(None, "PE.4417208655302741", None, "Ana Quispe")),
    ("in_text_user_id_in_from", Person(None, "PE.4417208655302741", None, "Ana Quispe", "@anaquispe")),
    ("in_text_odd_user_id", Person("51955500101", "foo_bar", None, "Ana Quispe")),
    ("in_text_other_contact", Person("51955500999", "PE.999")),
    ("in_text_mexico", Person("5215512345678", None, None, "Lupita Ríos")),
]


@pytest.mark.parametrize(("name", "sender"), SENDERS, ids=[name for name, _ in SENDERS])
def test_the_sender_is_found_by_id_never_by_position(name: str, sender: Person) -> None:
    [message] = events(name)

    assert isinstance(message, Inbound)
    assert message.sender == sender


def test_details_beside_the_text_are_kept() -> None:
    [from_ad], [located], [unsupported] = events("in_text_from_ad"), events("in_location"), events("in_unsupported")
    assert isinstance(from_ad, Inbound)
    assert isinstance(located, Inbound)
    assert isinstance(unsupported, Inbound)

    assert from_ad.content["referral"]["ctwa_clid"] == "Aff-n8"
    assert located.content["location"]["name"] == "Plaza Mayor"
    assert unsupported.content["unsupported"] == {"type": "poll"}
    assert unsupported.content["errors"][0]["code"] == 131051


def test_media_that_whatsapp_could_not_take_says_why() -> None:
    [message] = events("in_media_too_large")

    assert isinstance(message, Inbound)
    assert message.attachment is None
    assert message.content["errors"][0]["code"] == 131052


def test_the_raw_json_of_the_message_travels_along() -> None:
    [message] = events("in_text")

    assert isinstance(message, Inbound)
    assert message.payload.startswith(b"{")
    assert "¿cuánto debo?".encode() in message.payload
    assert b"phone_number_id" not in message.payload


def test_a_changed_number_names_both_numbers() -> None:
    [message] = events("in_system_number")

    assert isinstance(message, Inbound)
    assert message.identity_change == IdentityChange(
        kind="number",
        old=Person("51955500101"),
        new=Person("51955500303"),
        at=WHEN,
        detail="User Ana Quispe changed from 51955500101 to 51955500303",
    )


def test_a_changed_user_id_names_both_ids_though_nobody_sent_it() -> None:
    [message] = events("in_system_user_id")

    assert isinstance(message, Inbound)
    assert message.sender == Person(None, "PE.44")
    assert message.identity_change is not None
    assert message.identity_change.old == Person(None, "PE.44")
    assert message.identity_change.new == Person(None, "PE.77")
    assert message.identity_change.kind == "user_id"


STATUSES = [
    (
        "status_sent",
        {
            "status": "sent",
            "wamid": OURS,
            "at": WHEN,
            "recipient": ANA,
            "participant": "",
            "opaque": "0c5b4e0e-0001",
            "pricing": {"billable": True, "pricing_model": "PMP", "type": "regular", "category": "utility"},
        },
    ),
    ("status_delivered", {"status": "delivered", "opaque": None}),
    ("status_read", {"status": "read", "pricing": None, "errors": []}),
    ("status_played", {"status": "played"}),
    ("status_unknown", {"status": "in_orbit"}),
    (
        "status_delivered_without_phone",
        {"recipient": Person(None, "PE.4417208655302741", None, "Ana Quispe", "anaquispe")},
    ),
    (
        "status_failed",
        {
            "status": "failed",
            "recipient": Person("51955500101"),
            "errors": [
                WireError(131049, "This message was not delivered.", "To maintain healthy ecosystem engagement.")
            ],
        },
    ),
    ("status_failed_minimal", {"recipient": Person(), "errors": [WireError(131053, "Media upload error")]}),
]


@pytest.mark.parametrize(("name", "expected"), STATUSES, ids=[name for name, _ in STATUSES])
def test_a_status_becomes_a_tick(name: str, expected: dict[str, object]) -> None:
    [tick] = events(name)

    assert isinstance(tick, StatusUpdate)
    assert tick.phone_number_id == NUMBER
    assert {field: getattr(tick, field) for field in expected} == expected


def test_a_tick_in_a_group_says_whose_it_is() -> None:
    first, second = events("status_group")

    assert isinstance(first, StatusUpdate)
    assert isinstance(second, StatusUpdate)
    assert (first.participant, first.recipient.wa_id) == ("51955500101", "51955500101")
    assert (second.participant, second.recipient.wa_id) == ("51955500202", "51955500202")
    assert first.pricing == {"type": "regular", "category": "group_service"}


def test_what_the_phone_app_sends_becomes_an_echo() -> None:
    text, edit, revoke, reaction = (each for each in events("echo") if isinstance(each, Echo))

    assert (text.recipient, text.text, text.sent_at) == (ANA, "Le escribo desde el celular", WHEN)
    assert (edit.kind, edit.target, edit.text) == ("edit", wamid("ECHO1"), "Le escribo desde mi celular")
    assert (revoke.kind, revoke.target) == ("revoke", wamid("ECHO1"))
    assert (reaction.target, reaction.content) == (FIRST, {"emoji": "🙏"})


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("field_template_status", "message_template_status_update"),
        ("field_quality", "phone_number_quality_update"),
        ("field_restriction", "account_update"),
        ("field_unknown", "moon_phase"),
    ],
)
def test_news_of_the_account_is_kept_whole(name: str, field: str) -> None:
    [news] = events(name)

    assert isinstance(news, AccountEvent)
    assert (news.field, news.waba_id, news.phone_number_id, news.at) == (field, ACCOUNT, None, WHEN)
    assert news.value
    assert news.payload.startswith(b"{")


def test_errors_without_a_message_are_news_of_the_number() -> None:
    [news] = events("errors_alone")

    assert isinstance(news, AccountEvent)
    assert (news.field, news.phone_number_id) == ("messages", NUMBER)
    assert news.value["errors"][0]["code"] == 130429


def test_errors_beside_a_message_lose_neither() -> None:
    message, news = events("in_interactive_empty")

    assert isinstance(message, Inbound)
    assert isinstance(news, AccountEvent)
    assert news.value["errors"][0]["code"] == 131000


def test_news_that_arrives_under_messages_is_kept() -> None:
    [news] = events("template_news_in_messages")

    assert isinstance(news, AccountEvent)
    assert news.value["event"] == "APPROVED"


def test_each_changed_user_id_is_an_event_with_its_change() -> None:
    first, second = events("field_user_id_update")

    assert isinstance(first, AccountEvent)
    assert isinstance(second, AccountEvent)
    assert first.identity_change == IdentityChange(
        kind="user_id",
        old=Person("51955500101", "PE.44", "PE.ENT.1"),
        new=Person("51955500101", "PE.77", "PE.ENT.2"),
        at=WHEN,
        detail="User id changed",
    )
    assert second.identity_change is not None
    assert second.identity_change.old == Person(None, "PE.55")
    assert [each["user_id"]["current"] for each in second.value["user_id_update"]] == ["PE.88"]


def test_a_preference_is_an_event_at_its_own_time() -> None:
    [news] = events("field_user_preferences")

    assert isinstance(news, AccountEvent)
    assert news.at == WHEN
    assert news.value["user_preferences"][0]["value"] == "stop"


def test_a_call_by_the_customer_opens_the_window() -> None:
    [call] = events("field_call_from_user")

    assert call_opens_window(call) == ANA
    assert isinstance(call, AccountEvent)
    assert call.at == WHEN


def test_our_own_call_does_not_open_it_and_its_ringing_is_no_tick() -> None:
    call, ringing = events("field_call_from_us")

    assert call_opens_window(call) is None
    assert isinstance(ringing, AccountEvent)
    assert ringing.value["statuses"][0]["status"] == "RINGING"
    assert call_opens_window(ringing) is None
    assert call_opens_window(events("in_text")[0]) is None


def test_a_batch_keeps_its_order_and_its_numbers() -> None:
    found = events("batch")

    assert [type(each).__name__ for each in found] == [*["Inbound"] * 3, "StatusUpdate", "AccountEvent", "Inbound"]
    assert [each.wamid for each in found if isinstance(each, Inbound)] == [FIRST, FIRST, wamid("MSG2"), wamid("MSG3")]
    assert found[0].phone_number_id == NUMBER
    assert found[-1].phone_number_id == "777"


def test_bad_elements_do_not_lose_their_neighbours() -> None:
    found = events("batch_with_bad_neighbours")

    assert [each.reason if isinstance(each, Unreadable) else type(each).__name__ for each in found] == [
        "an entry without changes",
        "an entry without changes",
        "a change that is no object",
        "a change without a value",
        "Inbound",
        "an element that is no object",
        "an element without an id",
        "a message from nobody",
        "Inbound",
        "StatusUpdate",
        "an element that is no object",
        "a status that says nothing",
        "messages is no list",
        "StatusUpdate",
        "the value of messages is no object",
        "the value of security is no object",
    ]
    assert all(each.payload for each in found)
    [first, _] = [each for each in found if isinstance(each, Inbound)]
    assert first.sender == ANA


@pytest.mark.parametrize(
    ("name", "reasons"),
    [
        ("in_text_from_nobody", ["a message from nobody"]),
        ("in_text_without_id", ["an element without an id"]),
        ("status_without_id", ["an element without an id"]),
        ("without_field", ["a change without a field"]),
        ("wrong_object", ["not about WhatsApp"]),
        ("empty_entry", []),
        ("empty_changes", []),
        ("empty_value", []),
    ],
)
def test_what_cannot_be_read_is_said_once(name: str, reasons: list[str]) -> None:
    assert [each.reason for each in events(name) if isinstance(each, Unreadable)] == reasons


def one(message: dict[str, object], **value: object) -> Event:
    change = {"field": "messages", "value": {"metadata": {"phone_number_id": 1}, "messages": [message], **value}}
    body = {"object": "whatsapp_business_account", "entry": [{"id": 9, "changes": [change]}]}
    [event] = parse(json.dumps(body).encode())
    return event


def test_ids_that_are_numbers_are_ids() -> None:
    message = one({"id": 7, "from": 51955500101, "type": "text", "text": {"body": "hola"}})

    assert isinstance(message, Inbound)
    assert (message.wamid, message.sender.wa_id, message.phone_number_id) == ("7", "51955500101", "1")


def test_a_message_of_no_kind_at_all_is_unknown() -> None:
    message = one({"id": "w", "from": "51955500101"})

    assert isinstance(message, Inbound)
    assert (message.kind, message.text, message.content) == ("unknown", None, {})


def test_a_new_user_id_that_stands_as_the_sender_is_not_the_old_one() -> None:
    system = {"type": "user_changed_number", "wa_id": "51955500303", "user_id": "PE.77"}
    message = one({"id": "w", "from": "51955500101", "from_user_id": "PE.77", "type": "system", "system": system})

    assert isinstance(message, Inbound)
    assert message.identity_change is not None
    assert message.identity_change.old == Person("51955500101")
    assert message.identity_change.new == Person("51955500303", "PE.77")


def test_flow_answers_that_are_no_string_are_kept() -> None:
    answer = {"type": "nfm_reply", "nfm_reply": {"response_json": {"monto": 120}}}
    message = one({"id": "w", "from": "1", "type": "interactive", "interactive": answer})

    assert isinstance(message, Inbound)
    assert message.content["interactive"]["response"] == {"monto": 120}


def test_an_edit_of_an_edit_does_not_go_round() -> None:
    inner = {"type": "edit", "edit": {"message": {"type": "edit"}}}
    message = one({"id": "w", "from": "1", "type": "edit", "edit": {"original_message_id": "o", "message": inner}})

    assert isinstance(message, Inbound)
    assert (message.target, message.content) == ("o", {"edited_kind": "edit"})


def test_error_codes_come_as_numbers_or_words() -> None:
    errors = [
        {"code": "131047", "error_data": "24 h"},
        {"title": "?", "details": "d"},
        {"code": True},
        {"code": 10**12},
        7,
    ]
    tick = one({}, messages=[], statuses=[{"id": "w", "status": "failed", "errors": errors}])

    assert isinstance(tick, StatusUpdate)
    assert [(each.code, each.title, each.details) for each in tick.errors] == [
        (131047, None, "24 h"),
        (0, "?", "d"),
        (0, None, None),
        (0, None, None),
    ]


def test_an_echo_to_nobody_is_unreadable() -> None:
    echo = one({}, messages=[], message_echoes=[{"id": "w", "from": "5115550123", "type": "text"}])

    assert isinstance(echo, Unreadable)
    assert echo.reason == "an echo to nobody"


@pytest.mark.parametrize(
    "call",
    [
        {"event": "connect", "direction": "USER_INITIATED"},
        {"event": "terminate", "direction": "USER_INITIATED", "from": "51955500101"},
        {"event": "connect", "from": "51955500101"},
    ],
    ids=["from nobody", "its end", "of unknown direction"],
)
def test_not_every_call_opens_the_window(call: dict[str, object]) -> None:
    assert call_opens_window(one({}, messages=[], calls=[call])) is None


def test_a_call_beside_messages_opens_the_window_too() -> None:
    call = one({}, messages=[], calls=[{"event": "connect", "direction": "USER_INITIATED", "from": "51955500101"}])

    assert call_opens_window(call) == Person("51955500101")


def test_an_update_of_user_ids_without_ids_changes_nobody() -> None:
    change = {"field": "user_id_update", "value": {"user_id_update": [{"detail": "?"}, 5]}}
    body = {"object": "whatsapp_business_account", "entry": [{"changes": [change]}]}

    found = parse(json.dumps(body).encode())

    assert [each.identity_change for each in found if isinstance(each, AccountEvent)] == [None, None]
