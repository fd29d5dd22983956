"""When the bot falls silent whatever was said: loops, floods, what it has cost, and people it has nothing to say to."""

from __future__ import annotations

from console.bots.decision import Alerted, Turn

MOST_LATELY = 10
"""Answers in five minutes; whoever has so many is a machine (reliability B12)."""
MOST_HEARD = 30
"""Messages in a minute from one person."""
MOST_ALIKE = 4
"""The same words in a row: an autoresponder."""
MOST_MISSES = 2
"""Messages in a row that were not understood, after which a person goes on."""
_AUTOMATIC = (
    "respuesta automatica",
    "respuesta automática",
    "mensaje automatico",
    "mensaje automático",
    "fuera de la oficina",
    "gracias por comunicarte con",
    "gracias por comunicarse con",
    "en este momento no podemos responder",
)


def stopped(turn: Turn) -> bool:
    """Whether nothing is said, and why; a person is told where one is needed."""
    pace, facts = turn.facts.pace, turn.facts
    if pace.heard_in_a_minute > MOST_HEARD:
        return _silence(turn, "flood")
    if pace.replies_lately >= MOST_LATELY or pace.same_words >= MOST_ALIKE:
        return _silence(turn, "loop")
    if pace.replies >= facts.most_replies or pace.replies_tonight >= facts.most_a_night:
        return _silence(turn, "spent")
    text = turn.heard.text.lower()
    if any(words in text for words in _AUTOMATIC):
        turn.action = "stay_silent"
        return True
    return False


def _silence(turn: Turn, why: str) -> bool:
    turn.action = "stay_silent"
    turn.remember(asking=None)
    turn.need_person(why)
    turn.do(Alerted(why))
    return True
