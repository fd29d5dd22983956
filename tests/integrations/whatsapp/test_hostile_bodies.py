from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from integrations.whatsapp.payloads import AccountEvent, Echo, Event, Inbound, StatusUpdate, Unreadable, parse
from tests.integrations.whatsapp.captured import ANA, PAYLOADS, WHEN, body

CAPTURED = [file.read_bytes() for file in sorted(PAYLOADS.glob("*.json"))]
MESSAGE = '{"from":"51955500101","id":"wamid.%s","timestamp":"1763740800","type":"text","text":{"body":"%s"}}'


def webhook(*messages: str, value: str = '"metadata":{"phone_number_id":"1"},"messages":[%s]') -> bytes:
    change = f'{{"field":"messages","value":{{{value % ",".join(messages)}}}}}'
    return f'{{"object":"whatsapp_business_account","entry":[{{"id":"9","changes":[{change}]}}]}}'.encode()


def texts(found: list[Event]) -> list[str | None]:
    return [each.text if isinstance(each, Inbound) else type(each).__name__ for each in found]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"[]", id="list"),
        pytest.param(b"1", id="number"),
        pytest.param(b"null", id="null"),
        pytest.param(b'"entry"', id="string"),
        pytest.param(b"{}", id="no object"),
        pytest.param(b"\xff\xfe\x00garbage", id="garbage"),
        pytest.param(body("in_text")[:-20], id="truncated"),
        pytest.param(body("in_text") + b"x", id="trailing garbage"),
        pytest.param(b"\xef\xbb\xbf" + body("in_text"), id="byte order mark"),
        pytest.param(body("in_text").decode().encode("utf-16"), id="UTF-16"),
        pytest.param(body("in_text").replace(b"{", b"{\x00", 1), id="raw NUL"),
        pytest.param(b"[" * 100_000, id="deep, open"),
        pytest.param(b"[" * 100_000 + b"]" * 100_000, id="deep"),
        pytest.param(b'{"a":' * 100_000 + b"1" + b"}" * 100_000, id="deep objects"),
        pytest.param(b'{"object":"whatsapp_business_account"}', id="no entry"),
        pytest.param(b'{"object":"whatsapp_business_account","entry":{}}', id="entry is no list"),
        pytest.param(b'{"object":"whatsapp_business_account","entry":[1 2]}', id="no comma"),
        pytest.param(b'{"object":"whatsapp_business_account","entry":[1,]}', id="comma too many"),
        pytest.param(webhook("{]}"), id="brackets"),
        pytest.param(b'{"object":["whatsapp_business_account"],"entry":[]}', id="object is no string"),
    ],
)
def test_a_body_that_is_no_webhook_is_one_unreadable(body: bytes) -> None:
    [only] = parse(body)

    assert isinstance(only, Unreadable)
    assert only.payload == body


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param('{"id":"x","deep":' + "[" * 100_000 + "]" * 100_000 + "}", id="deep"),
        pytest.param('{"id":"x","deep":' + '{"a":' * 5_000 + "1" + "}" * 5_000 + "}", id="deep objects"),
        pytest.param('{"id":"x","type":"te\nxt"}', id="control character"),
        pytest.param('{"id":"x" "type":"text"}', id="no comma"),
        pytest.param("tru", id="half a word"),
    ],
)
def test_an_undecodable_message_does_not_lose_its_neighbours(bad: str) -> None:
    found = parse(webhook(MESSAGE % ("1", "antes"), bad, MESSAGE % ("2", "después")))

    assert texts(found)[0] == "antes"
    assert "Unreadable" in texts(found)
    assert texts(found)[-1] == "después"


def test_invalid_utf8_loses_only_its_own_message() -> None:
    body = webhook(MESSAGE % ("1", "uno"), MESSAGE % ("2", "dos"), MESSAGE % ("3", "tres")).replace(b"dos", b"d\xffs")

    assert texts(parse(body)) == ["uno", "Unreadable", "tres"]


@pytest.mark.parametrize(
    ("wire", "stored"),
    [
        (r"a\u0000b", "a\ufffdb"),
        (r"a\ud800b", "a\ufffdb"),
        (r"a\udc00\ud800b", "a\ufffd\ufffdb"),
        (r"a\ud83d\ude4fb", "a🙏b"),
        (r"ñ\u0000", "ñ\ufffd"),
    ],
)
def test_what_no_database_takes_is_replaced_in_every_string(wire: str, stored: str) -> None:
    message = (MESSAGE % ("1", wire)).replace("wamid.1", f"wamid.{wire}")
    contact = f'{{"wa_id":"51955500101","profile":{{"name":"{wire}","username":"{wire}"}}}}'
    document = '{"from":"51955500101","id":"d","type":"document","document":{"id":"1","filename":"%s","caption":"%s"}}'
    button = '{"from":"51955500101","id":"b","type":"button","button":{"text":"ok","payload":"%s"}}'

    found = parse(
        webhook(
            message,
            document % (wire, wire),
            button % wire,
            value=f'"metadata":{{"phone_number_id":"1"}},"contacts":[{contact}],"messages":[%s]',
        )
    )

    text, file, pressed = [each for each in found if isinstance(each, Inbound)]
    assert (text.text, text.wamid) == (stored, f"wamid.{stored}")
    assert (text.sender.name, text.sender.username) == (stored, stored)
    assert file.attachment is not None
    assert (file.text, file.attachment.filename) == (stored, stored)
    assert pressed.content["button"]["payload"] == stored


@pytest.mark.parametrize("status", ['"sent"', r'"se\u0000nt"'])
def test_a_tick_is_cleaned_too(status: str) -> None:
    tick = f'{{"id":"w","status":{status},"biz_opaque_callback_data":"a\\u0000","pricing":{{"type":"\\u0000"}}}}'

    [found] = parse(webhook(tick, value='"statuses":[%s]'))

    assert isinstance(found, StatusUpdate)
    assert "\x00" not in repr(found.status) + str(found.opaque) + str(found.pricing)
    assert found.opaque == "a\ufffd"


@pytest.mark.parametrize(
    "timestamp",
    [
        "null",
        '""',
        '"abc"',
        '"-5"',
        "-5",
        '"1"',
        '"4102444800"',
        "1e400",
        "NaN",
        "9" * 5000,
        f'"{"9" * 5000}"',
        "true",
        "[]",
    ],
)
def test_an_unusable_timestamp_is_none(timestamp: str) -> None:
    [message] = parse(webhook((MESSAGE % ("1", "hola")).replace('"1763740800"', timestamp)))

    assert isinstance(message, Inbound)
    assert (message.text, message.sent_at) == ("hola", None)


@pytest.mark.parametrize(
    "timestamp", ['"1763740800"', "1763740800", "1763740800.9", '"1763740800000"', "1763740800000"]
)
def test_a_loose_timestamp_is_understood(timestamp: str) -> None:
    [message] = parse(webhook((MESSAGE % ("1", "hola")).replace('"1763740800"', timestamp)))

    assert isinstance(message, Inbound)
    assert message.sent_at == WHEN


@pytest.mark.parametrize("number", ["1e400", "-1e400", "NaN", "Infinity", "9" * 5000, "-" + "9" * 5000])
def test_odd_numbers_are_tamed_and_the_message_shown(number: str) -> None:
    place = f'{{"from":"51955500101","id":"p","type":"location","location":{{"latitude":{number},"longitude":1.5}}}}'

    [message] = parse(webhook(place))

    assert isinstance(message, Inbound)
    json.dumps(message.content, allow_nan=False)
    assert message.content["location"]["longitude"] == 1.5


def test_content_is_never_deep() -> None:
    order = '{"from":"51955500101","id":"o","type":"order","order":{"deep":' + "[" * 500 + "]" * 500 + "}}"

    [message] = parse(webhook(order))

    assert isinstance(message, Inbound)
    assert repr(message.content).count("[") < 30


def test_of_two_members_with_one_name_the_last_counts() -> None:
    [message] = parse(webhook((MESSAGE % ("1", "hola")).replace('"type"', '"id":"wamid.2","type"')))

    assert isinstance(message, Inbound)
    assert message.wamid == "wamid.2"


def test_absurdly_long_ids_are_no_ids() -> None:
    long_id = MESSAGE.replace("wamid.%s", "w" * 3000 + "%s")
    long_sender = (MESSAGE % ("2", "hola")).replace("51955500101", "5" * 3000)
    long_kind = (MESSAGE % ("3", "hola")).replace('"type":"text"', f'"type":"{"k" * 3000}"')

    first, second, third = parse(webhook(long_id % ("1", "hola"), long_sender, long_kind))

    assert isinstance(first, Unreadable)
    assert isinstance(second, Unreadable)
    assert isinstance(third, Inbound)
    assert third.kind == "k" * 64


def test_a_thousand_messages_in_one_body_all_arrive_in_order() -> None:
    found = parse(webhook(*[MESSAGE % (n, f"n{n}") for n in range(1000)]))

    assert texts(found) == [f"n{n}" for n in range(1000)]


@pytest.mark.parametrize("name", ["messages", "statuses"])
def test_more_elements_than_a_body_can_mean_are_one_unreadable(name: str) -> None:
    echo = '"message_echoes":[{"id":"e","to":"1","type":"text"}]'

    found = parse(webhook(*["1"] * 30_000, value=f'{echo},"{name}":[%s]'))

    assert sorted(type(each).__name__ for each in found) == ["Echo", "Unreadable"]


def test_many_contacts_are_searched_by_id() -> None:
    contacts = ",".join(f'{{"wa_id":"{n}","profile":{{"name":"n{n}"}}}}' for n in range(5_000, 15_000))
    messages = [(MESSAGE % (n, "hola")).replace("51955500101", str(n)) for n in range(14_000, 16_000)]

    found = parse(webhook(*messages, value=f'"contacts":[{contacts}],"messages":[%s]'))

    names = [each.sender.name for each in found if isinstance(each, Inbound)]
    assert names == [f"n{n}" for n in range(14_000, 15_000)] + [None] * 1_000


def test_a_broken_contact_takes_only_the_name_away() -> None:
    value = '"contacts":[{"profile":7,"wa_id":"51955500101"},3],"messages":[%s]'

    [message] = parse(webhook(MESSAGE % ("1", "hola"), value=value))

    assert isinstance(message, Inbound)
    assert message.sender.wa_id == ANA.wa_id
    assert message.sender.name is None


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
odd_messages = st.fixed_dictionaries(
    {},
    optional={
        "id": json_values | st.just("wamid.1"),
        "from": json_values | st.just("51955500101"),
        "from_user_id": json_values,
        "type": json_values
        | st.sampled_from(
            ["text", "image", "interactive", "edit", "system", "reaction", "contacts", "order", "button"]
        ),
        "timestamp": json_values,
        **{
            part: json_values | st.dictionaries(st.sampled_from(["id", "body", "type", "message", "text"]), json_values)
            for part in ("text", "image", "interactive", "edit", "system", "reaction", "context", "errors", "referral")
        },
    },
)


@given(st.binary())
@example(b'{"object":"whatsapp_business_account","entry":[')
def test_any_bytes_give_events(body: bytes) -> None:
    assert isinstance(parse(body), list)


@given(st.sampled_from(CAPTURED), st.integers(min_value=0), st.binary(max_size=3), st.integers(0, 3))
def test_any_damage_to_a_real_body_gives_events(body: bytes, at: int, inserted: bytes, removed: int) -> None:
    at %= len(body)

    found = parse(body[:at] + inserted + body[at + removed :])

    assert all(isinstance(each, (Inbound, Echo, StatusUpdate, AccountEvent, Unreadable)) for each in found)


@given(st.lists(odd_messages | json_values, max_size=5), st.lists(odd_messages | json_values, max_size=3))
def test_every_element_is_accounted_for(messages: list[object], statuses: list[object]) -> None:
    value = {"metadata": {"phone_number_id": "1"}, "messages": messages, "statuses": statuses}
    body = {"object": "whatsapp_business_account", "entry": [{"changes": [{"field": "messages", "value": value}]}]}

    found = parse(json.dumps(body).encode())

    assert len(found) == len(messages) + len(statuses)
    for each in found:
        assert isinstance(each, (Inbound, StatusUpdate, Unreadable))
        assert each.payload
        if isinstance(each, Inbound):
            json.dumps(each.content, allow_nan=False).encode()


@given(st.text(min_size=1), st.text(min_size=1))
def test_text_and_name_arrive_as_they_were_written(text: str, name: str) -> None:
    value = {
        "metadata": {"phone_number_id": "1"},
        "contacts": [{"wa_id": "51955500101", "profile": {"name": name}}],
        "messages": [{"from": "51955500101", "id": "w", "type": "text", "text": {"body": text}}],
    }
    body = {"object": "whatsapp_business_account", "entry": [{"changes": [{"field": "messages", "value": value}]}]}

    for escaped in (True, False):
        [message] = parse(
            json.dumps(body, ensure_ascii=escaped).encode("utf-8", "surrogatepass" if escaped else "strict")
        )

        assert isinstance(message, Inbound)
        assert message.text == text.replace("\x00", "\ufffd")
        assert message.sender.name == name.replace("\x00", "\ufffd")


@given(
    json_values.filter(lambda value: not isinstance(value, dict)), st.sampled_from(["messages", "statuses", "contacts"])
)
def test_a_list_that_is_no_list_loses_nothing_else(wrong: object, name: str) -> None:
    good = {"from": "51955500101", "id": "w", "type": "text", "text": {"body": "hola"}}
    value = {"messages": [good], "message_echoes": [{**good, "to": "1"}], name: wrong}
    body = {"object": "whatsapp_business_account", "entry": [{"changes": [{"field": "messages", "value": value}]}]}

    found = parse(json.dumps(body).encode())

    assert any(isinstance(each, Echo) for each in found)
    assert name == "messages" or any(isinstance(each, Inbound) for each in found)
