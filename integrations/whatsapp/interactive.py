"""Messages to tap on: buttons, a list, a link, a form, and requests for a place or a phone number."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from msgspec import Struct, field

from integrations.whatsapp import limits
from integrations.whatsapp.content import Media
from integrations.whatsapp.errors import Invalid

Wire = dict[str, Any]


class Header(Struct, frozen=True):
    """The head of an interactive message: text, or a media object (image, video, document)."""

    text: str | None = None
    media: Media | None = None

    def wire(self) -> Wire:
        """Meta's JSON for the part under `header`."""
        if (self.text is None) == (self.media is None):
            raise Invalid("interactive.header", "needs either text or media")
        if self.text is not None:
            return {"type": "text", "text": limits.text("interactive.header.text", self.text, limits.HEADER)}
        assert self.media is not None  # noqa: S101 - said above
        if self.media.kind not in {"image", "video", "document"}:
            raise Invalid("interactive.header", f"cannot be {self.media.kind}")
        return {"type": self.media.kind, self.media.kind: self.media.wire()}


class _Interactive(Struct, frozen=True, kw_only=True):
    body: str
    header: Header | None = None
    footer: str | None = None

    type: ClassVar[str] = "interactive"
    kind: ClassVar[str]

    def wire(self) -> Wire:
        """Meta's JSON for the part under `interactive`."""
        wire: Wire = {"type": self.kind}
        if self.header is not None:
            wire["header"] = self.header.wire()
        wire["body"] = {"text": limits.text("interactive.body.text", self.body, limits.INTERACTIVE_BODY)}
        if self.footer is not None:
            wire["footer"] = {"text": limits.text("interactive.footer.text", self.footer, limits.FOOTER)}
        wire["action"] = self._action()
        return wire

    def _action(self) -> Wire:
        raise NotImplementedError


class Button(Struct, frozen=True):
    """A reply button: `id` comes back when it is pressed."""

    id: str
    title: str


class Buttons(_Interactive, frozen=True, kw_only=True):
    """Text with one to three reply buttons."""

    buttons: list[Button]

    kind: ClassVar[str] = "button"

    def _action(self) -> Wire:
        name = "interactive.action.buttons"
        limits.count(name, self.buttons, 1, limits.BUTTONS)
        limits.unique(f"{name}.reply.id", [each.id for each in self.buttons])
        limits.unique(f"{name}.reply.title", [each.title for each in self.buttons])
        return {
            "buttons": [
                {
                    "type": "reply",
                    "reply": {
                        "id": limits.label(f"{name}.reply.id", each.id, limits.BUTTON_ID),
                        "title": limits.label(f"{name}.reply.title", each.title, limits.BUTTON_TITLE),
                    },
                }
                for each in self.buttons
            ],
        }


class Row(Struct, frozen=True):
    """A row of a list: `id` comes back when it is chosen."""

    id: str
    title: str
    description: str | None = None


class Section(Struct, frozen=True):
    """Rows under a title, which is needed as soon as there are two sections."""

    rows: list[Row]
    title: str | None = None


class ListMessage(_Interactive, frozen=True, kw_only=True):
    """A list to choose one row from, ten in all; its header is text or none."""

    button: str
    sections: list[Section]

    kind: ClassVar[str] = "list"

    def _action(self) -> Wire:
        if self.header is not None and self.header.text is None:
            raise Invalid("interactive.header", "of a list is text")
        limits.count("interactive.action.sections", self.sections, 1, limits.SECTIONS)
        rows = [row for section in self.sections for row in section.rows]
        limits.count("interactive.action.sections.rows", rows, 1, limits.ROWS)
        limits.unique("interactive.action.sections.rows.id", [row.id for row in rows])
        return {
            "button": limits.label("interactive.action.button", self.button, limits.LIST_BUTTON),
            "sections": [self._section(each) for each in self.sections],
        }

    def _section(self, section: Section) -> Wire:
        name = "interactive.action.sections"
        wire: Wire = {}
        if section.title is not None or len(self.sections) > 1:
            wire["title"] = limits.label(f"{name}.title", section.title or "", limits.SECTION_TITLE)
        limits.count(f"{name}.rows", section.rows, 1, limits.ROWS)
        wire["rows"] = [_row(f"{name}.rows", each) for each in section.rows]
        return wire


class LinkButton(_Interactive, frozen=True, kw_only=True):
    """Text with one button that opens `url` (Meta: cta_url)."""

    label: str
    url: str

    kind: ClassVar[str] = "cta_url"

    def _action(self) -> Wire:
        name = "interactive.action.parameters"
        text = limits.label(f"{name}.display_text", self.label, limits.LINK_LABEL)
        return {"name": "cta_url", "parameters": {"display_text": text, "url": limits.url(f"{name}.url", self.url)}}


class FlowMessage(_Interactive, frozen=True, kw_only=True):
    """A button that opens a Flow, by id or by name. `screen` is where it starts, with `data`."""

    cta: str
    flow_id: str | None = None
    flow_name: str | None = None
    flow_token: str | None = None
    draft: bool = False
    flow_action: Literal["navigate", "data_exchange"] = "navigate"
    screen: str | None = None
    data: Wire = field(default_factory=dict)

    kind: ClassVar[str] = "flow"

    def _action(self) -> Wire:
        name = "interactive.action.parameters"
        if (self.flow_id is None) == (self.flow_name is None):
            raise Invalid(f"{name}.flow_id", "needs either an id or a name")
        parameters: Wire = {
            "flow_message_version": "3",
            "flow_cta": limits.label(f"{name}.flow_cta", self.cta, limits.FLOW_CTA),
        }
        given = {"flow_id": self.flow_id, "flow_name": self.flow_name, "flow_token": self.flow_token}
        parameters |= {key: value for key, value in given.items() if value is not None}
        if self.draft:
            parameters["mode"] = "draft"
        parameters["flow_action"] = self.flow_action
        limits.writable(f"{name}.flow_action_payload", self.data)
        if self.screen is not None:
            parameters["flow_action_payload"] = {"screen": self.screen} | ({"data": self.data} if self.data else {})
        return {"name": "flow", "parameters": parameters}


class LocationRequest(_Interactive, frozen=True, kw_only=True):
    """Asks where the customer is."""

    kind: ClassVar[str] = "location_request_message"

    def _action(self) -> Wire:
        _body_only(self)
        return {"name": "send_location"}


class ContactInfoRequest(_Interactive, frozen=True, kw_only=True):
    """Asks for the customer's own phone number; the answer is a `contacts` message of origin contact_request."""

    kind: ClassVar[str] = "request_contact_info"

    def _action(self) -> Wire:
        _body_only(self)
        return {"name": "request_contact_info"}


Interactive = Buttons | ListMessage | LinkButton | FlowMessage | LocationRequest | ContactInfoRequest


def _row(name: str, row: Row) -> Wire:
    wire: Wire = {
        "id": limits.label(f"{name}.id", row.id, limits.ROW_ID),
        "title": limits.label(f"{name}.title", row.title, limits.ROW_TITLE),
    }
    if row.description is not None:
        wire["description"] = limits.label(f"{name}.description", row.description, limits.ROW_DESCRIPTION)
    return wire


def _body_only(message: _Interactive) -> None:
    if message.header is not None or message.footer is not None:
        raise Invalid("interactive.header", f"{message.kind} has a body only")
