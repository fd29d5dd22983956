"""Templates as we write them, and the seven messages of the classic sequence, ready to be submitted."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from console.db import Json, UTCDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DRAFT = sa.table(
    "template_draft",
    *(
        sa.column(name)
        for name in ("name", "language", "category", "purpose", "header", "body", "footer", "state", "problem")
    ),
    sa.column("buttons", Json()),
    sa.column("examples", Json()),
    sa.column("created_at", UTCDateTime()),
    sa.column("updated_at", UTCDateTime()),
    sa.column("version", WHOLE),
)
FOOTER = "Responda BAJA si no desea recibir mensajes"
PAID, HELP, PLAN = "Ya pagué", "Necesito ayuda", "Ver alternativas"
# When they were written.
THEN = datetime(2026, 11, 28, tzinfo=UTC)
# Name, for whom and when, words, quick replies.
SEQUENCE = [
    (
        "cuota_por_vencer",
        "3 días antes del vencimiento",
        (
            "Buen día, {{nombre}}. Le escribimos de {{empresa}} para recordarle que su cuota de {{cuota}} vence el "
            "{{vencimiento}}. Si ya la pagó, no tome en cuenta este mensaje. Gracias por su puntualidad."
        ),
        (PAID, HELP),
    ),
    (
        "cuota_vencida_reciente",
        "De 1 a 3 días de atraso",
        (
            "Buen día, {{nombre}}. Le escribimos de {{empresa}}. Su cuota de {{cuota}} venció el {{vencimiento}} y todavía no "
            "vemos el pago. Quizás se le pasó: puede pagarla hoy, o responder aquí si necesita algo de nosotros."
        ),
        (PAID, HELP),
    ),
    (
        "cuota_vencida_seguimiento",
        "De 7 a 15 días de atraso",
        (
            "Buen día, {{nombre}}. Le escribimos de {{empresa}} por su cuota de {{cuota}}, que tiene {{dias}} días de atraso. "
            "Nos gustaría ayudarle a ponerse al día: si una fecha o un pago en partes le acomoda mejor, respóndanos y lo vemos."
        ),
        (PAID, PLAN),
    ),
    (
        "cuenta_en_atraso",
        "De 30 a 45 días de atraso",
        (
            "Buen día, {{nombre}}. Le escribimos de {{empresa}}. En su cuenta hay {{vencido}} con {{dias}} días de atraso. "
            "Sabemos que puede haber imprevistos; por eso tenemos alternativas de pago para usted. ¿Conversamos hoy por aquí?"
        ),
        (PLAN, PAID),
    ),
    (
        "cuenta_regularizacion",
        "Más de 60 días de atraso",
        (
            "Buen día, {{nombre}}. Le escribimos de {{empresa}}. Su cuenta tiene {{vencido}} pendientes desde hace {{dias}} "
            "días y queremos encontrar con usted una forma de regularizarla, según lo que hoy le sea posible. "
            "Una persona de nuestro equipo puede explicarle las opciones cuando usted diga."
        ),
        (PLAN, HELP),
    ),
    (
        "pago_recibido",
        "Al recibir un pago",
        (
            "Gracias, {{nombre}}. En {{empresa}} recibimos su pago de {{pago_monto}} del {{pago_fecha}} y ya está registrado en "
            "su cuenta. Si necesita la constancia, respóndanos y se la enviamos."
        ),
        ("Enviar constancia",),
    ),
    (
        "promesa_sin_cumplir",
        "Al día siguiente de una promesa incumplida",
        (
            "Buen día, {{nombre}}. Le escribimos de {{empresa}}. Habíamos anotado su compromiso de {{promesa_monto}} para el "
            "{{promesa_fecha}} y todavía no vemos el pago. Si ya lo hizo, envíenos la constancia; si se le complicó, díganos "
            "qué fecha le sirve y la reprogramamos."
        ),
        (PAID, "Reprogramar"),
    ),
]
EXAMPLES = {
    "nombre": "María",
    "empresa": "Financiera Andes",
    "cuota": "S/ 412.50",
    "vencido": "S/ 825.00",
    "vencimiento": "5 de noviembre",
    "dias": "15",
    "pago_monto": "S/ 412.50",
    "pago_fecha": "20 de noviembre",
    "promesa_monto": "S/ 200.00",
    "promesa_fecha": "27 de noviembre",
}


def upgrade() -> None:
    op.create_table(
        "template_draft",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("category", sa.String(length=32), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("header", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("footer", sa.Text(), nullable=False),
        sa.Column("buttons", Json(), nullable=False),
        sa.Column("examples", Json(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("version", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_template_draft")),
        sa.UniqueConstraint("name", "language", name=op.f("uq_template_draft_name")),
    )
    op.create_table(
        "template_submission",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("draft_id", WHOLE, nullable=False),
        sa.Column("number", WHOLE, nullable=False),
        sa.Column("category", sa.String(length=32), nullable=False),
        sa.Column("components", Json(), nullable=False),
        sa.Column("edits", sa.Text(), nullable=True),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("details", sa.Text(), nullable=True),
        sa.Column("by_id", WHOLE, nullable=False),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["draft_id"], ["template_draft.id"], name=op.f("fk_template_submission_draft_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_template_submission")),
        sa.UniqueConstraint("draft_id", "number", name=op.f("uq_template_submission_draft_id")),
    )
    for name, purpose, body, replies in SEQUENCE:
        examples = {key: value for key, value in EXAMPLES.items() if f"{{{{{key}}}}}" in body}
        op.get_bind().execute(
            sa.insert(DRAFT).values(
                name=name,
                language="es",
                category="UTILITY",
                purpose=purpose,
                header="",
                body=body,
                footer=FOOTER,
                buttons=[{"type": "QUICK_REPLY", "text": words} for words in replies],
                examples=examples,
                state="draft",
                problem=None,
                created_at=THEN,
                updated_at=THEN,
                version=1,
            )
        )


def downgrade() -> None:
    op.drop_table("template_submission")
    op.drop_table("template_draft")
