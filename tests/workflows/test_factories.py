"""Every factory makes a row that the schema accepts, in every state that tests ask for."""

import pytest

from tests.conftest import FreshDatabase
from tests.factories import (
    a_charge,
    a_customer,
    a_link,
    a_marketplace,
    a_session,
    a_staff_member,
    a_subscription,
    an_open_case,
)
from workflows.machines import CHARGE, SUBSCRIPTION

pytestmark = pytest.mark.usefixtures("database")


@pytest.mark.parametrize("state", SUBSCRIPTION.states)
async def test_a_subscription_can_be_made_in_every_state(state: str) -> None:
    subscription = await a_subscription(await a_marketplace(), state=state)

    assert subscription["state"] == state


@pytest.mark.parametrize("state", CHARGE.states)
async def test_a_charge_can_be_made_in_every_state(state: str) -> None:
    marketplace = await a_marketplace()

    charge = await a_charge(marketplace, state=state, subscription=await a_subscription(marketplace))

    assert charge["state"] == state


async def test_links_sessions_cases_and_staff_can_be_made() -> None:
    marketplace = await a_marketplace()
    customer = await a_customer(marketplace)
    subscription = await a_subscription(marketplace, customer=customer, state="failed_charge")

    case = await an_open_case(subscription)
    link = await a_link(marketplace, subscription=subscription)
    token, session = await a_session(marketplace, customer)
    staff = await a_staff_member(marketplace)

    assert (case["state"], link["purpose"], session["state"]) == ("open", "card_update", "active")
    assert len(token) >= 43
    assert staff["role"] == "owner"


async def test_each_test_has_a_database_of_its_own(database: FreshDatabase) -> None:
    assert database.name in database.app_url
