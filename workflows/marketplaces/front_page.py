"""Which portals a development's front page leads to. In production the front page names no merchant."""

import msgspec

from models.database import fetch_all

_MOST = 20


class Portal(msgspec.Struct, frozen=True, kw_only=True):
    """A marketplace's portal, as a link."""

    slug: str
    name: str


async def first_portals() -> list[Portal]:
    """The oldest marketplaces, at most 20."""
    return await fetch_all(Portal, f"SELECT slug, name FROM marketplace ORDER BY created_at, id LIMIT {_MOST}")
