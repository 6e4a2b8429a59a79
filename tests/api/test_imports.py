"""Imports from Stripe by API: begun, done by the job, watched, stopped."""

from collections.abc import Iterator

import httpx
import pytest

from models.database import execute, fetch
from tests.fakes.stripe.fake import FakeStripe
from tests.fakes.stripe.faults import Fault
from tests.workflows.importing.importing_stripe import Shop, a_shop, worked_off
from workflows.access.api_keys import create_key
from workflows.runtime.settings import settings

IMPORTS = "/api/v1/imports"
Keys = dict[str, str]


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeStripe]:
    with FakeStripe() as fake:
        yield fake


@pytest.fixture
async def shop(api: httpx.AsyncClient, fake: FakeStripe, monkeypatch: pytest.MonkeyPatch) -> Shop:
    fake.forget()
    monkeypatch.setenv("STRIPE_SECRET_KEY", fake.secret_key)
    monkeypatch.setenv("STRIPE_API_BASE", fake.url)
    settings.cache_clear()
    return await a_shop(fake)


@pytest.fixture
async def key(shop: Shop) -> Keys:
    """The headers of a key with all scopes."""
    return {"Authorization": f"Bearer {(await create_key(shop.marketplace.id, 'tests')).key}"}


async def test_an_import_is_begun_done_in_the_background_and_reported(
    api: httpx.AsyncClient, key: Keys, shop: Shop
) -> None:
    box = shop.subscriber()
    shop.billing.charge(shop.at_stripe(box)["customer"], 999)

    begun = await api.post(f"{IMPORTS}/stripe", json={}, headers=key)
    at_first = begun.json()
    steps = await worked_off()
    at_last = (await api.get(f"{IMPORTS}/{at_first['id']}", headers=key)).json()
    report = (await api.get(f"{IMPORTS}/{at_first['id']}/refused", headers=key)).json()

    assert (begun.status_code, at_first["step"], at_first["kinds"]) == (202, "read products", [])
    assert steps == 11
    assert (at_last["outcome"], at_last["still_charged_there"], at_last["trouble"]) == ("done", 1, None)
    assert (at_first["steps_done"], at_last["steps_done"]) == (0, at_last["steps"]) == (0, 11)
    assert [tally for tally in at_last["kinds"] if tally["kind"] in ("charges", "subscriptions")] == [
        {"kind": "subscriptions", "read": 1, "new": 0, "unchanged": 0, "refused": 1},
        {"kind": "charges", "read": 1, "new": 1, "unchanged": 0, "refused": 0},
    ]
    assert [line["reference"] for line in report["refused"]] == [box]
    assert report["after"] is None
    assert [row["act"] for row in await fetch("SELECT act FROM change_log WHERE subject LIKE 'import:%'")] == ["began"]
    assert (await api.get(IMPORTS, headers=key)).json() == [at_last]


async def test_one_at_a_time_and_the_same_request_begins_one(api: httpx.AsyncClient, key: Keys, shop: Shop) -> None:
    once = {**key, "Idempotency-Key": "one"}

    first = await api.post(f"{IMPORTS}/stripe", json={"dry_run": True}, headers=once)
    again = await api.post(f"{IMPORTS}/stripe", json={"dry_run": True}, headers=once)
    other = await api.post(f"{IMPORTS}/stripe", json={}, headers=key)
    stopped = await api.post(f"{IMPORTS}/{first.json()['id']}/stop", headers=key)
    after = await api.post(f"{IMPORTS}/stripe", json={}, headers=key)

    assert first.json() == again.json()
    assert (other.status_code, other.json()["code"]) == (409, "import_under_way")
    assert (stopped.status_code, stopped.json()["outcome"]) == (200, "stopped")
    assert after.status_code == 202


async def test_what_went_wrong_is_told_and_resumed(api: httpx.AsyncClient, key: Keys, shop: Shop) -> None:
    shop.fake.order(Fault.UNAUTHORIZED, "GET", "/v1/prices")
    run = (await api.post(f"{IMPORTS}/stripe", json={}, headers=key)).json()["id"]

    await worked_off()
    told = (await api.get(f"{IMPORTS}/{run}", headers=key)).json()
    await execute("UPDATE outbox SET status = 'dead' WHERE actor = 'import.step'")  # after hours
    resumed = await api.post(f"{IMPORTS}/{run}/resume", headers=key)
    await worked_off()

    assert told["trouble"].startswith("AccountRefused: Stripe refuses the key")
    assert resumed.status_code == 202
    assert (await api.get(f"{IMPORTS}/{run}", headers=key)).json()["outcome"] == "done"


async def test_no_import_where_what_comes_could_not_be_charged(api: httpx.AsyncClient, key: Keys, shop: Shop) -> None:
    await execute("UPDATE marketplace SET gateway = 'sandbox', sandbox = true WHERE id = $1", shop.marketplace.id)

    answer = await api.post(f"{IMPORTS}/stripe", json={}, headers=key)

    assert (answer.status_code, answer.json()["code"]) == (409, "import_refused")
    assert "is paid through sandbox" in answer.json()["detail"]
