"""Phrases that an agent of ours may hardly say, by country: shipped ones, and what the business made of them."""
