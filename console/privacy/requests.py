"""Requests about personal data: noted, answered or refused with a reason, each step on record."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select

from console import audit, clock
from console.agents import Viewer
from console.db import Tx
from console.errors import Refused, not_found
from console.inbox import policy
from console.inbox.models import Conversation
from console.languages.words import Words
from console.privacy.deadlines import due_on
from console.privacy.models import Kind, PrivacyRequest, RequestState

LONGEST_REASON = 500


async def note(
    tx: Tx, conversation: Conversation, *, by: Viewer, kind: Kind, asked_on: date, country: str, message_id: int | None
) -> PrivacyRequest:
    """Note what the person of `conversation` asked for on `asked_on`; the clock of the law runs from then.

    One that is open already is given again. Records "privacy.requested".
    """
    already = select(PrivacyRequest).where(
        PrivacyRequest.contact_id == conversation.contact_id,
        PrivacyRequest.kind == kind,
        PrivacyRequest.state == RequestState.OPEN,
    )
    if found := (await tx.scalars(already)).one_or_none():
        return found
    request = PrivacyRequest(
        kind=kind,
        contact_id=conversation.contact_id,
        conversation_id=conversation.id,
        message_id=message_id,
        country=country,
        asked_on=asked_on,
        due_on=due_on(kind, asked_on, country),
        noted_by=by.id,
        created_at=clock.now(),
    )
    tx.add(request)
    await tx.flush()
    _record(tx, request, "privacy.requested", by, {"kind": kind, "due_on": request.due_on.isoformat()})
    return request


async def opened(tx: Tx, viewer: Viewer, request_id: int) -> PrivacyRequest:
    """An open request of a conversation that `viewer` may see, held until `tx` ends.

    Refuses: 404; 409 "already_answered".
    """
    visible = select(PrivacyRequest).join(Conversation, Conversation.id == PrivacyRequest.conversation_id)
    wanted = visible.where(PrivacyRequest.id == request_id, policy.visible(viewer))
    request = (await tx.scalars(wanted.with_for_update(of=PrivacyRequest))).one_or_none()
    if request is None:
        raise not_found()
    if request.state != RequestState.OPEN:
        raise Refused(409, Words("Esta solicitud ya fue respondida."), code="already_answered")
    return request


async def seen(tx: Tx, viewer: Viewer, request_id: int, *, kind: Kind) -> PrivacyRequest:
    """A request of this kind, open or not, of a conversation that `viewer` may see. Refuses: 404."""
    visible = select(PrivacyRequest).join(Conversation, Conversation.id == PrivacyRequest.conversation_id)
    wanted = visible.where(PrivacyRequest.id == request_id, PrivacyRequest.kind == kind, policy.visible(viewer))
    request = (await tx.scalars(wanted)).one_or_none()
    if request is None:
        raise not_found()
    return request


def answer(tx: Tx, request: PrivacyRequest, *, by: Viewer, facts: dict[str, object] | None = None) -> None:
    """What was asked for was done. Records "privacy.answered" with `facts`."""
    request.state, request.answered_at, request.answered_by = RequestState.DONE, clock.now(), by.id
    _record(tx, request, "privacy.answered", by, {"kind": request.kind, **(facts or {})})


def refuse(tx: Tx, request: PrivacyRequest, *, by: Viewer, reason: str) -> None:
    """The law lets us keep the data, and `reason` says which. Records "privacy.refused".

    Refuses: 422 "invalid" (field reason) without one.
    """
    reason = reason.strip()
    if not reason or len(reason) > LONGEST_REASON:
        raise Refused(422, Words("Diga con qué fundamento se rechaza."), code="invalid", field="reason")
    request.state, request.answered_at, request.answered_by = RequestState.REFUSED, clock.now(), by.id
    request.reason = reason
    # Why stands with the request; the history holds no free text.
    _record(tx, request, "privacy.refused", by, {"kind": request.kind})


def _record(tx: Tx, request: PrivacyRequest, action: str, by: Viewer, new: dict[str, object]) -> None:
    audit.record(
        tx,
        by.actor,
        action,
        conversation_id=request.conversation_id,
        message_id=request.message_id,
        subject=f"privacy_request:{request.id}",
        new=new,
    )
