"""Taking phrases that people labelled (`/bot/phrases`) into those that are learnt from: the new ones, once."""

from __future__ import annotations

from pathlib import Path

import msgspec

from console.bots.normalise import plain
from console.bots.training import phrases
from console.bots.training.phrases import FOLDER, Phrase

SEVERAL = "mixed"
"""The table of phrases with more than one label."""


class Taken(msgspec.Struct, frozen=True):
    """What became of a file's phrases: taken, known already, or said otherwise by a phrase of ours (left out)."""

    new: tuple[Phrase, ...]
    known: tuple[Phrase, ...]
    contradicted: tuple[tuple[Phrase, Phrase], ...]


def take(file: Path, *, into: Path = FOLDER) -> Taken:
    """Add what is new in `file` to the tables of the folder `into`, each phrase to that of its label.

    The same words with other labels would teach both and neither: they are left for somebody to settle. Refuses with
    ValueError what `phrases.read_file` refuses, and then nothing is written.
    """
    ours = {_key(phrase.text): phrase for phrase in phrases.read(into)}
    new, known, contradicted = [], [], []
    for phrase in phrases.read_file(file):
        before = ours.setdefault(_key(phrase.text), phrase)
        if before is phrase:
            new.append(phrase)
        elif set(before.labels) == set(phrase.labels):
            known.append(phrase)
        else:
            contradicted.append((phrase, before))
    for phrase in new:
        _write(into / f"{phrase.labels[0] if len(phrase.labels) == 1 else SEVERAL}.tsv", phrase)
    return Taken(tuple(new), tuple(known), tuple(contradicted))


def told(taken: Taken) -> str:
    """What was taken, in words for whoever trains."""
    lines = [f"{len(taken.new)} new phrases taken, {len(taken.known)} known already"]
    lines += [
        f"left out, settle it by hand: {phrase.text!r} is {','.join(phrase.labels)}, ours is {','.join(before.labels)}"
        for phrase, before in taken.contradicted
    ]
    return "\n".join(lines)


def _key(text: str) -> tuple[str, ...]:
    return tuple(word for word in plain(text) if word.isalnum())


def _write(table: Path, phrase: Phrase) -> None:
    written = table.read_text(encoding="utf-8") if table.exists() else f"{phrases.HEADER}\n"
    line = f"{phrase.text}\t{','.join(phrase.labels)}\t{phrase.country}\n"
    table.write_text(written.rstrip("\n") + "\n" + line, encoding="utf-8")
