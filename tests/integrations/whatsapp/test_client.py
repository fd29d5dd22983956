from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from integrations.whatsapp.account import HistoryEvent, ProfileChanges
from integrations.whatsapp.errors import Action, CallFailed, Invalid, NoAnswer, NotSent, SendFailed, SendUnknown
from integrations.whatsapp.outgoing import Accepted, Text
from integrations.whatsapp.payloads import Person
from tests.integrations.whatsapp.cloud import ACCEPTED, ANA, BASE, TOKEN, Recorder, client, whatsapp

HELLO = Text("Buenos días, Ana")


class Stream(httpx.AsyncByteStream):
    def __init__(self, *chunks: bytes) -> None:
        self.chunks = chunks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self.chunks:
            yield chunk


class Dripping(httpx.AsyncByteStream):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b'{"messages"'
        await asyncio.Event().wait()


def error(code: int, status: int = 400, headers: dict[str, str] | None = None, **more: Any) -> httpx.Response:
    return httpx.Response(status, json={"error": {"message": f"(#{code})", "code": code, **more}}, headers=headers)


async def test_a_message_is_posted_with_the_token_to_our_number() -> None:
    cloud = Recorder(ACCEPTED)

    async with whatsapp(cloud) as wa:
        receipt = await wa.send(HELLO, ANA, opaque="0c5b")

    assert receipt == Accepted(wamid="wamid.1", wa_id="51955500101", message_status="accepted")
    [request] = cloud.requests
    assert (request.method, str(request.url)) == ("POST", f"{BASE}/v23.0/2003/messages")
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert request.headers["Content-Type"] == "application/json"
    assert cloud.body() == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+51955500101",
        "type": "text",
        "text": {"body": "Buenos días, Ana", "preview_url": False},
        "biz_opaque_callback_data": "0c5b",
    }


@pytest.mark.parametrize(
    ("answer", "receipt"),
    [
        (
            {"contacts": [{"input": "PE.1", "user_id": "PE.1"}], "messages": [{"id": "w"}]},
            Accepted(wamid="w", user_id="PE.1"),
        ),
        ({"messages": [{"id": "w"}]}, Accepted(wamid="w")),
        (
            {"messages": [{"id": "w", "message_status": "held_for_quality_assessment"}]},
            Accepted(wamid="w", message_status="held_for_quality_assessment"),
        ),
        ({"contacts": [], "messages": [{"id": "w"}], "success": True}, Accepted(wamid="w")),
    ],
)
async def test_every_shape_of_receipt_is_read(answer: dict[str, Any], receipt: Accepted) -> None:
    async with whatsapp(Recorder(answer)) as wa:
        assert await wa.send(HELLO, ANA) == receipt


@pytest.mark.parametrize(
    ("answer", "code", "action"),
    [
        pytest.param(error(131047), 131047, Action.NEEDS_TEMPLATE, id="window closed"),
        pytest.param(error(131056, 429), 131056, Action.PAIR_BACKOFF, id="pair limit"),
        pytest.param(error(130429, 403), 130429, Action.SLOW_NUMBER, id="throughput"),
        pytest.param(error(190, 401), 190, Action.PAUSE_CHANNEL, id="token"),
        pytest.param(error(368, 403), 368, Action.PAUSE_CHANNEL, id="policy"),
        pytest.param(error(131016, 503), 131016, Action.RETRY, id="documented as not accepted"),
        pytest.param(error(100, 200), 100, Action.FAIL, id="an error with HTTP 200"),
        pytest.param(httpx.Response(429, text="slow down"), None, Action.SLOW_NUMBER, id="429 without JSON"),
        pytest.param(httpx.Response(400, json={"message": "no"}), None, Action.FAIL, id="JSON without an error"),
        pytest.param(httpx.Response(400, json={"error": "no"}), None, Action.FAIL, id="an error that is a string"),
        pytest.param(
            httpx.Response(400, json={"error": {"code": "131047"}}),
            131047,
            Action.NEEDS_TEMPLATE,
            id="code as a string",
        ),
    ],
)
async def test_a_refusal_says_what_to_do(answer: httpx.Response, code: int | None, action: Action) -> None:
    async with whatsapp(Recorder(answer)) as wa:
        with pytest.raises(SendFailed) as failed:
            await wa.send(HELLO, ANA)

    assert failed.value.code == code
    assert failed.value.verdict.action is action


async def test_a_refusal_carries_metas_words_and_the_pause_it_asks_for() -> None:
    answer = error(130429, 429, {"Retry-After": "17"}, error_data={"details": "Throughput has been reached."})

    async with whatsapp(Recorder(answer)) as wa:
        with pytest.raises(SendFailed) as failed:
            await wa.send(HELLO, ANA)

    assert failed.value.retry_after == 17
    assert failed.value.title == "(#130429)"
    assert failed.value.details == "Throughput has been reached."
    assert failed.value.retryable


@pytest.mark.parametrize("header", ["", "soon", "-1", "1e9", "Wed, 21 Oct 2026 07:28:00 GMT", "9" * 400])
async def test_an_odd_retry_after_is_none(header: str) -> None:
    async with whatsapp(Recorder(error(4, 429, {"Retry-After": header}))) as wa:
        with pytest.raises(SendFailed) as failed:
            await wa.send(HELLO, ANA)

    assert failed.value.retry_after is None


async def test_error_data_may_be_a_plain_string() -> None:
    async with whatsapp(Recorder(error(100, error_data="Bad recipient"))) as wa:
        with pytest.raises(SendFailed) as failed:
            await wa.send(HELLO, ANA)

    assert failed.value.details == "Bad recipient"


@pytest.mark.parametrize(
    "failure",
    [httpx.ConnectError("refused"), httpx.ConnectTimeout("slow"), httpx.PoolTimeout("busy")],
    ids=lambda each: type(each).__name__,
)
async def test_without_a_connection_nothing_was_sent(failure: Exception) -> None:
    async with whatsapp(Recorder(failure)) as wa:
        with pytest.raises(NotSent):
            await wa.send(HELLO, ANA)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(httpx.ReadTimeout("hangs"), id="hangs"),
        pytest.param(httpx.WriteTimeout("stalls"), id="stalls while sending"),
        pytest.param(httpx.WriteError("broken"), id="breaks while sending"),
        pytest.param(httpx.ReadError("reset"), id="reset"),
        pytest.param(httpx.RemoteProtocolError("gone"), id="disconnects"),
        pytest.param(httpx.Response(500, text="Oops"), id="500"),
        pytest.param(httpx.Response(502, text="<html>Bad Gateway</html>"), id="502, HTML"),
        pytest.param(httpx.Response(503, json={"error": {"message": "?", "code": 1}}), id="503, code 1"),
        pytest.param(error(131000, 500), id="500, code 131000"),
        pytest.param(error(2, 500, is_transient=True), id="500, code 2"),
        pytest.param(httpx.Response(500, json={"error": {"message": "?"}}), id="500, no code"),
        pytest.param(httpx.Response(500, json={}), id="500, empty object"),
        pytest.param(httpx.Response(200, json={"messages": []}), id="200 without an id"),
        pytest.param(httpx.Response(200, json={"messages": [{"id": ""}]}), id="200 with an empty id"),
        pytest.param(httpx.Response(200, json={"messages": {"id": "w"}}), id="200, another shape"),
        pytest.param(httpx.Response(200, text="<html>"), id="200, HTML"),
        pytest.param(httpx.Response(200, text=""), id="200, empty"),
        pytest.param(httpx.Response(200, text='{"messages":[{"id":"w'), id="200, half a JSON"),
        pytest.param(httpx.Response(200, json=[1]), id="200, a list"),
        pytest.param(httpx.Response(200, content=b"\xff\xfe"), id="200, no UTF-8"),
        pytest.param(httpx.Response(200, text="[" * 100_000), id="200, deep"),
        pytest.param(httpx.Response(400, text="Bad Request"), id="400, no JSON"),
        pytest.param(httpx.Response(302, headers={"Location": "https://evil.example/"}), id="redirect"),
        pytest.param(httpx.Response(200, stream=Stream(*[b"x" * 1_000_000] * 20)), id="20 MB"),
        pytest.param(
            httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=Stream(b"not gzip")),
            id="broken compression",
        ),
    ],
)
async def test_when_no_answer_settles_it_the_outcome_is_unknown(answer: httpx.Response | Exception) -> None:
    cloud = Recorder(answer)

    async with whatsapp(cloud) as wa:
        with pytest.raises(SendUnknown) as unknown:
            await wa.send(HELLO, ANA)

    assert len(cloud.requests) == 1, "never sent twice"
    assert len(unknown.value.answer) <= 4096


async def test_an_answer_that_never_ends_is_given_up() -> None:
    async with whatsapp(Recorder(httpx.Response(200, stream=Dripping())), total=0.05) as wa:
        with pytest.raises(SendUnknown, match="in time"):
            await wa.send(HELLO, ANA)


async def test_what_meta_would_refuse_makes_no_call() -> None:
    cloud = Recorder(ACCEPTED)

    async with whatsapp(cloud) as wa:
        with pytest.raises(Invalid):
            await wa.send(Text(""), ANA)
        with pytest.raises(Invalid):
            await wa.send(HELLO, Person())

    assert not cloud.requests


async def test_read_and_typing_are_one_call_each() -> None:
    cloud = Recorder({"success": True})

    async with whatsapp(cloud) as wa:
        await wa.mark_read("wamid.9")
        await wa.typing("wamid.9")

    assert [str(each.url) for each in cloud.requests] == [f"{BASE}/v23.0/2003/messages"] * 2
    read = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.9"}
    assert cloud.body(0) == read
    assert cloud.body(1) == {**read, "typing_indicator": {"type": "text"}}


async def test_a_failed_read_receipt_is_no_failed_send() -> None:
    async with whatsapp(Recorder(error(131009))) as wa:
        with pytest.raises(CallFailed) as failed:
            await wa.mark_read("wamid.9")
    assert not isinstance(failed.value, SendFailed)

    async with whatsapp(Recorder(httpx.Response(502))) as wa:
        with pytest.raises(NoAnswer) as unanswered:
            await wa.mark_read("wamid.9")
    assert not isinstance(unanswered.value, SendUnknown)


def template(name: str, **more: Any) -> dict[str, Any]:
    return {"id": f"1{name}", "name": name, "language": "es", "status": "APPROVED", "category": "UTILITY", **more}


async def test_templates_come_over_all_pages_without_the_token_in_the_address() -> None:
    following = f"{BASE}/v23.0/1002/message_templates?limit=100&after=QVFI&access_token={TOKEN}"
    first = {
        "data": [template("uno", components=[{"type": "BODY", "text": "Hola {{1}}"}])],
        "paging": {"next": following},
    }
    second = {"data": [template("dos", parameter_format="NAMED", quality_score={"score": "GREEN"}), {"id": "3"}, 7]}
    cloud = Recorder(first, second)

    async with whatsapp(cloud) as wa:
        found = [each async for each in wa.templates()]

    assert [each.name for each in found] == ["uno", "dos"]
    assert found[0].components == [{"type": "BODY", "text": "Hola {{1}}"}]
    assert (found[1].parameter_format, found[1].quality_score) == ("NAMED", "GREEN")
    assert cloud.requests[0].url.path == "/v23.0/1002/message_templates"
    assert "quality_score" in cloud.requests[0].url.params["fields"]
    assert dict(cloud.requests[1].url.params) == {"limit": "100", "after": "QVFI"}


@pytest.mark.parametrize(
    "following",
    [
        "https://evil.example/v23.0/1002/message_templates?after=1",
        "http://graph.facebook.com/v23.0/1002/message_templates?after=1",
        "https://graph.facebook.com:8443/v23.0/1002/message_templates?after=1",
        "https://graph.facebook.com@evil.example/",
        "https://graph.facebook.com.evil.example/",
        "//evil.example/",
        "http://[",
        f"{BASE}/v23.0/1002/message_templates?after=same",
    ],
)
async def test_a_list_that_leads_away_or_in_circles_is_left(following: str) -> None:
    cloud = Recorder({"data": [template("uno")], "paging": {"next": following}})

    async with whatsapp(cloud) as wa:
        with pytest.raises(NoAnswer):
            [each async for each in wa.templates()]

    assert {each.url.host for each in cloud.requests} == {"graph.facebook.com"}
    assert len(cloud.requests) <= 2


async def test_our_number_is_read_field_by_field() -> None:
    answer = {
        "id": "2003",
        "display_phone_number": "+51 1 555-0123",
        "verified_name": "Caja Andina",
        "quality_rating": "GREEN",
        "throughput": {"level": "STANDARD"},
        "whatsapp_business_manager_messaging_limit": "TIER_2K",
        "health_status": {"can_send_message": "AVAILABLE"},
        "username": None,
    }

    async with whatsapp(Recorder(answer)) as wa:
        number = await wa.number()

    assert (number.verified_name, number.quality_rating, number.throughput) == ("Caja Andina", "GREEN", "STANDARD")
    assert (number.messaging_limit, number.can_send_message, number.status) == ("TIER_2K", "AVAILABLE", None)


@pytest.mark.parametrize("wrapped", [False, True])
async def test_the_profile_is_read_in_both_shapes(wrapped: bool) -> None:
    fields = {"about": "Estamos para ayudarle", "websites": ["https://caja.example"], "vertical": "FINANCE"}

    async with whatsapp(Recorder({"data": [{"business_profile": fields} if wrapped else fields]})) as wa:
        profile = await wa.profile()

    assert (profile.about, profile.websites, profile.vertical) == (
        "Estamos para ayudarle",
        ["https://caja.example"],
        "FINANCE",
    )


async def test_only_what_changes_of_the_profile_is_sent() -> None:
    cloud = Recorder({"success": True})

    async with whatsapp(cloud) as wa:
        await wa.update_profile(ProfileChanges(description="Lunes a viernes, 9 a 18 h"))

    assert cloud.body() == {"messaging_product": "whatsapp", "description": "Lunes a viernes, 9 a 18 h"}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        (ProfileChanges(), "profile"),
        (ProfileChanges(about="x" * 140), "about"),
        (ProfileChanges(websites=["https://a.example"] * 3), "websites"),
        (ProfileChanges(websites=["ftp://a.example"]), "websites"),
    ],
)
async def test_a_profile_meta_would_refuse_is_refused(changes: ProfileChanges, field: str) -> None:
    async with whatsapp(Recorder({})) as wa:
        with pytest.raises(Invalid) as refused:
            await wa.update_profile(changes)

    assert refused.value.field == field


@pytest.mark.parametrize(
    "answer",
    [
        {"data": [{"message_id": "w", "events": {"data": [{"delivery_status": "READ", "timestamp": 1763740800}]}}]},
        {"data": [{"cursor": "x", "node": {"delivery_status": "READ", "occurrence_timestamp": 1763740800}}]},
    ],
    ids=["under the message", "bare"],
)
async def test_recorded_ticks_are_read_in_both_shapes(answer: dict[str, Any]) -> None:
    cloud = Recorder(answer)

    async with whatsapp(cloud) as wa:
        [event] = await wa.message_history("wamid.1")

    assert isinstance(event, HistoryEvent)
    assert (event.status, event.at and event.at.timestamp()) == ("read", 1763740800)
    assert cloud.requests[0].url.params["message_id"] == "wamid.1"


async def test_blocking_says_who_was_and_why_others_were_not() -> None:
    answer = {
        "block_users": {
            "added_users": [{"input": "+51955500101", "wa_id": "51955500101"}],
            "failed_users": [
                {
                    "input": "+1",
                    "errors": [{"code": 131047, "message": "Re-engagement", "error_data": {"details": "24h"}}],
                }
            ],
        }
    }
    cloud = Recorder(answer, {"block_users": {"removed_users": [{"wa_id": "51955500101"}]}})

    async with whatsapp(cloud) as wa:
        blocked = await wa.block(["51955500101", "1"])
        unblocked = await wa.unblock(["51955500101"])

    assert blocked.done == unblocked.done == ["51955500101"]
    assert [each.code for each in blocked.failed] == [131047]
    assert [each.method for each in cloud.requests] == ["POST", "DELETE"]
    assert cloud.body(0)["block_users"] == [{"user": "+51955500101"}, {"user": "+1"}]


async def test_neither_token_nor_phone_nor_text_is_ever_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    shown = []

    for answer in (error(131026), httpx.Response(502, text=f"{TOKEN} 51955500101"), httpx.ReadError("x")):
        async with whatsapp(Recorder(answer)) as wa:
            shown += [repr(wa), str(wa)]
            with pytest.raises((SendFailed, SendUnknown)) as failed:
                await wa.send(HELLO, ANA)
            shown += [str(failed.value), repr(failed.value)]

    seen = "\n".join([*shown, caplog.text])
    assert TOKEN not in seen
    assert "51955500101" not in seen
    assert "Buenos" not in seen


@pytest.mark.parametrize(
    "change",
    [
        {"base_url": "http://graph.facebook.com"},
        {"base_url": "ftp://127.0.0.1"},
        {"base_url": "graph.facebook.com"},
        {"base_url": "https://user:pass@graph.facebook.com"},
        {"base_url": "http://10.0.0.7:9000"},
        {"base_url": "https://graph.facebook.com:99999"},
        {"version": "23"},
        {"version": "v23.0/../v1.0"},
        {"phone_number_id": "../me"},
        {"business_account_id": ""},
        {"token": ""},
        {"token": "a\nb"},
        {"token": "ñ"},
    ],
)
async def test_an_unsafe_configuration_is_refused(change: dict[str, str]) -> None:
    async with httpx.AsyncClient() as http:
        with pytest.raises(ValueError, match=r"WhatsApp|ids"):
            client(http, total=35, **change)


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:9000", "http://localhost:9000/", "http://[::1]:9000", BASE])
async def test_a_simulator_on_this_machine_may_stand_in(base_url: str) -> None:
    cloud = Recorder(ACCEPTED)

    async with whatsapp(cloud, base_url=base_url) as wa:
        await wa.send(HELLO, ANA)

    assert str(cloud.requests[0].url) == f"{base_url.rstrip('/')}/v23.0/2003/messages"


FIXTURES = Path(os.environ.get("WHATSAPP_FIXTURES", ""))
GIVEN = bool(os.environ.get("WHATSAPP_FIXTURES"))
REFUSALS = sorted(each.name for each in FIXTURES.glob("api_error__*.json")) if GIVEN else []
RECEIPTS = sorted(each.name for each in FIXTURES.glob("send_resp_ok__*.json")) if GIVEN else []


@pytest.mark.skipif(not REFUSALS, reason="WHATSAPP_FIXTURES names no directory of payloads")
@pytest.mark.parametrize("name", REFUSALS or ["none"])
async def test_a_real_refusal_is_understood(name: str) -> None:
    given = json.loads((FIXTURES / name).read_bytes())
    status = int(name[-8:-5]) if name[-8:-5] in {"400", "401", "403", "404", "422", "429", "500"} else 400

    async with whatsapp(Recorder(httpx.Response(status, json=given))) as wa:
        with pytest.raises(SendUnknown if status == 500 else SendFailed) as failed:
            await wa.send(HELLO, ANA)
        with pytest.raises(CallFailed) as read_failed:
            await wa.number()

    assert read_failed.value.code == given["error"]["code"]
    assert read_failed.value.title == given["error"]["message"]
    assert status != 429 or (isinstance(failed.value, SendFailed) and failed.value.retryable)


@pytest.mark.skipif(not RECEIPTS, reason="WHATSAPP_FIXTURES names no directory of payloads")
@pytest.mark.parametrize("name", [each for each in RECEIPTS if "typing" not in each] or ["none"])
async def test_a_real_receipt_is_read(name: str) -> None:
    given = json.loads((FIXTURES / name).read_bytes())

    async with whatsapp(Recorder(given)) as wa:
        receipt = await wa.send(HELLO, ANA)

    assert receipt.wamid == given["messages"][0]["id"]
    assert (receipt.wa_id, receipt.user_id) == (given["contacts"][0].get("wa_id"), given["contacts"][0].get("user_id"))
