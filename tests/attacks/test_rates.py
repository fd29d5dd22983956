"""A script that runs wild with somebody's session (row A42): it is told to wait, and nobody else notices."""

from __future__ import annotations

import uuid

import httpx
from hypothesis import given
from hypothesis import strategies as st

from console.rates import RATES, Buckets
from tests.front import Front, Person
from tests.inbox import meta


async def until_it_is_refused(person: Person, path: str) -> httpx.Response:
    """The first answer that is not as it should be, of many more requests than anybody makes."""
    for _ in range(200):
        answer = await person.http.get(path)
        if answer.status_code != 200:
            break
    return answer


async def test_row_a42_searching_without_end_is_told_to_wait_and_others_search_on(front: Front) -> None:
    wild, calm = await front.agent("Rosa Quispe"), await front.agent("Luis Ramos")
    async with wild, calm:
        answer = await until_it_is_refused(wild, "/inbox/search?q=rosa")

        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.json()["code"] == "too_often"
        assert "Espere" in answer.json()["detail"]
        assert (await calm.http.get("/inbox/search?q=rosa")).status_code == 200
        # What else the same person does is not touched.
        assert (await wild.http.get("/inbox")).status_code == 200


async def test_row_a42_exports_have_a_rate_of_their_own(front: Front) -> None:
    async with await front.agent("Marta Salas", role="supervisor") as wild:
        answer = await until_it_is_refused(wild, "/reports/export?format=csv")

        assert answer.status_code == 429
        assert answer.json()["code"] == "too_often"
        assert (await wild.http.get("/inbox/search?q=rosa")).status_code == 200


async def test_row_a42_what_is_sent_too_often_is_not_sent_and_said_so(front: Front) -> None:
    await front.webhook(meta.body(meta.text("Buenas")))
    async with await front.agent("Rosa Quispe") as wild:
        answers = [await wild.reply(1, "hola") for _ in range(140)]

        refused = [answer for answer in answers if answer.status_code == 429]
        assert refused
        assert refused[0].headers["retry-after"]
        # A note goes nowhere and is not counted.
        assert (await wild.do("/inbox/1/notes", text="lo vi", client_key=str(uuid.uuid4()))).status_code == 201


@given(st.lists(st.floats(0, 30), max_size=300))
def test_nobody_has_more_than_the_burst_and_what_time_gave_back(pauses: list[float]) -> None:
    buckets, rate, now, taken = Buckets(), RATES["search"], 100.0, 0
    for pause in pauses:
        now += pause
        taken += not buckets.take("search", 7, now)

    assert taken <= rate.burst + (now - 100.0) / rate.each + 1


def test_who_waits_as_long_as_told_is_served() -> None:
    buckets, now = Buckets(), 5.0
    while not (wait := buckets.take("export", 7, now)):
        pass

    assert buckets.take("export", 7, now + wait / 2)
    assert not buckets.take("export", 7, now + wait)
