"""Where events are sent, by API: made with a secret that is seen once, changed, rotated, tested, removed."""

import asyncio
import re
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from api.app import app
from integrations.webhooks import webhook_sender
from models.database import execute, fetch, fetch_row, fetch_value, single_connection
from tests.changes_made import changes_of
from tests.conftest import FreshDatabase
from tests.factories import a_marketplace
from tests.fakes.webhook_receiver import a_receiver
from tests.webhook_rows import an_endpoint, endpoint_now
from workflows.access.api_keys import create_key
from workflows.engine.actor import Actor
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.encryption import Encrypted
from workflows.runtime.keys import current_key_id
from workflows.runtime.settings import settings
from workflows.webhooks.deliver import deliver_webhook
from workflows.webhooks.endpoints import NewEndpoint, create_endpoint
from workflows.webhooks.housekeeping import purge_attempts, reencrypt_secrets
from workflows.webhooks.secrets import decrypt_secret, shown

ENDPOINTS = "/api/v1/webhook-endpoints"
PUBLIC = "https://93.184.215.14/webhooks"  # needs nobody to look it up


def problems_of(answer: httpx.Response) -> dict[str, str]:
    assert answer.status_code == 422, answer.text
    return {problem["field"]: problem["rule"] for problem in answer.json()["errors"]}


async def test_an_endpoint_is_made_and_its_secret_is_seen_once(
    api: httpx.AsyncClient, marketplace: Marketplace, key: dict[str, str]
) -> None:
    given = {
        "url": f" {PUBLIC} ",
        "description": "Accounts\n",
        "event_types": ["charge.failed", "subscription.created"],
    }

    answer = await api.post(ENDPOINTS, headers=key, json=given)

    assert answer.status_code == 201, answer.text
    secret, made = answer.json()["secret"], answer.json()["endpoint"]
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", secret)
    assert UUID(made["id"])
    assert made == {
        "id": made["id"],
        "url": PUBLIC,
        "description": "Accounts",
        "event_types": ["subscription.created", "charge.failed"],  # in the catalogue's order
        "state": "enabled",
        "disabled_by": None,
        "failing_since": None,
        "rotation_ends_at": None,
        "created_at": made["created_at"],
    }
    one, all_ = await api.get(f"{ENDPOINTS}/{made['id']}", headers=key), await api.get(ENDPOINTS, headers=key)
    assert (one.json(), all_.json()) == (made, [made])
    row = await fetch_row("SELECT * FROM webhook_endpoint")
    assert row is not None
    assert secret.removeprefix("whsec_") not in str(dict(row))
    assert shown(decrypt_secret(marketplace.id, Encrypted(row["sealed_secret"], row["key_id"]))) == secret


# fmt: off
REFUSED = {
    "http://93.184.215.14/":                 "must begin with https://.",
    "ftp://93.184.215.14/":                  "must begin with https://.",
    "javascript:alert(1)":                   "must begin with https://.",
    "//93.184.215.14/":                      "must begin with https://.",
    "shop":                                  "must begin with https://.",
    "":                                      "must have 1 to 2000 characters.",
    "https://a.example/" + "x" * 2000:       "must have 1 to 2000 characters.",
    "https://":                              "must name a host",
    "https:///hooks":                        "must name a host",
    "https://a.example:0/":                  "must name a host",
    "https://[fe80::1%25eth0]/":             "must name a host",
    "https://a.example:99999/":              "is not a URL",
    "https://[::1":                          "is not a URL",
    "https://me:secret@93.184.215.14/":      "must not contain a user name or password",
    "https://me@93.184.215.14/":             "must not contain a user name or password",
    "https://93.184.215.14/#part":           "must not contain a #fragment",
    "https://93.184.215.14/a b":             "must be a URL in plain ASCII",
    "https://93.184.215.14\\@127.0.0.1/":    "must be a URL in plain ASCII",
    "https://bücher.example/":               "must be a URL in plain ASCII",
    "https://127.0.0.1/":                    "must lead to a public address",
    "https://127.1/":                        "must lead to a public address",
    "https://2130706433/":                   "must lead to a public address",
    "https://0x7f000001/":                   "must lead to a public address",
    "https://localhost/":                    "must lead to a public address",
    "https://LOCALHOST.:8443/x":             "must lead to a public address",
    "https://[::1]/":                        "must lead to a public address",
    "https://[::ffff:127.0.0.1]/":           "must lead to a public address",
    "https://[64:ff9b::a9fe:a9fe]/":         "must lead to a public address",
    "https://169.254.169.254/latest/":       "must lead to a public address",
    "https://100.100.100.200/":              "must lead to a public address",
    "https://10.1.2.3/":                     "must lead to a public address",
    "https://192.168.0.1:5432/":             "must lead to a public address",
    "https://0.0.0.0/":                      "must lead to a public address",
    "https://nobody-has-this-name.invalid/": "must lead to a public address",
    "https://" + "a" * 70 + ".example/":     "must lead to a public address",
}
# fmt: on


@pytest.mark.usefixtures("marketplace")
async def test_a_url_to_inside_or_of_no_use_is_refused_with_the_reason(
    api: httpx.AsyncClient, key: dict[str, str]
) -> None:
    for url, reason in REFUSED.items():
        answer = await api.post(ENDPOINTS, headers=key, json={"url": url})

        problems = problems_of(answer)
        assert list(problems) == ["url"], url
        assert problems["url"].startswith(reason), (url, problems)
    assert await fetch_value("SELECT count(*) FROM webhook_endpoint") == 0


async def test_where_the_deployment_allows_it_an_endpoint_may_be_inside_and_plain(
    api: httpx.AsyncClient, key: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    allow_private(monkeypatch)

    inside = await api.post(ENDPOINTS, headers=key, json={"url": "http://127.0.0.1:9000/"})
    metadata = await api.post(ENDPOINTS, headers=key, json={"url": "http://169.254.169.254/"})

    assert inside.status_code == 201
    assert "url" in problems_of(metadata)


# fmt: off
OTHER_PROBLEMS: list[tuple[dict[str, Any], str, str]] = [
    ({"event_types": ["charge.exploded"]},           "event_types",    "there is no event type 'charge.exploded'."),
    ({"event_types": ["webhook.test"]},              "event_types",    "there is no event type 'webhook.test'."),
    ({"event_types": []},                            "event_types",    "must name at least one event type"),
    ({"event_types": "charge.failed"},               "event_types",    "Expected array | null, got str."),
    ({"event_types": [1]},                           "event_types[0]", "Expected str, got int."),
    ({"description": "x" * 201},                     "description",    "must have at most 200 characters."),
    ({"secret": "whsec_mine"},                       "secret",         "There is no such field to set."),
]
# fmt: on


@pytest.mark.parametrize(("given", "field", "rule"), OTHER_PROBLEMS)
async def test_other_fields_have_their_rules(
    api: httpx.AsyncClient, key: dict[str, str], given: dict[str, Any], field: str, rule: str
) -> None:
    problems = problems_of(await api.post(ENDPOINTS, headers=key, json={"url": PUBLIC, **given}))

    assert list(problems) == [field]
    assert problems[field].startswith(rule)


async def test_a_marketplace_has_at_most_twenty_however_many_ask_at_once(
    api: httpx.AsyncClient, marketplace: Marketplace, key: dict[str, str]
) -> None:
    for _ in range(17):
        await an_endpoint(marketplace)
    await an_endpoint(await a_marketplace())

    answers = await asyncio.gather(*(api.post(ENDPOINTS, headers=key, json={"url": PUBLIC}) for _ in range(6)))

    assert sorted(answer.status_code for answer in answers) == [201, 201, 201, 409, 409, 409]
    refused = next(answer.json() for answer in answers if answer.status_code == 409)
    assert (refused["code"], "remove one" in refused["detail"]) == ("too_many_endpoints", True)
    removed = (await api.get(ENDPOINTS, headers=key)).json()[0]["id"]
    await api.delete(f"{ENDPOINTS}/{removed}", headers=key)
    assert (await api.post(ENDPOINTS, headers=key, json={"url": PUBLIC})).status_code == 201


async def test_it_is_changed_field_by_field_and_every_change_is_written_down(
    api: httpx.AsyncClient, marketplace: Marketplace, key: dict[str, str]
) -> None:
    endpoint, _ = await an_endpoint(marketplace)
    one = f"{ENDPOINTS}/{endpoint['id']}"

    first = await api.patch(one, headers=key, json={"event_types": ["charge.failed"]})
    second = await api.patch(one, headers=key, json={"url": PUBLIC, "event_types": None, "description": "All"})
    refused = await api.patch(one, headers=key, json={"url": "https://127.0.0.1/", "description": "None"})

    assert (first.json()["url"], first.json()["event_types"]) == (endpoint["url"], ["charge.failed"])
    assert (second.json()["url"], second.json()["event_types"], second.json()["description"]) == (PUBLIC, None, "All")
    assert "url" in problems_of(refused)
    assert (await api.get(one, headers=key)).json() == second.json()
    changes = await changes_of(marketplace.id, f"webhook_endpoint:{endpoint['id']}")
    assert [(change.act, change.after) for change in changes] == [
        ("changed", {"url": PUBLIC, "event_types": None, "description": "All"}),
        ("changed", {"event_types": ["charge.failed"]}),
    ]


async def test_the_same_request_under_a_key_makes_one_endpoint_and_two_editors_do_not_overwrite_each_other(
    api: httpx.AsyncClient, key: dict[str, str]
) -> None:
    once = {**key, "Idempotency-Key": "endpoint-1"}

    made, again = [await api.post(ENDPOINTS, headers=once, json={"url": PUBLIC}) for _ in range(2)]
    one = f"{ENDPOINTS}/{made.json()['endpoint']['id']}"
    seen = (await api.get(one, headers=key)).headers["ETag"]
    first = await api.patch(one, headers={**key, "If-Match": seen}, json={"description": "first"})
    second = await api.patch(one, headers={**key, "If-Match": seen}, json={"description": "second"})

    assert (made.status_code, again.status_code, again.json()["code"]) == (201, 409, "answer_shown_once")
    assert (first.status_code, second.status_code) == (200, 412)
    assert (await api.get(ENDPOINTS, headers=key)).json() == [first.json()]


async def test_an_endpoint_whose_answer_was_lost_is_answered_with_again(marketplace: Marketplace) -> None:
    new, by, sender = NewEndpoint(url=PUBLIC), Actor("api_key", "1"), app.state.webhook_sender
    id_ = uuid4()

    first, second = [await create_endpoint(marketplace.id, new, by, sender, id_) for _ in range(2)]

    assert first == second
    assert await fetch_value("SELECT count(*) FROM webhook_endpoint") == 1


async def test_disabled_by_hand_it_is_enabled_again_and_has_forgotten_that_it_failed(
    api: httpx.AsyncClient, marketplace: Marketplace, key: dict[str, str]
) -> None:
    endpoint, _ = await an_endpoint(marketplace)
    one = f"{ENDPOINTS}/{endpoint['id']}"
    await execute("UPDATE webhook_endpoint SET failing_since = now()")

    disabled = (await api.patch(one, headers=key, json={"state": "disabled"})).json()
    again = (await api.patch(one, headers=key, json={"state": "disabled"})).json()
    enabled = (await api.patch(one, headers=key, json={"state": "enabled"})).json()

    assert (disabled["state"], disabled["disabled_by"], again) == ("disabled", "disable", disabled)
    assert (enabled["state"], enabled["disabled_by"], enabled["failing_since"]) == ("enabled", None, None)
    log = await fetch("SELECT trigger, actor_kind FROM transition_log WHERE machine = 'webhook_endpoint' ORDER BY seq")
    assert [tuple(row) for row in log][1:] == [("disable", "api_key"), ("enable", "api_key")]


async def test_a_rotated_secret_is_seen_once_and_written_down_without_itself(
    api: httpx.AsyncClient, marketplace: Marketplace, key: dict[str, str]
) -> None:
    endpoint, old = await an_endpoint(marketplace)

    answer = await api.post(f"{ENDPOINTS}/{endpoint['id']}/rotate-secret", headers=key)

    secret = answer.json()["secret"]
    assert secret != old
    assert answer.json()["endpoint"]["rotation_ends_at"] is not None
    row = await endpoint_now(endpoint)
    assert shown(decrypt_secret(marketplace.id, Encrypted(row["previous_secret"], row["previous_key_id"]))) == old
    (change,) = await changes_of(marketplace.id, f"webhook_endpoint:{endpoint['id']}")
    assert (change.act, change.before, change.after) == ("secret_rotated", {}, {})


async def test_a_removed_endpoint_is_gone_with_its_secrets(
    api: httpx.AsyncClient, marketplace: Marketplace, key: dict[str, str]
) -> None:
    endpoint, _ = await an_endpoint(marketplace)
    one = f"{ENDPOINTS}/{endpoint['id']}"
    await api.post(f"{one}/rotate-secret", headers=key)

    assert (await api.delete(one, headers=key)).status_code == 204

    assert (await api.get(ENDPOINTS, headers=key)).json() == []
    for answer in (
        await api.get(one, headers=key),
        await api.delete(one, headers=key),
        await api.patch(one, headers=key, json={"state": "enabled"}),
        await api.post(f"{one}/rotate-secret", headers=key),
        await api.post(f"{one}/test", headers=key),
    ):
        assert answer.status_code == 404
    row = await endpoint_now(endpoint)
    assert (row["state"], row["sealed_secret"], row["previous_secret"]) == ("removed", b"", None)


async def test_a_test_event_goes_to_that_endpoint_whatever_it_chose(
    api: httpx.AsyncClient, marketplace: Marketplace, key: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    allow_private(monkeypatch)
    await an_endpoint(marketplace)  # which is not told
    with a_receiver() as receiver:
        endpoint, secret = await an_endpoint(marketplace, receiver.url, event_types=["charge.failed"])

        answer = await api.post(f"{ENDPOINTS}/{endpoint['id']}/test", headers=key)
        await deliver_webhook(marketplace.id, UUID(answer.json()["id"]), app.state.webhook_sender)

        assert (answer.status_code, answer.json()["type"], answer.json()["state"]) == (202, "webhook.test", "pending")
        (event,) = receiver.verified(secret)
    assert isinstance(event, dict)
    assert (event["type"], event["data"]) == ("webhook.test", {"endpoint": str(endpoint["id"])})
    assert await fetch_value("SELECT count(*) FROM webhook_delivery") == 1


async def test_a_disabled_endpoint_is_sent_no_test(
    api: httpx.AsyncClient, marketplace: Marketplace, key: dict[str, str]
) -> None:
    endpoint, _ = await an_endpoint(marketplace)
    await api.patch(f"{ENDPOINTS}/{endpoint['id']}", headers=key, json={"state": "disabled"})

    answer = await api.post(f"{ENDPOINTS}/{endpoint['id']}/test", headers=key)

    assert (answer.status_code, answer.json()["detail"]) == (409, "The webhook endpoint is disabled.")


async def test_another_marketplaces_endpoint_is_not_there(api: httpx.AsyncClient, key: dict[str, str]) -> None:
    theirs, _ = await an_endpoint(await a_marketplace())
    before = await endpoint_now(theirs)

    for id_ in (str(theirs["id"]), str(uuid4()), "none", "0"):
        one = f"{ENDPOINTS}/{id_}"
        for answer in (
            await api.get(one, headers=key),
            await api.patch(one, headers=key, json={"state": "disabled"}),
            await api.delete(one, headers=key),
            await api.post(f"{one}/rotate-secret", headers=key),
            await api.post(f"{one}/test", headers=key),
        ):
            assert answer.status_code == 404, answer.request.url
    assert (await api.get(ENDPOINTS, headers=key)).json() == []
    assert await endpoint_now(theirs) == before


async def test_a_key_without_the_scope_sees_and_does_nothing(
    api: httpx.AsyncClient, marketplace: Marketplace, key: dict[str, str]
) -> None:
    other = await create_key(marketplace.id, "reads", ("subscriptions:read", "settings:write"))
    endpoint, _ = await an_endpoint(marketplace)
    headers = {"Authorization": f"Bearer {other.key}"}

    assert (await api.get(ENDPOINTS, headers=key)).status_code == 200
    for path in (
        ENDPOINTS,
        f"{ENDPOINTS}/{endpoint['id']}",
        "/api/v1/webhook-deliveries",
        "/api/v1/webhook-event-types",
    ):
        assert (await api.get(path, headers=headers)).status_code == 403
        assert (await api.get(path)).status_code == 401


async def test_the_types_are_listed_with_their_meaning(api: httpx.AsyncClient, key: dict[str, str]) -> None:
    listed = (await api.get("/api/v1/webhook-event-types", headers=key)).json()

    assert {"type": "charge.failed", "sent_when": "An attempt was declined; `decline_code` says why."} in listed


async def test_the_auditors_role_reads_deliveries_and_no_secret(
    fresh_database: FreshDatabase, marketplace: Marketplace
) -> None:
    await an_endpoint(marketplace)
    async with single_connection(fresh_database.auditor_url):
        assert await fetch_value("SELECT count(*) FROM webhook_delivery") == 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await fetch("SELECT * FROM webhook_endpoint")


async def test_every_night_old_answers_are_forgotten_and_secrets_sealed_by_the_key_of_today(
    marketplace: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint, secret = await an_endpoint(marketplace)
    assert endpoint["key_id"] == "test"
    monkeypatch.setenv("SECRET_KEY", f"2027:{'x' * 40},{settings().secret_key}")
    settings.cache_clear()
    assert current_key_id() == "2027"

    assert (await reencrypt_secrets(), await reencrypt_secrets(), await purge_attempts()) == (1, 0, 0)

    monkeypatch.setenv("SECRET_KEY", f"2027:{'x' * 40}")
    settings.cache_clear()
    row = await endpoint_now(endpoint)
    assert shown(decrypt_secret(marketplace.id, Encrypted(row["sealed_secret"], row["key_id"]))) == secret


def allow_private(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOW_PRIVATE_WEBHOOKS", "true")
    settings.cache_clear()
    app.state.webhook_sender = webhook_sender(settings())
