"""What some of the demo's debtors allowed and took back before it begins, with what proves it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import select

from console import clock
from console.agents import Viewer
from console.consents import keeping
from console.consents.kinds import Standing
from console.db import Database, Tx
from console.inbox.models import Conversation, Message
from console.settings import Settings

REMINDERS = (
    "Autorizo a Financiera Andes a enviarme recordatorios y estados de cuenta de mi crédito al número de celular que"
    " declaro, por WhatsApp, mientras el contrato esté vigente."
)
OFFERS = "Acepto recibir ofertas de Financiera Andes por WhatsApp. Puedo darme de baja cuando quiera escribiendo BAJA."
_CONTRACT = {"state": "given", "purpose": "collection", "how": "contract", "shown": REMINDERS, "version": "2026-03"}
_OFFERS = {"state": "given", "purpose": "marketing", "how": "web_form", "shown": OFFERS, "version": "web 4"}
_NO_MORE = {"state": "withdrawn", "purpose": "marketing", "how": "call", "reference": "Llamada 20611, minuto 3:10"}
# Of the conversations that were told first: what each said, oldest first.
SAID: tuple[tuple[dict[str, str], ...], ...] = (
    (_CONTRACT | {"reference": "Contrato 7741-2026, cláusula 14"}, _OFFERS | {"reference": "Formulario 90233"}),
    (
        _CONTRACT | {"reference": "Contrato 6120-2025"},
        _OFFERS | {"reference": "Formulario 88120"},
        _NO_MORE,
    ),
    (_CONTRACT | {"reference": "Contrato 8003-2026, cláusula 14"},),
)

AGO = (timedelta(days=213), timedelta(days=97), timedelta(days=6))


async def record(db: Database, settings: Settings, viewers: Mapping[str, Viewer]) -> None:
    """Rosa and Diego noted them."""
    async with db.transaction() as tx:
        spoken = select(Message.conversation_id).where(Message.direction == "in")
        wanted = select(Conversation).where(Conversation.id.in_(spoken), Conversation.status == "open")
        people = list(await tx.scalars(wanted.order_by(Conversation.last_at.desc()).limit(len(SAID))))
        for conversation, lines in zip(people, SAID, strict=False):
            for ago, typed in zip(AGO, lines, strict=False):
                said_on = (clock.now() - ago).date().isoformat()
                await _note(tx, conversation, {**typed, "said_on": said_on}, settings, viewers["rosa"])


async def _note(tx: Tx, conversation: Conversation, typed: dict[str, str], settings: Settings, by: Viewer) -> None:
    said, proof = keeping.heard({"channel": "whatsapp", **typed}, settings), keeping.shown_proof(typed)
    deed = keeping.give if said.state == Standing.GIVEN else keeping.withdraw
    await deed(tx, conversation, by=by, said=said, proof=proof)
