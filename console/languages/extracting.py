"""What the catalogues must hold, read from templates and code; and the catalogues brought up to it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import write_po
from jinja2 import Environment, meta
from jinja2.ext import extract_from_ast

from console.languages.catalogues import WHOLE, catalogue, give, path, translator
from console.languages.readers import SPANISH, TAGS

CONSOLE = Path(__file__).parents[1]
TEMPLATES = CONSOLE / "templates"
# What the frame of every page includes for people who are signed in, whose pages are in Spanish.
_FOR_THE_SIGNED_IN = frozenset({"help.html", "palette.html"})

Id = str | tuple[str, str]
"""What gettext knows words by: what is written in Spanish, with its plural where something is counted."""

_HEADER = "# What screens say. `python -m console.languages` keeps the Spanish in step; translate beside it."


def templates() -> set[str]:
    """The templates of the whole pages, with all that they stand on."""
    found: set[str] = set()
    waiting = set(WHOLE)
    while waiting:
        name = waiting.pop()
        found.add(name)
        tree = Environment(autoescape=True, extensions=["jinja2.ext.i18n"]).parse(
            (TEMPLATES / name).read_text(encoding="utf-8")
        )
        referred = {other for other in meta.find_referenced_templates(tree) if other is not None}
        waiting |= referred - found - _FOR_THE_SIGNED_IN
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
    # A catalogue has one entry for what is said of one alone and of one among many.
    for text in [text for text in found if isinstance(text, tuple) and text[0] in found]:
        found[text] |= found.pop(text[0])
    return found


def update() -> Iterator[tuple[str, list[str]]]:
    """Write each catalogue anew: stale words go, new ones wait for somebody. Yields language and what it lacks."""
    wanted = words()
    for language in TAGS.keys() - {SPANISH}:
        known = catalogue(language) if path(language).exists() else Catalog(locale=language)
        fresh = Catalog(
            locale=language,
            header_comment=_HEADER,
            project="Al Día",
            msgid_bugs_address="-",
            creation_date=known.creation_date,
            last_translator="-",
            language_team="-",
            fuzzy=False,
        )
        for text in sorted(wanted, key=_first):
            message = known.get(text)
            fresh.add(text, message.string if message else "", locations=[(file, 0) for file in sorted(wanted[text])])
        path(language).parent.mkdir(parents=True, exist_ok=True)
        with path(language).open("wb") as file:
            write_po(file, fresh, width=0, sort_output=True, include_lineno=False)
        yield language, [_first(message.id) for message in fresh if message.id and not is_said(message)]


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


def _first(text: str | tuple[str, ...] | list[str]) -> str:
    return text if isinstance(text, str) else text[0]


def _written(node: ast.expr) -> Iterator[str]:
    """The sentences that stand there: one, or one of two by a condition."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _written(node.body)
        yield from _written(node.orelse)
