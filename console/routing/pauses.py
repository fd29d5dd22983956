"""Why somebody takes no new conversations for a while, and how long that usually lasts."""

from __future__ import annotations

import msgspec


class Pause(msgspec.Struct, frozen=True):
    """A reason to pause; after `minutes` (None: no limit) the floor says that it lasts longer than it should."""

    code: str
    label: str
    minutes: int | None
    is_forced: bool = False


PAUSES = {
    pause.code: pause
    for pause in (
        Pause("break", "Descanso", 15),
        Pause("lunch", "Refrigerio", 60),
        Pause("training", "Capacitación", 30),
        Pause("meeting", "Reunión", 60),
        Pause("calls", "Llamadas", None),
        Pause("forced", "Pausa de supervisión", None, is_forced=True),
    )
}
LONGEST_MINUTES = 8 * 60
