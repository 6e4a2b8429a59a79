"""Which version of a thing somebody saw: so that two who edit it at once do not overwrite each other unknowingly.

A version is a digest of what is shown. By API it is the ETag, on a page a hidden field; the act compares it with the
row that it has locked.
"""

from base64 import urlsafe_b64encode
from hashlib import sha256

import msgspec

from workflows.runtime.errors import WorkflowError

ANY = "*"  # whatever version there is
_LENGTH = 16  # bytes: two versions of one thing never share so many by accident


class ChangedMeanwhile(WorkflowError):
    """Raised when the thing is no longer what its editor saw. `current` is what it is now."""

    code = "changed_meanwhile"

    def __init__(self, current: msgspec.Struct) -> None:
        super().__init__("it was changed meanwhile")
        self.current = current


def version(shown: msgspec.Struct) -> str:
    """The version of a thing as it is shown, e.g. `q1Zf0c2LkX0w9Y7bVn3t4A`."""
    return urlsafe_b64encode(sha256(msgspec.json.encode(shown)).digest()[:_LENGTH]).decode().rstrip("=")


def check_version(current: msgspec.Struct, expected: frozenset[str] | None) -> None:
    """Raises ChangedMeanwhile unless `current`, read under a lock, is one of the versions; None expects nothing."""
    if expected is not None and ANY not in expected and version(current) not in expected:
        raise ChangedMeanwhile(current)
