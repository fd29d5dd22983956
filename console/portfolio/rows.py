"""Rows of a file as statements of debts: each cell checked, what is wrong named by row and column, rows joined by debt.

A value is repeated in what is said about it only where it is nobody's personal data.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

import msgspec

from console import clock, money
from console.consents.kinds import Standing
from console.languages.words import Words
from console.portfolio import cells as values
from console.portfolio import checks, documents, stated_consents
from console.portfolio.checks import Wrong
from console.portfolio.columns import OF_CONSENT, Field
from console.portfolio.documents import BadDocument, Document
from console.portfolio.sheets import Cell
from console.portfolio.stated_consents import Asked, ConsentSaid
from console.portfolio.statement import MOST_BILLS, MOST_PHONES, Bill, Statement
from console.portfolio.zones import zone_of

Value = TypeVar("Value")
_SEVERAL = re.compile(r"[;,|/\n]|\s{3,}")
# What people write for a currency; "" is the business's own.
_CURRENCIES = {
    "S/": "PEN", "S/.": "PEN", "SOLES": "PEN", "SOL": "PEN", "PESOS": "", "$": "", "US$": "USD", "DOLARES": "USD",
    "DÓLARES": "USD", "DOLAR": "USD", "UF": "CLF", "MXP": "MXN", "MN": "MXN", "REALES": "BRL", "R$": "BRL",
}  # fmt: skip


class Problem(msgspec.Struct, frozen=True, array_like=True):
    """What is wrong in a cell (`column` None: in the whole row)."""

    row: int
    column: str | None
    what: str
    hint: str | None = None


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """How the rows of a file are read. `columns` are places from 0, by field; `names` what the file calls them."""

    columns: dict[str, list[int]]
    names: list[str]
    country: str
    currency: str
    timezone: str
    skip_bad_phones: bool = False
    now: datetime | None = None


class Line(msgspec.Struct, array_like=True):
    """A debt as a file states it, the first row that names it, where its debtor lives, and its digest.

    `consents` are what it says beside the debt: what somebody allowed or refused at its numbers.
    """

    row: int
    statement: Statement
    zone: str
    digest: str
    consents: tuple[ConsentSaid, ...] = ()


class _Draft(msgspec.Struct, gc=False):
    row: int
    name: str
    document: Document | None
    currency: str
    product: str | None
    phones: list[str]
    birth_year: int | None
    bills: dict[str, tuple[int, Bill]]
    consents: dict[tuple[str, str, str], ConsentSaid]
    is_bad: bool = False


class Reader:
    """Takes rows one by one; then gives the debts. What is wrong is given away as it is found."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.rows = self.skipped = self.wrong = 0
        self._problems: list[Problem] = []
        self._drafts: dict[str, _Draft] = {}
        places = reading.columns
        self._at = {field: columns[0] for field, columns in places.items() if columns and field != Field.PHONE}
        self._phones = places.get(Field.PHONE, [])
        self._of_consent = [field for field in (Field.CONSENT, *OF_CONSENT) if field in self._at]
        self._zone, self._now = ZoneInfo(reading.timezone), reading.now or clock.now()

    @property
    def debts(self) -> int:
        """How many debts have been named so far."""
        return len(self._drafts)

    def take(self, row: int, cells: Sequence[Cell]) -> None:
        """One more row."""
        if all(cell is None for cell in cells):
            return
        if _is_total(cells):
            self.skipped += 1
            return
        self.rows += 1
        before = len(self._problems)
        if any(cell is not None for cell in cells[len(self.reading.names) :]):
            self._wrong(
                row, None, Words("La fila tiene más columnas que el encabezado: revise el separador y las comillas.")
            )
        draft = self._read(row, cells)
        if len(self._problems) > before:
            self.wrong += 1
            if draft is not None:
                draft.is_bad = True

    def problems(self) -> list[Problem]:
        """What was found wrong since the last time this was asked."""
        found, self._problems = self._problems, []
        return found

    def lines(self) -> Iterator[Line]:
        """The debts in which nothing is wrong, in the order of the file. Each is given away: ask once."""
        for external_id in list(self._drafts):
            draft = self._drafts.pop(external_id)
            if draft.is_bad:
                continue
            bills = tuple(bill for _row, bill in draft.bills.values())
            statement = Statement(
                external_id=external_id,
                name=draft.name,
                document=draft.document,
                phones=tuple(dict.fromkeys(draft.phones[:MOST_PHONES])),
                currency=draft.currency,
                product=draft.product,
                birth_year=draft.birth_year,
                bills=bills,
            )
            phone = statement.phones[0] if statement.phones else None
            zone = zone_of(phone, business=self.reading.timezone)
            consents = tuple(said for said in draft.consents.values() if said.phone in statement.phones)
            yield Line(draft.row, statement, zone, _digest(statement, consents), consents)

    def _read(self, row: int, cells: Sequence[Cell]) -> _Draft | None:
        external_id = self._asked(row, cells, Field.ACCOUNT, checks.external_id, shows=True)
        currency = self._currency(row, cells)
        name = self._asked(row, cells, Field.NAME, checks.name)
        document = self._document(row, cells)
        product = self._asked(row, cells, Field.PRODUCT, checks.product, optional=True)
        phones = self._phones_in(row, cells)
        born = self._born(row, cells)
        bill = self._bill(row, cells, currency, external_id) if currency else None
        consent = self._consent(row, cells)
        if external_id is None:
            return None
        draft = self._drafts.get(external_id)
        if draft is None:
            draft = _Draft(row, name or "", document, currency or "", product, phones, born, {}, {})
            self._drafts[external_id] = draft
        else:
            draft.birth_year = draft.birth_year or born
            self._join(row, draft, document, currency, phones)
        if bill is not None:
            self._owe(row, draft, bill)
        if consent is not None:
            self._agree(row, draft, consent, phones, cells)
        return draft

    def _join(
        self, row: int, draft: _Draft, document: Document | None, currency: str | None, phones: list[str]
    ) -> None:
        """Another row of a debt must not contradict the first."""
        if document is not None and draft.document is not None and document != draft.document:
            said = Words(
                "La cuenta tiene otro documento en la fila {row}: no puede ser de dos personas.", row=draft.row
            )
            self._wrong(row, Field.DOCUMENT, said)
        if currency and draft.currency and currency != draft.currency:
            said = Words("La cuenta está en {currency} en la fila {row}.", currency=draft.currency, row=draft.row)
            self._wrong(row, Field.CURRENCY, said, currency)
        draft.document = draft.document or document
        draft.phones += phones

    def _owe(self, row: int, draft: _Draft, bill: Bill) -> None:
        if bill.number in draft.bills:
            first = draft.bills[bill.number][0]
            if Field.INVOICE in self._at:
                self._wrong(
                    row,
                    Field.INVOICE,
                    Words("La misma factura de la misma cuenta está en la fila {row}.", row=first),
                    bill.number,
                )
            else:
                self._wrong(row, Field.ACCOUNT, Words("La misma cuenta está en la fila {row}.", row=first), bill.number)
        elif len(draft.bills) >= MOST_BILLS:
            self._wrong(row, Field.INVOICE, Words("La cuenta tiene más de {most} facturas.", most=MOST_BILLS))
        else:
            draft.bills[bill.number] = (row, bill)

    def _consent(self, row: int, cells: Sequence[Cell]) -> ConsentSaid | None:
        if not self._of_consent:
            return None
        asked = Asked({field: self._cell(cells, field) for field in self._of_consent}, self._now, self._zone)
        said, wrong = stated_consents.read(row, asked)
        for field, what in wrong:
            hint = _shown(self._cell(cells, field)) if field == Field.CONSENT_DAY else None
            self._wrong(row, field if field in self._at else Field.CONSENT, what, hint)
        return said

    def _agree(self, row: int, draft: _Draft, said: ConsentSaid, phones: list[str], cells: Sequence[Cell]) -> None:
        """A consent is of the first number of its row, a refusal of all: nobody is written to who did not agree."""
        numbers = phones or draft.phones
        if not numbers:
            # One that is there and cannot be read is told already, or left out together with what it allows.
            if not any(column < len(cells) and cells[column] is not None for column in self._phones):
                self._wrong(row, Field.CONSENT, Words("Falta el teléfono al que se refiere el consentimiento."))
            return
        for phone in numbers[:1] if said.state == Standing.GIVEN else numbers:
            mine = said.at(phone)
            first = draft.consents.setdefault(mine.key, mine)
            if first.digest != mine.digest:
                told = Words("La cuenta dice otra cosa de este consentimiento en la fila {row}.", row=first.row)
                self._wrong(row, Field.CONSENT, told)

    def _bill(self, row: int, cells: Sequence[Cell], currency: str, external_id: str | None) -> Bill | None:
        number: str | None = external_id
        if Field.INVOICE in self._at:
            number = self._asked(row, cells, Field.INVOICE, checks.invoice_number, shows=True)
        due_on = self._day(row, cells)
        amount = self._amount(row, cells, Field.AMOUNT, currency)
        balance = self._amount(row, cells, Field.BALANCE, currency)
        if number is None or due_on is None or (amount is None and balance is None):
            return None
        whole = balance if amount is None else amount
        left = amount if balance is None else balance
        assert whole is not None and left is not None  # noqa: S101, PT018 one of both was given
        try:
            # An amount without a column of its own is what is left; then only its sign can be wrong.
            checks.amounts(whole, left)
        except Wrong as wrong:
            field = Field.BALANCE if Field.BALANCE in self._at else Field.AMOUNT
            self._wrong(row, field, wrong.args[0], _shown(self._cell(cells, field)))
            return None
        return Bill(number, due_on, whole, left)

    def _amount(self, row: int, cells: Sequence[Cell], field: Field, currency: str) -> int | None:
        if field not in self._at:
            return None
        cell = self._cell(cells, field)
        try:
            return values.amount(cell, currency)
        except (Wrong, money.BadAmount) as wrong:
            self._wrong(row, field, wrong.args[0], _shown(cell))
            return None

    def _day(self, row: int, cells: Sequence[Cell]) -> date | None:
        cell = self._cell(cells, Field.DUE)
        try:
            return checks.due_day(values.day(cell))
        except Wrong as wrong:
            self._wrong(row, Field.DUE, wrong.args[0], _shown(cell))
            return None

    def _currency(self, row: int, cells: Sequence[Cell]) -> str | None:
        cell = self._cell(cells, Field.CURRENCY)
        if cell is None:
            return self.reading.currency
        code = str(cell).strip().upper()
        code = _CURRENCIES.get(code, code) or self.reading.currency
        if money.is_currency(code):
            return code
        self._wrong(row, Field.CURRENCY, Words("No es una moneda: se espera su código, como PEN."), _shown(cell))
        return None

    def _document(self, row: int, cells: Sequence[Cell]) -> Document | None:
        cell, kind = self._cell(cells, Field.DOCUMENT), self._cell(cells, Field.DOCUMENT_TYPE)
        if cell is None:
            return None
        try:
            return documents.read(values.text(cell), country=self.reading.country, kind=str(kind) if kind else None)
        except (BadDocument, Wrong) as bad:
            self._wrong(row, Field.DOCUMENT, bad.args[0])
            return None

    def _born(self, row: int, cells: Sequence[Cell]) -> int | None:
        """The year of birth, from a year or a whole date; it is asked to know the right party and never shown."""
        cell = self._cell(cells, Field.BIRTH)
        if cell is None:
            return None
        try:
            bare = values.text(cell)
            year = int(bare) if bare.isdigit() and len(bare) == len("1980") else values.day(cell).year
            return checks.birth_year(year, clock.now().date())
        except Wrong as wrong:
            self._wrong(row, Field.BIRTH, wrong.args[0])
            return None

    def _phones_in(self, row: int, cells: Sequence[Cell]) -> list[str]:
        found = []
        for column in self._phones:
            cell = cells[column] if column < len(cells) else None
            if cell is None:
                continue
            try:
                parts = [part for part in _SEVERAL.split(values.text(cell)) if part.strip(" -0")]
                found += [checks.phone(part, self.reading.country) for part in parts]
            except Wrong as wrong:
                if not self.reading.skip_bad_phones:
                    self._problems.append(Problem(row, self.reading.names[column], wrong.args[0]))
        return found

    def _asked(
        self,
        row: int,
        cells: Sequence[Cell],
        field: Field,
        check: Callable[[str], Value],
        *,
        optional: bool = False,
        shows: bool = False,
    ) -> Value | None:
        cell = self._cell(cells, field)
        if cell is None and optional:
            return None
        try:
            return check(values.text(cell))
        except Wrong as wrong:
            self._wrong(row, field, wrong.args[0], _shown(cell) if shows else None)
            return None

    def _cell(self, cells: Sequence[Cell], field: Field) -> Cell:
        column = self._at.get(field)
        return cells[column] if column is not None and column < len(cells) else None

    def _wrong(self, row: int, field: Field | None, what: str, hint: str | None = None) -> None:
        column = self.reading.names[self._at[field]] if field is not None and field in self._at else None
        self._problems.append(Problem(row, column, what, hint))


def _digest(statement: Statement, consents: Sequence[ConsentSaid]) -> str:
    """Of the debt, and of what is said beside it; where that is nothing, of the debt as everybody states it."""
    if not consents:
        return statement.digest
    told = [statement.digest, *sorted(said.digest for said in consents)]
    return hashlib.sha256(msgspec.json.encode(told)).hexdigest()


def _is_total(cells: Sequence[Cell]) -> bool:
    first = next((cell for cell in cells if cell is not None), None)
    return isinstance(first, str) and first.lower().rstrip(" :.").split(" ")[0] in {"total", "totales", "subtotal"}


def _shown(cell: Cell) -> str | None:
    return None if cell is None else str(cell)[:40]
