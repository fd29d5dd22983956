"""Asking the Cloud API about our number: from its page, and every hour. No call is made in a transaction."""

from __future__ import annotations

import structlog

from console.agents import Viewer
from console.audit import Actor
from console.db import Database
from console.inbox.channel import Channel
from console.languages.kept import as_words
from console.languages.words import Words
from console.number import keeping
from console.number.keeping import Told
from integrations.whatsapp.account import TokenFacts
from integrations.whatsapp.client import WhatsApp
from integrations.whatsapp.errors import CallFailed, NoAnswer, WhatsAppError
from integrations.whatsapp.failures_es import every, explain

log = structlog.get_logger()
META = Actor(kind="system", name="WhatsApp", origin="whatsapp")
EVERY = 3600.0
"""Seconds. Three calls: far below the 200 an hour that an unregistered account may make."""
FIRST_AFTER = 30.0
_A_VALUE = frozenset({100, 131008, 131009})
_NOT_ACCEPTED = Words("WhatsApp no aceptó un dato.")
_UNEXPLAINED = Words("WhatsApp rechazó la consulta sin decir por qué.")
_NO_ANSWER = Words("WhatsApp no respondió. Vuelva a probar en un momento.")
_NOT_ASKED = Words("No se pudo preguntar a WhatsApp.")
_WITH_DETAILS = Words("{said} Dijo: «{details}». (código {code})")
_WITH_CODE = Words("{said} (código {code})")


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


def failure_of(kept: str | None) -> str | None:
    """What was kept of such an answer, in words again: only what Meta said itself stays as it is."""
    plain = (_NOT_ACCEPTED, _UNEXPLAINED, _NO_ANSWER, _NOT_ASKED)
    explained = (Words(one.what) for one in every())
    return as_words(kept, *plain, _WITH_DETAILS, _WITH_CODE, *explained)


def words_of(failed: WhatsAppError) -> str:
    """What went wrong, for whoever asked."""
    if isinstance(failed, CallFailed):
        if failed.code is None:
            return _UNEXPLAINED
        said = _NOT_ACCEPTED if failed.code in _A_VALUE else Words(explain(failed.code).what)
        if failed.code in _A_VALUE and failed.details:
            return Words(_WITH_DETAILS.source, said=said, details=failed.details[:200], code=failed.code)
        return Words(_WITH_CODE.source, said=said, code=failed.code)
    if isinstance(failed, NoAnswer):
        return _NO_ANSWER
    return _NOT_ASKED
