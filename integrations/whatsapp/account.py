"""What Meta keeps about our number: its state, its token, its public profile, recorded ticks and the block list."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from integrations.whatsapp import limits
from integrations.whatsapp.errors import Invalid
from integrations.whatsapp.events import WireError
from integrations.whatsapp.message_kinds import Tree, part, wire_errors, words
from integrations.whatsapp.moments import moment
from integrations.whatsapp.people import identifier

NUMBER_FIELDS = (
    "display_phone_number,verified_name,quality_rating,throughput,whatsapp_business_manager_messaging_limit,"
    "name_status,code_verification_status,status,platform_type,account_mode,health_status"
)
PROFILE_FIELDS = "about,address,description,email,profile_picture_url,websites,vertical"
HISTORY_FIELDS = "id,message_id,events{delivery_status,timestamp,webhook_update_state,error_description}"

_ABOUT, _ADDRESS, _DESCRIPTION, _EMAIL, _WEBSITE, _WEBSITES = 139, 256, 512, 128, 256, 2
_MOST_BLOCKED = 1000


class Number(Struct, frozen=True, kw_only=True):
    """Our number. `quality_rating` GREEN, YELLOW, RED, UNKNOWN or NA; `throughput` STANDARD, HIGH, NOT_APPLICABLE.

    `messaging_limit` is the portfolio's (TIER_250, …). Meta leaves out what an account has not got.
    """

    id: str | None = None
    display_phone_number: str | None = None
    verified_name: str | None = None
    quality_rating: str | None = None
    throughput: str | None = None
    messaging_limit: str | None = None
    status: str | None = None
    name_status: str | None = None
    code_verification_status: str | None = None
    platform_type: str | None = None
    account_mode: str | None = None
    can_send_message: str | None = None


class TokenFacts(Struct, frozen=True, kw_only=True):
    """Our access token as Meta's token debugger sees it. One that is valid without `expires_at` never expires."""

    is_valid: bool
    expires_at: datetime | None = None
    scopes: list[str] = []


class Profile(Struct, frozen=True, kw_only=True):
    """The business profile that customers see."""

    about: str | None = None
    address: str | None = None
    description: str | None = None
    email: str | None = None
    vertical: str | None = None
    websites: list[str] = []
    profile_picture_url: str | None = None


class ProfileChanges(Struct, frozen=True, kw_only=True):
    """What to change in the profile; None leaves a field as it is."""

    about: str | None = None
    address: str | None = None
    description: str | None = None
    email: str | None = None
    vertical: str | None = None
    websites: list[str] | None = None
    profile_picture_handle: str | None = None

    def wire(self) -> Tree:
        """Meta's JSON. Invalid for a field too long, or when nothing would change."""
        most = {"about": _ABOUT, "address": _ADDRESS, "description": _DESCRIPTION, "email": _EMAIL, "vertical": _EMAIL}
        given: Tree = {name: getattr(self, name) for name in most if getattr(self, name) is not None}
        # An empty text takes a field away; "about" alone must say something.
        wire: Tree = {
            name: limits.text(name, value, most[name]) if value or name == "about" else ""
            for name, value in given.items()
        }
        if self.websites is not None:
            limits.count("websites", self.websites, 0, _WEBSITES)
            wire["websites"] = [
                limits.text("websites", limits.url("websites", each), _WEBSITE) for each in self.websites
            ]
        if self.profile_picture_handle is not None:
            wire["profile_picture_handle"] = self.profile_picture_handle
        if not wire:
            raise Invalid("profile", "nothing to change")
        return {"messaging_product": "whatsapp", **wire}


class HistoryEvent(Struct, frozen=True, kw_only=True):
    """One recorded tick. `status` as in webhooks, lower case; `webhook`: whether Meta says it told us."""

    status: str
    at: datetime | None = None
    webhook: str | None = None
    error: str | None = None


class BlockOutcome(Struct, frozen=True, kw_only=True):
    """Who was blocked or let in (wa_ids), and why others were not."""

    done: list[str]
    failed: list[WireError]


def number(answer: Tree) -> Number:
    """The Number of Meta's answer."""
    return Number(
        id=identifier(answer.get("id")),
        display_phone_number=words(answer.get("display_phone_number")),
        verified_name=words(answer.get("verified_name")),
        quality_rating=words(answer.get("quality_rating")),
        throughput=words(part(answer, "throughput").get("level")),
        messaging_limit=words(answer.get("whatsapp_business_manager_messaging_limit")),
        status=words(answer.get("status")),
        name_status=words(answer.get("name_status")),
        code_verification_status=words(answer.get("code_verification_status")),
        platform_type=words(answer.get("platform_type")),
        account_mode=words(answer.get("account_mode")),
        can_send_message=words(part(answer, "health_status").get("can_send_message")),
    )


def profile(answer: Tree) -> Profile:
    """The Profile of Meta's answer, in either of the two shapes seen."""
    data = answer.get("data")
    first = data[0] if isinstance(data, list) and data and isinstance(data[0], dict) else {}
    fields = part(first, "business_profile") or first
    websites = fields.get("websites")
    return Profile(
        about=words(fields.get("about")),
        address=words(fields.get("address")),
        description=words(fields.get("description")),
        email=words(fields.get("email")),
        vertical=words(fields.get("vertical")),
        websites=[each for each in websites if isinstance(each, str)] if isinstance(websites, list) else [],
        profile_picture_url=words(fields.get("profile_picture_url")),
    )


def token(answer: Tree) -> TokenFacts:
    """The TokenFacts of Meta's answer. An `expires_at` of 0 is never."""
    data = part(answer, "data")
    expires, scopes = data.get("expires_at"), data.get("scopes")
    return TokenFacts(
        is_valid=data.get("is_valid") is True,
        expires_at=moment(expires) if expires else None,
        scopes=[each for each in scopes if isinstance(each, str)] if isinstance(scopes, list) else [],
    )


def history(answer: Tree) -> list[HistoryEvent]:
    """The ticks of Meta's answer, in either of the two shapes seen: events under a message, or bare nodes."""
    found: list[HistoryEvent] = []
    for item in _objects(answer.get("data")):
        events = _objects(part(item, "events").get("data")) or ([part(item, "node")] if "node" in item else [])
        found += [_history_event(each) for each in events if words(each.get("delivery_status"))]
    return found


def block_list(wa_ids: Iterable[str]) -> Tree:
    """The body that blocks or unblocks these people. By phone only: blocking by BSUID is not documented."""
    users = list(wa_ids)
    limits.count("block_users", users, 1, _MOST_BLOCKED)
    if not all(each.isascii() and each.isdigit() for each in users):
        raise Invalid("block_users.user", "is no WhatsApp id")
    return {"messaging_product": "whatsapp", "block_users": [{"user": f"+{each}"} for each in users]}


def blocked(answer: Tree) -> BlockOutcome:
    """Who was (un)blocked and who was not, of Meta's answer."""
    users = part(answer, "block_users")
    done = _objects(users.get("added_users")) + _objects(users.get("removed_users"))
    ids = [identifier(each.get("wa_id")) or identifier(each.get("input")) for each in done]
    errors = [error for each in _objects(users.get("failed_users")) for error in wire_errors(each.get("errors"))]
    return BlockOutcome(done=[each for each in ids if each], failed=errors)


def _history_event(event: Tree) -> HistoryEvent:
    return HistoryEvent(
        status=str(event.get("delivery_status")).lower(),
        at=moment(event.get("timestamp") or event.get("occurrence_timestamp")),
        webhook=words(event.get("webhook_update_state")),
        error=words(event.get("error_description")),
    )


def _objects(value: object) -> list[Tree]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
