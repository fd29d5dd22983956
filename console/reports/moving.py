"""Reading how accounts moved between two closes: the cells of the roll matrix."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, literal, select

from console.agents import Viewer
from console.db import Tx
from console.portfolio.ledger import Payment, PaymentState
from console.portfolio.models import Account
from console.reports.asked import Asked, months_of, of_accounts
from console.reports.local_days import bounds
from console.reports.models import AccountThen, MonthClose, ReportCursor
from console.reports.rolls import CLOSED, Moved, Row, matrix


async def matrix_of(tx: Tx, viewer: Viewer, asked: Asked) -> list[Row]:
    """The matrix of the month asked for (the last whole one of the period unless it says)."""
    before, after = await sides(tx, asked)
    moved = _moved(viewer, asked, before, after)
    wanted = (
        select(
            moved.c.before,
            moved.c.after,
            func.count(),
            func.sum(moved.c.balance_minor),
            func.sum(moved.c.paid),
            func.sum(moved.c.paid * moved.c.balance_minor),
        )
        .group_by(moved.c.before, moved.c.after)
        .order_by(moved.c.before, moved.c.after)
    )
    rows = await tx.execute(wanted)
    return matrix(Moved(str(row[0]), str(row[1]), *(int(each) for each in row[2:])) for row in rows)


async def sides(tx: Tx, asked: Asked) -> tuple[Any, Any]:
    """How accounts stood at the first close, and at the second; a month that has not ended is seen as it stands."""
    first, second = months_of(asked)
    cursor = await tx.get(ReportCursor, 1)
    is_closed = (
        cursor is None or cursor.next_close_at is None or second < cursor.next_close_at.astimezone(asked.zone).date()
    )
    return _closed(first), _closed(second) if is_closed else _now()


def lines_of(viewer: Viewer, asked: Asked, before: Any, after: Any) -> Any:  # noqa: ANN401 readings
    """The accounts behind the matrix: account, state and balance before, state after, whether it paid (1 or 0)."""
    return select(_moved(viewer, asked, before, after))


def _closed(on: date) -> Any:  # noqa: ANN401 a reading
    columns = (MonthClose.account_id, MonthClose.state, MonthClose.balance_minor, MonthClose.status)
    return select(*columns).where(MonthClose.closed_on == on).subquery()


def _now() -> Any:  # noqa: ANN401 a reading
    then = AccountThen
    return select(then.account_id, then.state, then.balance_minor, then.status).subquery()


def _moved(viewer: Viewer, asked: Asked, before: Any, after: Any) -> Any:  # noqa: ANN401 readings
    """Accounts that stood open at the first close, with what they are at the second."""
    state = case((after.c.status != "open", literal(CLOSED)), else_=after.c.state)
    wanted = (
        select(
            Account.id,
            before.c.state.label("before"),
            func.coalesce(state, literal(CLOSED)).label("after"),
            before.c.balance_minor.label("balance_minor"),
            case((_paid_between(asked), 1), else_=0).label("paid"),
        )
        .join(Account, Account.id == before.c.account_id)
        .outerjoin(after, after.c.account_id == before.c.account_id)
        .where(before.c.status == "open", of_accounts(viewer, asked, by_state=False))
    )
    if asked.state is not None:
        wanted = wanted.where(before.c.state == asked.state)
    return wanted.subquery()


def _paid_between(asked: Asked) -> ColumnElement[bool]:
    first, second = months_of(asked)
    since, until = bounds(first, first, asked.zone)[0], bounds(second, second, asked.zone)[0]
    return exists(
        select(Payment.id).where(
            and_(
                Payment.account_id == Account.id,
                Payment.paid_at >= since,
                Payment.paid_at < until,
                Payment.state == PaymentState.APPLIED,
                Payment.amount_minor > Payment.reversed_minor,
            )
        )
    )
