"""Saying how long things are kept. Nothing is forgotten unless somebody says so, nor in the first day after."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from console import audit
from console.agents import Viewer
from console.db import Tx
from console.errors import Refused
from console.inbox import policy
from console.languages.words import Words
from console.retention.models import RetentionRule

GRACE = timedelta(hours=24)
"""After a change of the rule nothing is erased for so long: a slip can be taken back."""


class Period(msgspec.Struct, frozen=True):
    """One of the two periods: its column, what it is called, and the fewest and most months it may have."""

    name: str
    label: str
    low: int
    high: int = 240
    hint: str = ""


# The floors: files with documents are of use for 90 days; what was said in collecting a debt must be at hand for two
# years at least (Chile, ley 21.320; compliance, retention). A lawyer of each country says how long theirs is.
PERIODS = {
    period.name: period
    for period in (
        Period(
            "media_months",
            Words("Fotos, audios y archivos"),
            3,
            hint=Words("Los mensajes quedan, y que hubo un archivo."),
        ),
        Period(
            "everything_months",
            Words("Mensajes, nombres y números"),
            24,
            hint=Words("También los archivos que queden."),
        ),
    )
}


class Terms(msgspec.Struct, frozen=True):
    """How long things are kept after a matter is closed, in months; None: for ever."""

    media_months: int | None = None
    everything_months: int | None = None


def read(typed: dict[str, str]) -> Terms:
    """What a form says; nothing typed keeps for ever. Refuses: 422 naming the period."""
    terms = Terms(**{name: _months(period, typed.get(name, "")) for name, period in PERIODS.items()})
    if terms.media_months and terms.everything_months and terms.media_months > terms.everything_months:
        text = Words("Los archivos no pueden durar más que sus mensajes.")
        raise Refused(422, text, code="invalid", field="media_months")
    return terms


def _months(period: Period, text: str) -> int | None:
    text = text.strip()
    if not text:
        return None
    months = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    if not period.low <= months <= period.high:
        said = Words(
            "{label}: escriba de {low} a {high} meses, o nada para conservarlos siempre.",
            label=period.label,
            low=period.low,
            high=period.high,
        )
        raise Refused(422, said, code="invalid", field=period.name)
    return months


async def change(tx: Tx, terms: Terms, *, by: Viewer, version: int, moment: datetime) -> RetentionRule:
    """Let these hold, from GRACE after `moment`. Records "retention.updated", before and after.

    Refuses: 403; 409 "version_conflict" when somebody changed the rule meanwhile.
    """
    policy.require(by, "edit_retention")
    rule = await tx.get_one(RetentionRule, 1, with_for_update=True)
    if rule.version != version:
        text = Words("Alguien cambió la regla mientras tanto; revise cómo quedó.")
        raise Refused(409, text, code="version_conflict", details={"version": rule.version})
    old, new = msgspec.structs.asdict(terms_of(rule)), msgspec.structs.asdict(terms)
    if old == new:
        return rule
    rule.media_months, rule.everything_months = terms.media_months, terms.everything_months
    rule.updated_at, rule.version = moment, rule.version + 1
    audit.record(tx, by.actor, "retention.updated", subject="retention:1", old=old, new=new)
    return rule


def terms_of(rule: RetentionRule) -> Terms:
    """The periods of a rule."""
    return Terms(rule.media_months, rule.everything_months)


def runs(rule: RetentionRule, moment: datetime) -> bool:
    """Whether anything is to be forgotten at `moment`."""
    return terms_of(rule) != Terms() and moment >= rule.updated_at + GRACE
