"""What a verb about a debt holds until its transaction ends: accounts by id, then their debtors' threads by id."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select

from console.db import Tx
from console.inbox.models import Conversation
from console.portfolio.models import Account, ContactPoint, PointState


async def locked(tx: Tx, account_id: int) -> Account:
    """The account as it is now, held until `tx` ends."""
    wanted = select(Account).where(Account.id == account_id).with_for_update()
    return (await tx.scalars(wanted.execution_options(populate_existing=True))).one()


async def conversations_of(tx: Tx, account: Account) -> Sequence[Conversation]:
    """The threads with whoever writes from a number of the account's debtor, held until `tx` ends."""
    return await conversations_of_debtors(tx, [account.debtor_id])


async def conversations_of_debtors(tx: Tx, debtor_ids: Collection[int]) -> Sequence[Conversation]:
    """The threads with all of these debtors, held until `tx` ends."""
    writers = select(ContactPoint.contact_id).where(
        ContactPoint.debtor_id.in_(debtor_ids),
        ContactPoint.contact_id.is_not(None),
        ContactPoint.state == PointState.ACTIVE,
    )
    wanted = (
        select(Conversation)
        .where(Conversation.contact_id.in_(writers), Conversation.status != "merged")
        .order_by(Conversation.id)
        .with_for_update()
    )
    return (await tx.scalars(wanted.execution_options(populate_existing=True))).all()
