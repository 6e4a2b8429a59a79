"""What staff chose to hear of: told in the transaction of its cause, once each, and never flooded (PRODUCT.md 3.7)."""

from typing import Any

import pytest

from integrations.gateways import gateway_for
from models.database import Record, execute, fetch, fetch_value
from tests.factories import (
    a_charge,
    a_customer,
    a_marketplace,
    a_payment_method,
    a_session,
    a_staff_member,
    a_subscription,
)
from workflows.access.sessions import find_session
from workflows.billing.collection.submit import submit_charge
from workflows.billing.dunning.cases import record_attempt
from workflows.billing.gateway import CardDetails
from workflows.billing.subscriptions.cancel import cancel_by_customer
from workflows.emails.notices_for_staff import notify_of_dead_jobs
from workflows.engine.outbox import stage
from workflows.marketplaces.tenant import Marketplace
from workflows.operations.dead_jobs import replay
from workflows.runtime.clock import now
from workflows.runtime.errors import TransitionRefused

pytestmark = pytest.mark.usefixtures("database")
_DECLINED = "4000000000000341"


async def a_failing_charge(shop: Marketplace) -> None:
    card = await gateway_for("sandbox").take_card(CardDetails(number=_DECLINED, exp_month=12, exp_year=2040))
    customer = await a_customer(shop)
    method = await a_payment_method(shop, customer, reference=card.reference, fingerprint=card.fingerprint)
    subscription = await a_subscription(shop, customer=customer, payment_method=method, payments_made=0, next_period=0)
    charge = await a_charge(shop, subscription=subscription, state="pending")
    await submit_charge(shop.id, charge["id"], gateway_for("sandbox"))


async def a_dead_job(marketplace: Marketplace | None, actor: str = "charge.submit", **ids: Any) -> int:
    job = await stage(actor, marketplace.id if marketplace else None, **ids)
    await execute("UPDATE outbox SET status = 'dead', attempts = 8, last_error = 'OSError: away' WHERE id = $1", job)
    return job


async def notices() -> list[tuple[str, str]]:
    rows: list[Record] = await fetch(
        "SELECT template, recipient FROM outgoing_email WHERE template LIKE 'staff_%' ORDER BY created_at, id"
    )
    return [(row["template"], row["recipient"]) for row in rows]


async def test_those_who_want_to_hear_of_a_failed_charge_do_when_its_case_begins() -> None:
    shop, other = await a_marketplace(), await a_marketplace()
    wants = await a_staff_member(shop, wants_failed_charge=True)
    await a_staff_member(shop, wants_self_cancellation=True, wants_failed_job=True)
    await a_staff_member(other, wants_failed_charge=True)
    await a_staff_member(shop, wants_failed_charge=True, role="auditor")  # may not see subscriptions

    await a_failing_charge(shop)

    assert await notices() == [("staff_failed_charge", wants["email"])]
    context = await fetch_value("SELECT context FROM outgoing_email WHERE template = 'staff_failed_charge'")
    assert (context["amount_minor"], context["product"]) == (1999, "Monthly box")


async def test_an_attempt_that_fails_again_is_no_news() -> None:
    shop = await a_marketplace()
    await a_staff_member(shop, wants_failed_charge=True)
    await a_failing_charge(shop)
    failed = (await fetch("SELECT * FROM subscription"))[0]
    case = (await fetch("SELECT * FROM dunning_case"))[0]
    facts: dict[str, Any] = {"period": case["period"], "initiator": "retry", "dunning_case_id": case["id"]}
    retry = await a_charge(shop, subscription=failed, state="pending", **facts)
    await record_attempt(case, retry, now())

    await submit_charge(shop.id, retry["id"], gateway_for("sandbox"))

    assert len(await notices()) == 1


async def test_those_who_want_to_hear_of_a_self_cancellation_do_once() -> None:
    shop = await a_marketplace(self_cancellation=True)
    wants = await a_staff_member(shop, wants_self_cancellation=True, role="support")
    customer = await a_customer(shop)
    subscription = await a_subscription(shop, customer=customer)
    token, _ = await a_session(shop, customer)
    signed_in = await find_session(shop.id, token)

    await cancel_by_customer(shop, signed_in, subscription["number"])
    with pytest.raises(TransitionRefused):
        await cancel_by_customer(shop, signed_in, subscription["number"])

    assert await notices() == [("staff_self_cancellation", wants["email"])]


async def test_many_failures_in_an_hour_are_five_emails_and_one_that_says_that_there_are_more() -> None:
    shop = await a_marketplace()
    first, second = [await a_staff_member(shop, wants_failed_job=True) for _ in range(2)]
    for _ in range(9):
        await a_dead_job(shop)
        await notify_of_dead_jobs()

    told = await notices()
    for member in (first, second):
        own = [template for template, recipient in told if recipient == member["email"]]
        assert own == ["staff_failed_job"] * 5 + ["staff_more"]

    await execute("UPDATE outgoing_email SET created_at = created_at - interval '1 hour', cause = cause || ' before'")
    await a_dead_job(shop)
    await notify_of_dead_jobs()
    assert (await notices())[-1][0] == "staff_failed_job"


async def test_a_dead_job_is_told_of_once_for_each_death() -> None:
    shop = await a_marketplace()
    wants = await a_staff_member(shop, wants_failed_job=True)
    job = await a_dead_job(shop)

    assert [await notify_of_dead_jobs(), await notify_of_dead_jobs()] == [1, 0]
    assert await notices() == [("staff_failed_job", wants["email"])]

    await replay(job)
    assert await notify_of_dead_jobs() == 0
    await execute("UPDATE outbox SET status = 'dead' WHERE id = $1", job)
    assert await notify_of_dead_jobs() == 1
    assert len(await notices()) == 2


async def test_a_job_of_the_whole_deployment_and_a_dead_notice_are_told_of_to_nobody() -> None:
    shop = await a_marketplace()
    await a_staff_member(shop, wants_failed_job=True)
    await a_dead_job(None, "books.compare")
    await a_dead_job(shop)
    await notify_of_dead_jobs()
    email = await fetch_value("SELECT id FROM outgoing_email WHERE template = 'staff_failed_job'")

    await a_dead_job(shop, "email.deliver", id=email)

    assert await notify_of_dead_jobs() == 1
    assert len(await notices()) == 1
