"""The debtors one can be: the demo's own, read from `personas.json`, and those invented on the way."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

import msgspec

from integrations.simulator.ids import Ids

CAST = Path(__file__).with_name("personas.json")
GIVEN = (
    "Ana Lucía", "Bruno", "Carla", "Dante", "Érika", "Fabián", "Gisela", "Héctor", "Irma", "Jaime", "Karina", "Luis",
    "Milagros", "Néstor", "Olga", "Percy", "Queta", "Raúl", "Silvia", "Tomás", "Úrsula", "Víctor", "Yeni", "Zoila",
)  # fmt: skip
FAMILY = (
    "Arias", "Bravo", "Chávez", "Delgado", "Espinoza", "Flores", "Gallo", "Huanca", "Ibáñez", "Jara", "Lazo", "Meza",
    "Núñez", "Ochoa", "Ponce", "Quiroz", "Rivas", "Solano", "Tello", "Urbina", "Vargas", "Yupanqui", "Zárate",
)  # fmt: skip
# What goes before a mobile number's last digits, and how many of those there are.
MOBILE = {"PE": ("519", 8), "MX": ("52155", 8), "CO": ("573", 9), "CL": ("569", 8), "AR": ("54911", 8)}
LINES = ("Buenas, ¿cuánto es mi deuda?", "Hola, me llegó su mensaje", "¿Me ayuda con mi cuenta?", "ya pagué ayer")


class Persona(msgspec.Struct, kw_only=True):
    """A person with a phone. `wa_id` is None where WhatsApp hides the phone behind a username."""

    id: str
    name: str
    country: str
    situation: str
    user_id: str
    wa_id: str | None = None
    username: str | None = None
    profile_name: str | None = None
    initials: str | None = None
    bucket: str | None = None
    lines: list[str] = []
    online: bool = True
    blocks_business: bool = False
    on_whatsapp: bool = True
    invented: bool = False
    """Came with the crowd or by "Persona nueva", and goes with the next reset."""

    @property
    def shown_initials(self) -> str:
        """What stands in the round picture."""
        words = re.findall(r"[^\W\d_]+", self.name)
        if self.name.startswith("@"):
            return self.name[:2]
        return self.initials or "".join(word[0] for word in words[:2]).upper() or "?"

    @property
    def shown_name(self) -> str:
        """The name on the person's WhatsApp profile."""
        return self.profile_name or self.name


class Cast(msgspec.Struct):
    """The file of the demo's people."""

    notice: str
    personas: list[Persona]


def the_cast() -> Cast:
    """The demo's people as they are at the start."""
    return msgspec.json.decode(CAST.read_bytes(), type=Cast)


def invent(chance: Random, ids: Ids, *, country: str = "PE", name: str | None = None) -> Persona:
    """Someone new, with a number that nobody in the cast has."""
    name = name or f"{chance.choice(GIVEN)} {chance.choice(FAMILY)}"
    prefix, length = MOBILE.get(country, MOBILE["PE"])
    return Persona(
        id=f"{slug(name)}-{chance.randrange(1000, 9999)}",
        name=name,
        profile_name=name,
        country=country if country in MOBILE else "PE",
        situation="Recién llegado a la demostración",
        user_id=ids.user_id(country),
        wa_id=prefix + str(chance.randrange(10 ** (length - 1), 10**length)),
        lines=list(LINES),
        invented=True,
    )


def same_phone(one: str, other: str) -> bool:
    """Whether two spellings of digits reach one phone: Mexico's 52/521 and Argentina's 54/549."""
    return dialable(one) == dialable(other)


def dialable(digits: str) -> str:
    """The number as one dials it from abroad: without Mexico's 1 and Argentina's 9 for mobiles."""
    if re.fullmatch(r"521\d{10}", digits):
        return "52" + digits[3:]
    if re.fullmatch(r"549\d{10}", digits):
        return "54" + digits[3:]
    return digits


def shown_phone(digits: str) -> str:
    """A number as people write it: `51944218305` is `+51 944 218 305`."""
    country, rest = digits[:2], digits[2:]
    groups = re.findall(r"\d{1,3}", rest) if len(rest) == 9 else [rest[:-8], rest[-8:-4], rest[-4:]]
    return " ".join(["+" + country, *(group for group in groups if group)])


def slug(name: str) -> str:
    """A name as part of an address."""
    plain = name.lower().translate(str.maketrans("áéíóúüñ", "aeiouun"))
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "persona"
