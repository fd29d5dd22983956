"""Roles of one's own beside the built-in ones: a name, the scope of a built-in role, and which deeds it may do."""
