"""Subscription Summary: one subscription with its customer, its charges and what became of it (PRODUCT.md 3.5).

What is done with one press and can do no harm is here; what asks first is in life_cycle.py and money.py.
"""

from typing import Any

from litestar import Controller, Response, post, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from web.console.subscriptions.one_subscription import ONE, charge_of, read_one, show_one, then_summary
from web.console.subscriptions.timeline_words import timeline_sentence
from web.portal.invoices import pdf_answer
from web.requests.connection import WebRequest
from web.requests.forms import read_form_of
from web.requests.visit import StaffContext
from workflows.access.link_requests import send_login_email
from workflows.audit.review.timeline import MOST, timeline_of
from workflows.billing.cards.card_links import send_card_update_email
from workflows.billing.emails.resend_receipt import resend_receipt
from workflows.billing.subscriptions.staff_view import MerchantSubscription
from workflows.invoices.downloads import ask_again, invoice_file
from workflows.marketplaces.short_numbers import number_of, uuid_of
from workflows.runtime.errors import NotFound

_SHOWN_FIRST = 30  # moves of the timeline: a year of a quiet subscription


def _numbers(subscription: MerchantSubscription) -> set[str | None]:
    """Of the invoices that count, and of the credit notes."""
    notes = {note.number for charge in subscription.charges for note in charge.credit_notes}
    return notes | {charge.invoice_number for charge in subscription.charges}


class SummaryPages(Controller):
    """The Summary, and its e-mails."""

    @route(ONE, http_method=["GET", "HEAD"], act="subscriptions.read")
    async def show(
        self, request: WebRequest, visit: NamedDependency[StaffContext], number: FromPath[str]
    ) -> Response[str]:
        """All of it; the newest moves first, all of them with `?timeline=all`."""
        subscription = await read_one(visit, number)
        most = MOST if request.query_params.get("timeline") == "all" else _SHOWN_FIRST
        entries = await timeline_of(visit.marketplace.id, subscription.number, most + 1)
        return show_one(
            request,
            visit,
            "subscriptions/summary",
            subscription,
            charges=list(reversed(subscription.charges)),
            timeline=[timeline_sentence(entry, visit.show) for entry in entries[:most]],
            more=len(entries) > most,
            may=visit.caller.may,
        )

    @route(f"{ONE}/invoices/{{invoice:path}}", http_method=["GET", "HEAD"], act="subscriptions.read")
    async def invoice(
        self, request: WebRequest, visit: NamedDependency[StaffContext], number: FromPath[str], invoice: FromPath[str]
    ) -> Response[Any]:
        """The PDF of one of its charges; a page that opens it by itself while it is being prepared."""
        subscription = await read_one(visit, number)
        wanted = invoice.removeprefix("/").removesuffix(".pdf")
        if wanted not in _numbers(subscription):
            raise NotFound("no such invoice")
        file = await invoice_file(visit.marketplace.id, None, wanted, visit.actor)
        if file.pdf is not None:
            return pdf_answer(file.number, file.pdf)
        answer = show_one(
            request, visit, "subscriptions/summary_invoice", subscription, number=wanted, failed=file.failed
        )
        answer.status_code = 503 if file.failed else 202
        if not file.failed:
            answer.headers["Refresh"] = "3"  # seconds; a PDF takes under one once its turn has come
        return answer

    @post(f"{ONE}/documents", status_code=303, act="subscriptions.send", stands_on="subscriptions")
    async def ask_again(
        self, request: WebRequest, visit: NamedDependency[StaffContext], number: FromPath[str]
    ) -> Response[None]:
        """Asks for a PDF that was given up."""
        form, subscription = await read_form_of(request, visit), await read_one(visit, number)
        wanted = form.get("invoice", "")
        if wanted not in _numbers(subscription):
            raise NotFound("no such invoice")
        act = ask_again(visit.marketplace.id, wanted, visit.actor)
        return await then_summary(visit, subscription.number, act, f"The PDF of {wanted} is being prepared again.")

    @post(f"{ONE}/portal-login-email", status_code=303, act="subscriptions.send", stands_on="subscriptions")
    async def send_login_email(
        self, request: WebRequest, visit: NamedDependency[StaffContext], number: FromPath[str]
    ) -> Response[None]:
        """The same e-mail as the one that customers ask for."""
        await read_form_of(request, visit)
        subscription = await read_one(visit, number)
        act = send_login_email(visit.marketplace, subscription.number, visit.actor)
        sentence = f"A login link is on its way to {subscription.customer.email}."
        return await then_summary(visit, subscription.number, act, sentence)

    @post(f"{ONE}/card-update-email", status_code=303, act="subscriptions.send", stands_on="subscriptions")
    async def send_card_email(
        self, request: WebRequest, visit: NamedDependency[StaffContext], number: FromPath[str]
    ) -> Response[None]:
        """The link that replaces this subscription's card."""
        await read_form_of(request, visit)
        subscription = await read_one(visit, number)
        act = send_card_update_email(visit.marketplace, subscription.number, visit.actor)
        sentence = f"A link to update the card is on its way to {subscription.customer.email}."
        return await then_summary(visit, subscription.number, act, sentence)

    @post(ONE + "/charges/{charge:str}/receipt", status_code=303, act="subscriptions.send", stands_on="subscriptions")
    async def send_receipt(
        self, request: WebRequest, visit: NamedDependency[StaffContext], number: FromPath[str], charge: FromPath[str]
    ) -> Response[None]:
        """A payment's receipt, to the customer's present address."""
        await read_form_of(request, visit)
        subscription = await read_one(visit, number)
        payment = charge_of(subscription, uuid_of(charge))
        act = resend_receipt(visit.marketplace, payment.id, visit.actor)
        sentence = f"The receipt is on its way to {subscription.customer.email}."
        return await then_summary(visit, number_of(number), act, sentence)
