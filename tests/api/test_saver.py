"""The Subscription Saver by API: the same numbers, rules and texts as its pages."""

import httpx

from tests.factories import a_staff_member, a_staff_session, a_subscription, an_open_case
from workflows.portal_views import Marketplace

SAVER = "/api/v1/saver"
TEXTS = {"subject": "About {{ product }}", "heading": "Hello", "body": "{{ amount }} is owed."}


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


async def test_texts_are_read_set_looked_at_and_reset(api: httpx.AsyncClient, key: dict[str, str]) -> None:
    path = f"{SAVER}/texts/failed_charge"
    default = (await api.get(path, headers=key)).json()
    assert (default["own"], default["version"]) == (False, 0)

    looked = await api.post(f"{path}/preview", headers=key, json=TEXTS, params={"case": "It was the last attempt"})
    refused = await api.put(path, headers=key, json=TEXTS | {"body": "{{ amuont }}"})
    put = await api.put(path, headers=key, json=TEXTS)
    deleted = await api.delete(path, headers=key)

    assert looked.json()["subject"] == "About Monthly box"
    assert "$19.99 is owed." in looked.json()["text"]
    assert [problem["field"] for problem in refused.json()["errors"]] == ["body"]
    assert (put.json()["own"], put.json()["version"]) == (True, 1)
    assert (deleted.json()["body"], deleted.json()["version"]) == (default["body"], 2)
    assert (await api.get(f"{SAVER}/texts/access_link", headers=key)).status_code == 404


async def test_a_test_email_needs_a_person(
    api: httpx.AsyncClient, key: dict[str, str], marketplace: Marketplace
) -> None:
    token, _ = await a_staff_session(marketplace, await a_staff_member(marketplace))
    path = f"{SAVER}/texts/final_notice/test"

    assert (await api.post(path, headers=key)).status_code == 403
    assert (await api.post(path, headers={"Authorization": f"Bearer {token}"})).status_code == 202
