"""What the provider tells of an e-mail: every order of its events ends in the same state, and the worst word stays."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from integrations.mailers import CaptureMailer
from models.database import execute, fetch, fetch_row, fetch_value, transaction
from tests.conftest import FreshDatabase
from tests.factories import a_customer, a_marketplace, a_staff_member
from tests.workflows.emails.staged_emails import BY, a_staged_email, the_email
from workflows.customers.records import CustomerChange, change_customer
from workflows.emails.delivery.apply_event import apply_mail_event, keep_events
from workflows.emails.delivery.deliver import deliver_email
from workflows.emails.delivery.events import Kind, MailEvent
from workflows.emails.delivery.stage import stage_email
from workflows.emails.delivery.suppression import try_again
from workflows.engine.actor import Actor
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import frozen, now

SENDER = "portal@gatehouse.example"
STAFF = Actor("staff", UUID(int=7))
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def an_event(email_id: UUID, kind: Kind, at: datetime = NOON, reason: str | None = None) -> MailEvent:
    reason = reason or {"soft": "quota_exceeded", "hard": "user_unknown", "blocked": "preblocked"}.get(kind)
    digest = f"{email_id} {kind} {at}".encode()
    return MailEvent(
        digest=digest, email_id=email_id, message_reference="1152921504606846977", kind=kind, reason=reason,
        occurred_at=at,
    )  # fmt: skip


async def tell(*events: MailEvent) -> None:
    """As the webhook and then a worker do."""
    for event in events:
        await keep_events("mailjet", [event])
        await run_jobs()


async def run_jobs() -> None:
    jobs = await fetch("DELETE FROM outbox WHERE actor = 'mail_event.apply' RETURNING args, id")
    for job in sorted(jobs, key=lambda row: row["id"]):
        async with transaction():
            await apply_mail_event(UUID(job["args"]["id"]))


async def a_sent_email(marketplace: Marketplace, template: str = "card_updated", **arguments: Any) -> UUID:
    email_id = await a_staged_email(marketplace, template, **arguments)
    await deliver_email(marketplace.id, email_id, CaptureMailer(SENDER))
    return email_id


_S = timedelta(seconds=1)
# Kinds with the second at which each happened, and the end, typed by hand.
_STORIES: list[tuple[list[tuple[Kind, int]], tuple[str, str | None]]] = [
    ([("delivered", 1)], ("delivered", None)),
    ([("soft", 1)], ("bounced", "soft")),
    ([("soft", 1), ("delivered", 2)], ("delivered", None)),
    ([("soft", 2), ("delivered", 1)], ("bounced", "soft")),
    ([("soft", 1), ("delivered", 1)], ("bounced", "soft")),
    ([("soft", 1), ("soft", 3), ("delivered", 2)], ("bounced", "soft")),
    ([("soft", 1), ("soft", 2), ("delivered", 3)], ("delivered", None)),
    ([("hard", 1), ("delivered", 2)], ("bounced", "hard")),
    ([("hard", 2), ("delivered", 1)], ("bounced", "hard")),
    ([("soft", 1), ("hard", 2), ("delivered", 3)], ("bounced", "hard")),
    ([("delivered", 1), ("complaint", 2), ("hard", 3)], ("bounced", "complaint")),
    ([("blocked", 1), ("soft", 2), ("delivered", 3)], ("bounced", "blocked")),
    ([("delivered", 1), ("unsubscribed", 2)], ("delivered", None)),
]


@pytest.mark.parametrize("queued", [False, True], ids=["recorded", "not_yet_recorded"])
async def test_the_end_is_the_same_in_whatever_order_the_events_come(database: FreshDatabase, *, queued: bool) -> None:
    marketplace = await a_marketplace()

    for story, end in _STORIES:
        for order in itertools.permutations(story):
            make = a_staged_email if queued else a_sent_email
            email_id = await make(marketplace, "card_updated")
            await tell(*(an_event(email_id, kind, NOON + at * _S) for kind, at in order))

            email = await the_email(email_id)
            assert (email["state"], email["bounce"]) == end, order
            assert email["provider_reference"] is not None


async def test_an_event_is_acted_on_once_however_often_it_comes(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    email_id = await a_sent_email(marketplace)
    event = an_event(email_id, "delivered")

    new = [await keep_events("mailjet", [event, event]) for _ in range(3)]
    await run_jobs()

    assert new == [1, 0, 0]
    assert (await the_email(email_id))["state"] == "delivered"
    assert await fetch_value("SELECT count(*) FROM transition_log WHERE entity_id = $1", email_id) == 3


async def test_a_job_that_runs_twice_moves_nothing_the_second_time(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    email_id = await a_sent_email(marketplace)
    await tell(an_event(email_id, "soft"))
    event_id = await fetch_value("SELECT id FROM mail_event")
    before = await the_email(email_id)

    async with transaction():
        await apply_mail_event(event_id)

    assert await the_email(email_id) == before


async def test_a_bounce_tells_the_log_why_and_who_said_so(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    email_id = await a_sent_email(marketplace)

    await tell(an_event(email_id, "hard"))

    row = await fetch_row("SELECT * FROM transition_log WHERE entity_id = $1 ORDER BY seq DESC LIMIT 1", email_id)
    assert row is not None
    assert (row["actor_kind"], row["actor_id"], row["reason"]) == ("mailer", "mailjet", "hard_bounce")
    assert row["details"] == {"reason": "user_unknown"}


async def test_an_event_about_nobodys_or_a_dropped_email_changes_nothing(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    dropped = await a_staged_email(marketplace, "card_updated", useful_until=now() - timedelta(hours=1))
    await deliver_email(marketplace.id, dropped, CaptureMailer(SENDER))

    await tell(an_event(uuid4(), "hard"), an_event(dropped, "delivered"))

    assert (await the_email(dropped))["state"] == "dropped"
    assert await fetch_value("SELECT count(*) FROM mail_event WHERE applied_at IS NULL") == 0
    assert await fetch_value("SELECT count(*) FROM customer WHERE undeliverable IS NOT NULL") == 0


async def test_a_provider_that_tells_before_the_worker_wrote_it_down_is_believed(database: FreshDatabase) -> None:
    """The worker died after the provider took it; nothing is sent a second time."""
    marketplace = await a_marketplace()
    email_id = await a_staged_email(marketplace, "card_updated")
    await execute("UPDATE outgoing_email SET submitted_at = now() WHERE id = $1", email_id)

    await tell(an_event(email_id, "delivered"))
    await deliver_email(marketplace.id, email_id, CaptureMailer(SENDER))

    assert (await the_email(email_id))["state"] == "delivered"
    assert await fetch_value("SELECT count(*) FROM captured_email") == 0


@pytest.mark.parametrize(
    ("kind", "stops"),
    [("hard", "hard_bounce"), ("complaint", "complaint"), ("soft", None), ("blocked", None), ("unsubscribed", None)],
)
async def test_a_hard_bounce_or_a_complaint_stops_mail_to_the_address_and_nothing_else_does(
    database: FreshDatabase, kind: Kind, stops: str | None
) -> None:
    marketplace = await a_marketplace()
    customer = await a_customer(marketplace)
    first = await a_sent_email(marketplace, customer=customer)
    await tell(an_event(first, kind))

    second = await a_sent_email(marketplace, customer=customer, cause="another")

    email = await the_email(second)
    wanted = ("sent", None) if stops is None else ("dropped", f"address_{stops}")
    assert (email["state"], email["drop_reason"]) == wanted
    assert await fetch_value("SELECT undeliverable FROM customer") == stops


async def test_the_gravest_and_earliest_word_stays_in_whatever_order_they_come(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    told: list[tuple[Kind, int]] = [("hard", 1), ("hard", 2), ("complaint", 3), ("complaint", 4)]

    for order in itertools.permutations(told):
        customer = await a_customer(marketplace)
        emails = {one: await a_sent_email(marketplace, customer=customer, cause=f"{one}") for one in told}
        await tell(*(an_event(emails[kind, at], kind, NOON + at * _S) for kind, at in order))

        row = await fetch_row("SELECT undeliverable, undeliverable_since FROM customer WHERE id = $1", customer["id"])
        assert row is not None
        assert tuple(row) == ("complaint", NOON + 3 * _S), order


async def test_only_what_its_owner_asks_for_goes_to_an_address_that_is_none(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    customer = await a_customer(marketplace)
    await tell(an_event(await a_sent_email(marketplace, customer=customer), "hard"))

    by_staff = await a_sent_email(marketplace, "access_link", customer=customer, cause="staff")
    by_owner = await a_sent_email(marketplace, "access_link", customer=customer, cause="owner", asked_for=True)

    assert (await the_email(by_staff))["drop_reason"] == "address_hard_bounce"
    assert (await the_email(by_owner))["state"] == "sent"


async def test_an_address_corrected_by_staff_is_another_chance_also_the_old_one_typed_again(
    database: FreshDatabase,
) -> None:
    marketplace = await a_marketplace()
    customer = await a_customer(marketplace, email="jane@exmaple.com")
    old = await a_sent_email(marketplace, customer=customer)
    await tell(an_event(old, "hard"))

    corrected = await change_customer(
        marketplace.id, str(customer["number"]), CustomerChange(email="jane@example.com"), STAFF
    )
    await tell(an_event(old, "complaint", NOON + _S))  # of the old address: not about the new one

    assert corrected.undeliverable is None
    assert await fetch_value("SELECT undeliverable FROM customer") is None
    again = await a_sent_email(marketplace, customer={**customer, "email": "jane@example.com"}, cause="again")
    assert (await the_email(again))["state"] == "sent"


async def test_an_address_in_other_letters_is_the_same_address(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    customer = await a_customer(marketplace, email="jane@example.com")
    await tell(an_event(await a_sent_email(marketplace, customer=customer), "hard"))

    changed = await change_customer(
        marketplace.id, str(customer["number"]), CustomerChange(email="Jane@example.com"), STAFF
    )

    assert changed.undeliverable == "hard_bounce"


async def test_try_again_lets_mail_through_until_something_new_comes_back(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    customer = await a_customer(marketplace)
    first = await a_sent_email(marketplace, customer=customer)
    late = await a_sent_email(marketplace, customer=customer, cause="late")
    await tell(an_event(first, "hard"))

    with frozen(NOON + 60 * _S):
        shown = await try_again(marketplace.id, str(customer["number"]), STAFF)
        await try_again(marketplace.id, str(customer["number"]), STAFF)  # nothing the second time
    await tell(an_event(late, "hard", NOON + 30 * _S))  # of before, told late
    through = await a_sent_email(marketplace, customer=customer, cause="through")
    await tell(an_event(through, "hard", NOON + 90 * _S))
    stopped = await a_sent_email(marketplace, customer=customer, cause="stopped")

    assert shown.undeliverable is None
    assert (await the_email(through))["bounce"] == "hard"
    assert (await the_email(stopped))["drop_reason"] == "address_hard_bounce"
    change = await fetch("SELECT actor_kind, act, before, after FROM change_log")
    assert [tuple(row) for row in change] == [
        ("staff", "tried_again", {"undeliverable": "hard_bounce"}, {"undeliverable": None})
    ]


async def test_staff_whose_address_is_none_get_no_notices(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    member = await a_staff_member(marketplace)
    given: dict[str, Any] = {
        "recipient": member["email"],
        "staff_id": member["id"],
        "context": {"role": "owner"},
        "by": BY,
    }
    first = await stage_email(marketplace.id, template="staff_invitation", cause="one", **given)
    assert first is not None
    await deliver_email(marketplace.id, first, CaptureMailer(SENDER))
    await tell(an_event(first, "hard"))

    second = await stage_email(marketplace.id, template="staff_invitation", cause="two", **given)
    assert second is not None
    await deliver_email(marketplace.id, second, CaptureMailer(SENDER))

    assert (await the_email(second))["drop_reason"] == "address_hard_bounce"


async def test_a_bounce_in_one_marketplace_stops_nothing_in_another(database: FreshDatabase) -> None:
    one, other = await a_marketplace(), await a_marketplace()
    here = await a_customer(one, email="jane@example.com")
    there = await a_customer(other, email="jane@example.com")

    await tell(an_event(await a_sent_email(one, customer=here), "complaint"))

    assert (await the_email(await a_sent_email(other, customer=there)))["state"] == "sent"
