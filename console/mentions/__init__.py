"""Mentions: colleagues named in an internal note, who are told of it and find it again."""
