"""Telling other programs what happened: signed calls to addresses of theirs, in order, until they are taken."""
