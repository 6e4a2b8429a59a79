"""Reading a file line by line, whatever it is: at most so much in memory, nothing unpacked without end."""

import csv
import gzip
import json
import zlib
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import IO, Any

import msgspec

from verifier.rows import COLUMNS, Row, from_csv

_CHUNK = 1 << 20  # bytes
LONGEST_LINE = 1 << 20  # a row has some 500 bytes, a checkpoint 3,000
# Half of a row are hashes, which nothing packs: exports shrink to a quarter. What was a hundred times as long is none.
_MOST_PACKED = 100
_UNSUSPICIOUS = 4 << 20  # bytes, below which the ratio is not looked at

_UNREADABLE = (ValueError, RecursionError)  # msgspec's errors and Unicode's are ValueErrors
_CONTROL = msgspec.json.Decoder(dict[str, Any]).decode
# "+00:00" for "Z": a row that is longer than what it says by no more than that says nothing twice, for a member takes
# eight bytes; unless three can be spared in its instant, whose last noughts may be left out.
_ZONE, _NOUGHTS = 5, 1000
Line = tuple[int, Row | dict[str, Any] | None]  # its number; a row, what a control line says, or None: unreadable


class NotWhole(ValueError):
    """Raised when a file ends in the middle, or cannot be an export."""


def read_lines(path: Path) -> Iterator[Line]:
    """The lines of an export in NDJSON or CSV, packed by gzip or not. Raises NotWhole, OSError."""
    plain = path.name.removesuffix(".gz")
    with path.open("rb") as file:
        lines = _lines(_unpacked(file) if path.name.endswith(".gz") else _chunks(file))
        yield from (_csv if plain.endswith(".csv") else _ndjson)(lines)


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK):
        yield chunk


def _unpacked(file: IO[bytes]) -> Iterator[bytes]:
    came = 0
    try:
        with gzip.GzipFile(fileobj=file) as unpacking:
            while chunk := unpacking.read(_CHUNK):
                came += len(chunk)
                if came > _UNSUSPICIOUS and came > _MOST_PACKED * max(file.tell(), 1):
                    raise NotWhole("it unpacks to more than an export could")
                yield chunk
    except EOFError:
        raise NotWhole("the packed file ends in the middle") from None
    except (gzip.BadGzipFile, zlib.error):
        raise NotWhole("it is not packed by gzip, or was damaged after it was") from None


def _lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Whole lines with their ends; a last one without is not whole."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole
        if len(rest) > LONGEST_LINE:
            raise NotWhole("a line is longer than any of an export")
    if rest:
        raise NotWhole("the last line has no end")


def _ndjson(lines: Iterator[bytes]) -> Iterator[Line]:
    row = msgspec.json.Decoder(Row).decode
    encode = msgspec.json.encode
    for number, line in enumerate(lines, start=1):
        try:
            if line.startswith(b'{"type"'):
                said = _control(line)
            else:
                said = row(line)
                if len(line) - len(encode(said)) > _ZONE or said.at.microsecond % _NOUGHTS == 0:
                    json.loads(line, object_pairs_hook=_each_once)
            yield number, said
        except _UNREADABLE:
            yield number, None


def _control(line: bytes | str) -> dict[str, Any]:
    """What a line says that is no row. Raises ValueError, RecursionError."""
    said = _CONTROL(line)
    json.loads(line, object_pairs_hook=_each_once)
    return said


def _each_once(members: list[tuple[str, Any]]) -> None:
    """Raises ValueError for a member that is there twice: which of them counts, others may read otherwise."""
    if len({name for name, _ in members}) < len(members):
        raise ValueError("a member is there twice")


def _csv(lines: Iterator[bytes]) -> Iterator[Line]:
    reader = csv.reader(_texts(lines), strict=True)
    for record in _records(reader):
        number = reader.line_num
        if record is None:
            yield number, None
        elif record == list(COLUMNS) and number == 1:
            continue
        else:
            try:
                yield number, _control(record[1]) if record and record[0].startswith("#") else from_csv(record)
            except (*_UNREADABLE, IndexError, TypeError):
                yield number, None


def _records(reader: Any) -> Generator[list[str] | None]:
    while True:
        before = csv.field_size_limit(LONGEST_LINE)  # the whole process's: it is given back after each record
        try:
            record = next(reader)
        except StopIteration:
            return
        except (csv.Error, UnicodeDecodeError):
            record = None
        finally:
            csv.field_size_limit(before)
        yield record


def _texts(lines: Iterator[bytes]) -> Iterator[str]:
    for line in lines:
        yield line.decode(errors="surrogateescape") + "\n"
