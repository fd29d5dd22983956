"""Dialogues as they are written down: played through the signed webhook, with the clock set, and checked line by line.

`dialogues/*.txt` hold them. `> words` is a bubble of the person (several in a row come together), `> [kind] words` one
of another kind; `< keys` are the texts the bot answers with (`<` alone: it is silent); `~` is what happens in between;
`= ` is what holds at the end. Whatever a dialogue says: nothing about a debt leaves before somebody proved to be its
debtor, and each answer says that a machine speaks and how to reach a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec
import pytest

from tests.bots.night import EVENING, LIMA, a_night
from tests.bots.playing import Play
from tests.conftest import Moment

FOLDER = Path(__file__).parent / "dialogues"
ON_BOTH = {
    "saldo y enlace, de corrido",
    "tres veces mal: una persona, y nada dicho",
    "angustia",
    "un mensaje que preocupa sin que nada lo diga: una persona, sin el protocolo",
    "no reconoce la deuda, el titular",
    "promesa con confirmación",
    "plan dentro de los límites",
    "una persona tomó la conversación: calla",
    "sigue a la noche siguiente donde se quedó",
}
"""Played on PostgreSQL as well."""


class Script(msgspec.Struct, frozen=True):
    """One dialogue: its name, where it stands, and its lines."""

    name: str
    place: str
    lines: tuple[str, ...]


def scripts() -> Iterator[Script]:
    """All that are written down."""
    for path in sorted(FOLDER.glob("*.txt")):
        for block in re.split(r"(?m)^\* ", path.read_text(encoding="utf-8"))[1:]:
            name, *lines = block.strip().splitlines()
            yield Script(name, path.stem, tuple(line.rstrip() for line in lines if line.strip()))


ALL = list(scripts())


def test_there_are_enough_of_them() -> None:
    assert len(ALL) >= 60
    assert len({script.name for script in ALL}) == len(ALL)
    assert {script.name for script in ALL} >= ON_BOTH


@pytest.mark.parametrize("script", ALL, ids=[f"{script.place}: {script.name}" for script in ALL])
async def test_dialogue(script: Script, sqlite_database_url: str, tmp_path: Path, moment: Moment) -> None:
    await _play(script, sqlite_database_url, tmp_path, moment)


@pytest.mark.parametrize("script", [script for script in ALL if script.name in ON_BOTH], ids=lambda each: each.name)
async def test_dialogue_on_postgres(script: Script, postgres_database_url: str, tmp_path: Path, moment: Moment) -> None:
    await _play(script, postgres_database_url, tmp_path, moment)


async def _play(script: Script, database_url: str, tmp_path: Path, moment: Moment) -> None:
    at = next((line.removeprefix("at ") for line in script.lines if line.startswith("at ")), None)
    begins = datetime.fromisoformat(at).replace(tzinfo=LIMA) if at else EVENING
    down = "provider down" in script.lines
    provider = {"payments_provider": "stripe", "payments_api_url": "http://127.0.0.1:9"} if down else {}
    async with a_night(database_url, tmp_path, moment, at=begins, **provider) as night:
        play = Play(night)
        for number, line in enumerate(script.lines, 1):
            try:
                await play.line(line)
            except AssertionError as failure:
                raise AssertionError(
                    f"{script.name}, línea {number}: {line}\n{failure}\n{play.transcript()}"
                ) from failure
        await play.end()
