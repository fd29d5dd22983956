"""The page: strict about what it loads and who asks, and told live what happens."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import integrations.simulator
from tests.patience import eventually_now
from tests.simulator.town import MARIA, Town

HERE = Path(integrations.simulator.__file__).parent


def test_the_page_loads_nothing_from_elsewhere(simulator: Town) -> None:
    page = simulator.http.get("/simulator")

    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<(?:script(?! type=\"module\" src=\"/)|style)|\bon\w+=|\bstyle=", page.text)
    loaded = re.findall(r"(?:src|href)=\"([^\"#]+)\"", page.text)
    assert all(address.startswith(("/simulator/", simulator.console.url[:16])) for address in loaded)
    for address in loaded:
        if address.startswith("/"):
            assert simulator.http.get(address).status_code == 200


def test_nothing_of_the_page_turns_text_into_markup() -> None:
    scripts = [script.read_text() for script in (HERE / "static").glob("*.js")]

    assert len(scripts) > 8
    assert not [
        script
        for script in scripts
        if re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", script)
    ]


@pytest.mark.parametrize("path", ["../app.py", "..%2fapp.py", "%2e%2e/app.py", "..\\app.py", "main.js/../../app.py"])
def test_static_files_stay_in_their_folder(simulator: Town, path: str) -> None:
    assert simulator.http.get(f"/simulator/static/{path}").status_code in {400, 404}


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "simulator.evil.example:8001"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_other_sites_cannot_drive_the_phones(simulator: Town, headers: dict[str, str]) -> None:
    answer = simulator.http.post(f"/simulator/api/personas/{MARIA}/messages", json={"text": "a"}, headers=headers)

    assert answer.status_code == 403
    assert simulator.thread() == []


def test_its_own_page_can(simulator: Town) -> None:
    headers = {"Origin": simulator.url, "Sec-Fetch-Site": "same-origin"}

    assert simulator.http.post(
        f"/simulator/api/personas/{MARIA}/messages", json={"text": "a"}, headers=headers
    ).is_success


def test_the_page_is_told_what_happens(simulator: Town) -> None:
    with listening(simulator) as events:
        assert [*next(events)] == ["hello"]

        simulator.write("Hola")

        seen: dict[str, Any] = {}
        while not {"message", "persona", "lines"} <= seen.keys():
            seen.update(next(events))
        assert seen["message"]["message"]["text"] == "Hola"
        assert seen["persona"]["id"] == MARIA
        assert seen["lines"]["counters"]["attempts"] >= 0


def test_a_page_that_closes_looks_away(simulator: Town) -> None:
    with listening(simulator) as events:
        viewer = next(events)["hello"]["viewer"]
        simulator.do(MARIA, "chat", open=True, viewer=viewer)
        assert simulator.simulation.world.threads[MARIA].open_by == {viewer}

    eventually_now(lambda: not simulator.simulation.world.threads[MARIA].open_by)
    assert simulator.simulation.hub.viewers == {}


def test_a_page_that_does_not_keep_up_is_told_to_load_anew(simulator: Town) -> None:
    viewer = simulator.simulation.hub.join()

    for _ in range(500):
        simulator.simulation.hub.tell("clock", {})

    waiting = [viewer._frames.get_nowait() for _ in range(viewer._frames.qsize())]
    simulator.simulation.hub.leave(viewer)
    assert waiting[0] == b"event: resync\ndata: {}\n\n"
    assert len(waiting) <= 400


class listening:  # noqa: N801 reads as a sentence
    """The stream of the page, event by event."""

    def __init__(self, simulator: Town) -> None:
        self._stream = httpx.stream("GET", f"{simulator.url}/simulator/live", timeout=10, trust_env=False)

    def __enter__(self) -> Iterator[dict[str, Any]]:
        answer = self._stream.__enter__()
        assert answer.headers["content-type"].startswith("text/event-stream")
        return self._events(answer)

    def __exit__(self, *exception: object) -> None:
        self._stream.__exit__(None, None, None)

    def _events(self, answer: httpx.Response) -> Iterator[dict[str, Any]]:
        name = ""
        for line in answer.iter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                yield {name: json.loads(line.removeprefix("data: "))}
