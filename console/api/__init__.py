"""The JSON API at /api/v1: what other programs read, change and follow. Every call is listed in `router.py`."""

from litestar.types import ControllerRouterHandler

from console.api import schema
from console.api.router import v1

routes: list[ControllerRouterHandler] = [v1, *schema.routes]
