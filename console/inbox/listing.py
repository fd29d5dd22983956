"""Which conversations a list shows: a view and the filters on top of it; as a condition, and as its twin for one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import ColumnElement, and_, exists, select

from console import money
from console.agents import Viewer
from console.db import says
from console.errors import Refused
from console.inbox.models import Conversation, ReadMark
from console.inbox.policy import SAFETY_MARGIN
from console.inbox.tags import ConversationTag
from console.languages.words import Words
from console.portfolio.agreements import PromiseState
from console.portfolio.states import State, today_in
from console.targets.clocks import tone
from console.targets.late import PRESSING, is_pressing, warned

MENTIONS = "mentions"
"""The view of what one was mentioned in, whatever its status; the number beside it says how much of it is unseen."""
VIEWS = {
    "mine": Words("Mías"),
    "unassigned": Words("Sin asignar"),
    "all": Words("Todas"),
    MENTIONS: Words("Menciones"),
    "snoozed": Words("Pospuestas"),
    "resolved": Words("Resueltas"),
}
STATE_VIEWS = tuple(State)
TODAY_VIEWS = {
    "promises_due": Words("Promesas que vencen"),
    "promises_broken": Words("Promesas rotas"),
    "window_closing": Words("Por cerrar ventana"),
    "target_soon": Words("Respuestas por vencer"),
    "target_late": Words("Vencidas"),
}
PROMISE_VIEWS = {"promises_due": "due", "promises_broken": "broken"}
PRESSING_VIEWS = {"target_soon": "soon", "target_late": "late"}
CLOSING = timedelta(hours=2)
"""A window that closes within this is about to close."""
UNKEPT = (PromiseState.BROKEN, PromiseState.PARTIAL)
PROMISES = ("open", "due", "broken")
MOST_TAGS = 5
MOST_DAYS = 9999
_STATES = frozenset(State)


class Now(msgspec.Struct, frozen=True):
    """The moment a list is read, and the day it is then for the business."""

    moment: datetime
    today: date


def now_in(zone: ZoneInfo, moment: datetime) -> Now:
    """`moment`, with its day in the business's zone."""
    return Now(moment, today_in(zone, moment))


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """What a list shows. Amounts (what is overdue) are in the smallest unit of `currency`, the business's own.

    Days are days past due. Several filters must all hold, and so must several tags.
    """

    view: str = "mine"
    state: str | None = None
    tags: tuple[int, ...] = ()
    amount_from: int | None = None
    amount_to: int | None = None
    currency: str = ""
    days_from: int | None = None
    days_to: int | None = None
    promise: str | None = None
    window: bool = False
    target: str | None = None

    @property
    def filters(self) -> str:
        """The filters as they stand in an address; empty when there are none."""
        return urlencode(self.pairs())

    def pairs(self) -> list[tuple[str, str]]:
        """The filters as an address names them."""
        found: list[tuple[str, str]] = [("state", self.state)] if self.state else []
        found += [("tags", ".".join(str(tag) for tag in self.tags))] if self.tags else []
        for name in ("amount_from", "amount_to"):
            minor = getattr(self, name)
            found += [(name, money.as_text(minor, self.currency))] if minor is not None else []
        for name in ("days_from", "days_to"):
            days = getattr(self, name)
            found += [(name, str(days))] if days is not None else []
        found += [("promise", self.promise)] if self.promise else []
        found += [("target", self.target)] if self.target else []
        return found + ([("window", "closing")] if self.window else [])

    @property
    def moves_with_debts(self) -> bool:
        """Whether what is owed, promised, tagged or left of a window decides what is listed."""
        # Asked for every line and every screen: without writing the filters out.
        return self.view not in VIEWS or self != Listing(view=self.view, currency=self.currency)

    @property
    def watches_messages(self) -> bool:
        """Whether a message, which opens the window anew or is the answer, takes a conversation off the list."""
        return self.window or self.target is not None or self.view in {"window_closing", *PRESSING_VIEWS}


def read_listing(asked: Mapping[str, str], currency: str) -> Listing:
    """What an address asks for, or Refused(422) naming the field."""
    return Listing(
        view=check_view(asked.get("view") or "mine"),
        state=_one_of(asked, "state", _STATES),
        tags=_tags(asked.get("tags", "")),
        amount_from=_amount(asked, "amount_from", currency),
        amount_to=_amount(asked, "amount_to", currency),
        currency=currency,
        days_from=_days(asked, "days_from"),
        days_to=_days(asked, "days_to"),
        promise=_one_of(asked, "promise", frozenset(PROMISES)),
        window=_one_of(asked, "window", frozenset({"closing"})) is not None,
        target=_one_of(asked, "target", frozenset(PRESSING)),
    )


def check_view(view: str) -> str:
    """A view's key, or Refused(422)."""
    if view not in VIEWS and view not in STATE_VIEWS and view not in TODAY_VIEWS:
        raise Refused(422, Words("Esa vista no existe."), code="invalid", field="view")
    return view


def _one_of(asked: Mapping[str, str], name: str, known: frozenset[str]) -> str | None:
    value = asked.get(name) or None
    if value is not None and value not in known:
        raise Refused(422, Words("Ese filtro no existe."), code="invalid", field=name)
    return value


def _tags(text: str) -> tuple[int, ...]:
    numbers = [part for part in text.split(".") if part]
    if len(numbers) > MOST_TAGS or not all(part.isascii() and part.isdigit() and len(part) <= 18 for part in numbers):
        raise Refused(
            422, Words("Filtre por hasta {most_tags} etiquetas.", most_tags=MOST_TAGS), code="invalid", field="tags"
        )
    return tuple(sorted({int(part) for part in numbers}))


def _amount(asked: Mapping[str, str], name: str, currency: str) -> int | None:
    text = (asked.get(name) or "").strip()
    if not text:
        return None
    try:
        minor = money.read(text, currency)
    except money.BadAmount as bad:
        raise Refused(422, Words("{bad}.", bad=bad.args[0]), code="invalid", field=name) from bad
    if minor < 0:
        raise Refused(422, Words("Un monto no puede ser negativo."), code="invalid", field=name)
    return minor


def _days(asked: Mapping[str, str], name: str) -> int | None:
    text = (asked.get(name) or "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > 4 or int(text) > MOST_DAYS:
        raise Refused(
            422, Words("Escriba días de atraso, de 0 a {most_days}.", most_days=MOST_DAYS), code="invalid", field=name
        )
    return int(text)


class Place(msgspec.Struct, kw_only=True):
    """All of a conversation that decides where it is listed."""

    holder_id: int | None
    status: str
    account_state: str | None
    overdue_minor: int | None
    currency: str | None
    oldest_due_on: date | None
    promise_on: date | None
    promise_state: str | None
    window_closes_at: datetime | None
    answer_warns_at: datetime | None = None
    answer_due_at: datetime | None = None
    resolution_warns_at: datetime | None = None
    resolution_due_at: datetime | None = None
    tag_ids: frozenset[int] = frozenset()
    mentioned: frozenset[int] = frozenset()


def shows(listing: Listing, viewer: Viewer, place: Place, now: Now) -> bool:
    """Whether a conversation that `viewer` may see belongs in `listing`. The twin of `condition`."""
    view = listing.view
    if place.status not in _statuses_of(view):
        return False
    return _in_view(view, viewer, place, now) and (not listing.moves_with_debts or _passes(listing, place, now))


def _statuses_of(view: str) -> tuple[str, ...]:
    """The statuses of whatever is in `view`."""
    if view == MENTIONS:
        return ("open", "snoozed", "resolved")
    return (view if view in {"resolved", "snoozed"} else "open",)


def _in_view(view: str, viewer: Viewer, place: Place, now: Now) -> bool:
    if view in {"mine", MENTIONS}:
        return place.holder_id == viewer.id if view == "mine" else viewer.id in place.mentioned
    if view == "unassigned":
        return place.holder_id is None
    if view in STATE_VIEWS:
        return place.account_state == view
    if view in PROMISE_VIEWS:
        return _promise_is(PROMISE_VIEWS[view], place, now)
    if view in PRESSING_VIEWS:
        return _presses(PRESSING_VIEWS[view], place, now)
    return view != "window_closing" or _is_closing(place, now)


def _passes(listing: Listing, place: Place, now: Now) -> bool:
    owed = place.overdue_minor if place.currency == listing.currency else None
    return (
        (listing.state is None or place.account_state == listing.state)
        and place.tag_ids.issuperset(listing.tags)
        and (listing.amount_from is None or (owed is not None and owed >= listing.amount_from))
        and (listing.amount_to is None or (owed is not None and owed <= listing.amount_to))
        and _is_as_late(listing, place, now)
        and (listing.promise is None or _promise_is(listing.promise, place, now))
        and (not listing.window or _is_closing(place, now))
        and (listing.target is None or _presses(listing.target, place, now))
    )


def _is_as_late(listing: Listing, place: Place, now: Now) -> bool:
    if listing.days_from is None and listing.days_to is None:
        return True
    if place.oldest_due_on is None:
        return False
    days = (now.today - place.oldest_due_on).days
    return (listing.days_from or 0) <= days and (listing.days_to is None or days <= listing.days_to)


def _promise_is(wanted: str, place: Place, now: Now) -> bool:
    if wanted == "broken":
        return place.promise_state in UNKEPT
    due = place.promise_on is not None and place.promise_on <= now.today
    return place.promise_state == PromiseState.OPEN and (wanted == "open" or due)


def _is_closing(place: Place, now: Now) -> bool:
    closes = place.window_closes_at
    return closes is not None and now.moment + SAFETY_MARGIN < closes <= now.moment + CLOSING


def _presses(wanted: str, place: Place, now: Now) -> bool:
    """The twin of `late.is_pressing`."""
    answer = tone(place.answer_warns_at, place.answer_due_at, now.moment)
    resolution = tone(place.resolution_warns_at, place.resolution_due_at, now.moment)
    return wanted == ("late" if "late" in {answer, resolution} else "soon" if "soon" in {answer, resolution} else None)


def condition(listing: Listing, viewer: Viewer, now: Now) -> ColumnElement[bool]:
    """What must hold of a Conversation in `listing`, but for who may see it."""
    statuses = _statuses_of(listing.view)
    every = [status_is(statuses[0]) if len(statuses) == 1 else Conversation.status.in_(statuses)]
    every += _of_view(listing.view, viewer, now)
    if listing.state is not None:
        every.append(Conversation.account_state == listing.state)
    every += _owes(listing, now)
    for tag in listing.tags:
        has = select(ConversationTag.tag_id).correlate(Conversation)
        every.append(
            exists(has.where(ConversationTag.tag_id == tag, ConversationTag.conversation_id == Conversation.id))
        )
    if listing.promise is not None:
        every += promise_is(listing.promise, now)
    if listing.window:
        every += window_is_closing(now)
    if listing.target is not None:
        every.append(is_pressing(listing.target, now.moment))
    return and_(*every)


def rare(listing: Listing, now: Now) -> Sequence[ColumnElement[bool]]:
    """What few Conversations are that `listing` asks for, one condition for each index that finds them; or nothing.

    No two of the conditions hold of the same one.
    """
    if listing.target or listing.view in PRESSING_VIEWS:
        return warned(now.moment)
    if listing.window or listing.view == "window_closing":
        return [and_(*window_is_closing(now))]
    if listing.promise or listing.view in PROMISE_VIEWS:
        return [and_(*promise_is(listing.promise or PROMISE_VIEWS[listing.view], now))]
    return []


def status_is(status: str) -> ColumnElement[bool]:
    """That a Conversation has this status, as an index of the open ones alone wants to hear it (`db.says`)."""
    return says(Conversation.status, status)


def _owes(listing: Listing, now: Now) -> list[ColumnElement[bool]]:
    every: list[ColumnElement[bool]] = []
    if listing.amount_from is not None or listing.amount_to is not None:
        every.append(Conversation.currency == listing.currency)
    if listing.amount_from is not None:
        every.append(Conversation.overdue_minor >= listing.amount_from)
    if listing.amount_to is not None:
        every.append(Conversation.overdue_minor <= listing.amount_to)
    if listing.days_from is not None or listing.days_to is not None:
        every.append(Conversation.oldest_due_on <= now.today - timedelta(days=listing.days_from or 0))
    if listing.days_to is not None:
        every.append(Conversation.oldest_due_on >= now.today - timedelta(days=listing.days_to))
    return every


def _of_view(view: str, viewer: Viewer, now: Now) -> list[ColumnElement[bool]]:
    if view in {"mine", MENTIONS}:
        mentioned = select(ReadMark.conversation_id).where(ReadMark.agent_id == viewer.id, ReadMark.mentioned > 0)
        return [Conversation.holder_id == viewer.id if view == "mine" else Conversation.id.in_(mentioned)]
    if view == "unassigned":
        return [Conversation.holder_id.is_(None)]
    if view in STATE_VIEWS:
        return [Conversation.account_state == view]
    if view in PROMISE_VIEWS:
        return promise_is(PROMISE_VIEWS[view], now)
    if view in PRESSING_VIEWS:
        return [is_pressing(PRESSING_VIEWS[view], now.moment)]
    return window_is_closing(now) if view == "window_closing" else []


def promise_is(wanted: str, now: Now) -> list[ColumnElement[bool]]:
    """That the promise of a Conversation runs (`open`), falls due today or in its days of grace (`due`), or failed."""
    if wanted == "broken":
        return [Conversation.promise_state.in_(UNKEPT)]
    due = [Conversation.promise_on <= now.today] if wanted == "due" else []
    return [Conversation.promise_state == PromiseState.OPEN, *due]


def window_is_closing(now: Now) -> list[ColumnElement[bool]]:
    """That the service window of a Conversation is about to close, and free text may still be sent."""
    return [
        Conversation.window_closes_at > now.moment + SAFETY_MARGIN,
        Conversation.window_closes_at <= now.moment + CLOSING,
    ]
