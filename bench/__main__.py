"""`python -m bench`: what it carries. Without arguments the minute for every day; `--long` for all of it."""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from bench import (
    answering,
    endurance,
    explorer,
    finding,
    history,
    imports,
    intents,
    night,
    scenarios,
    size,
    steps,
    strain,
)
from bench.scenarios import LONG, SHORT, Bench, Scenario, Section

ALL: dict[str, Scenario] = {
    "ceiling": scenarios.ceiling,
    **scenarios.EVERYDAY,
    "mix": scenarios.mix,
    **endurance.SCENARIOS,
    **strain.SCENARIOS,
    **size.SCENARIOS,
    **steps.SCENARIOS,
    **finding.SCENARIOS,
    **imports.SCENARIOS,
}
# The mix is a part of each product's section; by itself it is there to be asked for.
EVERYTHING = [name for name in ALL if name != "mix" and not name.startswith("finding-")]
OUT = Path(__file__).parents[1] / "var" / "bench"


def main() -> None:
    """Run, print each table when it is there, and keep the numbers as JSON under var/bench/."""
    if sys.argv[1:2] == ["intents"]:
        intents.main(sys.argv[2:])
        return
    if sys.argv[1:2] == ["night"]:
        night.main(sys.argv[2:])
        return
    if sys.argv[1:2] == ["answering"]:
        answering.main(sys.argv[2:])
        return
    if sys.argv[1:2] == ["explorer"]:
        explorer.main(sys.argv[2:])
        return
    if sys.argv[1:2] == ["history"]:
        history.main(sys.argv[2:])
        return
    options = _arguments()
    names = options.scenarios or list(EVERYTHING if options.long else scenarios.EVERYDAY)
    length = LONG if options.long else SHORT
    given = {name: value for name in ("soak", "soak_rate") if (value := getattr(options, name)) is not None}
    bench = Bench(msgspec.structs.replace(length, **given))
    began = time.monotonic()
    print(_machine(), flush=True)
    sections: list[Section] = []
    try:
        for name in names:
            for section in ALL[name](bench):
                sections.append(section)
                print(section.text, flush=True)
    finally:
        bench.close()
    kept = _keep(sections, names)
    print(f"\n{time.monotonic() - began:.0f} s; the numbers are in {kept.relative_to(Path.cwd())}")


def _arguments() -> argparse.Namespace:
    known = ", ".join(ALL)
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.epilog = "intents --real PATH: how well the bot understands phrases from elsewhere"
    parser.add_argument("scenarios", nargs="*", choices=[[], *ALL], metavar="SCENARIO", help=f"some of: {known}")
    parser.add_argument("--long", action="store_true", help="every scenario, with longer runs (about 40 minutes)")
    parser.add_argument("--soak", type=float, metavar="SECONDS", help="how long the soak lasts (long form: 600)")
    parser.add_argument("--soak-rate", type=float, metavar="RATE", help="its deliveries a second (half of the limit)")
    return parser.parse_args()


def _machine() -> str:
    model = next((row for row in Path("/proc/cpuinfo").read_text().splitlines() if row.startswith("model name")), "")
    load = Path("/proc/loadavg").read_text().split()[0]
    return (
        f"Al Día {_revision()}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {_cores()} cores"
        f" ({model.partition(': ')[2]}), Python {platform.python_version()}, load of others {load}"
    )


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _revision() -> str:
    said = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return said.stdout.strip() or "unversioned"


def _keep(sections: list[Section], names: list[str]) -> Path:
    OUT.mkdir(parents=True, exist_ok=True)
    path = OUT / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{'-'.join(names)[:60]}.json"
    written = {"machine": _machine(), "sections": {section.name: section.data for section in sections}}
    path.write_bytes(msgspec.json.format(msgspec.json.encode(written), indent=1))
    return path


if __name__ == "__main__":
    main()
