"""Every column that can hold words says what an erasure makes of it: one that is new cannot be forgotten."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

from sqlalchemy import JSON, LargeBinary, String, Table, TypeDecorator

import console
from console.db import Base
from tests.privacy.fates import ERASED, KEPT, OURS


def every_table() -> Iterator[Table]:
    """The tables of every module of the console: one that nobody else imports is one too."""
    for module in pkgutil.walk_packages(console.__path__, "console."):
        if not module.name.startswith("console.migrations"):
            importlib.import_module(module.name)
    yield from Base.metadata.tables.values()


def wordy() -> set[str]:
    """Each column of text, JSON or bytes that points to no other row, as "table.column"."""
    found = set()
    for table in every_table():
        for column in table.columns:
            kind = column.type.impl if isinstance(column.type, TypeDecorator) else column.type
            if isinstance(kind, String | JSON | LargeBinary) and not column.foreign_keys:
                found.add(f"{table.name}.{column.name}")
    return found


def test_every_column_of_words_has_a_fate_and_one_alone() -> None:
    ours = {f"{table}.{name}" for table, names in OURS.items() for name in names.split()}
    fates = [*ERASED, *KEPT, *ours]

    assert wordy() - set(fates) == set(), "say in fates.py what an erasure makes of it"
    assert set(fates) - wordy() == set(), "there is no such column any more"
    assert len(fates) == len(set(fates)), "one fate each"
    assert all(KEPT.values()), "what is kept is kept for a reason"
