"""Reading and changing a marketplace's portal settings, which portal_settings.py declares.

The names are those of GET and PATCH /api/v1/portal-settings (docs/api.md).
"""

from datetime import timedelta
from uuid import UUID

import msgspec

from models.database import transaction
from workflows.engine.actor import Actor
from workflows.marketplaces.change_log import record_change
from workflows.marketplaces.link_lifetime import LINK_LIFETIME, SHORTEST_LINK_LIFETIME
from workflows.marketplaces.marketplace import cleaned, locked_marketplace, login_url, marketplace_by_id, set_columns
from workflows.marketplaces.portal_settings import SETTINGS, PortalSettings, PortalSettingsChange
from workflows.marketplaces.social_links import link_problems
from workflows.marketplaces.tenant import Marketplace
from workflows.requests.versions import check_version
from workflows.runtime.errors import InvalidInput

SHORTEST_MINUTES, LONGEST_MINUTES = (
    lifetime // timedelta(minutes=1) for lifetime in (SHORTEST_LINK_LIFETIME, LINK_LIFETIME)
)


def settings_of(marketplace: Marketplace) -> PortalSettings:
    """The settings of a marketplace that was read already."""
    stored = {name: getattr(marketplace, name) for name in SETTINGS}
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
        problems |= link_problems(given["social_links"])
    if not SHORTEST_MINUTES <= given.get("link_lifetime_minutes", LONGEST_MINUTES) <= LONGEST_MINUTES:
        problems["link_lifetime_minutes"] = f"must be {SHORTEST_MINUTES} to {LONGEST_MINUTES} minutes."
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
