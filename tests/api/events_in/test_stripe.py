"""Stripe's events at our door: believed only when signed, applied once, in whatever order they come."""

import asyncio
import json
import random
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import structlog

from integrations.gateways import gateway_for
from models.database import Record, execute, fetch, fetch_row, fetch_value
from tasks.jobs import charges
from tasks.run import run_job
from tests.factories import a_charge, a_customer, a_link, a_marketplace, a_payment_method, a_subscription, an_open_case
from tests.fakes.stripe import refunds
from tests.fakes.stripe.cards import Decline
from tests.fakes.stripe.fake import FakeStripe
from tests.fakes.stripe.webhooks import signed
from tests.gateway_jobs import apply_kept_events
from workflows.access_tokens.one_time_links import link_text
from workflows.billing.cards.hosted_form import open_card_form
from workflows.billing.collection.submit import submit_charge
from workflows.engine.outbox import LeaseLost, RunningJob, current_job
from workflows.marketplaces.tenant import Marketplace
from workflows.privacy.retention import purge_finished
from workflows.runtime.clock import frozen, now
from workflows.runtime.errors import LinkUnusable
from workflows.runtime.settings import settings


@pytest.fixture
def stripe(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeStripe]:
    """A fake Stripe that the application's settings name."""
    with FakeStripe() as fake:
        monkeypatch.setenv("STRIPE_SECRET_KEY", fake.secret_key)
        monkeypatch.setenv("STRIPE_WEBHOOK_SECRETS", f"whsec_older,{fake.webhook_secret}")
        monkeypatch.setenv("STRIPE_API_BASE", fake.url)
        settings.cache_clear()
        yield fake
        settings.cache_clear()


@pytest.fixture
async def marketplace(stripe: FakeStripe, api: httpx.AsyncClient) -> Marketplace:
    return await a_marketplace(gateway="stripe", sandbox=False)


async def _due(marketplace: Marketplace, stripe: FakeStripe, **columns: Any) -> Record:
    """A subscription's pending charge, its card known to the fake."""
    reference = stripe.books.add_customer("jane@example.com")
    card = await gateway_for("stripe").look_up_card(stripe.books.add_card(reference))
    assert card is not None
    customer = await a_customer(marketplace, gateway_reference=reference)
    method = await a_payment_method(
        marketplace, customer, gateway="stripe", reference=card.reference, fingerprint=card.fingerprint
    )
    given: dict[str, Any] = {"payments_made": 0, "next_period": 0, **columns}
    subscription = await a_subscription(marketplace, customer=customer, payment_method=method, **given)
    return await a_charge(marketplace, subscription=subscription, state="pending", gateway="stripe")


async def _paid(marketplace: Marketplace, stripe: FakeStripe) -> Record:
    charge = await _due(marketplace, stripe)
    await submit_charge(marketplace.id, charge["id"], gateway_for("stripe"))
    row = await fetch_row("SELECT * FROM charge WHERE id = $1", charge["id"])
    assert row is not None
    return row


async def _send(
    api: httpx.AsyncClient, marketplace: Marketplace, stripe: FakeStripe, event: Any, **signing: Any
) -> httpx.Response:
    """As Stripe sends it; then a worker runs what was staged."""
    answer = await _keep(api, marketplace, stripe, event, **signing)
    await apply_kept_events()
    return answer


async def _keep(
    api: httpx.AsyncClient, marketplace: Marketplace, stripe: FakeStripe, event: Any, **signing: Any
) -> httpx.Response:
    body, signature = signed(event, signing.pop("secret", stripe.webhook_secret), **signing)
    return await api.post(f"/webhooks/stripe/{marketplace.slug}", content=body, headers={"Stripe-Signature": signature})


async def test_a_payment_settled_by_its_event_is_settled_once_however_often_it_comes(
    api: httpx.AsyncClient, marketplace: Marketplace, stripe: FakeStripe
) -> None:
    await _paid(marketplace, stripe)

    for event in stripe.books.events * 3:
        assert (await _send(api, marketplace, stripe, event)).status_code == 200

    assert await fetch_value("SELECT state FROM charge") == "succeeded"
    assert await fetch_value("SELECT payments_made FROM subscription") == 1
    assert await fetch_value("SELECT count(*) FROM invoice") == 1
    assert await fetch_value("SELECT count(*) FROM gateway_event") == len(stripe.books.events)


@pytest.mark.parametrize("seed", range(5))
async def test_payment_refund_and_dispute_in_any_order_end_in_the_same_books(
    api: httpx.AsyncClient, marketplace: Marketplace, stripe: FakeStripe, seed: int
) -> None:
    charge = await _due(marketplace, stripe)
    await submit_charge(marketplace.id, charge["id"], gateway_for("stripe"))
    row = await fetch_row("SELECT * FROM charge")
    assert row is not None
    payment = stripe.books.get("pi", row["gateway_reference"], "id")
    refunds.create(stripe.books, {"payment_intent": payment["id"], "amount": 500})
    dispute = stripe.payments.dispute(payment, "fraudulent")
    stripe.payments.close_dispute(dispute, "won")
    shuffled = list(stripe.books.events)
    random.Random(seed).shuffle(shuffled)

    for event in shuffled:
        assert (await _send(api, marketplace, stripe, event)).status_code == 200
    too_early = await apply_kept_events()

    end = await fetch_row("SELECT state, refunded_minor FROM charge")
    assert end is not None
    assert (too_early, end["state"], end["refunded_minor"]) == (0, "partially_refunded", 500)


async def test_an_event_is_answered_before_it_is_applied_and_staged_once(
    api: httpx.AsyncClient, marketplace: Marketplace, stripe: FakeStripe
) -> None:
    await _due(marketplace, stripe)
    paid = await _paid_there(stripe)

    answers = [await _keep(api, marketplace, stripe, paid) for _ in range(3)]

    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, {"received": True})] * 3
    assert await fetch_value("SELECT state FROM charge") == "pending"
    assert await fetch_value("SELECT count(*) FROM outbox WHERE actor = 'gateway_event.apply'") == 1
    await apply_kept_events()
    assert await fetch_value("SELECT state FROM charge") == "succeeded"
    assert await fetch_value("SELECT count(*) FROM gateway_event WHERE payload IS NOT NULL") == 0


async def test_an_event_of_no_meaning_is_stored_without_work(
    api: httpx.AsyncClient, marketplace: Marketplace, stripe: FakeStripe
) -> None:
    event = stripe.books.happened("tomorrow.happened", {"id": "x", "object": "tomorrow"})

    assert (await _keep(api, marketplace, stripe, event)).status_code == 200

    assert await fetch_value("SELECT type FROM gateway_event") == "Ignored"
    assert await fetch_value("SELECT count(*) FROM outbox") == 0


async def test_a_run_that_dies_in_the_middle_applies_nothing_and_the_next_one_all_of_it(
    api: httpx.AsyncClient, marketplace: Marketplace, stripe: FakeStripe
) -> None:
    await _due(marketplace, stripe)
    await _keep(api, marketplace, stripe, await _paid_there(stripe))
    event = await fetch_value("SELECT id FROM gateway_event")
    lost = current_job.set(RunningJob(0, UUID(int=0)))  # whose row another run has taken over
    with pytest.raises(LeaseLost):
        await charges.apply_event(marketplace_id=marketplace.id, id=event)
    current_job.reset(lost)
    assert await fetch_value("SELECT state FROM charge") == "pending"

    await apply_kept_events()
    await charges.apply_event(marketplace_id=marketplace.id, id=event)  # its message comes twice

    assert await fetch_value("SELECT state FROM charge") == "succeeded"
    assert await fetch_value("SELECT payments_made FROM subscription") == 1


async def test_an_event_that_comes_too_early_is_tried_again_by_its_job(
    api: httpx.AsyncClient, marketplace: Marketplace, stripe: FakeStripe
) -> None:
    charge = await _due(marketplace, stripe)
    paid = await _paid_there(stripe)
    refunds.create(stripe.books, {"payment_intent": paid["data"]["object"]["id"], "amount": 500})
    refunded = next(event for event in stripe.books.events if event["type"] == "charge.refunded")
    await execute("UPDATE charge SET gateway_reference = $1", paid["data"]["object"]["id"])
    await _keep(api, marketplace, stripe, refunded)
    job = await fetch_value("SELECT id FROM outbox WHERE actor = 'gateway_event.apply'")
    await execute("UPDATE outbox SET status = 'sent' WHERE id = $1", job)

    await asyncio.create_task(run_job(charges.apply_event, job))  # in a context of its own, as in a worker

    put_back = await fetch_row("SELECT status, last_error, due_at > now() AS later FROM outbox WHERE id = $1", job)
    assert put_back is not None
    assert (put_back["status"], put_back["later"]) == ("waiting", True)
    assert put_back["last_error"].startswith("EventTooEarly")
    await _send(api, marketplace, stripe, paid)
    end = await fetch_row("SELECT state, refunded_minor FROM charge WHERE id = $1", charge["id"])
    assert end is not None
    assert tuple(end) == ("partially_refunded", 500)


async def _paid_there(stripe: FakeStripe) -> Any:
    """The pending charge's payment is made at Stripe, and we were not answered; its event."""
    charge = await fetch_row("SELECT * FROM charge")
    assert charge is not None
    paid = stripe.payments.create({**_payment_of(charge, stripe), "confirm": True})
    return stripe.books.happened("payment_intent.succeeded", paid)


async def test_the_end_of_a_dispute_told_twice_leaves_no_job_behind(
    api: httpx.AsyncClient, marketplace: Marketplace, stripe: FakeStripe
) -> None:
    charge = await _paid(marketplace, stripe)
    dispute = stripe.payments.dispute(stripe.books.get("pi", charge["gateway_reference"], "id"), "fraudulent")
    stripe.payments.close_dispute(dispute, "won")
    closed = stripe.books.events[-1]
    for event in (*stripe.books.events, {**closed, "id": "evt_again", "type": "charge.dispute.updated"}):
        assert (await _send(api, marketplace, stripe, event)).status_code == 200

    assert await apply_kept_events() == 0
    assert await fetch_value("SELECT state FROM charge") == "succeeded"


async def test_an_event_that_was_applied_and_forgotten_is_not_handled_again(
    api: httpx.AsyncClient, marketplace: Marketplace, stripe: FakeStripe
) -> None:
    charge = await _paid(marketplace, stripe)
    payment = stripe.books.get("pi", charge["gateway_reference"], "id")
    stripe.payments.close_dispute(stripe.payments.dispute(payment, "fraudulent"), "won")
    for event in stripe.books.events:
        assert (await _send(api, marketplace, stripe, event)).status_code == 200
    books = await fetch("SELECT * FROM charge"), await fetch("SELECT * FROM subscription")

    for days, kept in (
        (89, {"ChargeSettled", "DisputeOpened", "DisputeWon"}),
        (91, {"DisputeWon"}),  # an erasure asks for a year whether a dispute has ended
        (401, set[str]()),
    ):
        with frozen(now() + timedelta(days=days)):
            await purge_finished()
            assert kept == {
                row["type"] for row in await fetch("SELECT type FROM gateway_event WHERE type <> 'Ignored'")
            }
            for event in stripe.books.events:  # Stripe, or who took hold of its key, signs it anew
                answer = await _send(api, marketplace, stripe, event, at=now().timestamp())
                assert answer.status_code == 200
            assert kept == {
                row["type"] for row in await fetch("SELECT type FROM gateway_event WHERE type <> 'Ignored'")
            }
        assert (await fetch("SELECT * FROM charge"), await fetch("SELECT * FROM subscription")) == books


async def test_an_event_that_nobody_signed_or_too_long_ago_changes_nothing(
    api: httpx.AsyncClient, marketplace: Marketplace, stripe: FakeStripe
) -> None:
    await _paid(marketplace, stripe)
    event = stripe.books.events[-1]
    path = f"/webhooks/stripe/{marketplace.slug}"

    answers = [
        await _send(api, marketplace, stripe, event, secret="whsec_wrong"),
        await _send(api, marketplace, stripe, event, at=time.time() - 3600),
        await _send(api, marketplace, stripe, event, at=time.time() + 3600),
        await api.post(path, content=json.dumps(event)),
        await api.post(path, content=b"", headers={"Stripe-Signature": "t=1,v1=00"}),
    ]

    assert [answer.status_code for answer in answers] == [400] * 5
    assert {answer.headers["content-type"] for answer in answers} == {"application/problem+json"}
    assert await fetch_value("SELECT count(*) FROM gateway_event") == 0


async def test_an_event_signed_with_the_older_of_two_secrets_is_believed(
    api: httpx.AsyncClient, marketplace: Marketplace, stripe: FakeStripe
) -> None:
    await _paid(marketplace, stripe)

    answer = await _send(api, marketplace, stripe, stripe.books.events[-1], secret="whsec_older")

    assert answer.status_code == 200


async def test_anothers_payments_and_unknown_types_are_taken_and_change_nothing(
    api: httpx.AsyncClient, marketplace: Marketplace, stripe: FakeStripe
) -> None:
    await _paid(marketplace, stripe)
    other = await a_marketplace(gateway="stripe", sandbox=False)
    before = await fetch("SELECT * FROM charge")

    for event in (*stripe.books.events, {**stripe.books.events[-1], "id": "evt_x", "type": "tomorrow.happened"}):
        assert (await _send(api, other, stripe, event)).status_code == 200

    assert await fetch("SELECT * FROM charge") == before
    assert (await _send(api, await a_marketplace(), stripe, stripe.books.events[-1])).status_code == 404


async def test_an_event_about_another_amount_is_a_difference_and_moves_nothing(
    api: httpx.AsyncClient, marketplace: Marketplace, stripe: FakeStripe
) -> None:
    charge = await _due(marketplace, stripe)
    await submit_charge(marketplace.id, charge["id"], gateway_for("stripe"))
    event = next(event for event in stripe.books.events if event["type"] == "payment_intent.succeeded")
    twisted = json.loads(json.dumps(event).replace("1999", "1998"))
    await execute("DELETE FROM outbox")
    late = await _due(marketplace, stripe)
    twisted["data"]["object"]["metadata"] = {"gatehouse_charge": late["idempotency_key"]}

    assert (await _send(api, marketplace, stripe, {**twisted, "id": "evt_twisted"})).status_code == 200

    assert await fetch_value("SELECT state FROM charge WHERE id = $1", late["id"]) == "pending"
    assert await fetch_value("SELECT kind FROM reconciliation_difference") == "amount"


async def test_a_card_saved_in_stripes_form_replaces_the_old_one_and_pays_what_is_owed(
    api: httpx.AsyncClient, marketplace: Marketplace, stripe: FakeStripe
) -> None:
    customer = await a_customer(marketplace)
    subscription = await a_subscription(marketplace, customer=customer, state="failed_charge")
    await an_open_case(subscription)
    link = await a_link(marketplace, subscription=subscription)
    limiter, urls = _NoLimit(), {"return_url": "https://x.example/r", "cancel_url": "https://x.example/c"}
    gateway = gateway_for("stripe")

    url = await open_card_form(marketplace, link_text(link), gateway, "192.0.2.1", limiter, **urls)
    session = next(iter(stripe.books.all("checkout.session")))
    stripe.complete_setup(session["id"], "4242424242424242")
    for event in stripe.books.events * 2:
        assert (await _send(api, marketplace, stripe, event)).status_code == 200

    assert url.startswith(stripe.url)
    method = await fetch_row(
        "SELECT card.* FROM payment_method AS card JOIN subscription ON payment_method_id = card.id"
    )
    assert method is not None
    assert (method["gateway"], method["last_four"]) == ("stripe", "4242")
    assert await fetch_value("SELECT state FROM access_token") == "redeemed"
    assert await fetch_value("SELECT count(*) FROM charge WHERE state = 'pending'") == 1
    with pytest.raises(LinkUnusable):
        await open_card_form(marketplace, link_text(link), gateway, "192.0.2.1", limiter, **urls)


async def test_a_decline_told_by_event_after_the_success_changes_nothing(
    api: httpx.AsyncClient, marketplace: Marketplace, stripe: FakeStripe
) -> None:
    charge = await _due(marketplace, stripe)
    card = await fetch_value("SELECT reference FROM payment_method")
    stripe.script(card, Decline("insufficient_funds"))
    await submit_charge(marketplace.id, charge["id"], gateway_for("stripe"))

    for event in stripe.books.events * 2:
        assert (await _send(api, marketplace, stripe, event)).status_code == 200

    assert await fetch_value("SELECT state FROM charge") == "failed"
    assert await fetch_value("SELECT count(*) FROM dunning_case") == 1
    assert await fetch_value("SELECT attempts_made FROM dunning_case") == 1


class _NoLimit:
    async def hit(self, limit: str, amount: int, per_seconds: int, who: str) -> int:  # noqa: ARG002 - the port's
        return 0


@pytest.mark.parametrize(
    ("changes", "kind", "theirs"),
    [
        ({"currency": "zzz"}, "amount", "1999 ZZZ"),  # a currency that nobody knows
        ({"currency": "jpy"}, "amount", "1999 JPY"),
        ({"amount": 1, "amount_received": 1}, "amount", "1 USD"),
        ({"amount": 2**62, "amount_received": 2**62}, "amount", f"{2**62} USD"),
    ],
    ids=["unknown currency", "another currency", "less", "far more"],
)
async def test_a_payment_of_other_money_is_not_believed_and_stays_pending(
    api: httpx.AsyncClient,
    marketplace: Marketplace,
    stripe: FakeStripe,
    changes: dict[str, Any],
    kind: str,
    theirs: str,
) -> None:
    charge = await _due(marketplace, stripe)
    paid = stripe.payments.create({**_payment_of(charge, stripe), "confirm": True})
    event = stripe.books.happened("payment_intent.succeeded", {**paid, **changes})

    assert (await _send(api, marketplace, stripe, event)).status_code == 200

    assert await fetch_value("SELECT state FROM charge") == "pending"
    assert await fetch_value("SELECT count(*) FROM invoice") == 0
    found = await fetch_row("SELECT kind, ours, theirs FROM reconciliation_difference")
    assert found is not None
    assert tuple(found) == (kind, "1999 USD", theirs)


def _payment_of(charge: Record, stripe: FakeStripe) -> dict[str, Any]:
    card = stripe.books.all("payment_method")[0]
    key = {"gatehouse_charge": charge["idempotency_key"]}
    money = {"amount": charge["amount_minor"], "currency": charge["currency"].lower()}
    return {**money, "customer": card["customer"], "payment_method": card["id"], "metadata": key}


async def test_a_refund_in_another_currency_or_above_the_payment_is_a_difference(
    api: httpx.AsyncClient, marketplace: Marketplace, stripe: FakeStripe
) -> None:
    charge = await _paid(marketplace, stripe)
    theirs = stripe.books.get("pi", charge["gateway_reference"], "id")["latest_charge"]
    for changes in ({"amount_refunded": 500, "currency": "jpy"}, {"amount_refunded": 5000}):
        event = stripe.books.happened("charge.refunded", {**stripe.books.objects[theirs], **changes})
        assert (await _send(api, marketplace, stripe, event)).status_code == 200

    assert await fetch_value("SELECT refunded_minor FROM charge") == 0
    found = await fetch_row("SELECT ours, theirs FROM reconciliation_difference")
    assert found is not None
    assert tuple(found) == ("succeeded, 0 USD refunded", "5000 USD refunded")


async def test_a_card_removed_at_stripe_fails_its_renewal_and_is_not_tried_again(
    api: httpx.AsyncClient, marketplace: Marketplace, stripe: FakeStripe
) -> None:
    charge = await _due(marketplace, stripe)
    stripe.detach(await fetch_value("SELECT reference FROM payment_method"))
    for event in stripe.books.events:
        assert (await _send(api, marketplace, stripe, event)).status_code == 200

    await submit_charge(marketplace.id, charge["id"], gateway_for("stripe"))

    case = await fetch_row("SELECT last_decline_code, next_attempt_at - opened_at AS pause FROM dunning_case")
    assert case is not None
    assert (case["last_decline_code"], case["pause"].days) == ("invalid_account", 14)  # the end, no attempt before it
    assert stripe.charges == []
    assert await fetch_value("SELECT template FROM outgoing_email") == "failed_charge"


async def test_a_refused_event_leaves_a_log_row_and_none_of_its_body(
    api: httpx.AsyncClient, marketplace: Marketplace, stripe: FakeStripe
) -> None:
    await _paid(marketplace, stripe)
    with structlog.testing.capture_logs() as logs:
        await _send(api, marketplace, stripe, stripe.books.events[-1], secret="whsec_wrong")
        await _send(api, marketplace, stripe, stripe.books.events[-1], at=time.time() - 3600)

    rows = [row for row in logs if row["event"] == "event refused"]
    assert [(row["code"], row["marketplace"]) for row in rows] == [
        ("event_unsigned", marketplace.slug),
        ("event_not_now", marketplace.slug),
    ]
    assert stripe.books.events[-1]["id"] not in str(logs)
