"""The portfolio as a list: by state, team, what is overdue or since when, and found by whatever one has at hand."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

import msgspec
from sqlalchemy import ColumnElement, Select, func, or_, select, tuple_, union_all

from console.agents import Team, Viewer
from console.bulk import among, fetch
from console.db import Tx
from console.errors import Refused
from console.inbox import policy
from console.languages.words import Words
from console.portfolio.agreements import Promise, PromiseState
from console.portfolio.models import Account, ContactPoint, Debtor, Invoice, PortfolioRules
from console.portfolio.names import name_key
from console.portfolio.states import TONES, Edges, State, label

PAGE = 50
MOST_FOUND = 500
"""What a search looks at; whoever finds more writes more."""
LONGEST_QUERY = 80
FEWEST_DIGITS = 4
Sort = Literal["overdue", "days"]
Cursor = tuple[int | date, int]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What an address asks to see of the portfolio."""

    q: str = ""
    state: str | None = None
    team: int | None = None
    sort: Sort = "overdue"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One account as the list shows it."""

    id: int
    debtor_id: int
    name: str
    external_id: str
    product: str | None
    state: str
    label: str
    tone: str
    overdue_minor: int
    balance_minor: int
    currency: str
    oldest_due_on: date | None
    team: str
    promise_on: date | None


class Found(msgspec.Struct, frozen=True):
    """A page of the list; where the next begins, and whether a search found more than it looks at."""

    lines: list[Line]
    following: Cursor | None
    is_cut: bool


_LINES = (
    select(
        Account.id,
        Account.debtor_id,
        Debtor.name,
        Account.external_id,
        Account.product,
        Account.state,
        Account.overdue_minor,
        Account.balance_minor,
        Account.currency,
        Account.oldest_due_on,
        Team.name.label("team"),
        Promise.due_on.label("promise_on"),
        PortfolioRules.first_edge,
        PortfolioRules.second_edge,
    )
    .join(Debtor, Debtor.id == Account.debtor_id)
    .join(Team, Team.id == Account.team_id)
    .outerjoin(Promise, (Promise.account_id == Account.id) & (Promise.state == PromiseState.OPEN))
    .outerjoin(PortfolioRules, PortfolioRules.id == 1)
    .where(among(Account.id, "ids"))
)


def read_asked(asked: Mapping[str, str]) -> Asked:
    """What an address asks for, or Refused(422) naming the field."""
    state, team, sort = asked.get("state") or None, asked.get("team") or "", asked.get("sort") or "overdue"
    if state is not None and state not in set(State):
        raise Refused(422, Words("Ese estado no existe."), code="invalid", field="state")
    if team and not (team.isascii() and team.isdigit() and len(team) <= 18):
        raise Refused(422, Words("Ese equipo no existe."), code="invalid", field="team")
    if sort not in {"overdue", "days"}:
        raise Refused(422, Words("Ese orden no existe."), code="invalid", field="sort")
    q = " ".join(asked.get("q", "").replace("\0", " ").split())[:LONGEST_QUERY]
    return Asked(q=q, state=state, team=int(team) if team else None, sort="days" if sort == "days" else "overdue")


async def page_of(tx: Tx, viewer: Viewer, asked: Asked, *, after: Cursor | None = None, limit: int = PAGE) -> Found:
    """A page of the open accounts that `viewer` may see, the most overdue (or the longest overdue) first."""
    if asked.q:
        return await _found(tx, viewer, asked, after, limit)
    teams = list(await tx.scalars(select(Team.id))) if viewer.sees_all else sorted(viewer.team_ids)
    states = [asked.state] if asked.state else list(State)
    branches = [
        _ordered(select(*_keys(asked)).where(Account.team_id == team, Account.state == state), asked, after, limit + 1)
        for team in teams
        for state in states
        if asked.team in {None, team}
    ]
    if not branches:
        return Found([], None, is_cut=False)
    merged = union_all(*(select(branch.subquery()) for branch in branches)).subquery()
    key, number = merged.c
    order = (key.asc(), number.asc()) if asked.sort == "days" else (key.desc(), number.desc())
    keys = (await tx.execute(select(key, number).order_by(*order).limit(limit + 1))).all()
    return await _page(tx, keys, limit, is_cut=False)


async def _found(tx: Tx, viewer: Viewer, asked: Asked, after: Cursor | None, limit: int) -> Found:
    """Whatever matches is few; it is put in order here."""
    wanted = (
        select(*_keys(asked))
        .join(Debtor, Debtor.id == Account.debtor_id)
        .where(policy.visible_accounts(viewer), _matches(asked.q))
    )
    if asked.state:
        wanted = wanted.where(Account.state == asked.state)
    if asked.team is not None:
        wanted = wanted.where(Account.team_id == asked.team)
    found = await tx.execute(_narrowed(wanted, asked).limit(MOST_FOUND + 1))
    keys = [(key, number) for key, number in found]
    is_cut = len(keys) > MOST_FOUND
    keys.sort(reverse=asked.sort == "overdue")
    if after is not None:
        keys = [key for key in keys if (key > after if asked.sort == "days" else key < after)]
    return await _page(tx, keys, limit, is_cut=is_cut)


def _keys(asked: Asked) -> tuple[Any, Any]:
    return (Account.oldest_due_on if asked.sort == "days" else Account.overdue_minor), Account.id


def _narrowed(wanted: Select[Any], asked: Asked) -> Select[Any]:
    wanted = wanted.where(Account.status == "open")
    return wanted.where(Account.oldest_due_on.is_not(None)) if asked.sort == "days" else wanted


def _ordered(wanted: Select[Any], asked: Asked, after: Cursor | None, limit: int) -> Select[Any]:
    """Along the index of one team and one state, cut short."""
    keys = _keys(asked)
    if after is not None:
        wanted = wanted.where(tuple_(*keys) > after if asked.sort == "days" else tuple_(*keys) < after)
    order = [key.asc() if asked.sort == "days" else key.desc() for key in keys]
    return _narrowed(wanted, asked).order_by(*order).limit(limit)


def _matches(q: str) -> ColumnElement[bool]:
    """That an account is that of a name, a document, a telephone's last digits, an invoice or the account's number."""
    key = name_key(q)
    bare = re.sub(r"[\s.\-/]+", "", q).upper()
    digits = re.sub(r"\D", "", q)
    ways: list[ColumnElement[bool]] = [
        Debtor.name_key.startswith(key, autoescape=True),
        Debtor.name_key.contains(f" {key}", autoescape=True),
        func.lower(Account.external_id).startswith(q.lower(), autoescape=True),
        Account.id.in_(select(Invoice.account_id).where(Invoice.number.in_({q, q.upper()}))),
    ]
    if bare and any(letter.isdigit() for letter in bare):
        ways.append(Debtor.document_number.startswith(bare, autoescape=True))
    if len(digits) >= FEWEST_DIGITS and len(digits) >= len(bare.lstrip("+")):
        tail = select(ContactPoint.debtor_id).where(ContactPoint.phone.endswith(digits, autoescape=True))
        ways.append(Account.debtor_id.in_(tail))
    return or_(*ways)


async def _page(tx: Tx, keys: Any, limit: int, *, is_cut: bool) -> Found:  # noqa: ANN401 rows
    shown = [number for _key, number in keys[:limit]]
    rows = {row.id: row for row in await fetch(tx, _LINES, {"ids": shown})}
    lines = [_line(rows[number]) for number in shown if number in rows]
    following = (keys[limit - 1][0], keys[limit - 1][1]) if len(keys) > limit else None
    return Found(lines, following, is_cut)


def _line(row: Any) -> Line:  # noqa: ANN401 a database row
    state = State(row.state)
    edges = Edges(row.first_edge, row.second_edge) if row.first_edge else Edges()
    return Line(
        id=row.id,
        debtor_id=row.debtor_id,
        name=row.name,
        external_id=row.external_id,
        product=row.product,
        state=state,
        label=label(state, edges),
        tone=TONES[state],
        overdue_minor=row.overdue_minor,
        balance_minor=row.balance_minor,
        currency=row.currency,
        oldest_due_on=row.oldest_due_on,
        team=row.team,
        promise_on=row.promise_on,
    )


def cursor_text(following: Cursor | None) -> str | None:
    """A cursor as it travels in an address."""
    if following is None:
        return None
    key, number = following
    return f"{key.toordinal() if isinstance(key, date) else key}.{number}"


def read_cursor(text: str | None, sort: Sort) -> Cursor | None:
    """The other way; Refused(422) for anything else."""
    if not text:
        return None
    match = re.fullmatch(r"(\d{1,16})\.(\d{1,18})", text, re.ASCII)
    try:
        if match:
            key, number = int(match[1]), int(match[2])
            return (date.fromordinal(key) if sort == "days" else key), number
    except (ValueError, OverflowError):
        pass
    raise Refused(422, Words("Ese cursor no es válido."), code="invalid", field="cursor")
