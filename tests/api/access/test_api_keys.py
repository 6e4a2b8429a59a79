"""API keys: shown once, hashed, scoped, revocable, with last use shown (PRODUCT.md 3.8)."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from models.database import fetch, fetch_value
from tests.factories import a_marketplace
from workflows.access.api_keys import create_key, list_keys, revoke_key
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import frozen, now
from workflows.runtime.errors import InvalidInput, NotFound

SETTINGS = "/api/v1/portal-settings"


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


async def test_a_key_says_what_it_is_and_is_stored_as_a_digest_only(marketplace: Marketplace) -> None:
    sandbox, live = (
        await create_key(marketplace.id, "a"),
        await create_key((await a_marketplace(sandbox=False)).id, "b"),
    )

    rows = [str(dict(row)) for row in await fetch("TABLE api_key")]

    assert sandbox.key.startswith("gh_test_")
    assert live.key.startswith("gh_live_")
    assert len(live.key) >= len("gh_live_") + 43  # 256 bits
    assert not [row for row in rows if sandbox.key in row or live.key in row]


async def test_without_a_live_key_the_answer_says_how_to_send_one(
    api: httpx.AsyncClient, marketplace: Marketplace
) -> None:
    made = await create_key(marketplace.id, "a")
    for headers in (
        {},
        bearer(""),
        bearer("gh_live_invented"),
        bearer(made.key[:-1]),
        bearer("x" * 5000),
        {"Authorization": f"Basic {made.key}"},
        {"Authorization": made.key},
        {"Cookie": f"session={made.key}"},
    ):
        answer = await api.get(SETTINGS, headers=headers)

        assert answer.status_code == 401, headers
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert answer.json()["code"] == "not_signed_in"


async def test_a_revoked_key_is_refused_at_once(api: httpx.AsyncClient, marketplace: Marketplace) -> None:
    made = await create_key(marketplace.id, "a")
    assert (await api.get(SETTINGS, headers=bearer(made.key))).status_code == 200

    await revoke_key(marketplace.id, made.id)

    assert (await api.get(SETTINGS, headers=bearer(made.key))).status_code == 401


async def test_a_key_is_revoked_by_its_own_marketplace_only(api: httpx.AsyncClient, marketplace: Marketplace) -> None:
    made, other = await create_key(marketplace.id, "a"), await a_marketplace()

    with pytest.raises(NotFound):
        await revoke_key(other.id, made.id)

    assert (await api.get(SETTINGS, headers=bearer(made.key))).status_code == 200


async def test_a_key_does_what_its_scopes_say_and_no_more(api: httpx.AsyncClient, marketplace: Marketplace) -> None:
    made = await create_key(marketplace.id, "reads settings", ("settings:read",))

    reads = await api.get(SETTINGS, headers=bearer(made.key))
    writes = await api.patch(SETTINGS, headers=bearer(made.key), json={"email_button": False})
    others = await api.get("/api/v1/subscriptions/1", headers=bearer(made.key))

    assert reads.status_code == 200
    assert (writes.status_code, writes.json()["code"]) == (403, "forbidden")
    assert "settings:write" in writes.json()["detail"]
    assert others.status_code == 403
    assert (await api.get(SETTINGS, headers=bearer(made.key))).json()["email_button"] is True


async def test_a_key_reaches_its_own_marketplace_only(
    api: httpx.AsyncClient, marketplace: Marketplace, key: dict[str, str]
) -> None:
    other = await a_marketplace(name="Other")

    answer = await api.patch("/api/v1/marketplace", headers=key, json={"name": "Renamed"})

    assert answer.json()["slug"] == marketplace.slug
    assert await fetch_value("SELECT name FROM marketplace WHERE id = $1", other.id) == "Other"


async def test_the_last_use_is_shown_and_written_once_a_minute(
    api: httpx.AsyncClient, marketplace: Marketplace
) -> None:
    made = await create_key(marketplace.id, "a")
    assert (await list_keys(marketplace.id))[0].last_used_at is None
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)

    uses: list[datetime | None] = []
    for seconds in (0, 59, 61):
        with frozen(noon + timedelta(seconds=seconds)):
            await api.get(SETTINGS, headers=bearer(made.key))
        uses.append((await list_keys(marketplace.id))[0].last_used_at)

    assert uses == [noon, noon, noon + timedelta(seconds=61)]


async def test_a_list_of_keys_tells_them_apart_without_giving_them_away(marketplace: Marketplace) -> None:
    first, second = await create_key(marketplace.id, "first"), await create_key(marketplace.id, "second")
    await revoke_key(marketplace.id, first.id)

    listed = await list_keys(marketplace.id)

    assert [(shown.name, shown.hint, shown.revoked_at is None) for shown in listed] == [
        ("second", second.key[:12], True),
        ("first", first.key[:12], False),
    ]
    assert listed[1].revoked_at is not None
    assert listed[1].revoked_at <= now()


async def test_an_unknown_scope_and_a_nameless_key_are_refused(marketplace: Marketplace) -> None:
    with pytest.raises(InvalidInput, match="everything"):
        await create_key(marketplace.id, "a", ("everything",))
    with pytest.raises(InvalidInput, match="name"):
        await create_key(marketplace.id, " ")
