"""Lines of JSON out of what COPY writes, at the speed of a copy.

COPY's text form escapes as JSON does, but for the quote and for control characters; so its values only have to be put
between the names. PostgreSQL, asked to build the same line out of the same values, takes twice as long.
"""

import re
from collections.abc import Collection, Sequence

# what a text in COPY's form may hold that one in JSON may not; pairs of backslashes are there to be passed over
_UNLIKE_JSON = re.compile(rb"\\\\|\\v|[\x00-\x08\x0b-\x1f]")
_CONTROL = bytes(set(range(0x20)) - set(b"\t\n"))


def frame(columns: Collection[str], *, numbers: Collection[str]) -> Sequence[bytes]:
    """What stands before, between and behind a row's values; those of `numbers` stand without quotes."""
    members = [f'"{name}":%' if name in numbers else f'"{name}":"%"' for name in columns]
    return f"{{{','.join(members)}}}\n".encode().split(b"%")


def lines(of: Sequence[bytes], copied: bytes) -> bytes:
    """The lines, in the frame `of`, of whole rows that COPY wrote in its text form."""
    values = _escaped(copied).replace(b"\n", b"\t\t").split(b"\t")  # one more a row, empty, behind the frame's last
    rows = len(values) // len(of)
    pieces = [piece for text in of for piece in (text, b"")] * rows
    pieces[1::2] = values[: rows * len(of)]
    # no text comes out as `"\N"`: its own backslash is doubled, its own quote has one before it
    return b"".join(pieces).replace(b'"\\N"', b"null")


def _escaped(copied: bytes) -> bytes:
    quoted = copied.replace(b'"', b'\\"')
    if b"\\v" not in copied and len(copied.translate(None, _CONTROL)) == len(copied):
        return quoted  # as nearly always; the search below takes as long as all the rest
    return _UNLIKE_JSON.sub(_in_json, quoted)


def _in_json(found: re.Match[bytes]) -> bytes:
    if found[0] == b"\\\\":
        return found[0]
    return b"\\u%04x" % (0x0B if found[0] == b"\\v" else found[0][0])
