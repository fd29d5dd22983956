"""When it happened: the wire's loose timestamps as aware UTC, or None."""

from __future__ import annotations

from datetime import UTC, datetime

# Before WhatsApp existed, and past any clock error worth believing; milliseconds begin where seconds cannot be.
_EARLIEST = 1_230_768_000  # 2009-01-01
_LATEST = 4_102_444_800  # 2100-01-01
_MILLISECONDS = 1_000_000_000_000
_LONGEST = 16


def moment(value: object) -> datetime | None:
    """The instant of a wire timestamp: seconds since 1970 as string or number, or milliseconds (seen in the wild).

    None for anything that is no number, negative, before 2009 or from 2100 on. Nearer to the present it is not
    judged here: whoever knows the time bounds what lies in the future.
    """
    if isinstance(value, str):
        if not (value.isascii() and value.isdigit() and len(value) <= _LONGEST):
            return None
        seconds = int(value)
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 10**_LONGEST:
        seconds = int(value)
    else:
        return None
    if seconds >= _MILLISECONDS:
        seconds //= 1000
    return datetime.fromtimestamp(seconds, UTC) if _EARLIEST <= seconds < _LATEST else None
