"""What Meta tells us besides messages: each notice is kept whole, and acted on where it matters (whatsapp.md §9)."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from sqlalchemy import select, update

from console import audit
from console.consents import noting
from console.consents.kinds import How, Purpose, Standing, Way
from console.db import Tx
from console.inbox import channel_state, identity
from console.inbox.channel import Channel, ChannelEvent, MessageTemplate
from console.inbox.contacts import Contact
from console.inbox.models import Conversation
from console.inbox.policy import SERVICE_WINDOW
from console.inbox.ticks import META
from console.languages.words import Words
from integrations.whatsapp.events import AccountEvent
from integrations.whatsapp.payloads import call_opens_window
from integrations.whatsapp.people import person as who

# Restrictions under which a send would be refused, or would make things worse.
_STOPS = {
    "ACCOUNT_RESTRICTION": Words("Meta restringió la cuenta"),
    "ACCOUNT_VIOLATION": Words("Meta señaló una infracción de sus políticas"),
    "DISABLED_UPDATE": Words("Meta inhabilitó la cuenta"),
    "ACCOUNT_DELETED": Words("La cuenta de WhatsApp fue eliminada"),
}


_PREFERENCES = frozenset({"stop", "resume", "signup"})
# As long as our columns.
_TEMPLATE_WORDS = {"status": 32, "quality": 16, "category": 32}
_LONGEST_LIMIT, _LONGEST_NAME = 32, 200


async def notice(tx: Tx, channel: Channel, events: Sequence[AccountEvent], moment: datetime) -> int:
    """Keep every new notice and act on it. Says how many were new; a repeat changes nothing."""
    rows = {_digest(event): event for event in events}
    known = set(await tx.scalars(select(ChannelEvent.digest).where(ChannelEvent.digest.in_(rows))))
    fresh = {digest: event for digest, event in rows.items() if digest not in known}
    for digest, event in fresh.items():
        kept = ChannelEvent(
            channel_id=channel.id,
            field=event.field,
            payload=event.payload.decode("utf-8", "replace").replace("\x00", "\ufffd"),
            digest=digest,
            received_at=moment,
        )
        tx.add(kept)
        await tx.flush()
        act = _ACTS.get(event.field)
        audit.record(
            tx,
            META,
            "channel.notified",
            subject=f"channel:{channel.id}",
            new={"field": event.field, "event": kept.id, "acted": act is not None},
        )
        if act is not None:
            await act(tx, channel, event, moment)
    return len(fresh)


def _digest(event: AccountEvent) -> str:
    return hashlib.sha256(f"{event.field}|{event.at}|".encode() + event.payload).hexdigest()


async def _template_status(tx: Tx, channel: Channel, event: AccountEvent, moment: datetime) -> None:
    # REINSTATED and UNARCHIVED are events, not states: the template is approved again.
    state = {"REINSTATED": "APPROVED", "UNARCHIVED": "APPROVED"}.get(
        str(event.value.get("event")), event.value.get("event")
    )
    await _update_template(tx, channel, event, moment, status=state)


async def _template_quality(tx: Tx, channel: Channel, event: AccountEvent, moment: datetime) -> None:
    await _update_template(tx, channel, event, moment, quality=event.value.get("new_quality_score"))


async def _template_category(tx: Tx, channel: Channel, event: AccountEvent, moment: datetime) -> None:
    await _update_template(tx, channel, event, moment, category=event.value.get("new_category"))


async def _update_template(tx: Tx, channel: Channel, event: AccountEvent, moment: datetime, **told: object) -> None:
    """What a notice leaves out, or says in no word of Meta's, stays as it is until the list is read again."""
    values = {field: word for field, word in told.items() if _is_word(word, _TEMPLATE_WORDS[field])}
    name = event.value.get("message_template_name")
    language = str(event.value.get("message_template_language") or "").replace("-", "_")
    template = (
        await tx.scalars(
            select(MessageTemplate).where(
                MessageTemplate.channel_id == channel.id,
                MessageTemplate.name == str(name),
                MessageTemplate.language == language,
            ),
        )
    ).one_or_none()
    # One we don't know yet is fetched whole at the next look.
    channel.templates_synced_at = None
    if template is None or not values:
        return
    old = {field: getattr(template, field) for field in values}
    for field, value in values.items():
        setattr(template, field, str(value))
    template.updated_at = moment
    audit.record(tx, META, "template.updated", subject=f"template:{template.id}", old=old, new=dict(values))


def _is_word(value: object, longest: int) -> bool:
    return isinstance(value, str) and 0 < len(value) <= longest


async def _resync_templates(_tx: Tx, channel: Channel, _event: AccountEvent, _moment: datetime) -> None:
    channel.templates_synced_at = None


async def _number_quality(tx: Tx, channel: Channel, event: AccountEvent, moment: datetime) -> None:
    old = {"quality": channel.quality, "limit": channel.messaging_limit}
    limit = event.value.get("max_daily_conversations_per_business") or event.value.get("current_limit")
    if _is_word(str(limit), _LONGEST_LIMIT) and isinstance(limit, str | int):
        channel.messaging_limit = str(limit)
    channel.quality = {"FLAGGED": "RED", "DOWNGRADE": "YELLOW", "UNFLAGGED": "GREEN"}.get(
        str(event.value.get("event")),
        channel.quality,
    )
    if channel.quality != old["quality"]:
        channel.quality_since = moment
    new = {"quality": channel.quality, "limit": channel.messaging_limit, "event": event.value.get("event")}
    audit.record(tx, META, "channel.updated", subject=f"channel:{channel.id}", old=old, new=new)


async def _number_name(tx: Tx, channel: Channel, event: AccountEvent, _moment: datetime) -> None:
    name = event.value.get("requested_verified_name")
    if event.value.get("decision") == "APPROVED" and _is_word(name, _LONGEST_NAME):
        old = {"name": channel.verified_name}
        channel.verified_name = str(name)
        new = {"name": channel.verified_name}
        audit.record(tx, META, "channel.updated", subject=f"channel:{channel.id}", old=old, new=new)


async def _account(tx: Tx, channel: Channel, event: AccountEvent, _moment: datetime) -> None:
    reason = _STOPS.get(str(event.value.get("event")))
    if reason:
        detail = event.value.get("violation_info") or event.value.get("restriction_info") or event.value.get("ban_info")
        await channel_state.pause(tx, channel, kind="policy", reason=_with_detail(reason, detail), by=META)


def _with_detail(reason: str, detail: object) -> str:
    first = detail[0] if isinstance(detail, list) and detail else detail
    named = first if isinstance(first, dict) else {}
    code = named.get("violation_type") or named.get("restriction_type") or named.get("waba_ban_state")
    return f"{reason} ({code})" if code else reason


async def _preferences(tx: Tx, channel: Channel, event: AccountEvent, moment: datetime) -> None:
    listed = event.value.get("user_preferences")
    for preference in listed if isinstance(listed, list) else []:
        if not isinstance(preference, dict) or preference.get("category") != "marketing_messages":
            continue
        # A word that nobody knows is neither a stop nor the end of one.
        value = preference.get("value")
        if not isinstance(value, str) or value not in _PREFERENCES:
            continue
        person = who(preference.get("wa_id"), preference.get("user_id"), preference.get("parent_user_id"))
        if not identity.addresses(person):
            continue
        contact_id = identity.contact_of(person, await identity.contacts_of(tx, channel.id, [person], moment))
        at = min(event.at or moment, moment)
        stopped = at if value == "stop" else None
        if stopped is None and await _stopped_after(tx, contact_id, at):
            # Nothing promises an order: what they wanted before they said stop is not what they want.
            continue
        await _note_preference(tx, contact_id, stopped=stopped is not None)
        await tx.execute(
            update(Contact)
            .where(Contact.id == contact_id)
            .values(marketing_stopped_at=stopped, version=Contact.version + 1),
        )
        new = {"marketing": value}
        audit.record(tx, META, "contact.updated", subject=f"contact:{contact_id}", new=new)


async def _stopped_after(tx: Tx, contact_id: int, moment: datetime) -> bool:
    since = await tx.scalar(select(Contact.marketing_stopped_at).where(Contact.id == contact_id))
    return since is not None and since > moment


async def _note_preference(tx: Tx, contact_id: int, *, stopped: bool) -> None:
    """Their stop ends what they had allowed; that they resume gives back no more than that."""
    known = (await noting.last_words(tx, contact_id)).get((Way.WHATSAPP, Purpose.MARKETING))
    state = Standing.WITHDRAWN if stopped else await noting.before_the_stop(tx, contact_id)
    if state is not None and state != known:
        await noting.note(tx, contact_id, state, by=META, how=How.WHATSAPP, purposes=[Purpose.MARKETING])


async def _user_id(tx: Tx, channel: Channel, event: AccountEvent, moment: datetime) -> None:
    if event.identity_change:
        await identity.change_identity(tx, channel.id, event.identity_change, moment)


async def _call(tx: Tx, channel: Channel, event: AccountEvent, moment: datetime) -> None:
    """A call from the person opens the service window as a message does (whatsapp.md §13)."""
    person = call_opens_window(event)
    if person is None or not identity.addresses(person):
        return
    contact_id = identity.contact_of(person, await identity.contacts_of(tx, channel.id, [person], moment))
    conversation = (
        await tx.scalars(
            select(Conversation)
            .where(Conversation.channel_id == channel.id, Conversation.contact_id == contact_id)
            .with_for_update(),
        )
    ).one_or_none()
    if conversation is None:
        return
    at = min(event.at or moment, moment)
    closes = at + SERVICE_WINDOW
    if conversation.window_closes_at is None or closes > conversation.window_closes_at:
        conversation.window_opened_at, conversation.window_closes_at = at, closes
        conversation.version += 1
        audit.record(tx, META, "conversation.updated", conversation_id=conversation.id, new={"window_opened": "call"})


_Act = Callable[[Tx, Channel, AccountEvent, datetime], Awaitable[None]]
_ACTS: dict[str, _Act] = {
    "message_template_status_update": _template_status,
    "message_template_quality_update": _template_quality,
    "message_template_components_update": _resync_templates,
    "template_category_update": _template_category,
    "phone_number_quality_update": _number_quality,
    "business_capability_update": _number_quality,
    "phone_number_name_update": _number_name,
    "account_update": _account,
    "user_preferences": _preferences,
    "user_id_update": _user_id,
    "calls": _call,
}


def acted_on() -> frozenset[str]:
    """The webhook fields that change something here; every other field is kept and nothing more."""
    return frozenset(_ACTS)


async def ignore_group(tx: Tx, channel: Channel, payloads: Sequence[bytes], moment: datetime) -> None:
    """Group messages are none of a one-to-one console's business: on record, and nothing else."""
    await notice(tx, channel, [AccountEvent(field="group_message", payload=payload) for payload in payloads], moment)
