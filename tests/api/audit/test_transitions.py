"""The log by API: what the auditor's pages show, for programs whose key may read it."""

import httpx
import pytest

from models.database import fetch_value
from tests.factories import a_charge, a_customer, a_marketplace, a_subscription
from workflows.access.api_keys import create_key
from workflows.audit.review.daily_counts import count_transitions
from workflows.machines import MACHINES
from workflows.marketplaces.tenant import Marketplace

LOG = "/api/v1/transitions"
FAR_AHEAD = "ffffffff-ffff-7fff-bfff-ffffffffffff"  # a UUIDv7 of the year 10889
Headers = dict[str, str]


@pytest.fixture
async def reader(marketplace: Marketplace) -> Headers:
    """A key that may read the log and nothing else."""
    return {"Authorization": f"Bearer {(await create_key(marketplace.id, 'Auditor', ('audit:read',))).key}"}


async def test_pages_of_moves_are_walked_by_their_cursor(
    api: httpx.AsyncClient, marketplace: Marketplace, reader: Headers
) -> None:
    subscription = await a_subscription(marketplace)
    await a_charge(marketplace, subscription=subscription)
    await a_subscription(await a_marketplace())
    found, query = list[tuple[str, str, int]](), {"limit": "1"}

    while True:
        page = (await api.get(LOG, params=query, headers=reader)).json()
        found += [(move["machine"], move["entity_id"], move["seq"]) for move in page["transitions"]]
        if page["after"] is None:
            break
        query["after"] = page["after"]

    assert len(found) == len(set(found))
    assert len(found) == await fetch_value(
        "SELECT count(*) FROM transition_log WHERE marketplace_id = $1", marketplace.id
    )
    only = await api.get(LOG, params={"machine": "subscription", "to_state": "active"}, headers=reader)
    assert [move["entity_id"] for move in only.json()["transitions"]] == [str(subscription["id"])]


async def test_one_row_the_counts_and_the_life_cycles(
    api: httpx.AsyncClient, marketplace: Marketplace, reader: Headers
) -> None:
    subscription = await a_subscription(marketplace)
    await count_transitions()

    row = (await api.get(f"{LOG}/rows/subscription/{subscription['id']}/1", headers=reader)).json()
    counts = (await api.get(f"{LOG}/counts", params={"machine": "subscription"}, headers=reader)).json()
    cycle = (await api.get(f"{LOG}/machines/subscription", headers=reader)).json()
    cycles = (await api.get(f"{LOG}/machines", headers=reader)).json()

    assert (row["hash"], row["previous_hash"]) == (subscription["log_hash"].hex(), None)
    assert (counts["moves"], counts["days"][-1]["moves"]) == (1, 1)
    assert (cycle["states"], [rule["moves"] for rule in cycle["rules"]]) == ({"active": 1}, [1])
    assert [one["machine"] for one in cycles] == [machine.name for machine in MACHINES]
    assert (await api.get(f"{LOG}/seals", headers=reader)).json()["seals"] == []


async def test_stories_by_subscription_and_by_customer(
    api: httpx.AsyncClient, marketplace: Marketplace, reader: Headers
) -> None:
    customer = await a_customer(marketplace)
    subscription = await a_subscription(marketplace, customer=customer)
    await a_charge(marketplace, subscription=subscription)

    of_one = (await api.get(f"{LOG}/subscriptions/{subscription['number']}", headers=reader)).json()
    of_all = (await api.get(f"{LOG}/customers/{customer['id']}", headers=reader)).json()
    by_number = (await api.get(f"{LOG}/customers/{customer['number']}", headers=reader)).json()
    first = (await api.get(f"{LOG}/customers/{customer['id']}?limit=1", headers=reader)).json()
    rest = await api.get(f"{LOG}/customers/{customer['id']}", params={"after": first["after"]}, headers=reader)

    assert [move["machine"] for move in of_one["moves"]] == ["subscription", "charge"]
    assert of_one["moves"][1]["amount_minor"] == subscription["amount_minor"]
    assert by_number == of_all
    assert of_all["moves"] == of_one["moves"] == first["moves"] + rest.json()["moves"]


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("?machine=spaceship&actor_kind=god", {"machine", "actor_kind"}),
        ("?entity=42", {"entity"}),
        ("?from=2026-11-02&to=2026-11-01", {"to"}),
        ("?from=99999-01-01", {"from"}),
        (f"?trigger={'x' * 5000}", {"trigger"}),
        ("?after=nonsense", {"after"}),
        ("?limit=0", {"limit"}),
        ("/counts?actor_kind=worker&actor_id=x&from=soon", {"from"}),
        ("/machines/charge?to=soon", {"to"}),
        ("/seals?after=nonsense", {"after"}),
    ],
)
async def test_nonsense_is_a_problem_that_names_its_fields(
    api: httpx.AsyncClient, reader: Headers, path: str, fields: set[str]
) -> None:
    answer = await api.get(f"{LOG}{path}", headers=reader)

    assert answer.status_code == 422
    assert {one["field"] for one in answer.json()["errors"]} == fields


async def test_who_may_not_read_it_gets_403_and_what_is_not_there_404(
    api: httpx.AsyncClient, marketplace: Marketplace, reader: Headers
) -> None:
    other = (await create_key(marketplace.id, "Checkout", ("orders:write",))).key
    theirs = await a_subscription(await a_marketplace(), number=4711)

    assert (await api.get(LOG, headers={"Authorization": f"Bearer {other}"})).status_code == 403
    for path in (
        f"rows/subscription/{theirs['id']}/1",
        f"rows/subscription/{theirs['id']}/99999999999999999",
        f"rows/subscription/{FAR_AHEAD}/1",
        "subscriptions/4711",
        f"customers/{theirs['customer_id']}",
        "machines/spaceship",
    ):
        assert (await api.get(f"{LOG}/{path}", headers=reader)).status_code == 404, path
    of_nothing = await api.get(LOG, params={"entity": FAR_AHEAD}, headers=reader)
    assert (of_nothing.status_code, of_nothing.json()["transitions"]) == (200, [])
