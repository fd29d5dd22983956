"""What a turn comes to: what is said, what is done, what is remembered. Values only; `turns` carries them out."""

from __future__ import annotations

from datetime import date

import msgspec

from console.bots.facts import AccountFact, Facts, PersonFact
from console.bots.memory import Draft, Heard, Memory


class Part(msgspec.Struct, frozen=True):
    """A text of the catalogue and what stands in its braces: words, or texts of the catalogue themselves."""

    key: str
    values: dict[str, Value] = {}


Value = str | tuple[Part, ...]


class Choice(msgspec.Struct, frozen=True):
    """A button or a row: the id that comes back, and its words: a text's key (with `{cantidad}`), or as they are."""

    id: str
    key: str | None = None
    title: str = ""


class Reply(msgspec.Struct, frozen=True):
    """One message: its parts in order, and what may be tapped (three at most are buttons, more are a list)."""

    parts: tuple[Part, ...]
    choices: tuple[Choice, ...] = ()


class Deed(msgspec.Struct, frozen=True, tag_field="deed", omit_defaults=True):
    """Something done beside speaking; each kind is on record as it is."""


class Confirmed(Deed, frozen=True, tag="confirmed"):
    """The right party is there: `how` names the questions answered."""

    debtor_id: int
    how: str


class Failed(Deed, frozen=True, tag="failed"):
    """The questions were answered wrong by whoever writes for one of `debtor_ids` (none: nobody is on file)."""

    debtor_ids: tuple[int, ...]


class Withdrawn(Deed, frozen=True, tag="withdrawn"):
    """Who had proved to be this debtor says to be somebody else: on this number it is to be proved anew."""

    debtor_id: int


class Disclosed(Deed, frozen=True, tag="disclosed"):
    """Something about a debt was said to its debtor."""

    debtor_id: int
    account_ids: tuple[int, ...]
    what: tuple[str, ...]
    how: str


class GaveLink(Deed, frozen=True, tag="gave_link"):
    """A personal link was given."""

    account_id: int
    link_id: int
    amount_minor: int


class LinkFailed(Deed, frozen=True, tag="link_failed"):
    """A link was asked for and the provider made none: a task for a person."""

    account_id: int


class Promised(Deed, frozen=True, tag="promised"):
    """A promise the person said yes to."""

    account_id: int
    amount_minor: int
    due_on: date
    replaces: int | None = None


class Retracted(Deed, frozen=True, tag="retracted"):
    """The message that agreed to it was edited and agrees no more: the promise or the plan is taken back."""

    account_id: int
    promise_id: int | None = None
    plan_id: int | None = None


class Planned(Deed, frozen=True, tag="planned"):
    """A plan within the creditor's limits that the person accepted."""

    account_id: int
    total_minor: int
    down_minor: int
    count: int
    first_on: date


class Disputed(Deed, frozen=True, tag="disputed"):
    """What the person contests: the collection of these accounts is frozen."""

    account_ids: tuple[int, ...]
    category: str


class OptedOut(Deed, frozen=True, tag="opted_out"):
    """They asked not to be written to."""


class WrongNumber(Deed, frozen=True, tag="wrong_number"):
    """Somebody else answers at this number."""


class Claimed(Deed, frozen=True, tag="claimed"):
    """A file that may be a receipt: to be verified by a person."""

    message_id: int


class NeedsPerson(Deed, frozen=True, tag="needs_person"):
    """A person has to go on; `now`: not only in the morning."""

    reason: str
    now: bool = False


class Alerted(Deed, frozen=True, tag="alerted"):
    """A supervisor is to see this now."""

    kind: str


AnyDeed = (
    Confirmed | Failed | Withdrawn | Disclosed | GaveLink | LinkFailed | Promised | Retracted | Planned | Disputed
    | OptedOut | WrongNumber | Claimed | NeedsPerson | Alerted
)  # fmt: skip

URGENCY = {
    "distress": 100,
    "doubt": 95,
    "guessing": 90,
    "complaint": 80,
    "dispute": 70,
    "hardship": 65,
    "third_party": 60,
    "wrong_person": 55,
    "opt_out": 55,
    "receipt": 50,
    "plan": 45,
    "link": 45,
    "human": 40,
    "identity": 35,
    "retracted": 30,
    "refused": 30,
    "unclear": 30,
    "contact_card": 25,
    "loop": 20,
    "flood": 20,
    "spent": 20,
    "failed": 20,
    "promise": 10,
}
"""How soon a person should look, by the reason why one is needed; what the bot could settle by itself is 0."""


class Decision(msgspec.Struct, frozen=True):
    """What the bot does about what it heard. No reply: it stays silent.

    `links`: accounts and amounts for which links must be fetched before this can be decided for good.
    """

    action: str
    memory: Memory
    reply: Reply | None = None
    deeds: tuple[AnyDeed, ...] = ()
    links: tuple[tuple[int, int], ...] = ()
    is_unclear: bool = False


class Turn(msgspec.Struct):
    """A decision in the making: matters add to it, one after the other."""

    memory: Memory
    heard: Heard
    facts: Facts
    action: str = ""
    parts: list[Part] = []
    choices: list[Choice] = []
    deeds: list[AnyDeed] = []
    links: list[tuple[int, int]] = []
    is_unclear: bool = False
    proved: PersonFact | None = None
    stops: bool = False

    @property
    def person(self) -> PersonFact | None:
        """The right party, if known to be there; nobody is, once whoever writes has said to be somebody else."""
        return None if self.memory.third_party else self.proved or self.facts.person

    def say(self, key: str, **values: Value) -> None:
        """Add a text."""
        self.parts.append(Part(key, values))

    def do(self, deed: AnyDeed) -> None:
        """Add a deed."""
        self.deeds.append(deed)

    def remember(self, **changes: object) -> None:
        """Change what is remembered."""
        self.memory = msgspec.structs.replace(self.memory, **changes)

    def ask(self, question: str) -> None:
        """Note which question is asked now."""
        after = self.heard.bubbles[-1].sequence
        self.remember(asking=question, serial=self.memory.serial + 1, asked_after=after)

    def told(self, *what: str) -> None:
        """Note for the summary what was said."""
        self.remember(told=tuple(dict.fromkeys([*self.memory.told, *what])))

    def need_person(self, reason: str, *, now: bool = False) -> None:
        """A person has to go on."""
        self.do(NeedsPerson(reason, now or self.facts.is_open))

    def disclose(self, accounts: tuple[AccountFact, ...], *what: str) -> None:
        """Something about these accounts is said; only ever to the right party."""
        person = self.person
        if person is None or any(account not in person.accounts for account in accounts):
            raise AssertionError("nothing is said about a debt but to its debtor")
        how = next((deed.how for deed in self.deeds if isinstance(deed, Confirmed)), None) or person.verified_how
        self.do(Disclosed(person.debtor_id, tuple(a.id for a in accounts), what, how or "en esta conversación"))

    def decided(self) -> Decision:
        """What it came to."""
        reply = Reply(tuple(self.parts), tuple(self.choices)) if self.parts else None
        links = tuple(dict.fromkeys(self.links))
        return Decision(self.action, self.memory, reply, tuple(self.deeds), links, self.is_unclear)


_HONOURED = (OptedOut, WrongNumber, Withdrawn, Disputed, Retracted, Claimed, Alerted)
"""What holds though no word reaches them."""


def unheard(decision: Decision, memory: Memory) -> Decision | None:
    """What is left of it where nothing can be said to them; None where nothing is. `memory` is what it began with."""
    if not any(isinstance(deed, _HONOURED) for deed in decision.deeds):
        return None
    later = decision.memory
    kept = msgspec.structs.replace(
        memory, asked=later.asked, settled=later.settled, third_party=later.third_party, asking=None
    )
    deeds = tuple(deed for deed in decision.deeds if isinstance(deed, (*_HONOURED, NeedsPerson)))
    return Decision("stay_silent", kept, None, deeds)


def forgotten(memory: Memory) -> Memory:
    """Without the question that was open."""
    return msgspec.structs.replace(memory, asking=None, choosing_for=None, draft=Draft())
