"""Where a debtor lives, as far as their number tells: the time zone in which their days begin."""

from __future__ import annotations

from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from phonenumbers import NumberParseException
from phonenumbers.timezone import UNKNOWN_TIMEZONE, time_zones_for_geographical_number

# Enough of a number to hold its country and area code.
_AREA = 7
# Of countries with several zones and numbers that may be from any of them: where most people live.
_MOST = {"52": "America/Mexico_City", "55": "America/Sao_Paulo", "56": "America/Santiago", "1": "America/New_York"}


def zone_of(phone: str | None, *, business: str) -> str:
    """The IANA name of the zone of `phone` (E.164); the business's own where the number leaves a choice that has it.

    Without a number, or with one that tells nothing, the business's.
    """
    if not phone:
        return business
    # Numbers of one area share their zone; a portfolio has few areas.
    zones = _zones(phone[:_AREA], len(phone))
    if not zones or business in zones:
        return business
    most = next((zone for code, zone in _MOST.items() if phone.startswith(f"+{code}")), None)
    return most if most in zones else zones[0]


@lru_cache(maxsize=65_536)
def _zones(area: str, length: int) -> tuple[str, ...]:
    try:
        number = phonenumbers.parse(area.ljust(length, "0"))
    except NumberParseException:
        return ()
    # By its digits alone: the lists of which numbers are in use lag behind, and a made up ending is in none.
    zones = time_zones_for_geographical_number(number)
    return tuple(zone for zone in zones if zone != UNKNOWN_TIMEZONE and _is_known(zone))


@lru_cache(maxsize=1024)
def country_of(phone: str | None) -> str | None:
    """The ISO code of the country that `phone` (E.164) is from; None when it tells nothing."""
    if not phone:
        return None
    try:
        # By its first digits alone, as above.
        region = phonenumbers.region_code_for_country_code(phonenumbers.parse(phone).country_code or 0)
    except NumberParseException:
        return None
    return region if region.isalpha() and region != "ZZ" else None


@lru_cache(maxsize=1024)
def _is_known(zone: str) -> bool:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        return False
    return True
