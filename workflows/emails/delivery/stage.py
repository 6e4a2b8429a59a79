"""Staging an e-mail: in the transaction of what caused it, once per cause, whatever runs twice."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from models.database import transaction
from workflows.access_tokens.one_time_links import issue_link
from workflows.customers.addresses import says_erased
from workflows.emails.templates.catalogue import TEST_CAUSE, Template, check_context
from workflows.engine.actor import Actor
from workflows.engine.fire import Move, create
from workflows.machines import OUTGOING_EMAIL
from workflows.marketplaces.marketplace import marketplace_by_id
from workflows.runtime.errors import DefinitionError

_ONCE_PER_CAUSE = "outgoing_email_marketplace_id_cause_template_recipient_key"
_NOTHING: Mapping[str, Any] = {}


async def stage_email(
    marketplace_id: UUID,
    *,
    template: str,
    recipient: str,
    cause: str,
    by: Actor,
    customer_id: UUID | None = None,
    staff_id: UUID | None = None,
    access_token_id: UUID | None = None,
    context: Mapping[str, Any] = _NOTHING,
    useful_until: datetime | None = None,
    language: str | None = None,
    urgent: bool = False,
    asked_for: bool = False,
) -> UUID | None:
    """Stages one e-mail in the caller's transaction and answers with its id; None when this cause sent it before, and
    when the customer was erased.

    `cause` names what happened, e.g. `charge:<id>`; `context` holds what the catalogue says, no secret. A product
    e-mail to a customer also gets an access link for its button, where the marketplace wants that. Past
    `useful_until` it is dropped. `language` None: the customer's. `asked_for`: its recipient asked for it just now, so
    that it also goes to where mail stopped (suppression.py). Raises DefinitionError for what the catalogue does not
    know.
    """
    known = check_context(template, context)
    if known.carries and access_token_id is None and not cause.startswith(TEST_CAUSE):
        raise DefinitionError(f"{template} is about a link, and has none")
    values = {
        "marketplace_id": marketplace_id,
        "customer_id": customer_id,
        "staff_id": staff_id,
        "template": template,
        "cause": cause,
        "recipient": recipient,
        "context": dict(context),
        "useful_until": useful_until,
        "asked_for": asked_for,
        "language": language,
    }
    actor = "link.deliver" if urgent or known.urgent else "email.deliver"
    try:
        async with transaction():  # a savepoint: the link of an e-mail that was staged before goes with it
            link = access_token_id or await _button_link(marketplace_id, customer_id, known, by)
            row = await create(OUTGOING_EMAIL, {**values, "access_token_id": link}, Move(by, "staged"), stages=(actor,))
    except asyncpg.CheckViolationError as error:
        if not says_erased(error):
            raise
        return None
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name != _ONCE_PER_CAUSE:
            raise
        return None
    return row["id"]


async def _button_link(marketplace_id: UUID, customer_id: UUID | None, template: Template, by: Actor) -> UUID | None:
    if not template.product or customer_id is None:
        return None
    marketplace = await marketplace_by_id(marketplace_id)
    if not marketplace.email_button:
        return None
    return await issue_link(marketplace, purpose="portal", customer_id=customer_id, by=by, because="email_button")
