"""The labels: what a debtor's message can mean. Several may hold; the main one comes first."""

from __future__ import annotations

LABELS = (
    "balance", "payment_link", "payment_methods", "due_date", "already_paid", "promise_to_pay", "payment_plan",
    "dispute", "wrong_person", "opt_out", "human", "complaint", "hardship", "distress", "hours", "identity_answer",
    "affirm", "deny", "greeting", "thanks", "other",
)  # fmt: skip
"""In the order in which equals are listed."""
