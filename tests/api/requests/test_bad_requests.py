"""PRODUCT.md §7 at the API's door: a clear answer of the right status, as problem details, and nothing changed."""

import httpx
import pytest

from workflows.marketplaces.tenant import Marketplace

SETTINGS = "/api/v1/portal-settings"
ACCESS = "/api/v1/portal/access-links"


def is_problem(answer: httpx.Response, status: int) -> bool:
    body = answer.json()
    return (
        answer.status_code == status
        and answer.headers["Content-Type"] == "application/problem+json"
        and body["status"] == status
        and body["type"].startswith("urn:gatehouse:problem:")
        and body["request_id"] == answer.headers["X-Request-ID"]
    )


async def test_a_body_that_is_not_json_is_refused(api: httpx.AsyncClient, key: dict[str, str]) -> None:
    headers = {**key, "Content-Type": "application/json"}
    for body in (b"{", b"email_button=true", b"\xff\xfe", b"{'a': 1}", b'{"social_links": ["\xff"]}', b"   "):
        answer = await api.patch(SETTINGS, headers=headers, content=body)

        assert is_problem(answer, 400), (body[:20], answer.text)


async def test_a_body_that_is_no_object_is_refused(api: httpx.AsyncClient, key: dict[str, str]) -> None:
    for body in ([], "text", 7, None, True):
        answer = await api.patch(SETTINGS, headers=key, json=body)

        assert is_problem(answer, 422), body


async def test_a_missing_body_is_refused(api: httpx.AsyncClient, key: dict[str, str]) -> None:
    answer = await api.patch(SETTINGS, headers=key)

    assert is_problem(answer, 422)
    assert answer.json()["detail"] == "The body is empty; a JSON object is expected."


async def test_a_parameter_that_breaks_its_rule_is_named_in_the_sentence(
    api: httpx.AsyncClient, key: dict[str, str]
) -> None:
    answer = await api.get("/api/v1/subscriptions?limit=0&started_from=soon", headers=key)

    assert is_problem(answer, 422)
    assert "limit: " in answer.json()["detail"]
    assert [one["field"] for one in answer.json()["errors"]] == [
        sentence.split(": ")[0] for sentence in answer.json()["detail"].split("; ")
    ]


async def test_a_query_that_breaks_its_rule_is_told_by_its_name(api: httpx.AsyncClient, key: dict[str, str]) -> None:
    states = "must be one of active, cancelled, completed, failed_charge."
    for name, value, rule in (("limit", 0, "Expected int >= 1."), ("state", "gone", states)):
        answer = await api.get("/api/v1/subscriptions", params={name: value}, headers=key)

        assert is_problem(answer, 422)
        assert answer.json()["errors"] == [{"field": name, "rule": rule}]
        assert answer.json()["detail"] == f"{name}: {rule}"


async def test_depth_without_end_is_refused(api: httpx.AsyncClient, key: dict[str, str]) -> None:
    headers = {**key, "Content-Type": "application/json"}
    for body in (b"[" * 30_000, b'{"social_links": ' + b"[" * 30_000, b'{"x": ' + b"[" * 30_000):
        answer = await api.patch(SETTINGS, headers=headers, content=body)

        assert is_problem(answer, answer.status_code)
        assert answer.status_code in (400, 422)


async def test_another_media_type_is_refused(api: httpx.AsyncClient, key: dict[str, str]) -> None:
    for media_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/xml", ""):
        answer = await api.patch(SETTINGS, headers={**key, "Content-Type": media_type}, content=b"{}")

        assert is_problem(answer, 415), media_type


async def test_a_character_set_beside_json_is_fine(api: httpx.AsyncClient, key: dict[str, str]) -> None:
    answer = await api.patch(
        SETTINGS, headers={**key, "Content-Type": "application/json; charset=utf-8"}, content=b"{}"
    )

    assert answer.status_code == 200


async def test_an_oversized_body_is_refused_whether_or_not_it_says_so(
    api: httpx.AsyncClient, key: dict[str, str]
) -> None:
    async def in_pieces():
        for _ in range(100):
            yield b" " * 1024

    said = await api.patch(SETTINGS, headers={**key, "Content-Type": "application/json"}, content=b" " * 70_000)
    unsaid = await api.patch(SETTINGS, headers={**key, "Content-Type": "application/json"}, content=in_pieces())

    assert is_problem(said, 413)
    assert is_problem(unsaid, 413)


async def test_the_character_that_the_database_cannot_hold_is_refused(
    api: httpx.AsyncClient, key: dict[str, str]
) -> None:
    answer = await api.patch("/api/v1/marketplace", headers=key, json={"name": "a\0b"})

    assert is_problem(answer, 422)


async def test_an_unknown_path_and_a_wrong_method_are_problems_too(api: httpx.AsyncClient, key: dict[str, str]) -> None:
    assert is_problem(await api.get("/api/v1/nothing", headers=key), 404)
    assert is_problem(await api.get("/api/v2/portal-settings", headers=key), 404)
    assert is_problem(await api.post(SETTINGS, headers=key, json={}), 405)


async def test_people_get_a_page_where_programs_get_a_problem(api: httpx.AsyncClient) -> None:
    answer = await api.get("/nothing-here")

    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")


async def test_numbers_that_are_none_are_not_there(api: httpx.AsyncClient, key: dict[str, str]) -> None:
    for number in ("0", "-1", "1.5", "abc", "9" * 30, "1%00", "%27", "1e3", "٤"):
        answer = await api.get(f"/api/v1/subscriptions/{number}", headers=key)

        assert is_problem(answer, 404), number


async def test_a_sane_request_id_is_kept_and_any_other_replaced(api: httpx.AsyncClient) -> None:
    kept = await api.get("/health/live", headers={"X-Request-ID": "checkout-2026.0001"})
    replaced = [
        await api.get("/health/live", headers={"X-Request-ID": bad})
        for bad in ("short", "x" * 65, "with space in it", 'quo"ted-and-longer', "")
    ]

    assert kept.headers["X-Request-ID"] == "checkout-2026.0001"
    assert all(len(answer.headers["X-Request-ID"]) == 32 for answer in replaced)


async def test_the_answers_of_the_api_are_for_their_caller_alone(api: httpx.AsyncClient, key: dict[str, str]) -> None:
    answer = await api.get(SETTINGS, headers=key)

    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.usefixtures("api")
async def test_an_unexpected_error_tells_its_request_id_and_nothing_else(
    api: httpx.AsyncClient, marketplace: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.portal.access.find_marketplace", lambda _: 1 / 0)

    answer = await api.post(ACCESS, json={"marketplace": marketplace.slug, "email": "jane@example.com"})

    assert is_problem(answer, 500)
    assert "division" not in answer.text
    assert "Traceback" not in answer.text
