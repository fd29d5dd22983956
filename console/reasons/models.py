"""The noun of a reason that somebody typed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from console.db import Base, BigKey


class Reason(Base):
    """What somebody gave as the reason of a deed, and what it was about. Words and `salt` go when the person is erased.

    `salt` keys the digest in the history: without it the digest says nothing any more.
    """

    __tablename__ = "reason"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversation.id"), index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    words: Mapped[str | None] = mapped_column(Text)
    salt: Mapped[bytes | None] = mapped_column(LargeBinary)
    given_at: Mapped[datetime]
