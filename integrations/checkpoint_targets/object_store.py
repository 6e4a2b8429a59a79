"""An S3-compatible object store, which keeps an object under a lock that no one may lift before its day.

The bucket must have been made with object lock. `If-None-Match: *` makes the first writer win; where a store knows no
such condition, versions keep what was there. boto3 waits for the network: it is called in threads.
"""

import asyncio
from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from functools import cached_property
from hashlib import md5
from typing import Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from workflows.audit.proof.targets import PublishedOtherwise, TargetAway
from workflows.runtime.clock import now

answer = TypeVar("answer")

_PATIENCE = Config(
    connect_timeout=3, read_timeout=10, retries={"total_max_attempts": 2}
)  # seconds; the job tries again
_TAKEN = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})
_MISSING = frozenset({"NoSuchKey", "404"})


class ObjectStore:
    """A bucket. Credentials come as boto3 finds them: the environment, a file, the machine's own role."""

    def __init__(self, bucket: str, *, endpoint: str | None, retention_days: int) -> None:
        self._bucket = bucket
        self._endpoint = endpoint
        self._retention = timedelta(days=retention_days)

    async def put(self, name: str, content: bytes) -> str:
        """Keeps an object, locked; answers with its address. Raises PublishedOtherwise, TargetAway."""
        held = await self.get(name)
        if held is None:
            held = content if await self._asked(lambda: self._put(name, content)) else await self.get(name)
        if held != content:
            raise PublishedOtherwise(held or b"")
        return f"s3://{self._bucket}/{name}"

    async def get(self, name: str) -> bytes | None:
        """An object's bytes. Raises TargetAway."""
        return await self._asked(lambda: self._get(name))

    async def _asked(self, ask: Callable[[], answer]) -> answer:
        try:
            return await asyncio.to_thread(ask)
        except (BotoCoreError, ClientError) as error:
            raise TargetAway(f"object store: {_said(error)}") from error

    def _put(self, name: str, content: bytes) -> bool:
        try:
            self._client.put_object(
                Bucket=self._bucket,
                Key=name,
                Body=content,
                ContentType="application/json",
                ContentMD5=b64encode(md5(content, usedforsecurity=False).digest()).decode(),  # locks ask for it
                IfNoneMatch="*",
                ObjectLockMode="COMPLIANCE",
                ObjectLockRetainUntilDate=now() + self._retention,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] not in _TAKEN:
                raise
            return False
        return True

    def _get(self, name: str) -> bytes | None:
        try:
            return self._client.get_object(Bucket=self._bucket, Key=name)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] not in _MISSING:
                raise
            return None

    @cached_property
    def _client(self) -> Any:
        client = boto3.client("s3", endpoint_url=self._endpoint, config=_PATIENCE)
        client.meta.events.register_last("before-call.s3.PutObject", _send_at_once)
        return client


def _send_at_once(params: Any, **_: object) -> None:
    """Objects are some hundred bytes: asking first whether they may come costs a round trip, or a second."""
    params["headers"].pop("Expect", None)


def _said(error: BotoCoreError | ClientError) -> str:
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
