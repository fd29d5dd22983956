"""What the business changed in the word lists that come with the product."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from console.db import Base


class PhraseChoice(Base):
    """That a phrase is looked for in a country, or no longer. `country` "all" holds where no country says otherwise.

    `stems` is the phrase as it is compared (matching.stems): one row for all its spellings.
    """

    __tablename__ = "phrase_choice"

    country: Mapped[str] = mapped_column(String(3), primary_key=True)
    kind: Mapped[str] = mapped_column(String(12), primary_key=True)
    stems: Mapped[str] = mapped_column(String(160), primary_key=True)
    words: Mapped[str] = mapped_column(Text)
    is_on: Mapped[bool]
    changed_by: Mapped[int] = mapped_column(ForeignKey("agent.id"))
    changed_at: Mapped[datetime]
