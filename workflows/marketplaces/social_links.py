"""Social links of the Contact Us page: full https:// URLs to public hosts (PRODUCT.md 3.2)."""

from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

MOST_LINKS = 12  # more are no contact page
LONGEST_URL = 300  # characters


def link_problems(links: list[str]) -> dict[str, str]:
    """The reasons by place, e.g. `social_links[1]`, so that a form can show each beside its own field."""
    if len(links) > MOST_LINKS:
        return {"social_links": f"must be at most {MOST_LINKS} links."}
    problems: dict[str, Any] = {f"social_links[{place}]": social_link_problem(link) for place, link in enumerate(links)}
    return {name: problem for name, problem in problems.items() if problem}


def social_link_problem(link: str) -> str | None:  # noqa: PLR0911 - one rule a line
    """Why a text is no full https:// URL to a public host, as a sentence for people; None when it is one."""
    if len(link) > LONGEST_URL:
        return f"must have at most {LONGEST_URL} characters."
    # Browsers read some of these as separators or drop them, so that the host read here is not the one they visit.
    if any(character <= " " or character in '\\"<>`{}|^\x7f' for character in link):
        return "must be a URL without spaces or special characters."
    try:
        parts = urlsplit(link)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "is not a URL."
    if parts.scheme != "https" or not link.lower().startswith("https://"):
        return "must begin with https://."
    if parts.username is not None or parts.password is not None:
        return "must not contain a user name or password."
    if not host or port == 0:
        return "must name a host, e.g. https://www.example.com/shop."
    return _host_problem(host)


def _host_problem(host: str) -> str | None:
    try:
        ip_address(host)
    except ValueError:
        labels = host.removesuffix(".").split(".")
        whole = len(labels) > 1 and all(0 < len(label) <= 63 for label in labels) and not labels[-1].isdigit()
        return None if whole else "must name a host with its domain, e.g. www.example.com."
    return "must name a host, not an address of numbers."
