"""The JSON API at /api/v1: what other programs read, change and follow. Every call is listed in `router.py`."""

from console.api import schema
from console.api.router import v1

routes = [v1, *schema.routes]
