"""The JSON API at /api/v1: what other programs read, change and follow; every call is listed in `router.py`."""
