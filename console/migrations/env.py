"""How Alembic runs here: on the connection it is handed, in batch mode so that SQLite can alter tables."""

from __future__ import annotations

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

import console.agents
import console.attachments.models
import console.audit
import console.bots.models
import console.bulk_jobs.models
import console.canned.models
import console.consents.imported
import console.consents.models
import console.evidence.packs
import console.evidence.seals
import console.evidence.stamps
import console.hours.models
import console.inbox.channel
import console.inbox.contacts
import console.inbox.dispositions
import console.inbox.models
import console.inbox.tags
import console.mentions.models
import console.message_templates.models
import console.notifications.models
import console.number.models
import console.portfolio.agreements
import console.portfolio.batches
import console.portfolio.billing_cursor
import console.portfolio.corrections
import console.portfolio.ledger
import console.portfolio.models
import console.privacy.models
import console.quality.models
import console.reasons.models
import console.reports.models
import console.retention.models
import console.routing.models
import console.saved_views.models
import console.scanning.models
import console.scheduling.models
import console.search.models
import console.sign_in_letters.models
import console.supervision.models
import console.targets.models
import console.webhooks_out.models
import console.word_lists.models  # noqa: F401 every table must be known (tests/test_house.py)
from console.db import Base, Json, UTCDateTime


def _own_types(kind: str, item: object, autogen_context: AutogenContext) -> str | Literal[False]:
    """Write our column types by their short names in a generated revision."""
    if kind != "type" or not isinstance(item, UTCDateTime | Json):
        return False
    autogen_context.imports.add("from console.db import Json, UTCDateTime")
    return f"{type(item).__name__}()"


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=True,
    render_item=_own_types,
    compare_type=True,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
