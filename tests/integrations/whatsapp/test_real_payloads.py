"""Real payloads that are not in this repository: WHATSAPP_FIXTURES names a directory with an index.tsv."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import pytest

from integrations.whatsapp.payloads import AccountEvent, Echo, Inbound, StatusUpdate, Unreadable, parse

DIRECTORY = Path(os.environ.get("WHATSAPP_FIXTURES", ""))
# "Rejected" there means: does not match that project's schema. What WhatsApp sends may differ tomorrow, so we keep it.
NOT_ABOUT_WHATSAPP = "invalid_object_type"


def payloads() -> list[str]:
    index = DIRECTORY / "index.tsv"
    if not os.environ.get("WHATSAPP_FIXTURES") or not index.exists():
        return []
    with index.open(newline="") as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [row["file"] for row in rows if row["file"].startswith("webhook_")]


@pytest.mark.skipif(not payloads(), reason="WHATSAPP_FIXTURES names no directory of payloads")
@pytest.mark.parametrize("name", payloads() or ["none"])
def test_a_real_payload_is_understood(name: str) -> None:
    found = parse((DIRECTORY / name).read_bytes())

    if NOT_ABOUT_WHATSAPP in name:
        assert [type(each) for each in found] == [Unreadable]
        return
    assert found
    assert not [each for each in found if isinstance(each, Unreadable)]
    kind = name.partition("__")[0]
    if kind.startswith("webhook_in_"):
        [message] = found
        assert isinstance(message, Inbound)
        assert kind.removeprefix("webhook_in_").startswith(message.kind)
        assert message.wamid
        assert message.sender.wa_id or message.sender.user_id
    elif kind.startswith("webhook_status_"):
        [tick] = found
        assert isinstance(tick, StatusUpdate)
        assert kind == f"webhook_status_{tick.status}"
    elif kind.startswith("webhook_field_"):
        [news] = found
        assert isinstance(news, AccountEvent)
        assert kind == f"webhook_field_{news.field}"


@pytest.mark.skipif(not payloads(), reason="WHATSAPP_FIXTURES names no directory of payloads")
@pytest.mark.parametrize("name", [each for each in payloads() if each.startswith("webhook_batch")] or ["none"])
def test_a_real_batch_gives_every_element(name: str) -> None:
    raw = (DIRECTORY / name).read_bytes()
    values = [change["value"] for entry in json.loads(raw)["entry"] for change in entry["changes"]]

    found = parse(raw)

    for part, kind in (("messages", Inbound), ("statuses", StatusUpdate), ("message_echoes", Echo)):
        assert sum(isinstance(each, kind) for each in found) == sum(len(value.get(part, [])) for value in values)
