"""When the bot falls silent whatever was said: loops, floods, what it has cost, and people it has nothing to say to."""

from __future__ import annotations

import re

from console.bots.decision import Alerted, Turn
from console.portfolio import said

MOST_LATELY = 10
"""Answers in five minutes; whoever has so many is a machine (reliability B12)."""
MOST_HEARD = 30
"""Messages in a minute from one person."""
MOST_ALIKE = 4
"""The same words in a row: an autoresponder."""
MOST_MISSES = 2
"""Messages in a row that were not understood, after which a person goes on."""
_AUTOMATIC = re.compile(
    r"^\W*(?:respuesta|mensaje) automatic[oa]\b|\b(?:est[eao] es|es) una? (?:respuesta|mensaje) automatic[oa]\b|"
    r"\bfuera de la oficina\b|\bgracias por comunicar(?:te|se) con\b|\ben este momento no podemos responder\b"
)
"""What another's answering machine says, on folded text; who complains of our automatic messages is none."""
_SOMEBODY = frozenset({"distress", "opt_out", "wrong_person", "dispute", "complaint"})
"""What no machine says: it is answered, whatever words stand beside it."""


def stopped(turn: Turn) -> bool:
    """Whether nothing is said, and why; a person is told where one is needed."""
    pace, facts = turn.facts.pace, turn.facts
    if pace.heard_in_a_minute > MOST_HEARD:
        return _silence(turn, "flood")
    if pace.replies_lately >= MOST_LATELY or pace.same_words >= MOST_ALIKE:
        return _silence(turn, "loop")
    if pace.replies >= facts.most_replies or pace.replies_tonight >= facts.most_a_night:
        return _silence(turn, "spent")
    if not _SOMEBODY & set(turn.heard.labels) and _AUTOMATIC.search(said.fold(turn.heard.text)):
        turn.action = "stay_silent"
        return True
    return False


def _silence(turn: Turn, why: str) -> bool:
    turn.action = "stay_silent"
    turn.remember(asking=None)
    turn.need_person(why)
    turn.do(Alerted(why))
    return True
