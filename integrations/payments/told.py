"""What any provider can tell us, in one vocabulary: paid, gone back, to be asked about, or nothing that moves money."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Protocol, TypeAlias

import msgspec


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A link we want. `reference` is ours and comes back with the payment; `amount` is in the currency's main unit.

    `back_url` is where the payer lands afterwards, `notify_url` where the provider reports (some are told elsewhere).
    """

    reference: str
    amount: Decimal
    currency: str
    title: str
    back_url: str
    notify_url: str
    expires_at: datetime


class Made(msgspec.Struct, frozen=True):
    """The link a provider made: its own id of it, and the address where one pays."""

    ref: str
    url: str


class Paid(msgspec.Struct, frozen=True, kw_only=True):
    """Money has come in. `reference` is the one of the link, if the payment names any."""

    payment_id: str
    reference: str | None
    amount: Decimal
    currency: str
    paid_at: datetime
    method: str | None


class WentBack(msgspec.Struct, frozen=True, kw_only=True):
    """Money of a payment went back: all refunds so far ("refunds"), or a chargeback by its own id.

    `stage` is refunded; of a chargeback open, lost, or won (the money is ours again).
    """

    payment_id: str
    amount: Decimal
    currency: str
    reference: str = "refunds"
    stage: str = "refunded"


class Ask(msgspec.Struct, frozen=True):
    """Something happened to this payment; only the provider itself says what (`Provider.look`)."""

    payment_id: str


class Nothing(msgspec.Struct, frozen=True):
    """Understood, and it moves no money: why."""

    why: str


class Odd(msgspec.Struct, frozen=True):
    """Signed, and yet not to be acted upon: a person should know why (test mode, an unreadable body)."""

    why: str


Told: TypeAlias = Paid | WentBack | Ask | Nothing | Odd
Change: TypeAlias = tuple[str, bytes, Sequence[Told]]
"""Names what happened, the same each time; the provider's own words; and what they say."""


class Notice(msgspec.Struct, frozen=True):
    """A delivery whose signature holds. `subject` is what the signature vouches for where it doesn't cover the body."""

    event_id: str
    subject: str | None = None


class Forged(Exception):  # noqa: N818 an answer about a request
    """No signature, not ours, or too old; the text says which, for a counter and never for the sender."""


class NoAnswer(Exception):  # noqa: N818
    """The provider did not answer, or not understandably: worth asking again later."""


class Declined(Exception):  # noqa: N818
    """The provider said no: asking again changes nothing. The text is short, English and free of secrets."""


class Provider(Protocol):
    """One provider. Calls raise NoAnswer or Declined; `verify` raises Forged; `told` never raises."""

    name: str
    title: str
    longest_life: int
    """Seconds a link of theirs can live."""

    def verify(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes, *, now: float) -> Notice:
        """The delivery, if it is the provider's own and fresh; `now` is in seconds since 1970."""

    def told(self, body: bytes, subject: str | None) -> Sequence[Told]:
        """What a verified delivery says."""

    async def look(self, payment_id: str) -> Sequence[Told]:
        """What the provider itself says about a payment now."""

    def changed(self, since: datetime, until: datetime) -> AsyncIterator[Change]:
        """Everything that happened between two moments; nothing from a provider that can only report."""

    async def create(self, asked: Asked, *, key: str) -> Made:
        """A link for `asked`. The same `key` again gives the same link, however often the call was cut off."""
