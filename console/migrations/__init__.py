"""The schema's history, and how a database is brought to the newest form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

HERE = Path(__file__).parent
# Any constant will do, as long as every host uses the same one.
_ADVISORY_LOCK = 4_125_030_151


async def migrate(url: str) -> None:
    """Bring the database at `url` to the newest schema. Safe to run twice, and from two hosts at once."""
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            if engine.dialect.name == "postgresql":
                await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _ADVISORY_LOCK})
                await connection.commit()
            await connection.run_sync(_upgrade)
            await connection.commit()
            if engine.dialect.name == "postgresql":
                await connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _ADVISORY_LOCK})
    finally:
        await engine.dispose()


def configuration(connection: Connection | None = None, **attributes: Any) -> Config:  # noqa: ANN401
    """Alembic's configuration, with no file of its own."""
    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.attributes.update(attributes, connection=connection)
    return config


def _upgrade(connection: Connection) -> None:
    command.upgrade(configuration(connection), "head")
