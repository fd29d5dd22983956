"""`make train`: measures on phrases kept out, prints the confusion matrix, then trains on all and writes the model.

The same phrases make the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from pathlib import Path

from console.bots.model import FILE, Model
from console.bots.training import fitting, phrases, report, taking, variations
from console.bots.training.phrases import Phrase

PARTS = 10
KEPT_OUT = frozenset({8, 9})
SEED = 7
TURNS = 6
"""Looks at every message. Chosen on authors kept out; more learn the phrases by heart."""


def main() -> None:
    """Measure, train, write."""
    options = _arguments()
    began = time.monotonic()
    if options.take is not None:
        print(taking.told(taking.take(options.take, into=options.phrases)), flush=True)
    ours = phrases.read(options.phrases)
    if not options.no_report:
        side = phrases.sides(ours, parts=PARTS)
        known = [phrase for phrase, part in zip(ours, side, strict=True) if part not in KEPT_OUT]
        kept = [phrase for phrase, part in zip(ours, side, strict=True) if part in KEPT_OUT]
        score = report.measured(kept, model=Model(trained(known)))
        print(f"{len(known)} phrases to learn from, {len(kept)} kept out (none like one of the others)\n")
        print(report.table(score), report.confusion(score), sep="\n\n", flush=True)
    written = trained(ours)
    options.out.write_bytes(written)
    digest = hashlib.sha256(written).hexdigest()
    took = time.monotonic() - began
    print(f"\n{options.out.name}: {len(ours)} phrases, {len(written)} bytes, sha256 {digest[:16]}…, {took:.0f} s")


def trained(on: list[Phrase], *, turns: int = TURNS) -> bytes:
    """The bytes of a model that knows these phrases."""
    made = variations.varied(on, seed=SEED)
    seen = fitting.Seen([phrase.text for phrase in made])
    layers = fitting.fit(seen, [phrase.labels for phrase in made], seed=SEED, turns=turns)
    return fitting.packed(layers, trained_on=len(made))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.add_argument("--no-report", action="store_true", help="train on everything and write, nothing else")
    parser.add_argument("--take", type=Path, metavar="FILE", help="first take in what people labelled: frases.tsv")
    parser.add_argument("--phrases", type=Path, default=phrases.FOLDER, help="the folder of phrases to learn from")
    parser.add_argument("--out", type=Path, default=FILE, help="where to write the model")
    return parser.parse_args()


if __name__ == "__main__":
    main()
