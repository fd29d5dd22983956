"""Our own files for the browser: read once, and served under an address that changes whenever one of them does."""

from __future__ import annotations

import gzip
import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from litestar import Request, Response, get
from litestar.params import FromPath

from console.errors import not_found

HERE = Path(__file__).parent / "static"
TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}
FOR_EVER = "public, max-age=31536000, immutable"


class File(NamedTuple):
    """A file as it is served."""

    media_type: str
    plain: bytes
    packed: bytes


def address(path: str) -> str:
    """Where a browser finds the file `path`. Scripts import one another from there, so all share one release.

    Raises KeyError for a file there is not.
    """
    _files()[path]
    return f"/static/{release()}/{path}"


def content(path: str) -> bytes:
    """What is in the file `path`."""
    return _files()[path].plain


@lru_cache(maxsize=1)
def release() -> str:
    """Names the present content of all files together."""
    digest = hashlib.sha256()
    for path, file in sorted(_files().items()):
        digest.update(path.encode() + b"\0" + file.plain)
    return digest.hexdigest()[:12]


@get("/static/{asked_release:str}/{path:path}")
async def static_file(
    request: Request[Any, Any, Any], asked_release: FromPath[str], path: FromPath[Path]
) -> Response[bytes]:
    """One of our files. A page of another release, still open during an upgrade, gets today's, and does not keep it."""
    file = _files().get(str(path).lstrip("/"))
    if file is None:
        raise not_found()
    packs = "gzip" in request.headers.get("accept-encoding", "")
    headers = {
        "cache-control": FOR_EVER if asked_release == release() else "no-cache",
        "vary": "accept-encoding",
        **({"content-encoding": "gzip"} if packs else {}),
    }
    return Response(file.packed if packs else file.plain, media_type=file.media_type, headers=headers)


@lru_cache(maxsize=1)
def _files() -> dict[str, File]:
    """All there is: nothing else can be asked for, whatever the path says."""
    found = sorted(path for path in HERE.rglob("*") if path.suffix in TYPES)
    return {path.relative_to(HERE).as_posix(): _read(path) for path in found}


def _read(path: Path) -> File:
    plain = path.read_bytes()
    return File(TYPES[path.suffix], plain, gzip.compress(plain, mtime=0))
