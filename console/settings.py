"""Settings, read once from the environment; what is missing or unsafe stops the start with one clear line."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import httpx
import msgspec

from console import settings_checks as checks
from console.languages.readers import TAGS
from console.settings_checks import LOOPBACK, UnsafeSettings
from integrations import mail, timestamping
from integrations.payments import choosing

__all__ = ["LOOPBACK", "Settings", "UnsafeSettings", "country", "load"]

MINIMUM_SECRET = 32
SHORTEST_WEBHOOK_SECRET = 16


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything an operator decides. Names and meanings are documented in the README."""

    database_url: str = "sqlite+aiosqlite:///var/aldia.db"
    redis_url: str | None = None
    secret_key: str
    base_url: str
    country: str = "PE"
    timezone: str = "America/Lima"
    currency: str = "PEN"
    company: str = "Al Día"
    # What screens are in for whoever chose no other; None: what each browser likes best.
    language: str | None = None
    media_dir: Path = Path("var/media")
    # The malware scanner that sees every file before anybody opens it (clamd); without an address there is none.
    scanner: str | None = None
    # How long it may take for one file.
    scanner_seconds: int = 60
    whatsapp_api_url: str = "https://graph.facebook.com"
    whatsapp_api_version: str = "v23.0"
    whatsapp_phone_number_id: str
    whatsapp_business_account_id: str
    whatsapp_access_token: str
    whatsapp_app_secret: str
    # A second secret is accepted while the first is being rotated.
    whatsapp_app_secret_previous: str | None = None
    whatsapp_verify_token: str
    # The app's own id: samples of templates with a file in the header are uploaded to it.
    whatsapp_app_id: str | None = None
    # None: payments by link are not offered, and nobody's word about one is taken.
    payments_provider: str | None = None
    payments_api_url: str | None = None
    payments_api_key: str = ""
    payments_webhook_secret: str = ""
    payments_webhook_secret_previous: str | None = None
    # Messages a second for the number; Meta raises it from 80 to 1,000 by itself (whatsapp.md §16).
    send_rate: int = 80
    # The billing system whose debts `aldia portfolio sync odoo` takes in.
    odoo_url: str | None = None
    odoo_database: str = ""
    odoo_user: str = ""
    odoo_api_key: str = ""
    # The history is sealed this often, if there is something to seal (docs/evidence.md).
    seal_minutes: int = 20
    # Where copies of the seals go: a file to append to, and an address that gets the newest once a day.
    seal_file: Path | None = None
    seal_mail: str | None = None
    # The time-stamping authority (RFC 3161) that witnesses each seal, and a PEM file of the roots it is trusted by.
    tsa_url: str | None = None
    tsa_ca: Path | None = None
    # Public keys of seals made under secret keys that were rotated since.
    former_seal_keys: tuple[str, ...] = ()
    smtp_url: str | None = None
    mail_from: str = ""
    # Whether the bot works at all; when it speaks is each team's to decide.
    bot: bool = False
    # A language model that may help to understand (OpenAI's chat protocol); without an address there is none.
    bot_model_url: str | None = None
    bot_model_key: str = ""
    bot_model: str = ""
    # The company's own provider to sign in through (OpenID Connect); without an issuer there is none.
    oidc_issuer: str | None = None
    oidc_client_id: str = ""
    oidc_client_secret: str = ""
    oidc_name: str = "su empresa"
    demo: bool = False
    webhooks_loopback: bool = False  # calls to this machine: the demo and tests
    simulator_url: str | None = None
    # Proxies whose X-Forwarded-For is believed (comma separated addresses).
    trusted_proxies: str = "127.0.0.1"

    @property
    def zone(self) -> ZoneInfo:
        """The business's time zone."""
        return ZoneInfo(self.timezone)

    @property
    def origin(self) -> str:
        """Scheme, host and port of the public address: what a browser sends as `Origin`."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def is_https(self) -> bool:
        """Whether cookies may and must be `Secure`."""
        return self.base_url.startswith("https://")

    @property
    def app_secrets(self) -> tuple[str, ...]:
        """The secrets a webhook may be signed with: the present one, and the former one during a rotation."""
        return tuple(s for s in (self.whatsapp_app_secret, self.whatsapp_app_secret_previous) if s)

    @property
    def payment_secrets(self) -> tuple[str, ...]:
        """The secrets a payment notice may be signed with."""
        return tuple(s for s in (self.payments_webhook_secret, self.payments_webhook_secret_previous) if s)

    @property
    def is_sqlite(self) -> bool:
        """One machine, one process."""
        return self.database_url.startswith("sqlite")


def load(environ: Mapping[str, str] | None = None, *, dotenv: Path | None = None) -> Settings:
    """Read the environment (and a `.env` file below it) into Settings.

    Raises UnsafeSettings naming the first variable that is missing, malformed or unsafe.
    """
    values = _given(environ, dotenv)
    return _checked(
        Settings(
            database_url=checks.database(values.get("ALDIA_DATABASE_URL", "sqlite+aiosqlite:///var/aldia.db")),
            redis_url=checks.redis(url.strip()) if (url := values.get("ALDIA_REDIS_URL")) else None,
            secret_key=_required(values, "ALDIA_SECRET_KEY"),
            base_url=checks.base_url(_required(values, "ALDIA_BASE_URL")),
            country=checks.country(values.get("ALDIA_COUNTRY", "PE")),
            timezone=checks.zone(values.get("ALDIA_TIMEZONE", "America/Lima")),
            currency=checks.currency(values.get("ALDIA_CURRENCY", "PEN")),
            company=values.get("ALDIA_COMPANY", "Al Día"),
            language=_language(values.get("ALDIA_LANGUAGE", "")),
            media_dir=Path(values.get("ALDIA_MEDIA_DIR", "var/media")),
            scanner=checks.scanner(url.strip()) if (url := values.get("ALDIA_SCANNER")) else None,
            scanner_seconds=checks.whole_number("ALDIA_SCANNER_SECONDS", values.get("ALDIA_SCANNER_SECONDS", "60")),
            whatsapp_api_url=checks.api_url(values.get("WHATSAPP_API_URL", "https://graph.facebook.com")),
            whatsapp_api_version=checks.api_version(values.get("WHATSAPP_API_VERSION", "v23.0")),
            whatsapp_phone_number_id=_meta_id(values, "WHATSAPP_PHONE_NUMBER_ID"),
            whatsapp_business_account_id=_meta_id(values, "WHATSAPP_BUSINESS_ACCOUNT_ID"),
            whatsapp_access_token=checks.access_token(_required(values, "WHATSAPP_ACCESS_TOKEN")),
            whatsapp_app_secret=_required(values, "WHATSAPP_APP_SECRET"),
            whatsapp_app_secret_previous=values.get("WHATSAPP_APP_SECRET_PREVIOUS") or None,
            whatsapp_verify_token=_required(values, "WHATSAPP_VERIFY_TOKEN"),
            whatsapp_app_id=_app_id((values.get("WHATSAPP_APP_ID") or "").strip()),
            payments_provider=values.get("PAYMENTS_PROVIDER") or None,
            payments_api_url=(values.get("PAYMENTS_API_URL") or "").rstrip("/") or None,
            payments_api_key=values.get("PAYMENTS_API_KEY", "").strip(),
            payments_webhook_secret=values.get("PAYMENTS_WEBHOOK_SECRET", "").strip(),
            payments_webhook_secret_previous=values.get("PAYMENTS_WEBHOOK_SECRET_PREVIOUS", "").strip() or None,
            send_rate=checks.whole_number("WHATSAPP_SEND_RATE", values.get("WHATSAPP_SEND_RATE", "80")),
            odoo_url=values.get("ODOO_URL") or None,
            odoo_database=values.get("ODOO_DATABASE", ""),
            odoo_user=values.get("ODOO_USER", ""),
            odoo_api_key=values.get("ODOO_API_KEY", ""),
            seal_minutes=checks.whole_number("ALDIA_SEAL_MINUTES", values.get("ALDIA_SEAL_MINUTES", "20")),
            seal_file=Path(path) if (path := values.get("ALDIA_SEAL_FILE")) else None,
            seal_mail=values.get("ALDIA_SEAL_MAIL") or None,
            tsa_url=(values.get("ALDIA_TSA_URL") or "").strip() or None,
            tsa_ca=Path(path) if (path := values.get("ALDIA_TSA_CA")) else None,
            former_seal_keys=tuple(key for key in values.get("ALDIA_FORMER_SEAL_KEYS", "").replace(",", " ").split()),
            smtp_url=values.get("ALDIA_SMTP_URL") or None,
            mail_from=values.get("ALDIA_MAIL_FROM", "").strip(),
            bot=values.get("ALDIA_BOT", "on").strip().lower() not in {"off", "0", "no"},
            bot_model_url=(values.get("BOT_MODEL_URL") or "").strip() or None,
            bot_model_key=values.get("BOT_MODEL_KEY", "").strip(),
            bot_model=values.get("BOT_MODEL", "").strip(),
            oidc_issuer=values.get("ALDIA_OIDC_ISSUER") or None,
            oidc_client_id=values.get("ALDIA_OIDC_CLIENT_ID", "").strip(),
            oidc_client_secret=values.get("ALDIA_OIDC_CLIENT_SECRET", "").strip(),
            oidc_name=values.get("ALDIA_OIDC_NAME") or "su empresa",
            demo=values.get("ALDIA_DEMO") == "1",
            webhooks_loopback=values.get("ALDIA_DEMO") == "1",
            simulator_url=values.get("ALDIA_SIMULATOR_URL") or None,
            trusted_proxies=values.get("ALDIA_TRUSTED_PROXIES", "127.0.0.1"),
        ),
    )


def country() -> str:
    """The business's country alone, for what needs no installation. Raises UnsafeSettings."""
    return checks.country(_given(None, None).get("ALDIA_COUNTRY", "PE"))


def _given(environ: Mapping[str, str] | None, dotenv: Path | None) -> dict[str, str]:
    """What is set. A variable that is there and blank is not, as container files leave them; of proxies, it is none."""
    values = {**_read_dotenv(dotenv or Path(".env")), **(os.environ if environ is None else environ)}
    for name, value in values.items():
        checks.text(name, value)
    return {name: value for name, value in values.items() if value.strip() or name == "ALDIA_TRUSTED_PROXIES"}


def _checked(settings: Settings) -> Settings:
    parts = urlsplit(settings.base_url)
    if settings.demo and parts.hostname not in LOOPBACK:
        raise UnsafeSettings("ALDIA_DEMO deja entrar sin contraseña: quítela, o use una ALDIA_BASE_URL de esta máquina")
    if len(settings.secret_key) < MINIMUM_SECRET:
        raise UnsafeSettings(f"ALDIA_SECRET_KEY debe tener al menos {MINIMUM_SECRET} caracteres al azar")
    if settings.oidc_issuer is not None:
        _check_oidc(settings, settings.oidc_issuer)
    if settings.payments_provider is not None:
        _check_payments(settings, settings.payments_provider)
    _check_mail(settings)
    _check_authority(settings)
    if settings.bot_model_url is not None:
        _check_bot_model(settings, settings.bot_model_url)
    return settings


def _language(given: str) -> str | None:
    code = given.strip().lower()
    if code and code not in TAGS:
        raise UnsafeSettings(f"ALDIA_LANGUAGE debe ser una de estas: {', '.join(TAGS)}")
    return code or None


def _check_oidc(settings: Settings, issuer: str) -> None:
    parts = checks.parts_of(issuer)
    is_safe = parts and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK))
    if parts is None or not is_safe or not parts.hostname or parts.query or parts.fragment:
        raise UnsafeSettings("ALDIA_OIDC_ISSUER debe ser la dirección https de su proveedor, tal como él la publica")
    if not settings.oidc_client_id or not settings.oidc_client_secret:
        raise UnsafeSettings("Faltan ALDIA_OIDC_CLIENT_ID y ALDIA_OIDC_CLIENT_SECRET, que da su proveedor")


def _check_bot_model(settings: Settings, url: str) -> None:
    """What people write goes there: never in the clear, and never to an address that only fails at night."""
    parts = checks.parts_of(url)
    is_safe = parts and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK))
    if parts is None or not is_safe or not parts.hostname or parts.query or parts.fragment:
        raise UnsafeSettings("BOT_MODEL_URL debe ser una dirección https (o de esta máquina), sin /chat/completions")
    if not settings.bot_model:
        raise UnsafeSettings("Falta BOT_MODEL: el nombre del modelo, como lo llama su proveedor")


def _check_mail(settings: Settings) -> None:
    if settings.smtp_url is not None:
        try:
            mail.post_of(settings.smtp_url, settings.mail_from)
        except ValueError as wrong:
            raise UnsafeSettings("ALDIA_SMTP_URL debe ser smtp://usuario:clave@servidor:587, o smtps://") from wrong
        if "@" not in settings.mail_from:
            raise UnsafeSettings("Falta ALDIA_MAIL_FROM: la dirección desde la que se envía el correo")
    if settings.seal_mail and settings.smtp_url is None:
        raise UnsafeSettings("ALDIA_SEAL_MAIL necesita ALDIA_SMTP_URL: el servidor por el que sale el correo")


def _check_authority(settings: Settings) -> None:
    """A name that is not there, or a file without roots, would be found out about at the first seal only."""
    if settings.tsa_url is not None:
        parts = checks.parts_of(settings.tsa_url)
        if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
            raise UnsafeSettings("ALDIA_TSA_URL debe ser la dirección http(s) de una autoridad de tiempo (RFC 3161)")
    if settings.tsa_ca is not None:
        try:
            timestamping.roots_in(settings.tsa_ca)
        except (OSError, ValueError) as wrong:
            raise UnsafeSettings(f"ALDIA_TSA_CA no es un archivo PEM con certificados: {settings.tsa_ca}") from wrong


def _check_payments(settings: Settings, name: str) -> None:
    """A provider whose word nobody can check would let anybody pay any debt: then nothing starts."""
    if name not in choosing.NAMES:
        raise UnsafeSettings(f"PAYMENTS_PROVIDER debe ser {', '.join(choosing.NAMES)}, o quedar vacía")
    if len(settings.payments_webhook_secret) < SHORTEST_WEBHOOK_SECRET:
        raise UnsafeSettings(
            f"Falta PAYMENTS_WEBHOOK_SECRET (al menos {SHORTEST_WEBHOOK_SECRET} caracteres): "
            "sin ella cualquiera podría avisar pagos",
        )
    if not settings.payments_api_key:
        raise UnsafeSettings("Falta PAYMENTS_API_KEY: la clave con que se crean enlaces de pago")
    try:
        choosing.provider_of(
            httpx.AsyncClient(trust_env=False),
            name=name,
            base_url=settings.payments_api_url,
            key=settings.payments_api_key,
            secrets=settings.payment_secrets,
        )
    except ValueError as wrong:
        raise UnsafeSettings(
            "PAYMENTS_API_URL debe ser una dirección https (o de esta máquina) y PAYMENTS_API_KEY una clave completa",
        ) from wrong


def _required(values: Mapping[str, str], name: str) -> str:
    value = values.get(name, "").strip()
    if not value:
        raise UnsafeSettings(f"Falta {name}: defínala en el entorno o en .env (vea el README, «Producción»)")
    return value


def _app_id(text: str) -> str | None:
    if text and not re.fullmatch(r"[0-9]{5,20}", text):
        raise UnsafeSettings("WHATSAPP_APP_ID debe ser el identificador de su app en Meta: solo números")
    return text or None


def _meta_id(values: Mapping[str, str], name: str) -> str:
    return checks.meta_id(name, _required(values, name))


def _read_dotenv(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as odd:
        raise UnsafeSettings(f"{path} no es texto UTF-8: vuelva a guardarlo así") from odd
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.lstrip().startswith("#"))
    return {name.strip().removeprefix("export ").strip(): _unquoted(value.strip()) for name, value in pairs}


def _unquoted(value: str) -> str:
    """Without the quotation marks around it; those inside are part of it."""
    is_quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1] if is_quoted else value
