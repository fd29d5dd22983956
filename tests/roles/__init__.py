"""Roles of the business's own."""
