"""Words that Python gives to a screen, told apart from what people wrote."""

from __future__ import annotations


class Words(str):
    """A label of ours, in Spanish. What only equals one, a name that somebody bears, is no `Words` and never said."""

    __slots__ = ()
