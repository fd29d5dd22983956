"""Why somebody takes no new conversations for a while, and how long that usually lasts."""

from __future__ import annotations

import msgspec

from console.languages.words import Words


class Pause(msgspec.Struct, frozen=True):
    """A reason to pause; after `minutes` (None: no limit) the floor says that it lasts longer than it should."""

    code: str
    label: str
    minutes: int | None
    is_forced: bool = False


PAUSES = {
    pause.code: pause
    for pause in (
        Pause("break", Words("Descanso"), 15),
        Pause("lunch", Words("Refrigerio"), 60),
        Pause("training", Words("Capacitación"), 30),
        Pause("meeting", Words("Reunión"), 60),
        Pause("calls", Words("Llamadas"), None),
        Pause("forced", Words("Pausa de supervisión"), None, is_forced=True),
    )
}
LONGEST_MINUTES = 8 * 60
