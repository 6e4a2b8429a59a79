"""Text that somebody typed, made fit to stand in a header, a sentence or a line of a document.

Takes away what has no place in text: control characters, and the marks that turn the reading direction of whatever
follows them (an amount, say). Escaping for HTML is the templates' business.
"""

import re

# C0 and C1 controls, line and paragraph separators, bidirectional embeddings, overrides and isolates (UAX #9).
_UNWANTED = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]+")
_BREAKS = re.compile("\r\n|[\r\n\x0b\x0c\x85\u2028\u2029]")


def one_line(text: str) -> str:
    """The text as one line."""
    return _UNWANTED.sub(" ", text).strip()


def lines(text: str) -> list[str]:
    """The text's lines that say something, e.g. those of a postal address."""
    return [line for part in _BREAKS.split(text) if (line := one_line(part))]


def has_controls(text: str) -> bool:
    """Whether text of several lines holds what has no place in any, line feeds apart."""
    return any(_UNWANTED.search(line) for line in text.split("\n"))
