"""What a creditor states about a debt, whichever way it comes: the API, a file, a billing system."""

from __future__ import annotations

import hashlib
from datetime import date, datetime

import msgspec

from console.portfolio.documents import Document

LONGEST_ID, LONGEST_NAME, LONGEST_NUMBER = 120, 200, 80
MOST_PHONES, MOST_BILLS = 20, 500


class Bill(msgspec.Struct, frozen=True):
    """An invoice as the creditor states it. Amounts are in the currency's smallest unit; 0 ≤ balance ≤ amount."""

    number: str
    due_on: date
    amount_minor: int
    balance_minor: int


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """One debt as it stands for its creditor: everything it says holds, and what it leaves out is no longer owed.

    `phones` are in E.164. `as_of` is the instant it holds for; None is now. Without a `birth_year` ours stays.
    """

    external_id: str
    name: str
    currency: str
    bills: tuple[Bill, ...]
    document: Document | None = None
    phones: tuple[str, ...] = ()
    product: str | None = None
    birth_year: int | None = None
    as_of: datetime | None = None

    @property
    def digest(self) -> str:
        """What two statements that say the same share, in whatever order they say it and as of whenever."""
        said = [
            self.external_id,
            self.name,
            self.currency,
            self.document,
            self.product,
            sorted(set(self.phones)),
            sorted((bill.number, bill.due_on, bill.amount_minor, bill.balance_minor) for bill in self.bills),
            # Only where it is said: what was stated before anybody asked for it stays the same statement.
            *([self.birth_year] if self.birth_year is not None else []),
        ]
        return hashlib.sha256(msgspec.json.encode(said)).hexdigest()


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """From where and for whom statements come.

    `team_id` works the debts that are new; `country` and `timezone` are the business's, for what a debtor's number
    does not say. `named` is the evidence kept with each phone: `api`, `importación 12`, `odoo`.
    """

    creditor_id: int
    team_id: int
    country: str
    timezone: str
    named: str
