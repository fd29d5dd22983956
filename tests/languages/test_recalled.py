"""What the console kept in Spanish is said in the language of who reads it, and what people typed is not touched."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from console import clock
from console.bots.deeds import ALERTS
from console.bots.handing import ASKED, PROVED, REASONS, TOLD
from console.inbox.words import event_words
from console.languages.catalogues import said
from console.languages.recalled import recalled
from console.portfolio.agreed import CATEGORIES
from console.routing import score
from console.routing.mending import GONE, NOT_HERE
from integrations.whatsapp import failures_es


@pytest.mark.parametrize(
    ("kept", "english"),
    [
        ("hasta que responda", "until they answer"),
        ("+20 promesa vence hoy, +12 espera 40 min", "+20 promise due today, +12 waiting 40 min"),
        ("no está de acuerdo con el monto, factura F-1", "disagrees with the amount, invoice F-1"),
        (
            "WhatsApp bloqueó la cuenta de la empresa. (código 131031)",
            "WhatsApp blocked the company's account. (code 131031)",
        ),
        (
            "Pidió: horario.\nSe le dijo: saldo S/ 412.50; enlace de pago de S/ 10.00. Motivo: x.",
            "Asked for: opening hours.\nThey were told: balance S/ 412.50; payment link for S/ 10.00. Reason: x.",
        ),
        ("{nombre} y \\1 (sin par", "{nombre} y \\1 (sin par"),
    ],
)
def test_a_sentence_on_record_is_said_again(kept: str, english: str) -> None:
    assert recalled(kept) == kept, "read as a string it is what was kept"
    assert str(said(recalled(kept), "en")).lower() == english.lower()


def test_a_day_on_record_is_written_as_the_reader_writes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 29, 13, tzinfo=UTC))

    assert said(recalled("el lunes 30 de noviembre, 07:00"), "en") == "Monday, November 30, 07:00"
    assert said(recalled("el viernes 1 de enero, 07:00"), "en") == "Friday, January 1, 2027, 07:00"
    assert said(recalled("plan aceptado: 3 cuotas desde el 31 feb"), "en") == (
        "plan accepted: 3 instalments from 31 feb"
    )


@pytest.mark.parametrize("language", ["en", "pt"])
def test_every_reason_the_console_keeps_is_known(language: str) -> None:
    now = clock.now()
    waits = score.Facts(
        waiting_since=now - timedelta(hours=1),
        window_closes_at=now + timedelta(hours=1),
        account_state="late_3",
        overdue_minor=900_000,
        promise_on=date(2026, 11, 29),
        promise_state="broken",
    )
    kept = [
        *(str(reason.words) for reason in score.reasons(waits, score.USUAL_POINTS, now, date(2026, 11, 29))),
        *(words.lower() for words in (*CATEGORIES.values(), *REASONS.values())),
        *(*ALERTS.values(), *ASKED.values(), GONE, NOT_HERE),
        *(text for one in failures_es.every() for text in (one.what, one.do)),
        *(words.format(amount="S/ 1.00", count=3, day="27 nov", date="01/11/2026") for words in (*TOLD, *PROVED)),
    ]
    same = {"saldo", "saldo S/ 1.00", "espera 1 h 0 min"}

    assert [one for one in kept if said(recalled(one), language) == one and one not in same] == []


def test_what_somebody_typed_is_never_said_otherwise() -> None:
    lifted = event_words({"action": "contact_opt_out_lifted", "who": "Ana", "what": "horario"})
    ended = event_words({"action": "resolved", "who": "Cartera", "what": "Promesa de pago"})

    assert said(lifted, "en") == "Ana lifted the opt-out: horario"
    assert said(ended, "en") == "Cartera resolved the conversation: Promesa de pago"
