"""What the bot did not grasp: listed for people, who say what it meant, and kept for `make train` to learn from.

Everything here is asked for somebody, and shows only conversations that they may see.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from console import audit
from console.agents import Agent, Viewer
from console.bots.labels import LABELS
from console.bots.models import BotStep
from console.bots.record import intents_of
from console.db import Tx
from console.errors import Refused, not_found
from console.inbox import policy
from console.inbox.models import Conversation, Message
from console.languages.words import Words

MOST_GUESSES = 3
A_PAGE = 50


class Unclear(msgspec.Struct, frozen=True):
    """A phrase that was not understood, and what it was taken for."""

    step_id: int
    text: str
    intents: list[tuple[str, float]]
    at: datetime

    @property
    def guesses(self) -> list[tuple[str, float]]:
        """What it may have meant, the likeliest first: few enough for a digit each."""
        return [guess for guess in self.intents if guess[0] != "other"][:MOST_GUESSES]

    @property
    def choices(self) -> list[str]:
        """Every label, the guesses before the others, and "none of them" last."""
        first = [label for label, _score in self.guesses]
        return [*first, *(label for label in LABELS if label not in first)]


class Labelled(msgspec.Struct, frozen=True):
    """A phrase with what somebody said it means, the main label first."""

    step_id: int
    text: str
    labels: list[str]
    by: str | None
    at: datetime


async def unclear(tx: Tx, viewer: Viewer, *, limit: int = A_PAGE, before: int | None = None) -> list[Unclear]:
    """Phrases that nobody has labelled, the latest first; those older than the step `before`, where it is named."""
    wanted = _phrases(viewer, BotStep.labels.is_(None), before=await _place(tx, viewer, before)).limit(limit)
    steps = (await tx.scalars(wanted)).all()
    texts = await _texts(tx, steps)
    return [Unclear(step.id, _said(step, texts, " / "), intents_of(step), step.at) for step in steps]


async def unclear_count(tx: Tx, viewer: Viewer) -> int:
    """How many nobody has labelled."""
    return await _count(tx, viewer, BotStep.labels.is_(None))


async def labelled(tx: Tx, viewer: Viewer) -> list[tuple[str, str]]:
    """Phrases with what a person said they mean, oldest first; digits are zeros, so that no document is among them."""
    wanted = _phrases(viewer, BotStep.labels.is_not(None)).order_by(None).order_by(BotStep.id)
    steps = (await tx.scalars(wanted)).all()
    texts = await _texts(tx, steps)
    said = [(" ".join(_said(step, texts, " ").split()), step.labels or "") for step in steps]
    return [(re.sub(r"\d", "0", text), labels) for text, labels in said if text]


async def labelled_lately(tx: Tx, viewer: Viewer, *, limit: int = A_PAGE) -> list[Labelled]:
    """The latest of them as they were written, and who labelled each."""
    steps = (await tx.scalars(_phrases(viewer, BotStep.labels.is_not(None)).limit(limit))).all()
    texts = await _texts(tx, steps)
    who = {step.labelled_by_id for step in steps}
    names = {row.id: row.name for row in await tx.scalars(select(Agent).where(Agent.id.in_(who)))}
    return [
        Labelled(
            step.id,
            _said(step, texts, " / "),
            (step.labels or "").split(","),
            names.get(step.labelled_by_id) if step.labelled_by_id is not None else None,
            step.at,
        )
        for step in steps
    ]


async def labelled_count(tx: Tx, viewer: Viewer) -> int:
    """How many phrases people have labelled."""
    return await _count(tx, viewer, BotStep.labels.is_not(None))


async def label(tx: Tx, step_id: int, *, by: Viewer, labels: Sequence[str]) -> BotStep:
    """Say what a phrase meant, the main label first; "other" is none of them, and alone. Announces bot.phrase_labelled.

    It becomes something to learn from. Refuses: 403; 404; 409 when somebody else has said it already; 422 for no label,
    for one that there is not, for "other" and another.
    """
    policy.require(by, "edit_bot")
    for one in labels:
        if one not in LABELS:
            raise Refused(422, Words("Esa etiqueta no existe."), code="invalid", field="labels")
    if not labels:
        said = Words("Elija qué quiso decir, o «Ninguna de ellas».")
        raise Refused(422, said, code="invalid", field="labels")
    if "other" in labels and len(labels) > 1:
        raise Refused(422, Words("«Ninguna de ellas» va sin otra etiqueta."), code="invalid", field="labels")
    wanted = select(BotStep).join(Conversation, Conversation.id == BotStep.conversation_id)
    wanted = wanted.where(BotStep.id == step_id, policy.visible(by)).with_for_update(of=BotStep)
    step = (await tx.scalars(wanted)).one_or_none()
    if step is None:
        raise not_found()
    written = ",".join(labels)
    if step.labels is not None and step.labelled_by_id != by.id:
        raise Refused(409, Words("Otra persona ya la etiquetó."), code="already_labelled")
    if step.labels != written:
        step.labels, step.labelled_by_id = written, by.id
        new = {"labels": list(labels), "step": step.id}
        audit.record(tx, by.actor, "bot.phrase_labelled", conversation_id=step.conversation_id, new=new)
    return step


def _phrases(viewer: Viewer, *which: ColumnElement[bool], before: ColumnElement[bool] | None = None) -> Select[BotStep]:
    wanted = (
        select(BotStep)
        .join(Conversation, Conversation.id == BotStep.conversation_id)
        .where(policy.visible(viewer), BotStep.is_unclear, *which)
        .order_by(BotStep.at.desc(), BotStep.id.desc())
    )
    return wanted if before is None else wanted.where(before)


async def _place(tx: Tx, viewer: Viewer, before: int | None) -> ColumnElement[bool] | None:
    """What stands after the step `before` in the list; labelled meanwhile, it still marks the place."""
    if before is None:
        return None
    at = await tx.scalar(_phrases(viewer).where(BotStep.id == before).with_only_columns(BotStep.at).order_by(None))
    if at is None:
        raise not_found()
    return or_(BotStep.at < at, and_(BotStep.at == at, BotStep.id < before))


async def _count(tx: Tx, viewer: Viewer, which: ColumnElement[bool]) -> int:
    wanted = _phrases(viewer, which).with_only_columns(func.count()).order_by(None)
    return await tx.scalar(wanted) or 0


async def _texts(tx: Tx, steps: Iterable[BotStep]) -> dict[int, str]:
    ids = {number for step in steps for number in step.heard}
    return {row.id: row.text or "" for row in await tx.scalars(select(Message).where(Message.id.in_(ids)))}


def _said(step: BotStep, texts: Mapping[int, str], between: str) -> str:
    return between.join(filter(None, (texts.get(each) for each in step.heard)))
