"""The rules of the house that no linter knows."""

from __future__ import annotations

import ast
import os
import re
import tomllib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

ROOT = Path(__file__).parents[1]
NOT_OURS = {"var", "node_modules", "vendor", "build", "dist", "htmlcov", "__pycache__"}
WALL_CLOCKS = {
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "time.time",
    "time.time_ns",
    "time.localtime",
    "time.gmtime",
}
# Each turns a stranger's text into markup, or into attributes.
UNESCAPED = re.compile(r"\|\s*safe\b|\bMarkup\(|\burlize\b|\bxmlattr\b|autoescape\s+false|autoescape=False")
# Where this very machine keeps things, and hosts that packages come from: a clone elsewhere has neither.
MACHINE = re.compile(
    "|".join(
        [
            "(?<![\\w.-])/" + "work/",
            "/" + "root/",
            "/home/" + r"\w",
            "/opt/" + "wheels",
            "pypi" + r"\.org",
            "python" + "hosted",
            "registry" + r"\.npmjs",
            "deb" + r"\.debian",
        ],
    ),
)


def test_only_the_clock_asks_what_time_it_is() -> None:
    asked = {
        place(file, call)
        for file, call in calls_in("console")
        if any(ast.unparse(call.func).endswith(clock) for clock in WALL_CLOCKS) and file.name != "clock.py"
    }

    assert not asked


def test_only_the_database_commits() -> None:
    commits = {
        place(file, call)
        for file, call in calls_in("console")
        if isinstance(call.func, ast.Attribute)
        and call.func.attr == "commit"
        and file.name not in {"db.py", "lanes.py"}  # a lane is the database's own way to end a unit of work
        and "migrations" not in file.parts  # the schema changes before there is anything to be one unit with
    }

    assert not commits


def test_no_test_sleeps() -> None:
    sleeps = {
        place(file, call)
        for file, call in calls_in("tests")
        if file.name.startswith("test_")
        and ast.unparse(call.func).split(".")[-1] in {"sleep", "wait_for_timeout"}
        and ast.unparse(call) != "asyncio.sleep(0)"
    }

    assert not sleeps, "tests/patience.py waits for what is to be seen"


def test_every_fragment_is_one_element_with_an_id() -> None:
    wrong = {file.relative_to(ROOT): flaw for file in ours("_*.html") if (flaw := flaw_of_fragment(file.read_text()))}

    assert not wrong


def test_nothing_switches_escaping_off() -> None:
    files = [*ours("*.html"), *ours("*.py", under="console"), *ours("*.py", under="integrations")]
    # render.py makes fragments, icons and links, and is read with that in mind.
    found = {
        str(file.relative_to(ROOT)): UNESCAPED.findall(file.read_text()) for file in files if file.name != "render.py"
    }

    assert not {file: words for file, words in found.items() if words}


def test_scripts_make_markup_of_what_the_server_rendered_alone() -> None:
    """X16: the only places that turn text into elements; each is given a fragment of ours, escaped by its template."""
    sinks = re.compile(
        r"(?:inner|outer)HTML\s*=(?!=)|insertAdjacentHTML|document\.write|setHTMLUnsafe|parseFromString|\beval\("
    )
    found = {
        file.name: sinks.findall(file.read_text())
        for file in ours("*.js", under="console")
        if sinks.search(file.read_text())
    }

    assert found == {
        "floor.js": ["innerHTML ="],
        "palette.js": ["parseFromString"],
        "upsert.js": ["innerHTML ="],
    }


def test_a_page_says_it_lives_before_a_proxy_hangs_up_and_comes_back_at_a_moment_of_its_own() -> None:
    """F42: a heartbeat at least each 25 s, and full jitter, so that a thousand pages do not return at once."""
    script = (ROOT / "console" / "static" / "live.js").read_text()
    every = re.search(r"PING_EVERY = ([\d_]+)", script)

    assert every is not None
    assert int(every[1]) <= 25_000
    assert re.search(r"setTimeout\(connect, Math\.random\(\) \* Math\.min\(LONGEST,", script)


# Shapes of keys that others give out; Meta's begin with EAA.
SECRET = re.compile(r"\b(?:EAA[A-Za-z0-9]{40,}|AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}|xox[abp]-[\w-]{20,})\b")


def test_the_repository_holds_no_secret() -> None:
    """D10: neither a key of Meta, a cloud or a forge, nor a private key."""
    private = "-----BEGIN " + "(?:RSA |EC |OPENSSH )?PRIVATE KEY-----\n[A-Za-z0-9+/]{32}"
    found = {
        str(file.relative_to(ROOT))
        for file in ours("*")
        if SECRET.search(words := file.read_text(errors="replace")) or re.search(private, words)
    }

    assert not found


def test_the_repository_knows_no_machine_and_no_registry() -> None:
    named = {
        f"{file.relative_to(ROOT)}: {found[0]}"
        for file in ours("*")
        if (found := MACHINE.search(file.read_text(errors="replace")))
    }

    assert not named


def test_every_room_of_the_console_has_its_place_in_the_import_contract() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    placed = set(re.findall(r"console[\w.]*", " ".join(contracts[0]["layers"])))
    rooms = [file for folder in ("console", "console/inbox", "console/bots") for file in (ROOT / folder).glob("*.py")]

    homeless = {
        room
        for file in rooms
        if file.name not in {"__init__.py", "__main__.py"}
        and (room := ".".join(file.relative_to(ROOT).with_suffix("").parts)) not in placed
    }

    assert not homeless, "name them in a layer of [tool.importlinter] in pyproject.toml"


def ours(pattern: str, under: str = ".") -> Iterator[Path]:
    """Files that are, or are to be, in the repository."""
    for folder, folders, names in os.walk(ROOT / under):
        folders[:] = [name for name in folders if name not in NOT_OURS and (not name.startswith(".") or name == ".ci")]
        yield from (
            file
            for name in names
            if (file := Path(folder, name)).match(pattern)
            and (not name.startswith(".") or name == ".gitignore")
            and file.is_file()
        )


def calls_in(folder: str) -> Iterator[tuple[Path, ast.Call]]:
    for file in ours("*.py", under=folder):
        yield from ((file, node) for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call))


def place(file: Path, node: ast.expr) -> str:
    return f"{file.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node)}"


def flaw_of_fragment(template: str) -> str | None:
    outline = Outline()
    outline.feed(
        re.sub(r"\{\{.*?\}\}", "x", re.sub(r"\{%.*?%\}|\{#.*?#\}", "", template, flags=re.DOTALL), flags=re.DOTALL)
    )
    outline.close()
    if len(outline.roots) != 1:
        return f"{len(outline.roots)} roots: {outline.roots}"
    if outline.stray:
        return f"text beside the root: {outline.stray!r}"
    return None if outline.has_id else f"<{outline.roots[0]}> has no id"


class Outline(HTMLParser):
    """The outermost elements of a piece of HTML."""

    VOID = frozenset({"area", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})

    def __init__(self) -> None:
        super().__init__()
        self.depth = 0
        self.roots: list[str] = []
        self.has_id = True
        self.stray = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in self.VOID:
            self.depth += 1

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.depth == 0:
            self.roots.append(tag)
            self.has_id &= any(name == "id" and value for name, value in attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            self.depth -= 1

    def handle_data(self, data: str) -> None:
        if self.depth == 0:
            self.stray += data.strip()
