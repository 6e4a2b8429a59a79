"""The answer to what is done later."""

import msgspec


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """The same words whoever asked."""

    detail: str
