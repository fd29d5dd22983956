"""`python -m bench intents --real PATH`: the bot's understanding on phrases from elsewhere, and its cost."""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from pathlib import Path

from console.bots.model import FILE, trained
from console.bots.training import phrases, report
from console.bots.understand import understand


def main(arguments: list[str]) -> None:
    """Print recall and precision by label, the confusion matrix, and what a message costs."""
    parser = argparse.ArgumentParser(prog="python -m bench intents", description=__doc__)
    parser.add_argument("--real", type=Path, required=True, metavar="PATH", help="a table with text, labels, country")
    parser.add_argument("--wrong", action="store_true", help="list what was not understood")
    options = parser.parse_args(arguments)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    trained()
    understand("calienta")
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    real = phrases.read_file(options.real)
    score = report.measured(real)
    known = {phrase.text.lower() for phrase in phrases.read()}
    unseen = report.measured([phrase for phrase in real if phrase.text.lower() not in known])
    print(report.table(score), report.confusion(score), sep="\n\n")
    print(f"\nwithout those written the same in ours: {unseen.exactness:.1%} of {unseen.phrases}")
    times = sorted(_milliseconds(phrase.text) for phrase in real)
    print(
        f"a message: median {statistics.median(times):.2f} ms, 99 of 100 below {times[len(times) * 99 // 100]:.2f} ms, "
        f"4,096 characters {_milliseconds('cuanto debo y ' * 293):.0f} ms; "
        f"model {FILE.stat().st_size / 1e6:.2f} MB, memory grown by {grown:.0f} MB"
    )
    if options.wrong:
        for phrase, labels in score.wrong:
            print(f"{phrase.text} | {','.join(phrase.labels)} | {','.join(labels)}")


def _milliseconds(text: str) -> float:
    began = time.perf_counter()
    understand(text)
    return (time.perf_counter() - began) * 1000
