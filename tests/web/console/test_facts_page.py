"""The page of facts: what must hold, what was found, since when; for auditors and owners."""

from models.database import execute
from tests.web.browsing import Browser
from workflows.audit.invariants.check import check_invariants
from workflows.marketplaces.tenant import Marketplace


async def test_an_auditor_sees_that_all_holds_and_what_does_not(browser: Browser, marketplace: Marketplace) -> None:
    await browser.sign_in_staff(marketplace, "auditor")
    path = f"/console/{marketplace.slug}/facts"

    assert "Nothing was checked yet" in (await browser.get(path)).text
    await check_invariants(full=True)
    assert "All facts hold" in (await browser.get(path)).text

    await execute(
        "INSERT INTO fact_breach (marketplace_id, fact, about, entity, tells, opened_at, seen_at)"
        " SELECT $1, 'links_end', 'access_token', n, '<b>it</b> is issued ' || n, now(), now()"
        " FROM generate_series(1, 26) AS n",
        marketplace.id,
    )
    broken = (await browser.get(path)).text
    assert "26 things break a fact now" in broken
    assert "&lt;b&gt;it&lt;/b&gt; is issued 26" in broken
    assert "No: 26" in broken
    older = await browser.get(f"{path}?fact=links_end&state=open&after=nonsense")
    assert "is issued 26" in older.text, "a broken cursor begins anew"
    assert "Nothing of that kind" in (await browser.get(f"{path}?state=gone")).text
