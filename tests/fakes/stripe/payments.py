"""PaymentIntents: what the banks say to them. Amounts are in Stripe's units, currencies in lower case."""

from dataclasses import dataclass
from typing import Any

from tests.fakes.stripe.books import Books, snapshot
from tests.fakes.stripe.cards import Decline
from tests.fakes.stripe.errors import Json, card_error, invalid, missing

_CURRENCIES = """
usd eur gbp chf sek nok dkk pln czk huf cad aud nzd jpy krw brl mxn inr sgd hkd isk ugx mga twd bhd kwd clp
"""
CURRENCIES = frozenset(_CURRENCIES.split())
_LEAST, _MOST = 50, 99_999_999
_OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")
_REASONS = {"fraudulent": "fraudulent", "product_not_received": "product_not_received", "inquiry": "general"}


@dataclass(slots=True)
class Payments:
    """The payments of one account; `base` is where the customers' banks are."""

    books: Books
    base: str = ""

    def create(self, given: Json) -> Json:
        """A PaymentIntent, confirmed in the same go where asked."""
        self._check(given)
        payment = self.books.new(
            "pi",
            "payment_intent",
            {
                "amount": given["amount"],
                "amount_received": 0,
                "currency": given["currency"],
                "customer": given.get("customer"),
                "metadata": given.get("metadata", {}),
                "payment_method": given.get("payment_method"),
                "payment_method_types": ["card"],
                "status": "requires_confirmation" if given.get("payment_method") else "requires_payment_method",
                "last_payment_error": None,
                "latest_charge": None,
                "next_action": None,
                "cancellation_reason": None,
                "capture_method": "automatic_async",
                "client_secret": "pi_never_to_be_kept_secret_0123456789",
            },
        )
        self.books.happened("payment_intent.created", payment)
        if given.get("confirm"):
            self._attempt(
                payment, given["payment_method"], given.get("return_url"), off=given.get("off_session", False)
            )
        return payment

    def confirm(self, payment: Json, given: Json) -> Json:
        """Another try of the same payment."""
        if payment["status"] not in _OPEN:
            raise _unexpected("confirm", payment)
        method = given.get("payment_method") or payment["payment_method"]
        if method is None:
            raise invalid("You cannot confirm this PaymentIntent because it's missing a payment method.", param="id")
        self._check_card(method, payment["customer"])
        self._attempt(payment, method, given.get("return_url"), off=given.get("off_session", False))
        return payment

    def cancel(self, payment: Json, given: Json) -> Json:
        """Never to be paid."""
        if payment["status"] not in _OPEN:
            raise _unexpected("cancel", payment)
        payment |= {"status": "canceled", "next_action": None, "canceled_at": int(self.books.now())}
        payment["cancellation_reason"] = given.get("cancellation_reason")
        self.books.happened("payment_intent.canceled", payment)
        return payment

    def authenticate(self, reference: str, *, succeeds: bool = True) -> Json:
        """The customer at their bank's page. What the bank says to the money comes after it."""
        with self.books.lock:
            payment = self.books.objects[reference]
            assert payment["status"] == "requires_action", payment["status"]
            payment["next_action"] = None
            if not succeeds:
                self._fail(payment, {"code": "payment_intent_authentication_failure", "message": "Not confirmed."})
                return payment
            steps = self.books.meanings[payment["payment_method"]].steps
            if steps and steps[0] == "authenticate":
                steps.pop(0)
            declined = self._says(payment["payment_method"])
            if declined is None:
                self._succeed(payment)
            else:
                self._fail(payment, _declined(declined))
            return payment

    def dispute(self, payment: Json, reason: str) -> Json:
        """The customer's bank takes the money back, or asks first."""
        inquiry = reason == "inquiry"
        dispute = self.books.new(
            "dp",
            "dispute",
            {
                "amount": payment["amount"],
                "currency": payment["currency"],
                "charge": payment["latest_charge"],
                "payment_intent": payment["id"],
                "reason": _REASONS.get(reason, reason),
                "status": "warning_needs_response" if inquiry else "needs_response",
                "metadata": {},
            },
        )
        if not inquiry:
            self.books.objects[payment["latest_charge"]]["disputed"] = True
        self.books.happened("charge.dispute.created", dispute)
        return dispute

    def close_dispute(self, dispute: Json, status: str) -> None:
        """won, lost or warning_closed."""
        with self.books.lock:
            dispute["status"] = status
            self.books.happened("charge.dispute.closed", dispute)

    def _check(self, given: Json) -> None:
        if given["currency"] not in CURRENCIES:
            raise invalid(f"Invalid currency: {given['currency']}.", param="currency")
        if given["amount"] < _LEAST:
            raise invalid("Amount must be at least 50 cents", param="amount", code="amount_too_small")
        if given["amount"] > _MOST:
            raise invalid("Amount must be no more than $999,999.99", param="amount", code="amount_too_large")
        if not given.get("confirm") and ("off_session" in given or "return_url" in given):
            raise invalid("off_session and return_url are only for confirm=true.", param="off_session")
        customer = given.get("customer")
        if customer is not None:
            self.books.get("cus", customer, "customer")
        if given.get("confirm") and "payment_method" not in given:
            raise invalid("You cannot confirm this PaymentIntent because it's missing a payment method.")
        if "payment_method" in given:
            self._check_card(given["payment_method"], customer)

    def _check_card(self, method: str, customer: str | None) -> None:
        card = self.books.get("pm", method, "payment_method")
        if card["customer"] is None:
            raise invalid(
                "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, or"
                " was detached from a Customer. It may not be used again."
            )
        if customer is None:
            raise invalid("The PaymentMethod belongs to a Customer. Please include it.", param="payment_method")
        if card["customer"] != customer:
            raise missing("PaymentMethod of this customer", method, "payment_method")

    def _attempt(self, payment: Json, method: str, return_url: str | None, *, off: bool) -> None:
        payment |= {"payment_method": method, "last_payment_error": None, "next_action": None}
        if self._asks_customer(method):
            if not off:
                self._send_to_bank(payment, return_url)
                return
            message = "This transaction requires authentication."
            error = {"code": "authentication_required", "decline_code": "authentication_required", "message": message}
            self._fail(payment, error)
            raise card_error(self._error(payment))
        declined = self._says(method)
        if declined is not None:
            self._fail(payment, _declined(declined))
            raise card_error(self._error(payment))
        self._succeed(payment)

    def _asks_customer(self, method: str) -> bool:
        meaning = self.books.meanings[method]
        if meaning.steps:
            # It asks at every try until the customer has been to their bank.
            return meaning.steps[0] == "authenticate"
        return meaning.number.asks == "always" or (meaning.number.asks == "unless_set_up" and not meaning.set_up)

    def _says(self, method: str) -> Decline | None:
        meaning = self.books.meanings[method]
        if not meaning.steps:
            return meaning.number.charged
        step = meaning.steps.pop(0)
        return step if isinstance(step, Decline) else None

    def _send_to_bank(self, payment: Json, return_url: str | None) -> None:
        page = {"url": f"{self.base}/fake/bank/{payment['id']}", "return_url": return_url}
        payment["status"] = "requires_action"
        payment["next_action"] = (
            {"type": "redirect_to_url", "redirect_to_url": page} if return_url else {"type": "use_stripe_sdk"}
        )
        self.books.happened("payment_intent.requires_action", payment)

    def _succeed(self, payment: Json) -> None:
        charge = self._charge(payment, "succeeded")
        payment |= {"status": "succeeded", "amount_received": payment["amount"], "latest_charge": charge["id"]}
        self.books.charged[payment["metadata"].get("gatehouse_charge", "")] += 1
        self.books.happened("charge.succeeded", charge)
        self.books.happened("payment_intent.succeeded", payment)
        disputed = self.books.meanings[payment["payment_method"]].number.disputed
        if disputed is not None:
            self.dispute(payment, disputed)

    def _fail(self, payment: Json, error: Json) -> None:
        method = self.books.objects[payment["payment_method"]]
        payment["last_payment_error"] = {"type": "card_error", **error, "payment_method": snapshot(method)}
        payment |= {"status": "requires_payment_method", "payment_method": None}
        self.books.happened("payment_intent.payment_failed", payment)

    def _error(self, payment: Json) -> Json:
        return {**payment["last_payment_error"], "payment_intent": snapshot(payment)}

    def _charge(self, payment: Json, status: str) -> Json:
        facts: Json = {
            "amount": payment["amount"],
            "amount_refunded": 0,
            "currency": payment["currency"],
            "customer": payment["customer"],
            "disputed": False,
            "metadata": dict(payment["metadata"]),
            "payment_intent": payment["id"],
            "payment_method": payment["payment_method"],
            "refunded": False,
            "status": status,
        }
        return self.books.new("ch", "charge", facts)


def _declined(decline: Decline) -> Json:
    error: dict[str, Any] = {"code": decline.code, "decline_code": decline.decline_code, "message": "Declined."}
    if decline.advice_code is not None:
        error["advice_code"] = decline.advice_code
    return error


def _unexpected(verb: str, payment: Json) -> Exception:
    return invalid(
        f"You cannot {verb} this PaymentIntent because it has a status of {payment['status']}.",
        code="payment_intent_unexpected_state",
    )
