"""What the form of a job offers: the deeds one may do, and what each of them needs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import select

from console.agents import Agent, AgentTeam, Role, Team, Viewer
from console.bulk_jobs.deeds import DEEDS, Details
from console.db import Tx
from console.errors import Refused
from console.forms import whole
from console.inbox import filter_bar, message_templates, policy, template_picker
from console.inbox.channel import MessageTemplate
from console.inbox.dispositions import Disposition
from console.inbox.message_templates import FILE, Blank
from console.languages.words import Words
from console.message_templates import files as template_files
from console.portfolio.names import name_key

NOBODY = "none"
Choice = tuple[str, str]


class Offer(msgspec.Struct, kw_only=True):
    """The deeds, the one chosen, and the choices that it needs."""

    deed: str
    deeds: list[Choice]
    choices: list[Choice]
    template_id: int | None = None
    blanks: list[Blank] = []
    labels: dict[str, str] = {}
    """What the field of each blank is called, by its key."""
    body: str = ""


async def offer(tx: Tx, viewer: Viewer, typed: Mapping[str, str]) -> Offer:
    """What is offered when these fields are filled in."""
    deeds = [(key, deed.words) for key, deed in DEEDS.items() if deed.needs is None or policy.may(viewer, deed.needs)]  # type: ignore[arg-type]
    chosen = typed.get("deed") or "tag"
    if chosen not in dict(deeds):
        raise Refused(422, Words("Elija qué hacer."), code="invalid", field="deed")
    if chosen in {"tag", "untag"}:
        tags = await filter_bar.tags_for(tx, viewer)
        return Offer(deed=chosen, deeds=deeds, choices=[(str(tag.id), tag.name) for tag in tags])
    if chosen == "assign":
        return Offer(
            deed=chosen, deeds=deeds, choices=[(NOBODY, Words("Nadie (soltarlas)")), *await _people(tx, viewer)]
        )
    if chosen == "team":
        teams = await tx.execute(select(Team.id, Team.name).order_by(Team.name))
        return Offer(deed=chosen, deeds=deeds, choices=[(str(number), name) for number, name in teams])
    if chosen == "resolve":
        return Offer(deed=chosen, deeds=deeds, choices=await _dispositions(tx))
    if chosen == "template":
        return await _templates(tx, deeds, typed.get("template_id", ""))
    return Offer(deed=chosen, deeds=deeds, choices=[])


def details_in(form: Mapping[str, str], zone: ZoneInfo) -> Details:
    """What a deed needs, from its form; Refused(422) naming the field. Local times are of `zone`."""
    deed = form.get("deed", "")
    if deed in {"tag", "untag"}:
        return {"tag_id": whole(form.get("tag_id"), "tag_id")}
    if deed == "assign":
        agent = form.get("agent_id", "")
        return {"agent_id": None if agent == NOBODY else whole(agent, "agent_id")}
    if deed == "team":
        return {"team_id": whole(form.get("team_id"), "team_id")}
    if deed == "snooze":
        return {"until": _moment(form.get("until", ""), zone).isoformat()}
    if deed == "resolve":
        return {"disposition": form.get("disposition", "")[:16]}
    if deed == "template":
        given = {key.removeprefix("variables."): text for key, text in form.items() if key.startswith("variables.")}
        return {"template_id": whole(form.get("template_id"), "template_id"), "variables": given}
    raise Refused(422, Words("Elija qué hacer."), code="invalid", field="deed")


def _moment(text: str, zone: ZoneInfo) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None:
        raise Refused(422, Words("Elija el día y la hora."), code="invalid", field="until")
    return found.replace(tzinfo=zone)


async def _people(tx: Tx, viewer: Viewer) -> list[Choice]:
    """Oneself, and for who may assign others everybody of their teams who answers."""
    if not policy.may(viewer, "assign_others"):
        return [(str(viewer.id), Words("A mí"))]
    wanted = select(Agent.id, Agent.name).where(Agent.disabled_at.is_(None), Agent.role != Role.BOT)
    if not viewer.sees_all:
        of = select(AgentTeam.agent_id).where(AgentTeam.team_id.in_(viewer.team_ids))
        wanted = wanted.where(Agent.id.in_(of))
    found = sorted(await tx.execute(wanted.limit(500)), key=lambda row: name_key(row[1]))
    return [(str(number), Words("A mí") if number == viewer.id else name) for number, name in found]


async def _dispositions(tx: Tx) -> list[Choice]:
    """Leaves that ask nothing of each person."""
    children = select(Disposition.parent_id).where(Disposition.parent_id.is_not(None))
    leaves = select(Disposition.code, Disposition.name).where(
        Disposition.id.not_in(children), Disposition.needs.is_(None), Disposition.retired_at.is_(None)
    )
    return [(code, f"{name} ({code})") for code, name in await tx.execute(leaves.order_by(Disposition.name))]


async def _templates(tx: Tx, deeds: list[Choice], asked: str) -> Offer:
    found, kept = [], await template_files.defaults(tx)
    for template in await tx.scalars(select(MessageTemplate).order_by(MessageTemplate.name)):
        try:
            message_templates.require_sendable(template)
        except Refused:
            continue
        # One file for each person is nothing that can be asked here: what is kept with the template goes to everybody.
        if message_templates.header_kind(template) is None or (template.name, template.language) in kept:
            found.append(template)
    chosen = next((one for one in found if str(one.id) == asked), found[0] if found else None)
    blanks = [each for each in message_templates.blanks(chosen) if each.key != FILE] if chosen else []
    return Offer(
        deed="template",
        deeds=deeds,
        choices=[(str(one.id), f"{one.name} ({one.language})") for one in found],
        template_id=chosen.id if chosen else None,
        blanks=blanks,
        labels={each.key: template_picker.label_of(each) for each in blanks},
        body=message_templates.preview(chosen, {}).body if chosen else "",
    )
