"""Who may see and change which saved view. Pure; what a view lists is decided by the inbox's policy as ever."""

from __future__ import annotations

from sqlalchemy import ColumnElement, or_

from console.agents import Viewer
from console.inbox import policy
from console.saved_views.models import SavedView


def visible(viewer: Viewer) -> ColumnElement[bool]:
    """That a SavedView is the viewer's own, or of one of their teams. Nobody sees another's own."""
    own = (SavedView.team_id.is_(None)) & (SavedView.owner_id == viewer.id)
    shared = SavedView.team_id.is_not(None) if viewer.sees_all else SavedView.team_id.in_(viewer.team_ids)
    return or_(own, shared)


def may_share(viewer: Viewer, team_id: int) -> bool:
    """Whether `viewer` may save, rename, move and remove what is a team's: who leads it, and who stands above teams."""
    return policy.may(viewer, "share_views") and (viewer.sees_all or team_id in viewer.team_ids)


def may_change(viewer: Viewer, saved: SavedView) -> bool:
    """Whether `viewer` may change this view, which they may see."""
    return saved.owner_id == viewer.id if saved.team_id is None else may_share(viewer, saved.team_id)
