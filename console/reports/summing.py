"""Pages of the daybook put together: what the view of the operation shows of a period. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from console.reports.daybook import Line
from console.reports.percentiles import Spread, spread

Volume = Counter[tuple[date, int, str]]
"""Messages by day, hour and author."""
WAITS = ("first", "first_calendar", "next", "next_calendar", "resolution", "resolution_calendar")


class Sums(NamedTuple):
    """What the pages of a period come to."""

    volume: Volume
    load: Counter[tuple[int, int]]  # messages by agent and hour
    conversations: Mapping[int, int]  # by agent: each once, however many days
    waits: Mapping[str, Spread]
    first_by_hour: Mapping[int, Spread]
    first_by_agent: Mapping[int, Spread]


def sum_up(lines: Iterable[Line]) -> Sums:
    """Put them together."""
    volume: Volume = Counter()
    load: Counter[tuple[int, int]] = Counter()
    spoken: defaultdict[int, set[int]] = defaultdict(set)
    # Lists grow faster than counts do: tens of thousands of short ones are put together, then counted once.
    took: dict[str, list[int]] = {name: [] for name in WAITS}
    by_hour: defaultdict[int, list[int]] = defaultdict(list)
    by_agent: defaultdict[int, list[int]] = defaultdict(list)
    for day, agent, page in lines:
        for author, hours in page.said.items():
            for hour, n in hours.items():
                volume[day, hour, author] += n
                if author == "agent":
                    load[agent, hour] += n
        spoken[agent].update(page.spoken)
        for hour, seconds in page.first.items():
            by_hour[hour] += seconds
            by_agent[agent] += seconds
        for name in WAITS[1:]:
            took[name] += getattr(page, name)
    for each in by_hour.values():
        took["first"] += each
    return Sums(
        volume,
        load,
        {agent: len(conversations) for agent, conversations in spoken.items()},
        {name: spread(Counter(each).items()) for name, each in took.items()},
        {hour: spread(Counter(each).items()) for hour, each in by_hour.items()},
        {agent: spread(Counter(each).items()) for agent, each in by_agent.items()},
    )
