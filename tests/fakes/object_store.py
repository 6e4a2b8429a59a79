"""An S3-compatible object store on the loopback, stricter than most: every request signed, every object locked.

It answers 400 to what the lock or a checksum lacks, 403 to what is not signed, 412 to a second one, as Amazon's does:
nothing that it holds can be deleted or replaced. `fault` makes it misbehave once.
"""

import re
from base64 import b64encode
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import md5, sha256
from typing import Literal

from tests.fakes.stripe.http import HttpServer, Line, Reply, Request

ACCESS_KEY, SECRET_KEY = "AKIAEXAMPLE", "wJalrXUtnFEMI"
_SIGNED = re.compile(
    rf"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/\d{{8}}/[a-z0-9-]+/s3/aws4_request, .*Signature=[0-9a-f]{{64}}"
)


@dataclass
class ObjectStoreFake:
    """`held`: bytes by `/bucket/name`; `locked_until` of each. `fault`: of the next request that writes."""

    held: dict[str, bytes] = field(default_factory=dict[str, bytes])
    locked_until: dict[str, datetime] = field(default_factory=dict[str, datetime])
    fault: Literal["keeps and hangs up", "fails", ""] = ""
    writes: int = 0
    url: str = ""

    async def handle(self, request: Request, _: Line) -> Reply | None:
        if not _SIGNED.fullmatch(request.headers.get("authorization", "")):
            return _error(403, "AccessDenied")
        if request.method == "GET":
            return self._get(request)
        return self._put(request) if request.method == "PUT" else _error(403, "AccessDenied")

    def _get(self, request: Request) -> Reply:
        content = self.held.get(request.path)
        return _error(404, "NoSuchKey") if content is None else Reply(200, content)

    def _put(self, request: Request) -> Reply | None:
        self.writes += 1
        fault, self.fault = self.fault, ""
        if fault == "fails":
            return _error(500, "InternalError")
        if (refused := _refused(request)) is not None:
            return refused
        if request.path in self.held:
            return _error(412, "PreconditionFailed")
        until = datetime.fromisoformat(request.headers["x-amz-object-lock-retain-until-date"])
        self.held[request.path], self.locked_until[request.path] = request.body, until
        return None if fault == "keeps and hangs up" else Reply(200, b"", headers={"ETag": '"1"'})


def _refused(request: Request) -> Reply | None:
    """What Amazon's store says to a request that it would not keep, or that could replace what it keeps."""
    headers = request.headers
    if headers.get("x-amz-content-sha256") not in (sha256(request.body).hexdigest(), "UNSIGNED-PAYLOAD"):
        return _error(400, "XAmzContentSHA256Mismatch")
    if headers.get("content-md5") != b64encode(md5(request.body, usedforsecurity=False).digest()).decode():
        return _error(400, "BadDigest")
    until = datetime.fromisoformat(headers.get("x-amz-object-lock-retain-until-date", "1970-01-01T00:00:00Z"))
    locked = headers.get("x-amz-object-lock-mode") == "COMPLIANCE" and until > datetime.now(UTC)
    return None if locked and headers.get("if-none-match") == "*" else _error(400, "InvalidRequest")


def _error(status: int, code: str) -> Reply:
    return Reply(status, f"<?xml version='1.0'?><Error><Code>{code}</Code></Error>".encode(), "application/xml")


@contextmanager
def an_object_store() -> Generator[ObjectStoreFake]:
    """Listens at `url` until the block ends."""
    store = ObjectStoreFake()
    server = HttpServer(store.handle)
    server.start()
    store.url = server.url
    try:
        yield store
    finally:
        server.stop()
