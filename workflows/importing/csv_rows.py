"""Rows of a CSV file, read as a stream: whatever the file holds, memory stays at one row and no error ends the reading.

RFC 4180: commas, quotes doubled inside quotes; UTF-8, with a byte order mark or without.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import BinaryIO

from workflows.importing.fields import shortened
from workflows.importing.shapes import FileRefused, Problem, RawRow

LONGEST_LINE = 1 << 20  # bytes; a file without line breaks must not be read into memory whole
_NOT_UTF8 = re.compile("[\0\udc80-\udcff]")  # UTF-16 has NULs; `surrogateescape` makes the others
_MARK = b"\xef\xbb\xbf"


class CsvRows:
    """A file's rows. Its header is read at once; then iterate it, once."""

    def __init__(self, name: str, file: BinaryIO, required: Sequence[str], optional: Sequence[str]) -> None:
        """Raises FileRefused when the header is not one of these columns."""
        self.name = name
        self._file = file
        self._line = 0
        self.bytes_read = 0
        self._too_long: list[int] = []
        self._rows = csv.reader(self._lines(), strict=True)
        self._required, self._optional = required, optional
        self.columns  # noqa: B018 - a wrong header is found before anything is imported

    @cached_property
    def columns(self) -> Sequence[str]:
        """The header's columns, in the file's order. Raises FileRefused naming what is missing or unknown."""
        try:
            header = [name.strip() for name in next(self._rows, [])]
        except csv.Error as error:
            raise FileRefused(f"{self.name}: the header is no CSV ({error})") from None
        if problem := self._header_problem(header):
            raise FileRefused(f"{self.name}: {problem}")
        return header

    def _header_problem(self, header: Sequence[str]) -> str | None:
        if not any(header):
            return "is empty: the first line must name the columns"
        text = "".join(header)
        if _NOT_UTF8.search(text):
            return "is not UTF-8 (save it as CSV UTF-8)"
        if len(header) == 1 and (";" in text or "\t" in text):
            return "the columns must be separated by commas"
        expected = f"expected {', '.join(self._required)}, and optionally {', '.join(self._optional)}"
        known = {*self._required, *self._optional}
        for what, names in (
            ("unknown column", [name for name in header if name not in known]),
            ("missing column", [name for name in self._required if name not in header]),
            ("repeated column", [name for name in known if header.count(name) > 1]),
        ):
            if names:
                return f"{what} {', '.join(shortened(name) for name in names[:10])}; {expected}"
        return None

    def __iter__(self) -> Iterator[RawRow]:
        while True:
            first = self._line + 1
            try:
                values = next(self._rows, None)
            except csv.Error as error:
                yield first, Problem("", f"is no CSV row: {error}")
                continue
            while self._too_long:
                first = self._too_long.pop(0) + 1
                yield first - 1, Problem("", f"is longer than {LONGEST_LINE} bytes")
            if values is None:
                return
            if values:  # a blank line has none
                yield first, self._row(values)

    def _row(self, values: list[str]) -> Mapping[str, str] | Problem:
        if len(values) != len(self.columns):
            return Problem("", f"has {len(values)} columns, not {len(self.columns)}")
        return dict(zip(self.columns, values, strict=True))

    def _lines(self) -> Iterator[str]:
        while raw := self._file.readline(LONGEST_LINE):
            self._line += 1
            self.bytes_read += len(raw)
            if self._line == 1:
                raw = raw.removeprefix(_MARK)
            if len(raw) >= LONGEST_LINE and not raw.endswith(b"\n"):
                self._skip_line()
                self._too_long.append(self._line)
                continue
            yield raw.decode("utf-8", "surrogateescape")  # what is not UTF-8 is refused column by column

    def _skip_line(self) -> None:
        while rest := self._file.readline(LONGEST_LINE):
            self.bytes_read += len(rest)
            if rest.endswith(b"\n"):
                return
