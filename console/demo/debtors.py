"""Who the demo's past weeks are about: invented debtors, what they owe, and the ways their matters go."""

from __future__ import annotations

import random
import tomllib
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

import msgspec

from console.portfolio.statement import Bill, Statement

WEEKS = Path(__file__).parent / "weeks.toml"
DEBTORS = 36


class Dialogue(msgspec.Struct, forbid_unknown_fields=True):
    """One way a matter goes; `share` of all of them."""

    ends: Literal["promise", "paid", "talk", "silence", "bot", "handed"]
    share: int
    lines: list[tuple[Literal["they", "we", "bot", "template", "failed"], str]]


class Words(msgspec.Struct, forbid_unknown_fields=True):
    """The file weeks.toml."""

    first: list[str]
    last: list[str]
    dialogue: list[Dialogue]


class Person(msgspec.Struct):
    """A debtor on the way through the weeks."""

    name: str
    wa_id: str
    debt: str
    owes_minor: int
    conversation_id: int = 0
    account_id: int = 0
    promised_until: date = date.min


def read() -> Words:
    """What is said, as it is written."""
    return msgspec.convert(tomllib.loads(WEEKS.read_text(encoding="utf-8")), Words)


def people_of(words: Words, today: date) -> list[tuple[Person, Statement]]:
    """The debtors, and what the creditor states of each when the weeks begin."""
    chance = random.Random(11)  # noqa: S311 a story, not a secret
    found = []
    for n in range(DEBTORS):
        name = f"{words.first[n % len(words.first)]} {words.last[(n * 5) % len(words.last)]}"
        wa_id, debt = f"51980{n:06}", f"CM-{n + 1:03}"
        oldest = chance.choice((-108, -94, -84, -75, -66, -52, -40, -33, -28, -16, -6))
        amount = chance.randrange(150, 720) * 100
        bills = tuple(
            Bill(f"{debt}-{at + 1}", today + timedelta(days=oldest + 30 * at), amount, amount) for at in range(4)
        )
        person = Person(name, wa_id, debt, 4 * amount)
        said = Statement(
            external_id=debt,
            name=name,
            currency="PEN",
            bills=bills,
            phones=(f"+{wa_id}",),
            product=chance.choice(("Crédito de consumo", "Tarjeta", "Microcrédito")),
        )
        found.append((person, said))
    return found
