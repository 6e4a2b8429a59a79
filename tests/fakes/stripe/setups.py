"""Cards saved: attached by the API, or typed into a Checkout form (mode=setup) that a test fills in."""

from tests.fakes.stripe.books import Books
from tests.fakes.stripe.cards import METHODS, NUMBERS, Decline
from tests.fakes.stripe.errors import Json, card_error, invalid, missing

_HALF_HOUR, _DAY = 1800, 86_400


class CardNotSaved(Exception):
    """Raised when a test fills a form with a number whose bank says no; the form stays open."""

    def __init__(self, decline: Decline) -> None:
        super().__init__(decline.decline_code)
        self.decline_code = decline.decline_code


def open_form(books: Books, given: Json, base: str) -> Json:
    """A Checkout Session."""
    if given["mode"] != "setup":
        raise invalid("This fake opens forms of mode=setup only.", param="mode")
    if given.get("allowed_payment_method_types") != ["card"]:
        # Stripe wants a currency then, from which it chooses the methods.
        raise invalid("currency is required without allowed_payment_method_types.", param="currency")
    books.get("cus", given["customer"], "customer")
    expires_at = given.get("expires_at", int(books.now()) + _DAY)
    if not _HALF_HOUR - 60 <= expires_at - books.now() <= _DAY:
        raise invalid("expires_at must be between 30 minutes and 24 hours ahead.", param="expires_at")
    intent = books.new(
        "seti", "setup_intent", {"status": "requires_payment_method", "payment_method": None, "usage": "off_session"}
    )
    session = books.new(
        "cs_test",
        "checkout.session",
        {
            "mode": "setup",
            "status": "open",
            "customer": given["customer"],
            "setup_intent": intent["id"],
            "metadata": given.get("metadata", {}),
            "success_url": given["success_url"],
            "cancel_url": given["cancel_url"],
            "expires_at": expires_at,
            "payment_status": "no_payment_required",
        },
    )
    session["url"] = f"{base}/fake/checkout/{session['id']}"
    return session


def complete(books: Books, reference: str, number: str, exp: tuple[int, int]) -> str:
    """The customer types a card and sends the form; the new card's id. Raises CardNotSaved."""
    with books.lock:
        session = books.objects[reference]
        assert session["status"] == "open", session["status"]
        declined = NUMBERS[number].saved
        if declined is not None:
            raise CardNotSaved(declined)
        method = books.add_card(session["customer"], number, exp)
        books.meanings[method].set_up = True
        intent = books.objects[session["setup_intent"]]
        intent |= {"status": "succeeded", "payment_method": method}
        session |= {"status": "complete", "url": None}
        books.happened("payment_method.attached", books.objects[method])
        books.happened("setup_intent.succeeded", intent)
        books.happened("checkout.session.completed", session)
        return method


def expire(books: Books, reference: str) -> None:
    """Nobody filled it in."""
    with books.lock:
        session = books.objects[reference]
        session |= {"status": "expired", "url": None}
        books.happened("checkout.session.expired", session)


def attach(books: Books, reference: str, given: Json) -> Json:
    """`pm_card_…` stands for a new card with that number."""
    books.get("cus", given["customer"], "customer")
    number = METHODS.get(reference)
    if number is None:
        method = books.get("pm", reference, "id")
        if method["customer"] is not None:
            raise invalid("The payment method you provided has already been attached to a customer.")
        raise invalid("This PaymentMethod was detached from a Customer. It may not be used again.")
    declined = NUMBERS[number].saved
    if declined is not None:
        raise card_error({"code": declined.code, "decline_code": declined.decline_code, "message": "Declined."})
    method = books.objects[books.add_card(given["customer"], number)]
    books.happened("payment_method.attached", method)
    return method


def detach(books: Books, reference: str) -> Json:
    """The card is gone at the gateway."""
    method = books.get("pm", reference, "id")
    if method["customer"] is None:
        raise missing("attached PaymentMethod", reference, "id")
    method["customer"] = None
    books.happened("payment_method.detached", method)
    return method
