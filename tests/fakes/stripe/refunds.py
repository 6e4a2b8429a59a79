"""Refunds: never above what is left, pending and failing where the card's number means it."""

from tests.fakes.stripe.books import Books
from tests.fakes.stripe.errors import Json, invalid


def create(books: Books, given: Json) -> Json:
    """A refund of a PaymentIntent, of all that is left unless an amount is given."""
    payment = books.get("pi", given["payment_intent"], "payment_intent")
    if payment["latest_charge"] is None:
        raise invalid("This PaymentIntent does not have a successful charge to refund.", param="payment_intent")
    charge = books.objects[payment["latest_charge"]]
    left = charge["amount"] - charge["amount_refunded"]
    if left == 0:
        raise invalid("Charge has already been refunded.", code="charge_already_refunded")
    if charge["disputed"]:
        raise invalid("The charge has been charged back; cannot issue a refund.", code="charge_disputed")
    amount = given.get("amount", left)
    if not 0 < amount <= left:
        raise invalid(f"Refund amount is greater than unrefunded amount on charge ({left})", param="amount")
    status = books.meanings[charge["payment_method"]].number.refunds
    refund = books.new(
        "re",
        "refund",
        {
            "amount": amount,
            "currency": charge["currency"],
            "charge": charge["id"],
            "payment_intent": payment["id"],
            "metadata": given.get("metadata", {}),
            "reason": given.get("reason"),
            # A refund that fails is accepted first, and fails later: see fail().
            "status": "succeeded" if status == "failed" else status,
        },
    )
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    books.happened("refund.created", refund)
    books.happened("charge.refunded", charge)
    return refund


def fail(books: Books, reference: str) -> None:
    """The customer's bank would not take it; the merchant has the money again."""
    with books.lock:
        refund = books.objects[reference]
        charge = books.objects[refund["charge"]]
        refund["status"] = "failed"
        charge["amount_refunded"] -= refund["amount"]
        charge["refunded"] = False
        books.happened("refund.failed", refund)
        books.happened("charge.refund.updated", refund)
