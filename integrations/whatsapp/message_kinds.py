"""What each kind of message says: its text, its attachment, its details."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from integrations.whatsapp import people
from integrations.whatsapp.events import Attachment, IdentityChange, Person, WireError
from integrations.whatsapp.json_pieces import UNDECODABLE, Json, decode
from integrations.whatsapp.moments import moment

Tree = dict[str, Any]

_LONGEST_KIND = 64
_LONGEST_CODE = 9
_NOT_THE_CUSTOMERS_WORD = frozenset({"system", "edit", "revoke"})
_NUMBER_CHANGES = frozenset({"user_changed_number", "customer_changed_number"})
_BESIDE = ("referral", "errors", "identity", "unsupported")


class Said(msgspec.Struct):
    """The part of a message that depends on its kind."""

    text: str | None = None
    attachment: Attachment | None = None
    target: str | None = None
    emoji: str | None = None
    content: Tree = {}


def kind_of(message: Tree) -> str:
    """The wire's `type`; without one, the kind whose object is there; else `unknown`."""
    given = message.get("type")
    if isinstance(given, str) and given:
        return given[:_LONGEST_KIND]
    return next((kind for kind in _READERS if kind in message), "unknown")


def read(message: Tree, kind: str) -> Said:
    """What `message` says. A kind nobody knows keeps its object in `content` and gives what text it has."""
    said = _READERS.get(kind, _anything)(message, kind)
    said.content = said.content | {key: message[key] for key in _BESIDE if message.get(key)}
    context = part(message, "context")
    if product := context.get("referred_product"):
        said.content["referred_product"] = product
    if context.get("frequently_forwarded") is True:
        said.content["frequently_forwarded"] = True
    return said


def opens_window(message: Tree, kind: str) -> bool:
    """Whether it starts the 24 h window: not what the system says, an edit, a revoke, nor anything in a group.

    Meta documents "a user message or call" and no more; the rest is what experience calls safe.
    """
    if kind in _NOT_THE_CUSTOMERS_WORD or message.get("group_id"):
        return False
    return words(part(message, "unsupported").get("type")) not in _NOT_THE_CUSTOMERS_WORD


def identity_change(message: Tree, sender: Person) -> IdentityChange | None:
    """The change of number, BSUID or telephone that a `system` message announces."""
    system = part(message, "system")
    what = words(system.get("type"))
    if what == "customer_identity_changed":
        old = Person(sender.wa_id, sender.user_id, sender.parent_user_id)
        at, detail = moment(message.get("timestamp")), words(system.get("body"))
        return IdentityChange(kind="device", old=old, new=Person(), at=at, detail=detail)
    if what not in _NUMBER_CHANGES and what != "user_changed_user_id":
        return None
    new = people.person(system.get("wa_id"), system.get("user_id"), system.get("parent_user_id"))
    old = Person(sender.wa_id, sender.user_id, sender.parent_user_id)
    if old.user_id is not None and old.user_id == new.user_id:
        old = Person(old.wa_id)  # `from_user_id` was the new id already
    return IdentityChange(
        kind="number" if what in _NUMBER_CHANGES else "user_id",
        old=old,
        new=new,
        at=moment(message.get("timestamp")),
        detail=words(system.get("body")),
    )


def wire_errors(value: object) -> list[WireError]:
    """Error objects in any shape seen: `details` beside or inside `error_data`, which may be a plain string."""
    return [_wire_error(each) for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def error_code(value: object) -> int | None:
    """A code of Meta's, number or digits; None for what is none or would not fit into 32 bits."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _LONGEST_CODE:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**_LONGEST_CODE else None


def part(tree: Tree, name: str) -> Tree:
    """The object under `name`, empty when there is none."""
    found = tree.get(name)
    return found if isinstance(found, dict) else {}


def words(value: object) -> str | None:
    """A non-empty string, else None."""
    return value if isinstance(value, str) and value else None


def _wire_error(error: Tree) -> WireError:
    data = error.get("error_data")
    details = data.get("details") if isinstance(data, dict) else data
    return WireError(
        error_code(error.get("code")) or 0,
        words(error.get("title")) or words(error.get("message")),
        words(details) or words(error.get("details")),
    )


def _text(message: Tree, _: str) -> Said:
    return Said(text=words(part(message, "text").get("body")))


def _media(message: Tree, kind: str) -> Said:
    media = part(message, kind)
    return Said(text=words(media.get("caption")), attachment=_attachment(media, voice=kind == "voice"))


def _attachment(media: Tree, *, voice: bool = False) -> Attachment | None:
    media_id = people.identifier(media.get("id"))
    if media_id is None:
        return None
    return Attachment(
        media_id=media_id,
        mime_type=words(media.get("mime_type")),
        sha256=words(media.get("sha256")),
        filename=words(media.get("filename")),
        voice=voice or media.get("voice") is True,
        animated=media.get("animated") is True,
        url=words(media.get("url")),
    )


def _shown(message: Tree, kind: str) -> Said:
    return Said(content={kind: message[kind]} if message.get(kind) else {})


def _button(message: Tree, _: str) -> Said:
    button = part(message, "button")
    return Said(text=words(button.get("text")) or words(button.get("payload")), content={"button": button})


def _order(message: Tree, _: str) -> Said:
    order = part(message, "order")
    return Said(text=words(order.get("text")), content={"order": order})


def _system(message: Tree, _: str) -> Said:
    system = part(message, "system")
    return Said(text=words(system.get("body")), content={"system": system})


def _reaction(message: Tree, _: str) -> Said:
    reaction = part(message, "reaction")
    return Said(target=people.identifier(reaction.get("message_id")), emoji=words(reaction.get("emoji")))


def _revoke(message: Tree, _: str) -> Said:
    return Said(target=people.identifier(part(message, "revoke").get("original_message_id")))


def _edit(message: Tree, _: str) -> Said:
    edit = part(message, "edit")
    edited = part(edit, "message")
    kind = kind_of(edited)
    said = read(edited, kind) if kind != "edit" else Said()
    said.target = people.identifier(edit.get("original_message_id"))
    said.content["edited_kind"] = kind
    return said


def _interactive(message: Tree, _: str) -> Said:
    interactive = part(message, "interactive")
    kind = words(interactive.get("type")) or "unknown"
    answer = interactive.get(kind)
    content: Tree = {"type": kind, **(answer if isinstance(answer, dict) else {})}
    if kind == "nfm_reply":
        content["response"] = _flow_response(content.pop("response_json", None))
    return Said(text=words(content.get("title")) or words(content.get("body")), content={"interactive": content})


def _flow_response(given: object) -> Json:
    """The answers of a Flow: a JSON string that mostly, not always, holds an object; as it is when it is no JSON."""
    if not isinstance(given, str):
        return given
    try:
        return decode(given.encode())
    except UNDECODABLE:
        return given


def _anything(message: Tree, kind: str) -> Said:
    own = message.get(kind)
    fields = own if isinstance(own, dict) else {}
    return Said(
        text=words(part(message, "text").get("body")) or words(fields.get("caption")) or words(fields.get("body")),
        attachment=_attachment(fields) if "mime_type" in fields else None,
        content={kind: own} if own else {},
    )


# In this order a message without `type` is recognised.
_READERS: dict[str, Callable[[Tree, str], Said]] = {
    "text": _text,
    "image": _media,
    "video": _media,
    "audio": _media,
    "voice": _media,
    "document": _media,
    "sticker": _media,
    "location": _shown,
    "contacts": _shown,
    "button": _button,
    "interactive": _interactive,
    "reaction": _reaction,
    "order": _order,
    "edit": _edit,
    "revoke": _revoke,
    "system": _system,
}
