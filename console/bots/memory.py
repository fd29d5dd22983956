"""What a dialogue must not forget, and what was heard: the two things a decision is made of, beside the facts."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

import msgspec

from console.bots.understand import Intent, Understood


class Asking(StrEnum):
    """The question that waits for an answer."""

    IDENTITY = "identity"
    ACCOUNT = "account"
    PROMISE_DAY = "promise_day"
    PROMISE_AMOUNT = "promise_amount"
    PROMISE_CONFIRM = "promise_confirm"
    PLAN = "plan"
    PLAN_CONFIRM = "plan_confirm"
    LINK_AMOUNT = "link_amount"


class Draft(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is being agreed and not yet said yes to. Amounts in the smallest unit.

    `share` is in twelfths of the debt. `is_nothing`: the amount they named is zero or less. `offered` are the total and
    the first day of the plan that was put to them.
    """

    account_id: int | None = None
    amount_minor: int | None = None
    share: int | None = None
    is_nothing: bool = False
    due_on: date | None = None
    days: tuple[date, ...] = ()
    count: int | None = None
    offered: tuple[int, date] | None = None


class Memory(msgspec.Struct, frozen=True, omit_defaults=True):
    """The state of a dialogue, whole: with it and the facts the bot goes on as if nothing had happened between.

    `wishes` wait for the right party, and with them what to pay by link: `link_minor` (0: they named nothing) or
    `link_share`, in twelfths. `given` are halves of an identity answer. `serial` numbers the questions, so that a
    button of an older one is known as such; `asked_after` is the place in the thread after which the last one was put.
    `asked` and `told` are for the summary.
    """

    asking: str | None = None
    serial: int = 0
    asked_after: int = 0
    wishes: tuple[str, ...] = ()
    choosing_for: str | None = None
    given: dict[str, str] = {}
    tries: int = 0
    draft: Draft = Draft()
    link_minor: int | None = None
    link_share: int | None = None
    greeted: bool = False
    misses: int = 0
    third_party: bool = False
    settled: str | None = (
        None  # wrong_person | opt_out | distress | doubt: nothing more is asked of this person by itself
    )
    asked: tuple[str, ...] = ()
    told: tuple[str, ...] = ()


def read(kept: dict[str, Any]) -> Memory:
    """As the row keeps it; what a later version does not know any more is left out."""
    return msgspec.convert(kept, Memory, strict=False)


def written(memory: Memory) -> dict[str, Any]:
    """For the row."""
    kept: dict[str, Any] = msgspec.to_builtins(memory)
    return kept


class Bubble(msgspec.Struct, frozen=True):
    """One message of the person. `choice` is the id of the button or row they tapped; `target_id` what they edited.

    `quotes` is the place in the thread of the message of ours that they answer; `revoked`: they took it back.
    """

    message_id: int
    sequence: int
    kind: str
    at: datetime
    text: str | None = None
    choice: str | None = None
    forwarded: bool = False
    target_id: int | None = None
    quotes: int | None = None
    revoked: bool = False


class Heard(msgspec.Struct, frozen=True):
    """Bubbles that came together, and what they mean together. `helped` names a label a language model chose."""

    bubbles: tuple[Bubble, ...]
    understood: Understood
    helped: str | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """What is meant, the main thing first."""
        return self.understood.labels

    @property
    def text(self) -> str:
        """All their words."""
        return "\n".join(bubble.text for bubble in self.bubbles if bubble.text and bubble.kind in WORDED)

    @property
    def own_words(self) -> tuple[str, ...]:
        """What they wrote themselves, here and now: nothing forwarded, no caption, nothing read off a card."""
        return tuple(b.text for b in self.bubbles if b.text and b.kind == "text" and not b.forwarded)

    @property
    def choices(self) -> tuple[str, ...]:
        """What they tapped."""
        return tuple(bubble.choice for bubble in self.bubbles if bubble.choice)

    def of_kind(self, *kinds: str) -> tuple[Bubble, ...]:
        """Those of these kinds."""
        return tuple(bubble for bubble in self.bubbles if bubble.kind in kinds)


WORDED = frozenset({"text", "button", "interactive", "edit", "image", "document", "video"})
"""Kinds whose text is the person's own words."""
SILENT = frozenset({"reaction", "revoke", "system", "unsupported", "request_welcome"})
"""Kinds that ask for no answer."""
NOTHING = Understood(intents=(Intent("other", 0.0),), rules=())
