"""The malware scanner of this installation, where there is one, and asking it about a file on the spot."""

from __future__ import annotations

from pathlib import Path

from console.errors import Refused
from console.languages.words import Words
from console.settings import Settings
from integrations.clamd import Clamd, NoVerdict, place_of


def client_of(settings: Settings) -> Clamd | None:
    """Its client; None without ALDIA_SCANNER."""
    if settings.scanner is None:
        return None
    return Clamd(place_of(settings.scanner), seconds=settings.scanner_seconds)


async def answers(settings: Settings) -> bool:
    """Whether it is there."""
    client = client_of(settings)
    try:
        if client is not None:
            await client.ping()
    except NoVerdict:
        return False
    return client is not None


async def found_in(settings: Settings, path: Path) -> str | None:
    """What is in a file that is to be read at once; None for nothing, or where no scanner is connected.

    Refuses: 503 "scanner_away" while there is no verdict.
    """
    client = client_of(settings)
    try:
        return None if client is None else await client.scan(path)
    except NoVerdict:
        text = Words("El antivirus no responde y el archivo no se puede revisar. Inténtelo en unos minutos.")
        raise Refused(503, text, code="scanner_away") from None
