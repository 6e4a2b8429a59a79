"""How files stand in the ZIP files that people download: what they are called, how old they are, who may read them."""

from datetime import datetime
from zipfile import ZIP_STORED, ZipInfo

_OLDEST_YEAR = 1980  # that the format can say
_READABLE = 0o644 << 16


def zip_entry(name: str, at: datetime, compression: int = ZIP_STORED) -> ZipInfo:
    """A file's head, with its time as `at` reads on the wall; `compression` is one of zipfile's."""
    entry = ZipInfo(name, (max(at.year, _OLDEST_YEAR), at.month, at.day, at.hour, at.minute, at.second))
    entry.external_attr, entry.compress_type = _READABLE, compression
    return entry


def pdf_name(number: str, taken: set[str]) -> str:
    """A file's name for a document's number, which may hold slashes; told apart from those that are `taken`, also where
    capitals count for nothing, and added to them.

    >>> pdf_name("2026/17", {"2026-17"})
    '2026-17 (2).pdf'
    """
    plain = number.replace("/", "-")
    name, copies = plain, 1
    while name.lower() in taken:
        copies += 1
        name = f"{plain} ({copies})"
    taken.add(name.lower())
    return f"{name}.pdf"
