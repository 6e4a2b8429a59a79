"""Billing details in the portal and in the console: each field its error, wrong invoices made out anew."""

import pytest

from models.database import Record, fetch_value, transaction
from tests.factories import a_charge, a_subscription
from tests.web.browsing import Browser, form_of, text_of
from workflows.engine.actor import Actor
from workflows.invoices.issue import issue_invoice
from workflows.marketplaces.tenant import Marketplace

SAVE = "Save billing details"
BOX = "correct:INV-000001"


@pytest.fixture
async def invoiced(marketplace: Marketplace, customer: Record) -> Record:
    """A subscription of the customer with one paid charge and its invoice."""
    subscription = await a_subscription(marketplace, customer=customer)
    charge = await a_charge(marketplace, subscription=subscription)
    async with transaction():
        await issue_invoice(marketplace.id, charge["id"], Actor("worker", "test"))
    return subscription


@pytest.mark.usefixtures("invoiced")
async def test_a_wrong_invoice_is_made_out_anew_and_the_history_links_to_all(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    await browser.sign_in(marketplace, customer)
    page = await browser.get(f"/portal/{marketplace.slug}/billing-details")
    typed = {"name": "Jane Roe GmbH", "address": "Unter den Linden 1\r\nBerlin", "country": "DE"}

    told = await browser.follow(await browser.submit(page, SAVE, **typed, tax_id="136695976", **{BOX: "yes"}))

    assert "Your invoices are made out anew. New: INV-000002." in text_of(told)
    for number in ("INV-000002", "INV-CN-000001"):
        assert f"/invoices/{number}.pdf" in told.text
    assert "INV-000001" not in told.text
    again = await browser.get(f"/portal/{marketplace.slug}/billing-details")
    fields = form_of(again, SAVE).fields
    assert fields["tax_id"] == "DE136695976"
    assert fields["address"] == "Unter den Linden 1\nBerlin"
    for number in ("INV-000001", "INV-000002", "INV-CN-000001"):
        answer = await browser.get(f"/portal/{marketplace.slug}/invoices/{number}.pdf")
        assert answer.status_code == 202, number


@pytest.mark.usefixtures("invoiced")
async def test_new_details_alone_leave_the_invoices_as_they_are(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    await browser.sign_in(marketplace, customer)
    page = await browser.get(f"/portal/{marketplace.slug}/billing-details")

    told = await browser.follow(await browser.submit(page, SAVE, name="Jane Roe"))

    assert "Your billing details are saved." in text_of(told)
    assert await fetch_value("SELECT name FROM customer") == "Jane Roe"
    assert await fetch_value("SELECT count(*) FROM invoice") == 1


@pytest.mark.usefixtures("invoiced")
async def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_changed(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    await browser.sign_in(marketplace, customer)
    page = await browser.get(f"/portal/{marketplace.slug}/billing-details")

    wrong = await browser.submit(page, SAVE, name="x" * 201, country="DE", tax_id="DE136695977", **{BOX: "yes"})
    same = await browser.submit(page, SAVE, **{BOX: "yes"})

    assert (wrong.status_code, same.status_code) == (422, 422)
    assert 'id="name-error">At most 200 characters' in wrong.text
    assert 'id="tax_id-error">This is no VAT ID' in wrong.text
    assert form_of(wrong, SAVE).fields[BOX] == "yes"
    assert "It is made out to these details already." in text_of(same)
    assert await fetch_value("SELECT count(*) FROM invoice") == 1
    assert await fetch_value("SELECT name FROM customer") == customer["name"]


async def test_staff_do_the_same_from_the_summary(browser: Browser, marketplace: Marketplace, invoiced: Record) -> None:
    await browser.sign_in_staff(marketplace, "support")
    summary = f"/console/{marketplace.slug}/subscriptions/{invoiced['number']}"
    page = await browser.get(f"{summary}/billing-details")

    refused = await browser.submit(page, "Save", country="FR", tax_id="FR1", **{BOX: "yes"})
    told = await browser.follow(await browser.submit(page, "Save", name="Jane Roe", **{BOX: "yes"}))

    assert 'id="tax_id-error"' in refused.text
    assert "Made out anew: INV-000002." in text_of(told)
    assert "INV-CN-000001" in text_of(told)
