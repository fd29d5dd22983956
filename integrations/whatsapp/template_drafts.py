"""A message template as it is submitted: created or edited, in Meta's shape, checked before any call."""

from __future__ import annotations

import re
from typing import Any, Literal

from msgspec import Struct

from integrations.whatsapp import limits
from integrations.whatsapp.errors import Invalid, NoAnswer
from integrations.whatsapp.message_kinds import words
from integrations.whatsapp.people import identifier

Wire = dict[str, Any]
_NAME = re.compile(r"[a-z0-9_]+", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2})?", re.ASCII)


class TemplateDraft(Struct, frozen=True, kw_only=True):
    """What is submitted. `components` in Meta's shape, with an example of each variable; replaced whole by an edit.

    `ttl_seconds` is how long Meta goes on trying to deliver it (utility: 30 s to 12 h).
    """

    name: str
    language: str
    category: Literal["UTILITY", "MARKETING"]
    components: list[Wire]
    parameter_format: Literal["NAMED", "POSITIONAL"] = "NAMED"
    ttl_seconds: int | None = None

    def wire(self) -> Wire:
        """Meta's JSON of `POST /{account}/message_templates`."""
        if not _NAME.fullmatch(self.name) or len(self.name) > limits.TEMPLATE_NAME:
            raise Invalid("name", "is no name of a template")
        if not _LANGUAGE.fullmatch(self.language):
            raise Invalid("language", "is no language such as es or es_MX")
        return {
            "name": self.name,
            "language": self.language,
            "parameter_format": self.parameter_format,
            **self.changes(),
        }

    def changes(self, *, with_category: bool = True) -> Wire:
        """Meta's JSON of `POST /{template}`; the category of an approved one is fixed."""
        limits.count("components", self.components, 1, 10)
        limits.writable("components", self.components)
        wire: Wire = {"components": self.components}
        if with_category:
            wire["category"] = self.category
        if self.ttl_seconds is not None:
            limits.between("message_send_ttl_seconds", self.ttl_seconds, 30, 43_200)
            wire["message_send_ttl_seconds"] = self.ttl_seconds
        return wire


class Submitted(Struct, frozen=True):
    """What Meta answers to a new template; the category may be another than was asked for."""

    id: str
    status: str
    category: str


def submitted(answer: Wire) -> Submitted:
    """Meta's answer to a new template. NoAnswer where it holds no id."""
    template_id = identifier(answer.get("id"))
    if template_id is None:
        raise NoAnswer("accepted without an id", http_status=200)
    return Submitted(template_id, words(answer.get("status")) or "PENDING", words(answer.get("category")) or "")
