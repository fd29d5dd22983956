"""The consents of a pack on paper: what they allowed or took back, and what proves it."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from console.consents.models import How, Purpose, Standing, Way
from console.consents.words import HOWS, PURPOSES, STANDINGS, WAYS
from console.evidence.paper import Paper
from console.evidence.shapes import Consent, Dossier


def write(paper: Paper, dossier: Dossier) -> None:
    """One paragraph for each line of their history of consent, oldest first."""
    paper.heading("Consentimiento, con su prueba")
    if not dossier.consents:
        paper.say("No consta que haya autorizado ni rechazado nada por escrito.", soft=True)
    zone = ZoneInfo(dossier.timezone)
    for consent in dossier.consents:
        stands = STANDINGS[Standing(consent.state)]
        about = f"{PURPOSES[Purpose(consent.purpose)]} por {WAYS[Way(consent.channel)]}"
        paper.say(f"{stands}: {about}", bold=True, size=9.5)
        recorded = f"Registró {consent.by.name or 'Al Día'}, {_when(consent.recorded_at, zone)}"
        paper.say(f"{HOWS[How(consent.how)]}, {_when(consent.said_at, zone)}. {recorded}.", size=8.5)
        for line in _proof(consent):
            paper.small(line)
        paper.ln(1.5)


def _proof(consent: Consent) -> list[str]:
    lines = []
    if consent.shown:
        version = f" (versión {consent.version})" if consent.version else ""
        lines.append(f"Texto mostrado{version}: {consent.shown}")
    if consent.message_id:
        lines.append(f"Mensaje {consent.message_id} de esta conversación")
    if consent.reference:
        lines.append(f"Referencia: {consent.reference}")
    if consent.sha256:
        lines.append(f"Archivo: {consent.file_name}, SHA-256 {consent.sha256}")
    return lines or ["Sin prueba guardada, o borrada a pedido de su titular."]


def _when(iso: str, zone: ZoneInfo) -> str:
    utc = datetime.fromisoformat(iso)
    return f"{utc.astimezone(zone):%d/%m/%Y %H:%M} ({utc:%H:%M} UTC)"
