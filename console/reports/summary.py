"""The daily summary: yesterday's figures by mail, once a day to each who wants it and still may see them.

A row claimed and not told again within `CLAIM` is tried anew: rather twice in a crash than never.
"""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta

import anyio.to_thread
import msgspec
import structlog
from sqlalchemy import or_, select, update

from console import audit, clock, render
from console.agents import Agent, AgentTeam, Viewer, own_deeds
from console.audit import SYSTEM
from console.db import Database, Tx
from console.inbox import policy
from console.languages.catalogues import said
from console.languages.readers import SPANISH
from console.languages.words import Words
from console.pacing import pause
from console.portfolio.states import today_in
from console.reports import collecting, containing, costs, definitions, follow, operation
from console.reports.asked import Asked
from console.reports.figures import Figure
from console.reports.models import Subscriber
from console.settings import Settings
from integrations import mail

log = structlog.get_logger()
TOLD_FROM_HOUR = 7
"""From this hour on, the business's, the day before is told."""
LOOK_EVERY = 60.0
CLAIM = timedelta(minutes=10)
TOLD = (
    *("received", "sent", "first_answer", "waiting", "resolution"),
    *("recovered", "payments", "worked", "rpc_rate", "kept_count", "kept_amount"),
    *("contained", "templates_sent", "templates_failed", "cost"),
)


class Letter(msgspec.Struct, frozen=True):
    """A mail on its way."""

    to: str
    subject: str
    text: str


async def subscribe(tx: Tx, *, by: Viewer, wanted: bool) -> None:
    """Say that `by` wants the summary or no longer does. Records report.subscribed or report.unsubscribed."""
    found = await tx.get(Subscriber, by.id)
    if (found is not None) == wanted:
        return
    if found is None:
        today = clock.now()
        tx.add(Subscriber(agent_id=by.id, created_at=today))
    else:
        await tx.delete(found)
    audit.record(tx, by.actor, "report.subscribed" if wanted else "report.unsubscribed", subject=f"agent:{by.id}")


async def run(db: Database, settings: Settings, stop: asyncio.Event) -> None:
    """Tell yesterday to whoever waits for it, until `stop`."""
    while not stop.is_set():
        while await tell_next(db, settings):
            pass
        await pause(stop, LOOK_EVERY)


async def tell_next(db: Database, settings: Settings) -> bool:
    """Send one summary that is due; say whether there was one. What the server refuses is tried again later."""
    moment = clock.now()
    local = moment.astimezone(settings.zone)
    if settings.smtp_url is None or local.hour < TOLD_FROM_HOUR:
        return False
    day = today_in(settings.zone, moment) - timedelta(days=1)
    await follow.catch_up(db, settings.zone)
    async with db.transaction() as tx:
        agent_id = await _claim(tx, day, moment)
    if agent_id is None:
        return False
    async with db.reading() as tx:
        found = await _reader(tx, agent_id, settings)
        message = await letter(tx, *found, day=day, settings=settings) if found else None
    if message is not None:
        post = mail.post_of(settings.smtp_url, settings.mail_from)
        try:
            await anyio.to_thread.run_sync(lambda: post.send(to=message.to, subject=message.subject, text=message.text))
        except OSError as failure:  # smtplib's own are among them
            log.warning("summary.not_sent", agent=agent_id, reason=type(failure).__name__)
            return True
    async with db.transaction() as tx:
        told = update(Subscriber).where(Subscriber.agent_id == agent_id)
        await tx.execute(told.values(told_on=day, claimed_until=None))
        if message is not None:
            audit.record(tx, SYSTEM, "report.mailed", subject=f"agent:{agent_id}", new={"day": day.isoformat()})
    return True


async def _claim(tx: Tx, day: date, moment: datetime) -> int | None:
    due = (
        select(Subscriber)
        .where(
            or_(Subscriber.told_on.is_(None), Subscriber.told_on < day),
            or_(Subscriber.claimed_until.is_(None), Subscriber.claimed_until <= moment),
        )
        .order_by(Subscriber.agent_id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    found = (await tx.scalars(due)).one_or_none()
    if found is None:
        return None
    found.claimed_until = moment + CLAIM
    return found.agent_id


async def _reader(tx: Tx, agent_id: int, settings: Settings) -> tuple[Viewer, str] | None:
    """Whom the summary is for, with what they may see now; None for who left or no longer leads."""
    agent = await tx.get(Agent, agent_id)
    if agent is None or agent.disabled_at is not None or agent.email is None:
        return None
    teams = frozenset(await tx.scalars(select(AgentTeam.team_id).where(AgentTeam.agent_id == agent_id)))
    deeds = await own_deeds(tx, agent)
    language = agent.language or settings.language or SPANISH
    viewer = Viewer(id=agent.id, name=agent.name, role=agent.role, team_ids=teams, deeds=deeds, language=language)
    return (viewer, agent.email) if policy.may(viewer, "read_reports") else None


async def letter(tx: Tx, viewer: Viewer, address: str, *, day: date, settings: Settings) -> Letter:
    """The summary of `day` as `viewer` may see it, in their language."""
    asked = Asked(view="operation", since=day, until=day, zone=settings.zone, currency=settings.currency)
    every: dict[str, Figure] = {}
    for reading in (operation.report, collecting.report, containing.report, costs.report):
        every |= {figure.key: figure for figure in (await reading(tx, viewer, asked)).figures}
    parts: list[str] = [
        Words("Hola, {name}:", name=viewer.name),
        "",
        Words("Así fue el {day}.", day=render.weekday(day)),
        "",
        *(_line(every[key], settings) for key in TOLD),
        "",
        Words(
            "Las filas detrás de cada número: {address}", address=f"{settings.base_url}/reports?since={day}&until={day}"
        ),
        Words("Para dejar de recibir este correo: {address}", address=f"{settings.base_url}/reports"),
        "",
    ]
    subject = Words("{company}: resumen del {day}", company=settings.company, day=render.day(day))
    text = "\n".join(str(said(part, viewer.language)) for part in parts)
    return Letter(to=address, subject=str(said(subject, viewer.language)), text=text)


def _line(figure: Figure, settings: Settings) -> str:
    value = definitions.shown(figure.value, figure.kind, settings.currency, render.locale())
    if figure.beside:
        return Words("{title}: {value} ({beside})", title=figure.title, value=value, beside=figure.beside)
    return Words("{title}: {value}", title=figure.title, value=value)
