"""Identifiers in the shapes in which Meta gives them."""

from __future__ import annotations

import base64
import string
from random import Random

ALPHANUMERIC = string.ascii_letters + string.digits


class Ids:
    """Draws identifiers; with a seed, the same ones in every run."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance

    def wamid(self, phone: str, *, inbound: bool) -> str:
        """The id of a message: who, which way, and a random part, packed as WhatsApp packs them."""
        length = 20 if inbound else 18
        unique = f"{self._chance.getrandbits(4 * length):0{length}X}"
        who = phone.encode()
        packed = b"\x1c\x18%c%b\x15\x02\x00%c\x18%c%b\x00" % (
            len(who),
            who,
            0x12 if inbound else 0x11,
            len(unique),
            unique.encode(),
        )
        return f"wamid.{base64.b64encode(packed).decode()}"

    def number(self, digits: int = 16) -> str:
        """The id of an object of the Graph: a medium, a template."""
        return str(self._chance.randrange(10 ** (digits - 1), 10**digits))

    def user_id(self, country: str) -> str:
        """A business-scoped user id (BSUID)."""
        return f"{country}.{self.number(20)}"

    def trace(self) -> str:
        """An `fbtrace_id`."""
        return "A" + "".join(self._chance.choices(ALPHANUMERIC, k=22))

    def token(self, length: int = 24) -> str:
        """A random word for a link."""
        return "".join(self._chance.choices(ALPHANUMERIC, k=length))
