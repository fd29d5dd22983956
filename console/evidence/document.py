"""The PDF of a pack, for people: the cover with the seal, the account, every message, and who did what with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from console.audit import AuditEntry
from console.evidence import consent_pages, readable
from console.evidence.paper import GREEN, Paper
from console.evidence.seals import Sealed
from console.evidence.shapes import Attachment, Debt, Dossier, Proofs, Said, Thread
from console.inbox.words import event_words
from console.portfolio.states import State, label
from console.render import money

HOURS = {
    "within": ("Dentro del horario de contacto", False),
    "reply": ("Fuera del horario, en respuesta a la persona: permitido", False),
    "outside": ("FUERA DEL HORARIO DE CONTACTO", True),
}
CLOSED = {
    "quarantined": "no va en el expediente: lo retuvo el antivirus",
    "checking": "no va en el expediente: el antivirus aún no lo revisó",
}
STATUSES = {
    "sent": "enviado",
    "delivered": "entregado",
    "read": "leído",
    "failed": "no se envió",
    "unknown": "sin confirmar",
    "queued": "en cola",
    "sending": "saliendo",
    "deleted": "eliminado",
    "played": "escuchado",
}


def write(to: Path, dossier: Dossier, *, entries: Sequence[AuditEntry], proofs: Proofs, key: str) -> None:
    """Write the PDF to `to`. Takes a moment for each hundred messages: call it from a thread."""
    zone = ZoneInfo(dossier.timezone)
    paper = Paper(f"Expediente de {dossier.scope} · {dossier.company}", made_at=_instant(dossier.made_at))
    paper.add_page()
    _cover(paper, dossier, entries, proofs, key)
    by_number = {entry.id: entry for entry in entries}
    for debt in dossier.accounts:
        _debt(paper, debt)
    for thread in dossier.conversations:
        _thread(paper, thread)
    consent_pages.write(paper, dossier)
    _listed(paper, "Consentimiento y bajas", [by_number[n] for n in dossier.consent], zone, none="Nada consta.")
    _listed(
        paper, "Lo que se informó de la deuda", [by_number[n] for n in dossier.disclosures], zone, none="Nada consta."
    )
    _listed(paper, "Quién la vio", [by_number[n] for n in dossier.readings], zone, none="Nadie, según consta.")
    _listed(paper, "Todo el historial", entries, zone, none="Sin entradas.")
    paper.output(str(to))


def _cover(paper: Paper, dossier: Dossier, entries: Sequence[AuditEntry], proofs: Proofs, key: str) -> None:
    paper.set_y(42)
    paper.set_text_color(*GREEN)
    paper.say(dossier.company, size=12, bold=True)
    paper.heading(f"Expediente de {dossier.scope}", size=24)
    people = ", ".join(sorted({thread.person.name or "Sin nombre" for thread in dossier.conversations}))
    messages = [said for thread in dossier.conversations for said in thread.messages]
    outside = sum(said.hour == "outside" for said in messages)
    paper.ln(4)
    paper.facts(
        [
            ("Persona", people or "—"),
            ("Cuentas", ", ".join(debt.external_id for debt in dossier.accounts) or "Ninguna"),
            ("Contiene", f"{len(messages)} mensajes y líneas, {len(entries)} entradas del historial"),
            ("Horario de contacto", _hours_in_brief(messages, outside)),
            ("Hecho", f"{_when(dossier.made_at, dossier.timezone)}, por {dossier.made_by}"),
            ("Horas", f"De cada persona, y en UTC. Las del historial, de {dossier.timezone}."),
        ]
    )
    paper.heading("El sello")
    newest = proofs.seals[-1] if proofs.seals else None
    if newest is None:
        paper.say("El historial de este expediente aún no está sellado.")
    else:
        paper.facts(
            [
                ("Sello", f"{newest.number}, sobre las entradas {newest.first:,} a {newest.last:,}"),
                ("Firmado", f"{_when(newest.at, dossier.timezone)}, Ed25519"),
                ("Marca de tiempo", _stamped(proofs, newest, dossier.timezone)),
            ]
        )
        paper.small("Raíz del árbol de huellas (SHA-256)")
        paper.code(newest.root)
        paper.small("Clave pública")
        paper.code(key)
    paper.ln(3)
    paper.say(
        "Cada entrada del historial contiene la huella de la anterior, y está bajo un sello firmado. El archivo ZIP de "
        "este expediente lo demuestra sin Al Día: descomprímalo y ejecute python3 verificar.py. Lo que no se puede "
        "mostrar en papel está ahí, letra por letra.",
        soft=True,
        size=9,
    )


def _stamped(proofs: Proofs, seal: Sealed, zone: str) -> str:
    stamp = next((each for each in proofs.stamps if each.seal == seal.number), None)
    if stamp is None:
        return "Sin marca de una autoridad de tiempo: la hora es la de esta empresa"
    return f"{_when(stamp.at, zone)}, por {stamp.authority or 'una autoridad sin nombre'} (RFC 3161)"


def _hours_in_brief(messages: Sequence[Said], outside: int) -> str:
    ours = sum(said.hour is not None for said in messages)
    if not ours:
        return "No se le escribió"
    return f"Respetado en los {ours} envíos" if not outside else f"{outside} de {ours} envíos, fuera de horario"


def _debt(paper: Paper, debt: Debt) -> None:
    paper.heading(f"Cuenta {debt.external_id}")
    document = f"{debt.document_type} {debt.document_number}" if debt.document_number else "No consta"
    paper.facts(
        [
            ("Titular", debt.holder),
            ("Documento", document),
            ("Estado al hacer esto", label(State(debt.state))),
            ("Saldo", money(debt.balance_minor, debt.currency)),
            ("Vencido", money(debt.overdue_minor, debt.currency)),
        ]
    )
    for title, rows, line in (
        ("Facturas", debt.invoices, _invoice),
        ("Promesas", debt.promises, _promise),
        ("Pagos", debt.payments, _payment),
    ):
        if rows:
            paper.say(title, bold=True)
            for row in rows:
                paper.say(line(row, debt.currency), size=9)
            paper.ln(1.5)


def _invoice(row: Mapping[str, Any], currency: str) -> str:
    frozen = ", en disputa" if row["disputed"] else ""
    amounts = f"{money(row['amount_minor'], currency)}, saldo {money(row['balance_minor'], currency)}"
    return f"{row['number']}: vence {row['due_on']}, {amounts}{frozen}"


def _promise(row: Mapping[str, Any], currency: str) -> str:
    state = readable.PROMISES.get(row["state"], row["state"])
    return f"{money(row['amount_minor'], currency)} para el {row['due_on']}: {state}"


def _payment(row: Mapping[str, Any], currency: str) -> str:
    return f"{money(row['amount_minor'], currency)} el {row['paid_at'][:10]}, {row['external_id']}"


def _thread(paper: Paper, thread: Thread) -> None:
    paper.add_page()
    paper.heading(f"Conversación {thread.id}", size=16)
    person = thread.person
    paper.facts(
        [
            ("Persona", f"{person.name or 'Sin nombre'}, {person.wa_id or 'sin número'}"),
            ("Nuestro número", thread.our_number or "—"),
            ("Equipo", f"{thread.team}{f', {thread.holder}' if thread.holder else ''}"),
            ("Horas", f"Las de {thread.timezone}; entre paréntesis, UTC"),
            ("No escribirle", _stopped(thread)),
        ]
    )
    paper.rule()
    for said in thread.messages:
        _message(paper, said, thread.timezone)


def _stopped(thread: Thread) -> str:
    if at := thread.person.opted_out_at:
        return f"Lo pidió el {_when(at, thread.timezone)}"
    if at := thread.person.wrong_number_at:
        return f"Número de otra persona, desde el {_when(at, thread.timezone)}"
    return "No lo ha pedido"


def _message(paper: Paper, said: Said, zone: str) -> None:
    if said.kind == "event":
        paper.small(f"{_when(said.created_at, zone)} · {event_words(said.content or {})}")
        paper.ln(1.5)
        return
    ours, note = said.direction == "out", said.direction == "none"
    who = said.author.name or readable.AUTHORS.get(said.author.kind, said.author.kind)
    head = f"{'Nota interna de ' if note else ''}{who} · {_when(said.created_at, zone)}"
    paper.bubble(head, _text(said), _foot(said, zone), ours=ours, note=note)


def _text(said: Said) -> str:
    if said.salt is None and said.text is None:
        return "(Borrado a pedido de su titular. La huella de que existió sigue en el historial.)"
    parts = [said.text or readable.KINDS.get(said.kind, said.kind)]
    parts += [f"Antes de editarse ({each.replaced_at}): {each.text or ''}" for each in said.former]
    return "\n".join(parts)


def _foot(said: Said, zone: str) -> list[tuple[str, bool]]:
    foot = [
        (f"{STATUSES.get(each.status, each.status)} {_when(each.at or each.received_at, zone)}", False)
        for each in said.statuses
    ]
    if not foot and said.direction == "out":
        foot.append((STATUSES.get(said.status, said.status), said.status == "failed"))
    foot += [(f"Adjunto: {_attached(each)}", False) for each in said.media]
    if said.revoked_at:
        foot.append((f"Eliminado por la persona {_when(said.revoked_at, zone)}; se conserva", False))
    if said.hour:
        foot.append(HOURS[said.hour])
    if said.wamid:
        foot.append((f"N.º {said.sequence} · {said.wamid}", False))
    return foot


def _attached(media: Attachment) -> str:
    digest = f"SHA-256 {media.sha256}" if media.sha256 else f"sin archivo ({media.state})"
    closed = f", {CLOSED[media.state]}" if media.state in CLOSED else ""
    return f"{media.filename or media.kind}, {media.mime_type or 'tipo desconocido'}, {digest}{closed}"


def _listed(paper: Paper, title: str, entries: Sequence[AuditEntry], zone: ZoneInfo, *, none: str) -> None:
    paper.heading(title)
    if not entries:
        paper.say(none, soft=True)
    for entry in entries:
        new = msgspec.json.decode(entry.new) if entry.new else {}
        words = readable.sentence(entry.action, readable.actor(entry), new if isinstance(new, dict) else {})
        local, utc = entry.at.astimezone(zone), entry.at
        paper.say(f"{entry.id:,} · {local:%d/%m/%Y %H:%M:%S} ({utc:%H:%M:%S} UTC) · {words}", size=8.5)


def _when(iso: str, zone: str) -> str:
    """A moment where the person lives, and in UTC."""
    utc = _instant(iso)
    local = utc.astimezone(ZoneInfo(zone))
    return f"{local:%d/%m/%Y %H:%M:%S} ({utc:%d/%m %H:%M:%S} UTC)"


def _instant(iso: str) -> datetime:
    return datetime.fromisoformat(iso)
