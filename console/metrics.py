"""What this process counts and times, in Prometheus' terms; the door that shows it is `console.health`.

Whoever does the deed counts it: `metrics.webhooks_total.labels("accepted").inc()`. Every process has its own numbers
and is scraped by itself; a sum over processes is Prometheus' work, not ours.
"""

from __future__ import annotations

import asyncio

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series each
REGISTRY = CollectorRegistry(auto_describe=True)
CONTENT_TYPE = CONTENT_TYPE_LATEST

# From a blink to what Meta calls slow (1 s) and a request gives up on (30 s).
_LATENCIES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

webhooks_total = Counter(
    "aldia_webhooks",
    "Webhook deliveries answered: accepted, bad_signature, too_big, dead_letter, unavailable.",
    ["outcome"],
    registry=REGISTRY,
)
payment_notices_total = Counter(
    "aldia_payment_notices",
    "Payment notices answered: accepted, repeated, forged, too_old, too_big, unavailable.",
    ["outcome"],
    registry=REGISTRY,
)
webhook_seconds = Histogram(
    "aldia_webhook_seconds",
    "From the last byte of a delivery to the answer that says it is durable.",
    buckets=_LATENCIES,
    registry=REGISTRY,
)
ingest_batch_size = Histogram(
    "aldia_ingest_batch_size",
    "Deliveries that shared one commit.",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000),
    registry=REGISTRY,
)
messages_received_total = Counter(
    "aldia_messages_received",
    "Messages processed from webhooks that were new (repeats are not counted).",
    registry=REGISTRY,
)
ticks_total = Counter(
    "aldia_ticks",
    "Statuses processed from webhooks that were new, by what they said.",
    ["status"],
    registry=REGISTRY,
)
frames_pushed_total = Counter("aldia_frames_pushed", "Frames pushed to screens and streams.", registry=REGISTRY)
sends_total = Counter(
    "aldia_sends",
    "Attempts to send through WhatsApp, by how they ended: sent, failed, retried, unknown.",
    ["outcome"],
    registry=REGISTRY,
)
live_sockets = Gauge("aldia_live_sockets", "Open sockets of screens.", registry=REGISTRY)
live_streams = Gauge("aldia_live_streams", "Programs following /api/v1/stream.", registry=REGISTRY)
screen_seconds = Histogram(
    "aldia_screen_seconds",
    "From the arrival of a delivery to its first frame written to a screen.",
    buckets=_LATENCIES,
    registry=REGISTRY,
)
api_requests_total = Counter(
    "aldia_api_requests",
    "Calls to /api/v1, by the status they were answered with.",
    ["status"],
    registry=REGISTRY,
)
loop_lag = Histogram(
    "aldia_event_loop_lag_seconds",
    "How late the event loop was for an appointment with itself: time during which nobody was served.",
    buckets=_LATENCIES,
    registry=REGISTRY,
)
backlog = Gauge(
    "aldia_backlog",
    "What waits: queued, sending and unknown messages, open dead letters, pending media, files no scanner has seen."
    " Read when scraped.",
    ["of"],
    registry=REGISTRY,
)
database_damaged = Gauge(
    "aldia_database_damaged", "1 when the nightly look through the SQLite file found it damaged.", registry=REGISTRY
)
scanner_away = Gauge(
    "aldia_scanner_away", "1 while the malware scanner does not answer. Asked when scraped.", registry=REGISTRY
)
scans_total = Counter(
    "aldia_scans",
    "Files shown to the malware scanner, by how it ended: clean, infected, put_off, away.",
    ["outcome"],
    registry=REGISTRY,
)
wal_bytes = Gauge(
    "aldia_wal_bytes",
    "Size of SQLite's log of commits, which a reader that never ends keeps growing. Read when scraped.",
    registry=REGISTRY,
)
history_head = Gauge("aldia_history_head", "Number of the newest history entry. Read when scraped.", registry=REGISTRY)

# A series that is absent until its first event cannot be alerted on: it is there from the start, at zero.
for _outcome in ("accepted", "bad_signature", "too_big", "dead_letter", "unavailable"):
    webhooks_total.labels(_outcome)
for _outcome in ("sent", "failed", "retried", "unknown"):
    sends_total.labels(_outcome)
for _outcome in ("clean", "infected", "put_off", "away"):
    scans_total.labels(_outcome)
for _status in ("sent", "delivered", "read", "failed"):
    ticks_total.labels(_status)

ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)


def text() -> bytes:
    """Everything this process has counted so far, as Prometheus reads it (`CONTENT_TYPE`)."""
    return generate_latest(REGISTRY)


async def watch_loop(*, every: float = 0.5) -> None:
    """Keep an appointment with the event loop every `every` seconds, noting how late it was. Runs for good."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + every
        await asyncio.sleep(every)
        loop_lag.observe(max(loop.time() - due, 0.0))
