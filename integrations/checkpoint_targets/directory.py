"""A directory, best one that only grows: on a medium written once, or of a machine that fetches it by itself."""

import asyncio
import os
from pathlib import Path
from uuid import uuid4

from workflows.audit.proof.targets import PublishedOtherwise, TargetAway

_MODE = 0o444


class Directory:
    """Keeps each object as a file of its name, read only, complete or not there at all."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def put(self, name: str, content: bytes) -> str:
        """Keeps an object; answers with its path. Raises PublishedOtherwise, TargetAway."""
        try:
            held = await asyncio.to_thread(self._keep, name, content)
        except OSError as error:
            raise TargetAway(f"directory: {error.strerror}") from error
        if held != content:
            raise PublishedOtherwise(held)
        return str(self._path / name)

    async def get(self, name: str) -> bytes | None:
        """A file's bytes. Raises TargetAway."""
        try:
            return await asyncio.to_thread((self._path / name).read_bytes)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise TargetAway(f"directory: {error.strerror}") from error

    def _keep(self, name: str, content: bytes) -> bytes:
        """What is there in the end: a link is made by one of many writers only, and never half a file."""
        file = self._path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_name(f".{file.name}.{uuid4().hex}")
        try:
            descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
            with os.fdopen(descriptor, "wb") as output:
                output.write(content)
                output.flush()
                os.fsync(output.fileno())
            os.link(unfinished, file)
        except FileExistsError:
            return file.read_bytes()
        finally:
            unfinished.unlink(missing_ok=True)
        return content
