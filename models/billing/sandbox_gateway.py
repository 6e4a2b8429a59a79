"""The sandbox gateway's memory."""

from piccolo.columns import BigInt, Integer, Text, Timestamptz
from piccolo.table import Table

from models.database import DB


class SandboxCard(Table, db=DB):
    """A test card that the stand-in gateway keeps, and what charges of it meet."""

    reference = Text(primary_key=True)
    outcome = Text()
    fingerprint = Text()
    brand = Text()
    last_four = Text()
    exp_month = Integer()
    exp_year = Integer()
    created_at = Timestamptz()


class SandboxPayment(Table, db=DB):
    """A payment that it made or refused, once per idempotency key."""

    idempotency_key = Text(primary_key=True)
    reference = Text()
    card_reference = Text()
    amount_minor = BigInt()
    refunded_minor = BigInt()
    currency = Text()
    status = Text()
    decline_code = Text(null=True, default=None)
    created_at = Timestamptz()
