"""How the portal behaves for one marketplace: what its staff tick, with PRODUCT.md's defaults in the columns.

The names are those of GET and PATCH /api/v1/portal-settings (docs/api.md). No HTTP here.
"""

from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from models.database import transaction
from workflows.engine.actor import Actor
from workflows.marketplaces.change_log import record_change
from workflows.marketplaces.marketplace import cleaned, locked_marketplace, login_url, marketplace_by_id, set_columns
from workflows.marketplaces.tenant import Marketplace
from workflows.requests.versions import check_version
from workflows.runtime.errors import InvalidInput

SHORTEST_LINK, LONGEST_LINK = 10, 60  # minutes: what OWASP ASVS 6.5.5 asks for, and the article's hour
MOST_LINKS = 12  # more are no contact page
LONGEST_URL = 300


class PortalSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings as they are. `login_url` can never be edited."""

    login_url: str
    email_button: bool
    self_cancellation: bool
    show_address: bool
    show_support_email: bool
    social_links: list[str]
    link_lifetime_minutes: int


class PortalSettingsChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change; a field left out stays as it is."""

    email_button: bool | UnsetType = UNSET
    self_cancellation: bool | UnsetType = UNSET
    show_address: bool | UnsetType = UNSET
    show_support_email: bool | UnsetType = UNSET
    social_links: list[str] | UnsetType = UNSET
    link_lifetime_minutes: int | UnsetType = UNSET


def settings_of(marketplace: Marketplace) -> PortalSettings:
    """The settings of a marketplace that was read already."""
    stored = {name: getattr(marketplace, name) for name in PortalSettingsChange.__struct_fields__}
    return PortalSettings(login_url=login_url(marketplace), **stored)


async def change_portal_settings(
    marketplace_id: UUID, change: PortalSettingsChange, by: Actor, expected: frozenset[str] | None = None
) -> PortalSettings:
    """Changes what was given and answers with all settings as they are now; who changed what is written down.

    Raises InvalidInput naming every field that breaks its rule (nothing is changed then), NotFound, and
    ChangedMeanwhile when they are none of the `expected` versions.
    """
    given = cleaned(change)
    problems: dict[str, str] = {}
    if "social_links" in given:
        given["social_links"] = [link.strip() for link in given["social_links"]]
        problems |= _link_problems(given["social_links"])
    if not SHORTEST_LINK <= given.get("link_lifetime_minutes", LONGEST_LINK) <= LONGEST_LINK:
        problems["link_lifetime_minutes"] = f"must be {SHORTEST_LINK} to {LONGEST_LINK} minutes."
    if problems:
        raise InvalidInput(problems)
    async with transaction():
        before = settings_of(await locked_marketplace(marketplace_id))
        check_version(before, expected)
        if given:
            await set_columns(marketplace_id, given)
        after = settings_of(await marketplace_by_id(marketplace_id))
        was, is_ = msgspec.structs.asdict(before), msgspec.structs.asdict(after)
        await record_change(marketplace_id, by, "portal_settings", "changed", was, is_)
    return after


def _link_problems(links: list[str]) -> dict[str, str]:
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
