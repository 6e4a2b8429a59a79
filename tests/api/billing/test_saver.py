"""The Subscription Saver by API: the same numbers and rules as its pages."""

import httpx

from tests.factories import a_subscription, an_open_case
from workflows.marketplaces.tenant import Marketplace

SAVER = "/api/v1/saver"


async def test_the_policy_is_read_and_set_and_two_editors_do_not_overwrite_each_other(
    api: httpx.AsyncClient, key: dict[str, str]
) -> None:
    seen = await api.get(f"{SAVER}/policy", headers=key)
    assert seen.json() == {"attempt_days": [1, 4, 8, 15], "end": "cancel", "version": 1}
    expecting = {**key, "If-Match": seen.headers["etag"]}

    first = await api.put(f"{SAVER}/policy", headers=expecting, json={"attempt_days": [1, 7], "end": "leave"})
    second = await api.put(f"{SAVER}/policy", headers=expecting, json={"attempt_days": [1, 2], "end": "leave"})

    assert (first.status_code, second.status_code) == (200, 412)
    assert second.json()["current"] == first.json() == {"attempt_days": [1, 7], "end": "leave", "version": 2}


async def test_a_policy_that_breaks_a_rule_is_refused_by_field(api: httpx.AsyncClient, key: dict[str, str]) -> None:
    for body, field in (
        ({"attempt_days": [1, 1], "end": "cancel"}, "attempt_days"),
        ({"attempt_days": [1, "4"], "end": "cancel"}, "attempt_days[1]"),
        ({"attempt_days": [1], "end": "explode"}, "end"),
        ({"attempt_days": [1]}, "end"),
        ({"attempt_days": [1], "end": "cancel", "version": 7}, "version"),
    ):
        answer = await api.put(f"{SAVER}/policy", headers=key, json=body)
        assert answer.status_code == 422, body
        assert [problem["field"] for problem in answer.json()["errors"]] == [field]


async def test_the_report_has_the_numbers_of_the_page(
    api: httpx.AsyncClient, key: dict[str, str], marketplace: Marketplace
) -> None:
    await an_open_case(await a_subscription(marketplace), state="recovered")

    report = (await api.get(f"{SAVER}/report", headers=key, params={"months": 2})).json()

    assert len(report["months"]) == 2
    assert report["total"]["recovered"] == 1
    assert report["total"]["recovered_revenue"] == [{"amount_minor": 1999, "currency": "USD"}]
    assert (await api.get(f"{SAVER}/report", headers=key, params={"months": 99})).status_code == 422
