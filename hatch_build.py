"""Knows where the browser scripts we did not write come from: out of a locked wheel, checked byte for byte."""

from __future__ import annotations

import hashlib
import importlib.resources
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

VENDOR = Path("console/static/vendor")

# Name here: the package that carries it, where in it, and the SHA-256 of its bytes.
SCRIPTS = {
    # htmx 2.0.10 (0BSD), the very file that the htmx project publishes as dist/htmx.min.js.
    "htmx.min.js": (
        "django_htmx",
        "static/django_htmx/htmx-2.min.js",
        "71ea67185bfa8c98c39d31717c6fce5d852370fcdfd129db4543774d3145c0de",
    ),
    # Chart.js 4 (MIT): draws on a canvas, evaluates nothing, writes no style element.
    "chart.js": (
        "unfold",
        "static/unfold/js/chart/chart.js",
        "db65ba70511147e08494c38a46030c89cb9e3153f455fec50440581fc67cb429",
    ),
}


class VendorScripts(BuildHookInterface[Any]):
    """Copies each script into the package before it is built or installed as editable."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002  hatchling's signature
        """Fill console/static/vendor/ and have the wheel carry it; refuse bytes that are not the known ones."""
        folder = Path(self.root) / VENDOR
        folder.mkdir(parents=True, exist_ok=True)
        for name, (carrier, source, sha256) in SCRIPTS.items():
            script = importlib.resources.files(carrier).joinpath(source).read_bytes()
            if hashlib.sha256(script).hexdigest() != sha256:
                message = f"{name}: {carrier} carries other bytes than the ones we know"
                raise ValueError(message)
            (folder / name).write_bytes(script)
        build_data["artifacts"].append(f"{VENDOR}/*")
