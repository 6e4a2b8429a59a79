"""Rows of the tables in this folder, as queries return them. A test compares them with the Table classes."""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from models.row import Row


class ProductRow(Row, frozen=True):
    """A row of product."""

    TABLE: ClassVar = "product"

    id: UUID
    marketplace_id: UUID
    reference: str | None
    name: str
    kind: str
    currency: str
    amount_minor: int
    interval_unit: str | None
    interval_count: int | None
    payments: int | None
    trial_days: int
    initial_amount_minor: int | None
    created_at: datetime
    tax_basis_points: int | None


class CustomerOrderRow(Row, frozen=True):
    """A row of customer_order."""

    TABLE: ClassVar = "customer_order"

    id: UUID
    marketplace_id: UUID
    number: int
    reference: str | None
    customer_id: UUID
    product_id: UUID
    quantity: int
    amount_minor: int
    currency: str
    placed_at: datetime


class PaymentMethodRow(Row, frozen=True):
    """A row of payment_method."""

    TABLE: ClassVar = "payment_method"

    id: UUID
    marketplace_id: UUID
    customer_id: UUID
    gateway: str
    reference: str
    fingerprint: str
    brand: str
    last_four: str
    exp_month: int
    exp_year: int
    created_at: datetime


class SubscriptionRow(Row, frozen=True):
    """A row of subscription."""

    TABLE: ClassVar = "subscription"

    id: UUID
    marketplace_id: UUID
    number: int
    reference: str | None
    customer_id: UUID
    product_id: UUID
    order_id: UUID
    payment_method_id: UUID | None
    amount_minor: int
    currency: str
    interval_unit: str
    interval_count: int
    payments_total: int | None
    payments_made: int
    started_at: datetime
    trial_ends_at: datetime | None
    anchor_at: datetime
    anchor_period: int
    next_period: int
    next_charge_at: datetime | None
    cancel_at: datetime | None
    ended_at: datetime | None
    state: str
    moved_trigger: str
    moved_by: str
    moved_reason: str
    moved_request: str | None
    moved_details: dict[str, Any] | None
    moved_at: datetime
    log_seq: int
    log_hash: bytes


class DunningCaseRow(Row, frozen=True):
    """A row of dunning_case."""

    TABLE: ClassVar = "dunning_case"

    id: UUID
    marketplace_id: UUID
    subscription_id: UUID
    period: int
    amount_minor: int
    currency: str
    policy: dict[str, Any]
    opened_at: datetime
    attempts_made: int
    next_attempt_at: datetime | None
    last_decline_code: str | None
    closed_at: datetime | None
    state: str
    moved_trigger: str
    moved_by: str
    moved_reason: str
    moved_request: str | None
    moved_details: dict[str, Any] | None
    moved_at: datetime
    log_seq: int
    log_hash: bytes


class ChargeRow(Row, frozen=True):
    """A row of charge."""

    TABLE: ClassVar = "charge"

    id: UUID
    marketplace_id: UUID
    reference: str | None
    customer_id: UUID
    order_id: UUID
    order_number: int
    subscription_id: UUID | None
    period: int | None
    dunning_case_id: UUID | None
    payment_method_id: UUID | None
    initiator: str
    amount_minor: int
    refunded_minor: int
    currency: str
    gateway: str
    idempotency_key: str
    gateway_reference: str | None
    decline_code: str | None
    attempted_at: datetime
    submitted_at: datetime | None
    paid_at: datetime | None
    payment_status: str | None
    card_fingerprint: str | None
    state: str
    moved_trigger: str
    moved_by: str
    moved_reason: str
    moved_request: str | None
    moved_details: dict[str, Any] | None
    moved_at: datetime
    log_seq: int
    log_hash: bytes


class SandboxCardRow(Row, frozen=True):
    """A row of sandbox_card."""

    TABLE: ClassVar = "sandbox_card"

    reference: str
    outcome: str
    fingerprint: str
    brand: str
    last_four: str
    exp_month: int
    exp_year: int
    created_at: datetime


class SandboxPaymentRow(Row, frozen=True):
    """A row of sandbox_payment."""

    TABLE: ClassVar = "sandbox_payment"

    idempotency_key: str
    reference: str
    card_reference: str
    amount_minor: int
    refunded_minor: int
    currency: str
    status: str
    decline_code: str | None
    created_at: datetime


class DunningStepRow(Row, frozen=True):
    """A row of dunning_step."""

    TABLE: ClassVar = "dunning_step"

    marketplace_id: UUID
    dunning_case_id: UUID
    stage: int
    channel: str
    charge_id: UUID | None
    outgoing_email_id: UUID | None
    at: datetime


class RefundRow(Row, frozen=True):
    """A row of refund."""

    TABLE: ClassVar = "refund"

    id: UUID
    marketplace_id: UUID
    charge_id: UUID
    amount_minor: int
    status: str
    requested_by: str
    requested_at: datetime
    settled_at: datetime | None


class GatewayEventRow(Row, frozen=True):
    """A row of gateway_event."""

    TABLE: ClassVar = "gateway_event"

    marketplace_id: UUID
    gateway: str
    event_id: str
    type: str
    subject: str | None
    created_at: datetime
    received_at: datetime
    id: UUID
    payload: dict[str, Any] | None


class ReconciliationDifferenceRow(Row, frozen=True):
    """A row of reconciliation_difference."""

    TABLE: ClassVar = "reconciliation_difference"

    marketplace_id: UUID
    gateway: str
    gateway_reference: str
    kind: str
    charge_id: UUID | None
    ours: str
    theirs: str
    first_seen_at: datetime
    last_seen_at: datetime


class TallyRow(Row, frozen=True):
    """A row of tally."""

    TABLE: ClassVar = "tally"

    marketplace_id: UUID
    name: str
    day: date
    currency: str
    value: int


class TallyStepRow(Row, frozen=True):
    """A row of tally_step."""

    TABLE: ClassVar = "tally_step"

    marketplace_id: UUID
    name: str
    day: date
    currency: str
    step: int


class TallySumRow(Row, frozen=True):
    """A row of tally_sum."""

    TABLE: ClassVar = "tally_sum"

    only_one: bool
    summed_at: datetime
