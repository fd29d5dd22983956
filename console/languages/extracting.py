"""What the catalogues must hold, read from templates and code; and the catalogues brought up to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_python
from babel.messages.pofile import write_po
from jinja2 import Environment, meta

from console.languages.catalogues import WHOLE, catalogue, path, translator
from console.languages.readers import SPANISH, TAGS

CONSOLE = Path(__file__).parents[1]
TEMPLATES = CONSOLE / "templates"
# What the frame of every page includes for people who are signed in, whose pages are in Spanish.
_FOR_THE_SIGNED_IN = frozenset({"help.html", "palette.html"})

_HEADER = "# What screens say. `python -m console.languages` keeps the Spanish in step; translate beside it."


def templates() -> set[str]:
    """The templates of the whole pages, with all that they stand on."""
    found: set[str] = set()
    waiting = set(WHOLE)
    while waiting:
        name = waiting.pop()
        found.add(name)
        tree = Environment(autoescape=True).parse((TEMPLATES / name).read_text(encoding="utf-8"))
        referred = {other for other in meta.find_referenced_templates(tree) if other is not None}
        waiting |= referred - found - _FOR_THE_SIGNED_IN
    return found


def words() -> dict[str, set[str]]:
    """Everything to be said, in Spanish, and the files that say it."""
    found: dict[str, set[str]] = {}
    for name in sorted(templates()):
        for text in _words_of(TEMPLATES / name):
            found.setdefault(text, set()).add(f"templates/{name}")
    for file in sorted(CONSOLE.rglob("*.py")):
        if b"Words(" not in file.read_bytes():
            continue
        with file.open("rb") as code:
            for _line, _function, marked, _comments in extract_python(code, {"Words": None}, (), {}):
                if marked:
                    found.setdefault(str(marked), set()).add(str(file.relative_to(CONSOLE)))
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
        for text in sorted(wanted):
            message = known.get(text)
            fresh.add(text, message.string if message else "", locations=[(file, 0) for file in sorted(wanted[text])])
        path(language).parent.mkdir(parents=True, exist_ok=True)
        with path(language).open("wb") as file:
            write_po(file, fresh, width=0, sort_output=True, include_lineno=False)
        yield language, [text for text in sorted(wanted) if not fresh[text].string]


def _words_of(template: Path) -> list[str]:
    found: list[str] = []

    def note(text: str) -> str:
        found.append(text)
        return text

    reading = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, extensions=[translator(note)])
    reading.parse(template.read_text(encoding="utf-8"))
    return found
