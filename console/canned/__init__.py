"""Canned text: what is written often, kept ready under `/`, with the debtor's own data filled in."""
