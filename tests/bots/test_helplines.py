"""Somebody in danger is told where to find help in the country their number is from, and never nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.agents import Viewer
from console.audit import SYSTEM
from console.bots import conduct, wording
from console.bots.texts import COUNTRIES, TONES, texts_of
from console.errors import Refused
from tests.bots.night import a_night, ana_of
from tests.conftest import Moment

WORDS = "ya no quiero vivir, me quiero matar"
LINES = {
    "51944218305": ("113", "105"),  # Perú
    "5215544182067": ("800 911 2000", "911"),  # México
    "573104457786": ("106", "123"),  # Colombia
    "56961234077": ("*4141", "131"),  # Chile
    "5491155302177": ("135", "0800 999 0091", "911"),  # Argentina
    "593991234567": ("911, o al número de emergencias de su país", "línea de crisis más cercana"),  # Ecuador
}


@pytest.mark.parametrize("phone", LINES)
async def test_the_line_is_that_of_the_country(
    phone: str, sqlite_database_url: str, tmp_path: Path, moment: Moment
) -> None:
    async with a_night(sqlite_database_url, tmp_path, moment) as night:
        (said,) = await night.writes(WORDS, sender=phone)

        for line in LINES[phone]:
            assert line in said
        assert [alert.kind for alert in await night.alerts()] == ["distress"]


async def test_the_business_has_lines_of_its_own(database_url: str, tmp_path: Path, moment: Moment) -> None:
    async with a_night(database_url, tmp_path, moment) as night:
        elena: Viewer = await ana_of(night)
        async with night.db.transaction() as tx:
            await conduct.change(tx, night.team_id, by=SYSTEM, helpline="Nuestra línea, 0800 1 2345")
            await wording.put(tx, "ayuda", tone="cordial", country="MX", body="SAPTEL, 55 5259 8121", by=elena)

        assert "0800 1 2345" in (await night.writes(WORDS))[0]
        (abroad,) = await night.writes(WORDS, sender="5215544182067")
        assert "SAPTEL, 55 5259 8121" in abroad
        assert "0800 1 2345" not in abroad


async def test_a_line_cannot_be_emptied_nor_hold_blanks(
    sqlite_database_url: str, tmp_path: Path, moment: Moment
) -> None:
    async with a_night(sqlite_database_url, tmp_path, moment) as night:
        elena = await ana_of(night)
        for body in (" ", "Llame al {emergencia}"):
            async with night.db.transaction() as tx:
                with pytest.raises(Refused) as refused:
                    await wording.put(tx, "ayuda", tone="cordial", country="PE", body=body, by=elena)
            assert (refused.value.status, refused.value.field) == (422, "body")


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("country", [*COUNTRIES, "EC", ""])
def test_no_country_is_without_one(tone: str, country: str) -> None:
    words = texts_of(tone, country).words
    assert all(words[name].strip() for name in ("ayuda", "emergencia", "documento"))
    # Peru's own numbers are told to nobody else.
    assert country == "PE" or "113" not in words["ayuda"]
