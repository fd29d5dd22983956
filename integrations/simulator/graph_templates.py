"""Message templates on the Graph: listed by pages, created, edited, deleted, and approved or paused by Meta."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping

import msgspec

from integrations.simulator.graph_errors import GraphError, missing, no_such_object
from integrations.simulator.graph_uploads import check_example
from integrations.simulator.payloads import Json, envelope
from integrations.simulator.simulation import Simulation
from integrations.simulator.template_store import VARIABLE
from integrations.simulator.webhooks import News
from integrations.simulator.world import Template

SHOWN = ("name", "parameter_format", "components", "language", "status", "category", "sub_category", "id")
PAGE = 25
NAME = re.compile(r"[a-z0-9_]{1,512}")
CATEGORIES = {"UTILITY", "MARKETING", "AUTHENTICATION"}
EDITABLE = {"APPROVED", "REJECTED", "PAUSED"}
# What a status event makes of a template; events not named here leave it as it is.
AFTER = {
    "APPROVED": "APPROVED",
    "REINSTATED": "APPROVED",
    "UNARCHIVED": "APPROVED",
    "REJECTED": "REJECTED",
    "PAUSED": "PAUSED",
    "DISABLED": "DISABLED",
    "PENDING": "PENDING",
    "PENDING_DELETION": "PENDING_DELETION",
    "DELETED": "DELETED",
    "FLAGGED": "APPROVED",
    "IN_APPEAL": "IN_APPEAL",
    "LIMIT_EXCEEDED": "LIMIT_EXCEEDED",
    "ARCHIVED": "ARCHIVED",
    "LOCKED": "LOCKED",
}


def listed(sim: Simulation, query: Mapping[str, str], address: str) -> Json:
    """One page of `GET /{waba}/message_templates`; `address` is what `next` and `previous` begin with."""
    wanted = [template for template in sim.world.templates.values() if _fits(template, query)]
    limit = _number(query.get("limit"), PAGE)
    start = _place(query["after"]) + 1 if "after" in query else 0
    if "before" in query:
        start = max(0, _place(query["before"]) - limit)
    page = wanted[start : start + limit]
    fields = [name for name in query.get("fields", "").split(",") if name]
    answer: Json = {"data": [shown(template, fields) for template in page]}
    if page:
        first, last = _cursor(start), _cursor(start + len(page) - 1)
        answer["paging"] = {"cursors": {"before": first, "after": last}}
        kept = "&".join(f"{name}={value}" for name, value in query.items() if name not in {"after", "before"})
        if start + len(page) < len(wanted):
            answer["paging"]["next"] = f"{address}?{kept}{'&' * bool(kept)}after={last}"
        if start > 0:
            answer["paging"]["previous"] = f"{address}?{kept}{'&' * bool(kept)}before={first}"
    return answer


def shown(template: Template, fields: list[str]) -> Json:
    """A template with these fields, or the usual ones; the id always."""
    whole = {name: value for name, value in msgspec.to_builtins(template).items() if value is not None}
    names = [*fields, "id"] if fields else SHOWN
    return {name: whole[name] for name in names if name in whole}


def create(sim: Simulation, body: Json) -> Json:
    """Submit a template; it is approved a little later, and a webhook says so."""
    for name in ("name", "language", "category", "components"):
        if not body.get(name):
            raise missing(name)
    if not isinstance(body["name"], str) or not NAME.fullmatch(body["name"]):
        raise GraphError(100, "Param name may hold lower-case letters, digits and underscores only.")
    category = str(body["category"]).upper()
    if category not in CATEGORIES:
        raise GraphError(100, f"Param category must be one of {sorted(CATEGORIES)}.")
    if any((it.name, it.language) == (body["name"], body["language"]) for it in sim.world.templates.values()):
        raise GraphError(100, "There is already content in this language for this template.", subcode=2388024)
    template = Template(
        id=sim.ids.number(),
        name=body["name"],
        language=str(body["language"]),
        category=category,
        status="PENDING",
        components=_components(sim, body["components"]),
        parameter_format=str(body.get("parameter_format", "POSITIONAL")).upper(),
        message_send_ttl_seconds=body.get("message_send_ttl_seconds"),
        created_at=sim.now(),
    )
    sim.world.templates[template.id] = template
    sim.later(sim.settings.approved_after, lambda: _approve(sim, template))
    return {"id": template.id, "status": template.status, "category": template.category}


def edit(sim: Simulation, template: Template, body: Json) -> Json:
    """Change a template; it is looked at anew."""
    if template.status not in EDITABLE:
        raise GraphError(100, f"A template that is {template.status} cannot be edited.")
    if "components" in body:
        template.components = _components(sim, body["components"])
    if "category" in body and template.status != "APPROVED":
        template.category = str(body["category"]).upper()
    if "message_send_ttl_seconds" in body:
        template.message_send_ttl_seconds = body["message_send_ttl_seconds"]
    template.status = "PENDING"
    sim.later(sim.settings.approved_after, lambda: _approve(sim, template))
    return {"success": True}


def delete(sim: Simulation, query: Mapping[str, str]) -> Json:
    """Delete a template in all its languages (`name`), or one of them (`hsm_id`)."""
    if not query.get("name") and not query.get("hsm_id"):
        raise missing("name")
    doomed = [
        template
        for template in sim.world.templates.values()
        if template.name == query.get("name", template.name) and template.id == query.get("hsm_id", template.id)
    ]
    if not doomed:
        raise no_such_object(query.get("hsm_id") or query["name"])
    for template in doomed:
        del sim.world.templates[template.id]
        _tell(sim, template, "DELETED", reason="NONE")
    return {"success": True}


def change_status(sim: Simulation, template: Template, event: str, *, reason: str = "NONE") -> None:
    """What Meta decides about a template, and the webhook that says so."""
    template.status = AFTER[event]
    template.rejected_reason = reason if event == "REJECTED" else None
    _tell(sim, template, event, reason=reason)


def _approve(sim: Simulation, template: Template) -> None:
    if template.status == "PENDING" and template.id in sim.world.templates:
        change_status(sim, template, "APPROVED")


def _tell(sim: Simulation, template: Template, event: str, *, reason: str) -> None:
    value: Json = {
        "event": event,
        "message_template_id": int(template.id),
        "message_template_name": template.name,
        "message_template_language": template.language,
        "reason": reason,
        "message_template_category": template.category,
    }
    if event == "PAUSED":
        value["other_info"] = {"title": "FIRST_PAUSE", "description": "Paused for 3 hours after negative feedback."}
    if event == "DISABLED":
        value["disable_info"] = {"disable_date": str(int(sim.now()))}
    sim.announce(
        News(
            body=envelope(sim.settings, "message_template_status_update", [value], at=sim.now()),
            what=f"plantilla {template.name} ({template.language}), {event}",
        )
    )


def _fits(template: Template, query: Mapping[str, str]) -> bool:
    wanted = {name: query[name] for name in ("name", "language", "status", "category") if query.get(name)}
    return all(str(getattr(template, name)).lower() == value.lower() for name, value in wanted.items())


def _components(sim: Simulation, given: object) -> list[Json]:
    if not isinstance(given, list) or not all(isinstance(part, dict) and part.get("type") for part in given):
        raise GraphError(100, "Param components must be an array of objects with a type.")
    made = [{**part, "type": str(part["type"]).upper()} for part in given]
    for part in made:
        if part["type"] == "HEADER":
            check_example(sim, part)
    body = next((part for part in made if part["type"] == "BODY"), None)
    text = str(body.get("text", "")) if body else ""
    if body and not text and not body.get("add_security_recommendation"):
        raise missing("components['BODY']['text']")
    if VARIABLE.search(text) and not (body or {}).get("example"):
        raise GraphError(100, "Message template body with variables needs an example.", subcode=2388293)
    if VARIABLE.match(text) or re.search(r"\{\{\s*\w+\s*\}\}$", text):
        raise GraphError(100, "Variables cannot stand at the start or the end of the body.", subcode=2388299)
    return made


def _number(text: str | None, otherwise: int) -> int:
    return max(1, min(int(text), 1000)) if text and text.isdigit() else otherwise


def _cursor(place: int) -> str:
    return base64.urlsafe_b64encode(f"place:{place}".encode()).decode().rstrip("=")


def _place(cursor: str) -> int:
    try:
        words = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        return int(words.removeprefix("place:"))
    except (binascii.Error, ValueError) as unreadable:
        raise GraphError(100, "Param after or before is not a valid cursor.") from unreadable
