"""Limits by client address: PRODUCT.md 1.10, also while Valkey is away."""

from pathlib import Path

import httpx
import pytest

from api.app import app
from cli.embedded import EmbeddedValkey
from models.database import fetch_value
from tests.api.conftest import a_client, running
from tests.conftest import FreshDatabase
from tests.factories import a_marketplace
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.settings import settings

ACCESS, SESSIONS = "/api/v1/portal/access-links", "/api/v1/portal/sessions"


async def test_thirty_links_an_hour_and_address_then_429_and_nothing_staged(
    api: httpx.AsyncClient, marketplace: Marketplace
) -> None:
    body = {"marketplace": marketplace.slug, "email": "jane@example.com"}

    answers = [await api.post(ACCESS, json=body) for _ in range(31)]

    assert [answer.status_code for answer in answers] == [202] * 30 + [429]
    assert 3500 <= int(answers[-1].headers["Retry-After"]) <= 3600
    assert answers[-1].json()["code"] == "too_many_requests"
    assert await fetch_value("SELECT count(*) FROM link_request") == 30
    async with a_client("203.0.113.7") as somebody_else:
        assert (await somebody_else.post(ACCESS, json=body)).status_code == 202


async def test_twenty_redemptions_a_minute_and_address_then_429(
    api: httpx.AsyncClient, marketplace: Marketplace
) -> None:
    body = {"marketplace": marketplace.slug, "token": "x" * 64}

    answers = [await api.post(SESSIONS, json=body) for _ in range(21)]

    assert [answer.status_code for answer in answers] == [410] * 20 + [429]
    assert 50 <= int(answers[-1].headers["Retry-After"]) <= 60


async def test_one_limit_leaves_the_other_alone(api: httpx.AsyncClient, marketplace: Marketplace) -> None:
    for _ in range(21):
        await api.post(SESSIONS, json={"marketplace": marketplace.slug, "token": "x"})

    answer = await api.post(ACCESS, json={"marketplace": marketplace.slug, "email": "jane@example.com"})

    assert answer.status_code == 202


async def test_a_made_up_forwarded_address_gains_nothing(api: httpx.AsyncClient, marketplace: Marketplace) -> None:
    body = {"marketplace": marketplace.slug, "token": "x"}

    answers = [
        await api.post(SESSIONS, json=body, headers={"X-Forwarded-For": f"198.51.100.{last}"}) for last in range(21)
    ]

    assert answers[-1].status_code == 429


async def test_behind_a_trusted_proxy_each_visitor_has_their_own_count(
    api: httpx.AsyncClient, marketplace: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUSTED_PROXIES", "127.0.0.0/8")
    settings.cache_clear()
    body = {"marketplace": marketplace.slug, "token": "x"}

    each = [
        await api.post(SESSIONS, json=body, headers={"X-Forwarded-For": f"6.6.6.6, 198.51.100.{last}"})
        for last in range(21)
    ]
    one = [
        await api.post(SESSIONS, json=body, headers={"X-Forwarded-For": f"6.6.6.{first}, 198.51.100.200"})
        for first in range(21)
    ]

    assert {answer.status_code for answer in each} == {410}
    assert one[-1].status_code == 429


async def test_when_valkey_is_killed_the_portal_goes_on_and_the_limits_hold(
    fresh_database: FreshDatabase, server_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EmbeddedValkey(server_folder / "killed-valkey", durable=False) as valkey:
        monkeypatch.setenv("REDIS_URL", valkey.url)
        settings.cache_clear()
        async with running(app), a_client("127.0.0.1") as api:
            marketplace = await a_marketplace()
            body = {"marketplace": marketplace.slug, "token": "x"}
            before = [await api.post(SESSIONS, json=body) for _ in range(5)]
            valkey.stop()

            after = [await api.post(SESSIONS, json=body) for _ in range(21)]

    assert {answer.status_code for answer in before} == {410}
    assert [answer.status_code for answer in after] == [410] * 20 + [429]
    assert fresh_database.name
