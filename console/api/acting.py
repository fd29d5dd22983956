"""Acting for one of the people who answer: what is theirs is read and changed in their name, with their rights."""

from __future__ import annotations

from console.agents import Role, Viewer, viewer_of
from console.api.asking import number
from console.api.conversations import STATUSES
from console.api.tokens import Program
from console.db import Tx
from console.errors import not_found
from console.inbox import queries
from console.inbox.models import Conversation

SCOPE = "users:act"
USER = "/users/{user_id:str}"
CONVERSATION = USER + "/conversations/{conversation_id:str}"


async def acting(tx: Tx, program: Program, user_id: str) -> Viewer:
    """The user of a path where the policy asks who looks. Refuses 404 for who is disabled, and for the bot.

    What is then done is theirs in the history; its origin names the token.
    """
    viewer = await viewer_of(tx, number(user_id), address=f"token:{program.id}")
    if viewer is None or viewer.role == Role.BOT:
        raise not_found()
    return viewer


async def opened(tx: Tx, viewer: Viewer, conversation_id: str, *, lock: bool = False) -> Conversation:
    """A conversation of a path as this user sees it. Refuses 404 what they do not, and what was joined to another."""
    conversation = await queries.open_conversation(tx, viewer, number(conversation_id), lock=lock)
    if conversation.status not in STATUSES:
        raise not_found()
    return conversation
