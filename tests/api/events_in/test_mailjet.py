"""Mailjet's events at our door: believed with the login it was given, kept once, answered at once, acted on later."""

import json
import random
import time
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
import structlog

from api.events_in.mailjet import LARGEST_BODY
from integrations.mailers import CaptureMailer
from models.database import Record, fetch, fetch_row, fetch_value
from tests.factories import a_customer, a_marketplace, a_subscription
from tests.fakes.mailjet.pump import (
    LOGIN,
    URL,
    Json,
    an_event,
    authorization,
    blocked,
    bounce,
    pump,
    sent,
    spam,
    tell,
)
from tests.workflows.emails.staged_emails import a_staged_email, the_email
from tests.workflows.emails.test_mail_events import run_jobs
from workflows.access.api_keys import create_key
from workflows.access.link_requests import handle_link_request
from workflows.emails.delivery.deliver import deliver_email
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.settings import settings


@pytest.fixture
def login(monkeypatch: pytest.MonkeyPatch) -> str:
    """What Mailjet was given, by the settings with which the application starts."""
    monkeypatch.setenv("MAILJET_WEBHOOK_LOGIN", LOGIN)
    settings.cache_clear()
    return LOGIN


@pytest.fixture
async def mailjet(login: str, api: httpx.AsyncClient) -> httpx.AsyncClient:
    """The application as Mailjet meets it."""
    return api


@pytest.fixture
async def shop(mailjet: httpx.AsyncClient) -> Marketplace:
    return await a_marketplace()


async def _sent_email(marketplace: Marketplace, customer: Record | None = None, **arguments: Any) -> Record:
    customer = customer or await a_customer(marketplace)
    email_id = await a_staged_email(marketplace, "card_updated", customer=customer, **arguments)
    await deliver_email(marketplace.id, email_id, CaptureMailer("portal@gatehouse.example"))
    return await the_email(email_id)


async def _nothing_was_kept() -> bool:
    return await fetch_value("SELECT count(*) FROM mail_event") == 0


async def test_an_email_follows_its_events(mailjet: httpx.AsyncClient, shop: Marketplace) -> None:
    email = await _sent_email(shop)

    answer = await tell(mailjet, sent(email["id"], email["recipient"]))
    await run_jobs()
    delivered = await the_email(email["id"])
    await tell(mailjet, [spam(email["id"], email["recipient"])])
    await run_jobs()

    assert (answer.status_code, answer.json()) == (200, {"received": True})
    assert delivered["state"] == "delivered"
    assert (await the_email(email["id"]))["bounce"] == "complaint"


async def test_the_answer_does_not_wait_for_what_follows(mailjet: httpx.AsyncClient, shop: Marketplace) -> None:
    email = await _sent_email(shop)

    assert (await tell(mailjet, bounce(email["id"], email["recipient"]))).status_code == 200

    assert (await the_email(email["id"]))["state"] == "sent", "moved by its job, not by the request"
    assert await fetch_value("SELECT count(*) FROM outbox WHERE actor = 'mail_event.apply'") == 1


@pytest.mark.parametrize("seed", range(4))
async def test_doubled_grouped_and_shuffled_events_end_in_the_same_states(
    mailjet: httpx.AsyncClient, shop: Marketplace, seed: int
) -> None:
    at = time.time() - 3600
    stories: list[tuple[str, list[Any]]] = [
        ("delivered", [(bounce, 0, {"hard": False}), (sent, 5, {})]),
        ("bounced", [(sent, 0, {}), (bounce, 5, {})]),
        ("bounced", [(bounce, 0, {}), (sent, 5, {})]),
        ("bounced", [(sent, 0, {}), (spam, 5, {})]),
        ("bounced", [(blocked, 0, {})]),
    ]
    events: list[Json] = []
    ends: dict[Any, str] = {}
    for end, story in stories:
        email = await _sent_email(shop)
        ends[email["id"]] = end
        events += [make(email["id"], email["recipient"], at + second, **facts) for make, second, facts in story]

    assert set(await pump(mailjet, events, copies=3, shuffle=random.Random(seed))) == {200}
    await run_jobs()

    assert {row["id"]: row["state"] for row in await fetch("SELECT id, state FROM outgoing_email")} == ends
    assert await fetch_value("SELECT count(*) FROM mail_event") == len(events)


async def test_two_events_that_differ_in_time_or_address_or_message_are_two(
    mailjet: httpx.AsyncClient, shop: Marketplace
) -> None:
    email = await _sent_email(shop)
    one = bounce(email["id"], email["recipient"], 1_750_000_000, hard=False)
    others = [{**one, "time": 1_750_000_001}, {**one, "email": "else@example.com"}, {**one, "MessageID": 7}]

    await tell(mailjet, [one, *others, {**one, "email": one["email"].upper()}, {**one, "error": "other words"}])

    assert await fetch_value("SELECT count(*) FROM mail_event") == 4
    assert await fetch_value("SELECT max(occurred_at) FROM mail_event") == datetime.fromtimestamp(1_750_000_001, UTC)


_STRANGERS: list[dict[str, str]] = [
    {},
    authorization("mailjet:another-password"),
    authorization("mailjet"),
    authorization(LOGIN + "x"),
    authorization(LOGIN[:-1]),
    {"Authorization": "Basic nonsense!"},
    {"Authorization": "Basic"},
    {"Authorization": f"Bearer {LOGIN}"},
    {"Authorization": "Basic é"},
]


async def test_who_does_not_know_the_login_is_asked_for_it_and_changes_nothing(
    mailjet: httpx.AsyncClient, shop: Marketplace
) -> None:
    email = await _sent_email(shop)
    event = json.dumps(bounce(email["id"], email["recipient"]))

    for header in _STRANGERS:
        given = [(name.encode(), value.encode()) for name, value in header.items()]
        answer = await mailjet.post(URL, content=event, headers=given)

        assert answer.status_code == 401, header
        assert answer.headers["www-authenticate"] == 'Basic realm="gatehouse"'
        assert answer.headers["content-type"] == "application/problem+json"
    assert await _nothing_was_kept()


_NONSENSE = [
    b"",
    b"null",
    b"[1]",
    b'"sent"',
    b"event=sent",
    b'[{"event": "sent"',
    b"\xff\xfe",
    b"{}",
    b'{"event": 7}',
    b'{"event": "sent", "MessageID": 1}',
    b'{"event": "sent", "time": 1750000000}',
    b'{"event": "sent", "time": "noon", "MessageID": 1}',
    b'{"event": "sent", "time": 99999999999999, "MessageID": 1}',
    b'{"event": "sent", "time": 1e999, "MessageID": 1}',
    b'{"event": "bounce", "time": 1750000000, "MessageID": 1, "hard_bounce": "perhaps"}',
    b'{"event": "sent", "time": 1750000000, "MessageID": [1]}',
    b'{"event": "sent", "time": 1750000000, "MessageID": "1\\u0000"}',
    b'{"event": "sent", "time": 1750000000, "MessageID": 1, "email": "\\ud800"}',
    b'{"event": "sent", "deep": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
]


async def test_what_is_no_event_is_refused_and_nothing_of_its_company_is_kept(
    mailjet: httpx.AsyncClient, shop: Marketplace
) -> None:
    email = await _sent_email(shop)
    good = json.dumps(bounce(email["id"], email["recipient"])).encode()

    for body in _NONSENSE:
        alone = await tell(mailjet, body)
        among_others = await tell(mailjet, b"[" + good + b"," + body + b"]")

        assert (alone.status_code, among_others.status_code) == (400, 400), body[:100]
        assert alone.json()["code"] == "mail_events_malformed"
    assert await _nothing_was_kept()


async def test_events_that_are_nothing_to_us_are_taken_and_forgotten(
    mailjet: httpx.AsyncClient, shop: Marketplace
) -> None:
    email = await _sent_email(shop)
    theirs = [
        an_event("open", email["id"], email["recipient"], ip="192.0.2.1", geo="FR", agent="Mozilla"),
        an_event("click", email["id"], email["recipient"], url="https://example.com"),
        {"event": "tomorrows", "time": "whenever"},
        sent("another-programs-id", "jane@example.com"),
        sent("", "jane@example.com"),
        {**sent("", "jane@example.com"), "CustomID": None},
    ]

    answers = [await tell(mailjet, one) for one in (*theirs, theirs, [])]

    assert {answer.status_code for answer in answers} == {200}
    assert await _nothing_was_kept()
    assert (await the_email(email["id"]))["state"] == "sent"


async def test_an_event_about_an_email_that_nobody_has_is_kept_and_moves_nothing(
    mailjet: httpx.AsyncClient, shop: Marketplace
) -> None:
    assert (await tell(mailjet, bounce(uuid4(), "jane@example.com"))).status_code == 200
    await run_jobs()

    assert await fetch_value("SELECT applied_at IS NOT NULL FROM mail_event")


async def test_a_thousand_events_come_at_once_and_more_than_the_limit_are_refused(
    mailjet: httpx.AsyncClient, shop: Marketplace
) -> None:
    email = await _sent_email(shop)
    at = int(time.time()) - 5000

    many = await tell(mailjet, [sent(email["id"], email["recipient"], at + second) for second in range(1000)])
    too_many = await tell(mailjet, b" " * (LARGEST_BODY + 1))

    assert (many.status_code, too_many.status_code) == (200, 413)
    assert await fetch_value("SELECT count(*) FROM mail_event") == 1000


async def test_who_does_not_know_the_login_is_not_listened_to_at_length(mailjet: httpx.AsyncClient) -> None:
    too_much = await tell(mailjet, b" " * (LARGEST_BODY + 1), login="mailjet:another-password")

    assert too_much.status_code == 401


async def test_no_address_and_none_of_their_words_are_kept_or_logged(
    mailjet: httpx.AsyncClient, shop: Marketplace
) -> None:
    email = await _sent_email(shop, await a_customer(shop, email="somebody@example.com"))
    with structlog.testing.capture_logs() as logs:
        await tell(
            mailjet, {**bounce(email["id"], email["recipient"]), "error": "Mailbox <somebody@example.com> unknown"}
        )
        await tell(mailjet, bounce(email["id"], email["recipient"]), login="mailjet:another-password")
        await run_jobs()

    row = await fetch_row("SELECT * FROM mail_event")
    assert row is not None
    assert row["reason"] == "mailbox_unknown"
    assert "somebody" not in str(dict(row))
    assert [log["code"] for log in logs if log["event"] == "mail events refused"] == ["mail_events_unsigned"]
    assert "somebody@" not in str(logs)


async def test_without_a_login_in_the_settings_nobody_comes_in(api: httpx.AsyncClient) -> None:
    answer = await tell(api, sent(uuid4(), "jane@example.com"), login=":")

    assert answer.status_code == 404


@pytest.fixture
async def bounced(mailjet: httpx.AsyncClient, shop: Marketplace) -> tuple[Record, dict[str, str]]:
    """A subscription whose customer's address came back for good, and the headers of an API key."""
    customer = await a_customer(shop)
    subscription = await a_subscription(shop, customer=customer)
    email = await _sent_email(shop, customer)
    await tell(mailjet, bounce(email["id"], email["recipient"]))
    await run_jobs()
    made = await create_key(shop.id, "tests")
    return subscription, {"Authorization": f"Bearer {made.key}"}


async def test_programs_see_whom_nothing_reaches_and_why(
    mailjet: httpx.AsyncClient, bounced: tuple[Record, dict[str, str]]
) -> None:
    subscription, key = bounced

    one = (await mailjet.get(f"/api/v1/subscriptions/{subscription['number']}", headers=key)).json()["customer"]
    (listed,) = (await mailjet.get("/api/v1/subscriptions", headers=key)).json()["subscriptions"]
    customer = (await mailjet.get(f"/api/v1/customers/{one['number']}", headers=key)).json()
    story = (await mailjet.get(f"/api/v1/subscriptions/{subscription['number']}/timeline", headers=key)).json()

    assert (one["undeliverable"], one["undeliverable_reason"]) == ("hard_bounce", "user_unknown")
    assert one["undeliverable_since"]
    assert listed["customer"]["undeliverable"] == customer["undeliverable"] == "hard_bounce"
    (told,) = [entry for entry in story if entry["machine"] == "outgoing_email"]
    assert (told["template"], told["reason"], told["details"]) == (
        "card_updated",
        "hard_bounce",
        {"reason": "user_unknown"},
    )


async def test_staff_are_told_that_nothing_goes_there_and_can_try_again(
    mailjet: httpx.AsyncClient, bounced: tuple[Record, dict[str, str]]
) -> None:
    subscription, key = bounced
    one = f"/api/v1/subscriptions/{subscription['number']}"
    number = (await mailjet.get(one, headers=key)).json()["customer"]["number"]

    refused = [await mailjet.post(f"{one}/{path}", headers=key) for path in ("portal-login-email", "card-update-email")]
    again = await mailjet.post(f"/api/v1/customers/{number}/try-again", headers=key)
    sent_now = await mailjet.post(f"{one}/portal-login-email", headers=key)

    assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [(409, "address_undeliverable")] * 2
    assert (again.status_code, again.json()["undeliverable"]) == (200, None)
    assert sent_now.status_code == 202


async def test_its_owner_still_gets_the_link_that_they_ask_for(
    mailjet: httpx.AsyncClient, shop: Marketplace, bounced: tuple[Record, dict[str, str]]
) -> None:
    subscription, _ = bounced
    address = await fetch_value("SELECT email FROM customer WHERE id = $1", subscription["customer_id"])

    asked = await mailjet.post("/api/v1/portal/access-links", json={"marketplace": shop.slug, "email": address})
    await handle_link_request(shop.id, await fetch_value("SELECT id FROM link_request"))
    email_id = await fetch_value("SELECT id FROM outgoing_email WHERE template = 'access_link'")
    await deliver_email(shop.id, email_id, CaptureMailer("portal@gatehouse.example"))

    assert asked.status_code == 202
    assert (await the_email(email_id))["state"] == "sent"
