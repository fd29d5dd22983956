"""Identity documents as creditors write them, and where a number says that somebody lives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.portfolio import documents, zones
from console.portfolio.documents import BadDocument, Document

GOOD = [
    ("PE", "44556677", None, "DNI", "44556677"),
    ("PE", "4455667", None, "DNI", "04455667"),  # a spreadsheet took its zero
    ("PE", "44556677.0", "DNI", "DNI", "44556677"),  # and made a number of it
    ("PE", "20512333797", None, "RUC", "20512333797"),
    ("PE", "001234567", "Carné de extranjería", "CE", "001234567"),
    ("MX", "GODE 561231 GR8", None, "RFC", "GODE561231GR8"),
    ("MX", "BOXW310820HNERXN09", None, "CURP", "BOXW310820HNERXN09"),
    ("CL", "12.531.909-2", None, "RUT", "125319092"),
    ("CL", "125319092", "RUN", "RUT", "125319092"),
    ("CO", "213.123.432-1", None, "NIT", "2131234321"),
    ("CO", "1020304050", "Cédula de ciudadanía", "CC", "1020304050"),
    ("AR", "20-05536168-2", "CUIL", "CUIT", "20055361682"),
    ("AR", "20.123.456", None, "DNI", "20123456"),
    ("EC", "171430710-3", "cédula", "CI", "1714307103"),
    ("EC", "1792060346-001", None, "RUC", "1792060346001"),
    ("PE", "GODE561231GR8", "RFC", "RFC", "GODE561231GR8"),  # a Mexican who owes in Peru
    ("PE", "AB123456", "Pasaporte", "PAS", "AB123456"),
]
BAD = [
    ("PE", "20512333798", None),
    ("PE", "123", None),
    ("PE", "123", "DNI"),
    ("MX", "GODE561331GR8", None),
    ("CL", "12.531.909-3", None),
    ("CO", "213.123.432-2", "NIT"),
    ("AR", "20-05536168-3", None),
    ("EC", "1714307104", None),
    ("PE", "44556677", "Carnet de socio"),
    ("PE", "=1+1", None),
    ("PE", "", "DNI"),
    ("PE", "٤٤٥٥٦٦٧٧", "DNI"),
    ("PE", "1" * 400, None),
]


@pytest.mark.parametrize(("country", "text", "kind", "type_", "number"), GOOD)
def test_a_document_is_recognised_checked_and_written_one_way(
    country: str, text: str, kind: str | None, type_: str, number: str
) -> None:
    assert documents.read(text, country=country, kind=kind) == Document(type_, number)


@pytest.mark.parametrize(("country", "text", "kind"), BAD)
def test_what_is_no_document_is_refused_without_repeating_it(country: str, text: str, kind: str | None) -> None:
    with pytest.raises(BadDocument) as refusal:
        documents.read(text, country=country, kind=kind)

    assert not text or text not in str(refusal.value)


@pytest.mark.parametrize("text", ["XAXX010101000", "xexx010101000", "00000000", "99999999"])
def test_the_number_of_whoever_has_none_identifies_nobody(text: str) -> None:
    assert documents.read(text, country="MX", kind="RFC") is None


def test_a_document_is_shown_by_its_end() -> None:
    assert documents.masked("44552716") == "•••• 2716"
    assert documents.masked("12345") == "•••• 45"


@given(st.text(max_size=60), st.sampled_from(["PE", "MX", "CL", "CO", "AR", "EC", "BR", "CR", "UY", "VE", "US"]))
def test_any_text_is_a_document_that_fits_its_column_or_is_refused(text: str, country: str) -> None:
    try:
        found = documents.read(text, country=country)
    except BadDocument:
        return

    assert found is None or (len(found.type) <= 8 and len(found.number) <= 24)
    assert found is None or documents.read(found.number, country=country, kind=found.type) == found


@pytest.mark.parametrize(
    ("phone", "zone"),
    [
        ("+51944218305", "America/Lima"),
        ("+525512345678", "America/Mexico_City"),
        ("+526641234567", "America/Tijuana"),
        ("+529981234567", "America/Cancun"),
        ("+56912345678", "America/Santiago"),
        ("+5511987654321", "America/Sao_Paulo"),
        ("+573001234567", "America/Bogota"),
        ("+999123456789", "America/Lima"),
        ("nonsense", "America/Lima"),
        (None, "America/Lima"),
    ],
)
def test_a_number_says_when_the_day_begins_where_it_rings(phone: str | None, zone: str) -> None:
    assert zones.zone_of(phone, business="America/Lima") == zone


def test_among_several_zones_the_business_knows_best() -> None:
    assert zones.zone_of("+5215512345678", business="America/Tijuana") == "America/Tijuana"
    assert zones.zone_of("+5215512345678", business="America/Lima") == "America/Mexico_City"
