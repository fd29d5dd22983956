"""Lists that people come back to: a view and its filters under a name, one's own or a team's."""
