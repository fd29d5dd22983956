"""What a file would change, put into the rows that wait for somebody to confirm it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import func, select

from console.audit import SYSTEM
from console.bulk import among, fetch
from console.consents.imported import ImportedConsent
from console.db import Base, Tx, bulk_insert, next_ids
from console.errors import Refused
from console.languages.words import Words
from console.portfolio import contesting
from console.portfolio.batches import (
    ImportAccount,
    ImportBatch,
    ImportConsent,
    ImportDebtor,
    ImportInvoice,
    ImportPoint,
)
from console.portfolio.comparing import BillChange, Change, Person, compare
from console.portfolio.documents import Document
from console.portfolio.known import KEPT, known_of
from console.portfolio.models import Account, Debtor
from console.portfolio.names import name_key
from console.portfolio.rows import Line, Problem
from console.portfolio.standing import edges_of, kept_of, rules_in_force
from console.portfolio.stated_consents import Holding, replaces
from console.portfolio.states import Edges, standing_of, today_in
from integrations.whatsapp.numbers import match_key

STATED = ("debtor_id", "currency", "product", "phones", "status", "statement_digest", "stated_at")
"""What an account has of what its creditor said: what the way back gives back."""

OF_CONSENT = ("row", "phone", "channel", "purpose", "state", "how", "said_at", "shown", "reference", "digest")
"""What a row of a consent that waits to be confirmed has of what the file said."""
_HOLDING = select(
    ImportedConsent.account_id,
    ImportedConsent.match_key,
    ImportedConsent.channel,
    ImportedConsent.purpose,
    ImportedConsent.state,
    ImportedConsent.said_at,
    ImportedConsent.digest,
).where(among(ImportedConsent.account_id, "accounts"), ImportedConsent.replaced_by.is_(None))


class Rules(msgspec.Struct, frozen=True):
    """What decides how an account stands, and when."""

    edges: Edges
    tolerance_minor: int
    moment: datetime


async def rules_at(tx: Tx, moment: datetime) -> Rules:
    """The rules in force."""
    rules = await rules_in_force(tx)
    return Rules(edges_of(rules), rules.overdue_tolerance_minor, moment)


class Stage:
    """The waiting rows of one import, written debt by debt. It keeps who is new in it, and nothing else that grows.

    With `team_id`, debts of other teams are not touched.
    """

    def __init__(self, batch: ImportBatch, rules: Rules, *, team_id: int | None = None) -> None:
        self.team_id = team_id
        self.batch_id, self.creditor_id, self.as_of, self.rules = batch.id, batch.creditor_id, batch.as_of, rules
        self.counts: Counter[str] = Counter()
        self.seen: set[int] = set()
        self._told = hashlib.sha256()
        self._places: Counter[type[Base]] = Counter()
        self._met: dict[Document, tuple[int | None, int | None, str]] = {}
        self._changed: set[int] = set()

    @property
    def digest(self) -> str:
        """What two imports share that say the same of the same debts in the same order."""
        return self._told.hexdigest()

    async def resume(self, tx: Tx) -> None:
        """Go on where another stage of this import ended; who was new in it is met by their document."""
        for model, staged in ((Debtor, ImportDebtor), (Account, ImportAccount)):
            self._places[model] = (
                await tx.scalar(select(func.max(staged.place)).where(staged.batch_id == self.batch_id)) or 0
            )
        people = select(ImportDebtor).where(
            ImportDebtor.batch_id == self.batch_id, ImportDebtor.document_number.is_not(None)
        )
        for each in await tx.scalars(people):
            document = Document(each.document_type or "", each.document_number or "")
            self._met[document] = (each.debtor_id, each.place, each.timezone)

    async def take(self, tx: Tx, lines: Sequence[Line]) -> list[Problem]:
        """Compare these lines with what is known and put down what they change; what cannot be is given back."""
        statements = [msgspec.structs.replace(line.statement, as_of=self.as_of) for line in lines]
        known = await known_of(tx, self.creditor_id, statements, as_of=self.as_of, recall=self._recall)
        moved: list[tuple[Line, Change]] = []
        problems: list[Problem] = []
        for line, statement in zip(lines, statements, strict=True):
            self._told.update(line.digest.encode())
            debt = known.debts.get(statement.external_id)
            if debt is not None and self.team_id not in {None, debt.team_id}:
                problems.append(Problem(line.row, "account", Words("La cuenta la trabaja otro equipo.")))
                continue
            try:
                change = compare(statement, known, zone=line.zone, digest=line.digest)
            except Refused as refusal:
                problems.append(Problem(line.row, None, refusal.text))
                continue
            self.counts[change.kind] += 1
            if change.debt is not None:
                self.seen.add(change.debt.id)
            if change.kind != "unchanged":
                moved.append((line, change))
        await contesting.mark(tx, known.people.values(), by=SYSTEM, moment=self.rules.moment, batch_id=self.batch_id)
        await self._write_people(tx, known.new_people, list(known.people.values()))
        await self._write(tx, moved)
        return problems

    async def close(self, tx: Tx, debts: Sequence[Account]) -> None:
        """These debts are in the portfolio no longer."""
        self.counts["closed"] += len(debts)
        gone = {"kind": "closed", "row": None, "place": None, "debtor_place": None, "statement": None}
        rows = [
            {
                **{name: getattr(row, name) for name in (*STATED, *KEPT, "external_id", "version")},
                **gone,
                "batch_id": self.batch_id,
                "account_id": row.id,
                "status": "closed",
                "next_change_at": None,
                "moves_phones": True,
                "before": {"status": row.status},
            }
            for row in debts
        ]
        await bulk_insert(tx, ImportAccount, rows)

    def _recall(self, document: Document) -> Person | None:
        """Who is new in this import, or got this document in it, in an earlier line."""
        if (met := self._met.get(document)) is None:
            return None
        debtor_id, place, zone = met
        return Person(id=debtor_id, name="", document=document, timezone=zone, place=place or 0)

    async def _write_people(self, tx: Tx, new: Sequence[Person], people: Sequence[Person]) -> None:
        for person, place in zip(new, await self._take_places(tx, Debtor, len(new)), strict=True):
            person.place = place
        changed = [each for each in people if each.is_new_name or each.is_new_document or each.is_new_birth_year]
        changed = [each for each in changed if each.id is not None and each.id not in self._changed]
        self._changed.update(each.id for each in changed if each.id is not None)
        for each in (*new, *changed):
            if each.document is not None:
                self._met[each.document] = (each.id, each.place or None, each.timezone)
        await bulk_insert(tx, ImportDebtor, [self._person(each) for each in (*new, *changed)])

    def _person(self, person: Person) -> dict[str, Any]:
        before: dict[str, Any] | None = None
        if person.id is not None:
            had = person.had or (person.name, person.document)
            before = {"name": had[0], "document": list(msgspec.structs.astuple(had[1])) if had[1] else None}
            before["birth_year"] = person.had_birth_year if person.is_new_birth_year else person.birth_year
        return {
            "batch_id": self.batch_id,
            "kind": "new" if person.id is None else "changed",
            "place": person.place or None,
            "debtor_id": person.id,
            "name": person.name,
            "name_key": name_key(person.name),
            "document_type": person.document.type if person.document else None,
            "document_number": person.document.number if person.document else None,
            "birth_year": person.birth_year,
            "timezone": person.timezone,
            "before": before,
        }

    async def _write(self, tx: Tx, moved: Sequence[tuple[Line, Change]]) -> None:
        new = [change for _line, change in moved if change.debt is None]
        places = dict(zip(map(id, new), await self._take_places(tx, Account, len(new)), strict=True))
        accounts, invoices, points = [], [], []
        for line, change in moved:
            place = places.get(id(change))
            account = self._account(line, change, place)
            accounts.append(account)
            invoices += [self._invoice(change, bill, place) for bill in change.bills]
            if change.debt is None or account["moves_phones"]:
                points += [self._point(change, phone) for phone in change.statement.phones]
        self.counts["invoices"] += len(invoices)
        await bulk_insert(tx, ImportAccount, accounts)
        await bulk_insert(tx, ImportInvoice, invoices)
        await bulk_insert(tx, ImportPoint, points)
        await self._write_consents(tx, moved, places)

    async def _write_consents(self, tx: Tx, moved: Sequence[tuple[Line, Change]], places: Mapping[int, int]) -> None:
        """What these lines say of consent that is news: what a file repeats, and what is older, changes nothing."""
        saying = [(line, change) for line, change in moved if line.consents]
        if not saying:
            return
        known = [change.debt.id for _line, change in saying if change.debt is not None]
        held = await fetch(tx, _HOLDING, {"accounts": known}) if known else []
        holding = {tuple(row[:4]): Holding(row.state, row.said_at, row.digest) for row in held}
        rows = []
        for line, change in saying:
            account_id = change.debt.id if change.debt else None
            place = {"batch_id": self.batch_id, "account_id": account_id, "account_place": places.get(id(change))}
            for said in line.consents:
                key = match_key(said.phone)
                if replaces(said, holding.get((account_id, key, said.channel, said.purpose))):
                    rows.append({**place, **{name: getattr(said, name) for name in OF_CONSENT}, "match_key": key})
        self.counts["consents"] += len(rows)
        await bulk_insert(tx, ImportConsent, rows)

    def _account(self, line: Line, change: Change, place: int | None) -> dict[str, Any]:
        debt, statement = change.debt, change.statement
        # A debt that is new may name again a number which the debtor's other debts no longer do.
        moves_phones = change.person.id is not None and (
            debt is None
            or set(debt.phones) != set(statement.phones)
            or debt.debtor_id != change.person.id
            or debt.status != "open"
        )
        return {
            **self._standing(change),
            "batch_id": self.batch_id,
            "kind": change.kind,
            "row": line.row,
            "external_id": statement.external_id,
            "place": place,
            "account_id": debt.id if debt else None,
            "version": debt.version if debt else None,
            "debtor_place": change.person.place if change.person.id is None else None,
            "debtor_id": change.person.id,
            "currency": statement.currency,
            "product": statement.product,
            "phones": list(statement.phones),
            "status": "open",
            "statement_digest": change.digest,
            "stated_at": statement.as_of or self.rules.moment,
            "moves_phones": moves_phones,
            # What it says of consent is a person's: it is kept once, where an erasure finds it.
            "statement": msgspec.to_builtins(msgspec.structs.replace(line, consents=())),
            "before": _before(change),
        }

    def _standing(self, change: Change) -> dict[str, Any]:
        zone, debt = ZoneInfo(change.person.timezone), change.debt
        standing = standing_of(
            change.owed,
            today=today_in(zone, self.rules.moment),
            edges=self.rules.edges,
            tolerance_minor=self.rules.tolerance_minor,
            in_plan=debt is not None and debt.in_plan,
            in_dispute=debt is not None and debt.in_dispute,
        )
        return kept_of(standing, zone)

    def _invoice(self, change: Change, bill: BillChange, place: int | None) -> dict[str, Any]:
        had = bill.owing
        before = None
        if had is not None:
            before = {
                "due_on": had.due_on,
                "amount_minor": had.amount_minor,
                "stated_minor": had.stated_minor,
                "balance_minor": had.balance_minor,
            }
        return {
            "batch_id": self.batch_id,
            "kind": "changed" if had else "new",
            "account_place": place,
            "account_id": change.debt.id if change.debt else None,
            "invoice_id": had.id if had else None,
            "version": had.version if had else None,
            "number": bill.number,
            "due_on": bill.due_on,
            "amount_minor": bill.amount_minor,
            "stated_minor": bill.stated_minor,
            "balance_minor": bill.balance_minor,
            "before": before,
        }

    def _point(self, change: Change, phone: str) -> dict[str, Any]:
        return {
            "batch_id": self.batch_id,
            "debtor_place": change.person.place if change.person.id is None else None,
            "debtor_id": change.person.id,
            "phone": phone,
            "match_key": match_key(phone),
        }

    async def _take_places(self, tx: Tx, model: type[Base], count: int) -> list[int]:
        """What stands for ids to be: in PostgreSQL the ids themselves, in SQLite numbers that are added to the last."""
        if tx.get_bind().dialect.name != "sqlite":
            return await next_ids(tx, model, count)
        first = self._places[model] + 1
        self._places[model] += count
        return list(range(first, first + count))


def _before(change: Change) -> dict[str, Any] | None:
    debt = change.debt
    if debt is None:
        return None
    return {
        "debtor_id": debt.debtor_id,
        "currency": debt.currency,
        "product": debt.product,
        "phones": list(debt.phones),
        "status": debt.status,
        "statement_digest": debt.digest,
        "stated_at": debt.stated_at,
    }
