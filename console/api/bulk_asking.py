"""What a program says of a job on many conversations: the deed, what it needs, and which conversations."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from console.api.asking import id_in
from console.api.problems import invalid
from console.api.saved_views import ListingNamed
from console.bulk_jobs.deeds import Details
from console.errors import Refused

MOST_IDS = 2000
Deed = Literal["tag", "untag", "assign", "team", "snooze", "resolve", "template"]
_NEEDS: dict[str, str] = {
    "tag": "tag",
    "untag": "tag",
    "assign": "assignee",
    "team": "team",
    "snooze": "snoozed_until",
    "resolve": "disposition",
    "template": "template",
}
_FIELDS = {
    "tag_id": "tag",
    "agent_id": "assignee",
    "team_id": "team",
    "until": "snoozed_until",
    "template_id": "template.id",
    "ids": "conversations",
}
"""What the verbs call what the API calls otherwise."""


class TemplateForMany(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A template of `/templates` by its id, with the words for its blanks; `{saldo}` is each one's own."""

    id: str
    variables: dict[str, str] = {}


class JobToAsk(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A deed, the one thing that it needs, and on which conversations: `conversations`, or all that `listing` lists.

    `assignee` null lets them go. `tag` is the id of a free tag, `disposition` the code of a leaf that needs nothing.
    """

    deed: Deed
    conversations: Annotated[list[str], msgspec.Meta(max_length=MOST_IDS)] | msgspec.UnsetType = msgspec.UNSET
    listing: ListingNamed | msgspec.UnsetType = msgspec.UNSET
    tag: str | msgspec.UnsetType = msgspec.UNSET
    assignee: str | msgspec.UnsetType | None = msgspec.UNSET
    team: str | msgspec.UnsetType = msgspec.UNSET
    snoozed_until: Annotated[datetime, msgspec.Meta(tz=True)] | msgspec.UnsetType = msgspec.UNSET
    disposition: Annotated[str, msgspec.Meta(max_length=16)] | msgspec.UnsetType = msgspec.UNSET
    template: TemplateForMany | msgspec.UnsetType = msgspec.UNSET


def details_of(asked: JobToAsk) -> Details:
    """What the deed needs, as its verb takes it. Refuses (422) what is missing, and what belongs to another deed."""
    needs = _NEEDS[asked.deed]
    if getattr(asked, needs) is msgspec.UNSET:
        raise invalid(needs, f"Falta el campo {needs}.", code="missing_field")
    for other in sorted(set(_NEEDS.values()) - {needs}):
        if getattr(asked, other) is not msgspec.UNSET:
            raise invalid(other, f"No corresponde a {asked.deed}.")
    if isinstance(asked.template, TemplateForMany):
        return {"template_id": id_in(asked.template.id, "template.id"), "variables": asked.template.variables}
    if isinstance(asked.snoozed_until, datetime):
        return {"until": asked.snoozed_until.isoformat()}
    if asked.deed == "resolve":
        return {"disposition": asked.disposition}
    given = getattr(asked, needs)
    name = next(theirs for theirs, ours in _FIELDS.items() if ours == needs)
    return {name: None if given is None else id_in(given, needs)}


def ids_of(asked: JobToAsk) -> set[int]:
    """The conversations that are named. Refuses (422) neither names nor a listing, and both."""
    named = asked.conversations
    if (named is msgspec.UNSET) == (asked.listing is msgspec.UNSET):
        raise invalid("conversations", "Indique conversations o listing, y solo uno.", code="missing_field")
    if named is msgspec.UNSET:
        return set()
    return {id_in(text, f"conversations[{place}]") for place, text in enumerate(named)}


def renamed(refused: Refused) -> Refused:
    """The same refusal, with the field by its name here."""
    field = refused.field
    if field is not None:
        field = _FIELDS.get(field, f"template.{field}" if field.startswith("variables.") else field)
    return Refused(refused.status, refused.text, code=refused.code, field=field, details=refused.details)
