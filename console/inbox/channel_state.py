"""The state of our number: opening it, pausing all sending, and letting it go on."""

from __future__ import annotations

from sqlalchemy import select

from console import audit, clock
from console.agents import Team
from console.audit import SYSTEM, Actor
from console.db import Tx
from console.inbox.channel import Channel

FIRST_TEAM = "Cobranza"


async def ensure(tx: Tx, *, phone_number_id: str, business_account_id: str) -> Channel:
    """The channel of the configured number, made at the first start together with a first team."""
    channel = await by_number(tx, phone_number_id)
    if channel is not None:
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
    return (await tx.scalars(select(Channel).where(Channel.phone_number_id == phone_number_id))).one_or_none()


async def pause(tx: Tx, channel: Channel, *, kind: str, reason: str, by: Actor) -> None:
    """Stop everything that would leave through `channel`. What is queued stays queued; reading goes on.

    `kind` is policy, token, payment, configuration or person; `reason` is shown in the banner. The first reason stands.
    """
    if channel.paused_at is not None:
        return
    channel.paused_at, channel.paused_kind, channel.paused_reason = clock.now(), kind, reason
    audit.record(tx, by, "channel.paused", subject=f"channel:{channel.id}", new={"kind": kind, "reason": reason})
    await tx.flush()


async def resume(tx: Tx, channel: Channel, *, by: Actor) -> None:
    """Let sending go on; only a person decides that."""
    if channel.paused_at is None:
        return
    old = {"kind": channel.paused_kind, "reason": channel.paused_reason}
    channel.paused_at = channel.paused_kind = channel.paused_reason = None
    audit.record(tx, by, "channel.resumed", subject=f"channel:{channel.id}", old=old)
    await tx.flush()
