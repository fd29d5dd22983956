"""Message templates for one conversation: what a user may choose from, filled in, and how one reads before it goes."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from console import clock
from console.agents import Viewer
from console.api import acting, listing, shapes
from console.api.asking import body, query
from console.api.cursors import Cursors
from console.api.operations import does
from console.api.problems import invalid
from console.api.sending import TemplateToSend, template_id_of, variables_of
from console.api.tokens import Program
from console.db import Database, Tx
from console.errors import Refused
from console.inbox import consent, headers, message_templates, reply, template_picker
from console.inbox.channel import MessageTemplate
from console.inbox.contacts import Contact
from console.inbox.models import Conversation
from console.message_templates import header_files
from console.scheduling.filling import House, known_now
from console.settings import Settings


class TemplateBlank(msgspec.Struct):
    """A blank of a template: its `key` in `variables`, what a person would call it, and what we know belongs there."""

    key: str
    label: str
    value: str | None


class OfferedTemplate(msgspec.Struct):
    """A template as the user may choose it in one conversation. `body` and the rest are its words, blanks as {{1}}.

    `file` is the kind of file its header shows, `default_file` the one that goes out when no other is chosen. `why_not`
    says in Spanish why it cannot be sent now; `held_back` why nothing of the debt is filled in.
    """

    id: str
    name: str
    language: str
    category: str
    header: str | None
    file: str | None
    default_file: str | None
    body: str
    footer: str | None
    buttons: list[dict[str, str]]
    variables: list[TemplateBlank]
    usable: bool
    why_not: str | None
    held_back: str | None


class NotSendable(msgspec.Struct):
    """Why a message would be refused if it were sent now: `code` and `field` as sending would say them."""

    code: str
    field: str | None
    detail: str


class TemplatePreview(msgspec.Struct):
    """How a template reads filled in so far; what is still open stays visible as {{1}}. `problem` is null when fit."""

    id: str
    header: str | None
    body: str
    footer: str | None
    buttons: list[dict[str, str]]
    problem: NotSendable | None


@get(
    acting.CONVERSATION + "/templates",
    opt=does(acting.SCOPE, returns=shapes.Page[OfferedTemplate], query=listing.Paging, refuses=(404,)),
)
async def list_offered_templates(
    user_id: FromPath[str],
    conversation_id: FromPath[str],
    *,
    request: Request[Any, Any, Any],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
    cursors: NamedDependency[Cursors],
    settings: NamedDependency[Settings],
) -> shapes.Page[OfferedTemplate]:
    """The templates of the number with what we know of this person filled in; those that can be sent first."""
    asked = query(request, listing.Paging)
    name = f"offered-templates:{user_id}:{conversation_id}"
    place = listing.begin(cursors, name, asked, (int,))
    begin = int(place[0]) if place is not None else 0
    async with db.reading() as tx:
        viewer = await acting.acting(tx, program, user_id)
        offered, held_back = await _offered(tx, viewer, await acting.opened(tx, viewer, conversation_id), settings)
    some = list(enumerate(offered, start=1))[begin : begin + asked.limit + 1]
    page, following = listing.cut(cursors, name, asked, some, lambda row: (row[0],))
    return shapes.Page([_shown(view, held_back) for _place, view in page], following)


@post(
    acting.CONVERSATION + "/template-previews",
    status_code=200,
    opt=does(acting.SCOPE, returns=TemplatePreview, body=TemplateToSend, refuses=(404,)),
)
async def preview_template(
    user_id: FromPath[str],
    conversation_id: FromPath[str],
    *,
    request: Request[Any, Any, Any],
    program: NamedDependency[Program],
    db: NamedDependency[Database],
) -> TemplatePreview:
    """How a template would read with these variables, and what would be wrong with it. Nothing is sent or kept."""
    asked = await body(request, TemplateToSend)
    variables = _variables(asked)
    async with db.reading() as tx:
        viewer = await acting.acting(tx, program, user_id)
        conversation = await acting.opened(tx, viewer, conversation_id)
        template = await _named(tx, conversation, asked)
        filled = message_templates.preview(template, variables)
        problem = await _problem(tx, conversation, template, variables, by=viewer)
    return TemplatePreview(
        id=str(template.id),
        header=filled.header,
        body=filled.body,
        footer=filled.footer,
        buttons=filled.buttons,
        problem=problem,
    )


def _variables(asked: TemplateToSend) -> dict[str, str]:
    if asked.variables and asked.components:
        raise invalid("components", "Use variables o components, no ambos.")
    try:
        return asked.variables or variables_of(asked.components)
    except Refused as refused:
        raise invalid("components", refused.text) from refused


async def _named(tx: Tx, conversation: Conversation, asked: TemplateToSend) -> MessageTemplate:
    try:
        return await tx.get_one(MessageTemplate, await template_id_of(tx, conversation, asked))
    except Refused as refused:
        raise invalid("name", refused.text, code=refused.code) from refused


async def _problem(
    tx: Tx, conversation: Conversation, template: MessageTemplate, variables: dict[str, str], *, by: Viewer
) -> NotSendable | None:
    try:
        file = await header_files.chosen(tx, conversation, template, variables, by=by)
        message_templates.fill(template, variables, file.file if file else None)
        await reply.require_consent(tx, conversation, template.category)
    except Refused as refused:
        return NotSendable(refused.code, refused.field, refused.text)
    stopped = await consent.why_not(tx, await tx.get_one(Contact, conversation.contact_id), conversation)
    return NotSendable(stopped.code, stopped.field, stopped.text) if stopped is not None else None


async def _offered(
    tx: Tx, viewer: Viewer, conversation: Conversation, settings: Settings
) -> tuple[list[template_picker.TemplateView], str | None]:
    now = clock.now()
    header = await headers.header_of(tx, viewer, conversation.id, now)
    values = await known_now(tx, conversation, agent=viewer.name, house=House.of(settings), moment=now)
    offered = await template_picker.offer(
        tx, conversation, name=header.name, company=settings.company, values=values.by_name
    )
    return offered, values.held_back


def _shown(view: template_picker.TemplateView, held_back: str | None) -> OfferedTemplate:
    return OfferedTemplate(
        id=str(view.id),
        name=view.name,
        language=view.language,
        category=view.category,
        header=view.header,
        file=view.file,
        default_file=view.default_file,
        body=view.body,
        footer=view.footer,
        buttons=view.buttons,
        variables=[TemplateBlank(key, label, value) for key, label, value in view.variables],
        usable=view.usable,
        why_not=view.why_not,
        held_back=held_back,
    )


routes = [list_offered_templates, preview_template]
