"""The consents of a pack on paper: what they allowed or took back, and what proves it."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from console.consents.awaited import LEFT, WAITS
from console.consents.imported import Outcome
from console.consents.kinds import How, Purpose, Standing, Way
from console.consents.words import HOWS, PURPOSES, STANDINGS, WAYS
from console.evidence.paper import Paper
from console.evidence.shapes import Consent, Dossier, Imported


def write(paper: Paper, dossier: Dossier) -> None:
    """One paragraph for each line of their history of consent, oldest first."""
    paper.heading("Consentimiento, con su prueba")
    if not dossier.consents and not dossier.imported_consents:
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
    for each in dossier.imported_consents:
        if each.outcome == Outcome.NOTED:
            continue  # it is told above
        stands = STANDINGS[Standing(each.state)]
        about = f"{PURPOSES[Purpose(each.purpose)]} por {WAYS[Way(each.channel)]}, número {each.phone}"
        paper.say(f"{stands}: {about}", bold=True, size=9.5)
        source = f"Lo dijo la carga {each.load}, fila {each.row}, de {each.by.name or 'Al Día'}"
        paper.say(f"{HOWS[How(each.how)]}, {_when(each.said_at, zone)}. {source}.", size=8.5)
        paper.small(f"{_became(each)}.")
        for line in _words(each):
            paper.small(line)
        paper.ln(1.5)


def _became(each: Imported) -> str:
    if each.replaced_by is not None:
        return f"Otra carga dijo otra cosa: la {each.replaced_by}"
    return WAITS if each.outcome == Outcome.WAITING else LEFT.get(each.why or "", "No se registró")


def _words(each: Imported) -> list[str]:
    told = (("Texto mostrado", each.shown), ("Referencia", each.reference), ("SHA-256 del archivo", each.file_sha256))
    return [f"{what}: {words}" for what, words in told if words]


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
        absent = "" if consent.file else "; no va en el expediente: el antivirus no lo dio por limpio"
        lines.append(f"Archivo: {consent.file_name}, SHA-256 {consent.sha256}{absent}")
    return lines or ["Sin prueba guardada, o borrada a pedido de su titular."]


def _when(iso: str, zone: ZoneInfo) -> str:
    utc = datetime.fromisoformat(iso)
    return f"{utc.astimezone(zone):%d/%m/%Y %H:%M} ({utc:%H:%M} UTC)"
