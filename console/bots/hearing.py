"""What bubbles that came together mean: understood as one text, and whatever is grave in any one of them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from console.bots.apart import RULED
from console.bots.memory import NOTHING, SILENT, WORDED, Bubble, Heard
from console.bots.understand import Intent, Understood, understand

_TAPPED = {
    "saldo": "balance",
    "pagar": "payment_link",
    "medios": "payment_methods",
    "persona": "human",
    "si": "affirm",
    "no": "deny",
    "pague": "already_paid",
    "promesa": "promise_to_pay",
    "plan": "payment_plan",
}
"""What our own buttons mean, by the first word of their id."""
_GRAVE = frozenset({"distress", "opt_out", "wrong_person", "dispute", "human", "complaint"})
_ONLY_ALONE = frozenset({"greeting", "thanks", "other"})
LONGEST = 4096
"""Characters of one bubble that are read."""


def hear(bubbles: Sequence[Bubble], *, listen: Callable[[str], Understood] = understand) -> Heard | None:
    """What `bubbles` mean together; None when they ask for no answer (a reaction, a message taken back)."""
    meant = _meant(bubbles, listen)
    if not meant:
        return None
    tapped = [label for bubble in meant if (label := tapped_as(bubble.choice))]
    texts = [b.text[:LONGEST] for b in meant if b.text and b.kind in WORDED and tapped_as(b.choice) is None]
    found = _together(texts, listen)
    intents = [*(Intent(label, RULED) for label in tapped), *found.intents]
    if not intents:
        return Heard(tuple(meant), NOTHING)
    doubt = 0.0 if any(intent.label == "distress" for intent in intents) else found.doubt
    return Heard(tuple(meant), Understood(_unique(intents), found.rules, doubt))


def _meant(bubbles: Sequence[Bubble], listen: Callable[[str], Understood]) -> list[Bubble]:
    """Those that still say something. A cry that was taken back is heard all the same."""
    ids = {bubble.message_id for bubble in bubbles}
    # What was edited before it was answered is read as it stands now, and once.
    told = [b for b in bubbles if b.kind not in SILENT and not (b.kind == "edit" and b.target_id in ids)]
    return [each for each in told if not each.revoked or _is_cry(each, listen)]


def _is_cry(bubble: Bubble, listen: Callable[[str], Understood]) -> bool:
    return bool(bubble.text) and "distress" in listen((bubble.text or "")[:LONGEST]).labels


def tapped_as(choice: str | None) -> str | None:
    """The label of one of our buttons; None for what is no plain wish (an account, a day) or not ours."""
    return _TAPPED.get((choice or "").partition(".")[0])


def _together(texts: Sequence[str], listen: Callable[[str], Understood]) -> Understood:
    if not texts:
        return Understood((), ())
    whole = listen("\n".join(texts)[:LONGEST])
    if len(texts) == 1:
        return whole
    # A short cry in a long story must not drown in it.
    parts = [listen(text) for text in texts]
    grave = [intent for part in parts for intent in part.intents if intent.label in _GRAVE]
    rules = dict.fromkeys([*whole.rules, *(rule for part in parts for rule in part.rules)])
    doubt = max(understood.doubt for understood in (whole, *parts))
    return Understood((*whole.intents, *grave), tuple(rules), doubt)


def _unique(intents: Sequence[Intent]) -> tuple[Intent, ...]:
    best: dict[str, Intent] = {}
    for intent in intents:
        if intent.label not in best or best[intent.label].score < intent.score:
            best[intent.label] = intent
    substance = [intent for intent in best.values() if intent.label not in _ONLY_ALONE]
    return tuple(substance or best.values())
