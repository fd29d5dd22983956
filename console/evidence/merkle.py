"""Hash trees (RFC 6962, §2.1): one root for many entries, and for each a short path that leads to it. Pure.

A pack shows that its entries are in the sealed history without showing anybody else's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

Step = tuple[str, str]
"""On which side the neighbour stands ("left" or "right"), and its hash in hexadecimal."""


def root(leaves: Sequence[bytes]) -> bytes:
    """The root over `leaves` (hashes, in order); there is at least one."""
    return _levels(leaves)[-1][0]


def grown(leaves: Sequence[bytes], wanted: Sequence[int]) -> tuple[bytes, list[list[Step]]]:
    """The root, and for each place in `wanted` what stands beside the way from that leaf to it, from below upwards."""
    levels = _levels(leaves)
    return levels[-1][0], [_path(levels, place) for place in wanted]


def follow(leaf: bytes, path: Sequence[Step]) -> bytes:
    """The root that `leaf` leads to along `path`."""
    reached = _leaf(leaf)
    for side, neighbour in path:
        other = bytes.fromhex(neighbour)
        reached = _node(other, reached) if side == "left" else _node(reached, other)
    return reached


def _levels(leaves: Sequence[bytes]) -> list[list[bytes]]:
    """The tree from below; who has no neighbour goes up as it is, which is the RFC's tree."""
    level = [_leaf(leaf) for leaf in leaves]
    levels = [level]
    while len(level) > 1:
        pairs = [_node(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
        level = pairs + ([level[-1]] if len(level) % 2 else [])
        levels.append(level)
    return levels


def _path(levels: list[list[bytes]], place: int) -> list[Step]:
    path: list[Step] = []
    for level in levels[:-1]:
        beside = place ^ 1
        if beside < len(level):
            path.append(("left" if beside < place else "right", level[beside].hex()))
        place //= 2
    return path


def _leaf(entry: bytes) -> bytes:
    return hashlib.sha256(b"\0" + entry).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()
