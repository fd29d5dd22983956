"""What the catalogues must hold, read from templates and code; and the catalogues brought up to it."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import write_po
from jinja2 import Environment, meta
from jinja2.ext import extract_from_ast

from console.languages.catalogues import PARTS, WHOLE, catalogue, give, path, rooms, translator
from console.languages.readers import SPANISH, TAGS
from console.languages.scripts import ROOM, SCRIPTS, literals
from integrations.whatsapp import failures_es

CONSOLE = Path(__file__).parents[1]
TEMPLATES = CONSOLE / "templates"
FRAME = "frame"
"""The room of what no other has: what stands around every page."""
# Where the room of the code is called otherwise than that of its templates.
_CALLED = {"bots": "bot", "languages": FRAME, "settings_pages": "settings", "static": ROOM}

# Meta's refusals are explained beside its client, which knows no console.
_EXPLAINED = "integrations/whatsapp/failures_es.py"
# What is written beside code, and the keys in it that hold words.
_RULES = ("bots/tables/danger.txt", "bots/tables/rules.txt")
_SAYS = "says "
_TOLD = {"reports/definitions.toml": ("title", "definition")}

Id = str | tuple[str, str]
"""What gettext knows words by: what is written in Spanish, with its plural where something is counted."""

_EPOCH = datetime(2026, 11, 20, tzinfo=UTC)
_HEADER = "# What screens say. `python -m console.languages` keeps the Spanish in step; translate beside it."


def templates() -> set[str]:
    """The templates of the whole pages, with all that they stand on."""
    found: set[str] = set()
    waiting = set(WHOLE) | {str(file.relative_to(TEMPLATES)) for part in PARTS for file in TEMPLATES.glob(part)}
    while waiting:
        name = waiting.pop()
        found.add(name)
        tree = Environment(autoescape=True, extensions=["jinja2.ext.i18n"]).parse(
            (TEMPLATES / name).read_text(encoding="utf-8")
        )
        referred = {other for other in meta.find_referenced_templates(tree) if other is not None}
        waiting |= referred - found
    return found


def words() -> dict[Id, set[str]]:
    """Everything to be said, in Spanish, and the files that say it."""
    found: dict[Id, set[str]] = {}
    for name in sorted(templates()):
        for text in words_of(TEMPLATES / name):
            found.setdefault(text, set()).add(f"templates/{name}")
    for file in sorted(CONSOLE.rglob("*.py")):
        for text in marked(file):
            found.setdefault(text, set()).add(str(file.relative_to(CONSOLE)))
    for said_in, text in (*_told(), *_scripted()):
        found.setdefault(text, set()).add(said_in)
    # A catalogue has one entry for what is said of one alone and of one among many.
    for text in [text for text in found if isinstance(text, tuple) and text[0] in found]:
        found[text] |= found.pop(text[0])
    return found


def _scripted() -> Iterator[tuple[str, Id]]:
    for file in sorted(SCRIPTS.glob("*.js")):
        for literal in literals(file.read_text(encoding="utf-8")):
            if literal.said is not None:
                yield str(file.relative_to(CONSOLE)), literal.said


def room_of(file: str) -> str:
    """The room that a file of `words` belongs to, whose catalogue has what it says."""
    parts = Path(file.removeprefix("templates/")).parts
    return _CALLED.get(parts[0], parts[0]) if len(parts) > 1 else FRAME


def by_room() -> dict[str, dict[Id, set[str]]]:
    """`words`, as each room's catalogue has them: what several say, each has."""
    found: dict[str, dict[Id, set[str]]] = {}
    for text, files in words().items():
        for file in files:
            found.setdefault(room_of(file), {}).setdefault(text, set()).add(file)
    return found


def update() -> Iterator[tuple[str, list[str]]]:
    """Write each catalogue anew: stale words go, new ones wait for somebody. Yields its name and what it lacks.

    What one room has said already, another need not say again.
    """
    wanted = by_room()
    for language in sorted(TAGS.keys() - {SPANISH}):
        known = {room: catalogue(language, room) for room in rooms(language)}
        for room in sorted(wanted.keys() | known.keys()):
            if room not in wanted:
                path(language, room).unlink()
                continue
            others = [known[other] for other in sorted(known, key=lambda other: (other != room, other))]
            fresh = _renewed(language, wanted[room], others)
            path(language, room).parent.mkdir(parents=True, exist_ok=True)
            with path(language, room).open("wb") as file:
                write_po(file, fresh, width=0, sort_output=True, include_lineno=False)
            lacking = [_first(message.id) for message in fresh if message.id and not is_said(message)]
            yield f"{language}/{room}", lacking


def _renewed(language: str, wanted: dict[Id, set[str]], known: list[Catalog]) -> Catalog:
    fresh = Catalog(
        locale=language,
        header_comment=_HEADER,
        project="Al Día",
        msgid_bugs_address="-",
        # Always the same, so that a catalogue changes only where its words do.
        creation_date=_EPOCH,
        revision_date=_EPOCH,
        last_translator="-",
        language_team="-",
        fuzzy=False,
    )
    for text in sorted(wanted, key=_first):
        have = (one.string for one in (it.get(text) for it in known) if one and is_said(one))
        # What was counted nowhere before has one form only, which is no answer for two.
        said = next((forms for forms in have if isinstance(forms, str) == isinstance(text, str)), "")
        fresh.add(text, said, locations=[(file, 0) for file in sorted(wanted[text])])
    return fresh


def is_said(message: Message) -> bool:
    """Whether it is translated, in all its forms."""
    forms = message.string
    return bool(forms) and (isinstance(forms, str) or all(forms or ()))


def words_of(template: Path) -> list[Id]:
    """What a template says: the text that stands in it, then what it computes."""
    found: list[Id] = []

    def note(text: str) -> str:
        found.append(text)
        return text

    reading = Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, extensions=[translator(note), "jinja2.ext.i18n"]
    )
    give(reading, SPANISH)
    tree = reading.parse(template.read_text(encoding="utf-8"))
    for _line, _function, said in extract_from_ast(tree, ("_", "gettext", "ngettext")):
        forms = [form for form in (said if isinstance(said, tuple) else (said,)) if form is not None]
        found.append((forms[0], forms[1]) if len(forms) > 1 else forms[0])
    return found


def marked(file: Path) -> Iterator[Id]:
    """What code gives to screens, as `Words` and `plural`."""
    code = file.read_bytes()
    if b"Words(" not in code and b"plural(" not in code:
        return
    for node in ast.walk(ast.parse(code)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or not node.args:
            continue
        if node.func.id == "Words":
            yield from _written(node.args[0])
        elif node.func.id == "plural":
            yield from zip(_written(node.args[0]), _written(node.args[1]), strict=True)


def _told() -> Iterator[tuple[str, str]]:
    """What stands beside the code of screens: definitions, and what Meta's refusals mean."""
    for name, keys in _TOLD.items():
        for text in _values(tomllib.loads((CONSOLE / name).read_text(encoding="utf-8")), keys):
            yield name, text
    for name in _RULES:
        for line in (CONSOLE / name).read_text(encoding="utf-8").splitlines():
            if line.startswith(_SAYS):
                yield name, line.removeprefix(_SAYS).strip()
    for one in failures_es.every():
        yield from ((_EXPLAINED, one.what), (_EXPLAINED, one.do))


def _values(table: Mapping[str, object], keys: Iterable[str]) -> Iterator[str]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _values(value, keys)
        elif key in keys and isinstance(value, str):
            yield value


def _first(text: str | tuple[str, ...] | list[str]) -> str:
    return text if isinstance(text, str) else text[0]


def _written(node: ast.expr) -> Iterator[str]:
    """The sentences that stand there: one, or one of two by a condition."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _written(node.body)
        yield from _written(node.orelse)
