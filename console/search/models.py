"""What searches stand on: the words of every message and person, how names are spelt, and how far the index has come.

All of it is made again from what it was made of. On SQLite triggers keep an FTS5 index in step with `folded`, on
PostgreSQL it has a GIN index (migration 0007).
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from console.db import Base


class SearchMessage(Base):
    """The words of one message. One that was revoked, erased or says nothing has no row."""

    __tablename__ = "search_message"
    __table_args__ = (Index("ix_search_message_conversation", "conversation_id", "message_id"),)

    message_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    conversation_id: Mapped[int]
    folded: Mapped[str] = mapped_column(Text)


class SearchPerson(Base):
    """What a person is found by: names, documents, telephones (from their ends too), accounts and invoices."""

    __tablename__ = "search_person"

    contact_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    folded: Mapped[str] = mapped_column(Text)
    names: Mapped[str] = mapped_column(Text)  # of these words alone another spelling is looked for


class SearchSpelling(Base):
    """That a word of a name is found under a key: as it sounds, or with one letter left out."""

    __tablename__ = "search_spelling"
    __table_args__ = (Index("ix_search_spelling_word", "word"),)

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    word: Mapped[str] = mapped_column(Text, primary_key=True)


class SearchProgress(Base):
    """How far the index has come: one row. Whoever writes the index counts `version` up, or has read in vain.

    `history` is the last entry followed; messages below `fill_below` and contacts above `people_after` are still to be
    read once (None: all are); `fill_from` is where that began. None in `history`: nothing has begun.
    """

    __tablename__ = "search_progress"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(BigInteger, default=0)
    history: Mapped[int | None] = mapped_column(BigInteger)
    fill_from: Mapped[int | None] = mapped_column(BigInteger)
    fill_below: Mapped[int | None] = mapped_column(BigInteger)
    people_after: Mapped[int | None] = mapped_column(BigInteger)
