"""What the simulated WhatsApp remembers: people, threads, media, templates. In memory, and bounded."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator
from typing import Literal

import msgspec

from integrations.simulator.payloads import Json
from integrations.simulator.people import Persona, dialable, the_cast

THREAD_LIMIT = 1000
PERSONA_LIMIT = 1000
MEDIA_LIMIT_BYTES = 256 * 1024 * 1024
WINDOW_SECONDS = 24 * 3600.0
UPLOADED_FOR = 30 * 86_400.0
RECEIVED_FOR = 7 * 86_400.0

Rank = Literal["waiting", "accepted", "sent", "delivered", "read", "failed"]
RANKS: tuple[Rank, ...] = ("waiting", "accepted", "sent", "delivered", "read", "failed")


class Button(msgspec.Struct):
    """Something to tap under a message of the business."""

    title: str
    kind: Literal["quick_reply", "reply", "row", "url", "phone", "location", "contact"]
    id: str = ""
    description: str | None = None
    used: bool = False


class Message(msgspec.Struct, kw_only=True):
    """One bubble on the debtor's phone."""

    id: str
    mine: bool
    """Written by the debtor."""
    kind: str
    at: float
    status: Rank
    text: str | None = None
    """What is read in the bubble; of media, the caption."""
    content: Json = {}
    """The type's own member of the wire, for details."""
    media_id: str | None = None
    reply_to: str | None = None
    heading: str | None = None
    footer: str | None = None
    buttons: list[Button] = []
    reactions: dict[str, str] = {}
    """By whom: `debtor`, `business`."""
    edited: bool = False
    deleted: bool = False
    error: int | None = None
    played: bool = False
    barred: bool = False
    """Sent while the debtor blocked the business: it never arrives, not even later."""
    opaque: str | None = None
    to_phone: bool = True
    category: str = "service"
    history: list[tuple[Rank, float]] = []
    """When each status was reached."""

    def react(self, who: Literal["debtor", "business"], emoji: str) -> None:
        """Put a reaction under the bubble, or with an empty emoji take it away."""
        others = {name: sign for name, sign in self.reactions.items() if name != who}
        self.reactions = {**others, who: emoji} if emoji else others

    def reach(self, status: Rank, at: float) -> bool:
        """Climb to `status`; False if it, or a higher one, is reached already."""
        if RANKS.index(status) <= RANKS.index(self.status):
            return False
        self.status = status
        self.history = [*self.history, (status, at)]
        return True


class Thread(msgspec.Struct):
    """The chat of one debtor with the business."""

    persona: Persona
    messages: OrderedDict[str, Message] = msgspec.field(default_factory=OrderedDict)
    last_inbound_at: float | None = None
    typing_until: float = 0.0
    open_by: set[str] = set()
    """Who looks at this chat right now: what arrives is read at once."""

    def add(self, message: Message) -> Message:
        """Put a message at the end; the oldest goes when there are too many."""
        self.messages[message.id] = message
        if len(self.messages) > THREAD_LIMIT:
            self.messages.popitem(last=False)
        return message

    def window_is_open(self, at: float) -> bool:
        """Whether the debtor wrote within the last 24 hours."""
        return self.last_inbound_at is not None and at - self.last_inbound_at < WINDOW_SECONDS

    def with_status(self, *statuses: Rank) -> list[Message]:
        """The business's messages that stand at one of these statuses."""
        return [message for message in self.messages.values() if not message.mine and message.status in statuses]


class Medium(msgspec.Struct, kw_only=True):
    """A file that somebody uploaded or sent."""

    id: str
    data: bytes
    mime_type: str
    sha256: str
    """Hexadecimal."""
    filename: str | None = None
    expires_at: float
    uploaded: bool
    """By the business; else it came with a debtor's message."""


class Upload(msgspec.Struct, kw_only=True):
    """A session of the Resumable Upload API."""

    mime_type: str
    length: int
    signature: str
    data: bytes = b""


class Template(msgspec.Struct, kw_only=True):
    """A message template as the Graph shows it, and what it was changed to."""

    id: str
    name: str
    language: str
    category: str
    status: str
    components: list[Json]
    parameter_format: str = "POSITIONAL"
    sub_category: str | None = None
    quality_score: Json | None = None
    rejected_reason: str | None = None
    message_send_ttl_seconds: int | None = None
    created_at: float = 0.0


class World:
    """Everything that is lost when the simulator stops."""

    def __init__(self) -> None:
        self.threads: dict[str, Thread] = {}
        self._addresses: dict[str, str] = {}
        self.whose: OrderedDict[str, str] = OrderedDict()
        self.media: OrderedDict[str, Medium] = OrderedDict()
        self.media_bytes = 0
        self.uploads: OrderedDict[str, Upload] = OrderedDict()
        self.handles: dict[str, str] = {}
        """The type of each sample that was uploaded whole, by its handle."""
        self.templates: dict[str, Template] = {}
        self.blocked: set[str] = set()
        self.profile: Json = {}
        self.subscribed = True
        self.quality = "GREEN"
        self.token_expires_at: float | None = None
        self.strangers: dict[str, float] = {}
        """People of a load run: when each number wrote last. They get no thread."""
        for persona in the_cast().personas:
            self.welcome(persona)

    @property
    def personas(self) -> Iterator[Persona]:
        """Everybody, the demo's own first."""
        return (thread.persona for thread in self.threads.values())

    def welcome(self, persona: Persona) -> Thread:
        """Give a person a phone. Beyond the limit, someone invented leaves."""
        if len(self.threads) >= PERSONA_LIMIT:
            self.dismiss(next(name for name, chat in self.threads.items() if chat.persona.invented))
        thread = self.threads[persona.id] = Thread(persona)
        self.register(persona)
        return thread

    def dismiss(self, persona_id: str) -> None:
        """Take a person and the chat away."""
        self.unregister(self.threads.pop(persona_id).persona)

    def register(self, persona: Persona) -> None:
        """Let the person be found by phone and BSUID, as they are now."""
        self._addresses[persona.user_id] = persona.id
        if persona.wa_id:
            self._addresses[dialable(persona.wa_id)] = persona.id

    def unregister(self, persona: Persona) -> None:
        """Forget how the person was reached, as before a change of number."""
        self._addresses.pop(persona.user_id, None)
        if persona.wa_id:
            self._addresses.pop(dialable(persona.wa_id), None)

    def thread_of(self, address: str) -> Thread | None:
        """The chat with whoever has this phone (in any spelling) or this BSUID."""
        name = self._addresses.get(address) or self._addresses.get(dialable(re.sub(r"\D", "", address)))
        return self.threads.get(name) if name else None

    def remember(self, thread: Thread, message: Message) -> None:
        """Add a message to a chat and to the index by wamid."""
        thread.add(message)
        self.whose[message.id] = thread.persona.id
        if len(self.whose) > 50 * THREAD_LIMIT:
            self.whose.popitem(last=False)

    def find(self, wamid: str) -> tuple[Thread, Message] | None:
        """The message with this id, and the chat it is in."""
        thread = self.threads.get(self.whose.get(wamid, ""))
        message = thread.messages.get(wamid) if thread else None
        return (thread, message) if thread and message else None

    def keep(self, medium: Medium) -> Medium:
        """Store a file; the oldest go when there is no room."""
        self.media[medium.id] = medium
        self.media_bytes += len(medium.data)
        while self.media_bytes > MEDIA_LIMIT_BYTES and len(self.media) > 1:
            _, gone = self.media.popitem(last=False)
            self.media_bytes -= len(gone.data)
        return medium

    def forget(self, media_id: str) -> bool:
        """Delete a file; False if there is none."""
        medium = self.media.pop(media_id, None)
        self.media_bytes -= len(medium.data) if medium else 0
        return medium is not None
