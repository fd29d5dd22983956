"""Idempotency-Key: the same request again, by the same token in the same conversation, makes nothing twice."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from litestar import Request, Response
from sqlalchemy import select

from console.api.problems import invalid
from console.api.tokens import Program
from console.db import Tx
from console.inbox.models import Conversation, Message

LONGEST_KEY = 255


def key_of(request: Request[Any, Any, Any], program: Program) -> str:
    """The caller's Idempotency-Key as a client key of ours; a fresh one when there is none."""
    given = request.headers.get("idempotency-key")
    if given is None:
        return f"api:{program.id}:{secrets.token_hex(16)}"
    if not given.strip() or len(given) > LONGEST_KEY:
        text = f"Idempotency-Key debe tener de 1 a {LONGEST_KEY} caracteres."
        raise invalid("Idempotency-Key", text, status=400)
    # A digest: keys may be longer than ours, and say things that need not be kept.
    return f"api:{program.id}:{hashlib.sha256(given.encode()).hexdigest()[:32]}"


async def already_made(tx: Tx, conversation: Conversation, key: str) -> bool:
    """Whether this key already made something here; the conversation's row is locked, so nothing comes between."""
    same = (Message.conversation_id == conversation.id, Message.client_key == key)
    return await tx.scalar(select(Message.id).where(*same)) is not None


def created(shown: Any, *, repeated: bool) -> Response[Any]:  # noqa: ANN401
    """201, or 200 for what was made before."""
    headers = {"Idempotent-Replayed": "true"} if repeated else {}
    return Response(shown, status_code=200 if repeated else 201, headers=headers)
