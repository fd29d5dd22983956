"""The state of our number: opening it, pausing all sending, and letting it go on."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, select

from console import audit, clock
from console.agents import Team, Viewer
from console.audit import SYSTEM, Actor
from console.bulk import fetch
from console.db import Tx, table_of
from console.inbox import policy
from console.inbox.channel import Channel, Line
from integrations.whatsapp.account import Number

_BY_NUMBER = select(Channel).where(Channel.phone_number_id == bindparam("number"))
_CHANNELS = table_of(Channel)
_LINE = select(_CHANNELS.c.id, _CHANNELS.c.team_id).where(_CHANNELS.c.phone_number_id == bindparam("number"))
FIRST_TEAM = "Cobranza"


async def ensure(tx: Tx, *, phone_number_id: str, business_account_id: str) -> Channel:
    """The channel of the configured number, made at the first start together with a first team.

    What Meta tells of the account finds it by the account's id: one that was mended in the settings is mended here.
    """
    channel = await by_number(tx, phone_number_id)
    if channel is not None:
        if (old := channel.business_account_id) != business_account_id:
            channel.business_account_id = business_account_id
            audit.record(
                tx,
                SYSTEM,
                "channel.updated",
                subject=f"channel:{channel.id}",
                old={"business_account_id": old},
                new={"business_account_id": business_account_id},
            )
        return channel
    team = await tx.scalar(select(Team).order_by(Team.id).limit(1))
    if team is None:
        team = Team(name=FIRST_TEAM, created_at=clock.now())
        tx.add(team)
        await tx.flush()
    channel = Channel(
        phone_number_id=phone_number_id,
        business_account_id=business_account_id,
        team_id=team.id,
        created_at=clock.now(),
    )
    tx.add(channel)
    await tx.flush()
    audit.record(tx, SYSTEM, "channel.updated", subject=f"channel:{channel.id}", new={"opened": True})
    return channel


async def by_number(tx: Tx, phone_number_id: str) -> Channel | None:
    """The channel of one of our numbers."""
    return (await tx.scalars(_BY_NUMBER, {"number": phone_number_id})).one_or_none()


async def line(tx: Tx, phone_number_id: str) -> Line | None:
    """`by_number`, for those who only receive."""
    return next((Line(*row) for row in await fetch(tx, _LINE, {"number": phone_number_id})), None)


async def pause(tx: Tx, channel: Channel, *, kind: str, reason: str, by: Viewer | Actor) -> bool:
    """Stop everything that would leave through `channel`; says whether that is news. What is queued stays queued.

    `kind` is policy, token, payment, configuration or person; `reason` is shown in the banner. The first reason stands.
    Call it last in a transaction: it holds the channel's row, which senders want while they hold conversations.
    Refuses: 403 to a viewer who could not resume either.
    """
    actor = _allowed(by)
    channel = await lock(tx, channel.id)
    if channel.paused_at is not None:
        return False
    channel.paused_at, channel.paused_kind, channel.paused_reason = clock.now(), kind, reason
    audit.record(tx, actor, "channel.paused", subject=f"channel:{channel.id}", new={"kind": kind, "reason": reason})
    await tx.flush()
    return True


async def resume(tx: Tx, channel: Channel, *, by: Viewer | Actor) -> bool:
    """Let sending go on, which only a person decides; says whether it was paused. Refuses: 403 to a viewer no admin."""
    actor = _allowed(by)
    channel = await lock(tx, channel.id)
    if channel.paused_at is None:
        return False
    old = {"kind": channel.paused_kind, "reason": channel.paused_reason}
    channel.paused_at = channel.paused_kind = channel.paused_reason = None
    audit.record(tx, actor, "channel.resumed", subject=f"channel:{channel.id}", old=old)
    await tx.flush()
    return True


async def learn(tx: Tx, channel: Channel, number: Number, *, by: Viewer | Actor) -> bool:
    """Keep what WhatsApp says about our number now; says whether any of it is news. Records "channel.updated".

    Refuses: 403 to a viewer no admin.
    """
    actor = _allowed(by)
    told = {
        "display_phone_number": number.display_phone_number,
        "verified_name": number.verified_name,
        "quality": number.quality_rating,
        "messaging_limit": number.messaging_limit,
    }
    channel = await lock(tx, channel.id)
    new = {name: value for name, value in told.items() if value is not None and value != getattr(channel, name)}
    if not new:
        return False
    old = {name: getattr(channel, name) for name in new}
    for name, value in new.items():
        setattr(channel, name, value)
    if "quality" in new:
        channel.quality_since = clock.now()
    audit.record(tx, actor, "channel.updated", subject=f"channel:{channel.id}", old=old, new=new)
    await tx.flush()
    return True


async def slow_down(tx: Tx, channel_id: int, *, until: datetime) -> None:
    """Let nothing leave before `until`: the number as a whole was told to slow down."""
    channel = await lock(tx, channel_id)
    channel.slow_until = max(channel.slow_until or until, until)
    await tx.flush()


async def lock(tx: Tx, channel_id: int) -> Channel:
    """Hold the channel's row until `tx` ends, and read it afresh."""
    found = select(Channel).where(Channel.id == channel_id).with_for_update()
    return (await tx.scalars(found.execution_options(populate_existing=True))).one()


def _allowed(by: Viewer | Actor) -> Actor:
    if isinstance(by, Viewer):
        policy.require(by, "resume_channel")
        return by.actor
    return by
