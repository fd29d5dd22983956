"""What was changed about a person of the team, in the words of their page."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from console.agents import Agent, OwnRole, Team
from console.db import Tx
from console.languages.readers import NAMES as LANGUAGES
from console.languages.words import Words
from console.roles.giving import NAMES
from console.settings_pages.change_lines import ChangeLine, Say, Terms, among, newest

ABOUT = (
    *("agent.created", "agent.updated", "agent.disabled", "agent.password_changed", "agent.language_chosen"),
    *("factor.enabled", "factor.removed", "factor.recovery_used", "factor.codes_renewed"),
)


async def changes_of(tx: Tx, agent: Agent) -> list[ChangeLine]:
    """What was lately changed about `agent`, and by whom."""
    teams = {row.id: row.name for row in await tx.execute(select(Team.id, Team.name))}
    roles = {row.id: row.name for row in await tx.execute(select(OwnRole.id, OwnRole.name))}
    return await newest(tx, ABOUT, terms(teams, roles), subjects=(f"agent:{agent.id}",))


def terms(teams: dict[int, str], roles: dict[int, str]) -> Terms:
    """How the page of somebody tells what was changed about them."""
    return Terms(
        fields={
            "on": Words("Segundo factor"),
            "own_role": Words("Rol propio"),
            "own_role_version": Words("Versión del rol"),
            "role": Words("Base del rol"),
            "team_ids": Words("Equipos"),
        },
        said={
            "language": among(LANGUAGES, none=Words("El de cada ingreso")),
            "own_role": _role(roles),
            "role": among(NAMES),
            "team_ids": among(teams, none=Words("ninguno")),
        },
    )


def _role(names: dict[int, str]) -> Say:
    """A role of the business's own: its name as it was then, or, where only the number is kept, as it is now."""

    def say(value: Any) -> str:  # noqa: ANN401 what JSON holds
        return str(value["name"]) if isinstance(value, dict) else names.get(value, "—")

    return say
