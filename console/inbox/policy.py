"""The rules: who may see or do what, and how we may write now. Pure functions; the moment is an argument."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

import msgspec
from sqlalchemy import ColumnElement, and_, exists, false, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute

from console.agents import Agent, AgentTeam, Role, Viewer
from console.canned.models import CannedText
from console.errors import Refused
from console.inbox.models import Conversation
from console.inbox.tags import Tag
from console.languages.words import Words
from console.portfolio.ledger import Payment
from console.portfolio.models import Account, ContactPoint, PointState
from console.quality.models import QualityPick

# The customer service window (whatsapp.md §13): 24 h from the contact's last message; we stop a little earlier,
# so that a message written in the last minutes doesn't reach Meta too late.
SERVICE_WINDOW = timedelta(hours=24)
SAFETY_MARGIN = timedelta(minutes=5)


def sees(viewer: Viewer, *, team_id: int, holder_id: int | None) -> bool:
    """Whether `viewer` may see a conversation of this team, held by this agent.

    Lists, details, counts, search, live frames, media and exports all come here or to its twin `visible`.
    """
    return viewer.sees_all or team_id in viewer.team_ids or holder_id == viewer.id


def visible(viewer: Viewer) -> ColumnElement[bool]:
    """`sees`, as a condition on Conversation."""
    if viewer.sees_all:
        return true()
    return or_(Conversation.team_id.in_(viewer.team_ids), Conversation.holder_id == viewer.id)


def seers(*, team_id: int, holder_id: int | None) -> ColumnElement[bool]:
    """`sees`, as a condition on Agent: who may see a conversation of this team, held by this agent."""
    of_team = select(AgentTeam.agent_id).where(AgentTeam.team_id == team_id)
    return or_(Agent.role == Role.ADMIN, Agent.id.in_(of_team), Agent.id == holder_id)


def sees_account(viewer: Viewer, *, team_id: int, conversations: Iterable[tuple[int, int | None]] = ()) -> bool:
    """Whether `viewer` may see an account of this team.

    Beside their teams' accounts people see those of whom they speak with: `conversations` are the team and the holder
    of each conversation of the debtor. The twin of `visible_accounts`.
    """
    return (
        viewer.sees_all
        or team_id in viewer.team_ids
        or any(sees(viewer, team_id=team, holder_id=holder) for team, holder in conversations)
    )


def visible_accounts(viewer: Viewer) -> ColumnElement[bool]:
    """`sees_account`, as a condition on Account."""
    if viewer.sees_all:
        return true()
    spoken_with = (
        select(Conversation.id)
        .join(ContactPoint, ContactPoint.contact_id == Conversation.contact_id)
        .where(
            ContactPoint.debtor_id == Account.debtor_id,
            ContactPoint.state == PointState.ACTIVE,
            Conversation.status != "merged",
            visible(viewer),
        )
        .correlate(Account)
    )
    return or_(Account.team_id.in_(viewer.team_ids), exists(spoken_with))


def visible_unplaced(viewer: Viewer) -> ColumnElement[bool]:
    """As a condition on a Payment that has no account: that it names none we know, or one that `viewer` sees.

    A payment in another currency, or of another invoice, says all the same whose debt it is about.
    """
    if viewer.sees_all:
        return true()
    named = select(Account.id).where(Account.external_id == Payment.account_named)
    seen = named.where(visible_accounts(viewer))
    return or_(~exists(named.correlate(Payment)), exists(seen.correlate(Payment)))


def may_reveal(viewer: Viewer, *, holder_id: int | None) -> bool:
    """Whether `viewer` may see a document or telephone whole in a conversation they see: who attends to it or leads."""
    return may(viewer, "reveal_document") or holder_id == viewer.id


def hears(viewer: Viewer, author_id: int, to_id: int) -> bool:
    """Whether `viewer` is one of the two a whisper is between: nobody else ever sees it, whatever their role."""
    return viewer.id in {author_id, to_id}


def visible_tags(viewer: Viewer) -> ColumnElement[bool]:
    """That a Tag is everybody's or of one of the viewer's teams."""
    if viewer.sees_all:
        return true()
    return or_(Tag.team_id.is_(None), Tag.team_id.in_(viewer.team_ids))


def visible_canned(viewer: Viewer) -> ColumnElement[bool]:
    """That a CannedText is everybody's, of one of the viewer's teams, or the viewer's own: nobody sees another's."""
    if viewer.sees_all:
        return or_(CannedText.owner_id.is_(None), CannedText.owner_id == viewer.id)
    shared = or_(CannedText.team_id.is_(None), CannedText.team_id.in_(viewer.team_ids))
    return or_(CannedText.owner_id == viewer.id, and_(CannedText.owner_id.is_(None), shared))


def may_edit_canned(viewer: Viewer, *, owner_id: int | None, team_id: int | None) -> bool:
    """Whether `viewer` may make, change or retire a canned text of this owner or team: one's own, or as a leader.

    A leader's reach ends with their teams; what is everybody's is any leader's.
    """
    if owner_id is not None:
        return owner_id == viewer.id
    if not may(viewer, "edit_canned"):
        return False
    return team_id is None or viewer.sees_all or team_id in viewer.team_ids


def reported(viewer: Viewer) -> ColumnElement[bool]:
    """As a condition on Conversation: whose numbers a report for `viewer` may hold. Teams lead, holding does not."""
    return leads(viewer, Conversation.team_id)


def leads(viewer: Viewer, column: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """The same for numbers already summed: that the team in `column` is one whose numbers `viewer` may have."""
    return true() if viewer.sees_all else column.in_(viewer.team_ids)


def reported_accounts(viewer: Viewer) -> ColumnElement[bool]:
    """The same for Account."""
    return true() if viewer.sees_all else Account.team_id.in_(viewer.team_ids)


def colleagues(viewer: Viewer) -> ColumnElement[bool]:
    """As a condition on Agent: of one of the viewer's teams."""
    if viewer.sees_all:
        return true()
    return Agent.id.in_(select(AgentTeam.agent_id).where(AgentTeam.team_id.in_(viewer.team_ids)))


def reviewable(viewer: Viewer) -> ColumnElement[bool]:
    """As a condition on Conversation: whose quality `viewer` may look into, as who leads its team."""
    return reported(viewer) if may(viewer, "review_quality") else false()


def judged(viewer: Viewer) -> ColumnElement[bool]:
    """As a condition on QualityPick: that it is about the viewer's own work."""
    return QualityPick.agent_id == viewer.id


Deed = Literal[
    "handle_privacy",
    "erase_person",
    "reveal_document",
    "edit_retention",
    "export_evidence",
    "assign_others",
    "resume_channel",
    "read_history",
    "review_identity",
    "replay",
    "manage_users",
    "import_portfolio",
    "edit_rules",
    "apply_payments",
    "lift_opt_out",
    "edit_dispositions",
    "edit_tags",
    "edit_canned",
    "share_views",
    "edit_hours",
    "read_reports",
    "edit_rates",
    "edit_templates",
    "edit_routing",
    "send_to_many",
    "manage_webhooks",
    "manage_tokens",
    "watch_floor",
    "edit_targets",
    "edit_bot",
    "review_quality",
    "edit_quality",
]
_LEADERS = frozenset({Role.SUPERVISOR, Role.ADMIN})

_MAY: dict[Deed, frozenset[str]] = {
    "handle_privacy": _LEADERS,
    "erase_person": frozenset({Role.ADMIN}),
    "reveal_document": _LEADERS,
    "edit_retention": frozenset({Role.ADMIN}),
    "export_evidence": _LEADERS,
    "assign_others": _LEADERS,
    "read_history": _LEADERS,
    "review_identity": _LEADERS,
    "resume_channel": frozenset({Role.ADMIN}),
    "replay": frozenset({Role.ADMIN}),
    "manage_users": frozenset({Role.ADMIN}),
    "import_portfolio": _LEADERS,
    "edit_rules": _LEADERS,
    "apply_payments": _LEADERS,
    "lift_opt_out": _LEADERS,
    "edit_dispositions": _LEADERS,
    "edit_tags": _LEADERS,
    "edit_canned": _LEADERS,
    "share_views": _LEADERS,
    "edit_hours": _LEADERS,
    "read_reports": _LEADERS,
    "edit_rates": frozenset({Role.ADMIN}),
    "edit_templates": _LEADERS,
    "edit_routing": _LEADERS,
    "send_to_many": _LEADERS,
    "manage_webhooks": frozenset({Role.ADMIN}),
    "manage_tokens": frozenset({Role.ADMIN}),
    "watch_floor": _LEADERS,
    "edit_targets": _LEADERS,
    "edit_bot": _LEADERS,
    "review_quality": _LEADERS,
    "edit_quality": frozenset({Role.ADMIN}),
}


EVERY_DEED: frozenset[str] = frozenset(_MAY)
OF_THE_BUSINESS: frozenset[str] = frozenset(deed for deed, roles in _MAY.items() if roles == {Role.ADMIN})
"""Deeds that no team bounds: a role of one's own has them only with the scope of an administrator."""
_RANK = {str(Role.BOT): 0, str(Role.AGENT): 0, str(Role.SUPERVISOR): 1, str(Role.ADMIN): 2}


def may(viewer: Viewer, deed: Deed) -> bool:
    """Whether `viewer`'s role allows a deed that isn't bound to one conversation."""
    if viewer.deeds is not None:
        return deed in viewer.deeds
    return viewer.role in _MAY[deed]


def deeds_of(role: str, own: frozenset[str] | None = None) -> frozenset[str]:
    """All that a role allows: its own deeds, or those of the built-in one."""
    return own if own is not None else frozenset(deed for deed, roles in _MAY.items() if role in roles)


def reaches(viewer: Viewer, role: str, own: frozenset[str] | None) -> bool:
    """Whether `viewer` has all that this role has: only then may they give it, or touch somebody who holds it."""
    return _RANK[role] <= _RANK[viewer.role] and deeds_of(role, own) <= deeds_of(viewer.role, viewer.deeds)


def require_reach(viewer: Viewer, role: str, own: frozenset[str] | None) -> None:
    """Raise Refused(403) unless `viewer` reaches it: nobody gives more than they have, or overrules who has more."""
    if not reaches(viewer, role, own):
        raise Refused(403, Words("Ese rol puede más que el suyo: pídalo a quien lo tenga todo."), code="beyond_reach")


def require(viewer: Viewer, deed: Deed) -> None:
    """Raise Refused(403) unless `viewer` may."""
    if not may(viewer, deed):
        raise Refused(403, Words("Su rol no permite esta acción."), code="forbidden")


def require_for_team(viewer: Viewer, deed: Deed, team_id: int) -> None:
    """Raise Refused(403) unless `viewer` may do this for this team; what holds for all of them is for who sees all."""
    require(viewer, deed)
    if not viewer.sees_all and team_id not in viewer.team_ids:
        raise Refused(403, Words("Solo puede cambiar lo de sus equipos."), code="forbidden")


class Window(msgspec.Struct, frozen=True):
    """The service window at one moment. `free_text_until` is where we stop, a little before Meta does."""

    opened_at: datetime | None
    closes_at: datetime | None
    free_text_until: datetime | None
    is_open: bool


def window(conversation: Conversation, moment: datetime) -> Window:
    """The service window of `conversation` at `moment` (Meta: messages outside it must be approved templates)."""
    closes = conversation.window_closes_at
    until = closes - SAFETY_MARGIN if closes else None
    return Window(conversation.window_opened_at, closes, until, is_open=until is not None and moment < until)


def why_not(*, opted_out: bool, wrong_number: bool, is_the_answer: bool) -> Refused | None:
    """Why somebody who asked us to stop, or is not whom we look for, may not be written to now; None when they may.

    What they write themselves is answered, once (compliance, step 5: one answer for each inbound).
    """
    if not (opted_out or wrong_number) or is_the_answer:
        return None
    if opted_out:
        text = Words(
            "Pidió que no le escribamos: solo se responde, una vez, a lo que escriba. Su texto queda como borrador."
        )
        return Refused(409, text, code="opted_out")
    text = Words(
        "El número es de otra persona: solo se responde, una vez, a lo que escriba. Su texto queda como borrador."
    )
    return Refused(409, text, code="wrong_number")


def why_debt_is_held_back(*, people: int, is_verified: bool, in_doubt: bool, wrong_number: bool) -> str | None:
    """Why nothing of the debt is filled into a text by itself; None when the right party is known to answer here.

    `people` are those of the portfolio this number is on file for (compliance §6, debt_disclosed_to_third_party).
    """
    if wrong_number:
        return Words("El número es de otra persona: aquí no se dice nada de la deuda.")
    if in_doubt:
        return Words("La identidad está por confirmar: los datos de la deuda quedan sin completar.")
    if people and not is_verified:
        if people > 1:
            return Words("Este número es de varias personas de la cartera: los datos de la deuda quedan sin completar.")
        return Words("Falta confirmar que responde el titular: los datos de la deuda quedan sin completar.")
    return None


def window_closed() -> Refused:
    """The answer to free text outside the service window."""
    return Refused(
        409,
        Words(
            "Pasaron más de 24 horas desde su último mensaje. WhatsApp solo acepta una plantilla aprobada; "
            "su texto queda guardado como borrador."
        ),
        code="window_closed",
        field="text",
    )
