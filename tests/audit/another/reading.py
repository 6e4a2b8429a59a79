"""The lines of an export, as docs/audit-format.md describes them: from it alone, sharing nothing with `verifier/`."""

import csv
import gzip
import json
import zlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

COLUMNS = [
    "machine", "entity", "seq", "trigger", "from", "to", "actor", "reason", "request", "details", "at", "previous",
    "hash", "xid", "system",
]  # fmt: skip
_NULLABLE = {"from", "request", "details", "previous"}
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_MICROSECOND = timedelta(microseconds=1)


class Unfit(Exception):
    """What is wrong with a file, by the document's own word for it, and in which line (from 1)."""

    def __init__(self, kind: str, line: int) -> None:
        super().__init__(kind)
        self.kind, self.line = kind, line


class Said(NamedTuple):
    """One line: of a `type`, or a row ("row")."""

    line: int
    type: str
    object: dict[str, Any]


def read(file: Path) -> Iterator[Said]:
    """Each line of the file. Raises Unfit for one that cannot be read."""
    packed, form = file.name.endswith(".gz"), file.name.removesuffix(".gz").rpartition(".")[2]
    content = file.read_bytes()
    if packed:
        try:
            content = gzip.decompress(content)
        except (EOFError, OSError, zlib.error) as error:
            raise Unfit("truncated export", 0) from error
    if not content:
        raise Unfit("not an export", 1)
    if form == "ndjson" and not content.startswith(b'{"type":"export"'):
        raise Unfit("not an export", 1)
    lines = content.decode().split("\n")
    whole = lines.pop() == ""
    parse = _from_json if form == "ndjson" else _from_csv
    for number, text in enumerate(lines, 1):
        if (said := parse(number, text)) is not None:
            yield said
    if not whole:
        raise Unfit("truncated export", 0)


def _from_json(number: int, text: str) -> Said:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise Unfit("unreadable line", number) from error
    if isinstance(found, dict) and "type" in found:
        return Said(number, str(found["type"]), found)
    return Said(number, "row", _row(number, found))


def _from_csv(number: int, text: str) -> Said | None:
    fields = next(csv.reader([text], strict=True), [])
    if number == 1:
        if fields != COLUMNS:
            raise Unfit("not an export", 1)
        return None
    if len(fields) == 2 and fields[0].startswith("#"):
        return Said(number, fields[0][1:], json.loads(fields[1]))
    if len(fields) != len(COLUMNS):
        raise Unfit("unreadable line", number)
    row: dict[str, Any] = {name: None if value == r"\N" else value for name, value in zip(COLUMNS, fields, strict=True)}
    return Said(number, "row", _row(number, {**row, "seq": int(row["seq"])}))


def _row(number: int, found: Any) -> dict[str, Any]:
    if not isinstance(found, dict) or set(found) != set(COLUMNS):
        raise Unfit("unreadable line", number)
    row: dict[str, Any] = dict(found)
    texts = (name for name in COLUMNS if name != "seq")
    if not all(isinstance(row[name], str) or (row[name] is None and name in _NULLABLE) for name in texts):
        raise Unfit("unreadable line", number)
    return row


def micros(at: str) -> int:
    """Microseconds since 1970 of an instant, in either form's spelling."""
    text = at.replace(" ", "T")
    if text.endswith("+00"):
        text += ":00"
    return (datetime.fromisoformat(text) - _EPOCH) // _MICROSECOND
