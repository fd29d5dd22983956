"""What a decision may lean on: who writes, what they owe and as of when, what is allowed, how much was said already."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec

from console.portfolio.instalments import Limits


class LinkFact(msgspec.Struct, frozen=True, kw_only=True):
    """A link that can be paid: its address on our own page, and until when. Without an address none could be made."""

    account_id: int
    amount_minor: int
    link_id: int | None = None
    address: str | None = None
    until: datetime | None = None


class AccountFact(msgspec.Struct, frozen=True, kw_only=True):
    """One debt as the books have it. `as_of` is when the creditor last stated it, `is_stale` when that is long ago.

    `name` is how it is called to its debtor; `number`, `product` and `creditor` (where they owe several) how they may.
    `promise_evidence` and `plan_evidence` are the messages of this conversation in which they were agreed to.
    """

    id: int
    name: str
    number: str = ""
    product: str = ""
    creditor: str = ""
    currency: str
    balance_minor: int
    overdue_minor: int
    oldest_due_on: date | None = None
    next_due_on: date | None = None
    days_late: int = 0
    as_of: datetime | None = None
    is_stale: bool = False
    is_disputed: bool = False
    in_plan: bool = False
    paid_minor: int | None = None
    paid_on: date | None = None
    promise_id: int | None = None
    promised_on: date | None = None
    promised_minor: int | None = None
    promise_evidence: int | None = None
    plan_id: int | None = None
    plan_evidence: int | None = None

    @property
    def asked_minor(self) -> int:
        """What is asked for first: what is overdue, else all of it."""
        return self.overdue_minor or self.balance_minor


class PersonFact(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody whom this number is on file for, and what only they can answer. `verified_how`: known lately, so."""

    debtor_id: int
    first_name: str
    answers: dict[str, str | None]
    verified_how: str | None = None
    accounts: tuple[AccountFact, ...] = ()


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How much was said and heard lately: against loops, floods and cost."""

    replies_lately: int = 0  # in five minutes
    replies: int = 0
    replies_tonight: int = 0
    heard_in_a_minute: int = 0
    same_words: int = 0  # how often the last text came again in a row


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """All of it, at `moment`. `proved_id` is the debtor who proved in this dialogue to be there.

    `is_locked`: this number or this debtor has been guessed at too often. `opens_at` is when people attend again,
    `hours` how that is said. `country` is where the number is from.
    `helpline` is the team's own; empty where the country's is said.
    """

    moment: datetime
    zone: ZoneInfo
    country: str
    company: str
    currency: str
    questions: tuple[str, ...]
    tries: int
    people: tuple[PersonFact, ...] = ()
    proved_id: int | None = None
    is_locked: bool = False
    is_open: bool = False
    opens_at: datetime | None = None
    hours: str = ""
    methods: str = ""
    helpline: str = ""
    opted_out: bool = False
    wrong_number: bool = False
    resumes: bool = False
    can_link: bool = True
    links: tuple[LinkFact, ...] = ()
    limits: Limits
    promise_within_days: int = 30
    asks_reason: bool = True
    most_replies: int = 40
    most_a_night: int = 5000
    pace: Pace = Pace()
    failed: str | None = None  # what the portfolio refused when this was tried a moment ago

    @property
    def today(self) -> date:
        """The day where the debtor lives."""
        return self.moment.astimezone(self.zone).date()

    @property
    def person(self) -> PersonFact | None:
        """The right party, if known to be there: proved in this dialogue, or lately and alone on this number."""
        for each in self.people:
            if each.debtor_id == self.proved_id:
                return each
        if len(self.people) == 1 and self.people[0].verified_how is not None:
            return self.people[0]
        return None

    def link_of(self, account_id: int, amount_minor: int) -> LinkFact | None:
        """The link that was fetched for this amount of this account."""
        found = (each for each in self.links if (each.account_id, each.amount_minor) == (account_id, amount_minor))
        return next(found, None)
