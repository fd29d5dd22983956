"""Doubts about who is who, for supervisors and administrators."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from console.agents import Viewer
from console.db import Database
from console.errors import Refused
from console.forms import read_form
from console.inbox import policy, reviews
from console.inbox.contacts import Contact, ReviewTask
from console.inbox.queries import contact_name
from console.inbox.reviews import Decision
from console.inbox.words import REVIEWS
from console.languages.words import Words
from console.settings_pages.answers import back_to, known_id, show

PAGE = "/settings/reviews"
WORDS = {
    Decision.MERGE: Words("Son la misma persona: unir"),
    Decision.SAME_PERSON: Words("Es quien conocíamos"),
    Decision.DIFFERENT_PEOPLE: Words("Son personas distintas"),
}


class ReviewLine(msgspec.Struct, frozen=True):
    """A doubt in words, and what may be decided about it."""

    id: int
    kind: str
    who: str
    sentence: str
    conversation_id: int | None
    opened_at: datetime
    decisions: list[tuple[str, str]]


@get(PAGE)
async def reviews_page(db: NamedDependency[Database], viewer: NamedDependency[Viewer]) -> Response[Any]:
    """What waits for a decision, oldest first."""
    policy.require(viewer, "review_identity")
    async with db.reading() as tx:
        found = await reviews.waiting(tx, viewer)
    return show("settings/reviews.html", viewer, reviews=[_line(*one) for one in found])


def _line(task: ReviewTask, contact: Contact, conversation_id: int | None) -> ReviewLine:
    offered = [Decision.MERGE] if task.other_contact_id is not None else [Decision.SAME_PERSON]
    return ReviewLine(
        id=task.id,
        kind=task.kind,
        who=contact_name(contact.name, contact.profile_name, contact.username, contact.wa_id),
        sentence=REVIEWS.get(task.kind, Words("Hay algo por revisar.")),
        conversation_id=conversation_id,
        opened_at=task.created_at,
        decisions=[(str(decision), WORDS[decision]) for decision in (*offered, Decision.DIFFERENT_PEOPLE)],
    )


@post("/settings/reviews/{task_id:int}/resolve", status_code=303)
async def settle_review(
    request: Request[Any, Any, Any],
    task_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[Any]:
    """Settle one."""
    policy.require(viewer, "review_identity")
    decided = (await read_form(request)).get("decision", "")
    if decided not in set(Decision):
        raise Refused(422, Words("Elija qué se decide."), code="invalid", field="decision")
    async with db.transaction() as tx:
        await reviews.settle(tx, known_id(task_id), decision=Decision(decided), by=viewer)
    return back_to(PAGE)


routes = [reviews_page, settle_review]
