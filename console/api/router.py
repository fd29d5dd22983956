"""Every call of /api/v1, and what stands before them all."""

from __future__ import annotations

from typing import Any

from litestar import Router
from litestar.di import NamedDependency, Provide

from console import metrics
from console.api import (
    accounts,
    acting_conversations,
    acting_messages,
    acting_queue,
    acting_queue_rules,
    acting_scheduled,
    acting_search,
    acting_templates,
    attachments,
    audit,
    bulk_jobs,
    canned,
    catalogues,
    consents,
    contacts,
    conversations,
    drafts,
    messages,
    payments,
    problems,
    saved_views,
    scheduled,
    stream,
    tokens,
)
from console.api.asking import LARGEST_BODY
from console.api.cursors import Cursors
from console.settings import Settings

BASE = "/api/v1"


def cursors(settings: NamedDependency[Settings]) -> Cursors:
    """Cursors signed with this installation's key."""
    return Cursors(settings.secret_key)


calls = [
    *conversations.routes,
    *attachments.routes,
    *messages.routes,
    *scheduled.routes,
    *contacts.routes,
    *consents.routes,
    *accounts.routes,
    *payments.routes,
    *acting_queue.routes,
    *acting_queue_rules.routes,
    *acting_conversations.routes,
    *acting_messages.routes,
    *acting_scheduled.routes,
    *acting_templates.routes,
    *acting_search.routes,
    *drafts.routes,
    *canned.routes,
    *saved_views.routes,
    *bulk_jobs.routes,
    *audit.routes,
    *catalogues.routes,
    *stream.routes,
]


def counted(response: Any) -> Any:  # noqa: ANN401 the stream answers with an application of its own
    """Count what was answered; refusals are counted where they are written."""
    metrics.api_requests_total.labels(getattr(response, "status_code", None) or 200).inc()
    return response


v1 = Router(
    BASE,
    route_handlers=calls,
    guards=[tokens.guard],
    dependencies={
        "program": Provide(tokens.program, sync_to_thread=False),
        "cursors": Provide(cursors, sync_to_thread=False),
    },
    after_request=counted,
    exception_handlers=problems.handlers,
    request_max_body_size=LARGEST_BODY,
    include_in_schema=False,
)
