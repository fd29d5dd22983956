"""When the work of a process begins: with what is asked of it, and after a moment with what waited for it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from console import worker
from console.bulk_jobs.models import JobState
from console.db import Database
from tests.bulk_jobs.test_bulk_jobs import a_tag, asked, job_of, some
from tests.front import a_console, settings_for
from tests.inbox.people import an_inbox
from tests.patience import eventually


async def is_rehearsed(database: Database, job_id: int) -> bool:
    return (await job_of(database, job_id)).state == JobState.CHECKED


async def test_what_is_asked_of_a_process_that_has_just_started_does_not_wait(
    database: Database, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "FIRST_AFTER", 3600.0)
    inbox = await an_inbox(database)
    [conversation] = await some(database, inbox, 1)
    tag = await a_tag(database, inbox.supervisor)

    async with a_console(settings_for(database_url, tmp_path)) as front:
        await eventually(lambda: "work.bulk jobs" in {task.get_name() for task in asyncio.all_tasks()})
        job_id = await asked(front.console.db, inbox.ana, "tag", [conversation.id], tag_id=tag)
        await eventually(lambda: is_rehearsed(database, job_id))


async def test_what_waited_for_a_process_is_taken_up_though_nothing_happens(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    inbox = await an_inbox(database)
    [conversation] = await some(database, inbox, 1)
    job_id = await asked(database, inbox.ana, "tag", [conversation.id], tag_id=await a_tag(database, inbox.supervisor))

    async with a_console(settings_for(database_url, tmp_path)):
        await eventually(lambda: is_rehearsed(database, job_id))
