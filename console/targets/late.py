"""Who is late and who soon will be, as conditions on open conversations."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_

from console.db import weighed
from console.inbox.models import Conversation

PRESSING = ("soon", "late")


def answer_late(moment: datetime) -> ColumnElement[bool]:
    """That the answer that a Conversation waits for is over its target."""
    return Conversation.answer_due_at <= moment


def answer_soon(moment: datetime) -> ColumnElement[bool]:
    """That the target warns of the answer, which is not late yet."""
    return and_(Conversation.answer_warns_at <= moment, Conversation.answer_due_at > moment)


def warned(moment: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """That an answer's clock has warned, and that only the matter's has: nobody is late unwarned.

    For two reads, each along the index of its clock. Asked with OR, SQLite reads every open conversation instead.
    """
    answer = and_(Conversation.answer_due_at.is_not(None), Conversation.answer_warns_at <= moment)
    matter = and_(Conversation.resolution_due_at.is_not(None), Conversation.resolution_warns_at <= moment)
    return answer, and_(matter, weighed(~func.coalesce(answer, False)))


def is_pressing(wanted: str, moment: datetime) -> ColumnElement[bool]:
    """That an open Conversation is `late` by one of its targets, or by none yet but `soon`."""
    late = or_(answer_late(moment), Conversation.resolution_due_at <= moment)
    if wanted == "late":
        return late
    # A clock that does not run is NULL, and NULL is neither: each side says what it is not.
    return and_(
        or_(Conversation.answer_warns_at <= moment, Conversation.resolution_warns_at <= moment),
        func.coalesce(Conversation.answer_due_at > moment, True),
        func.coalesce(Conversation.resolution_due_at > moment, True),
    )
