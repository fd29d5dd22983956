"""The word lists: what is found, and who changes them."""
