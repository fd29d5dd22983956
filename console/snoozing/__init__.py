"""Putting a conversation aside: until when, in the debtor's own time, and what is no reason to bring it back."""
