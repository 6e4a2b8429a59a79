"""The log of deliveries by API: page by page, filtered, in full, and sent again."""

from typing import Any
from uuid import uuid4

import httpx

from models.database import execute, fetch_value
from tests.factories import BY_WORKER, a_marketplace
from tests.webhook_rows import a_delivery, an_endpoint, delivery_now
from workflows.engine.fire import fire
from workflows.machines import WEBHOOK_DELIVERY, WEBHOOK_ENDPOINT
from workflows.marketplaces.tenant import Marketplace

DELIVERIES = "/api/v1/webhook-deliveries"


async def ended(delivery: Any, trigger: str) -> Any:
    return await fire(WEBHOOK_DELIVERY, delivery["marketplace_id"], delivery["id"], trigger, BY_WORKER)


async def test_the_log_is_read_page_by_page_newest_first(
    api: httpx.AsyncClient, marketplace: Marketplace, key: dict[str, str]
) -> None:
    endpoint, _ = await an_endpoint(marketplace)
    made = [str((await a_delivery(endpoint))["id"]) for _ in range(103)]

    seen, after, pages = list[str](), None, 0
    while pages == 0 or after is not None:
        page = (await api.get(DELIVERIES, headers=key, params={"after": after} if after else {})).json()
        seen += [delivery["id"] for delivery in page["deliveries"]]
        after, pages = page["after"], pages + 1

    assert (seen, pages) == (made[::-1], 3)


async def test_it_is_filtered_by_endpoint_and_state(
    api: httpx.AsyncClient, marketplace: Marketplace, key: dict[str, str]
) -> None:
    (one, _), (other, _) = [await an_endpoint(marketplace) for _ in range(2)]
    pending, failed = await a_delivery(one), await ended(await a_delivery(one), "give_up")
    delivered = await ended(await a_delivery(other), "deliver")
    await a_delivery((await an_endpoint(await a_marketplace()))[0])

    async def listed(**filters: str) -> list[str]:
        answer = await api.get(DELIVERIES, headers=key, params=filters)
        return [delivery["id"] for delivery in answer.json()["deliveries"]]

    assert await listed() == [str(row["id"]) for row in (delivered, failed, pending)]
    assert await listed(endpoint=str(one["id"])) == [str(failed["id"]), str(pending["id"])]
    assert await listed(state="failed") == [str(failed["id"])]
    assert await listed(endpoint=str(other["id"]), state="failed") == []


async def test_filters_and_cursors_that_mean_nothing_are_refused(
    api: httpx.AsyncClient, marketplace: Marketplace, key: dict[str, str]
) -> None:
    theirs, _ = await an_endpoint(await a_marketplace())
    for params, status in (
        ({"endpoint": str(theirs["id"])}, 404),
        ({"endpoint": str(uuid4())}, 404),
        ({"endpoint": "mine"}, 404),
        ({"state": "lost"}, 422),
        ({"after": "the beginning"}, 422),
    ):
        assert (await api.get(DELIVERIES, headers=key, params=params)).status_code == status, params


async def test_one_delivery_shows_its_body_and_each_try(
    api: httpx.AsyncClient, marketplace: Marketplace, key: dict[str, str]
) -> None:
    endpoint, _ = await an_endpoint(marketplace)
    delivery = await a_delivery(endpoint, attempts=2, tries=2)
    await execute(
        "INSERT INTO webhook_attempt (marketplace_id, delivery_id, number, at, duration_ms, status, error, answer)"
        " VALUES ($1, $2, 1, now(), 15000, NULL, 'timed_out', ''), ($1, $2, 2, now(), 120, 500, NULL, 'oops')",
        marketplace.id,
        delivery["id"],
    )

    shown = (await api.get(f"{DELIVERIES}/{delivery['id']}", headers=key)).json()

    assert shown["body"].startswith('{"type":"customer.updated","timestamp":"')
    assert [(one["number"], one["status"], one["error"], one["answer"]) for one in shown["tries"]] == [
        (2, 500, None, "oops"),
        (1, None, "timed_out", ""),
    ]
    summary = shown["delivery"]
    assert summary["event"] == f"evt_{delivery['event_id'].hex}"
    assert (summary["endpoint"], summary["type"]) == (str(endpoint["id"]), "customer.updated")
    assert (summary["last_status"], summary["last_error"], summary["attempts"]) == (500, None, 2)


async def test_what_failed_and_what_was_delivered_is_sent_again(
    api: httpx.AsyncClient, marketplace: Marketplace, key: dict[str, str]
) -> None:
    endpoint, _ = await an_endpoint(marketplace)
    for trigger in ("give_up", "deliver"):
        delivery = await ended(await a_delivery(endpoint, tries=10, attempts=10), trigger)
        await execute("DELETE FROM outbox")

        answer = await api.post(f"{DELIVERIES}/{delivery['id']}/resend", headers=key)

        assert (answer.status_code, answer.json()["state"]) == (202, "pending")
        row = await delivery_now(delivery)
        assert (row["tries"], row["attempts"], row["next_attempt_at"]) == (0, 10, None)
        assert row["moved_by"].startswith("api_key:")
        staged = await fetch_value("SELECT args ->> 'id' FROM outbox WHERE actor = 'webhook.deliver'")
        assert staged == str(delivery["id"])


async def test_nothing_is_sent_again_to_an_endpoint_that_is_disabled_or_removed(
    api: httpx.AsyncClient, marketplace: Marketplace, key: dict[str, str]
) -> None:
    for trigger in ("disable", "remove"):
        endpoint, _ = await an_endpoint(marketplace)
        delivery = await ended(await a_delivery(endpoint), "give_up")
        await fire(WEBHOOK_ENDPOINT, marketplace.id, endpoint["id"], trigger, BY_WORKER)

        answer = await api.post(f"{DELIVERIES}/{delivery['id']}/resend", headers=key)

        assert (answer.status_code, answer.json()["code"]) == (409, "transition_refused")
        assert (await delivery_now(delivery))["state"] == "failed"


async def test_another_marketplaces_delivery_is_not_there(api: httpx.AsyncClient, key: dict[str, str]) -> None:
    theirs = await ended(await a_delivery((await an_endpoint(await a_marketplace()))[0]), "give_up")

    for id_ in (str(theirs["id"]), str(uuid4()), "none"):
        assert (await api.get(f"{DELIVERIES}/{id_}", headers=key)).status_code == 404
        assert (await api.post(f"{DELIVERIES}/{id_}/resend", headers=key)).status_code == 404
    assert (await delivery_now(theirs))["state"] == "failed"
