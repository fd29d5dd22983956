"""Whom a conversation goes to: who can take one now, what waits in which order, and the rules each team decides."""
