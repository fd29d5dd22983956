"""Listening to the stream, as a program does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
from websockets.exceptions import ConnectionClosed

from console import metrics
from tests.api.house import frames


def open_streams() -> int:
    return int(metrics.live_streams._value.get())


async def until(wire: Any, enough: Any) -> list[dict[str, Any]]:
    seen: list[dict[str, Any]] = []
    while not enough(seen):
        seen += await frames(wire, 1)
    return seen


async def rest(wire: Any) -> list[dict[str, Any]]:
    """What still comes before the socket closes, without heartbeats."""
    said = []
    try:
        async with asyncio.timeout(10):
            while True:
                frame = json.loads(await wire.recv())
                if frame["type"] != "heartbeat":
                    said.append(frame)
    except ConnectionClosed:
        return said


def created(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event for event in events if event["type"] == "message.created"]


def identity(event: dict[str, Any]) -> tuple[str, ...]:
    """What a replay must repeat. The rest of `data` is how things are when the event is given."""
    return (event["cursor"], event["type"], event["at"], event["action"], event["data"]["id"])


async def lines(answer: httpx.Response) -> AsyncIterator[dict[str, str]]:
    """The events of an event stream (those with data), as a browser reads them."""
    event: dict[str, str] = {}
    async for line in answer.aiter_lines():
        if not line and "data" in event:
            yield event
        if not line:
            event = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(": ")
            event[name] = value


async def take(events: AsyncIterator[dict[str, str]], count: int) -> AsyncIterator[dict[str, str]]:
    for _ in range(count):
        yield await anext(events)
