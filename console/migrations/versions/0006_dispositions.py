"""The tree of dispositions that collections teams of Latin America use, until the business edits it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# Contact, result, detail. Codes as in the field's lists; what a leaf needs, does and pauses stands behind its name.
# (code, name, needs, effect, working days of pause, whether it asks for the reason)
Leaf = tuple[str, str, str | None, str | None, int, bool]
TREE: list[tuple[str, str, list[tuple[str, str, list[Leaf]]]]] = [
    (
        "CD",
        "Habló el titular",
        [
            (
                "CD.PAGA",
                "Va a pagar",
                [
                    ("CD-PDP", "Promesa de pago", "promise", None, 0, False),
                    ("CD-PPA", "Promesa parcial", "promise", None, 0, False),
                    ("CD-CONV", "Acepta un plan de pagos", "plan", None, 0, False),
                    ("CD-QUITA", "Pide un descuento", None, None, 0, False),
                ],
            ),
            (
                "CD.PAGO",
                "Ya pagó",
                [
                    ("CD-YAP", "Dice que ya pagó, por verificar", None, None, 3, False),
                    ("CD-PCOM", "Pago comprobado", None, None, 0, False),
                ],
            ),
            (
                "CD.NOPAGA",
                "No va a pagar",
                [
                    ("CD-REN", "Se niega a pagar", None, None, 0, True),
                    ("CD-SCP", "Sin capacidad de pago", None, None, 0, True),
                    ("CD-VUL", "Situación vulnerable", None, None, 5, False),
                ],
            ),
            (
                "CD.DISP",
                "Reclama",
                [
                    ("CD-NRD", "No reconoce la deuda", "dispute", None, 0, False),
                    ("CD-MTO", "Discute el monto", "dispute", None, 0, False),
                    ("CD-REC", "Presentó un reclamo o queja", "dispute", None, 0, False),
                ],
            ),
            (
                "CD.OTRO",
                "Otro resultado",
                [
                    ("CD-CON", "Consulta atendida", None, None, 0, False),
                    ("CD-VLL", "Volver a contactar", "callback", None, 0, False),
                    ("CD-CHAN", "Prefiere otro canal u horario", None, None, 0, False),
                    ("CD-BAJA", "Pide que no le escribamos", None, "opt_out", 0, False),
                    ("CD-ABO", "Lo representa un abogado", None, None, 0, False),
                    ("CD-COLG", "Dejó de responder", None, None, 0, False),
                ],
            ),
        ],
    ),
    (
        "CI",
        "Respondió otra persona",
        [
            (
                "CI.TERC",
                "Tercero",
                [
                    ("CI-TER", "Conoce al titular", None, None, 0, False),
                    ("CI-MSJ", "Dejamos un recado neutro", None, None, 0, False),
                    ("CI-FAM", "Es un familiar: no usar el número", None, "wrong_number", 0, False),
                    ("CI-TRA", "Es del trabajo: no usar el número", None, "wrong_number", 0, False),
                ],
            ),
        ],
    ),
    (
        "NC",
        "Sin contacto",
        [
            (
                "NC.SINR",
                "Sin respuesta",
                [
                    ("NC-NOC", "No contesta", None, None, 0, False),
                    ("NC-BUZ", "Buzón de voz", None, None, 0, False),
                    ("NC-NLEE", "Entregado, sin leer", None, None, 0, False),
                    ("NC-VIS", "Leído, sin respuesta", None, None, 0, False),
                ],
            ),
            (
                "NC.DATO",
                "Dato que no sirve",
                [
                    ("NC-EQV", "Número equivocado", None, "wrong_number", 0, False),
                    ("NC-NOWA", "No tiene WhatsApp", None, None, 0, False),
                    ("NC-FSV", "Fuera de servicio", None, None, 0, False),
                    ("NC-BLQ", "Nos bloqueó", None, "opt_out", 0, False),
                    ("NC-ILO", "Ilocalizado", None, None, 0, False),
                ],
            ),
        ],
    ),
    (
        "AD",
        "Administrativo",
        [
            (
                "AD.CASO",
                "Situación del caso",
                [
                    ("AD-FAL", "Falleció", None, "stop", 0, False),
                    ("AD-CONC", "En concurso o insolvencia", None, "stop", 0, False),
                    ("AD-DEM", "Demandado y notificado", None, "stop", 0, False),
                    ("AD-FRA", "Suplantación o fraude", "dispute", None, 0, False),
                    ("AD-CED", "Deuda cedida o retirada", None, "stop", 0, False),
                    ("AD-CAS", "Castigada", None, None, 0, False),
                ],
            ),
            (
                "AD.CIERRE",
                "Cierre",
                [
                    ("AD-NOCOB", "No es un asunto de cobranza", None, None, 0, False),
                    ("AD-EXT", "Resuelta por sistema externo", None, None, 0, False),
                ],
            ),
        ],
    ),
]
# Answered, but no conversation to count as one; and administrative leaves count as none.
NOT_EFFECTIVE = {"CD-COLG"}

DISPOSITION = sa.table(
    "disposition",
    *(
        sa.column(name)
        for name in (
            "id",
            "parent_id",
            "code",
            "name",
            "group",
            "right_party",
            "effective",
            "needs",
            "effect",
            "pause_days",
            "asks_reason",
            "position",
            "version",
        )
    ),
)


def upgrade() -> None:
    """Plant the tree."""
    for first, (group, contact, results) in enumerate(TREE):
        root = _add(None, group, contact, group, first)
        for second, (code, result, leaves) in enumerate(results):
            branch = _add(root, code, result, group, second)
            for third, (leaf, name, needs, effect, pause, asks) in enumerate(leaves):
                _add(
                    branch,
                    leaf,
                    name,
                    group,
                    third,
                    right_party=group == "CD",
                    effective=group == "CD" and leaf not in NOT_EFFECTIVE,
                    needs=needs,
                    effect=effect,
                    pause_days=pause,
                    asks_reason=asks,
                )


def _add(parent: int | None, code: str, name: str, group: str, position: int, **more: object) -> int:
    usual = {
        "right_party": False,
        "effective": False,
        "needs": None,
        "effect": None,
        "pause_days": 0,
        "asks_reason": False,
        "version": 1,
    }
    values = {**usual, "parent_id": parent, "code": code, "name": name, "group": group, "position": position, **more}
    found = op.get_bind().execute(sa.insert(DISPOSITION).values(values).returning(DISPOSITION.c.id))
    return int(found.scalar_one())


def downgrade() -> None:
    """Fell it, from the leaves."""
    op.execute("DELETE FROM outcome")
    op.execute("UPDATE disposition SET parent_id = NULL")
    op.execute("DELETE FROM disposition")
