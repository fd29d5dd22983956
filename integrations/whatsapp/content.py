"""Messages that say or show something: text, media, a place, contact cards, a reaction."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from msgspec import Struct

from integrations.whatsapp import limits
from integrations.whatsapp.errors import Invalid

Wire = dict[str, Any]


class Text(Struct, frozen=True):
    """Plain text, at most 4096 characters."""

    body: str
    preview_url: bool = False

    type: ClassVar[str] = "text"

    def wire(self) -> Wire:
        """Meta's JSON for the part under `text`."""
        return {"body": limits.text("text.body", self.body, limits.BODY), "preview_url": self.preview_url}


class Media(Struct, frozen=True, kw_only=True):
    """A media object by uploaded `media_id` or by `link`, which Meta fetches and caches for ten minutes."""

    kind: Literal["image", "video", "audio", "document", "sticker"]
    media_id: str | None = None
    link: str | None = None
    caption: str | None = None
    filename: str | None = None
    voice: bool = False

    @property
    def type(self) -> str:
        """The wire's name of the kind."""
        return self.kind

    def wire(self) -> Wire:
        """Meta's JSON for the part under the kind's name."""
        wire: Wire = {}
        if (self.media_id is None) == (self.link is None):
            raise Invalid(self.kind, "needs either a media id or a link")
        if self.media_id is not None:
            wire["id"] = limits.identifier(f"{self.kind}.id", self.media_id)
        if self.link is not None:
            wire["link"] = limits.url(f"{self.kind}.link", self.link)
        if self.caption is not None:
            if self.kind in {"audio", "sticker"}:
                raise Invalid(f"{self.kind}.caption", "takes no caption")
            wire["caption"] = limits.text(f"{self.kind}.caption", self.caption, limits.CAPTION)
        if self.filename is not None:
            if self.kind != "document":
                raise Invalid(f"{self.kind}.filename", "only a document has a file name")
            wire["filename"] = limits.text("document.filename", self.filename, limits.FILENAME)
        if self.voice:
            if self.kind != "audio":
                raise Invalid(f"{self.kind}.voice", "only audio is a voice note")
            wire["voice"] = True
        return wire


class Location(Struct, frozen=True):
    """A place, in degrees."""

    latitude: float
    longitude: float
    name: str | None = None
    address: str | None = None

    type: ClassVar[str] = "location"

    def wire(self) -> Wire:
        """Meta's JSON for the part under `location`."""
        limits.between("location.latitude", self.latitude, -90, 90)
        limits.between("location.longitude", self.longitude, -180, 180)
        wire: Wire = {"latitude": self.latitude, "longitude": self.longitude}
        if self.name is not None:
            wire["name"] = limits.text("location.name", self.name, limits.PLACE)
        if self.address is not None:
            wire["address"] = limits.text("location.address", self.address, limits.PLACE)
        return wire


class Contacts(Struct, frozen=True):
    """Contact cards in Meta's own shape; each needs `name.formatted_name` and one more part of the name."""

    cards: list[Wire]

    type: ClassVar[str] = "contacts"

    def wire(self) -> list[Wire]:
        """Meta's JSON for the part under `contacts`."""
        limits.count("contacts", self.cards, 1, limits.CARDS)
        limits.writable("contacts", self.cards)
        for card in self.cards:
            name = card.get("name")
            if not isinstance(name, dict) or not name.get("formatted_name") or len(name) < 2:
                raise Invalid("contacts.name", "needs formatted_name and one more part")
        return self.cards


class Reaction(Struct, frozen=True):
    """An emoji on the message `wamid`; an empty one takes it back."""

    wamid: str
    emoji: str

    type: ClassVar[str] = "reaction"

    def wire(self) -> Wire:
        """Meta's JSON for the part under `reaction`."""
        wamid = limits.identifier("reaction.message_id", self.wamid)
        emoji = self.emoji and limits.text("reaction.emoji", self.emoji, limits.EMOJI)
        return {"message_id": wamid, "emoji": emoji}
