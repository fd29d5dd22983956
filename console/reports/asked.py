"""What a report is asked for (the filters of its address), and as which conditions that is asked of the tables."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import ColumnElement, select, true

from console.agents import Viewer
from console.errors import Refused
from console.inbox import policy
from console.inbox.models import Conversation
from console.inbox.tags import ConversationTag
from console.languages.words import Words
from console.portfolio.models import Account, ContactPoint, PointState
from console.portfolio.states import State, today_in
from console.reports.local_days import bounds, next_month

USUAL_DAYS = 30
MOST_DAYS = 400
LONGEST_TEMPLATE = 512
VIEWS = ("operation", "collections", "bot", "templates")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The filters: days are the business's, both included; None is everything that the viewer may see."""

    view: str
    since: date
    until: date
    zone: ZoneInfo
    currency: str
    team: int | None = None
    agent: int | None = None
    tag: int | None = None
    state: str | None = None
    template: str | None = None
    month: date | None = None  # the first day of the month whose end the roll matrix looks at

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        """The instants between which the period lies."""
        return bounds(self.since, self.until, self.zone)

    @property
    def address(self) -> dict[str, str]:
        """As the address says it."""
        said: dict[str, object] = {name: getattr(self, name) for name in ("team", "agent", "tag", "state", "template")}
        said |= {"view": self.view, "since": self.since.isoformat(), "until": self.until.isoformat()}
        said |= {"month": f"{self.month:%Y-%m}" if self.month else None}
        return {name: str(value) for name, value in said.items() if value is not None}

    @property
    def is_narrowed(self) -> bool:
        """Whether any filter but the period is set."""
        return any((self.team, self.agent, self.tag, self.state, self.template))


def read_asked(query: Mapping[str, str], *, zone: ZoneInfo, currency: str, moment: datetime) -> Asked:
    """The filters of an address, or Refused(422) naming the field."""
    view = query.get("view") or "operation"
    if view not in VIEWS:
        raise Refused(422, Words("Esa vista no existe."), code="invalid", field="view")
    today = today_in(zone, moment)
    until = _day(query, "until") or today
    since = _day(query, "since") or until - timedelta(days=USUAL_DAYS - 1)
    if since > until:
        raise Refused(422, Words("El período termina antes de empezar."), code="invalid", field="since")
    if (until - since).days >= MOST_DAYS:
        raise Refused(422, Words("Pida {most_days} días o menos.", most_days=MOST_DAYS), code="invalid", field="since")
    state = query.get("state") or None
    if state is not None and state not in set(State):
        raise Refused(422, Words("Ese estado no existe."), code="invalid", field="state")
    return Asked(
        view=view,
        since=since,
        until=until,
        zone=zone,
        currency=currency,
        team=_number(query, "team"),
        agent=_number(query, "agent"),
        tag=_number(query, "tag"),
        state=state,
        template=(query.get("template") or "").replace("\0", "")[:LONGEST_TEMPLATE] or None,
        month=_month(query),
    )


def _day(query: Mapping[str, str], name: str) -> date | None:
    text = query.get(name)
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    # Outside of these no zone has a midnight that every database can hold.
    if not date(2009, 1, 1) <= day <= date(2200, 1, 1):
        raise Refused(422, Words("Escriba el día como 2026-11-30."), code="invalid", field=name)
    return day


def _month(query: Mapping[str, str]) -> date | None:
    text = query.get("month")
    if not text:
        return None
    return _day({"month": f"{text}-01" if len(text) == 7 else text}, "month")


def _number(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Refused(422, Words("Ese filtro no existe."), code="invalid", field=name)
    return int(text)


def of_conversations(viewer: Viewer, asked: Asked, column: Any) -> ColumnElement[bool]:  # noqa: ANN401 a column
    """That the conversation whose id is in `column` may be seen and has what is asked for."""
    if viewer.sees_all and not (asked.team or asked.tag or asked.state):
        return true()
    found: ColumnElement[bool] = column.in_(select(Conversation.id).where(are_asked(viewer, asked)))
    return found


def are_asked(viewer: Viewer, asked: Asked) -> ColumnElement[bool]:
    """The same as a condition on Conversation."""
    wanted = policy.reported(viewer)
    if asked.team is not None:
        wanted &= Conversation.team_id == asked.team
    if asked.state is not None:
        wanted &= Conversation.account_state == asked.state
    if asked.tag is not None:
        tagged = select(ConversationTag.conversation_id).where(ConversationTag.tag_id == asked.tag)
        wanted &= Conversation.id.in_(tagged)
    return wanted


def of_accounts(viewer: Viewer, asked: Asked, *, by_state: bool = True) -> ColumnElement[bool]:
    """The same as a condition on Account: its team, its currency, its tags; its state today unless not `by_state`."""
    wanted = policy.reported_accounts(viewer) & (Account.currency == asked.currency)
    if asked.team is not None:
        wanted &= Account.team_id == asked.team
    if by_state and asked.state is not None:
        wanted &= Account.state == asked.state
    if asked.tag is not None:
        tagged = (
            select(ContactPoint.debtor_id)
            .join(Conversation, Conversation.contact_id == ContactPoint.contact_id)
            .join(ConversationTag, ConversationTag.conversation_id == Conversation.id)
            .where(ContactPoint.state == PointState.ACTIVE, ConversationTag.tag_id == asked.tag)
        )
        wanted &= Account.debtor_id.in_(tagged)
    return wanted


def in_period(asked: Asked, column: Any) -> ColumnElement[bool]:  # noqa: ANN401 a column
    """That the day in `column` is of the period."""
    found: ColumnElement[bool] = column.between(asked.since, asked.until)
    return found


def by_agent(asked: Asked, column: Any) -> ColumnElement[bool]:  # noqa: ANN401 a column
    """That the agent in `column` is the one asked for."""
    return true() if asked.agent is None else column == asked.agent


def by_template(asked: Asked, column: Any) -> ColumnElement[bool]:  # noqa: ANN401 a column
    """That the template in `column` is the one asked for."""
    return true() if asked.template is None else column == asked.template


def months_of(asked: Asked) -> tuple[date, date]:
    """The closes that the roll matrix compares: the end of the month before, and that of the month asked for."""
    month = asked.month or (asked.until.replace(day=1) - timedelta(days=1)).replace(day=1)
    return month.replace(day=1), next_month(month)
