"""Consent with its proof: who let us write for what, since when, how we know, and when they took it back."""
