"""What Meta would refuse of a template is said here, beside its field, before anybody asks Meta."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.errors import Refused
from console.message_templates import wording as rules
from console.message_templates.wording import Wording

FINE = Wording(name="aviso", body="Buen día, {{nombre}}. Su cuota de {{cuota}} vence el viernes, no lo olvide.")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "Aviso De Pago"}, "name"),
        ({"name": "á"}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"language": "quechua"}, "language"),
        ({"category": "AUTHENTICATION"}, "category"),
        ({"body": ""}, "body"),
        ({"body": "x" * 1025}, "body"),
        ({"body": "{{nombre}}, su cuota vence mañana mismo, no lo olvide."}, "body"),
        ({"body": "Buen día, su cuota vence mañana mismo, {{nombre}}."}, "body"),
        ({"body": "Hola {{nombre}} {{cuota}} adiós y buenas tardes a todos"}, "body"),
        ({"body": "Hola {{nombre}} y {{cuota}} ya"}, "body"),
        ({"body": "Buen día, {{nombre}}.\n\n\n\nSu cuota vence mañana."}, "body"),
        ({"body": "Buen día, {{nombre}}. Su\tcuota vence mañana."}, "body"),
        ({"body": "Buen día, {{nombre}. Su cuota vence mañana."}, "body"),
        ({"body": "Buen día, {{1}} y {{nombre}}, su cuota vence mañana, recuerde."}, "body"),
        ({"body": "Buen día, {{1}} y su cuota {{3}} vence mañana, no lo olvide."}, "body"),
        ({"body": "Buen día, {{Nombre}}. Su cuota vence mañana."}, "body"),
        ({"body": "Buen día, {{otra_cosa}}. Su cuota vence mañana."}, "examples"),
        ({"body": FINE.body, "examples": {"nombre": "dos\nlíneas"}}, "examples"),
        ({"header": "x" * 61}, "header"),
        ({"header": "{{nombre}} y {{cuota}}"}, "header"),
        ({"footer": "x" * 61}, "footer"),
        ({"footer": "De {{empresa}}"}, "footer"),
        ({"buttons": [{"type": "QUICK_REPLY", "text": "x" * 26}]}, "buttons"),
        ({"buttons": [{"type": "QUICK_REPLY", "text": "Sí"}] * 2}, "buttons"),
        ({"buttons": [{"type": "URL", "text": "Pagar", "url": "http://x.example"}]}, "buttons"),
        ({"buttons": [{"type": "URL", "text": "Pagar", "url": "https://x.example/{{1}}/y"}]}, "buttons"),
        ({"buttons": [{"type": "PHONE_NUMBER", "text": "Llamar", "phone_number": "944218305"}]}, "buttons"),
    ],
)
def test_each_fault_names_its_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        rules.checked(msgspec.structs.replace(FINE, **change))

    assert (refused.value.code, refused.value.field) == ("template_wording", field)


def test_the_parts_are_as_meta_wants_them_with_an_example_of_each_variable() -> None:
    buttons = [
        {"type": "QUICK_REPLY", "text": "Ya pagué"},
        {"type": "URL", "text": "Pagar", "url": "https://pagos.example/p/{{1}}"},
    ]
    whole = msgspec.structs.replace(FINE, header="Aviso de {{empresa}}", footer="Responda BAJA", buttons=buttons)

    assert rules.components_of(rules.checked(whole)) == [
        {
            "type": "HEADER",
            "format": "TEXT",
            "text": "Aviso de {{empresa}}",
            "example": {"header_text_named_params": [{"param_name": "empresa", "example": "Financiera Andes"}]},
        },
        {
            "type": "BODY",
            "text": FINE.body,
            "example": {
                "body_text_named_params": [
                    {"param_name": "nombre", "example": "María"},
                    {"param_name": "cuota", "example": "S/ 412.50"},
                ]
            },
        },
        {"type": "FOOTER", "text": "Responda BAJA"},
        {
            "type": "BUTTONS",
            "buttons": [buttons[0], {**buttons[1], "example": ["https://pagos.example/p/3kT9xQ"]}],
        },
    ]


def test_numbered_variables_stay_numbered() -> None:
    numbered = Wording(
        name="aviso",
        body="Buen día, {{1}}. Su cuota de {{2}} vence el viernes, no lo olvide.",
        examples={"1": "Ana", "2": "S/ 9"},
    )

    (body,) = rules.components_of(rules.checked(numbered))

    assert rules.is_positional(numbered)
    assert body["example"] == {"body_text": [["Ana", "S/ 9"]]}


def refused_or_read(written: Wording) -> Wording | str | None:
    """What comes back of it, or the field at fault."""
    try:
        checked = rules.checked(written)
    except Refused as refused:
        return refused.field
    return rules.read(rules.components_of(checked), name="aviso", language="es", category="UTILITY")


@given(st.text("abc {}1_\n", max_size=40), st.text("ab {}", max_size=20))
def test_whatever_is_typed_is_refused_with_a_field_or_reads_back_as_it_was(body: str, header: str) -> None:
    written = Wording(name="aviso", body=body, header=header, examples={"a": "x", "b": "y", "1": "z"})

    came = refused_or_read(written)

    assert came in ("body", "header", "examples") or came == rules.checked(written)
