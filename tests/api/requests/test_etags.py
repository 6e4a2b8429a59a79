"""Two editors of one thing: the second one is told, and overwrites nothing unknowingly."""

import asyncio
from typing import Any

import httpx
import pytest

from models.database import fetch
from workflows.marketplaces.tenant import Marketplace

Keys = dict[str, str]
# fmt: off
EDITED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "/api/v1/portal-settings": ({"self_cancellation": True}, {"email_button": False}),
    "/api/v1/marketplace":     ({"name": "Ada & Co"},        {"address": "1 Main Street"}),
}
# fmt: on


@pytest.mark.parametrize("path", EDITED)
async def test_the_second_of_two_editors_is_shown_what_the_first_one_did(
    api: httpx.AsyncClient, key: Keys, path: str
) -> None:
    seen = (await api.get(path, headers=key)).headers["ETag"]
    one, other = EDITED[path]

    first = await api.patch(path, json=one, headers={**key, "If-Match": seen})
    second = await api.patch(path, json=other, headers={**key, "If-Match": seen})

    now = await api.get(path, headers=key)
    assert (first.status_code, second.status_code) == (200, 412)
    assert first.headers["ETag"] == second.headers["ETag"] == now.headers["ETag"] != seen
    assert second.json()["code"] == "changed_meanwhile"
    assert second.json()["current"] == now.json() == first.json()
    again = await api.patch(path, json=other, headers={**key, "If-Match": second.headers["ETag"]})
    assert again.status_code == 200
    assert again.json().items() >= {**one, **other}.items()


async def test_of_ten_editors_at_once_one_gets_through(api: httpx.AsyncClient, key: Keys) -> None:
    path = "/api/v1/marketplace"
    headers = {**key, "If-Match": (await api.get(path, headers=key)).headers["ETag"]}

    answers = await asyncio.gather(*(api.patch(path, json={"name": f"Name {n}"}, headers=headers) for n in range(10)))

    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 9


@pytest.mark.parametrize("path", EDITED)
async def test_what_is_known_already_is_not_sent_again(api: httpx.AsyncClient, key: Keys, path: str) -> None:
    seen = (await api.get(path, headers=key)).headers["ETag"]

    for given in (seen, f"W/{seen}", f'"another", {seen}', "*"):
        same = await api.get(path, headers={**key, "If-None-Match": given})
        assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", seen), given
    assert (await api.get(path, headers={**key, "If-None-Match": '"another"'})).status_code == 200


async def test_a_tag_names_the_bytes_and_they_are_sent_as_they_are(api: httpx.AsyncClient, key: Keys) -> None:
    await api.patch("/api/v1/marketplace", json={"address": "x" * 500}, headers=key)  # long enough to be compressed

    answer = await api.get("/api/v1/marketplace", headers={**key, "Accept-Encoding": "gzip"})

    assert "Content-Encoding" not in answer.headers
    assert not answer.headers["ETag"].startswith("W/")


@pytest.mark.parametrize(
    ("given", "status"),
    [("*", 200), ('"wrong"', 412), ('W/"wrong"', 412), ("no tag", 422), ('"open', 422), ("", 412)],
)
async def test_if_match_is_read_as_the_standard_says(
    api: httpx.AsyncClient, key: Keys, given: str, status: int
) -> None:
    answer = await api.patch(
        "/api/v1/portal-settings", json={"email_button": False}, headers={**key, "If-Match": given}
    )

    assert answer.status_code == status, answer.text


async def test_a_weak_tag_of_the_present_version_matches_nothing(api: httpx.AsyncClient, key: Keys) -> None:
    seen = (await api.get("/api/v1/portal-settings", headers=key)).headers["ETag"]

    answer = await api.patch("/api/v1/portal-settings", json={}, headers={**key, "If-Match": f"W/{seen}"})

    assert answer.status_code == 412


async def test_each_change_is_written_down_with_what_was_and_what_is(
    api: httpx.AsyncClient, key: Keys, marketplace: Marketplace
) -> None:
    await api.patch("/api/v1/portal-settings", json={"self_cancellation": True, "email_button": True}, headers=key)
    await api.patch("/api/v1/marketplace", json={"name": "Ada & Co"}, headers=key)
    await api.patch("/api/v1/marketplace", json={"name": "Ada & Co"}, headers=key)
    await api.patch("/api/v1/marketplace", json={"currency": "wrong"}, headers=key)

    logged = await fetch("SELECT * FROM change_log WHERE marketplace_id = $1 ORDER BY id", marketplace.id)

    assert [(row["actor_kind"], row["subject"], row["act"], row["before"], row["after"]) for row in logged] == [
        ("api_key", "portal_settings", "changed", {"self_cancellation": False}, {"self_cancellation": True}),
        ("api_key", "marketplace", "changed", {"name": "Ada's Books"}, {"name": "Ada & Co"}),
    ]
