"""The pages that Stripe and banks would show: a card form, a confirmation. For browsers; tests may call the fake.

GET shows, POST acts (`number`, or `confirm=yes|no`) and sends the customer back with a 303.
"""

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from tests.fakes.stripe.errors import Json
from tests.fakes.stripe.http import Reply, Request
from tests.fakes.stripe.setups import CardNotSaved

if TYPE_CHECKING:
    from tests.fakes.stripe.fake import FakeStripe

_FORM = '<label>Card number <input name="number" autocomplete="off"></label> <button>Save card</button>'
_BANK = '<button name="confirm" value="yes">Confirm</button> <button name="confirm" value="no">Refuse</button>'


def page(fake: "FakeStripe", request: Request) -> Reply:
    """The answer to a browser."""
    reference = request.path.rpartition("/")[2]
    with fake.books.lock:
        subject = fake.books.objects.get(reference)
        given = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if subject is None:
            return Reply(404, b"Nothing here", "text/plain")
        if subject["object"] == "checkout.session":
            return _card_form(fake, subject, request.method, given)
        return _bank(fake, subject, request.method, given)


def _card_form(fake: "FakeStripe", session: Json, method: str, given: dict[str, str]) -> Reply:
    if session["status"] != "open":
        return _html("This page is no longer available.", 410)
    if method == "GET":
        return _html(f'{_FORM} <a href="{escape(session["cancel_url"])}">Back</a>')
    try:
        fake.complete_setup(session["id"], given.get("number", "").replace(" ", ""))
    except (CardNotSaved, KeyError):
        return _html(f"Your card was declined. {_FORM}", 402)
    return _back(session["success_url"])


def _bank(fake: "FakeStripe", payment: Json, method: str, given: dict[str, str]) -> Reply:
    if payment["status"] != "requires_action":
        return _html("Nothing to confirm.", 410)
    if method == "GET":
        return _html(_BANK)
    return_url = payment["next_action"]["redirect_to_url"]["return_url"]
    fake.payments.authenticate(payment["id"], succeeds=given.get("confirm") == "yes")
    return _back(return_url)


def _html(inside: str, status: int = 200) -> Reply:
    page = f"<!doctype html><html lang=en><title>Fake</title><main><form method=post>{inside}</form></main></html>"
    return Reply(status, page.encode(), "text/html; charset=utf-8")


def _back(url: str) -> Reply:
    return Reply(303, b"", "text/plain", {"Location": url})
