"""The edges outside the API, as they are promised: commands with their options, settings, processes, addresses."""

from __future__ import annotations

from pathlib import Path

import click
import httpx
import pytest

from console import cli, settings
from tests.front import APP_SECRET, Front, a_console, settings_for
from tests.inbox import meta

ROOT = Path(__file__).parents[1]
COMMANDS = {
    "serve": "--host --port --workers",
    "work": "",
    "migrate": "",
    "demo": "--port --reset",
    "user add": "EMAIL --name --role --password-stdin",
    "user list": "",
    "user disable": "",
    "user reset-password": "",
    "token add": "--name --scope",
    "token list": "",
    "token revoke": "",
    "portfolio import": "FILE --dry-run",
    "audit verify": "--json",
    "audit export": "--conversation --out",
    "bot try": "--country --now --json",
    "doctor": "",
    "backup": "FILE",
    "restore": "FILE",
}
# What must be given outside the demo, and what stands where nothing is.
MUST = {
    "ALDIA_SECRET_KEY": "k" * 64,
    "ALDIA_BASE_URL": "https://cobros.example",
    "ALDIA_COMPANY": "Financiera Andes",
    "WHATSAPP_PHONE_NUMBER_ID": "1",
    "WHATSAPP_BUSINESS_ACCOUNT_ID": "2",
    "WHATSAPP_ACCESS_TOKEN": "a-token-of-meta",
    "WHATSAPP_APP_SECRET": "an-app-secret-of-meta",
    "WHATSAPP_VERIFY_TOKEN": "a-verify-token",
}
USUAL = {
    "database_url": "sqlite+aiosqlite:///var/aldia.db",
    "redis_url": None,
    "country": "PE",
    "timezone": "America/Lima",
    "currency": "PEN",
    "whatsapp_api_url": "https://graph.facebook.com",
    "whatsapp_api_version": "v23.0",
    "payments_provider": None,
}
PAGES = "/inbox /inbox/1 /portfolio /supervisor /reports /audit /settings"


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_takes_what_is_promised(path: str) -> None:
    command: click.Command | None = cli.program
    for name in path.split():
        assert isinstance(command, click.Group), path
        command = command.get_command(click.Context(command), name)

    assert command is not None

    taken = {
        name
        for one in command.params
        for name in (one.opts if isinstance(one, click.Option) else [(one.name or "").upper()])
    }
    assert set(COMMANDS[path].split()) <= taken


def test_the_settings_are_read_under_their_names_and_have_their_usual_values(tmp_path: Path) -> None:
    found = settings.load(MUST, dotenv=tmp_path / "none")

    assert {name: getattr(found, name) for name in USUAL} == USUAL
    assert (found.secret_key, found.base_url) == (MUST["ALDIA_SECRET_KEY"], MUST["ALDIA_BASE_URL"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALDIA_DATABASE_URL", "mysql://x/y"),
        ("ALDIA_DATABASE_URL", "postgresql://aldia:x@db.internal:port/aldia"),
        ("ALDIA_DATABASE_URL", "sqlite+aiosqlite://"),
        ("ALDIA_REDIS_URL", "redis.internal:6379"),
        ("ALDIA_REDIS_URL", "redis://redis.internal:port"),
        ("ALDIA_BASE_URL", "http://[::1"),
        ("ALDIA_BASE_URL", "https://cobros.example:port"),
        ("ALDIA_BASE_URL", "https://cobros.example/aldia"),
        ("ALDIA_BASE_URL", "https://ana:x@cobros.example"),
        ("ALDIA_COUNTRY", "Perú"),
        ("ALDIA_COUNTRY", "QQ"),
        ("ALDIA_CURRENCY", "soles"),
        ("ALDIA_CURRENCY", "S/"),
        ("ALDIA_TIMEZONE", "America"),
        ("ALDIA_TIMEZONE", "Lima"),
        ("ALDIA_TIMEZONE", "x" * 5000),
        ("ALDIA_COMPANY", "Financiera \udcff"),
        ("WHATSAPP_API_URL", "http://graph.facebook.com"),
        ("WHATSAPP_API_URL", "graph.facebook.com"),
        ("WHATSAPP_API_VERSION", "23"),
        ("WHATSAPP_API_VERSION", "v23.0/../v1.0"),
        ("WHATSAPP_PHONE_NUMBER_ID", "+51 944 218 305"),
        ("WHATSAPP_BUSINESS_ACCOUNT_ID", "1/messages"),
        ("WHATSAPP_ACCESS_TOKEN", "two words"),
        ("WHATSAPP_ACCESS_TOKEN", "clavé"),
        ("WHATSAPP_SEND_RATE", "²"),
        ("WHATSAPP_SEND_RATE", "0"),
        ("ALDIA_SEAL_MINUTES", "9" * 30),
        ("ALDIA_OIDC_ISSUER", "https://["),
    ],
)
def test_a_setting_that_cannot_be_is_named(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(settings.UnsafeSettings, match=f"{name}\\b") as refused:
        settings.load({**MUST, name: value}, dotenv=tmp_path / "none")

    assert len(str(refused.value).splitlines()) == 1


def test_a_setting_left_blank_is_as_one_left_out(tmp_path: Path) -> None:
    """Container files name every variable and leave most of them empty."""
    names = {"ALDIA_DATABASE_URL", "ALDIA_COUNTRY", "ALDIA_TIMEZONE", "ALDIA_CURRENCY"}
    names |= {"ALDIA_REDIS_URL", "ALDIA_MEDIA_DIR", "WHATSAPP_API_URL", "WHATSAPP_API_VERSION", "PAYMENTS_PROVIDER"}

    blank = settings.load({**MUST, **dict.fromkeys(names, " ")}, dotenv=tmp_path / "none")

    assert blank == settings.load(MUST, dotenv=tmp_path / "none")


def test_country_and_currency_may_be_written_small(tmp_path: Path) -> None:
    found = settings.load({**MUST, "ALDIA_COUNTRY": "mx", "ALDIA_CURRENCY": "mxn"}, dotenv=tmp_path / "none")

    assert (found.country, found.currency) == ("MX", "MXN")


@pytest.mark.parametrize("driver", ["+asyncpg", "+psycopg", ""])
def test_postgresql_is_named_by_either_driver(tmp_path: Path, driver: str) -> None:
    address = f"postgresql{driver}://aldia:x@db.internal/aldia"

    found = settings.load({**MUST, "ALDIA_DATABASE_URL": address}, dotenv=tmp_path / "none")

    assert found.database_url == "postgresql+asyncpg://aldia:x@db.internal/aldia"


def test_a_file_is_read_too_and_the_environment_wins(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("ALDIA_COUNTRY=MX\nALDIA_CURRENCY=MXN\n")
    file.chmod(0o600)

    found = settings.load({**MUST, "ALDIA_CURRENCY": "USD"}, dotenv=file)

    assert (found.country, found.currency) == ("MX", "USD")


def test_a_file_as_shells_and_editors_write_it_is_read_too(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("\ufeffALDIA_COUNTRY=CL\nexport ALDIA_CURRENCY='CLP'\nALDIA_COMPANY='Caja \"Sur\"'\n# X=1\n")

    found = settings.load({name: value for name, value in MUST.items() if name != "ALDIA_COMPANY"}, dotenv=file)

    assert (found.country, found.currency, found.company) == ("CL", "CLP", 'Caja "Sur"')


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes(b"ALDIA_COMPANY=Caja Andr\xe9s\n")

    with pytest.raises(settings.UnsafeSettings, match=r"\.env no es texto UTF-8"):
        settings.load(MUST, dotenv=file)


def test_the_processes_are_named_as_promised() -> None:
    lines = (ROOT / "Procfile").read_text().splitlines()

    assert lines == ["release: aldia migrate", "web: aldia serve", "worker: aldia work"]


async def test_every_address_answers_as_promised(sqlite_database_url: str, tmp_path: Path) -> None:
    async with a_console(settings_for(sqlite_database_url, tmp_path)) as front:
        handshake = {"hub.mode": "subscribe", "hub.verify_token": "a verify token", "hub.challenge": "4711"}
        said = await front.outside.get("/webhooks/whatsapp", params=handshake)
        assert (said.status_code, said.text) == (200, "4711")
        body = meta.body(meta.text("Hola"))
        for signature, status in ((None, 200), ("", 401), ("sha256=" + "0" * 64, 401)):
            assert (await front.webhook(body, signature=signature)).status_code == status
        assert (await front.outside.get("/health")).status_code == 200
        assert (await front.outside.get("/ready")).status_code in {200, 503}
        metrics = await front.outside.get("/metrics")
        assert metrics.headers["content-type"].startswith("text/plain")
        assert (await front.outside.get("/simulator")).status_code == 404, "in the demo only"
        assert APP_SECRET not in metrics.text
        await _pages(front)


async def _pages(front: Front) -> None:
    rosa = await front.agent("Rosa", role="admin")
    for path in PAGES.split():
        assert (await rosa.http.get(path, follow_redirects=True)).status_code == 200, path
        nobody: httpx.Response = await front.outside.get(path, headers={"accept": "text/html"})
        assert nobody.status_code in {302, 303}, path
        assert nobody.headers["location"].startswith("/login"), path
    form = await front.outside.get("/login")
    assert all(f'name="{field}"' in form.text for field in ("email", "password"))
