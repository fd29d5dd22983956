"""How fast one may send: in all 80 a second, to one person one in six seconds after a burst of 45."""

from __future__ import annotations

from integrations.simulator.limits import PairLimit, Throughput
from tests.simulator.town import Town, town


def test_throughput_is_a_bucket_that_refills() -> None:
    bucket = Throughput(80)

    assert sum(bucket.allows(100.0) for _ in range(200)) == 80
    assert sum(bucket.allows(100.5) for _ in range(200)) == 40
    assert sum(bucket.allows(1000.0) for _ in range(200)) == 80


def test_one_message_in_six_seconds_goes_on_for_ever() -> None:
    pairs = PairLimit()

    assert all(pairs.allows("ana", 6.0 * turn) for turn in range(100))


def test_a_burst_is_borrowed_from_the_time_after() -> None:
    pairs = PairLimit()

    assert sum(pairs.allows("ana", 0.1 * turn) for turn in range(60)) == 45

    assert not pairs.allows("ana", 60)
    assert not pairs.allows("ana", 45 * 6 - 0.1)
    assert pairs.allows("ana", 45 * 6)


def test_twenty_at_once_cost_two_minutes() -> None:
    pairs = PairLimit()
    for _ in range(20):
        assert pairs.allows("ana", 0.0)

    assert not pairs.allows("ana", 119)
    assert pairs.allows("ana", 120)


def test_one_person_does_not_hold_up_another() -> None:
    pairs = PairLimit()
    for _ in range(46):
        pairs.allows("ana", 0.0)

    assert not pairs.allows("ana", 1.0)
    assert pairs.allows("luz", 1.0)


def test_the_pair_limit_is_answered_with_131056() -> None:
    with town(throughput=1000) as simulator:
        simulator.write()
        answers = [simulator.send() for _ in range(46)]

        assert {answer.status_code for answer in answers[:45]} == {200}
        assert answers[45].json()["error"]["code"] == 131056
        simulator.write(persona="luz-gamarra")
        assert simulator.send("+51936117428").status_code == 200
        simulator.api("PUT", "/clock", json={"advance_seconds": 45 * 6})
        assert simulator.send().status_code == 200


def test_the_throughput_is_answered_with_130429(simulator: Town) -> None:
    with town(throughput=5, pair_limit=False) as slow:
        slow.write()

        codes = [slow.send().json().get("error", {}).get("code") for _ in range(8)]

    assert codes[:5] == [None] * 5
    assert 130429 in codes[5:]
