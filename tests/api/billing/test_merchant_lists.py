"""Lists of the merchant's API: every row once, in order, forth and back; found by the beginning of what one knows."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from models.database import Record, fetch_value
from tests.factories import a_charge, a_customer, a_marketplace, a_product, a_subscription
from workflows.billing.subscriptions.data_cards import sum_up
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now

API = "/api/v1"
Keys = dict[str, str]


async def listed(api: httpx.AsyncClient, key: Keys, path: str, **query: Any) -> dict[str, Any]:
    answer = await api.get(f"{API}{path}", params=query, headers=key)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def walked(api: httpx.AsyncClient, key: Keys, path: str, name: str, **query: Any) -> list[list[Any]]:
    """Every page forth, and the same pages back again."""
    pages = [await listed(api, key, path, **query)]
    assert pages[0]["before"] is None
    while pages[-1]["after"] is not None:
        pages.append(await listed(api, key, path, **query, after=pages[-1]["after"]))
    back = [pages[-1]]
    while back[-1]["before"] is not None:
        back.append(await listed(api, key, path, **query, before=back[-1]["before"]))
    assert [page[name] for page in back[::-1]] == [page[name] for page in pages]
    return [page[name] for page in pages]


@pytest.fixture
async def seven(marketplace: Marketplace) -> list[Record]:
    """Seven subscriptions, started a day apart, the first one longest ago, the last two at one instant."""
    noon = datetime(2026, 3, 10, 12, tzinfo=UTC)
    starts = [noon + timedelta(days=day) for day in (0, 1, 2, 3, 4, 5, 5)]
    states = ["active", "failed_charge", "active", "cancelled", "active", "failed_charge", "active"]
    return [
        await a_subscription(marketplace, state=state, started_at=start)
        for start, state in zip(starts, states, strict=True)
    ]


async def test_subscriptions_come_newest_start_first_each_once_forth_and_back(
    api: httpx.AsyncClient, key: Keys, seven: list[Record]
) -> None:
    await a_subscription(await a_marketplace())

    pages = await walked(api, key, "/subscriptions", "subscriptions", limit=3)

    assert [len(page) for page in pages] == [3, 3, 1]
    starts = [row["started_at"] for page in pages for row in page]
    assert starts == sorted(starts, reverse=True)
    assert {row["number"] for page in pages for row in page} == {one["number"] for one in seven}


async def test_subscriptions_are_filtered_by_state_and_by_days_of_the_marketplaces_time_zone(
    api: httpx.AsyncClient, key: Keys, marketplace: Marketplace, seven: list[Record]
) -> None:
    late = await a_subscription(marketplace, started_at=datetime(2026, 3, 11, 23, 30, tzinfo=UTC))

    def numbers(page: dict[str, Any]) -> set[int]:
        return {row["number"] for row in page["subscriptions"]}

    failed = numbers(await listed(api, key, "/subscriptions", state="failed_charge"))
    in_utc = numbers(await listed(api, key, "/subscriptions", started_from="2026-03-11", started_to="2026-03-12"))
    await api.patch(f"{API}/marketplace", json={"time_zone": "Europe/Berlin"}, headers=key)
    in_berlin = numbers(await listed(api, key, "/subscriptions", started_from="2026-03-12", started_to="2026-03-12"))
    both = numbers(await listed(api, key, "/subscriptions", state="active", started_to="2026-03-11"))

    assert failed == {seven[1]["number"], seven[5]["number"]}
    assert in_utc == {seven[1]["number"], seven[2]["number"], late["number"]}
    assert in_berlin == {seven[2]["number"], late["number"]}
    assert both == {seven[0]["number"]}


PEOPLE = (
    ("Jane Doe", "jane.doe@example.com"),
    ("Dr. Jane Mary Ann van der Berg", "berg@example.com"),
    ("JANE SMITH", "js@example.com"),
    ("Åsa Öberg", "asa@example.com"),
    ("", "janet@example.com"),
    ("Max 100%_\\ Power", "max@example.com"),
    ("12 Monkeys", "12@example.com"),
)


@pytest.fixture
async def people(marketplace: Marketplace) -> dict[str, Record]:
    """A subscription for each of PEOPLE, by address."""
    made: dict[str, Record] = {}
    for name, email in PEOPLE:
        customer = await a_customer(marketplace, name=name, email=email)
        made[email] = await a_subscription(marketplace, customer=customer, started_at=now() - timedelta(days=900))
    return made


# fmt: off
FOUND: dict[str, set[str]] = {
    "jane":            {"jane.doe@example.com", "berg@example.com", "js@example.com", "janet@example.com"},
    "JANE.D":          {"jane.doe@example.com"},
    "doe":             {"jane.doe@example.com"},
    "jane   doe":      {"jane.doe@example.com"},
    "mary ann":        {"berg@example.com"},
    "smith":           {"js@example.com"},
    "öb":              {"asa@example.com"},
    "åsa":             {"asa@example.com"},
    "100%":            {"max@example.com"},
    "100%_\\ p":       {"max@example.com"},
    "%":               set(),
    "_":               set(),
    "oe":              set(),
    "berg@example.com": {"berg@example.com"},
    "example.com":     set(),
}
# fmt: on


@pytest.mark.parametrize("search", FOUND)
async def test_a_search_finds_by_the_beginning_of_address_name_or_word_over_all_dates(
    api: httpx.AsyncClient, key: Keys, people: dict[str, Record], search: str
) -> None:
    of_subscriptions = await listed(api, key, "/subscriptions", search=search)
    of_customers = await listed(api, key, "/customers", search=search)

    assert {row["customer"]["email"] for row in of_subscriptions["subscriptions"]} == FOUND[search]
    assert {row["email"] for row in of_customers["customers"]} == FOUND[search]
    assert len(of_subscriptions["subscriptions"]) == len(FOUND[search])


async def test_a_number_or_id_finds_its_subscription_first_of_all(
    api: httpx.AsyncClient, key: Keys, marketplace: Marketplace, people: dict[str, Record]
) -> None:
    wanted = await a_subscription(marketplace, number=12)
    elsewhere = await a_subscription(await a_marketplace(), number=4711)

    by_number = await listed(api, key, "/subscriptions", search="12")
    by_id = await listed(api, key, "/subscriptions", search=str(wanted["id"]))

    assert [row["number"] for row in by_number["subscriptions"]] == [12, people["12@example.com"]["number"]]
    assert [row["number"] for row in by_id["subscriptions"]] == [12]
    for other in ("4711", str(elsewhere["id"])):
        assert (await listed(api, key, "/subscriptions", search=other))["subscriptions"] == []


async def test_a_searchs_pages_lead_through_all_it_finds_each_once_forth_and_back(
    api: httpx.AsyncClient, key: Keys, marketplace: Marketplace, people: dict[str, Record]
) -> None:
    for n in range(3):
        twice = await a_customer(marketplace, name="Jane Jane", email=f"jane-{n}@example.com")
        await a_subscription(marketplace, customer=twice)
        await a_subscription(marketplace, customer=twice, state="failed_charge")

    pages = await walked(api, key, "/subscriptions", "subscriptions", search="jane", limit=3)
    failed = await walked(api, key, "/subscriptions", "subscriptions", search="jane", state="failed_charge", limit=2)
    customers = await walked(api, key, "/customers", "customers", search="jane", limit=2)

    numbers = [row["number"] for page in pages for row in page]
    assert (len(numbers), len(set(numbers))) == (10, 10)
    assert [len(page) for page in failed] == [2, 1]
    assert len({row["number"] for page in customers for row in page}) == sum(map(len, customers)) == 7


async def test_customers_products_charges_invoices_and_refunds_are_listed_newest_first(
    api: httpx.AsyncClient, key: Keys, marketplace: Marketplace
) -> None:
    card = {"gateway": "sandbox", "number": "4242424242424242", "exp_month": 12, "exp_year": 2033}
    charges: list[str] = []
    for n in range(5):
        customer = await a_customer(marketplace)
        product = await a_product(marketplace, kind="one_off", amount_minor=1000 + n)
        body = {"customer": customer["number"], "product": str(product["id"]), "card": card}
        assert (await api.post(f"{API}/orders", json=body, headers=key)).status_code == 201
        charges.append(str(await fetch_value("SELECT id FROM charge ORDER BY id DESC LIMIT 1")))
        await api.post(f"{API}/charges/{charges[-1]}/refunds", json={"amount_minor": 100 + n}, headers=key)
    await a_charge(await a_marketplace())

    async def all_of(name: str, of: Callable[[Any], Any]) -> list[Any]:
        pages = await walked(api, key, f"/{name}", name, limit=2)
        assert [len(page) for page in pages] in ([2, 2, 1], [2] * 5)
        return [of(row) for page in pages for row in page]

    assert await all_of("customers", lambda row: row["number"]) == [5, 4, 3, 2, 1]
    assert await all_of("products", lambda row: row["amount_minor"]) == [1004, 1003, 1002, 1001, 1000]
    assert await all_of("charges", lambda row: row["id"]) == charges[::-1]
    documents = await all_of("invoices", lambda row: (row["kind"], row["charge"], row["total_minor"]))
    assert documents == [
        document
        for n in range(4, -1, -1)
        for document in (("credit_note", charges[n], 100 + n), ("invoice", charges[n], 1000 + n))
    ]
    assert await all_of("refunds", lambda row: row["amount_minor"]) == [104, 103, 102, 101, 100]

    refund = (await listed(api, key, "/refunds", charge=charges[2]))["refunds"][0]
    invoice = (await listed(api, key, "/invoices"))["invoices"][1]
    assert refund["amount_minor"] == 102
    for path, expected in (
        (f"/refunds/{refund['id']}", refund),
        (f"/invoices/{invoice['number']}", invoice),
        (f"/charges/{charges[4]}", (await listed(api, key, "/charges"))["charges"][0]),
    ):
        assert await listed(api, key, path) == expected
    assert invoice["number"] == (await listed(api, key, f"/charges/{charges[4]}"))["invoice"]


async def test_charges_of_one_subscription(api: httpx.AsyncClient, key: Keys, marketplace: Marketplace) -> None:
    subscription = await a_subscription(marketplace)
    charge = await a_charge(marketplace, subscription=subscription)
    await a_charge(marketplace)

    of_one = await listed(api, key, "/charges", subscription=subscription["number"])
    of_none = await listed(api, key, "/charges", subscription=99999)

    assert [row["id"] for row in of_one["charges"]] == [str(charge["id"])]
    assert of_one["charges"][0]["subscription"] == subscription["number"]
    assert of_none["charges"] == []


@pytest.mark.parametrize("path", ["/charges/{}", "/refunds/{}", "/invoices/{}"])
async def test_one_of_another_marketplace_or_none_at_all_is_not_found(
    api: httpx.AsyncClient, key: Keys, path: str
) -> None:
    elsewhere = await a_charge(await a_marketplace())

    for name in (elsewhere["id"], "x", "%00", "1"):
        assert (await api.get(f"{API}{path.format(name)}", headers=key)).status_code == 404


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("/subscriptions", {"state": "sometimes"}, "state"),
        ("/subscriptions", {"started_from": "yesterday"}, "started_from"),
        ("/subscriptions", {"started_to": "9999-12-31"}, "started_to"),
        ("/subscriptions", {"started_from": "0001-01-01"}, "started_from"),
        ("/subscriptions", {"started_from": "2026-03-02", "started_to": "2026-03-01"}, "started_to"),
        ("/subscriptions", {"search": "jane", "started_from": "2026-03-02"}, "search"),
        ("/subscriptions", {"search": " "}, "search"),
        ("/subscriptions", {"search": "a\0b"}, "search"),
        ("/customers", {"search": "x" * 255}, "search"),
        ("/customers", {"limit": 0}, "limit"),
        ("/customers", {"limit": 101}, "limit"),
        ("/products", {"limit": "many"}, "limit"),
        ("/charges", {"subscription": 0}, "subscription"),
        ("/charges", {"subscription": 2**63}, "subscription"),
        ("/invoices", {"after": "a", "before": "b"}, "after"),
        ("/refunds", {"after": "nonsense"}, "after"),
        ("/refunds", {"charge": "ch_1"}, "charge"),
        ("/customers", {"search": "jane", "after": "bm9uc2Vuc2U"}, "after"),
    ],
)
async def test_a_wrong_question_is_refused_by_its_parameter(
    api: httpx.AsyncClient, key: Keys, path: str, query: dict[str, Any], field: str
) -> None:
    answer = await api.get(f"{API}{path}", params=query, headers=key)

    assert answer.status_code == 422, answer.text
    assert [problem["field"] for problem in answer.json()["errors"]] == [field]


async def test_a_cursor_belongs_to_the_list_that_gave_it(
    api: httpx.AsyncClient, key: Keys, people: dict[str, Record]
) -> None:
    of_customers = (await listed(api, key, "/customers", limit=1))["after"]
    of_search = (await listed(api, key, "/subscriptions", search="jane", limit=1))["after"]

    for path, cursor in (("/subscriptions", of_customers), ("/products", of_search), ("/charges", of_customers)):
        answer = await api.get(f"{API}{path}", params={"after": cursor}, headers=key)
        assert answer.status_code == 422, path


async def test_the_cards_are_shown_as_of_when_they_were_added_up(
    api: httpx.AsyncClient, key: Keys, seven: list[Record]
) -> None:
    assert (await listed(api, key, "/subscriptions/cards"))["as_of"] is None
    await sum_up()

    cards = await listed(api, key, "/subscriptions/cards")

    assert (cards["active_now"], cards["failed_charges"], cards["recovered_revenue"]) == (4, 2, [])
    assert datetime.fromisoformat(cards["as_of"]).date() >= date(2026, 1, 1)
