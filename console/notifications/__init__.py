"""Notifications: what rings for whom, in an open page and on a phone in a pocket, and when nothing does."""
