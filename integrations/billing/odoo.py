"""Odoo's customers and what they owe, over its external API (XML-RPC), a page at a time and only what has changed.

https://www.odoo.com/documentation/17.0/developer/reference/external_api.html: `authenticate` on /xmlrpc/2/common, then
`execute_kw` on /xmlrpc/2/object. A customer's open invoices of one currency are one debt.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import msgspec

from integrations.billing.xml_rpc import Fault, Unanswered, call

PAGE = 200
OVERLAP = timedelta(minutes=10)
"""Odoo dates a change when its transaction begins, and shows it when that ends: what is asked for overlaps."""
ACCESS_DENIED, ACCESS_ERROR = 3, 4
_OPEN = ["amount_residual", ">", 0]
_MOVE = [
    "name",
    "commercial_partner_id",
    "currency_id",
    "invoice_date",
    "invoice_date_due",
    "amount_total",
    "amount_residual",
]
_PARTNER = ("name", "vat", "phone", "mobile")


class Denied(Exception):  # noqa: N818 an answer
    """Odoo does not know the user or the key, or the user may not see invoices."""


class Invoice(msgspec.Struct, frozen=True):
    """A posted invoice that is not wholly paid. Amounts as Odoo gives them: floats of the currency's main unit."""

    number: str
    due_on: date
    amount: float
    balance: float


class Debt(msgspec.Struct, frozen=True):
    """What one customer owes in one currency; no invoices: nothing any more. Texts are as somebody typed them."""

    partner_id: int
    name: str
    document: str | None
    phones: tuple[str, ...]
    currency: str
    invoices: tuple[Invoice, ...]

    @property
    def external_id(self) -> str:
        """A name that stays: `odoo:45:PEN`."""
        return f"odoo:{self.partner_id}:{self.currency}"


class Odoo:
    """One database of one Odoo, as one of its users sees it."""

    def __init__(self, http: httpx.AsyncClient, url: str, *, database: str, user: str, key: str) -> None:
        self._http, self._url = http, url.rstrip("/")
        self._database, self._user, self._key = database, user, key
        self._uid: int | None = None
        self._fields: list[str] = []

    async def debts(self, since: datetime | None) -> AsyncIterator[list[Debt]]:
        """Page by page, the debts of whoever changed, or whose invoices did, after `since`; of everybody without it.

        Raises Denied, Unanswered and Fault.
        """
        await self._sign_in()
        async for page in self._changed(since):
            yield await self._debts_of(page)

    async def _sign_in(self) -> None:
        told = await call(self._http, f"{self._url}/xmlrpc/2/common", "authenticate",
                          self._database, self._user, self._key, {})  # fmt: skip
        if not isinstance(told, int) or isinstance(told, bool) or told <= 0:
            raise Denied("Odoo does not know this user and key")
        self._uid = told
        # `mobile` is gone from Odoo 19 on.
        known = await self._ask("res.partner", "fields_get", [list(_PARTNER)], {"attributes": ["type"]})
        self._fields = [name for name in _PARTNER if isinstance(known, dict) and name in known]

    async def _changed(self, since: datetime | None) -> AsyncIterator[set[tuple[int, str | None]]]:
        """Whom to look at again, each once: a customer, and the currency of what changed, where invoices did."""
        asked: set[tuple[int, str | None]] = set()
        after: list[Any] = [["write_date", ">=", _moment(since - OVERLAP)]] if since else []
        invoices = [["move_type", "=", "out_invoice"], ["state", "!=", "draft"], *(after or [_OPEN])]
        async for rows in self._pages("account.move", invoices, ["commercial_partner_id", "currency_id"]):
            found = {(_number(row["commercial_partner_id"]), _word(row["currency_id"])) for row in rows}
            fresh = {(partner, currency) for partner, currency in found if partner is not None} - asked
            asked |= fresh
            yield fresh
        if since is not None:
            async for rows in self._pages("res.partner", after, ["commercial_partner_id"]):
                people = {_number(row["commercial_partner_id"]) for row in rows} - {partner for partner, _ in asked}
                yield {(partner, None) for partner in people if partner is not None}

    async def _debts_of(self, wanted: Collection[tuple[int, str | None]]) -> list[Debt]:
        partners = sorted({partner for partner, _currency in wanted})
        if not partners:
            return []
        people = await self._read(partners)
        # What was paid is stated too: with nothing left.
        owed: dict[tuple[int, str], list[Invoice]] = {
            (partner, currency): [] for partner, currency in wanted if currency is not None
        }
        mine = [["move_type", "=", "out_invoice"], ["state", "=", "posted"], _OPEN]
        named = ["commercial_partner_id", "in", partners]
        async for rows in self._pages("account.move", [*mine, named], _MOVE):
            for row in rows:
                partner, currency = _number(row["commercial_partner_id"]), _word(row["currency_id"])
                if partner is not None and currency is not None and (invoice := _invoice(row)) is not None:
                    owed.setdefault((partner, currency), []).append(invoice)
        return [
            _debt(people[partner], partner, currency, invoices)
            for (partner, currency), invoices in owed.items()
            if partner in people
        ]

    async def _read(self, partners: Collection[int]) -> dict[int, dict[str, Any]]:
        rows = await self._ask("res.partner", "read", [sorted(partners)], {"fields": self._fields})
        return {row["id"]: row for row in _rows(rows)}

    async def _pages(
        self, model: str, domain: Sequence[Any], fields: Iterable[str]
    ) -> AsyncIterator[list[dict[str, Any]]]:
        """By id, so that what changes meanwhile neither hides nor repeats anything."""
        last = 0
        while True:
            how = {"fields": list(fields), "limit": PAGE, "order": "id"}
            rows = _rows(await self._ask(model, "search_read", [[*domain, ["id", ">", last]]], how))
            if rows:
                yield rows
            if len(rows) < PAGE:
                return
            last = rows[-1]["id"]

    async def _ask(self, model: str, method: str, arguments: list[Any], how: dict[str, Any]) -> object:
        try:
            return await call(self._http, f"{self._url}/xmlrpc/2/object", "execute_kw",
                              self._database, self._uid, self._key, model, method, arguments, how)  # fmt: skip
        except Fault as fault:
            if fault.code in {ACCESS_DENIED, ACCESS_ERROR}:
                raise Denied("Odoo does not let this user read invoices and customers") from fault
            raise


def _debt(person: dict[str, Any], partner: int, currency: str, invoices: list[Invoice]) -> Debt:
    phones = (person.get(name) for name in ("phone", "mobile"))
    vat = person.get("vat")
    return Debt(
        partner_id=partner,
        name=str(person.get("name") or ""),
        document=vat if isinstance(vat, str) and vat.strip() else None,
        phones=tuple(phone for phone in phones if isinstance(phone, str) and phone.strip()),
        currency=currency,
        invoices=tuple(invoices),
    )


def _invoice(row: dict[str, Any]) -> Invoice | None:
    due = row.get("invoice_date_due") or row.get("invoice_date")
    try:
        return Invoice(
            str(row["name"]),
            date.fromisoformat(str(due)),
            float(row["amount_total"]),
            float(row["amount_residual"]),
        )
    except (ValueError, TypeError, KeyError):
        return None


def _rows(told: object) -> list[dict[str, Any]]:
    if not isinstance(told, list) or not all(isinstance(row, dict) and isinstance(row.get("id"), int) for row in told):
        raise Unanswered("no list of records")
    return told


def _number(value: object) -> int | None:
    """What a many-to-one field points to: `[45, "Name"]`, or false for nothing."""
    return value[0] if isinstance(value, list) and value and isinstance(value[0], int) else None


def _word(value: object) -> str | None:
    return value[1] if isinstance(value, list) and len(value) > 1 and isinstance(value[1], str) else None


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
