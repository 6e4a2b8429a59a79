"""What a page in brackets says outside of them: each word there was never marked for translation."""

import re
from collections.abc import Iterable
from html.parser import HTMLParser

_SHOWN = ("alt", "aria-label", "data-label", "placeholder", "title")
_ENGLISH_DATE = re.compile(r"[A-Z][a-z]{2,8} \d{1,2}, \d{4}(, \d{1,2}:\d{2}\s[AP]M [A-Z]{3,4})?")


def unmarked(html: str, data: Iterable[str]) -> str:
    """The words outside brackets, without `data` (names, addresses) and dates; empty when there are none."""
    page = _Page()
    page.feed(html)
    left = _ENGLISH_DATE.sub(" ", outside_brackets("\n".join(page.shown)))
    for known in sorted(data, key=len, reverse=True):
        left = left.replace(known, " ")
    return " ".join(word for word in left.split() if re.search(r"[^\W\d_]", word))


def outside_brackets(text: str) -> str:
    """Text without what stands in brackets, brackets in brackets included. Fails where they do not match."""
    depth, kept = 0, ""
    for letter in text:
        depth += {"[": 1, "]": -1}.get(letter, 0)
        assert depth >= 0, text
        kept += letter if depth == 0 and letter not in "[]" else ""
    assert depth == 0, text
    return kept


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.shown: list[str] = []
        self._told: list[str] = []  # attributes inside a message come after it: they are no part of its brackets
        self._silent = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style"):
            self._silent = tag
        self._told += [value for name, value in attrs if name in _SHOWN and value]

    def handle_endtag(self, tag: str) -> None:
        self._silent = "" if tag == self._silent else self._silent
        if tag == "html":
            self.shown += self._told

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.shown.append(data)
