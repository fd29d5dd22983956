"""Adding a phrase to a country's list, putting one out of force or in again, and taking an added one away."""

from __future__ import annotations

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from console import audit, clock
from console.agents import Viewer
from console.db import Tx, dialect_of
from console.errors import Refused
from console.inbox import policy
from console.languages.words import Words
from console.word_lists.matching import COUNTRIES, KINDS, Choice, Phrase, phrases, stems
from console.word_lists.models import PhraseChoice
from console.word_lists.reading import choices

LONGEST, MOST_WORDS = 80, 10
MOST = 300
"""Changes to the list of one country."""
_KEY = ("country", "kind", "stems")


async def put(tx: Tx, *, by: Viewer, country: str, kind: str, words: str, is_on: bool) -> bool:
    """Look for this phrase in this country from now on, or no longer; whether that is a change.

    What a country decides goes before what holds everywhere. Records "word_list.changed" with before and after.

    Refuses: 403; 422 naming country, kind or phrase.
    """
    policy.require(by, "edit_quality")
    words = checked(country, kind, words)
    made = await choices(tx)
    before = _of(country, kind, stems(words), made)
    if (before.is_on if before else False) == is_on:
        return False
    own = Choice(country, kind, stems(words), before.words if before else words, is_on)
    others = frozenset(one for one in made if (one.country, one.kind, one.stems) != own[:3])
    without = _of(country, kind, own.stems, others)
    if (without.is_on if without else False) == is_on:
        # As it would be if nobody had decided here: nothing has to be kept.
        await _forget(tx, own)
    else:
        held = select(func.count()).select_from(PhraseChoice).where(PhraseChoice.country == country)
        if (await tx.scalar(held) or 0) >= MOST:
            raise Refused(
                422, Words("Ya hay {most} cambios en esta lista.", most=MOST), code="too_many", field="phrase"
            )
        await _keep(tx, own, by)
    _record(tx, by, own, before, _of(country, kind, own.stems, await choices(tx)))
    return True


def checked(country: str, kind: str, words: str) -> str:
    """The phrase with single spaces between its words; Refused(422) as `put` says."""
    if country not in COUNTRIES:
        raise Refused(422, Words("Elija un país de la lista."), code="invalid", field="country")
    if kind not in KINDS:
        raise Refused(422, Words("Elija de qué es la frase."), code="invalid", field="kind")
    words = " ".join(words.split())
    compared = stems(words).split()
    if not words.isprintable() or len(words) > LONGEST or len(compared) > MOST_WORDS:
        said = Words(
            "Escriba una frase de hasta {most_words} palabras y {longest} letras.",
            most_words=MOST_WORDS,
            longest=LONGEST,
        )
        raise Refused(422, said, code="invalid", field="phrase")
    if max(map(len, compared), default=0) < 3:
        said = Words("Escriba al menos una palabra de tres letras: una más corta estaría en todas partes.")
        raise Refused(422, said, code="invalid", field="phrase")
    return words


async def _keep(tx: Tx, own: Choice, by: Viewer) -> None:
    insert = sqlite_insert if dialect_of(tx) == "sqlite" else postgresql_insert
    about = {"words": own.words, "is_on": own.is_on, "changed_by": by.id, "changed_at": clock.now()}
    keeping = insert(PhraseChoice).values(country=own.country, kind=own.kind, stems=own.stems, **about)
    await tx.execute(keeping.on_conflict_do_update(index_elements=_KEY, set_=about))


async def _forget(tx: Tx, own: Choice) -> None:
    of_it = (PhraseChoice.country == own.country, PhraseChoice.kind == own.kind, PhraseChoice.stems == own.stems)
    await tx.execute(delete(PhraseChoice).where(*of_it))


def _of(country: str, kind: str, stemmed: str, made: frozenset[Choice]) -> Phrase | None:
    every = phrases(country, made)
    return next((one for one in every if (one.kind, one.stems) == (kind, stemmed)), None)


def _record(tx: Tx, by: Viewer, own: Choice, before: Phrase | None, after: Phrase | None) -> None:
    told = {"country": own.country, "kind": own.kind, "phrase": own.words}
    old, new = ({**told, "in_force": bool(one and one.is_on)} for one in (before, after))
    audit.record(tx, by.actor, "word_list.changed", subject=f"word_list:{own.country}", old=old, new=new)
