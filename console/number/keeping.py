"""Keeping what the Cloud API says about our number, and warning in time of a token that ends."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from console import audit, clock
from console.agents import Viewer
from console.audit import SYSTEM, Actor
from console.db import Tx, dialect_of
from console.inbox import channel_state
from console.inbox.channel import Channel
from console.number.models import NumberReport
from integrations.whatsapp.account import Number, Profile, TokenFacts

WARN_BEFORE = timedelta(days=7)
WARN_EVERY = timedelta(days=1)


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What the Cloud API answered. `token` is None where it does not say (the app's roles may forbid asking)."""

    number: Number
    profile: Profile
    token: TokenFacts | None


async def learn(tx: Tx, channel: Channel, told: Told, *, by: Viewer | Actor) -> None:
    """Keep all of it. Records "channel.updated" for what is news, "channel.token_expiring" once a day from 7 days on.

    Refuses: 403 to a viewer no admin.
    """
    await channel_state.learn(tx, channel, told.number, by=by)
    report = await report_of(tx, channel.id)
    facts: dict[str, Any] = {
        "status": told.number.status,
        "name_status": told.number.name_status,
        "can_send": told.number.can_send_message,
        "throughput": told.number.throughput,
    }
    if told.token is not None:
        facts |= {"token_valid": told.token.is_valid, "token_expires_at": told.token.expires_at}
    old = {name: getattr(report, name) for name, value in facts.items() if getattr(report, name) != value}
    for name in old:
        setattr(report, name, facts[name])
    if old:
        actor = by.actor if isinstance(by, Viewer) else by
        new = {name: _plain(facts[name]) for name in old}
        before = {name: _plain(value) for name, value in old.items()}
        audit.record(tx, actor, "channel.updated", subject=f"channel:{channel.id}", old=before, new=new)
    report.profile = msgspec.to_builtins(told.profile)
    report.asked_at, report.failed_at, report.failure = clock.now(), None, None
    _warn(tx, report)


def ends_soon(report: NumberReport, moment: datetime) -> bool:
    """Whether the access token is void, or will be within WARN_BEFORE."""
    at = report.token_expires_at
    return report.token_valid is False or (at is not None and at <= moment + WARN_BEFORE)


def _warn(tx: Tx, report: NumberReport) -> None:
    now = clock.now()
    if not ends_soon(report, now):
        report.warned_at = None
    elif report.warned_at is None or now - report.warned_at >= WARN_EVERY:
        report.warned_at = now
        new = {"expires_at": _plain(report.token_expires_at), "valid": report.token_valid}
        audit.record(tx, SYSTEM, "channel.token_expiring", subject=f"channel:{report.channel_id}", new=new)


async def note_failure(tx: Tx, channel_id: int, words: str) -> None:
    """The Cloud API gave no answer, or a refusal: what was known stays, with these words beside it.

    A token found to be ending is warned of all the same: once it has ended nothing is answered any more.
    """
    report = await report_of(tx, channel_id)
    report.failed_at, report.failure = clock.now(), str(words)
    _warn(tx, report)


async def keep_profile(tx: Tx, channel_id: int, profile: Profile, *, by: Viewer) -> None:
    """The profile is now this. Records "channel.profile_updated" with what changed, before and after."""
    report = await report_of(tx, channel_id)
    new = msgspec.to_builtins(profile)
    changed = [name for name, value in new.items() if report.profile.get(name) != value]
    if changed:
        old = {name: report.profile.get(name) for name in changed}
        after = {name: new[name] for name in changed}
        audit.record(tx, by.actor, "channel.profile_updated", subject=f"channel:{channel_id}", old=old, new=after)
    report.profile = new


async def note_bad_signature(tx: Tx, channel_id: int) -> None:
    """A delivery with a wrong signature was refused just now."""
    (await report_of(tx, channel_id)).bad_signature_at = clock.now()


async def report_of(tx: Tx, channel_id: int) -> NumberReport:
    """The channel's row, made if there is none, and held until `tx` ends."""
    insert = sqlite_insert if dialect_of(tx) == "sqlite" else postgresql_insert
    making = insert(NumberReport).values(channel_id=channel_id, profile={})
    await tx.execute(making.on_conflict_do_nothing(index_elements=["channel_id"]))
    held = select(NumberReport).where(NumberReport.channel_id == channel_id).with_for_update()
    return (await tx.scalars(held.execution_options(populate_existing=True))).one()


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
