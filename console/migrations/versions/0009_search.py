"""The index of searches. It is filled in the background: nothing is read here."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# Each message also has its number's 32,768s as a word: PostgreSQL then finds the newest without sorting them all.
MESSAGE_WORDS = "array_to_tsvector(string_to_array(folded || ' @' || CAST(message_id >> 15 AS text), ' '))"
PERSON_WORDS = "array_to_tsvector(string_to_array(folded, ' '))"


def upgrade() -> None:
    """Make the tables, and what finds words in them."""
    op.create_table(
        "search_message",
        sa.Column("message_id", BIG, autoincrement=False, nullable=False),
        sa.Column("conversation_id", BIG, nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_search_message")),
    )
    op.create_index("ix_search_message_conversation", "search_message", ["conversation_id", "message_id"])
    op.create_table(
        "search_person",
        sa.Column("contact_id", BIG, autoincrement=False, nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("names", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("contact_id", name=op.f("pk_search_person")),
    )
    op.create_table(
        "search_spelling",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", "word", name=op.f("pk_search_spelling")),
    )
    progress = op.create_table(
        "search_progress",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("history", sa.BigInteger(), nullable=True),
        sa.Column("fill_from", sa.BigInteger(), nullable=True),
        sa.Column("fill_below", sa.BigInteger(), nullable=True),
        sa.Column("people_after", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_progress")),
    )
    op.bulk_insert(progress, [{"id": 1, "version": 0}])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"CREATE INDEX ix_search_message_words ON search_message USING gin (({MESSAGE_WORDS}))")
        op.execute(f"CREATE INDEX ix_search_person_words ON search_person USING gin (({PERSON_WORDS}))")
        return
    _index_in_sqlite("search_message", "message_id")
    _index_in_sqlite("search_person", "contact_id")


def _index_in_sqlite(table: str, key: str) -> None:
    """FTS5 over what the table holds. Where in a text a word stands is not asked for, so it is not kept."""
    index = f"{table}_words"
    op.execute(
        f"CREATE VIRTUAL TABLE {index} USING fts5(folded, content='{table}', content_rowid='{key}', "
        "tokenize='unicode61 remove_diacritics 2', prefix='2 3 4 5', detail=none)"
    )
    put = f"INSERT INTO {index}(rowid, folded) VALUES (new.{key}, new.folded);"
    take = f"INSERT INTO {index}({index}, rowid, folded) VALUES ('delete', old.{key}, old.folded);"
    op.execute(f"CREATE TRIGGER {table}_put AFTER INSERT ON {table} BEGIN {put} END")
    op.execute(f"CREATE TRIGGER {table}_taken AFTER DELETE ON {table} BEGIN {take} END")
    op.execute(f"CREATE TRIGGER {table}_changed AFTER UPDATE OF folded ON {table} BEGIN {take} {put} END")


def downgrade() -> None:
    """Forget the index; it can be made again."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE search_message_words")
        op.execute("DROP TABLE search_person_words")
    for table in ("search_progress", "search_spelling", "search_person", "search_message"):
        op.drop_table(table)
