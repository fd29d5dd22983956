"""The evidence: seals that strangers can check, and packs that prove what was said without the product."""
