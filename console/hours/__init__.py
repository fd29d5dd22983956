"""When the business works: its week, its holidays, its own closures, and what lies between two moments of work."""
