"""Moving a sandbox's clock by API: what is refused. That it does what is due is a journey: it takes real workers."""

from typing import Any

import httpx
import pytest

from models.database import alone, execute, fetch_value
from tests.factories import a_marketplace, a_subscription
from workflows.access.api_keys import create_key
from workflows.marketplaces.tenant import Marketplace

_PATH = "/api/v1/sandbox/clock"


@pytest.mark.parametrize("body", [{"advance_days": 1830}, {"to": "2201-01-01T00:00:00Z"}])
async def test_a_clock_does_not_go_where_calendars_end_step_by_step(
    api: httpx.AsyncClient, key: dict[str, str], body: dict[str, Any]
) -> None:
    await execute("UPDATE marketplace SET clock_offset = timestamptz '2199-06-01' - now()")

    answer = await api.post(_PATH, json=body, headers=key)

    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"] == [{"field": "to", "rule": "The clock ends before the year 2200."}]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "advance_days"),
        ({"advance_days": 1, "to_next_event": True}, "advance_days"),
        ({"to_next_event": False}, "to_next_event"),
        ({"advance_days": 0}, "advance_days"),
        ({"advance_days": -3}, "advance_days"),
        ({"advance_days": 100_000}, "advance_days"),
        ({"advance_days": "1"}, "advance_days"),
        ({"to": "2020-01-01T00:00:00Z"}, "to"),
        ({"to": "2999-01-01T00:00:00Z"}, "to"),
        ({"to": "2030-01-01T00:00:00"}, "to"),
        ({"to": "tomorrow"}, "to"),
        ({"back": True}, "back"),
    ],
)
async def test_nonsense_is_refused_by_its_field_and_moves_nothing(
    api: httpx.AsyncClient, key: dict[str, str], body: dict[str, Any], field: str
) -> None:
    answer = await api.post(_PATH, json=body, headers=key)

    assert answer.status_code == 422, answer.text
    assert [problem["field"] for problem in answer.json()["errors"]] == [field]
    assert await fetch_value("SELECT count(*) FROM marketplace WHERE clock_offset <> '0'") == 0


async def test_a_live_marketplace_has_no_clock_to_move(api: httpx.AsyncClient) -> None:
    live = await a_marketplace(sandbox=False)
    key = await create_key(live.id, "tests")

    answer = await api.post(_PATH, json={"advance_days": 1}, headers={"Authorization": f"Bearer {key.key}"})

    assert answer.status_code == 403
    assert await fetch_value("SELECT count(*) FROM outbox WHERE actor = 'billing.run'") == 0


async def test_two_do_not_move_one_clock(api: httpx.AsyncClient, key: dict[str, str], marketplace: Marketplace) -> None:
    async with alone(f"clock:{marketplace.id}") as is_alone:
        assert is_alone
        answer = await api.post(_PATH, json={"advance_days": 1}, headers=key)

    assert answer.status_code == 409
    assert answer.json()["code"] == "clock_busy"


async def test_a_live_marketplaces_offset_is_refused_by_the_database_too(api: httpx.AsyncClient) -> None:
    live = await a_marketplace(sandbox=False)

    with pytest.raises(Exception, match="check"):
        await execute("UPDATE marketplace SET clock_offset = '1 day' WHERE id = $1", live.id)


async def test_where_nothing_is_to_come_the_next_event_is_now(
    api: httpx.AsyncClient, key: dict[str, str], marketplace: Marketplace
) -> None:
    await a_subscription(marketplace, state="cancelled")

    answer = await api.post(_PATH, json={"to_next_event": True}, headers=key)

    assert (answer.status_code, answer.json()["moves"], answer.json()["happened"]) == (200, 0, [])
    assert await fetch_value("SELECT count(*) FROM change_log") == 0
    assert await fetch_value("SELECT clock_offset = '0' FROM marketplace")
