"""What the console refuses on purpose, and how it says so."""

from __future__ import annotations

from console.languages.words import Words


class Refused(Exception):  # noqa: N818 it is an answer, not a failure of ours
    """An expected refusal. `text` is what the person reads; `code` is what a program reads.

    `status` is the HTTP status, `field` names the input at fault, `details` holds ids and values a caller can act on.
    """

    def __init__(
        self,
        status: int,
        text: str,
        *,
        code: str,
        field: str | None = None,
        details: dict[str, object] | None = None,
    ) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.code = code
        self.field = field
        self.details = details or {}


def not_found() -> Refused:
    """The same answer for what does not exist and for what may not be seen: ids must not leak."""
    return Refused(404, Words("No existe o no está a su alcance."), code="not_found")
