"""What the bot says, remembers and has done; and half of what the right party is asked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from console.db import Json, UTCDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bot_cursor",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bot_cursor")),
    )
    op.create_table(
        "bot_rules",
        sa.Column("team_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("mode", sa.String(length=16), nullable=False),
        sa.Column("unanswered_minutes", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("quiet_minutes", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("paused_until", UTCDateTime(), nullable=True),
        sa.Column("tone", sa.String(length=16), nullable=False),
        sa.Column("questions", Json(), nullable=False),
        sa.Column("tries", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("verified_days", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("stale_hours", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("most_replies", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("most_a_night", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reply_price_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("helpline", sa.Text(), nullable=True),
        sa.Column("methods", sa.Text(), nullable=True),
        sa.Column("updated_at", UTCDateTime(), nullable=True),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_bot_rules_team_id")),
        sa.PrimaryKeyConstraint("team_id", name=op.f("pk_bot_rules")),
    )
    op.create_table(
        "bot_text",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("tone", sa.String(length=16), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("made_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("made_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["made_by_id"], ["agent.id"], name=op.f("fk_bot_text_made_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bot_text")),
        sa.UniqueConstraint("key", "country", "tone", "version", name=op.f("uq_bot_text_key_country_tone_version")),
    )
    op.create_table(
        "bot_alert",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("team_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("conversation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("seen_at", UTCDateTime(), nullable=True),
        sa.Column("seen_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name=op.f("fk_bot_alert_conversation_id")),
        sa.ForeignKeyConstraint(["seen_by_id"], ["agent.id"], name=op.f("fk_bot_alert_seen_by_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_bot_alert_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bot_alert")),
    )
    with op.batch_alter_table("bot_alert", schema=None) as batch_op:
        batch_op.create_index(
            "ix_bot_alert_open",
            ["id"],
            unique=False,
            sqlite_where=sa.text("seen_at IS NULL"),
            postgresql_where=sa.text("seen_at IS NULL"),
        )

    op.create_table(
        "bot_session",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("conversation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("team_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("former_holder_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("resumes_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("memory", Json(), nullable=False),
        sa.Column("debtor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("verified_at", UTCDateTime(), nullable=True),
        sa.Column("verified_how", sa.Text(), nullable=True),
        sa.Column("answered_sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("replies", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reason", sa.String(length=24), nullable=True),
        sa.Column("urgency", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("heard_at", UTCDateTime(), nullable=True),
        sa.Column("due_at", UTCDateTime(), nullable=True),
        sa.Column("claim", sa.String(length=36), nullable=True),
        sa.Column("claimed_until", UTCDateTime(), nullable=True),
        sa.Column("failures", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("opened_at", UTCDateTime(), nullable=False),
        sa.Column("last_at", UTCDateTime(), nullable=False),
        sa.Column("handed_at", UTCDateTime(), nullable=True),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.Column("ended_why", sa.String(length=16), nullable=True),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name=op.f("fk_bot_session_conversation_id")),
        sa.ForeignKeyConstraint(["debtor_id"], ["debtor.id"], name=op.f("fk_bot_session_debtor_id")),
        sa.ForeignKeyConstraint(["former_holder_id"], ["agent.id"], name=op.f("fk_bot_session_former_holder_id")),
        sa.ForeignKeyConstraint(["resumes_id"], ["bot_session.id"], name=op.f("fk_bot_session_resumes_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_bot_session_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bot_session")),
    )
    with op.batch_alter_table("bot_session", schema=None) as batch_op:
        batch_op.create_index("ix_bot_session_conversation", ["conversation_id", "id"], unique=False)
        batch_op.create_index(
            "ix_bot_session_due",
            ["due_at"],
            unique=False,
            sqlite_where=sa.text("due_at IS NOT NULL"),
            postgresql_where=sa.text("due_at IS NOT NULL"),
        )
        batch_op.create_index("ix_bot_session_opened", ["opened_at", "id"], unique=False)
        batch_op.create_index(
            "uq_bot_session_live",
            ["conversation_id"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "bot_step",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("session_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("conversation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("through_sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("heard", Json(), nullable=False),
        sa.Column("understood", Json(), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("asked", sa.String(length=24), nullable=True),
        sa.Column("deeds", Json(), nullable=False),
        sa.Column("texts", Json(), nullable=False),
        sa.Column("message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("is_unclear", sa.Boolean(), nullable=False),
        sa.Column("label", sa.String(length=24), nullable=True),
        sa.Column("labelled_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("took_ms", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["bot_session.id"], name=op.f("fk_bot_step_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bot_step")),
        sa.UniqueConstraint(
            "conversation_id", "through_sequence", name=op.f("uq_bot_step_conversation_id_through_sequence")
        ),
    )
    with op.batch_alter_table("bot_step", schema=None) as batch_op:
        batch_op.create_index("ix_bot_step_at", ["at"], unique=False)
        batch_op.create_index("ix_bot_step_session", ["session_id", "number"], unique=False)
        batch_op.create_index(
            "ix_bot_step_unclear",
            ["at", "id"],
            unique=False,
            sqlite_where=sa.text("is_unclear"),
            postgresql_where=sa.text("is_unclear"),
        )

    op.create_table(
        "identity_try",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("session_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("debtor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("was_right", sa.Boolean(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_identity_try_contact_id")),
        sa.ForeignKeyConstraint(["debtor_id"], ["debtor.id"], name=op.f("fk_identity_try_debtor_id")),
        sa.ForeignKeyConstraint(["session_id"], ["bot_session.id"], name=op.f("fk_identity_try_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_try")),
    )
    with op.batch_alter_table("identity_try", schema=None) as batch_op:
        batch_op.create_index("ix_identity_try_at", ["at"], unique=False)
        batch_op.create_index("ix_identity_try_contact", ["contact_id", "at"], unique=False)
        batch_op.create_index("ix_identity_try_debtor", ["debtor_id", "at"], unique=False)

    with op.batch_alter_table("debtor", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("birth_year", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
        )

    # The one row that says how far the bot has listened; without a position it begins with what happens next.
    op.execute("INSERT INTO bot_cursor (id) VALUES (1)")


def downgrade() -> None:
    with op.batch_alter_table("debtor", schema=None) as batch_op:
        batch_op.drop_column("birth_year")
    for table in ("identity_try", "bot_step", "bot_session", "bot_alert", "bot_text", "bot_rules", "bot_cursor"):
        op.drop_table(table)
