"""Our books and the gateway's, read together at one moment. Rows only: what they should say is in promises.py."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from models.database import Record, fetch
from tests.billing_model.shop import Shop

_CHARGES = """
SELECT charge.*, EXISTS (SELECT FROM reconciliation_difference AS known
           WHERE known.marketplace_id = charge.marketplace_id AND known.charge_id = charge.id) AS is_before_staff,
       taken.status AS taken, taken.refunded_minor AS given_back, taken.amount_minor AS taken_minor,
       (SELECT count(*) FROM invoice WHERE invoice.marketplace_id = charge.marketplace_id
        AND invoice.charge_id = charge.id AND invoice.kind = 'invoice') AS invoices
FROM charge LEFT JOIN sandbox_payment AS taken
    ON taken.idempotency_key = charge.idempotency_key AND (charge.state <> 'failed' OR taken.reference NOT IN (
        SELECT gateway_reference FROM charge AS paid WHERE paid.marketplace_id = $1 AND paid.state <> 'failed'
        AND paid.gateway_reference IS NOT NULL))
    OR taken.reference = charge.gateway_reference AND charge.state <> 'failed'
WHERE charge.marketplace_id = $1 ORDER BY charge.attempted_at, charge.id
"""
_EMAILS = "('failed_charge', 'final_notice', 'renewal_receipt', 'order_receipt', 'subscription_cancelled', 'refund')"


@dataclass(frozen=True)
class Books:
    """Everything of one marketplace. A charge's `taken` is its status at the gateway, None: never arrived."""

    now: datetime
    subscriptions: Sequence[Record]
    cases: Sequence[Record]
    steps: Sequence[Record]
    charges: Sequence[Record]
    refunds: Sequence[Record]
    emails: Sequence[Record]

    @cached_property
    def charges_by_id(self) -> dict[UUID, Record]:
        return {charge["id"]: charge for charge in self.charges}

    @cached_property
    def charges_of(self) -> dict[UUID, list[Record]]:
        """By subscription, oldest first."""
        return _by(self.charges, "subscription_id")

    @cached_property
    def cases_of(self) -> dict[UUID, list[Record]]:
        """By subscription, oldest first."""
        return _by(self.cases, "subscription_id")

    @cached_property
    def steps_of(self) -> dict[UUID, list[Record]]:
        """By case."""
        return _by(self.steps, "dunning_case_id")

    def sent(self, template: str) -> dict[str, list[Record]]:
        """E-mails of that template by their cause."""
        found = defaultdict[str, list[Record]](list)
        for email in self.emails:
            if email["template"] == template:
                found[email["cause"]].append(email)
        return found


async def read_books(shop: Shop) -> Books:
    """Nothing else runs meanwhile: the model does one thing at a time."""
    of = "WHERE marketplace_id = $1"
    return Books(
        now=await shop.now(),
        subscriptions=await fetch(f"SELECT * FROM subscription {of} ORDER BY number", shop.id),
        cases=await fetch(f"SELECT * FROM dunning_case {of} ORDER BY opened_at", shop.id),
        steps=await fetch(f"SELECT * FROM dunning_step {of} ORDER BY dunning_case_id, stage, channel", shop.id),
        charges=await fetch(_CHARGES, shop.id),
        refunds=await fetch(f"SELECT * FROM refund {of} ORDER BY requested_at", shop.id),
        emails=await fetch(
            f"SELECT id, template, cause FROM outgoing_email {of} AND template IN {_EMAILS} ORDER BY created_at",
            shop.id,
        ),
    )


def _by(rows: Sequence[Record], column: str) -> dict[UUID, list[Record]]:
    found = defaultdict[UUID, list[Record]](list)
    for row in rows:
        found[row[column]].append(row)
    return found
