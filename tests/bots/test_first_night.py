"""At 20:14 somebody asks what they owe: who is there is made sure of, then the balance, then a link that works."""

from __future__ import annotations

from pathlib import Path

from tests.bots.night import RIGHT, a_night
from tests.conftest import Moment


async def test_who_owes_is_told_after_proving_to_be_there(database_url: str, tmp_path: Path, moment: Moment) -> None:
    async with a_night(database_url, tmp_path, moment) as night:
        await night.owes()

        (asked,) = await night.writes("Buenas noches cuanto debo y por donde pago")
        (told,) = await night.writes(RIGHT)

        assert "su año de nacimiento" in asked
        assert "412" not in asked
        assert "S/\xa0412.50" in told
        assert "/p/" in told
        assert len(await night.entries("bot.disclosed")) == 2
