"""What the README and its neighbours promise exists, and what exists is in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute
from prometheus_client.metrics_core import Metric

from console import cli, metrics
from console.api.tokens import SCOPES
from console.app import create_app
from console.demo import story as demo_story
from console.inbox import notices
from tests.front import settings_for

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
README = (ROOT / "README.md").read_text()
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()

VARIABLE = re.compile(r"\b(?:ALDIA|WHATSAPP|PAYMENTS)_[A-Z_]*[A-Z]\b")
COMMAND = re.compile(r"\baldia((?: [a-z][a-z-]+){1,2})")
# Named in the README because their edges are fixed, and said there to be still to come.
TO_COME = {
    "PAYMENTS_PROVIDER",
    "PAYMENTS_API_URL",
    "PAYMENTS_API_KEY",
    "PAYMENTS_WEBHOOK_SECRET",
    "aldia portfolio import",
    "aldia audit export",
    "/portfolio",
    "/supervisor",
    "/api/v1/accounts/{external_id}",
    "/api/v1/payments",
    "/webhooks/payments/{provider}",
}
# What others rely on: may be added to, never renamed.
EDGES = {
    "aldia serve", "aldia work", "aldia migrate", "aldia demo", "aldia doctor", "aldia backup", "aldia restore",
    "aldia user add", "aldia user list", "aldia user disable", "aldia user reset-password",
    "aldia token add", "aldia token list", "aldia token revoke", "aldia audit verify", "aldia bot try",
    "/webhooks/whatsapp", "/health", "/ready", "/metrics", "/login", "/logout", "/inbox", "/inbox/{conversation}",
    "aldia portfolio import", "/portfolio", "/reports", "/api/v1/accounts/{external_id}",
    "/audit", "/settings", "/live", "/simulator", "/api/v1", "/api/schema/openapi.json",
    "/api/v1/conversations", "/api/v1/conversations/{id}", "/api/v1/conversations/{id}/messages",
    "/api/v1/conversations/{id}/notes", "/api/v1/contacts", "/api/v1/contacts/{id}", "/api/v1/audit",
    "/api/v1/templates", "/api/v1/canned-responses", "/api/v1/tags", "/api/v1/users", "/api/v1/stream",
    "ALDIA_DATABASE_URL", "ALDIA_REDIS_URL", "ALDIA_SECRET_KEY", "ALDIA_BASE_URL", "ALDIA_COUNTRY", "ALDIA_TIMEZONE",
    "ALDIA_CURRENCY", "ALDIA_COMPANY", "ALDIA_MEDIA_DIR", "WHATSAPP_API_URL", "WHATSAPP_API_VERSION",
    "WHATSAPP_PHONE_NUMBER_ID", "WHATSAPP_BUSINESS_ACCOUNT_ID", "WHATSAPP_ACCESS_TOKEN", "WHATSAPP_APP_SECRET",
    "WHATSAPP_VERIFY_TOKEN",
}  # fmt: skip


@pytest.fixture
def app(sqlite_database_url: str, tmp_path: Path) -> Litestar:
    return create_app(settings_for(sqlite_database_url, tmp_path))


def test_every_edge_is_in_the_readme() -> None:
    assert not {edge for edge in EDGES | TO_COME if not mentions(README, edge)}


def test_every_setting_that_is_read_is_in_the_readme() -> None:
    read = {name for file in (ROOT / "console").rglob("*.py") for name in VARIABLE.findall(code_of(file))}

    assert "ALDIA_SECRET_KEY" in read
    assert not {name for name in read if not mentions(README, name)}


def test_every_setting_in_the_documents_is_read() -> None:
    code = "".join(code_of(file) for file in (ROOT / "console").rglob("*.py"))
    named = {name for page in PAGES for name in VARIABLE.findall(page.read_text())}

    assert not {name for name in named - TO_COME if name not in code}


def test_every_subcommand_is_in_the_readme() -> None:
    assert not {name for name in subcommands() if not mentions(README, name)}


def test_every_subcommand_in_the_documents_exists() -> None:
    known = {word for name in subcommands() for word in (name, name.rsplit(" ", 1)[0])}
    named = {
        f"aldia{words}"
        for page in PAGES
        for quoted in re.findall(r"`[^`\n]+`|```.*?```", page.read_text(), re.DOTALL)
        for words in COMMAND.findall(quoted)
    }

    assert "aldia user add" in named
    assert not {name for name in named - TO_COME if name not in known and name.rsplit(" ", 1)[0] not in subcommands()}


def test_every_call_of_the_api_is_in_the_readme(app: Litestar) -> None:
    calls = {
        f"{method} {shape(route.path_format)}"
        for route in app.routes
        if isinstance(route, HTTPRoute) and route.path.startswith("/api/v1")
        for method in route.methods - {"OPTIONS", "HEAD"}
    }

    assert "GET /api/v1/conversations/{}/messages" in calls
    assert not calls - set(re.findall(r"`((?:GET|POST|PUT|PATCH|DELETE) /api/v1[^`]*)`", shape(README)))


def test_every_path_is_in_the_readme_or_below_one_that_is(app: Litestar) -> None:
    paths = {shape(route.path_format) for route in app.routes if not route.path.startswith(("/api/v1", "/static"))}
    pages = (
        "/inbox/{}/",
        "/settings/",
        "/inbox/",
        "/portfolio/",
        "/reports/",
        "/audit/",
        "/privacy/",
        "/quality/",
        "/scheduled/",
        "/supervisor/",
        "/notifications/",
        "/bot/",
    )
    named = shape(README)

    assert {"/live", "/webhooks/whatsapp"} <= paths
    assert not {path for path in paths - {"/"} if not mentions(named, path) and not path.startswith((*pages, "/media"))}


def test_every_scope_is_in_the_readme() -> None:
    assert not {scope for scope in SCOPES if f"`{scope}`" not in README}


def test_every_webhook_field_that_is_acted_on_is_to_be_subscribed_to() -> None:
    assert not {field for field in notices.acted_on() if f"`{field}`" not in README}


def test_what_is_to_be_watched_is_counted_and_what_is_counted_is_explained() -> None:
    counted = {series(metric) for metric in metrics.REGISTRY.collect()}
    named = set(re.findall(r"\b(?:aldia|process)_[a-z_]+[a-z]", re.sub(r"\]\([^)]*\)", "", OPERATIONS)))
    # Not ours to promise: what the platform says of every process.
    ours = {name for name in counted if name.startswith("aldia_")}

    assert named <= counted, named - counted
    assert ours <= named, ours - named


def test_events_of_the_log_that_are_explained_are_written() -> None:
    code = "".join(code_of(file) for file in (ROOT / "console").rglob("*.py"))
    table = OPERATIONS.partition("| event | means |")[2].partition("\n\n")[0]
    events = re.findall(r"`([a-z]+(?:\.[a-z_]+)?)`", table.replace("kinds", "").replace("traceback", ""))

    assert "ingest.failed" in events
    assert not {event for event in events if f'"{event}"' not in code}


def test_the_people_of_the_demo_are_those_who_are_there() -> None:
    demo = README.partition("## Try it")[2].partition("## What it does")[0]

    assert set(re.findall(r"`(\S+@\S+)`", demo)) == {email for email, *_ in demo_story.PEOPLE.values()}
    assert f"`{demo_story.PASSWORD}`" in demo


def test_what_units_and_containers_start_exists() -> None:
    files = [
        ROOT / "Procfile",
        *(ROOT / "docs" / "deploy").glob("*.service"),
        ROOT / "docs" / "deploy" / "Containerfile",
    ]
    started = {word for file in files for word in re.findall(r"\baldia\W{1,4}(serve|work|migrate)\b", file.read_text())}

    assert started == {"serve", "work", "migrate"}
    assert {f"aldia {word}" for word in started} <= subcommands()


def test_a_container_runs_as_nobody_who_owns_its_code() -> None:
    """D9: the last user is not root, the code was put there before, and nothing is given to that user but /data."""
    lines = (ROOT / "docs" / "deploy" / "Containerfile").read_text().splitlines()
    users = [number for number, line in enumerate(lines) if line.startswith("USER ")]

    assert [lines[number] for number in users] == ["USER aldia"]
    assert not any(line.startswith(("COPY", "RUN", "ADD")) for line in lines[users[0] :])
    assert "chown" not in "".join(line for line in lines if not line.startswith("#"))


@pytest.mark.parametrize("unit", sorted((ROOT / "docs" / "deploy").glob("*.service")), ids=lambda unit: unit.name)
def test_a_unit_waits_before_it_starts_again_and_may_write_only_where_its_data_is(unit: Path) -> None:
    """F41, D9: a process that dies at the start does not spin, and its code is not its own to change."""
    told = dict(line.split("=", 1) for line in unit.read_text().splitlines() if re.match(r"\w+=", line))

    assert (told["Restart"], int(told["RestartSec"]) >= 2) == ("always", True)
    assert (told["ProtectSystem"], told["NoNewPrivileges"], told["User"]) == ("strict", "yes", "aldia")
    assert "ReadWritePaths" not in told


@pytest.mark.parametrize("lock", sorted(ROOT.glob("requirements*.lock")), ids=lambda lock: lock.name)
def test_every_package_is_pinned_with_its_hash(lock: Path) -> None:
    """D8: what is installed is what was tried, byte for byte."""
    packages = re.split(r"\n(?=\S)", re.sub(r"(?m)^\s*#.*\n?", "", lock.read_text()).strip())

    assert packages
    for package in packages:
        assert re.match(r"[\w.\[\]-]+==\S+", package), package.splitlines()[0]
        assert "--hash=sha256:" in package, package.splitlines()[0]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        path, _hash, heading = target.partition("#")
        if path.startswith(("http://", "https://")):
            continue
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), target
        assert not heading or heading in headings(there), target


def mentions(text: str, name: str) -> bool:
    """`name` as a whole, not as the beginning of a longer one."""
    return re.search(re.escape(name) + r"(?![\w{-]|/[\w{])", text) is not None


def shape(text: str) -> str:
    """Paths with their parameters unnamed: `{id}` and `{conversation_id:int}` are the same."""
    return re.sub(r"\{[^}/\s]*\}", "{}", text)


def code_of(file: Path) -> str:
    return file.read_text()


def subcommands() -> set[str]:
    context = click.Context(cli.program)
    return {f"aldia {' '.join(words)}" for words in _walk(cli.program, context)}


def _walk(group: click.Group, context: click.Context) -> Iterator[tuple[str, ...]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from ((name, *rest) for rest in _walk(command, context))
        elif command is not None:
            yield (name,)


def series(metric: Metric) -> str:
    """The name that is asked for: counters end in _total, histograms have no name of their own but this one."""
    return f"{metric.name}_total" if metric.type == "counter" else metric.name


def headings(page: Path) -> set[str]:
    """The anchors that a page's headings get."""
    found = re.findall(r"(?m)^#+ (.+)$", page.read_text())
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}
