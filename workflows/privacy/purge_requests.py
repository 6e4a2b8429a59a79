"""Forgetting what was typed on login pages and never handled: an address we have no use for is not kept."""

from datetime import timedelta

from models.database import execute
from workflows.runtime.clock import now

LINK_REQUESTS_KEPT_FOR = timedelta(hours=2)  # a link asked for longer ago would come too late for whoever asked


async def purge_requests() -> int:
    """Deletes requests older than `LINK_REQUESTS_KEPT_FOR`; answers how many."""
    return await execute("DELETE FROM link_request WHERE created_at < $1", now() - LINK_REQUESTS_KEPT_FOR)
