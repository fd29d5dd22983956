"""The captured webhooks of tests/payloads/whatsapp, and who is in them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from integrations.whatsapp.payloads import Event, Person, parse

PAYLOADS = Path(__file__).parents[2] / "payloads" / "whatsapp"
NUMBER = "200300400500600"
ACCOUNT = "100200300400500"
WHEN = datetime(2025, 11, 21, 16, tzinfo=UTC)
ANA = Person("51955500101", "PE.4417208655302741", None, "Ana Quispe", None)
ANA_UNNAMED = Person("51955500101", "PE.4417208655302741")


def body(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()


def events(name: str) -> list[Event]:
    return parse(body(name))


def wamid(name: str) -> str:
    return f"wamid.HBgLNTE5NTU1MDAxMDEVAgASGBQ{name:0>22}"
