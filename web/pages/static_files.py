"""Stylesheet, script, icon and the merchants' logos: under names that hold their digest, cached for a year."""

from hashlib import sha256
from pathlib import Path

from litestar import Response, route
from litestar.params import FromPath

from workflows.marketplaces.logos import find_logo
from workflows.runtime.errors import NotFound

__all__ = ["logo", "static_file", "static_url"]

# fmt: off
_TYPES = {  # Litestar adds the charset to those that are text
    ".css": "text/css",
    ".js":  "text/javascript",
    ".svg": "image/svg+xml",
}
# fmt: on
_FOR_EVER = "public, max-age=31536000, immutable"
_NO_DOCUMENT = "default-src 'none'; sandbox; frame-ancestors 'none'"  # opened by itself, an image runs nothing
_FILES = {file.name: file.read_bytes() for file in (Path(__file__).parents[1] / "static").iterdir()}
_DIGESTS = {name: sha256(content).hexdigest()[:12] for name, content in _FILES.items()}


def static_url(name: str) -> str:
    """Where a file of web/static is: `/static/portal.<digest>.css`. Raises KeyError for one that is not there."""
    stem, dot, ending = name.rpartition(".")
    return f"/static/{stem}.{_DIGESTS[name]}{dot}{ending}"


@route("/static/{name:str}", http_method=["GET", "HEAD"])
async def static_file(name: FromPath[str]) -> Response[bytes]:
    """A file of web/static. A digest of another release gets today's file, uncached: during an upgrade both exist."""
    stem, _, rest = name.partition(".")
    digest, dot, ending = rest.partition(".")
    content = _FILES.get(f"{stem}{dot}{ending}")
    if content is None:
        raise NotFound("no such file")
    known = digest == _DIGESTS[f"{stem}{dot}{ending}"]
    return _file(content, _TYPES[f".{ending}"], _FOR_EVER if known else "no-cache")


@route("/logos/{digest:str}", http_method=["GET", "HEAD"])
async def logo(digest: FromPath[str]) -> Response[bytes]:
    """A merchant's logo, as e-mails and pages show it."""
    found = await find_logo(digest)
    if found is None:
        raise NotFound("no such logo")
    return _file(found.image, found.media_type, _FOR_EVER)


def _file(content: bytes, media_type: str, cache: str) -> Response[bytes]:
    return Response(
        content,
        media_type=media_type,
        headers={
            "Cache-Control": cache,
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": _NO_DOCUMENT,
        },
    )
