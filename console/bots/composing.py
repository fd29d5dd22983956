"""From a reply of the mind to the words that are sent, and to what WhatsApp lets one tap on. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from console.bots.decision import Choice, Part, Reply, Value
from console.bots.texts import Texts

LONGEST_BODY = 1024
"""Characters beside which something can be tapped (whatsapp.md §11); a longer text goes without."""
LONGEST = 4096
MOST_BUTTONS, MOST_ROWS = 3, 10
LONGEST_BUTTON, LONGEST_ROW = 20, 24
FOOT = "pie"


class Composed(msgspec.Struct, frozen=True):
    """The words, the content of an interactive message if there is something to tap, and which texts were used."""

    text: str
    interactive: dict[str, Any] | None
    texts: tuple[tuple[str, str], ...]


def compose(reply: Reply, texts: Texts, *, company: str, results: Mapping[str, str]) -> Composed:
    """The message. Each says who speaks and how to reach a person. `results` are known since the deeds were done."""
    values: dict[str, Value] = {"empresa": company, **results}
    said = [_say(part, texts, values) for part in reply.parts]
    foot = texts.say(FOOT, {"empresa": company})
    body = "\n".join(line for line in said if line)
    room = LONGEST - len(foot) - 2
    text = f"{body[:room]}\n\n{foot}"
    used = {part.key: texts.by_key[part.key].reference for part in (*_every(reply.parts), Part(FOOT))}
    tappable = _interactive(reply.choices, texts) if len(text) <= LONGEST_BODY else None
    return Composed(text, tappable, tuple(used.items()))


def _say(part: Part, texts: Texts, values: Mapping[str, Value]) -> str:
    every = {**values, **part.values}
    filled = {
        name: value if isinstance(value, str) else "; ".join(_say(each, texts, values) for each in value)
        for name, value in every.items()
    }
    return texts.say(part.key, filled)


def _every(parts: tuple[Part, ...]) -> list[Part]:
    inner = [each for part in parts for value in part.values.values() if not isinstance(value, str) for each in value]
    return [*parts, *(_every(tuple(inner)) if inner else [])]


def _interactive(choices: tuple[Choice, ...], texts: Texts) -> dict[str, Any] | None:
    titles: dict[str, str] = {}
    longest = LONGEST_BUTTON if len(choices) <= MOST_BUTTONS else LONGEST_ROW
    for choice in choices[:MOST_ROWS]:
        title = texts.say(choice.key, {"cantidad": choice.title}) if choice.key else choice.title
        title = _short(title, longest)
        # Titles must differ on WhatsApp: two that are cut to the same are told apart by their number.
        if title in titles.values():
            title = _short(f"{len(titles) + 1}. {title}", longest)
        titles[choice.id] = title
    if not titles:
        return None
    rows = [{"id": name, "title": title} for name, title in titles.items()]
    if len(rows) <= MOST_BUTTONS:
        return {"type": "button", "buttons": rows}
    return {"type": "list", "button": _short(texts.say("boton_cuentas", {}), LONGEST_BUTTON), "rows": rows}


def _short(title: str, longest: int) -> str:
    title = " ".join(title.split())
    return title if len(title) <= longest else title[: longest - 1].rstrip() + "…"
