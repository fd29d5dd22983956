"""What the form of a scheduled message shows: the template as it would read now, the moments on offer, what waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from console import clock
from console.agents import Viewer
from console.db import Tx
from console.errors import Refused
from console.inbox import message_templates, policy, template_picker
from console.inbox.message_templates import Filled
from console.inbox.models import Conversation
from console.languages.words import Words
from console.message_templates import header_files
from console.portfolio.contact_hours import is_open
from console.scheduling import filling, later
from console.scheduling.filling import House
from console.snoozing import moments
from console.snoozing.moments import Choice
from console.texts import variables as blanks


class TemplateShown(msgspec.Struct, frozen=True, kw_only=True):
    """A template in the form. `fields` are (key, label, words, what they say now); `problem` why it could not leave."""

    id: int
    title: str
    shown: Filled
    fields: list[tuple[str, str, str, str]]
    problem: str | None


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """When it may leave, on the clocks of the debtor: moments by name, and how early and late another one may be."""

    choices: Sequence[Choice]
    zone: str
    clock: str
    least: str
    most: str


async def template_shown(
    tx: Tx, conversation: Conversation, viewer: Viewer, house: House, *, template_id: int, typed: Mapping[str, str]
) -> TemplateShown:
    """The template with what was typed so far; blanks nobody has written in read what is known when it leaves.

    Refuses 404 for an unknown template.
    """
    template = await later.template_of(tx, conversation, template_id)
    words = {key: typed.get(key, ours) for key, ours in filling.suggested(template).items()}
    values = await filling.known_now(tx, conversation, agent=viewer.name, house=house, moment=clock.now())
    try:
        file = await header_files.chosen(tx, conversation, template, words, by=viewer)
        filling.fill(template, words, values, file.file if file else None)
        problem = None
    except Refused as refused:
        problem = refused.text
    now = {key: blanks.fill(said, values.by_name).text for key, said in words.items()}
    labels = {blank.key: template_picker.label_of(blank) for blank in message_templates.blanks(template)}
    fields = [
        (
            key,
            labels.get(key, Words("Dirección (https) de otro archivo; vacía, va el de la plantilla")),
            said,
            _difference(said, now[key]),
        )
        for key, said in words.items()
    ]
    return TemplateShown(
        id=template.id,
        title=template.name.replace("_", " ").capitalize(),
        shown=message_templates.preview(template, now),
        fields=fields,
        problem=problem,
    )


def moments_offered(
    conversation: Conversation, moment: datetime, zone: ZoneInfo, country: str, *, is_template: bool
) -> Offer:
    """The moments at which it may leave: in contact hours, and for a text while the service window is open."""
    until = policy.window(conversation, moment).free_text_until
    offered = [
        choice
        for choice in moments.choices(moment, zone, country)
        if choice.at is not None
        and (is_template or (until is not None and choice.at < until))
        and is_open(choice.at, zone, country)
    ]
    last = moment + later.FURTHEST if is_template else until
    return Offer(
        choices=offered,
        zone=zone.key,
        clock=f"{moment.astimezone(zone):%H:%M}",
        least=_local(moment, zone),
        most=_local(last, zone) if last else "",
    )


async def as_typed(tx: Tx, conversation: Conversation, message_id: int, zone: ZoneInfo) -> dict[str, str]:
    """What waits, as the form would have sent it. Refuses as `later.change` what no longer waits."""
    waits, row = await later.seen(tx, conversation, message_id)
    content = row.content or {}
    variables = {f"variable.{key}": str(words) for key, words in content.get("variables", {}).items()}
    return {
        "text": row.text or "" if waits.template_id is None else "",
        "template_id": str(waits.template_id or ""),
        "until": "other",
        "at": _local(waits.due_at, zone),
        "terms": "1",
        "on_reply": "1" if waits.on_reply else "",
        "on_payment": "1" if waits.on_payment else "",
        "version": str(row.version),
        "why": waits.reason or "",
        **variables,
    }


def _difference(words: str, now: str) -> str:
    return now if now != words else ""


def _local(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%dT%H:%M}"
