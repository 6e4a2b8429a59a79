"""The rules of single settings. Each function returns the value, cleaned, or raises ValueError with the rule.

No message quotes a value: half of the settings hold secrets. settings.py adds the name, and the value where it is none.
"""

import re
from email.utils import parseaddr
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

SHORTEST_KEY = 32  # characters; `openssl rand -hex 32` writes 64
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
_LOGIN = re.compile(r"[^:\s]+:\S{16,}")  # of HTTP Basic, which knows no colon in a name


def server_keys(text: str) -> dict[str, bytes]:
    """Returns the keys of SECRET_KEY by id, the signing one first: `id:secret,id:secret`. A lone secret has id 1."""
    keys: dict[str, bytes] = {}
    for part in text.split(","):
        key_id, separator, secret = part.strip().partition(":")
        key_id, secret = (key_id, secret.strip()) if separator else ("1", key_id.strip())
        if not _KEY_ID.fullmatch(key_id):
            raise ValueError("must be SECRET or ID:SECRET,ID:SECRET, an id of letters, digits, - and _")
        if len(secret) < SHORTEST_KEY:
            raise ValueError(f"needs {SHORTEST_KEY} characters at least in each key: openssl rand -hex 32 writes one")
        if key_id in keys:
            raise ValueError(f"has two keys with the id {key_id}: ids must differ")
        keys[key_id] = secret.encode()
    return keys


def database_url(text: str) -> str:
    """Returns the URL of a PostgreSQL database, or an empty text."""
    return _url(text, ("postgresql", "postgres"), "postgresql://USER:PASSWORD@HOST:PORT/DATABASE")


def redis_url(text: str) -> str:
    """Returns the URL of a Valkey or Redis server, or an empty text."""
    return _url(text, ("redis", "rediss", "unix"), "redis://HOST:PORT/0")


def smtp_url(text: str) -> str:
    """Returns the URL of a mail server."""
    return _url(text, ("smtp", "smtps"), "smtp://HOST:PORT or smtps://USER:PASSWORD@HOST:PORT")


def public_url(text: str) -> str:
    """Returns the address that customers see, without a slash at its end: scheme and host, no query."""
    parts = _parts(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must be an address like https://portal.example.com")
    return text.strip().rstrip("/")


def optional_url(text: str) -> str:
    """Returns an http(s) URL, or an empty text."""
    if text and (_parts(text).scheme not in ("http", "https") or not _parts(text).hostname):
        raise ValueError("must be an address like https://store.example.com, or empty")
    return text


def mail_address(text: str) -> str:
    """Returns an e-mail address without a name."""
    local, _, domain = parseaddr(text)[1].rpartition("@")
    if not local or "." not in domain or text.strip() != f"{local}@{domain}":
        raise ValueError("must be an e-mail address like portal@example.com")
    return text.strip()


def networks(text: str) -> str:
    """Returns a comma-separated list of addresses and networks. `trusted_networks` reads it."""
    trusted_networks(text)
    return text


def trusted_networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Returns the networks of a comma-separated list."""
    try:
        return tuple(ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip())
    except ValueError:
        raise ValueError("must be addresses or networks, comma-separated, like 10.0.0.0/8,127.0.0.1") from None


def login(text: str) -> str:
    """Returns `name:password` of HTTP Basic, or an empty text."""
    if text and not _LOGIN.fullmatch(text):
        raise ValueError("must be name:password, the password of 16 characters at least")
    return text


def prefixed(*prefixes: str) -> "re.Pattern[str]":
    """Returns a pattern for secrets that a vendor's prefix begins, comma-separated."""
    one = f"(?:{'|'.join(prefixes)})[A-Za-z0-9_+/=-]+"
    return re.compile(rf"\s*{one}(?:\s*,\s*{one})*\s*")


def readable_file(text: str) -> str:
    """Returns the path of a file that this process can read, or an empty text."""
    if text:
        try:
            with Path(text).open("rb"):
                pass
        except OSError as error:
            raise ValueError(f"must name a file that the process can read ({error.strerror})") from None
    return text


def _url(text: str, schemes: tuple[str, ...], example: str) -> str:
    if text:
        parts = _parts(text)
        if parts.scheme not in schemes or not (parts.hostname or parts.query or parts.scheme == "unix"):
            raise ValueError(f"must be a URL like {example}")
    return text.strip()


def _parts(text: str) -> SplitResult:
    try:
        parts = urlsplit(text.strip())
        _ = parts.port
    except ValueError:
        return urlsplit("")
    return parts
