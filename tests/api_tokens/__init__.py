"""The keys programs use for /api/v1, on their page."""
