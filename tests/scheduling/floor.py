"""What tests of scheduled messages do and ask: through the form, and turn by turn."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from sqlalchemy import select, update

from console import clock
from console.inbox.channel import Channel, MessageTemplate
from console.inbox.models import Conversation, Message
from console.portfolio.models import ContactPoint
from console.scheduling import leaving
from console.scheduling.filling import House
from console.scheduling.models import ScheduledMessage
from tests.front import Front, Person
from tests.portfolio.debts import Debt, a_debtor

TEXT = "Le recuerdo que hoy vence su cuota"
LIMA = ZoneInfo("America/Lima")
BODY = "Hola {{nombre}}, su saldo es {{saldo}}. {{mensaje}}"
FIELDS = {"variable.nombre": "{nombre}", "variable.saldo": "{saldo}", "variable.mensaje": "Quedamos atentos."}


async def schedule(who: Person, until: str = "three_hours", text: str = TEXT, **form: str) -> httpx.Response:
    form = {"until": until, "text": text, "client_key": str(uuid.uuid4()), **form}
    return await who.do("/inbox/1/scheduled-messages", **form)


async def schedule_template(who: Person, template_id: int, until: str = "three_hours", **form: str) -> httpx.Response:
    form = {"until": until, "template_id": str(template_id), "client_key": str(uuid.uuid4()), **FIELDS, **form}
    return await who.do("/inbox/1/scheduled-messages", **form)


def row_in(answer: httpx.Response) -> int:
    """The row of the thread that came back."""
    return int(answer.text.split('id="message-')[1].split('"')[0])


async def turns(front: Front) -> int:
    """Whatever is ready is done; how many that were."""
    house, done = House.of(front.console.settings), 0
    while True:
        async with front.console.db.transaction() as tx:
            if not await leaving.turn(tx, clock.now(), house=house):
                return done
        done += 1


async def left(front: Front) -> list[str | None]:
    async with front.console.db.reading() as tx:
        return list(await tx.scalars(select(Message.text).where(Message.direction == "out").order_by(Message.id)))


async def notes(front: Front) -> list[str | None]:
    async with front.console.db.reading() as tx:
        return list(await tx.scalars(select(Message.text).where(Message.kind == "note").order_by(Message.id)))


async def ends(front: Front) -> list[tuple[str, str | None]]:
    async with front.console.db.reading() as tx:
        wanted = select(ScheduledMessage.state, ScheduledMessage.reason).order_by(ScheduledMessage.message_id)
        return [(state, reason) for state, reason in (await tx.execute(wanted)).all()]


async def change(front: Front, model: Any, **values: object) -> None:
    async with front.console.db.transaction() as tx:
        await tx.execute(update(model).values(**values))


async def a_template(front: Front, **columns: object) -> int:
    """An approved template with three blanks: the name and the balance, which we know, and words of the agent's."""
    values: dict[str, Any] = {
        "name": "aviso_saldo",
        "language": "es",
        "category": "UTILITY",
        "status": "APPROVED",
        "parameter_format": "NAMED",
        "components": [{"type": "BODY", "text": BODY}],
        **columns,
    }
    async with front.console.db.transaction() as tx:
        channel_id = (await tx.scalars(select(Channel.id))).one()
        template = MessageTemplate(channel_id=channel_id, updated_at=clock.now(), **values)
        tx.add(template)
        await tx.flush()
        return template.id


async def a_debt(front: Front, minor: int = 41250, *, is_verified: bool = True, zone: str = "America/Lima") -> Debt:
    """What María owes, and that it is she who answers."""
    async with front.console.db.reading() as tx:
        team_id = (await tx.scalars(select(Conversation.team_id))).one()
    debt = await a_debtor(front.console.db, team_id, invoices=[("F-1", date(2026, 11, 5), minor)], zone=zone)
    if is_verified:
        await change(front, ContactPoint, verified_at=clock.now())
    return debt
