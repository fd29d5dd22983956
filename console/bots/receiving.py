"""What came beside words: a file, a card, a voice note. Each is acknowledged, and what was said with it is heard too.

Pure. A photo proves nothing and is never read by a machine: it waits for a person, whoever sent it.
"""

from __future__ import annotations

from console.bots import balances, right_party
from console.bots.decision import Claimed, Turn

FILES = ("image", "document", "video")
_RECEIPTS = ("image", "document")
"""What can be marked as a receipt."""
_VOICES = ("audio", "voice")
_NOTHING_MORE = frozenset({"other", "greeting", "thanks"})
_ANSWERS = frozenset({"affirm", "deny", "identity_answer"})
"""What means something only where it was asked for."""


def acknowledged(turn: Turn) -> frozenset[str] | None:
    """Say what came; the wishes that are still to be served, None where nothing came that needs a word of its own."""
    files, cards = turn.heard.of_kind(*FILES), turn.heard.of_kind("contacts")
    more = _more(turn, "already_paid" if files else None)
    if files:
        turn.action = "ask_receipt"
        turn.say("comprobante", **balances.when_open(turn.facts))
        keep_receipt(turn)
        turn.told("constancia recibida, por verificar")
        turn.need_person("receipt")
    if cards:
        turn.action = turn.action or "say_what_it_can_do"
        turn.say("tarjeta")
        turn.need_person("contact_card")
    if turn.heard.of_kind(*_VOICES) and (more or files or cards):
        # Whatever it says is not heard; by itself it is answered as what it is.
        turn.say("nota_de_voz")
    return more if files or cards else None


def keep_receipt(turn: Turn) -> None:
    """The last of the pictures and documents waits to be verified."""
    if shown := turn.heard.of_kind(*_RECEIPTS):
        turn.do(Claimed(shown[-1].message_id))


def _more(turn: Turn, shown: str | None) -> frozenset[str]:
    """What is wished beside it; what they show is not asked for."""
    more = set(turn.heard.labels) - _NOTHING_MORE - {shown}
    if not turn.memory.asking:
        more -= _ANSWERS
    if not right_party.read_answers(turn.heard.own_words, turn.facts.questions):
        # A caption answers nothing.
        more.discard("identity_answer")
    return frozenset(more)
