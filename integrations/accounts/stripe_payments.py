"""Past charges, and the invoices that say what they were for. Pure: asks nobody."""

from integrations.accounts.stripe_text import amount, columns, instant
from integrations.gateways.stripe_outcomes import CHARGE_KEY
from integrations.stripe_objects.invoices import InvoicePayment
from integrations.stripe_objects.payments import Charge, Dispute
from workflows.importing.account.source import AccountObjects
from workflows.importing.shapes import Problem

# https://docs.stripe.com/api/disputes/object: the money stayed with the merchant, or came back.
_MONEY_STAYED = ("won", "warning_needs_response", "warning_under_review", "warning_closed", "prevented")


def invoice_of(paid: InvoicePayment) -> AccountObjects | None:
    """What a payment was for; None where an invoice was paid outside Stripe."""
    payment = paid.payment.payment_intent or paid.payment.charge
    if payment is None:
        return None
    invoice = paid.invoice
    details = invoice.parent.subscription_details if invoice.parent else None
    row = columns(
        subscription=details.subscription if details else None,
        invoice_number=invoice.number,
        period_start=instant(invoice.period_start) if details and invoice.period_start else None,
    )
    return AccountObjects(kind="invoices", reference=payment, columns=row)


def made_here(charge: Charge) -> bool:
    """Whether it is one of Gatehouse's own."""
    return CHARGE_KEY in charge.metadata


def charge_of(charge: Charge, dispute: Dispute | None) -> AccountObjects:
    """The row of a charge; `dispute` is that of a disputed one."""
    written, refunded = amount(charge.amount, charge.currency), amount(charge.amount_refunded, charge.currency)
    if problem := _problem(charge):
        return _refused(charge, problem)
    if isinstance(written, Problem):
        return _refused(charge, written)
    if isinstance(refunded, Problem):
        return _refused(charge, Problem("refunded", refunded.reason))
    state = _state(charge, dispute)
    failed, moment = state == "failed", instant(charge.created)
    row = columns(
        payment=charge.payment_intent or charge.id,
        customer=charge.customer,
        amount=written,
        currency=charge.currency.upper(),
        state=state,
        refunded=refunded if state in ("partially_refunded", "disputed") and charge.amount_refunded else None,
        attempted_at=moment,
        paid_at=None if failed else moment,
        decline_code=charge.failure_code if failed else None,
        # A failed try shares its PaymentIntent with the one that succeeded, whose charge it names.
        gateway_reference=None if failed else charge.payment_intent,
    )
    return AccountObjects(kind="charges", reference=charge.id, columns=row)


def _problem(charge: Charge) -> Problem | None:
    if charge.status not in ("succeeded", "failed"):
        return Problem("state", f"is {charge.status} at Stripe: import again when it is settled")
    if charge.customer is None:
        return Problem("customer", "is nobody: a payment without a customer is in no payment history")
    captured = charge.amount if charge.amount_captured is None else charge.amount_captured
    if charge.status == "succeeded" and (not charge.captured or captured != charge.amount):
        return Problem(
            "amount", "was authorized, and not or not all of it captured: only what was paid can be imported"
        )
    return None


def _refused(charge: Charge, problem: Problem) -> AccountObjects:
    return AccountObjects(kind="charges", reference=charge.id, problem=problem)


def _state(charge: Charge, dispute: Dispute | None) -> str:
    if charge.status == "failed":
        return "failed"
    if charge.disputed and not (dispute and dispute.status in _MONEY_STAYED):
        return "disputed"
    if charge.amount_refunded == charge.amount:
        return "refunded"
    return "partially_refunded" if charge.amount_refunded else "succeeded"
