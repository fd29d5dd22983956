"""Whether this installation could work: one finding for each thing it needs, with what mends it."""

from __future__ import annotations

import secrets
import shutil
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from console import audit, first_admin, schema, users, wholeness
from console.db import Database
from console.scanning import reaching
from console.settings import Settings
from integrations.clamd import NoVerdict
from integrations.whatsapp.client import WhatsApp
from integrations.whatsapp.errors import CallFailed, WhatsAppError

# Every release from 3.7.0 may corrupt a write-ahead log that two connections reset at once; mended in 3.51.3.
SAFE_SQLITE = (3, 51, 3)
LEAST_FREE_BYTES = 1_000_000_000
PATIENCE = 10.0


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at. `said` is for a person; `is_well` decides the exit code."""

    about: str
    is_well: bool
    said: str


async def examine(settings: Settings) -> AsyncIterator[Finding]:
    """Look at everything in turn. Nothing is changed anywhere."""
    yield Finding("configuración", is_well=True, said=f"completa, para {settings.base_url}")
    if settings.is_sqlite:
        yield _sqlite()
        if not _exists(settings):
            yield Finding("base de datos", is_well=False, said="no existe todavía: ejecute aldia migrate")
            return
    db = Database(settings.database_url, seal=audit.sealer(settings.secret_key))
    try:
        yield await _database(db, settings)
    finally:
        await db.close()
    yield _media(settings)
    yield await _redis(settings)
    yield await _scanner(settings)
    async with httpx.AsyncClient(timeout=PATIENCE, trust_env=False) as http:
        yield await _number(settings, http)
        yield await _webhook(settings, http)


def _exists(settings: Settings) -> bool:
    return Path(make_url(settings.database_url).database or "").is_file()


def _sqlite() -> Finding:
    version = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info >= SAFE_SQLITE:
        return Finding("SQLite", is_well=True, said=version)
    return Finding(
        "SQLite",
        is_well=True,
        said=f"{version} puede dañar su registro si dos conexiones lo reinician a la vez; aquí solo escribe una. "
        "Con pysqlite3 instalado se usa una versión corregida.",
    )


async def _database(db: Database, settings: Settings) -> Finding:
    about = "base de datos"
    try:
        if not await schema.is_ready(db):
            return Finding(about, is_well=False, said="falta su versión de las tablas: ejecute aldia migrate")
        if (wrong := await wholeness.damage(db)) is not None:
            return Finding(about, is_well=False, said=wholeness.DAMAGED.format(what=wrong))
        async with db.reading() as tx:
            if not settings.is_sqlite:
                await tx.execute(text("SELECT 1"))
            people, entries = await users.count(tx), await audit.head_of(tx)
    except (DBAPIError, OSError) as failed:
        # A file's trouble is said in few words, with no address or secret among them.
        why = str(failed.orig) if settings.is_sqlite and isinstance(failed, DBAPIError) else type(failed).__name__
        if "disk" in why:
            return Finding(about, is_well=False, said=f"su disco está lleno o falla ({why}): haga espacio en él")
        return Finding(about, is_well=False, said=f"no responde ({why}): revise ALDIA_DATABASE_URL")
    if not people:
        code = first_admin.setup_code(settings)
        return Finding(
            about, is_well=True, said=f"al día, sin personas: cree la primera en /setup con el código {code}"
        )
    return Finding(about, is_well=True, said=f"al día, {people} personas, {entries} entradas en el historial")


def _media(settings: Settings) -> Finding:
    folder = settings.media_dir
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".doctor-{secrets.token_hex(4)}"
        probe.write_bytes(b"")
        probe.unlink()
        free = shutil.disk_usage(folder).free
    except OSError as refused:
        return Finding("adjuntos", is_well=False, said=f"no se puede escribir en {folder}: {refused.strerror}")
    said = f"{folder}, {free // 1_000_000_000} GB libres"
    return Finding("adjuntos", is_well=free >= LEAST_FREE_BYTES, said=said)


async def _redis(settings: Settings) -> Finding:
    if not settings.redis_url:
        return Finding("Redis", is_well=True, said="sin configurar: un solo proceso hace todo")
    redis: Redis = Redis.from_url(settings.redis_url, socket_timeout=2, socket_connect_timeout=2)
    try:
        await redis.ping()
    except (RedisError, OSError) as away:
        said = f"no responde ({type(away).__name__}): revise ALDIA_REDIS_URL"
        return Finding("Redis", is_well=False, said=said)
    finally:
        await redis.aclose()
    return Finding("Redis", is_well=True, said="responde")


async def _scanner(settings: Settings) -> Finding:
    about = "antivirus"
    client = reaching.client_of(settings)
    if client is None:
        return Finding(about, is_well=True, said="sin configurar: los archivos se abren sin que nadie los revise")
    try:
        await client.ping()
    except NoVerdict as away:
        said = f"no responde ({away}): ningún archivo nuevo se abre ni sale; revise ALDIA_SCANNER y clamd"
        return Finding(about, is_well=False, said=said)
    return Finding(about, is_well=True, said=f"{settings.scanner} responde")


async def _number(settings: Settings, http: httpx.AsyncClient) -> Finding:
    about = "número de WhatsApp"
    client = WhatsApp(
        http,
        base_url=settings.whatsapp_api_url,
        version=settings.whatsapp_api_version,
        phone_number_id=settings.whatsapp_phone_number_id,
        business_account_id=settings.whatsapp_business_account_id,
        token=settings.whatsapp_access_token,
    )
    try:
        number = await client.number()
    except CallFailed as refused:
        said = f"WhatsApp lo rechaza ({refused.code}): revise WHATSAPP_ACCESS_TOKEN y WHATSAPP_PHONE_NUMBER_ID"
        return Finding(about, is_well=False, said=said)
    except (WhatsAppError, httpx.HTTPError) as silent:
        return Finding(about, is_well=False, said=f"{settings.whatsapp_api_url} no responde ({type(silent).__name__})")
    said = f"{number.display_phone_number or settings.whatsapp_phone_number_id}, calidad {number.quality_rating or '?'}"
    return Finding(about, is_well=True, said=said)


async def _webhook(settings: Settings, http: httpx.AsyncClient) -> Finding:
    """Shake hands with ourselves from outside, as Meta does."""
    address = f"{settings.base_url}/webhooks/whatsapp"
    challenge = secrets.token_hex(8)
    asked = {
        "hub.mode": "subscribe",
        "hub.verify_token": settings.whatsapp_verify_token,
        "hub.challenge": challenge,
    }
    try:
        answer = await http.get(address, params=asked)
    except httpx.HTTPError as silent:
        said = f"{address} no se alcanza ({type(silent).__name__}): revise el proxy, y que aldia serve esté en marcha"
        return Finding("webhook", is_well=False, said=said)
    if answer.text != challenge:
        said = f"{address} responde {answer.status_code}, no lo que Meta espera: revise ALDIA_BASE_URL y el proxy"
        return Finding("webhook", is_well=False, said=said)
    return Finding("webhook", is_well=True, said=f"{address} responde como Meta espera")
