"""Redeeming a link: once, whoever races; the session that begins, and how it ends."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from models.database import close_pool, fetch, fetch_value, open_pool
from tests.conftest import FreshDatabase
from tests.factories import a_customer, a_link, a_marketplace, a_session, a_subscription
from workflows.access.link_redemption import Redeemed, look_at_link, redeem_link
from workflows.access.sessions import check_form_token, end_session, find_session, list_sessions, sign_out
from workflows.access_tokens.one_time_links import link_text
from workflows.runtime.clock import frozen, now
from workflows.runtime.errors import LinkUnusable, NotFound, NotSignedIn
from workflows.runtime.keys import token_digest


async def test_redeeming_a_link_starts_a_session_of_half_an_hour(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    customer = await a_customer(marketplace)
    link = await a_link(marketplace, customer=customer, return_to="/payments")

    redeemed = await redeem_link(marketplace.id, link_text(link), "Firefox")

    signed_in = await find_session(marketplace.id, redeemed.session_token)
    assert signed_in.customer_id == customer["id"]
    assert signed_in.expires_at == redeemed.expires_at
    assert timedelta(minutes=29) < redeemed.expires_at - now() <= timedelta(minutes=30)
    assert redeemed.return_to == "/payments"


async def test_fifty_at_once_redeem_one_link_and_exactly_one_session_begins(fresh_database: FreshDatabase) -> None:
    await open_pool(fresh_database.app_url, min_size=25, max_size=25)
    try:
        marketplace = await a_marketplace()
        link = await a_link(marketplace)
        text = link_text(link)

        answers = await asyncio.gather(
            *(redeem_link(marketplace.id, text, "") for _ in range(50)), return_exceptions=True
        )

        won = [answer for answer in answers if isinstance(answer, Redeemed)]
        lost = [answer for answer in answers if isinstance(answer, LinkUnusable)]
        assert (len(won), len(lost)) == (1, 49)
        assert {refusal.because for refusal in lost} == {"used"}
        assert await fetch_value("SELECT count(*) FROM portal_session") == 1
        assert await fetch_value("SELECT count(*) FROM transition_log WHERE trigger = 'redeem'") == 1
    finally:
        await close_pool()


async def test_two_links_of_one_customer_redeemed_at_once_do_not_deadlock(fresh_database: FreshDatabase) -> None:
    await open_pool(fresh_database.app_url, min_size=8, max_size=8)
    try:
        marketplace = await a_marketplace()
        customer = await a_customer(marketplace)
        for _ in range(20):
            links = [link_text(await a_link(marketplace, customer=customer)) for _ in range(4)]
            answers = await asyncio.gather(
                *(redeem_link(marketplace.id, text, "") for text in links), return_exceptions=True
            )
            assert [type(answer) for answer in answers if not isinstance(answer, LinkUnusable)] == [Redeemed]
    finally:
        await close_pool()


async def test_looking_at_a_link_spends_nothing(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    customer = await a_customer(marketplace, email="jane@example.com")
    link = await a_link(marketplace, customer=customer, browser_digest=token_digest("this browser"))
    text = link_text(link)

    looks = [await look_at_link(marketplace.id, text, None) for _ in range(200)]

    shown = looks[-1]
    assert shown.masked_email == "j•••@example.com"
    assert not shown.same_browser
    assert (await look_at_link(marketplace.id, text, "this browser")).same_browser
    assert not (await look_at_link(marketplace.id, text, "another")).same_browser
    assert await fetch_value("SELECT state FROM access_token") == "issued"


async def test_redeeming_expires_the_customers_other_links_and_nobody_elses(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    customer = await a_customer(marketplace)
    subscription = await a_subscription(marketplace, customer=customer)
    link = await a_link(marketplace, customer=customer)
    sibling = await a_link(marketplace, customer=customer)
    card = await a_link(marketplace, customer=customer, subscription=subscription)
    stranger = await a_link(marketplace)

    await redeem_link(marketplace.id, link_text(link), "")

    states = {row["id"]: row["state"] for row in await fetch("SELECT id, state FROM access_token")}
    assert states == {
        link["id"]: "redeemed",
        sibling["id"]: "expired",
        card["id"]: "issued",
        stranger["id"]: "issued",
    }


async def test_a_used_or_expired_link_says_which(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    text = link_text(await a_link(marketplace))
    old = link_text(await a_link(marketplace, lifetime=timedelta(seconds=-1)))

    await redeem_link(marketplace.id, text, "")

    with pytest.raises(LinkUnusable, match="used"):
        await redeem_link(marketplace.id, text, "")
    with pytest.raises(LinkUnusable, match="expired"):
        await redeem_link(marketplace.id, old, "")


async def test_a_session_ends_after_half_an_hour_however_busy(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    token, _ = await a_session(marketplace, await a_customer(marketplace))

    with frozen(now() + timedelta(minutes=29)):
        await find_session(marketplace.id, token)
    with frozen(now() + timedelta(minutes=31)), pytest.raises(NotSignedIn):
        await find_session(marketplace.id, token)


async def test_a_session_is_good_in_its_own_marketplace_only(database: FreshDatabase) -> None:
    marketplace, other = await a_marketplace(), await a_marketplace()
    token, _ = await a_session(marketplace, await a_customer(marketplace))

    assert (await find_session(None, token)).marketplace_id == marketplace.id
    with pytest.raises(NotSignedIn):
        await find_session(other.id, token)
    with pytest.raises(NotSignedIn):
        await find_session(marketplace.id, token + "x")


async def test_signing_out_ends_the_session_at_once_and_twice_is_fine(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    token, _ = await a_session(marketplace, await a_customer(marketplace))
    signed_in = await find_session(marketplace.id, token)

    await sign_out(signed_in)
    await sign_out(signed_in)

    with pytest.raises(NotSignedIn):
        await find_session(marketplace.id, token)
    assert await fetch_value("SELECT state FROM portal_session") == "ended"


async def test_a_customer_sees_and_ends_their_own_sessions_and_no_other(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    customer = await a_customer(marketplace)
    token, here = await a_session(marketplace, customer)
    _, there = await a_session(marketplace, customer)
    _, strangers = await a_session(marketplace, await a_customer(marketplace))
    signed_in = await find_session(marketplace.id, token)

    assert {shown.id: shown.current for shown in await list_sessions(signed_in)} == {
        here["id"]: True,
        there["id"]: False,
    }
    await end_session(signed_in, there["id"])

    assert [shown.id for shown in await list_sessions(signed_in)] == [here["id"]]
    for unknown in (strangers["id"], there["id"], uuid4()):
        with pytest.raises(NotFound):
            await end_session(signed_in, unknown)


async def test_a_forms_token_belongs_to_its_session(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    customer = await a_customer(marketplace)
    mine = await find_session(marketplace.id, (await a_session(marketplace, customer))[0])
    other = await find_session(marketplace.id, (await a_session(marketplace, customer))[0])

    assert check_form_token(mine, mine.form_token)
    for wrong in (other.form_token, "", "zz", mine.form_token[:-1] + "x", "\udcff"):
        assert not check_form_token(mine, wrong)
