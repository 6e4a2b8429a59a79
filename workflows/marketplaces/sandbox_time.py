"""How far a sandbox marketplace's clock runs ahead."""

from datetime import timedelta

from workflows.marketplaces.tenant import Marketplace


def billing_offset(marketplace: Marketplace) -> timedelta:
    """How far a sandbox marketplace's billing runs ahead of real time; zero for a live one."""
    return timedelta(seconds=marketplace.clock_offset_seconds)
