"""What an entry changed is told in Spanish: no field that we write and no state shows as a code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import console
from console.evidence import change_words
from console.evidence.history_pages import changes
from console.portfolio.states import State
from console.settings_pages.told import terms_of

LIMA = ZoneInfo("America/Lima")
RECORDERS = {"record", "_record", "_tell", "_put"}


def fields_we_write() -> Iterator[str]:
    """Every field that a call which records an entry names outright, anywhere in the console."""
    for path in Path(console.__path__[0]).rglob("*.py"):
        source = path.read_text()
        if "audit.record" not in source:
            continue
        for call in ast.walk(ast.parse(source)):
            if isinstance(call, ast.Call) and _name(call.func) in RECORDERS:
                for given in (each.value for each in call.keywords if each.arg in {"new", "old", "facts"}):
                    yield from _keys(given)


def _name(of: ast.expr) -> str:
    return of.attr if isinstance(of, ast.Attribute) else of.id if isinstance(of, ast.Name) else ""


def _keys(of: ast.expr) -> Iterator[str]:
    for each in ast.walk(of):
        if isinstance(each, ast.Dict):
            yield from (key.value for key in each.keys if isinstance(key, ast.Constant) and isinstance(key.value, str))


def test_every_field_that_we_write_has_its_word() -> None:
    assert set(fields_we_write()) - change_words.FIELDS.keys() == set(), "say it in change_words.FIELDS"


@pytest.mark.parametrize(
    ("new", "field", "told"),
    [
        ({"account_state": State.LATE_1}, "Etiqueta de estado", "Vencido 1-30"),
        ({"amount_minor": 41250, "currency": "PEN"}, "Monto", "S/\xa0412.50"),
        ({"said_at": "2026-11-20T15:00:00Z"}, "Lo dijo el", "20/11/2026 10:00:00"),
        ({"intact": True}, "Íntegro", "sí"),
        ({"holder": None}, "Quién la lleva", "—"),
        ({"fields": ["name", "phone"]}, "Datos", "nombre, teléfono"),
        ({"purpose": "marketing"}, "Para qué", "publicidad"),
        ({"a_field_to_come": "x"}, "A field to come", "x"),
        ({"name": "x" * 900}, "Nombre", "x" * 240 + "…"),
    ],
)
def test_values_are_said_as_people_read_them(new: dict[str, object], field: str, told: str) -> None:
    [first, *_] = changes({}, new, LIMA)

    assert (first.name, first.old, first.new) == (field, None, told)


@pytest.mark.parametrize(
    ("action", "new", "field", "told"),
    [
        ("rules.updated", {"first_edge": 15}, "El primer tramo de atraso llega hasta", "15 días"),
        ("rates.updated", {"utility": 20_000}, "Utilidad", "0.02 PEN"),
        ("routing.updated", {"serving": "least_busy"}, "Reparto automático", "A quien tiene menos carga"),
        ("channel.updated", {"quality": "GREEN"}, "Calidad", "Alta"),
        ("channel.updated", {"name_status": "DECLINED"}, "Revisión del nombre", "Rechazado"),
        ("hours.day_set", {"name": "Inventario"}, "Motivo", "Inventario"),
        ("tag.updated", {"colour": "teal"}, "Color", "teal"),
        ("agent.updated", {"team_ids": [3]}, "Equipos", "3"),
        ("sign_in_rules.updated", {"idle_minutes": 20}, "Sin uso, dura", "20 min"),
        ("sign_in_rules.updated", {"idle_minutes": "veinte"}, "Sin uso, dura", "veinte"),
        ("a.deed_to_come", {"first_edge": 15}, "First edge", "15"),
    ],
)
def test_a_setting_is_called_in_the_whole_history_as_on_its_own_page(
    action: str, new: dict[str, object], field: str, told: str
) -> None:
    [first] = changes({}, new, LIMA, terms_of(action, "PEN"))

    assert (first.name, first.old, str(first.new)) == (field, None, told)


def test_what_an_entry_is_about_is_said_in_words() -> None:
    assert change_words.subject("privacy_request:7") == "solicitud de privacidad 7"
