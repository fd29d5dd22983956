"""Billing systems: who owes what according to them, read over their own protocols."""
