"""GET /api/v1/differences, and how many of them /metrics counts."""

import httpx

from tests.factories import a_charge, a_marketplace, a_subscription
from workflows.access.api_keys import create_key
from workflows.billing.reconciliation.differences import note_difference
from workflows.marketplaces.tenant import Marketplace

PATH = "/api/v1/differences"


async def test_differences_are_listed_with_the_order_and_the_subscription_that_they_are_about(
    api: httpx.AsyncClient, key: dict[str, str], marketplace: Marketplace
) -> None:
    subscription = await a_subscription(marketplace)
    charge = await a_charge(marketplace, subscription=subscription)
    about = {"reference": "ch_1", "kind": "amount", "ours": "1999 USD", "theirs": "5 USD"}
    await note_difference(marketplace, charge_id=charge["id"], **about)  # pyright: ignore[reportArgumentType]
    await note_difference(
        marketplace, reference="ch_2", kind="unknown_here", ours="nothing", theirs="7 USD", charge_id=None
    )
    await note_difference(
        await a_marketplace(), reference="ch_3", kind="state", ours="failed", theirs="succeeded", charge_id=None
    )

    answer = await api.get(PATH, headers=key)

    assert answer.status_code == 200
    unknown, amount = answer.json()
    assert amount.items() >= about.items()
    assert (amount["charge"], amount["order"]) == (str(charge["id"]), charge["order_number"])
    assert (amount["subscription"], amount["gateway"]) == (subscription["number"], "sandbox")
    assert (unknown["reference"], unknown["charge"], unknown["subscription"]) == ("ch_2", None, None)
    counted = (await api.get("/metrics")).text
    for kind, count in (("amount", 1), ("unknown_here", 1), ("state", 1), ("unknown_there", 0)):
        assert f'gatehouse_book_differences{{kind="{kind}"}} {count}.0' in counted


async def test_they_are_for_keys_that_may_read_subscriptions(api: httpx.AsyncClient, marketplace: Marketplace) -> None:
    key = await create_key(marketplace.id, "settings only", scopes=("settings:read",))

    assert (await api.get(PATH, headers={"Authorization": f"Bearer {key.key}"})).status_code == 403
    assert (await api.get(PATH)).status_code == 401
