"""`aldia bot try`: the outside door of the bot's understanding, through the real program."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ALDIA = str(Path(sys.executable).with_name("aldia"))


def asked(*options: str, typed: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([ALDIA, "bot", "try", *options], input=typed, capture_output=True, check=False, timeout=60)


def answers(*options: str, typed: str) -> list[dict[str, Any]]:
    done = asked("--json", *options, typed=typed.encode())
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_each_line_is_one_object_in_order() -> None:
    lines = ["Buenas noches cuanto debo y por donde pago", "", "el viernes le pago 200", "👍"]
    found = answers("--country", "PE", "--now", "2026-11-18T20:14", typed="\n".join(lines))

    assert [each["text"] for each in found] == lines
    assert [intent["label"] for intent in found[0]["intents"]] == ["balance", "payment_methods"]
    assert found[0]["action"] == "tell_balance"
    assert found[0]["identity_first"]
    assert found[1]["intents"][0]["label"] == "other"
    assert (found[2]["date"], found[2]["amount"]) == ("2026-11-20", {"amount": "200.00", "currency": "PEN"})
    assert found[3]["intents"][0]["label"] == "affirm"
    assert all(0 <= intent["score"] <= 1 for each in found for intent in each["intents"])


def test_the_day_is_that_of_the_country_at_that_moment() -> None:
    (lima,) = answers("--country", "PE", "--now", "2026-11-21T03:30:00+00:00", typed="mañana pago")
    (santiago,) = answers("--country", "cl", "--now", "2026-11-21T03:30:00+00:00", typed="mañana pago")

    assert lima["date"] == "2026-11-21"
    assert santiago["date"] == "2026-11-22"


def test_what_is_not_clear_is_asked_about() -> None:
    (range_, friday) = answers("--now", "2026-11-20T10:00", typed="la próxima semana pago\nel viernes pago")

    assert range_["date"] is None
    assert len(range_["ask"]) == 2
    assert (friday["date"], friday["confirm"]) == ("2026-11-27", True)


def test_people_can_read_it_too() -> None:
    done = asked("--now", "2026-11-18T20:14", typed=b"ya no quiero vivir\nel viernes pago")

    said = done.stdout.decode()
    assert "distress_protocol" in said
    assert "2026-11-20" in said
    assert "antes confirma la identidad" in said


def test_a_doubt_whether_it_is_danger_is_a_person_s_and_names_no_other_label() -> None:
    doubtful, danger, plainly = answers(typed="me siento vacía por dentro\nya no quiero vivir\ncuanto debo\n")

    assert doubtful.keys() == plainly.keys()  # as the contract says, and nothing beside it
    assert [intent["label"] for intent in doubtful["intents"]] == ["other"]
    assert [each["action"] for each in (doubtful, danger, plainly)] == [
        "hand_over_priority", "distress_protocol", "tell_balance",
    ]  # fmt: skip


def test_bad_usage_is_said_in_one_line() -> None:
    for options in (
        ["--country", "XX"],
        ["--now", "ayer"],
        ["--now", "2026-13-01"],
        ["--now", "9999-12-31T23:59:59"],
        ["--nada"],
    ):
        done = asked(*options, typed=b"hola")
        assert done.returncode == 2
        assert done.stdout == b""
        assert len(done.stderr.decode().strip().splitlines()) == 1


def test_bytes_that_are_no_text_end_it_with_their_line() -> None:
    done = asked(typed=b"hola\n\xff\xfe\n")

    assert done.returncode == 1
    assert "2" in done.stderr.decode()
    assert len(done.stderr.decode().strip().splitlines()) == 1


def test_nothing_typed_is_nothing_said() -> None:
    done = asked(typed=b"")
    assert (done.returncode, done.stdout) == (0, b"")


def test_the_help_says_that_nothing_is_sent() -> None:
    done = asked("--help", typed=b"")
    assert done.returncode == 0
    assert b"Nothing is sent" in done.stdout
    assert b"identity comes first" in done.stdout
