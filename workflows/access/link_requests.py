"""Asking for a link to the portal or the console: from the login page, from an old link, or by staff.

The request itself only writes down what was typed, for any address alike; the worker finds out whose it is. So known
and unknown addresses run the same statements and take the same time (PRODUCT.md 1.3).
"""

from uuid import UUID

from models.database import Record, execute, fetch_row, fetch_value, transaction
from workflows.access.link_email_limit import LINK_EMAILS_WITHIN, mail_limit_reached
from workflows.access_tokens.one_time_links import issue_link
from workflows.access_tokens.sites import PORTAL, SITES, Site
from workflows.customers.addresses import clean_email, lock_customer, mask_email
from workflows.emails.delivery.stage import stage_email
from workflows.emails.delivery.suppression import refuse_undeliverable
from workflows.engine.actor import Actor, worker
from workflows.engine.job_names import ACTORS
from workflows.marketplaces.link_lifetime import LINK_REMEMBERED_FOR
from workflows.marketplaces.marketplace import marketplace_by_id
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now
from workflows.runtime.errors import NotFound, TooManyRequests
from workflows.runtime.keys import token_digest
from workflows.runtime.request import request_id


async def ask_for_link(
    marketplace_id: UUID, email: str, browser_nonce: str, return_to: str | None, entrance: Site = PORTAL
) -> None:
    """Stages the request of whoever typed `email`. `browser_nonce` is the asking browser's cookie, `return_to` a path
    inside. Raises InvalidInput when it is no e-mail address; says nothing about whether anybody has it."""
    await _stage_request(marketplace_id, clean_email(email), None, browser_nonce, return_to, entrance)


async def ask_again(marketplace_id: UUID, access_token_id: UUID, browser_nonce: str, entrance: Site = PORTAL) -> None:
    """Stages a new link in place of an old one, to the address on file, leading where the old one led."""
    await _stage_request(marketplace_id, None, access_token_id, browser_nonce, None, entrance)


async def _stage_request(
    marketplace_id: UUID,
    email: str | None,
    access_token_id: UUID | None,
    browser_nonce: str,
    return_to: str | None,
    entrance: Site,
) -> None:
    await execute(
        "WITH asked AS (INSERT INTO link_request (marketplace_id, email, access_token_id, browser_digest, return_to,"
        " request_id, purpose) VALUES ($1, $2, $3, $4, $5, $6, $9) RETURNING id, marketplace_id, request_id)"
        " INSERT INTO outbox (marketplace_id, queue, actor, args, request_id) SELECT marketplace_id, $7, $8,"
        " jsonb_build_object('marketplace_id', marketplace_id, 'id', id), request_id FROM asked",
        marketplace_id,
        email,
        access_token_id,
        token_digest(browser_nonce),
        return_to,
        request_id.get(),
        ACTORS["link.request"],
        "link.request",
        entrance.purpose,
    )


async def masked_email_of(marketplace_id: UUID, access_token_id: UUID) -> str | None:
    """`j•••@example.com` of a link that was real within the last 30 days, for the offer of a new one."""
    email = await fetch_value(
        "SELECT coalesce(customer.email, staff.email) FROM access_token AS token"
        " LEFT JOIN customer ON customer.marketplace_id = token.marketplace_id AND customer.id = token.customer_id"
        " AND customer.erased_at IS NULL"
        " LEFT JOIN staff ON staff.marketplace_id = token.marketplace_id AND staff.id = token.staff_id"
        " AND staff.removed_at IS NULL WHERE token.marketplace_id = $1 AND token.id = $2 AND token.created_at > $3",
        marketplace_id,
        access_token_id,
        now() - LINK_REMEMBERED_FOR,
    )
    return None if email is None else mask_email(email)


async def handle_link_request(marketplace_id: UUID, request_id: UUID) -> None:
    """The worker's part: whoever typed the address of somebody who may enter gets the link; anybody else nothing.

    Runs in the caller's transaction or its own. Handling a request twice does nothing the second time.
    """
    async with transaction():
        asked = await fetch_row(
            "DELETE FROM link_request WHERE marketplace_id = $1 AND id = $2 RETURNING *", marketplace_id, request_id
        )
        if asked is None:
            return
        marketplace = await marketplace_by_id(asked["marketplace_id"])
        entrance = SITES[asked["purpose"]]
        person, return_to = await _who_asked(asked, entrance)
        if person is None:
            return
        holder = Actor(entrance.people, person["id"])
        if not await mail_limit_reached(marketplace.id, holder, entrance.template):
            await _send_access_link(
                marketplace, entrance, person, holder, "link_requested", asked["browser_digest"], return_to
            )


async def _who_asked(asked: Record, entrance: Site) -> tuple[Record | None, str | None]:
    if asked["access_token_id"] is None:
        return await entrance.find(asked["marketplace_id"], asked["email"]), asked["return_to"]
    old = await fetch_row(
        f"SELECT {entrance.column} AS holder, return_to FROM access_token"
        " WHERE marketplace_id = $1 AND id = $2 AND created_at > $3",
        asked["marketplace_id"],
        asked["access_token_id"],
        now() - LINK_REMEMBERED_FOR,
    )
    if old is None or old["holder"] is None:
        return None, None
    return await entrance.lock(asked["marketplace_id"], old["holder"]), old["return_to"]


async def send_login_email(marketplace: Marketplace, subscription_number: int, by: Actor) -> None:
    """Staff's "Send Customer Portal Login Email": the same e-mail to the subscription's customer.

    Raises NotFound, AddressUndeliverable, and TooManyRequests when the customer got the hour's share already.
    """
    async with transaction():
        customer_id = await fetch_value(
            "SELECT customer_id FROM subscription WHERE marketplace_id = $1 AND number = $2",
            marketplace.id,
            subscription_number,
        )
        customer = None if customer_id is None else await lock_customer(marketplace.id, customer_id)
        if customer is None:
            raise NotFound(f"no subscription {subscription_number}")
        refuse_undeliverable(customer)
        if await mail_limit_reached(marketplace.id, Actor("customer", customer["id"]), PORTAL.template):
            raise TooManyRequests("link e-mails to this customer", int(LINK_EMAILS_WITHIN.total_seconds()))
        await _send_access_link(marketplace, PORTAL, customer, by, "sent_by_staff", None, None)


async def _send_access_link(
    marketplace: Marketplace,
    entrance: Site,
    person: Record,
    by: Actor,
    because: str,
    browser_digest: bytes | None,
    return_to: str | None,
) -> None:
    token_id = await issue_link(
        marketplace,
        purpose=entrance.purpose,
        customer_id=person["id"] if entrance.people == "customer" else None,
        staff_id=person["id"] if entrance.people == "staff" else None,
        browser_digest=browser_digest,
        return_to=return_to,
        by=by,
        because=because,
    )
    await stage_email(
        marketplace.id,
        template=entrance.template,
        recipient=person["email"],
        cause=f"access_token:{token_id}",
        customer_id=person["id"] if entrance.people == "customer" else None,
        staff_id=person["id"] if entrance.people == "staff" else None,
        access_token_id=token_id,
        context={"lifetime_minutes": marketplace.link_lifetime_minutes},
        useful_until=now() + marketplace.link_lifetime,
        by=worker("link.request") if because == "link_requested" else by,
        urgent=True,
        asked_for=because == "link_requested",
    )
