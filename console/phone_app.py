"""The console as an app of a phone: what it is called and looks like, the service worker, the page without network."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency

from console import static_files
from console.forms import html
from console.render import page
from console.settings import Settings
from console.sign_in import language_of

_KEEP_NOTHING = {"cache-control": "no-cache"}
_SIZES = ("192", "512")


@get("/manifest.webmanifest")
async def manifest() -> Response[dict[str, Any]]:
    """What a phone needs to install it (W3C Web Application Manifest)."""
    drawn = [
        {
            "src": static_files.address(f"icon-{size}.png"),
            "sizes": f"{size}x{size}",
            "type": "image/png",
            "purpose": purpose,
        }
        for size in _SIZES
        for purpose in ("any", "maskable")
    ]
    said: dict[str, Any] = {
        "id": "/inbox",
        "name": "Al Día",
        "short_name": "Al Día",
        "description": "La bandeja de cobranza en el teléfono.",
        "lang": "es",
        "start_url": "/inbox",
        "scope": "/",
        "display": "standalone",
        "background_color": "#f6f6f3",
        "theme_color": "#0f6b4f",
        "icons": drawn,
    }
    return Response(said, media_type="application/manifest+json", headers=_KEEP_NOTHING)


@get("/sw.js")
async def service_worker() -> Response[bytes]:
    """The service worker, under the root so that it may speak for every page; asked for anew each time."""
    return Response(static_files.content("sw.js"), media_type="text/javascript", headers=_KEEP_NOTHING)


@get("/offline")
async def offline(request: Request[Any, Any, Any], settings: NamedDependency[Settings]) -> Response[str]:
    """What is shown without network: nobody's page, with nobody's data."""
    return html(page("offline.html", reader=language_of(request, settings)))


routes = [manifest, service_worker, offline]
