"""Message templates: the ones Meta lists for us, and a send of one with its parameters."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from msgspec import Struct

from integrations.whatsapp import limits
from integrations.whatsapp.errors import Invalid
from integrations.whatsapp.message_kinds import part, words
from integrations.whatsapp.people import identifier

Wire = dict[str, Any]

_NAME = re.compile(r"[a-z0-9_]+", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2})?", re.ASCII)
_PARAMETER_NAME = re.compile(r"[a-z0-9_]+", re.ASCII)
_DEGREES = re.compile(r"-?\d{1,3}(\.\d{1,15})?", re.ASCII)
_UNWANTED = re.compile(r"[\n\r\t]| {5,}")
_BUTTONS = 10

FIELDS = "name,category,status,language,components,parameter_format,quality_score,rejected_reason,id"


class MessageTemplate(Struct, frozen=True, kw_only=True):
    """A template as Meta lists it. `components` in Meta's shape; `parameter_format` POSITIONAL or NAMED."""

    id: str
    name: str
    language: str
    status: str
    category: str
    parameter_format: str = "POSITIONAL"
    components: list[Wire] = []
    quality_score: str | None = None
    rejected_reason: str | None = None


class Parameter(Struct, frozen=True, kw_only=True):
    """What fills one variable: text, with its `name` if the variables have names; in a header media or a place."""

    text: str | None = None
    name: str | None = None
    media: TemplateMedia | None = None
    place: TemplatePlace | None = None

    def wire(self, where: str) -> Wire:
        """Meta's JSON; `where` names the component for the error."""
        if sum(each is not None for each in (self.text, self.media, self.place)) != 1:
            raise Invalid(where, "needs either text, media or a place")
        if self.media is not None:
            return self.media.wire(where)
        if self.place is not None:
            return self.place.wire(where)
        most = limits.HEADER if where.endswith("header") else limits.INTERACTIVE_BODY
        value = limits.text(f"{where}.text", self.text or "", most)
        if _UNWANTED.search(value):
            raise Invalid(f"{where}.text", "holds a line break, a tab or five spaces in a row")
        if self.name is None:
            return {"type": "text", "text": value}
        if not _PARAMETER_NAME.fullmatch(self.name):
            raise Invalid(f"{where}.parameter_name", "is no name of a variable")
        return {"type": "text", "parameter_name": self.name, "text": value}


class TemplateMedia(Struct, frozen=True, kw_only=True):
    """The image, video or document in a template's header."""

    kind: Literal["image", "video", "document"]
    media_id: str | None = None
    link: str | None = None
    filename: str | None = None

    def wire(self, where: str) -> Wire:
        """Meta's JSON of the parameter."""
        if (self.media_id is None) == (self.link is None):
            raise Invalid(where, "needs either a media id or a link")
        media: Wire = {}
        if self.media_id is not None:
            media["id"] = limits.identifier(f"{where}.{self.kind}.id", self.media_id)
        if self.link is not None:
            media["link"] = limits.url(f"{where}.{self.kind}.link", self.link)
        if self.filename is not None:
            media["filename"] = limits.text(f"{where}.{self.kind}.filename", self.filename, limits.FILENAME)
        return {"type": self.kind, self.kind: media}


class TemplatePlace(Struct, frozen=True, kw_only=True):
    """The place in a template's header: degrees as decimal strings, which is how Meta wants them here."""

    name: str
    address: str
    latitude: str
    longitude: str

    def wire(self, where: str) -> Wire:
        """Meta's JSON of the parameter."""
        place: Wire = {}
        for name, most in (("latitude", 90), ("longitude", 180)):
            place[name] = getattr(self, name)
            if not _DEGREES.fullmatch(place[name]) or abs(float(place[name])) > most:
                raise Invalid(f"{where}.location.{name}", f"is no number of degrees from -{most} to {most}")
        for name in ("name", "address"):
            place[name] = limits.text(f"{where}.location.{name}", getattr(self, name), limits.PLACE)
        return {"type": "location", "location": place}


class TemplateButton(Struct, frozen=True, kw_only=True):
    """What fills the button at `index` (from 0): the payload a quick reply gives back, or the end of a link."""

    index: int
    kind: Literal["quick_reply", "url", "copy_code"]
    value: str

    def wire(self) -> Wire:
        """Meta's JSON of the component."""
        where = "template.components.button"
        limits.between(f"{where}.index", self.index, 0, _BUTTONS - 1)
        most = {"quick_reply": limits.BUTTON_ID, "url": limits.URL, "copy_code": 15}[self.kind]
        value = limits.label(f"{where}.parameters", self.value, most)
        kind = {"quick_reply": "payload", "url": "text", "copy_code": "coupon_code"}[self.kind]
        return {
            "type": "button",
            "sub_type": self.kind,
            "index": str(self.index),
            "parameters": [{"type": kind, kind: value}],
        }


class TemplateMessage(Struct, frozen=True, kw_only=True):
    """A send of an approved template: the only thing allowed outside the service window."""

    name: str
    language: str
    header: list[Parameter] = []
    body: list[Parameter] = []
    buttons: list[TemplateButton] = []

    type: ClassVar[str] = "template"

    def wire(self) -> Wire:
        """Meta's JSON for the part under `template`."""
        if not _NAME.fullmatch(self.name) or len(self.name) > limits.TEMPLATE_NAME:
            raise Invalid("template.name", "is no name of a template")
        if not _LANGUAGE.fullmatch(self.language):
            raise Invalid("template.language.code", "is no language such as es or es_MX")
        limits.count("template.components.header", self.header, 0, 1)
        limits.count("template.components.button", self.buttons, 0, _BUTTONS)
        limits.unique("template.components.button.index", [str(each.index) for each in self.buttons])
        components = [_component("header", self.header), _component("body", self.body)]
        components = [each for each in components if each] + [each.wire() for each in self.buttons]
        wire: Wire = {"name": self.name, "language": {"code": self.language}}
        return wire | ({"components": components} if components else {})


def _component(kind: str, parameters: list[Parameter]) -> Wire:
    where = f"template.components.{kind}"
    names = [each.name for each in parameters if each.name is not None]
    if names and len(names) != len(parameters):
        raise Invalid(where, "mixes variables with and without names")
    limits.unique(f"{where}.parameter_name", names)
    return {"type": kind, "parameters": [each.wire(where) for each in parameters]} if parameters else {}


def listed(page: Wire) -> list[MessageTemplate]:
    """The templates of one page of Meta's list; one without id, name, language or status is none."""
    data = page.get("data")
    found = [_template(each) for each in data if isinstance(each, dict)] if isinstance(data, list) else []
    return [each for each in found if each is not None]


def next_page(page: Wire) -> str | None:
    """The address of the next page without the access token that Meta writes into it: ours travels in a header."""
    following = words(part(page, "paging").get("next"))
    if following is None:
        return None
    try:
        parts = urlsplit(following)
    except ValueError:
        return following
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != "access_token"]
    return urlunsplit(parts._replace(query=urlencode(query)))


def _template(given: Wire) -> MessageTemplate | None:
    template_id, name = identifier(given.get("id")), words(given.get("name"))
    language, status = words(given.get("language")), words(given.get("status"))
    if template_id is None or name is None or language is None or status is None:
        return None
    components, quality = given.get("components"), given.get("quality_score")
    return MessageTemplate(
        id=template_id,
        name=name,
        language=language,
        status=status,
        category=words(given.get("category")) or "",
        parameter_format=words(given.get("parameter_format")) or "POSITIONAL",
        components=[each for each in components if isinstance(each, dict)] if isinstance(components, list) else [],
        quality_score=words(quality.get("score") if isinstance(quality, dict) else quality),
        rejected_reason=words(given.get("rejected_reason")),
    )
