"""Examples of answers for the OpenAPI document, put together from the shapes: each field by its name, else by its type.

A field is given its value here once and shown alike wherever it stands. A test holds every example against the shape
that its handler answers with.
"""

import re
from typing import Any

from msgspec import UNSET

_ID = "0198c2a4-5f6e-7000-8000-000000000001"
_INSTANT = "2026-11-22T09:30:00Z"

# By `Shape.field` or by `field` alone. What a program would rarely see stands as None, where the shape allows it.
# fmt: off
_VALUES: dict[str, Any] = {
    "Account.email": "sam@ada.example", "Account.name": "Sam Staff", "PersonShown.email": "sam@ada.example",
    "PersonShown.name": "Sam Staff", "KeyShown.name": "Checkout", "Contact.name": "Ada's Books",
    "MarketplaceShown.name": "Ada's Books", "Product.name": "Monthly box", "LiveSession.current": True,
    "ChargeRecord.state": "succeeded", "ChargeShown.state": "succeeded", "InvoiceRecord.state": "issued",
    "Delivery.state": "delivered", "Endpoint.state": "enabled", "RefundRecord.status": "succeeded",
    "InvoiceRecord.number": "INV-000042", "InvoiceRecord.kind": "invoice", "Attempt.number": 1, "Attempt.status": 200,
    "DifferenceShown.reference": "pi_3PqR7s", "CustomerRecord.reference": None, "DifferenceShown.subscription": 1042,
    "RefundRecord.amount_minor": 500, "RefundShown.amount_minor": 500, "ClockMove.to": None,
    "DifferenceShown.gateway": "stripe", "DifferenceShown.order": 1042, "Payment.status": "paid",
    "LiveSession.started_at": _INSTANT, "PaymentPage.order": "desc", "PaymentPage.sort": "date",
    "EmailTextShown.subject": "Your payment failed", "EmailShown.name": "Failed charge",
    "Endpoint.description": "Unlocks and locks accounts",
    "DeliveryInFull.body": '{"type":"subscription.created","timestamp":"2026-11-22T09:30:00Z","data":{}}',
    "parameter.number": "1042", "parameter.customer": "12", "parameter.product": _ID, "parameter.refund": _ID,
    "parameter.session_id": _ID, "parameter.endpoint": _ID, "parameter.delivery": _ID, "parameter.person": _ID,
    "parameter.key_id": _ID, "parameter.run": _ID, "parameter.slug": "ada", "parameter.search": "jane",
    "parameter.limit": 25, "parameter.Idempotency-Key": "checkout-1042", "parameter.template": "failed_charge",
    "parameter.language": "de",
    "parameter.case": "Another attempt comes", "template": "failed_charge", "language": "de",
    "parameter.If-Match": '"q1Zf0c2LkX0w9Y7bVn3t4A"', "parameter.If-None-Match": '"q1Zf0c2LkX0w9Y7bVn3t4A"',
    "accent_color": "#0a7f5a",
    "active_now": 1280, "actor_kind": "staff", "address": "1 Main Street\nSpringfield", "amount_minor": 2400,
    "after": "WyJsaXN0Iiw0Ml0", "attempt_days": [1, 4, 8, 15], "before": None, "brand": "visa", "cancel_at": None,
    "challenge": None, "charge": _ID, "code": "not_found", "country": "US", "currency": "USD", "customer": 12,
    "decline_code": None, "disabled_by": None, "dunning": None, "email": "jane@example.com", "email_button": True,
    "erased_at": None, "hindrances": [], "invoices": 12,
    "end": "cancel", "ended_at": None, "error": None, "event_types": ["subscription.created"], "exp_month": 12,
    "exp_year": 2030, "failed_charge": None, "failed_charges": 17, "failing_since": None, "from_state": None,
    "gateway": "sandbox", "hint": "gh_test_a1b2", "initial_amount_minor": None, "initiator": "schedule",
    "interval_count": 1, "interval_unit": "month", "invoice": "INV-000042", "invoice_number": "INV-000042",
    "invoice_prefix": "INV-", "invoice_ready": True, "key": "gh_test_…", "kind": "recurring", "last_error": None,
    "last_four": "4242", "last_status": 200, "link_lifetime_minutes": 60,
    "login_url": "https://pay.example.com/portal/ada", "logo": "/logos/9f86d081884c7d65", "machine": "subscription",
    "masked_email": "j•••@example.com", "name": "Jane Doe", "next_charge_at": "2026-12-22T09:30:00Z", "number": 1042,
    "offered_for_refund": False, "open": 3, "order_number": 1042, "owed_minor": 2400, "payments": None,
    "payments_made": 5, "payments_total": None, "period": 4, "policy": {"attempt_days": [1, 4, 8, 15], "end": "cancel"},
    "product": "Monthly box", "rate": 0.5, "recovered": 4, "recovery_rate": 0.75,
    "recovery_codes": ["K3JX-9QPL-7RT2-M4ZD"], "refunded_minor": 0, "refundable_minor": 2400, "return_to": None,
    "revoked_at": None, "role": "support", "rotation_ends_at": None, "sandbox": True, "scopes": ["subscriptions:read"],
    "secret": "whsec_…", "session_token": "…", "settled_at": _INSTANT, "slug": "ada",
    "social_links": ["https://social.example.com/@ada"], "status": "succeeded", "subscription": 1042,
    "subscription_number": 1042, "support_email": "help@ada.example", "tax_id": None, "time_zone": "Europe/Berlin",
    "to_state": "active", "trial_days": 0, "trial_ends_at": None, "trigger": "start", "type": "subscription.created",
    "url": "https://shop.example.com/webhooks", "uri": "otpauth://totp/Gatehouse:sam@ada.example?secret=…",
    "tax_basis_points": 1900, "tax_note": "", "reverse_charge": False,
    "undeliverable": None, "undeliverable_reason": None, "undeliverable_since": None, "user_agent": "Mozilla/5.0",
    "version": 1,
    "earlier": None, "credit_notes": [], "corrected": [], "correctable": [],
}
# fmt: on
_BY_TYPE: dict[str, Any] = {"integer": 1, "number": 0.5, "boolean": False, "string": "…", "object": {}, "null": None}
_JSON_TYPES = {
    bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object", type(None): "null"
}  # fmt: skip
_LOOKS = {"uuid": "[0-9a-f-]{36}", "date-time": r"\d{4}-\d\d-\d\dT.*Z", "date": r"\d{4}-\d\d-\d\d"}
_BY_FORMAT: dict[str, Any] = {"uuid": _ID, "date-time": _INSTANT, "date": "2026-11-22"}

Schema = dict[str, Any]


def example_of(schema: Schema, schemas: dict[str, Schema], name: str = "", shape: str = "") -> Any:
    """A value of the schema; `name` is the field's that it stands in, `shape` that of the object around it.

    >>> example_of({"type": "array", "items": {"type": "integer"}}, {}, "number")
    [1042]
    """
    known = named(schema, schemas, name, shape)
    return _made_up(schema, schemas, name, shape) if known is UNSET else known


def named(schema: Schema, schemas: dict[str, Schema], name: str, shape: str) -> Any:
    """The value that a field of this name has, where the schema allows it; else UNSET."""
    given = (_VALUES[key] for key in (f"{shape}.{name}", name) if key in _VALUES)
    return next((value for value in given if _fits(value, schema, schemas)), UNSET)


def _made_up(schema: Schema, schemas: dict[str, Schema], name: str, shape: str) -> Any:
    if "properties" in schema:
        return {field: example_of(of, schemas, field, shape) for field, of in schema["properties"].items()}
    if "enum" in schema:
        return schema["enum"][0]
    for choice in _choices(schema, schemas):
        if choice.get("type") != "null":
            return example_of(choice, schemas, name, schema.get("$ref", shape).rsplit("/", 1)[-1])
    if schema.get("type") == "array":
        return [example_of(schema.get("items", {}), schemas, name, shape)]
    return _BY_FORMAT.get(schema.get("format", "")) or _BY_TYPE.get(_types(schema)[0])


def _fits(value: Any, schema: Schema, schemas: dict[str, Schema]) -> bool:
    """Whether a value that a name has may stand where this schema stands."""
    if choices := _choices(schema, schemas):
        return any(_fits(value, choice, schemas) for choice in choices)
    if "enum" in schema:
        return value in schema["enum"]
    looks = _LOOKS.get(schema.get("format", ""), "")
    return _JSON_TYPES[type(value)] in _types(schema) and (not looks or re.fullmatch(looks, str(value)) is not None)


def _choices(schema: Schema, schemas: dict[str, Schema]) -> list[Schema]:
    """The schemas that this one stands for, one or more of which a value has; none where it stands for itself."""
    if "$ref" in schema:
        return [schemas[schema["$ref"].rsplit("/", 1)[-1]]]
    return [*schema.get("oneOf", ()), *schema.get("allOf", ())]


def _types(schema: Schema) -> list[str]:
    types = schema.get("type", "object")
    return sorted([types] if isinstance(types, str) else types, key="null".__eq__)
