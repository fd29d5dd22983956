"""What a statement changes of what is known. Pure: the rows are arguments, and nothing is written here.

A balance that the creditor repeats is no news: what was paid since stays paid. One that differs replaces ours, less the
payments that are newer than the statement (docs/decisions/balances.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Literal

import msgspec

from console.errors import Refused
from console.languages.words import Words
from console.portfolio.corrections import Field
from console.portfolio.documents import Document, key_of
from console.portfolio.names import name_key
from console.portfolio.statement import Bill, Statement
from console.portfolio.states import Owed


class Owing(msgspec.Struct):
    """An invoice as we have it. `later_minor` was paid to it after the instant the statement holds for."""

    id: int
    number: str
    due_on: date
    amount_minor: int
    stated_minor: int
    balance_minor: int
    disputed: bool
    version: int
    later_minor: int = 0


class Corrects(msgspec.Struct, frozen=True):
    """A correction that holds for somebody: the field, what stood before, and what stands."""

    id: int
    field: str
    was: str | None
    became: str | None


class Person(msgspec.Struct):
    """A debtor as we have it, or as it will be: `id` is None until it is written."""

    id: int | None
    name: str
    document: Document | None
    timezone: str
    is_new_name: bool = False
    is_new_document: bool = False
    place: int = 0  # among the new ones, from 1
    had: tuple[str, Document | None] | None = None  # name and document before either changed
    birth_year: int | None = None
    is_new_birth_year: bool = False
    had_birth_year: int | None = None
    corrections: tuple[Corrects, ...] = ()
    contested: set[int] = msgspec.field(default_factory=set)
    caught_up: set[int] = msgspec.field(default_factory=set)

    def mind(self, statement: Statement) -> None:
        """Note which corrections `statement` contests by saying the old again, and which it has taken over."""
        for each in self.corrections:
            said = _said(statement, each.field)
            if each.was in said and each.became not in said:
                self.contested.add(each.id)
            elif each.became in said and each.was not in said:
                self.caught_up.add(each.id)

    def holds(self, field: Field, said: str) -> bool:
        """Whether `said` is the old value of something that was corrected: it is not taken."""
        return any(each.field == field and each.was == said for each in self.corrections)


def _said(statement: Statement, field: str) -> tuple[str | None, ...]:
    """What a statement says of a field: all its phones, and one of the others; nothing where it is silent."""
    match field:
        case Field.PHONE:
            return statement.phones
        case Field.DOCUMENT:
            return (key_of(statement.document),)
        case Field.BIRTH:
            return () if statement.birth_year is None else (str(statement.birth_year),)
        case _:
            return (statement.name,)


class Debt(msgspec.Struct):
    """An account as we have it."""

    id: int
    external_id: str
    debtor_id: int
    team_id: int
    currency: str
    product: str | None
    phones: tuple[str, ...]
    status: str
    digest: str | None
    stated_at: datetime | None
    version: int
    in_plan: bool
    in_dispute: bool
    kept: tuple[object, ...]
    owing: list[Owing]


class BillChange(msgspec.Struct):
    """An invoice that is new (`owing` None) or differs, as it will be."""

    owing: Owing | None
    number: str
    due_on: date
    amount_minor: int
    stated_minor: int
    balance_minor: int


class Change(msgspec.Struct):
    """What one statement does."""

    kind: Literal["new", "changed", "unchanged"]
    statement: Statement
    digest: str
    debt: Debt | None
    person: Person
    bills: list[BillChange]
    owed: list[Owed]


class Known:
    """What is known of the debts and people that some statements are about; learns of each that is compared.

    `recall` knows people by document who are written nowhere yet.
    """

    def __init__(
        self,
        debts: Mapping[str, Debt],
        people: Mapping[int, Person],
        recall: Callable[[Document], Person | None] = lambda _document: None,
    ) -> None:
        self._recall = recall
        self.debts = dict(debts)
        self.people = dict(people)
        self.by_document = {person.document: person for person in self.people.values() if person.document is not None}
        self.new_people: list[Person] = []

    def person_of(self, statement: Statement, debt: Debt | None, zone: str) -> Person:
        """The debtor meant: by document; else the one this debt has; else somebody new.

        Another document under the same name corrects the one we had; under another name it is another person.
        """
        own = self.people.get(debt.debtor_id) if debt else None
        document = statement.document
        if document is not None and own is not None and own.holds(Field.DOCUMENT, key_of(document) or ""):
            return own
        if document is not None:
            found = self.by_document.get(document) or self._recall(document)
            if found is not None:
                return found
            if own is not None and (own.document is None or name_key(own.name) == name_key(statement.name)):
                own.had = own.had or (own.name, own.document)
                own.document, own.is_new_document = document, True
                self.by_document[document] = own
                return own
        elif own is not None:
            return own
        return self.meet(
            Person(id=None, name=statement.name, document=document, timezone=zone, birth_year=statement.birth_year)
        )

    def meet(self, person: Person) -> Person:
        """Somebody new."""
        self.new_people.append(person)
        if person.document is not None:
            self.by_document[person.document] = person
        return person


def compare(statement: Statement, known: Known, *, zone: str, digest: str | None = None) -> Change:
    """What `statement` does to what is known. `zone` is where a debtor who is new lives.

    Refuses: 409 another currency for a debt that has invoices, 409 a statement older than the last one.
    """
    debt = known.debts.get(statement.external_id)
    digest = digest or statement.digest
    if debt is not None:
        known.people[debt.debtor_id].mind(statement)
    if debt is not None and debt.digest == digest and debt.status == "open":
        return Change("unchanged", statement, digest, debt, known.people[debt.debtor_id], [], [])
    if debt is not None:
        _require_consistent(statement, debt)
    person = known.person_of(statement, debt, zone)
    person.mind(statement)
    if person.name != statement.name and not person.holds(Field.NAME, statement.name):
        person.had = person.had or (person.name, person.document)
        person.name, person.is_new_name = statement.name, True
    born = statement.birth_year
    if born is not None and person.birth_year != born and not person.holds(Field.BIRTH, str(born)):
        person.had_birth_year = person.birth_year
        person.birth_year, person.is_new_birth_year = born, True
    bills, owed = _bills(statement, debt.owing if debt else [])
    return Change("changed" if debt else "new", statement, digest, debt, person, bills, owed)


def _require_consistent(statement: Statement, debt: Debt) -> None:
    if debt.owing and debt.currency != statement.currency:
        raise Refused(
            409,
            Words(
                "Esta cuenta está en {currency} y tiene facturas: no puede pasar a {currency_2}.",
                currency=debt.currency,
                currency_2=statement.currency,
            ),
            code="currency_conflict",
            field="currency",
        )
    if statement.as_of is not None and debt.stated_at is not None and statement.as_of < debt.stated_at:
        raise Refused(
            409,
            Words("De esta cuenta ya se sabe algo posterior a la fecha de corte."),
            code="stale_statement",
            field="as_of",
        )


def _bills(statement: Statement, owing: list[Owing]) -> tuple[list[BillChange], list[Owed]]:
    """The invoices that change, and all that is owed afterwards."""
    had = {each.number: each for each in owing}
    changes, owed = [], []
    for bill in statement.bills:
        present = had.pop(bill.number, None)
        balance = _balance(bill, present)
        owed.append(Owed(bill.due_on, balance, present is not None and present.disputed))
        change = BillChange(present, bill.number, bill.due_on, bill.amount_minor, bill.balance_minor, balance)
        if present is None or _differs(change, present):
            changes.append(change)
    # What the creditor names no longer is owed no longer; it was, so its row stays.
    gone = [each for each in had.values() if each.stated_minor or each.balance_minor]
    changes += [BillChange(each, each.number, each.due_on, each.amount_minor, 0, 0) for each in gone]
    return changes, [each for each in owed if each.balance_minor > 0]


def _balance(bill: Bill, present: Owing | None) -> int:
    if present is None:
        return bill.balance_minor
    if present.stated_minor == bill.balance_minor:
        return present.balance_minor
    return max(0, bill.balance_minor - present.later_minor)


def _differs(change: BillChange, present: Owing) -> bool:
    return (change.due_on, change.amount_minor, change.stated_minor, change.balance_minor) != (
        present.due_on,
        present.amount_minor,
        present.stated_minor,
        present.balance_minor,
    )
