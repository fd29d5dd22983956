"""Asking the Cloud API about our number: from its page, and every hour. No call is made in a transaction."""

from __future__ import annotations

import structlog

from console.agents import Viewer
from console.audit import Actor
from console.db import Database
from console.inbox.channel import Channel
from console.number import keeping
from console.number.keeping import Told
from integrations.whatsapp.account import TokenFacts
from integrations.whatsapp.client import WhatsApp
from integrations.whatsapp.errors import CallFailed, NoAnswer, WhatsAppError
from integrations.whatsapp.failures_es import explain

log = structlog.get_logger()
META = Actor(kind="system", name="WhatsApp", origin="whatsapp")
EVERY = 3600.0
"""Seconds. Three calls: far below the 200 an hour that an unregistered account may make."""
FIRST_AFTER = 30.0
_A_VALUE = frozenset({100, 131008, 131009})


async def refresh(db: Database, whatsapp: WhatsApp, channel_id: int, *, by: Viewer | Actor = META) -> str | None:
    """Ask for everything and keep it; None, or in words why there was no answer (which is kept too)."""
    try:
        number, profile = await whatsapp.number(), await whatsapp.profile()
        told = Told(number=number, profile=profile, token=await _token(whatsapp))
    except WhatsAppError as failed:
        words = words_of(failed)
        log.warning("number.not_told", reason=type(failed).__name__, code=getattr(failed, "code", None))
        async with db.transaction() as tx:
            await keeping.note_failure(tx, channel_id, words)
        return words
    async with db.transaction() as tx:
        await keeping.learn(tx, await tx.get_one(Channel, channel_id), told, by=by)
    return None


async def _token(whatsapp: WhatsApp) -> TokenFacts | None:
    """What is known of our token. Meta lets only some of an app's people look into tokens: that is no failure."""
    try:
        return await whatsapp.token()
    except CallFailed as refused:
        if refused.code == 190:
            raise
        log.info("number.token_not_told", code=refused.code)
        return None


def words_of(failed: WhatsAppError) -> str:
    """What went wrong, for whoever asked."""
    if isinstance(failed, CallFailed):
        said = "WhatsApp no aceptó un dato." if failed.code in _A_VALUE else explain(failed.code).what
        if failed.code is None:
            said = "WhatsApp rechazó la consulta sin decir por qué."
        details = f" Dijo: «{failed.details[:200]}»." if failed.code in _A_VALUE and failed.details else ""
        return f"{said}{details}" + (f" (código {failed.code})" if failed.code is not None else "")
    if isinstance(failed, NoAnswer):
        return "WhatsApp no respondió. Vuelva a probar en un momento."
    return "No se pudo preguntar a WhatsApp."
