"""What debtors of five countries write about when and how much, and what is understood of it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.portfolio.said import Said, fold, read
from console.portfolio.states import today_in

LIMA = ZoneInfo("America/Lima")
# A Friday morning.
FRIDAY = datetime(2026, 11, 20, 10, tzinfo=LIMA)


def understood(text: str, *, at: datetime = FRIDAY, currency: str = "PEN", country: str = "PE") -> Said:
    return read(
        text, moment=at, zone=LIMA, currency=currency, overdue_minor=41250, balance_minor=288750, country=country
    )


DAYS = {
    "hoy mismo": "11-20",
    "Hoy en la noche le deposito": "11-20",
    "mañana": "11-21",
    "MAÑANA A PRIMERA HORA": "11-21",
    "mañana en la mañana": "11-21",
    "pasado mañana": "11-22",
    "el lunes": "11-23",
    "el lunes en la mañana": "11-23",
    "el Miércoles": "11-25",
    "el viernes pago 200": "11-27",
    "este viernes": "11-20",
    "el sábado sin falta": "11-21",
    "el próximo martes": "11-24",
    "el martes que viene": "11-24",
    "el viernes de la próxima semana": "11-27",
    "la otra semana el lunes": "11-23",
    "el viernes 27": "11-27",
    "el 15": "12-15",
    "el 25 le pago": "11-25",
    "para el quince": "12-15",
    "el día 30": "11-30",
    "el 5 de diciembre": "12-05",
    "5 dic": "12-05",
    "1ro de diciembre": "12-01",
    "el primero de diciembre": "12-01",
    "5/12": "12-05",
    "05-12-2026": "12-05",
    "2026-12-05": "12-05",
    "el 10 del mes que viene": "12-10",
    "el 10 del próximo mes": "12-10",
    "en 3 días": "11-23",
    "en tres días": "11-23",
    "dentro de una semana": "11-27",
    "en 15 días": "12-04",
    "en quince días": "12-04",
    "en ocho días": "11-27",
    "en 8 dias": "11-27",
    "el bierne": "11-27",
    "de hoy en ocho": "11-27",
    "de acá a 15 días": "12-04",
    "en 48 horas": "11-22",
    "31 de noviembre": "11-30",
    "31/11": "11-30",
    "1ero de diciembre": "12-01",
    "el viernes 27 de noviembre": "11-27",
    "para navidad": "12-25",
    "a fin d mes": "11-30",
    "el lunes cobro y el martes le pago": "11-24",
    "deme dos semanas": "12-04",
    "en un mes": "12-20",
    "en 2 días hábiles": "11-24",
    "la quincena": "11-30",
    "fin de mes": "11-30",
    "a fines de mes": "11-30",
    "el último día del mes": "11-30",
    "fin del próximo mes": "12-31",
    "el fin de semana": "11-21",
    "la próxima semana": "11-27",
    "la semana que viene": "11-27",
    "esta semana": "11-20",
    "hoy no puedo, el lunes sí": "11-23",
    "no puedo el lunes pero el martes le pago": "11-24",
    "no se preocupe, el jueves": "11-26",
    "¿puede ser el jueves, no?": "11-26",
    "el lunes en ocho": "11-30",
    "mañana en ocho": "11-28",
    "hoy en quince": "12-04",
    "el viernes que paso por la agencia": "11-27",
    "el lunes pasado no pude, el martes le pago": "11-24",
}


@pytest.mark.parametrize(("text", "day"), DAYS.items())
def test_the_day_that_is_meant(text: str, day: str) -> None:
    assert understood(text).day == date.fromisoformat(f"2026-{day}")


@pytest.mark.parametrize(
    "text",
    [
        "Hola", "", "Buenos días", "por la mañana", "no puedo pagar el viernes", "ni el lunes ni el martes",
        "ayer pagué", "ya pagué el lunes", "el 50%", "el mes pasado", "llámeme a las 5", "5/11/2025", "99/99",
        "el lunes pasado", "el pasado viernes", "el martes anterior", "el viernes de la semana pasada",
        "el 5 del mes pasado", "el 15 de enero pasado", "la semana pasada el jueves", "el sábado que pasó",
        "24/7 me escriben", "todas las mañanas", "el 5/11 vencía", "32/01", "10/13",
    ],
)  # fmt: skip
def test_no_day_is_promised(text: str) -> None:
    assert understood(text).day is None


def test_payday_is_the_nearer_of_the_fifteenth_and_the_last_day() -> None:
    for country in ("PE", "MX", "CL"):
        assert understood("en la quincena", country=country).candidates == (date(2026, 11, 30), date(2026, 12, 15))
    early = FRIDAY.replace(day=10)
    assert understood("en la quincena", at=early).candidates == (date(2026, 11, 15), date(2026, 11, 30))


def test_a_range_and_several_days_are_told_from_one_day() -> None:
    assert understood("la próxima semana").is_range
    assert understood("el fin de semana").is_range
    assert understood("después del 25").is_range
    assert understood("200 el martes y el resto a fin de mes").is_several
    assert not understood("el viernes").is_range
    assert not understood("el viernes, en ocho días").is_several


def test_what_can_mean_two_days_says_so() -> None:
    friday = understood("el viernes pago 200")
    assert friday.candidates == (date(2026, 11, 27), date(2026, 11, 20))
    assert not friday.sure
    both = understood("el martes pago 200 y el resto a fin de mes")
    assert both.candidates == (date(2026, 11, 24), date(2026, 11, 30))
    assert understood("el martes pago 200").sure


AMOUNTS = {
    ("PEN", "el viernes pago 200"): 20000,
    ("PEN", "200 soles"): 20000,
    ("PEN", "S/ 200.50"): 20050,
    ("PEN", "s/.200"): 20000,
    ("PEN", "S/200,50"): 20050,
    ("PEN", "el 15 pago S/ 1,200.00"): 120000,
    ("PEN", "le deposito 1.200 el 5/12"): 120000,
    ("PEN", "200 lucas"): 20000,
    ("PEN", "doscientos soles"): 20000,
    ("PEN", "pago doscientos cincuenta"): 25000,
    ("PEN", "mil quinientos"): 150000,
    ("PEN", "la mitad el lunes"): 20625,
    ("PEN", "le pago todo"): 41250,
    ("PEN", "cancelo todo lo que debo el viernes"): 41250,
    ("PEN", "el total"): 41250,
    ("PEN", "pago el 50%"): 20625,
    ("PEN", "todo"): 41250,
    ("MXN", "$1,500.00 el viernes"): 150000,
    ("MXN", "le pago 500 pesos"): 50000,
    ("COP", "200 mil"): 20000000,
    ("COP", "le consigno $200.000"): 20000000,
    ("COP", "pago 200"): 20000000,
    ("CLP", "20 lucas el viernes"): 20000,
    ("CLP", "pago $15.000"): 15000,
    ("CLP", "medio millón"): 500000,
    ("ARS", "te transfiero 50 lucas"): 5000000,
    ("ARS", "un palo"): 100000000,
    ("ARS", "$ 12.500,75"): 1250075,
    ("PEN", "debo 300 y le pago 100"): 10000,
    ("PEN", "me pagan 1000 el 30 y le doy 200"): 20000,
    ("PEN", "de los 412 que debo le pago 150 soles"): 15000,
    ("PEN", "le pago los 412 que debo"): 41200,
}


@pytest.mark.parametrize(("said", "minor"), AMOUNTS.items())
def test_the_amount_that_is_meant(said: tuple[str, str], minor: int) -> None:
    currency, text = said
    found = read(text, moment=FRIDAY, zone=LIMA, currency=currency, overdue_minor=41250, balance_minor=0)
    assert found.amount_minor == minor


@pytest.mark.parametrize(
    "text",
    [
        "Hola", "el 15", "el viernes", "5/12", "a las 10", "10:30", "10 am", "en 3 cuotas", "mi dni es 44218305",
        "mi celular es 944218305", "todo bien", "estoy trabajando todo el día", "tengo 2 hijos", "operación 882716",
        "no puedo pagar 200", "ayer deposité 200", "C-08841", "en dos pagos", "pago el 12/25", "25/13",
    ],
)  # fmt: skip
def test_no_amount_is_promised(text: str) -> None:
    assert understood(text).amount_minor is None


def test_where_it_was_said_can_be_shown() -> None:
    text = "Señorita, el próximo lunes le depósito S/ 200"
    found = understood(text)
    assert found.day_at is not None
    assert found.amount_at is not None
    assert text[slice(*found.day_at)] == "el próximo lunes"
    assert text[slice(*found.amount_at)] == "S/ 200"


def test_the_day_is_the_debtors() -> None:
    late = datetime(2026, 11, 20, 23, 30, tzinfo=LIMA)
    assert understood("mañana", at=late).day == date(2026, 11, 21)
    assert read("mañana", moment=late, zone=ZoneInfo("America/Santiago"), currency="CLP").day == date(2026, 11, 22)


PIECES = st.sampled_from(
    [
        *DAYS,
        *(text for _currency, text in AMOUNTS),
        "y",
        "pero",
        "no",
        ",",
        ".",
        "200",
        "31/12",
        "el 31",
        "29 feb",
        "\0",
    ]
)


@given(
    text=st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=6).map(" ".join)),
    at=st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(LIMA)),  # noqa: DTZ001 given its zone
    currency=st.sampled_from(["PEN", "MXN", "COP", "CLP", "ARS"]),
    overdue=st.integers(0, 10**9),
)
def test_whatever_is_written_no_past_day_and_no_senseless_amount_comes_out(
    text: str, at: datetime, currency: str, overdue: int
) -> None:
    found = read(text, moment=at, zone=LIMA, currency=currency, overdue_minor=overdue, balance_minor=overdue)
    today = today_in(LIMA, at)
    assert all(today <= day <= today + timedelta(days=366) for day in found.candidates)
    assert (found.day is None) == (not found.candidates)
    assert found.amount_minor is None or found.amount_minor > 0
    for span in (found.day_at, found.amount_at):
        assert span is None or 0 <= span[0] < span[1] <= len(text)


@pytest.mark.parametrize(
    "text",
    ["te pago 0 soles", "S/ 0", "S/0.00", "0", "cero soles", "te doy cero", "pago 0", "el viernes pago S/ -50", "-200",
     "te pago -20 soles", "le deposito $0", "abono menos 100 soles"],
)  # fmt: skip
def test_nothing_and_less_than_nothing_are_no_amounts_and_are_known_as_such(text: str) -> None:
    found = understood(text)
    assert found.is_nothing
    assert found.amount_minor is None


@pytest.mark.parametrize(
    "text",
    ["pago 0.50 soles", "te pago 100 soles", "pago 200 con 0% de interes", "a las 0 horas pago", "en 0 cuotas",
     "pago 1000", "el 20 pago", "cero problema, el viernes pago", "pago entre 100-200", "todo", "S/ 10.05"],
)  # fmt: skip
def test_what_is_more_than_nothing_or_no_amount_at_all_is_not_nothing(text: str) -> None:
    assert not understood(text).is_nothing


@pytest.mark.parametrize(
    ("text", "gone"),
    [("te pago el 5 de noviembre", "11-05"), ("le deposito el 10/11", "11-10"), ("pago el 18/11/2026", "11-18"),
     ("el lunes pasado voy a pagar", "11-16"), ("le pago el pasado viernes", "11-13"), ("el viernes pasado", "11-13"),
     ("pago el jueves de la semana pasada", "11-12"), ("le pago el 5 del mes pasado", "10-05"),
     ("pago el 15 de enero pasado", "01-15"), ("el miércoles antepasado le deposito", "11-11"),
     ("voy a pagar la cuota del lunes pasado", None), ("el lunes pasado no pude, el viernes pago", None),
     ("voy a pagar la cuota del 1 de noviembre", None), ("debo desde el 5/11 y no pude", None),
     ("el 5/11 no pude, el viernes pago", None), ("ayer pague el 5/11", None), ("el 25 pago", None)],
)  # fmt: skip
def test_a_day_that_has_passed_is_known_as_such_unless_it_names_a_bill(text: str, gone: str | None) -> None:
    assert understood(text).gone == (date.fromisoformat(f"2026-{gone}") if gone else None)


WEEKDAYS = ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"]
WEEKDAY = st.sampled_from(WEEKDAYS)
ANY_MOMENT = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(LIMA))  # noqa: DTZ001 its zone


@given(
    day=WEEKDAY,
    at=ANY_MOMENT,
    form=st.sampled_from(
        [
            "el {} pasado",
            "el pasado {}",
            "el {} anterior",
            "este {} pasado",
            "el {} de la semana pasada",
            "el {} que pasó",
        ]
    ),
    around=st.sampled_from(
        ["{}", "{} voy a pagar", "le pago {}", "le deposito 200 soles {}", "{} sin falta le cancelo"]
    ),
)
def test_a_weekday_that_has_been_is_never_one_to_come(day: str, at: datetime, form: str, around: str) -> None:
    found = understood(around.format(form.format(day)), at=at)

    today = today_in(LIMA, at)
    assert found.candidates == ()
    assert found.gone is not None
    assert today - timedelta(days=13) <= found.gone < today
    assert WEEKDAYS[found.gone.weekday()] == day


@given(day=WEEKDAY, at=ANY_MOMENT, form=st.sampled_from(["el {}", "el próximo {}", "este {}", "el {} en la noche"]))
def test_a_weekday_by_itself_is_within_the_week_to_come(day: str, at: datetime, form: str) -> None:
    found = understood(form.format(day), at=at)

    today = today_in(LIMA, at)
    assert found.day is not None
    assert today <= found.day <= today + timedelta(days=7)
    assert found.gone is None


@given(
    minor=st.integers(1, 99_999),
    form=st.sampled_from(["le pago {} soles", "deposito S/ {}", "te yapeo {} soles el 27", "el 27 abono S/{}"]),
)
def test_an_amount_in_soles_is_that_amount_to_the_cent(minor: int, form: str) -> None:
    found = understood(form.format(f"{minor // 100}.{minor % 100:02}"))

    assert found.amount_minor == minor
    assert not found.is_nothing


@given(
    owed=st.integers(100, 900),
    paid=st.integers(10, 99),
    form=st.sampled_from(["debo {o} y le pago {p}", "le pago {p} de los {o}", "me pagan {o} y le doy {p} soles"]),
)
def test_what_is_owed_or_earned_is_not_what_is_paid(owed: int, paid: int, form: str) -> None:
    assert understood(form.format(o=owed, p=paid)).amount_minor == paid * 100


@given(
    zero=st.sampled_from(["0", "0.00", "00", "S/ 0", "$0", "S/ -20", "-5"]),
    form=st.sampled_from(["te pago {}", "{}", "el 27 te pago {}", "mándame el link para pagar {} soles"]),
)
def test_nothing_is_never_an_amount(zero: str, form: str) -> None:
    found = understood(form.format(zero))

    assert found.amount_minor is None
    assert found.is_nothing


@given(st.text(max_size=60))
def test_folding_keeps_every_place(text: str) -> None:
    assert len(fold(text)) == len(text)
