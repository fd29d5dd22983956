"""The tree whose root is signed: RFC 6962's, whatever the number of leaves."""

from __future__ import annotations

import hashlib

from hypothesis import given, settings
from hypothesis import strategies as st

from console.evidence import merkle


def by_the_book(leaves: list[bytes]) -> bytes:
    """RFC 6962, §2.1, word by word: split at the largest power of two below the number of leaves."""
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    middle = 1
    while middle * 2 < len(leaves):
        middle *= 2
    return hashlib.sha256(b"\1" + by_the_book(leaves[:middle]) + by_the_book(leaves[middle:])).digest()


@settings(deadline=None)
@given(st.integers(1, 70), st.data())
def test_every_leaf_leads_to_the_root_of_the_rfc_and_no_other_does(count: int, data: st.DataObject) -> None:
    leaves = [hashlib.sha256(bytes([number])).digest() for number in range(count)]
    place = data.draw(st.integers(0, count - 1))

    root, [path] = merkle.grown(leaves, [place])

    assert root == merkle.root(leaves) == by_the_book(leaves)
    assert merkle.follow(leaves[place], path) == root
    assert merkle.follow(hashlib.sha256(b"another").digest(), path) != root
