"""Screens in the reader's language: catalogues of words, and what puts them into templates (languages.md)."""
