"""Retention: how long what was said is kept once a matter is closed, what holds it back, and the work of forgetting."""
