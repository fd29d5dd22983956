"""Who takes part in a run: debtors who write, agents who watch, and how to speak to the server. Plain data, as JSON."""

from __future__ import annotations

from pathlib import Path

import msgspec


class Debtor(msgspec.Struct, array_like=True):
    """A conversation and the person at its other end; `team` is the number of the team whose agents watch it."""

    conversation_id: int
    contact_id: int
    phone: str
    user_id: str
    name: str
    team: int


class Seat(msgspec.Struct, array_like=True):
    """An agent's open page. `place` tells the watchers of one team apart; an onlooker (-1) is not counted on."""

    cookie: str
    team: int
    place: int
    view: str
    open: int | None


class Scene(msgspec.Struct):
    """All that the generator and the bare reference need to know."""

    host: str
    ports: list[int]
    origin: str
    secret: str
    phone_number_id: str
    account_id: str
    head: int
    places: int
    debtors: list[Debtor]
    seats: list[Seat]
    outgoing: list[tuple[str, str]]
    """Wamid and recipient of messages of ours, to which statuses may come."""
    database: str = ""

    def save(self, path: Path) -> Path:
        """Write it where another process can read it."""
        path.write_bytes(msgspec.json.encode(self))
        return path


def load(path: Path) -> Scene:
    """Read what `save` wrote."""
    return msgspec.json.decode(path.read_bytes(), type=Scene)
