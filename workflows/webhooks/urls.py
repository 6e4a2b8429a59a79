"""Which URLs events may be sent to, as far as the text says. Where its host leads is asked by sender.py."""

from urllib.parse import urlsplit

from workflows.runtime.settings import settings

LONGEST = 2000  # characters
UNREACHABLE = "must lead to a public address on the internet. Ours cannot reach it."


def url_problem(url: str) -> str | None:  # noqa: PLR0911 - one rule a line
    """Why events cannot be sent to a text, as a sentence for people; None when they can."""
    if not 1 <= len(url) <= LONGEST:
        return f"must have 1 to {LONGEST} characters."
    if any(not "!" <= character <= "~" for character in url) or "\\" in url:
        return "must be a URL in plain ASCII, without spaces: other characters percent-encoded, a host's as xn--…"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "is not a URL."
    if parts.scheme not in (schemes := ("https", "http") if settings().allow_private_webhooks else ("https",)):
        return f"must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}."
    if "@" in parts.netloc:
        return "must not contain a user name or password. Signatures prove who sends."
    if not host or "%" in host or port == 0:
        return "must name a host, e.g. https://shop.example.com/webhooks."
    if "#" in url:
        return "must not contain a #fragment."
    return None
