"""The index itself: writing it, and asking it for words, in the ways of SQLite (FTS5) and of PostgreSQL (GIN)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Select,
    bindparam,
    column,
    delete,
    func,
    literal,
    literal_column,
    select,
    table,
    text,
    update,
)

from console.bots.spelling import one_letter_less, sound
from console.bulk import among, execute_many
from console.db import Tx, bulk_insert, dialect_of, table_of
from console.inbox.models import Message
from console.search.gathering import Change
from console.search.models import SearchMessage, SearchPerson, SearchSpelling
from console.search.words import Query

BUCKET = 15
"""Bits of a message's number that its bucket leaves out (migration 0007)."""
SHORTEST_SPELT = 4
"""Letters from which on a name is found under other spellings; shorter ones are all alike."""
_MESSAGE_WORDS = f"array_to_tsvector(string_to_array(folded || ' @' || CAST(message_id >> {BUCKET} AS text), ' '))"
_PERSON_WORDS = "array_to_tsvector(string_to_array(folded, ' '))"
_MESSAGES_GONE = delete(table_of(SearchMessage)).where(SearchMessage.message_id == bindparam("gone"))
_PEOPLE_GONE = delete(table_of(SearchPerson)).where(SearchPerson.contact_id == bindparam("gone"))
_UNSPELT = delete(table_of(SearchSpelling)).where(SearchSpelling.word == bindparam("gone"))


async def write_messages(tx: Tx, change: Change) -> None:
    """Put these messages into the index, and take out others."""
    await execute_many(tx, _MESSAGES_GONE, [{"gone": number} for number in change.gone])
    await bulk_insert(tx, SearchMessage, change.rows)


async def write_people(tx: Tx, change: Change) -> None:
    """Put these people into the index with the ways their names may be spelt, and take out others."""
    await execute_many(tx, _PEOPLE_GONE, [{"gone": number} for number in change.gone])
    await bulk_insert(tx, SearchPerson, change.rows)
    words = {word for row in change.rows for word in row["names"].split()}
    spelt = [{"key": key, "word": word} for word in sorted(words) for key in sorted(keys_of(word))]
    await bulk_insert(tx, SearchSpelling, spelt, or_ignore=True)
    if change.forgotten:
        await unspell(tx, change.forgotten)


async def unspell(tx: Tx, words: Collection[str]) -> None:
    """Forget how these words of names are spelt, where nobody in the index bears them any more."""
    lost = [word for word in sorted(words) if not await _is_anybodys(tx, word)]
    await execute_many(tx, _UNSPELT, [{"gone": word} for word in lost])


async def _is_anybodys(tx: Tx, word: str) -> bool:
    return await tx.scalar(people_with(dialect_of(tx), expression(dialect_of(tx), [[word]])).limit(1)) is not None


async def move_conversation(tx: Tx, kept: int) -> None:
    """Two conversations became one: what is indexed of its messages belongs to it."""
    of_it = select(Message.id).where(Message.conversation_id == kept)
    moved = (SearchMessage.message_id.in_(of_it), SearchMessage.conversation_id != kept)
    await tx.execute(update(SearchMessage).where(*moved).values(conversation_id=kept))


def keys_of(word: str) -> set[str]:
    """What a word of a name is found under: itself, as it sounds, and with one letter less."""
    if len(word) < SHORTEST_SPELT or not word.isalpha():
        return set()
    return {word, f"~{sound(word)}", *one_letter_less(word)}


def expression(dialect: str, every: Sequence[Collection[str]]) -> str:
    """That of each of `every` a word is there, or one that begins with it, as the index of `dialect` is asked.

    Words are letters and digits alone: nothing in them means anything to either.
    """
    if dialect == "sqlite":
        return " AND ".join(_either([f'"{word}" *' for word in one], "OR") for one in every)
    return " & ".join(_either([f"'{word}':*" for word in one], "|") for one in every)


def _either(words: Sequence[str], mark: str) -> str:
    return f"({f' {mark} '.join(words)})"


def people_with(dialect: str, asked: str) -> Select[int]:
    """The contacts whose words `asked` (see `expression`) is true of."""
    if dialect == "sqlite":
        return (
            select(literal_column("rowid", BigInteger).label("contact_id"))
            .select_from(table("search_person_words"))
            .where(text("search_person_words MATCH :asked").bindparams(asked=asked))
        )
    found = text(f"{_PERSON_WORDS} @@ CAST(:asked AS tsquery)").bindparams(asked=asked)
    return select(SearchPerson.contact_id).where(found)


def newest_in_sqlite(query: Query, before: int, most: int) -> CTE:
    """Up to `most` messages below the number `before` that hold what is asked for, the newest first.

    FTS5 walks along the numbers and stops when it has enough.
    """
    asked = expression("sqlite", [[word] for word in query.words])
    number = literal_column("rowid", BigInteger)
    found = (
        select(number.label("id"))
        .select_from(table("search_message_words", column("rowid")))
        .where(text("search_message_words MATCH :asked").bindparams(asked=asked), number < before)
        .order_by(number.desc())
        .limit(most)
    )
    return found.cte("found").prefix_with("MATERIALIZED")


def newest_in_postgres(query: Query, before: int, buckets: Sequence[int]) -> CTE:
    """The messages below `before`, of these buckets, that hold what is asked for, and the conversation of each.

    The match stands by itself: left to choose, the planner walks the primary key backwards until enough match.
    """
    asked = expression("postgresql", [[word] for word in query.words])
    if buckets:
        marks = [f"'@{bucket}'" for bucket in buckets]
        asked = f"{asked} & {_either(marks, '|')}"
    matching = (
        select(SearchMessage.message_id.label("id"), SearchMessage.conversation_id)
        .where(text(f"{_MESSAGE_WORDS} @@ CAST(:asked AS tsquery)").bindparams(asked=asked))
        .cte("matching")
        .prefix_with("MATERIALIZED")
    )
    return select(matching.c.id, matching.c.conversation_id).where(matching.c.id < before).cte("found")


async def ends(tx: Tx) -> tuple[int, int]:
    """The numbers of the oldest and the newest message in the index."""
    oldest, newest = (await tx.execute(_ENDS)).one()
    return oldest or 0, newest or 0


_ENDS = select(
    select(func.min(SearchMessage.message_id)).scalar_subquery(),
    select(func.max(SearchMessage.message_id)).scalar_subquery(),
)


def spelt_like(keys: str = "keys") -> Select[str]:
    """The words of names that are found under any of the keys given."""
    return select(SearchSpelling.word).where(among(SearchSpelling.key, keys)).distinct().limit(200)


def has_words(conversation_id: int | ColumnElement[int], query: Query) -> Select[Any]:
    """The messages of one conversation that hold all that is asked for, along its own index."""
    every = [(literal(" ") + SearchMessage.folded).contains(f" {word}", autoescape=True) for word in query.words]
    return select(SearchMessage.message_id).where(SearchMessage.conversation_id == conversation_id, *every)
