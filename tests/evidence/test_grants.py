"""The role that serves on PostgreSQL: it does all the console's work, and cannot touch what happened (row L12)."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from console import audit, clock
from console.agents import Team
from console.db import Database
from console.evidence import grants, seals
from console.evidence.keys import signer_of
from tests.conftest import SECRET_KEY
from tests.test_audit import ANA

HARMLESS = "FUNCTION refuse_to_change_the_history() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$"


@pytest.fixture
async def serving(postgres_database_url: str) -> str:
    """The database's address for a role that owns nothing."""
    owner = Database(postgres_database_url)
    role = f"serving_{make_url(postgres_database_url).database}"
    async with owner.writer.begin() as connection:
        await connection.execute(text(f"CREATE ROLE {role} LOGIN PASSWORD 'de las pruebas'"))
    await owner.close()
    await grants.grant_to(postgres_database_url, role)
    await grants.grant_to(postgres_database_url, role)
    return make_url(postgres_database_url).set(username=role, password="de las pruebas").render_as_string(False)


async def test_the_serving_role_works_and_seals_but_cannot_alter_history(serving: str) -> None:
    database = Database(serving, seal=audit.sealer(SECRET_KEY))
    async with database.transaction() as tx:
        tx.add(Team(name="Cobranza", created_at=clock.now()))
        audit.record(tx, ANA, "agent.updated")
    assert await seals.seal_up(database, signer_of(SECRET_KEY), clock.now()) == 1

    for attack in (
        "UPDATE audit_entry SET origin = 'x'",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
        "UPDATE audit_seal SET head = root",
        "DELETE FROM audit_seal",
        "TRUNCATE audit_seal",
        "DELETE FROM audit_head",
        "INSERT INTO audit_head VALUES (2, 0, 'x', 'x')",
        "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
        "DROP TRIGGER audit_entry_guard ON audit_entry",
        "DROP TABLE audit_seal",
        "UPDATE alembic_version SET version_num = '0001'",
        f"CREATE OR REPLACE {HARMLESS}",
    ):
        with pytest.raises(DBAPIError, match=r"permission denied|must be owner"):
            async with database.writer.begin() as connection:
                await connection.execute(text(attack))

    async with database.reading() as tx:
        assert (await audit.verify(tx, SECRET_KEY)).intact
    await database.close()


@pytest.mark.parametrize("role", ["", "Role", 'x"; DROP TABLE agent; --', "a b", "é"])
async def test_what_is_no_plain_role_is_refused(role: str) -> None:
    with pytest.raises(ValueError, match="role"):
        await grants.grant_to("postgresql+asyncpg://nobody@127.0.0.1:9/none", role)
