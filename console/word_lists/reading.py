"""The word lists in force, and how many messages a phrase would have marked."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import or_, select

from console import clock
from console.db import Tx
from console.inbox.contacts import Contact
from console.inbox.models import Conversation, Message
from console.search.models import SearchMessage
from console.word_lists.matching import CODES, EVERYWHERE, Choice, stems
from console.word_lists.models import PhraseChoice

DAYS = 30
_NEVER_IN_WORDS = "c"  # what `stems` makes of a last z


async def choices(tx: Tx) -> frozenset[Choice]:
    """All that the business changed; one statement."""
    columns = (
        PhraseChoice.country,
        PhraseChoice.kind,
        PhraseChoice.stems,
        PhraseChoice.words,
        PhraseChoice.is_on,
    )
    return frozenset(Choice(*row) for row in await tx.execute(select(*columns)))


async def would_mark(tx: Tx, country: str, phrase: str) -> int:
    """How many messages of agents to this country's telephones, of the last DAYS days, hold this phrase.

    The database narrows it down by parts of the words in the search index; what is compared is what `found` compares.
    """
    wanted = stems(phrase)
    said = (
        select(Message.text)
        .join(SearchMessage, SearchMessage.message_id == Message.id)
        .where(
            Message.created_at >= clock.now() - timedelta(days=DAYS),
            Message.direction == "out",
            Message.author_kind == "agent",
            *(SearchMessage.folded.contains(_beginning(word), autoescape=True) for word in wanted.split()),
        )
    )
    if country != EVERYWHERE:
        codes = [code for code, name in CODES.items() if name == country]
        said = (
            said.join(Conversation, Conversation.id == Message.conversation_id)
            .join(Contact, Contact.id == Conversation.contact_id)
            .where(or_(*(Contact.wa_id.startswith(code) for code in codes)))
        )
    rows = await tx.scalars(said)
    return sum(f" {wanted} " in f" {stems(text or '')} " for text in rows)


def _beginning(stem: str) -> str:
    """What every spelling of a word begins with: its stem, without a last "c" that may have been a z."""
    return stem[:-1] if stem.endswith(_NEVER_IN_WORDS) else stem
