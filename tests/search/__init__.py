"""Finding people and what was said."""
