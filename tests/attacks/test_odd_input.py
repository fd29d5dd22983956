"""Numbers that are none, too large for a row or not ASCII, wherever an address, a form or a frame takes a number.

Rows A24 and A33 for pages and sockets; tests/api/test_bad_input.py has them for the API. Whatever is sent, the answer
is a refusal from a short list, and never a fault of ours.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.front import Front
from tests.inbox import meta
from tests.who_may import FRAMES, PAGES

ODD = ("99999999999999999999999999", "9223372036854775808", "²", "%00")
WEIRD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
ANSWERS = {"bad_frame", "forbidden", "not_found", "invalid", "not_signed_in"}
"""All that a socket ever says no with."""


def addresses() -> Iterator[str]:
    for row in PAGES:
        if row.method == "GET":
            named = re.findall(r"\{\w+:int\}", row.path)
            for place, odd in itertools.product(range(len(named)), ODD):
                path = row.path.replace("{signature:str}", "x")
                for index, name in enumerate(named):
                    path = path.replace(name, odd if index == place else "1", 1)
                yield path
    for path, odd in itertools.product(
        (
            "/inbox/1/messages?before={}",
            "/inbox/rows?cursor={}",
            "/inbox/rows?cursor={}.1",
            "/inbox/rows?cursor=1.{}",
            "/inbox?view={}",
            "/inbox/1?view={}",
            "/audit?cursor={}",
            "/audit?conversation={}&actor={}&from={}&to={}&action={}",
            "/settings/dead-letters?cursor={}",
        ),
        ODD,
    ):
        yield path.replace("{}", odd)


def forms() -> Iterator[tuple[str, dict[str, str]]]:
    for row in PAGES:
        if row.method == "POST" and ":int}" in row.path:
            for odd in ODD:
                named = re.findall(r"\{\w+:int\}", row.path)
                for place in range(len(named)):
                    path = row.path
                    for index, name in enumerate(named):
                        path = path.replace(name, odd if index == place else "1", 1)
                    yield path, {"client_key": "aaaaaaaa", "text": "x", "decision": "merge"}
    fields = {
        "/inbox/1/replies": ("seen_sequence", "reply_to", "client_key"),
        "/inbox/1/notes": ("client_key",),
        "/inbox/1/template-messages": ("template_id",),
        "/inbox/1/assignment": ("holder", "version"),
        "/inbox/1/resolution": ("version",),
    }
    for path, names in fields.items():
        for name, odd in itertools.product(names, ODD):
            yield path, {"text": "x", "client_key": f"aaaaaaaa{len(odd)}", "template_id": "1", name: odd}


async def test_no_number_brings_an_error_of_ours(front_on_either: Front) -> None:
    """A33."""
    front = front_on_either
    admin = await front.agent("Iván", role="admin")
    await front.webhook(meta.body(meta.text()))

    for path in addresses():
        answer = await admin.http.get(path)
        assert answer.status_code < 500, path
    for path, form in forms():
        answer = await admin.do(path, **form)
        assert answer.status_code < 500, (path, form)


IMPOSSIBLE: list[dict[str, Any]] = [
    {"t": "hello", "head": 2**70, "view": "all"},
    {"t": "hello", "head": -(2**63), "view": "all"},
    {"t": "hello", "head": 0, "view": "all", "open": 2**63},
    {"t": "open", "open": 2**64},
    {"t": "open", "open": -1},
    {"t": "seen", "open": 1, "sequence": 2**63 - 1},
    {"t": "seen", "open": 1, "sequence": 2**64},
    {"t": "view", "view": "'; DROP TABLE message --"},
    {"t": "hello", "head": 0, "view": "all", "filters": "q=a&" * 100},
    {"t": "view", "view": "all", "filters": "q=%00&" * 100},
]


async def test_a_frame_with_an_impossible_number_is_refused_and_the_page_goes_on(front_on_either: Front) -> None:
    """A24."""
    front = front_on_either
    ana = await front.agent("Ana")
    await front.webhook(meta.body(meta.text()))
    for frame in IMPOSSIBLE:
        async with ana.live(opened=1) as wire:
            await wire.say(**frame)
            await wire.say(t="ping")
            await wire.until(lambda frame: "pong" in frame.control)


async def test_whatever_a_page_says_the_answer_is_one_of_ours(front: Front) -> None:
    """A24: thousands of frames, near and far from what is meant; no answer repeats them or tells of our insides."""
    ana = await front.agent("Ana")
    await front.webhook(meta.body(meta.text()))
    frames: list[str | bytes] = []

    @settings(max_examples=200, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(near() | st.text(max_size=50).map(json.dumps) | st.binary(max_size=50) | WEIRD.map(json.dumps))
    def collect(frame: str | bytes) -> None:
        frames.append(frame)

    collect()
    rooms = iter(frames)
    while batch := list(itertools.islice(rooms, 15)):
        async with ana.live(opened=1) as wire:
            for frame in batch:
                await wire.socket.send(frame)
            await wire.say(t="ping")
            await wire.until(lambda frame: "pong" in frame.control)
            for heard in wire.heard:
                assert heard.control.get("error", "bad_frame") in ANSWERS
                for never in ("Traceback", "Error", "SELECT", ".py", "object at", "site-packages"):
                    assert never not in json.dumps(heard.control)


def near() -> st.SearchStrategy[str]:
    """A frame that is meant, with something odd in one of its places."""

    def spoilt(frame: dict[str, Any]) -> st.SearchStrategy[str]:
        return st.tuples(st.sampled_from(sorted(frame)), WEIRD).map(
            lambda change: json.dumps({**frame, change[0]: change[1]})
        )

    meant: list[dict[str, Any]] = list(FRAMES.values())
    return st.sampled_from(meant).flatmap(spoilt)
