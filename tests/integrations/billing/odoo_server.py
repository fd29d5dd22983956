"""A server that answers as Odoo 17 does on /xmlrpc/2/common and /xmlrpc/2/object, of what is put into it."""

from __future__ import annotations

import xmlrpc.client as xml_rpc
from typing import Any

import httpx

KEY, USER, DATABASE = "clave-de-api", "cobranza@example.test", "andes"
FIELDS = {
    "res.partner": ["name", "vat", "phone", "mobile"],
    "account.move": [],
}


def a_partner(id_: int, name: str, **more: Any) -> dict[str, Any]:
    return {
        "id": id_, "name": name, "vat": False, "phone": False, "mobile": False,
        "commercial_partner_id": [id_, name], "write_date": "2026-11-01 10:00:00", **more,
    }  # fmt: skip


def an_invoice(id_: int, partner: dict[str, Any], residual: float, **more: Any) -> dict[str, Any]:
    return {
        "id": id_, "name": f"INV/2026/{id_:05}", "move_type": "out_invoice", "state": "posted",
        "commercial_partner_id": [partner["id"], partner["name"]], "currency_id": [1, "PEN"],
        "invoice_date": "2026-09-05", "invoice_date_due": "2026-10-05",
        "amount_total": 412.5, "amount_residual": residual, "write_date": "2026-11-01 10:00:00", **more,
    }  # fmt: skip


class OdooServer:
    """Records by model, and what a user with the key may ask of them. `faults` are given instead of answers."""

    def __init__(self) -> None:
        self.records: dict[str, list[dict[str, Any]]] = {"res.partner": [], "account.move": []}
        self.fields = {model: list(names) for model, names in FIELDS.items()}
        self.faults: list[httpx.Response | Exception] = []
        self.asked: list[tuple[str, str]] = []

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if self.faults:
            fault = self.faults.pop(0)
            if isinstance(fault, Exception):
                raise fault
            return fault
        arguments, method = xml_rpc.loads(request.content)
        try:
            given = self._common(arguments) if request.url.path.endswith("/common") else self._object(arguments)
        except xml_rpc.Fault as refused:
            return _xml(xml_rpc.dumps(refused))
        assert method in {"authenticate", "execute_kw"}
        return _xml(xml_rpc.dumps((given,), methodresponse=True, allow_none=True))

    def _common(self, arguments: tuple[Any, ...]) -> Any:
        database, user, key, _agent = arguments
        return 7 if (database, user, key) == (DATABASE, USER, KEY) else False

    def _object(self, arguments: tuple[Any, ...]) -> Any:
        database, uid, key, model, method, args, how = arguments
        if (database, uid, key) != (DATABASE, 7, KEY):
            raise xml_rpc.Fault(3, "Access Denied")
        self.asked.append((model, method))
        if method == "fields_get":
            return {name: {"type": "char"} for name in args[0] if name in self.fields[model]}
        if method == "read":
            rows = [row for row in self.records[model] if row["id"] in args[0]]
        else:
            rows = [row for row in self.records[model] if all(_holds(row, each) for each in args[0])]
            rows = sorted(rows, key=lambda row: row["id"])[: how["limit"]]
        return [{name: row[name] for name in ("id", *how["fields"])} for row in rows]


def _holds(row: dict[str, Any], condition: list[Any]) -> bool:
    field, operator, value = condition
    had = row.get(field, False)
    had = had[0] if isinstance(had, list) else had
    match operator:
        case "=":
            return bool(had == value)
        case "!=":
            return bool(had != value)
        case ">":
            return bool(had > value)
        case ">=":
            return bool(had >= value)
        case "in":
            return had in value
    raise xml_rpc.Fault(1, f"ValueError: Invalid operator {operator}")


def _xml(text: str) -> httpx.Response:
    return httpx.Response(200, content=_declared(text).encode(), headers={"content-type": "text/xml"})


def _declared(text: str) -> str:
    return text if text.startswith("<?xml") else f"<?xml version='1.0'?>\n{text}"
