"""What the process that reads a file and the one that asked for it say to each other."""

from __future__ import annotations

from typing import Any

import msgspec

from console.portfolio.columns import Header
from console.portfolio.rows import Line, Problem, Reading
from console.portfolio.sheets import Shape

HEAD = 4
"""Bytes of a frame's length, before it."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What to do with the file at `path`: look at it, or, with `reading`, read it below `header_row`."""

    path: str
    sheet: str | None = None
    header_row: int = 0
    reading: Reading | None = None


class Looked(msgspec.Struct, frozen=True, tag=True):
    """What the file looks like: its header, if one was found, and what stands below it."""

    shape: Shape
    header: Header | None
    sample: list[list[Any]]


class Found(msgspec.Struct, frozen=True, tag=True):
    """What was found wrong, after `rows` rows."""

    rows: int
    problems: list[Problem]


class Given(msgspec.Struct, frozen=True, tag=True):
    """Some of the debts, of which there are `total`."""

    lines: list[Line]
    total: int


class End(msgspec.Struct, frozen=True, tag=True):
    """The whole file has been read: how many rows, how many of them wrong, what was found wrong in all."""

    rows: int
    wrong: int
    skipped: int
    problems: int


class Failed(msgspec.Struct, frozen=True, tag=True):
    """The file cannot be read; why, as `packed` words."""

    why: str


Frame = Looked | Found | Given | End | Failed
encoder = msgspec.msgpack.Encoder()
decoder: msgspec.msgpack.Decoder[Frame] = msgspec.msgpack.Decoder(Frame)
