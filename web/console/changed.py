"""What a settings page tells of changes: those that were made, and those that came between somebody's look and save."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from workflows.marketplaces.named_changes import NamedChange

_DIGEST = re.compile("[0-9a-f]{64}")  # how a logo is kept
Labels = Mapping[str, str]  # of fields, as the page calls them


class ChangeEntry(NamedTuple):
    """One change: who, when, and a sentence for each field."""

    at: datetime
    who: str
    sentences: list[str]


class Difference(NamedTuple):
    """A field that is no longer what its editor saw, or typed something else for."""

    label: str
    yours: str
    now: str


def change_entry(changes: list[NamedChange], labels: Labels) -> list[ChangeEntry]:
    """The changes of the fields that have a label, in sentences."""
    found = [ChangeEntry(one.at, one.who, _sentences(one, labels)) for one in changes]
    return [one for one in found if one.sentences]


def differences(typed: Mapping[str, Any], now: Mapping[str, Any], labels: Labels) -> list[Difference]:
    """Where what was typed is not what is there now."""
    return [
        Difference(label, in_words(typed[name]), in_words(now[name]))
        for name, label in labels.items()
        if name in typed and typed[name] != now[name]
    ]


def in_words(value: object) -> str:
    """A setting as people say it.

    >>> in_words(True), in_words(None), in_words(["a", "b"])
    ('On', 'nothing', 'a, b')
    """
    if isinstance(value, bool):
        return "On" if value else "Off"
    if isinstance(value, str) and _DIGEST.fullmatch(value):
        return f"picture {value[:8]}"
    if isinstance(value, list):
        value = ", ".join(str(one) for one in value)
    return str(value).replace("\n", ", ") if value not in (None, "") else "nothing"


def _sentences(change: NamedChange, labels: Labels) -> list[str]:
    known = {name: value for name, value in change.after.items() if name in labels}
    return [
        f"{labels[name]}: {in_words(change.before.get(name))} became {in_words(now)}." for name, now in known.items()
    ]
