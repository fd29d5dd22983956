"""What a line of consent can say, in words that need no database: whoever reads a file knows them too."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

LONGEST = {"shown": 4000, "version": 40, "reference": 200}
"""How long the words of a proof may be."""
OLDEST = timedelta(days=365 * 30)
"""Nobody allowed anything longer ago than this."""


class Way(StrEnum):
    """By which we may reach them."""

    WHATSAPP = "whatsapp"
    CALL = "call"
    SMS = "sms"
    EMAIL = "email"


class Purpose(StrEnum):
    """What for."""

    COLLECTION = "collection"
    MARKETING = "marketing"


class Standing(StrEnum):
    """What a line says. `lifted`: the withdrawal was a mistake or was taken back; that is no consent by itself."""

    GIVEN = "given"
    WITHDRAWN = "withdrawn"
    LIFTED = "lifted"


class How(StrEnum):
    """How they said it. The last three are noted by the console itself."""

    MESSAGE = "message"
    WEB_FORM = "web_form"
    CONTRACT = "contract"
    CALL = "call"
    IN_PERSON = "in_person"
    WHATSAPP = "whatsapp"
    REVIEW = "review"
    EARLIER = "earlier"
