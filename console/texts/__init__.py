"""Texts with blanks: which blanks there are, what fills them for one conversation, and what may not go out unfilled."""
