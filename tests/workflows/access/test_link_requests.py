"""Asking for a link: who gets one, who does not, and how often."""

import pytest

from models.database import fetch, fetch_row, fetch_value
from tests.conftest import FreshDatabase
from tests.factories import a_customer, a_link, a_marketplace, a_staff_member, a_subscription
from workflows.access.link_requests import (
    ask_again,
    ask_for_link,
    handle_link_request,
    masked_email_of,
    send_login_email,
)
from workflows.engine.actor import Actor
from workflows.runtime.errors import InvalidInput, NotFound, TooManyRequests
from workflows.runtime.keys import token_digest


async def _handle_all() -> None:
    for row in await fetch("SELECT marketplace_id, id FROM link_request ORDER BY created_at"):
        await handle_link_request(row["marketplace_id"], row["id"])


async def test_a_subscriber_gets_a_link_by_mail_whatever_the_case_of_their_address(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    customer = await a_customer(marketplace, email="Jane@Example.com")
    await a_subscription(marketplace, customer=customer)

    await ask_for_link(marketplace.id, " jane@example.COM ", "browser", "/payments")
    await _handle_all()

    token = await fetch_row("SELECT * FROM access_token")
    mail = await fetch_row("SELECT * FROM outgoing_email")
    assert token is not None
    assert mail is not None
    assert (token["customer_id"], token["return_to"]) == (customer["id"], "/payments")
    assert token["browser_digest"] == token_digest("browser")
    assert (mail["template"], mail["recipient"]) == ("access_link", "Jane@Example.com")
    assert mail["access_token_id"] == token["id"]
    assert await fetch_value("SELECT count(*) FROM outbox WHERE actor = 'link.deliver'") == 1


async def test_a_customer_whose_subscriptions_all_ended_still_gets_in(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    customer = await a_customer(marketplace)
    await a_subscription(marketplace, customer=customer, state="cancelled")

    await ask_for_link(marketplace.id, customer["email"], "browser", None)
    await _handle_all()

    assert await fetch_value("SELECT count(*) FROM outgoing_email") == 1


async def test_nobody_else_gets_anything_and_nothing_typed_is_kept(database: FreshDatabase) -> None:
    marketplace, other = await a_marketplace(), await a_marketplace()
    buyer = await a_customer(marketplace)  # bought once, never subscribed
    elsewhere = await a_customer(other)
    await a_subscription(other, customer=elsewhere)

    for address in (buyer["email"], elsewhere["email"], "nobody@example.com"):
        await ask_for_link(marketplace.id, address, "browser", None)
    await _handle_all()

    for table in ("outgoing_email", "access_token", "link_request"):
        assert await fetch_value(f"SELECT count(*) FROM {table}") == 0, table


async def test_a_request_handled_twice_sends_once(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    customer = await a_customer(marketplace)
    await a_subscription(marketplace, customer=customer)
    await ask_for_link(marketplace.id, customer["email"], "browser", None)
    request = await fetch_value("SELECT id FROM link_request")

    await handle_link_request((await a_marketplace()).id, request)  # another's: nobody's
    assert await fetch_value("SELECT count(*) FROM outgoing_email") == 0
    await handle_link_request(marketplace.id, request)
    await handle_link_request(marketplace.id, request)

    assert await fetch_value("SELECT count(*) FROM outgoing_email") == 1


async def test_the_sixth_mail_in_an_hour_is_not_sent_and_earlier_links_live(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    customer = await a_customer(marketplace)
    subscription = await a_subscription(marketplace, customer=customer)

    for _ in range(7):
        await ask_for_link(marketplace.id, customer["email"], "browser", None)
    await _handle_all()

    assert await fetch_value("SELECT count(*) FROM outgoing_email") == 5
    assert await fetch_value("SELECT count(*) FROM access_token WHERE state = 'issued'") == 5
    with pytest.raises(TooManyRequests):
        await send_login_email(marketplace, subscription["number"], Actor("api_key", "k"))


@pytest.mark.parametrize("typed", ["", "jane", "jane@", "@example.com", "a b@example.com", "x" * 400 + "@example.com"])
async def test_what_is_no_address_is_refused_by_its_field(database: FreshDatabase, typed: str) -> None:
    marketplace = await a_marketplace()

    with pytest.raises(InvalidInput) as refused:
        await ask_for_link(marketplace.id, typed, "browser", None)

    assert "email" in refused.value.fields
    assert await fetch_value("SELECT count(*) FROM outbox") == 0


async def test_an_old_link_earns_a_new_one_to_the_address_on_file_leading_where_it_led(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    customer = await a_customer(marketplace, email="jane@example.com")
    old = await a_link(marketplace, customer=customer, state="expired", return_to="/contact")

    await ask_again(marketplace.id, old["id"], "browser")
    await _handle_all()

    new = await fetch_row("SELECT * FROM access_token WHERE id <> $1", old["id"])
    assert new is not None
    assert (new["customer_id"], new["return_to"], new["state"]) == (customer["id"], "/contact", "issued")
    assert await masked_email_of(marketplace.id, old["id"]) == "j•••@example.com"
    assert await masked_email_of((await a_marketplace()).id, old["id"]) is None


async def test_staff_send_the_same_mail_and_the_log_says_who(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    staff = await a_staff_member(marketplace)
    subscription = await a_subscription(marketplace)

    await send_login_email(marketplace, subscription["number"], Actor("staff", staff["id"]))

    assert await fetch_value("SELECT template FROM outgoing_email") == "access_link"
    issued = await fetch_row("SELECT * FROM transition_log WHERE machine = 'access_token'")
    assert issued is not None
    assert (issued["actor_kind"], issued["actor_id"], issued["reason"]) == ("staff", str(staff["id"]), "sent_by_staff")
    with pytest.raises(NotFound):
        await send_login_email(marketplace, 999_999, Actor("staff", staff["id"]))
