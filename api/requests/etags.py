"""Strong ETags where two editors could overwrite each other: `If-None-Match` on reading, `If-Match` on changing.

The tag is the version of what is shown (workflows/requests/versions.py), so that a page's hidden field and a
program's header
mean the same. Such answers are never compressed (api/app.py): a strong tag names the bytes.
"""

import re
from typing import Any, TypeVar

import msgspec
from litestar import Request, Response

from workflows.requests.versions import ANY, version
from workflows.runtime.errors import InvalidInput

T = TypeVar("T", bound=msgspec.Struct)

TAGGED = {"etag": True}  # `opt` of a handler that answers with `tagged`
IF_MATCH, IF_NONE_MATCH = "If-Match", "If-None-Match"
_TAG = re.compile(r'\s*(W/)?"([\x21\x23-\x7e]*)"\s*(?:,|$)')


def etag(shown: msgspec.Struct) -> str:
    """The header's value for a version of a thing."""
    return f'"{version(shown)}"'


def tagged(request: Request[Any, Any, Any], shown: T) -> Response[T]:
    """The answer with its ETag; 304 without a body to a GET that has it already."""
    headers = {"ETag": etag(shown)}
    given = request.headers.get(IF_NONE_MATCH.lower())
    if request.method in ("GET", "HEAD") and given is not None and _names(_listed(given, IF_NONE_MATCH), shown):
        return Response(None, status_code=304, headers=headers)  # pyright: ignore[reportReturnType]
    return Response(shown, headers=headers)


def if_match(request: Request[Any, Any, Any]) -> frozenset[str] | None:
    """The versions that a change expects, None when it expects nothing. Weak tags never match (RFC 9110 13.1.1).

    Raises InvalidInput for a header that is no list of tags.
    """
    given = request.headers.get(IF_MATCH.lower())
    if given is None:
        return None
    return frozenset(tag for tag, weak in _listed(given, IF_MATCH) if not weak)


async def provide_expected(request: Request[Any, Any, Any]) -> frozenset[str] | None:
    """`if_match` as a dependency."""
    return if_match(request)


def _names(listed: list[tuple[str, bool]], shown: msgspec.Struct) -> bool:
    return any(tag in (ANY, version(shown)) for tag, _ in listed)


def _listed(header: str, name: str) -> list[tuple[str, bool]]:
    if header.strip() == ANY:
        return [(ANY, False)]
    found: list[tuple[str, bool]] = []
    position = 0
    while position < len(header):
        part = _TAG.match(header, position)
        if part is None:
            raise InvalidInput({name: 'must be *, or ETags in double quotes, like "q1Zf0c2LkX0w9Y7bVn3t4A".'})
        found.append((part[2], part[1] is not None))
        position = part.end()
    return found
