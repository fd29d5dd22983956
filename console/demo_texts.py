"""The canned texts of the demo: what a collections team writes twenty times a day."""

from __future__ import annotations

from console.agents import Viewer
from console.canned import keeping
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


async def write(tx: Tx, by: Viewer) -> None:
    """Make them."""
    for folder, name, body in TEXTS:
        await keeping.create(tx, by=by, name=name, body=body, folder=folder, scope="all")
