"""What must always hold, by API, in the console and in metrics: of the own marketplace, for auditors and owners."""

import httpx

from models.database import execute
from tests.factories import a_marketplace
from workflows.audit.invariants import INVARIANTS
from workflows.audit.invariants.check import check_invariants
from workflows.marketplaces.tenant import Marketplace

FACTS_PATH = "/api/v1/facts"


async def a_breach(shop: Marketplace, entity: str = "1", *, gone: bool = False) -> None:
    await execute(
        "INSERT INTO fact_breach (marketplace_id, fact, about, entity, tells, opened_at, seen_at, gone_at)"
        " VALUES ($1, 'links_end', 'access_token', $2, 'it is issued', now(), now(), CASE WHEN $3 THEN now() END)",
        shop.id,
        entity,
        gone,
    )


async def test_facts_and_breaches_are_listed_page_by_page_and_only_the_own_ones(
    api: httpx.AsyncClient, key: dict[str, str], marketplace: Marketplace
) -> None:
    await check_invariants(full=True)
    await a_breach(marketplace, "first", gone=True)
    await a_breach(marketplace, "second")
    await a_breach(await a_marketplace(), "theirs")

    facts = (await api.get(FACTS_PATH, headers=key)).json()["facts"]
    newest = (await api.get(f"{FACTS_PATH}/breaches?limit=1", headers=key)).json()
    older = (await api.get(f"{FACTS_PATH}/breaches?limit=1&after={newest['after']}", headers=key)).json()
    gone = (await api.get(f"{FACTS_PATH}/breaches?state=gone&fact=links_end", headers=key)).json()

    broken = {fact["name"]: fact["open_breaches"] for fact in facts if fact["open_breaches"]}
    assert broken == {"links_end": 1}
    assert all(fact["full_at"] for fact in facts)
    assert [one["entity"] for one in (*newest["breaches"], *older["breaches"])] == ["second", "first"]
    assert older["after"] is None
    assert [(one["entity"], one["says"][:7]) for one in gone["breaches"]] == [("first", "No link")]


async def test_a_broken_cursor_and_an_unknown_state_are_refused_by_name(
    api: httpx.AsyncClient, key: dict[str, str]
) -> None:
    for query, field in (
        ("after=nonsense", "after"),
        ("state=mended", "state"),
        ("fact=%00", "fact"),
        ("limit=0", "limit"),
    ):
        answer = await api.get(f"{FACTS_PATH}/breaches?{query}", headers=key)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


async def test_metrics_count_the_breaches_of_all_marketplaces(api: httpx.AsyncClient, marketplace: Marketplace) -> None:
    await a_breach(marketplace)
    await a_breach(await a_marketplace(), "2")

    before = (await api.get("/metrics")).text
    await check_invariants(full=True)
    after = (await api.get("/metrics")).text

    assert 'gatehouse_fact_breaches{fact="links_end"} 2.0' in before
    assert "gatehouse_facts_checked_timestamp_seconds 0.0" in before
    assert 'gatehouse_fact_breaches{fact="links_end"} 0.0' in after, "they are gone"
    assert "gatehouse_facts_checked_timestamp_seconds 0.0" not in after
    assert {f'fact="{fact.name}"' in after for fact in INVARIANTS} == {True}
