"""Subscription Summary: what it shows, what it offers by state and role, what it asks first (PRODUCT.md 3.5)."""

from datetime import timedelta

import httpx
import pytest

from integrations.pdf import renderer
from models.database import Record, execute, fetch, fetch_row, fetch_value, transaction
from tests.factories import BY_WORKER, a_charge, a_customer, a_marketplace, a_subscription, an_open_case
from tests.web.browsing import SAME_ORIGIN, Browser, forms_of, text_of
from tests.workflows.billing.billed import billed, run
from workflows.engine.actor import Actor
from workflows.engine.fire import Move, create, fire
from workflows.invoices.documents import render_document
from workflows.invoices.issue import issue_invoice
from workflows.machines import OUTGOING_EMAIL
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now
from workflows.runtime.settings import settings


def _path(marketplace: Marketplace, subscription: Record, page: str = "") -> str:
    return f"/console/{marketplace.slug}/subscriptions/{subscription['number']}{page}"


async def _press(browser: Browser, page: httpx.Response, button: str, **typed: str) -> str:
    """Presses a button and reads the page that follows."""
    return text_of(await browser.follow(await browser.submit(page, button, **typed)))


async def test_it_shows_the_customer_the_card_every_charge_and_what_happened(
    browser: Browser, marketplace: Marketplace
) -> None:
    await browser.sign_in_staff(marketplace, "analyst")
    customer = await a_customer(marketplace, name="Grace Hopper", email="grace@navy.example")
    subscription = await a_subscription(marketplace, state="failed_charge", customer=customer)
    paid = await a_charge(marketplace, subscription=subscription)
    await a_charge(marketplace, subscription=subscription, state="failed", decline_code="insufficient_funds")
    await an_open_case(subscription)
    async with transaction():
        await issue_invoice(marketplace.id, paid["id"], BY_WORKER.by)
    invoice = await fetch_value("SELECT number FROM invoice")

    page = text_of(await browser.get(_path(marketplace, subscription)))

    for said in (
        "Failed charge",
        "Grace Hopper",
        "grace@navy.example",
        "Visa ending in 4242",
        "$19.99 is owed. The charge failed on",
        "Attempt 2 comes on",
        "insufficient funds",
        invoice,
        "Subscription Saver case opened: $19.99 owed",
    ):
        assert said in page, said
    assert "Send Customer Portal Login Email" not in page  # an analyst reads


async def test_a_login_email_is_sent_from_the_top(browser: Browser, marketplace: Marketplace) -> None:
    member = await browser.sign_in_staff(marketplace, "support")
    subscription = await a_subscription(marketplace, customer=await a_customer(marketplace, email="jane@example.com"))
    page = await browser.get(_path(marketplace, subscription))

    told = await _press(browser, page, "Send Customer Portal Login Email")

    assert "A login link is on its way to jane@example.com." in told
    assert await fetch_value("SELECT moved_by FROM access_token WHERE purpose = 'portal'") == f"staff:{member['id']}"
    for _ in range(5):
        told = await _press(browser, page, "Send Customer Portal Login Email")
    assert "Not now: this was done too often. Try again in an hour." in told


async def test_a_card_email_and_a_receipt_are_sent_to_the_customer(browser: Browser, marketplace: Marketplace) -> None:
    await browser.sign_in_staff(marketplace, "support")
    subscription = await a_subscription(marketplace, customer=await a_customer(marketplace, email="jane@example.com"))
    await a_charge(marketplace, subscription=subscription)
    page = await browser.get(_path(marketplace, subscription))

    card = await _press(browser, page, "Send Card Update Email")
    receipt = await _press(browser, page, "Resend Receipt")

    assert "A link to update the card is on its way to jane@example.com." in card
    assert "The receipt is on its way to jane@example.com." in receipt
    mails = await fetch("SELECT template FROM outgoing_email ORDER BY created_at")
    assert [mail["template"] for mail in mails] == ["card_update_link", "renewal_receipt"]


async def test_the_next_billing_date_is_changed_and_a_bad_day_is_told_beside_the_field(
    browser: Browser, marketplace: Marketplace
) -> None:
    member = await browser.sign_in_staff(marketplace, "support")
    subscription = await a_subscription(marketplace)
    page = await browser.get(_path(marketplace, subscription, "/next-charge"))
    day = (now() + timedelta(days=50)).date()

    refused = await browser.submit(page, "Change the date", date=now().date().isoformat())
    told = await _press(browser, page, "Change the date", date=day.isoformat())

    assert (refused.status_code, 'id="date-error"' in refused.text) == (422, True)
    assert "The next billing date is changed." in told
    assert "Next billing date moved from" in told
    assert (await fetch_value("SELECT next_charge_at FROM subscription")).date() == day
    log = await fetch_row("SELECT actor_kind, actor_id FROM transition_log WHERE trigger = 'reschedule'")
    assert log is not None
    assert tuple(log) == ("staff", str(member["id"]))


@pytest.mark.parametrize("chosen", ["period_end", "date"])
async def test_it_is_cancelled_later_and_undone_on_the_summary(
    browser: Browser, marketplace: Marketplace, chosen: str
) -> None:
    await browser.sign_in_staff(marketplace, "support")
    subscription = await a_subscription(marketplace)
    page = await browser.get(_path(marketplace, subscription, "/cancel"))

    day = (now() + timedelta(days=12)).date().isoformat()
    arranged = await browser.follow(await browser.submit(page, "Cancel the subscription", at=chosen, date=day))
    undone = await _press(browser, arranged, "Undo the cancellation")

    assert "The cancellation is arranged." in text_of(arranged)
    assert "It is not charged again." in text_of(arranged)
    assert "Cancellation arranged for" in text_of(arranged)
    assert "The cancellation is undone." in undone
    assert await fetch_value("SELECT cancel_at FROM subscription") is None


@pytest.mark.parametrize(("at", "date"), [("date", ""), ("date", "yesterday"), ("", ""), ("date", "2020-01-01")])
async def test_no_time_and_no_day_are_told_beside_the_field(
    browser: Browser, marketplace: Marketplace, at: str, date: str
) -> None:
    await browser.sign_in_staff(marketplace, "support")
    subscription = await a_subscription(marketplace)
    page = await browser.get(_path(marketplace, subscription, "/cancel"))

    refused = await browser.submit(page, "Cancel the subscription", at=at, date=date)

    assert refused.status_code == 422
    assert 'id="at-error"' in refused.text
    assert await fetch_value("SELECT state FROM subscription WHERE cancel_at IS NULL") == "active"


async def test_it_is_cancelled_now_once_and_restarted_once(browser: Browser, marketplace: Marketplace) -> None:
    await browser.sign_in_staff(marketplace, "support")
    subscription = await a_subscription(marketplace)
    question = await browser.get(_path(marketplace, subscription, "/cancel"))

    cancelled = await _press(browser, question, "Cancel the subscription", at="now")
    again = await _press(browser, question, "Cancel the subscription", at="now")
    question = await browser.get(_path(marketplace, subscription, "/restart"))
    restarted = await _press(browser, question, "Restart")
    twice = await _press(browser, question, "Restart")

    assert "The subscription is cancelled." in cancelled
    assert "Nothing was changed" in again
    assert "What was paid for runs on" in text_of(question)
    assert "The subscription is restarted." in restarted
    assert "Nothing was changed" in twice
    assert await fetch_value("SELECT count(*) FROM charge") == 0


async def test_a_restart_that_charges_says_so_first(browser: Browser, marketplace: Marketplace) -> None:
    await browser.sign_in_staff(marketplace, "support")
    long_ago = now() - timedelta(days=300)
    subscription = await a_subscription(marketplace, state="cancelled", anchor_at=long_ago, ended_at=long_ago)

    question = text_of(await browser.get(_path(marketplace, subscription, "/restart")))

    assert "$19.99 is charged at once to the Visa ending in 4242" in question
    assert "Restart and charge" in question


async def test_attempts_made_before_an_import_are_counted(browser: Browser, marketplace: Marketplace) -> None:
    await browser.sign_in_staff(marketplace, "support")
    subscription = await a_subscription(marketplace, state="failed_charge")
    await an_open_case(subscription, attempts_made=2)

    assert "Attempt 3 comes on" in text_of(await browser.get(_path(marketplace, subscription)))


async def test_what_is_owed_is_charged_by_hand(browser: Browser, marketplace: Marketplace) -> None:
    await browser.sign_in_staff(marketplace, "support")
    subscription = await a_subscription(marketplace, state="failed_charge")
    await an_open_case(subscription, amount_minor=2500)
    question = await browser.get(_path(marketplace, subscription, "/retry"))

    told = await _press(browser, question, "Charge now")
    again = await _press(browser, question, "Charge now")

    assert "Charge $25.00 now?" in text_of(question)
    assert "The charge is on its way." in told
    assert "Nothing was changed" in again
    assert await fetch_value("SELECT count(*) FROM charge WHERE initiator = 'staff'") == 1


async def _paid(marketplace: Marketplace) -> tuple[Record, Record]:
    """A subscription whose payment the sandbox gateway knows."""
    subscription = await billed(marketplace)
    await run(marketplace)
    charge = await fetch_row("SELECT * FROM charge")
    assert charge is not None
    return subscription, charge


async def test_a_charge_is_refunded_in_part_and_then_in_full(browser: Browser, marketplace: Marketplace) -> None:
    member = await browser.sign_in_staff(marketplace, "support")
    subscription, charge = await _paid(marketplace)
    page = _path(marketplace, subscription, f"/charges/{charge['id']}/refund")
    question = await browser.get(page)

    part = await _press(browser, question, "Refund", amount="5.5")
    rest = await browser.get(page)
    full = await _press(browser, rest, "Refund")
    nothing_left = await browser.get(page)

    assert "$5.50 is refunded." in part
    assert "Partly refunded" in part
    assert "$14.49 of it is left" in text_of(rest)
    assert "$14.49 is refunded." in full
    assert "Nothing is left" in text_of(await browser.follow(nothing_left))
    assert await fetch_value("SELECT state FROM subscription") == "active"
    refunds = await fetch("SELECT amount_minor, requested_by FROM refund ORDER BY requested_at")
    assert [tuple(refund) for refund in refunds] == [(550, f"staff:{member['id']}"), (1449, f"staff:{member['id']}")]


@pytest.mark.parametrize("typed", ["", "0", "-1", "20", "19.999", "1,000", "five", "1e3", "٥", "9" * 20])
async def test_an_amount_that_cannot_be_refunded_is_told_beside_the_field(
    browser: Browser, marketplace: Marketplace, typed: str
) -> None:
    await browser.sign_in_staff(marketplace, "support")
    subscription = await a_subscription(marketplace)
    charge = await a_charge(marketplace, subscription=subscription)
    question = await browser.get(_path(marketplace, subscription, f"/charges/{charge['id']}/refund"))

    refused = await browser.submit(question, "Refund", amount=typed)

    assert refused.status_code == 422
    assert "Enter an amount like 19.99" in text_of(refused)
    assert await fetch_value("SELECT count(*) FROM refund") == 0


async def test_what_was_on_its_way_at_the_cancellation_is_offered_for_refund(
    browser: Browser, marketplace: Marketplace
) -> None:
    await browser.sign_in_staff(marketplace, "support")
    ended = now() - timedelta(minutes=5)
    subscription = await a_subscription(marketplace, state="cancelled", ended_at=ended)
    charge = await a_charge(marketplace, subscription=subscription, state="pending")
    waiting = text_of(await browser.get(_path(marketplace, subscription)))
    await execute("UPDATE charge SET submitted_at = now()")
    paid = await a_charge(marketplace, subscription=subscription, period=77)

    offered = await browser.get(_path(marketplace, subscription))

    assert "A charge was on its way when this was cancelled." in waiting
    assert "Restart…" not in waiting
    assert "$19.99 came in after the cancellation." in text_of(offered)
    assert f"/charges/{paid['id']}/refund" in offered.text
    assert f"/charges/{charge['id']}/refund" not in offered.text


@pytest.mark.parametrize(
    ("state", "offered"),
    [
        ("active", ["next-charge", "cancel"]),
        ("failed_charge", ["retry", "cancel"]),
        ("cancelled", ["restart"]),
        ("completed", []),
    ],
)
async def test_it_offers_what_the_state_allows(
    browser: Browser, marketplace: Marketplace, state: str, offered: list[str]
) -> None:
    await browser.sign_in_staff(marketplace, "support")
    subscription = await a_subscription(marketplace, state=state)
    if state == "failed_charge":
        await an_open_case(subscription)

    page = await browser.get(_path(marketplace, subscription))

    here = _path(marketplace, subscription)
    acts = ("next-charge", "retry", "cancel", "restart")
    assert [act for act in acts if f'href="{here}/{act}"' in page.text] == [act for act in acts if act in offered]
    sends = {form.action.rpartition("/")[2] for form in forms_of(page)} & {"portal-login-email", "card-update-email"}
    live = state in ("active", "failed_charge")
    assert sends == ({"portal-login-email", "card-update-email"} if live else {"portal-login-email"})


async def test_questions_that_are_over_lead_back_to_the_summary(browser: Browser, marketplace: Marketplace) -> None:
    await browser.sign_in_staff(marketplace, "support")
    active = await a_subscription(marketplace)
    ended = await a_subscription(marketplace, state="completed")
    on_its_way = await a_subscription(marketplace, state="cancelled")
    await a_charge(marketplace, subscription=on_its_way, state="pending")

    for subscription, page, says in (
        (active, "/retry", "nothing to charge now"),
        (active, "/restart", "Only a cancelled subscription"),
        (ended, "/cancel", "It has ended already"),
        (ended, "/next-charge", "cannot be changed now"),
        (on_its_way, "/restart", "still on its way"),
    ):
        assert says in text_of(await browser.follow(await browser.get(_path(marketplace, subscription, page)))), page


async def test_another_subscriptions_charge_is_not_there(browser: Browser, marketplace: Marketplace) -> None:
    await browser.sign_in_staff(marketplace)
    subscription = await a_subscription(marketplace)
    others = await a_charge(marketplace, subscription=await a_subscription(marketplace))
    elsewhere = await a_subscription(await a_marketplace(), number=4711)
    form = forms_of(await browser.get(_path(marketplace, subscription)))[0].fields

    for path in (f"/charges/{others['id']}/refund", f"/charges/{others['id']}/receipt", "/charges/x/refund"):
        answer = await browser.post(_path(marketplace, subscription, path), data=form, headers=SAME_ORIGIN)
        assert answer.status_code == 404, path
    assert (await browser.get(_path(marketplace, elsewhere))).status_code == 404
    assert (await browser.get(_path(marketplace, {"number": "0"}))).status_code == 404  # pyright: ignore[reportArgumentType]


async def test_a_long_story_is_shown_from_its_end_and_whole_when_asked_for(
    browser: Browser, marketplace: Marketplace
) -> None:
    await browser.sign_in_staff(marketplace)
    subscription = await a_subscription(marketplace)
    for _ in range(32):
        await a_charge(marketplace, subscription=subscription)

    short = text_of(await browser.get(_path(marketplace, subscription)))
    whole = text_of(await browser.get(_path(marketplace, subscription), params={"timeline": "all"}))

    assert "Show everything since the beginning" in short
    assert "Started" not in short.partition("What happened")[2]
    assert "Started" in whole.partition("What happened")[2]


async def test_an_address_whose_mail_comes_back_is_shown(browser: Browser, marketplace: Marketplace) -> None:
    await browser.sign_in_staff(marketplace)
    customer = await a_customer(marketplace, email="gone@example.com")
    subscription = await a_subscription(marketplace, customer=customer)
    facts = {"marketplace_id": marketplace.id, "customer_id": customer["id"], "recipient": "gone@example.com"}
    mail = await create(OUTGOING_EMAIL, {**facts, "template": "refund", "cause": "test"}, BY_WORKER)
    before = text_of(await browser.get(_path(marketplace, subscription)))
    await fire(OUTGOING_EMAIL, marketplace.id, mail["id"], "bounce", BY_WORKER)

    assert "The last e-mail came back" not in before
    assert "The last e-mail came back" in text_of(await browser.get(_path(marketplace, subscription)))


async def test_an_address_to_which_mail_stopped_says_why_and_can_be_tried_again(
    browser: Browser, marketplace: Marketplace
) -> None:
    await browser.sign_in_staff(marketplace, "support")
    gone = {"undeliverable": "hard_bounce", "undeliverable_reason": "user_unknown", "undeliverable_since": now()}
    customer = await a_customer(marketplace, email="gone@example.com", **gone)
    subscription = await a_subscription(marketplace, customer=customer)
    page = await browser.get(_path(marketplace, subscription))
    listed = text_of(await browser.get(f"/console/{marketplace.slug}/subscriptions"))

    refused = await browser.follow(await browser.submit(page, "Send Customer Portal Login Email"))
    again = await browser.follow(await browser.submit(refused, "Try this address again"))
    sent = await browser.follow(await browser.submit(again, "Send Customer Portal Login Email"))

    assert "E-mails come back" in listed
    assert "Mail to gone@example.com stopped on" in text_of(page)
    assert "An e-mail came back for good: user unknown." in text_of(page)
    assert "Nothing was sent: mail to this address stopped." in text_of(refused)
    assert "Mail goes to gone@example.com again." in text_of(again)
    assert "stopped on" not in text_of(again)
    assert "A login link is on its way" in text_of(sent)
    assert await fetch_value("SELECT count(*) FROM outgoing_email WHERE template = 'access_link'") == 1


async def test_the_timeline_says_which_emails_did_not_arrive_and_why(
    browser: Browser, marketplace: Marketplace
) -> None:
    await browser.sign_in_staff(marketplace)
    customer = await a_customer(marketplace)
    subscription = await a_subscription(marketplace, customer=customer)
    facts = {"marketplace_id": marketplace.id, "customer_id": customer["id"], "recipient": customer["email"]}
    for template, trigger, why in (
        ("renewal_receipt", "bounce", Move(Actor("mailer", "mailjet"), "hard_bounce", {"reason": "user_unknown"})),
        ("failed_charge", "drop", Move(BY_WORKER.by, "address_hard_bounce")),
        ("access_link", "drop", Move(BY_WORKER.by, "link_no_longer_works")),
        ("refund", "deliver", BY_WORKER),
    ):
        mail = await create(OUTGOING_EMAIL, {**facts, "template": template, "cause": "test"}, BY_WORKER)
        await fire(OUTGOING_EMAIL, marketplace.id, mail["id"], trigger, why)

    told = text_of(await browser.get(_path(marketplace, subscription))).partition("What happened")[2]

    assert "E-mail “Renewal receipt” came back for good: user unknown" in told
    assert "E-mail “Failed charge” not sent: e-mails to this address come back" in told
    assert "E-mail “Access link” not sent: its link would no longer have worked" in told
    assert "Refund" not in told


async def test_an_invoice_opens_from_its_charge_and_is_prepared_when_it_is_not(
    browser: Browser, marketplace: Marketplace
) -> None:
    await browser.sign_in_staff(marketplace, "analyst")
    subscription, other = await a_subscription(marketplace), await a_subscription(marketplace)
    charge = await a_charge(marketplace, subscription=subscription)
    async with transaction():
        await issue_invoice(marketplace.id, charge["id"], BY_WORKER.by)
    number = await fetch_value("SELECT number FROM invoice")
    summary = await browser.get(_path(marketplace, subscription))

    waiting = await browser.get(_path(marketplace, subscription, f"/invoices/{number}.pdf"))
    await render_document(marketplace.id, await fetch_value("SELECT id FROM document"), renderer(settings()))
    file = await browser.get(_path(marketplace, subscription, f"/invoices/{number}.pdf"))
    others = await browser.get(_path(marketplace, other, f"/invoices/{number}.pdf"))

    assert f"/invoices/{number}.pdf" in summary.text
    assert (waiting.status_code, "It is being prepared" in waiting.text) == (202, True)
    assert (file.status_code, file.headers["content-type"], file.content[:4]) == (200, "application/pdf", b"%PDF")
    assert others.status_code == 404


async def test_the_customers_address_is_corrected_unless_it_is_taken_or_changed_meanwhile(
    browser: Browser, marketplace: Marketplace
) -> None:
    await browser.sign_in_staff(marketplace, "support")
    await a_customer(marketplace, email="taken@example.com")
    subscription = await a_subscription(marketplace, customer=await a_customer(marketplace, email="jnae@example.com"))
    form = await browser.get(_path(marketplace, subscription, "/customer"))

    taken = await browser.submit(form, "Save", email="Taken@example.com")
    nonsense = await browser.submit(form, "Save", email="jane")
    corrected = await _press(browser, form, "Save", email="jane@example.com", name="Jane Doe")
    late = await browser.submit(form, "Save", email="other@example.com")

    assert (taken.status_code, "has this address already" in taken.text) == (422, True)
    assert (nonsense.status_code, "Enter an e-mail address" in nonsense.text) == (422, True)
    assert "The customer is jane@example.com now." in corrected
    assert (late.status_code, "changed this customer meanwhile" in late.text) == (422, True)
    assert (
        await fetch_value("SELECT email FROM customer WHERE id = $1", subscription["customer_id"]) == "jane@example.com"
    )


async def test_staff_choose_a_customers_language_and_who_has_it_already_keeps_their_region(
    browser: Browser, marketplace: Marketplace
) -> None:
    await browser.sign_in_staff(marketplace, "support")
    customer = await a_customer(marketplace, email="jane@example.com", locale="de-AT")
    subscription = await a_subscription(marketplace, customer=customer)
    kept = []
    for language in ("de", "fr", "", "tlh"):
        form = await browser.get(_path(marketplace, subscription, "/customer"))

        answer = await browser.submit(form, "Save", language=language)
        kept.append(await fetch_value("SELECT locale FROM customer WHERE id = $1", customer["id"]))

    assert kept == ["de-AT", "fr", None, None]
    assert (answer.status_code, "must be in a language listed" in answer.text) == (422, True)
