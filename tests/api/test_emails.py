"""The e-mails by API: which there are, what they look like, and the texts of those to customers."""

import httpx

from tests.factories import a_staff_member, a_staff_session
from workflows.emails.templates.catalogue import CATALOGUE
from workflows.marketplaces.tenant import Marketplace

EMAILS = "/api/v1/emails"
TEXTS = {"subject": "About {{ product }}", "heading": "Hello", "body": "{{ amount }} is owed."}


async def test_every_email_is_listed_with_what_its_texts_can_name(
    api: httpx.AsyncClient, key: dict[str, str], marketplace: Marketplace
) -> None:
    await api.put(f"{EMAILS}/refund/texts", headers=key, json=TEXTS)
    await api.put(f"{EMAILS}/refund/texts", headers=key, json=TEXTS, params={"language": "fr"})

    listed = {email["template"]: email for email in (await api.get(EMAILS, headers=key)).json()}

    assert set(listed) == set(CATALOGUE)
    assert listed["refund"]["reworded"] == [None, "fr"]
    assert listed["refund"]["email_button"] is True
    assert listed["refund"]["variables"]["amount"].startswith("the amount")
    assert (listed["staff_more"]["can_be_reworded"], listed["staff_more"]["variables"]) == (False, {})
    assert (await api.get(f"{EMAILS}/refund", headers=key)).json() == listed["refund"]
    assert (await api.get(f"{EMAILS}/nonsense", headers=key)).status_code == 404


async def test_texts_are_read_set_looked_at_and_reset(api: httpx.AsyncClient, key: dict[str, str]) -> None:
    path = f"{EMAILS}/failed_charge"
    default = (await api.get(f"{path}/texts", headers=key)).json()
    assert (default["source"], default["version"], default["language"]) == ("default", 0, None)

    looked = await api.post(f"{path}/preview", headers=key, json=TEXTS, params={"case": "It was the last attempt"})
    refused = await api.put(f"{path}/texts", headers=key, json=TEXTS | {"body": "{{ amuont }}"})
    put = await api.put(f"{path}/texts", headers=key, json=TEXTS)
    saved = await api.get(f"{path}/preview", headers=key)
    deleted = await api.delete(f"{path}/texts", headers=key)

    assert looked.json()["subject"] == saved.json()["subject"] == "About Monthly box"
    assert "$19.99 is owed." in looked.json()["text"]
    assert [problem["field"] for problem in refused.json()["errors"]] == ["body"]
    assert (put.json()["source"], put.json()["version"], put.json()["preheader"]) == ("own", 1, "")
    assert (deleted.json()["body"], deleted.json()["version"]) == (default["body"], 2)
    assert (await api.get(f"{EMAILS}/staff_more/texts", headers=key)).status_code == 404


async def test_two_editors_of_one_language_do_not_overwrite_each_other(
    api: httpx.AsyncClient, key: dict[str, str]
) -> None:
    path = f"{EMAILS}/refund/texts"
    seen = await api.get(path, headers=key, params={"language": "es"})
    expecting = {**key, "If-Match": seen.headers["etag"]}

    first = await api.put(path, headers=expecting, json=TEXTS, params={"language": "es"})
    second = await api.put(path, headers=expecting, json=TEXTS | {"heading": "No"}, params={"language": "es"})

    assert (first.status_code, second.status_code) == (200, 412)
    assert second.json()["current"] == first.json()


async def test_what_there_is_not_is_refused_by_its_name(api: httpx.AsyncClient, key: dict[str, str]) -> None:
    for method, path, params in (
        ("GET", "refund/texts", {"language": "tlh"}),
        ("PUT", "refund/texts", {"language": "tlh"}),
        ("GET", "refund/preview", {"case": "no such case"}),
        ("POST", "refund/preview", {"case": "no such case"}),
    ):
        body = TEXTS if method in ("PUT", "POST") else None
        answer = await api.request(method, f"{EMAILS}/{path}", headers=key, params=params, json=body)
        assert answer.status_code == 422, (method, path)
        assert [problem["field"] for problem in answer.json()["errors"]] == list(params)


async def test_a_test_email_needs_a_person(
    api: httpx.AsyncClient, key: dict[str, str], marketplace: Marketplace
) -> None:
    token, _ = await a_staff_session(marketplace, await a_staff_member(marketplace))
    path = f"{EMAILS}/access_link/test"

    assert (await api.post(path, headers=key)).status_code == 403
    assert (await api.post(path, headers={"Authorization": f"Bearer {token}"})).status_code == 202
