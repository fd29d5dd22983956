"""The keys programs use for /api/v1, in the settings: made, seen in use, taken back."""
