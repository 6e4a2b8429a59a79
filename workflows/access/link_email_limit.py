"""How many link e-mails one person gets: LINKS_PER_HOUR of the deployment's settings, 5 by default (PRODUCT.md 1.10).

Counted for each kind of link e-mail, person and marketplace. Beyond the limit no e-mail is sent; earlier links still
work.
"""

from datetime import timedelta
from uuid import UUID

from models.database import fetch_value
from workflows.engine.actor import Actor
from workflows.runtime.clock import now
from workflows.runtime.settings import settings

LINK_EMAILS_WITHIN = timedelta(hours=1)


async def mail_limit_reached(marketplace_id: UUID, holder: Actor, template: str) -> bool:
    """Whether the customer or member of staff, whose row the caller holds locked, got the hour's share of such link
    e-mails."""
    sent = await fetch_value(
        f"SELECT count(*) FROM outgoing_email WHERE marketplace_id = $1 AND {holder.kind}_id = $2 AND created_at > $3"
        " AND template = $4",
        marketplace_id,
        holder.id,
        now() - LINK_EMAILS_WITHIN,
        template,
    )
    return sent >= settings().links_per_hour
