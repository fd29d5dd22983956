"""What the API gives of one user's work: drafts, filled texts, saved views and jobs on many conversations."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from console.api.shapes import CannedFile


class Draft(msgspec.Struct):
    """What a user is writing in a conversation, as a reply or as an internal note."""

    conversation_id: str
    mode: Literal["reply", "note"]
    text: str
    updated_at: datetime


class SavedView(msgspec.Struct):
    """A list under a name: the user's own, or (`team`) a team's. `filters` are as the inbox's address names them.

    `count` is how many conversations of it the user sees, to 100: there may be more then. It is null where a filter no
    longer exists. `may_change`: whether this user may rename, move and remove it.
    """

    id: str
    name: str
    team: str | None
    view: str
    filters: dict[str, str]
    count: int | None
    may_change: bool


class BulkJob(msgspec.Struct):
    """One deed on many conversations, in the name of `user`, and how far it has come.

    It is `checking` while every row is rehearsed and nothing changes, then `checked`; `running` after the start; at the
    end `done` or `cancelled`. `done`, `changed`, `same` and `refused` count rows, of the rehearsal until it is started.
    `why`: what ended it early. `undoes` and `undone_by` are jobs; `may_undo`: whether there is a way back.
    """

    id: str
    user: str
    deed: str
    status: Literal["checking", "checked", "running", "done", "cancelled"]
    total: int
    done: int
    changed: int
    same: int
    refused: int
    why: str | None
    undoes: str | None
    undone_by: str | None
    may_undo: bool
    version: int
    created_at: datetime
    finished_at: datetime | None


class BulkRow(msgspec.Struct):
    """What became of one conversation, or would by the rehearsal (`done` is false); `verdict` is null before either."""

    conversation_id: str
    verdict: Literal["changed", "same", "refused"] | None
    reason: str | None
    done: bool


class FilledText(msgspec.Struct):
    """A canned response filled in for one conversation. `missing` names the blanks that are still in `text`.

    `held_back` says in Spanish why nothing of the debt is filled in; null when it is. `whose`: own, team or all.
    `used` counts how often this user has used it.
    """

    id: str
    name: str
    folder: str | None
    whose: str
    text: str
    missing: list[str]
    held_back: str | None
    files: list[CannedFile]
    used: int
