"""What a reviewer is to look at in what an agent wrote: a word list for each country. Pure."""

from __future__ import annotations

from pathlib import Path

from console.languages.words import Words
from console.supervision import conduct

LIST = Path(__file__).with_name("flags.toml")
KINDS = {
    "threat": Words("Posible amenaza"),
    "insult": Words("Posible insulto"),
    "third_party": Words("Posible mención a terceros"),
    "false_legal": Words("Posible consecuencia legal falsa"),
}


def flags_in(text: str, phone: str | None) -> list[tuple[str, str]]:
    """What to look at in a text to somebody with this telephone: a key of KINDS and the words, each kind once."""
    unfit = conduct.flaw(text, phone)
    return [*([unfit] if unfit else []), *conduct.phrases_in(text, phone, LIST)]
