"""The canned texts of the demo: what a collections team writes twenty times a day."""

from __future__ import annotations

import asyncio
from pathlib import Path

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from console.agents import Viewer
from console.attachments import staging
from console.attachments.staging import Kept
from console.canned import attaching, keeping
from console.db import Tx

# Folder, name and words, everybody's.
TEXTS = (
    ("Saludo", "Buenos días", "{saludo}, {nombre|gracias por escribirnos}. Le atiende {agente}, de {empresa}."),
    ("Saludo", "¿Con quién hablo?", "{saludo}. Por seguridad, ¿me confirma su nombre completo antes de continuar?"),
    ("Saludo", "Despedida", "Gracias por su tiempo, {nombre|hasta pronto}. Cualquier consulta, escríbanos por aquí."),
    ("Deuda", "Saldo", "{nombre|Hola}: a hoy su saldo en la cuenta {cuenta} es {saldo}. ¿Le ayudo con el pago?"),
    (
        "Deuda",
        "Cuota vencida",
        "{nombre|Hola}: su cuota de {cuota} venció el {vencimiento} (hace {dias} días). ¿Qué alternativa le sirve?",
    ),
    ("Pago", "Enlace de pago", "Aquí puede pagar de forma segura: {enlace_pago}\nApenas entre el pago se lo confirmo."),
    (
        "Pago",
        "Pedir constancia",
        "Gracias, {nombre|de acuerdo}. ¿Me envía una foto de la constancia, donde se lea la fecha?",
    ),
    (
        "Promesa",
        "Recordar promesa",
        "{nombre|Hola}: le recuerdo su compromiso de {promesa_monto} para el {promesa_fecha}. Si ya pagó, omítalo.",
    ),
    ("Reclamo", "Recibido", "Registré su reclamo, {nombre|gracias}. Mientras lo revisamos no le pediremos ese pago."),
)


WHERE_TO_PAY = (
    "Pago",
    "Dónde pagar",
    "{nombre|Hola}: le envío los lugares donde puede pagar su cuota.",
)
PLACES = (
    "Banco de la Costa, agencias y banca móvil: convenio 4471, Financiera Andes",
    "Agentes Rápido: diga «Financiera Andes» y el número de su cuenta",
    "Financiera Andes, Jirón Las Flores 210, Lima. Lunes a sábado, de 9 a 18 h",
)


async def write(tx: Tx, by: Viewer, media_dir: Path) -> None:
    """Make them, one with a file."""
    for folder, name, body in (*TEXTS, WHERE_TO_PAY):
        text = await keeping.create(tx, by=by, name=name, body=body, folder=folder, scope="all")
    sheet = await asyncio.to_thread(_sheet, media_dir)
    await attaching.attach(tx, text, sheet, by=by)


def _sheet(media_dir: Path) -> Kept:
    """A sheet that says where one can pay, kept as a file that was brought."""
    paper = FPDF()
    paper.add_page()
    paper.set_font("helvetica", style="B", size=18)
    paper.cell(text="Dónde pagar su cuota", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    paper.set_font("helvetica", size=12)
    for place in PLACES:
        paper.ln(4)
        paper.multi_cell(0, text=place.replace("«", '"').replace("»", '"'), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    unfinished = media_dir / "tmp" / "donde-pagar"
    unfinished.parent.mkdir(parents=True, exist_ok=True)
    paper.output(str(unfinished))
    return staging.keep(media_dir, unfinished, filename="Dónde pagar.pdf", voice=False)
