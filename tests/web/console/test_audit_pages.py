"""The auditor's pages: the log by filters, stories as sentences, life cycles drawn, who came to the door, who read."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from cli.audit_keys import make_key
from models.database import Record, fetch, fetch_row, fetch_value
from tests.factories import a_charge, a_link, a_marketplace, a_staff_member, a_subscription, an_open_case
from tests.web.browsing import Browser, text_of
from verifier.__main__ import main as verifier
from verifier.findings import PROVEN
from workflows.audit.proof.findings import record_finding
from workflows.audit.proof.seal import seal_all
from workflows.audit.review.daily_counts import count_transitions
from workflows.engine.actor import Actor
from workflows.engine.fire import Move, fire
from workflows.machines import MACHINES, SUBSCRIPTION
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.settings import settings


@pytest.fixture
async def auditor(browser: Browser, marketplace: Marketplace) -> Record:
    return await browser.sign_in_staff(marketplace, "auditor")


@pytest.fixture
def home(marketplace: Marketplace) -> str:
    return f"/console/{marketplace.slug}"


async def _cancelled(marketplace: Marketplace) -> Record:
    subscription = await a_subscription(marketplace)
    staff = Actor("staff", (await a_staff_member(marketplace, name="Sue Support"))["id"])
    await fire(SUBSCRIPTION, marketplace.id, subscription["id"], "cancel", Move(staff, "asked_by_phone"))
    return subscription


async def test_auditors_land_on_the_log_and_find_its_tabs(
    browser: Browser, marketplace: Marketplace, auditor: Record, home: str
) -> None:
    landed = await browser.get(home, follow_redirects=True)

    assert landed.url.path == f"{home}/audit"
    for tab in ("stories", "cycles", "seals", "access", "readings"):
        assert f'href="{home}/audit/{tab}"' in landed.text
        assert (await browser.get(f"{home}/audit/{tab}")).status_code == 200


async def test_bookmarks_below_audit_lead_into_the_console_with_their_filters(
    browser: Browser, marketplace: Marketplace, auditor: Record, home: str
) -> None:
    for path, leads_to in [
        (f"/audit/{marketplace.slug}", f"{home}/audit"),
        (f"/audit/{marketplace.slug}/cycles/charge?from=2026-01-01", f"{home}/audit/cycles/charge?from=2026-01-01"),
        ("/audit/..%2f..%2fevil/x", None),
    ]:
        answer = await browser.get(path)
        location = answer.headers.get("location", "")
        assert (answer.status_code, location) == (303, leads_to) if leads_to else not location.startswith("//")


async def test_what_is_filtered_stands_in_the_url_and_in_the_form(
    browser: Browser, marketplace: Marketplace, auditor: Record, home: str
) -> None:
    subscription = await _cancelled(marketplace)
    await a_charge(marketplace)

    found = await browser.get(f"{home}/audit", params={"machine": "subscription", "trigger": "cancel"})

    said = text_of(found)
    assert "cancel active → cancelled" in said
    assert "Sue Support" in said
    assert "asked by phone" in said
    assert "pending" not in re.sub(r"<select.*?</select>", "", found.text, flags=re.DOTALL)
    assert '<option value="subscription" selected>' in found.text
    assert f"{home}/audit/rows/subscription/{subscription['id']}/2" in found.text
    nothing = await browser.get(f"{home}/audit", params={"trigger": "dispute"})
    assert "Nothing fits." in text_of(nothing)


async def test_older_rows_are_a_link_further_with_the_same_filter(
    browser: Browser, marketplace: Marketplace, auditor: Record, home: str
) -> None:
    for _ in range(30):
        await a_link(marketplace)
    times = set[str]()

    page = await browser.get(f"{home}/audit", params={"actor_kind": "worker"})
    while True:
        times |= set(re.findall(r"/audit/rows/\w+/[0-9a-f-]+/\d+", page.text))
        older = re.search(r'rel="next" href="([^"]+)"', page.text)
        if older is None:
            break
        page = await browser.get(older[1].replace("&amp;", "&"))

    assert "Newest" in text_of(page)
    assert len(times) == await fetch_value("SELECT count(*) FROM transition_log WHERE actor_kind = 'worker'")


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("machine=spaceship", "There is no such life cycle."),
        ("entity=1%27%20OR%20TRUE", "Enter the id of a row"),
        ("from=2026-11-02&to=2026-11-01", "Lies before From"),
        ("to=99999-01-01", "Enter a day as YYYY-MM-DD"),
        (f"trigger={'x' * 5000}", "Too long"),
        ("after=nonsense", "This page link is broken"),
        ("actor_id=%00&actor_kind=staff", "Enter an id as the log shows it."),
    ],
)
async def test_a_filter_of_nonsense_is_told_beside_its_field(
    browser: Browser, marketplace: Marketplace, auditor: Record, home: str, query: str, says: str
) -> None:
    page = await browser.get(f"{home}/audit?{query}")

    assert page.status_code == 422
    assert says in text_of(page)
    field = "to" if "&to=" in query else query.partition("=")[0]
    assert f'id="{field}-error"' in page.text
    assert await fetch_value("SELECT count(*) FROM access_log WHERE outcome = 'read'") == 0


async def test_moves_are_counted_by_day_in_a_chart_beside_its_figures(
    browser: Browser, marketplace: Marketplace, auditor: Record, home: str
) -> None:
    await _cancelled(marketplace)
    await count_transitions()
    there = await fetch_value("SELECT count(*) FROM transition_log WHERE marketplace_id = $1", marketplace.id)

    page = await browser.get(f"{home}/audit")

    assert f'aria-label="Moves by day: {there}' in page.text
    assert f"{there} moves from" in text_of(page)
    assert 'class="chart"' not in (await browser.get(f"{home}/audit?actor_kind=clock&actor_id=schedule")).text


async def test_one_row_shows_its_hash_its_request_and_its_story(
    browser: Browser, marketplace: Marketplace, auditor: Record, home: str
) -> None:
    subscription = await _cancelled(marketplace)
    row = await fetch_row("SELECT * FROM transition_log WHERE trigger = 'cancel'")
    assert row is not None

    page = await browser.get(f"{home}/audit/rows/subscription/{subscription['id']}/2")

    for said in (row["hash"].hex(), row["previous_hash"].hex(), "active → cancelled", "asked by phone"):
        assert said in text_of(page)
    assert f"{home}/audit/subscriptions/{subscription['number']}" in page.text
    for path in (
        "subscription/nonsense/1",
        f"spaceship/{subscription['id']}/1",
        f"subscription/{subscription['id']}/x",
    ):
        assert (await browser.get(f"{home}/audit/rows/{path}")).status_code == 404


async def test_a_story_is_asked_for_by_number_or_by_address(
    browser: Browser, marketplace: Marketplace, auditor: Record, home: str
) -> None:
    subscription = await a_subscription(marketplace)
    customer = await fetch_row("SELECT * FROM customer WHERE id = $1", subscription["customer_id"])
    assert customer is not None
    elsewhere = await a_subscription(await a_marketplace(), number=4711)

    for asked, leads_to in [
        ({"subscription": str(subscription["number"])}, f"/audit/subscriptions/{subscription['number']}"),
        ({"customer": customer["email"].upper()}, f"/audit/customers/{customer['number']}"),
        ({"customer": str(customer["number"])}, f"/audit/customers/{customer['number']}"),
    ]:
        answer = await browser.get(f"{home}/audit/stories", params=asked)
        assert (answer.status_code, answer.headers["location"]) == (303, home + leads_to)
        assert (await browser.follow(answer)).status_code == 200
    for wrong in (
        {"subscription": str(elsewhere["number"])},
        {"subscription": "x\0"},
        {"customer": "nobody@example.com"},
    ):
        answer = await browser.get(f"{home}/audit/stories", params=wrong)
        assert answer.status_code == 422
        assert "There is no" in text_of(answer)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
async def test_each_life_cycle_is_drawn_with_every_arrow_and_state_as_a_link(
    browser: Browser, marketplace: Marketplace, auditor: Record, home: str, machine: object
) -> None:
    cycle = next(one for one in MACHINES if one is machine)
    await _cancelled(marketplace)
    await an_open_case(await a_subscription(marketplace, state="failed_charge"))
    await a_link(marketplace)
    await count_transitions()

    page = await browser.get(f"{home}/audit/cycles/{cycle.name}")

    drawn = re.search(r'<svg class="cycle".*?</svg>', page.text, re.DOTALL)
    assert drawn is not None
    root = ET.fromstring(drawn[0])  # noqa: S314 - our own
    arrows = {("" if rule.source == "(new)" else rule.source, rule.target) for rule in cycle.rules}
    assert len(list(root.iter("a"))) == len(arrows) + len(cycle.states)
    written = " ".join(text.text or "" for text in root.iter("text"))
    for rule in cycle.rules:
        assert rule.trigger.replace("_", " ") in written
    for link in root.iter("a"):
        assert (await browser.get(link.attrib["href"])).status_code == 200
    counted = await fetch_value("SELECT count(*) FROM transition_log WHERE machine = $1", cycle.name)
    now = sum(int(found.replace(",", "")) for found in re.findall(r"([0-9,]+) now", written))
    things = await fetch_value(f"SELECT count(*) FROM {cycle.name}")
    assert now == things
    assert sum(int(found) for found in re.findall(r'data-label="Moves" class="number">([0-9]+)<', page.text)) == counted


async def test_a_period_that_is_none_is_told_beside_its_day(
    browser: Browser, marketplace: Marketplace, auditor: Record, home: str
) -> None:
    page = await browser.get(f"{home}/audit/cycles/charge?from=soon")

    assert page.status_code == 422
    assert "Enter a day as YYYY-MM-DD" in text_of(page)
    assert (await browser.get(f"{home}/audit/cycles/spaceship")).status_code == 404


async def test_reading_the_log_is_written_down_with_its_filter_and_shown(
    browser: Browser, marketplace: Marketplace, auditor: Record, home: str
) -> None:
    assert "Nobody has read the log before you." in text_of(await browser.get(f"{home}/audit/readings"))
    await browser.get(f"{home}/audit", params={"machine": "charge", "trigger": "refund"})
    await browser.get(f"{home}/audit/cycles/charge")
    await browser.get(f"{home}/facts", params={"state": "open"})
    await browser.get(f"{home}/account")

    said = text_of(await browser.get(f"{home}/audit/readings"))

    assert "Sam Staff Log machine: charge , trigger: refund" in said
    assert "Sam Staff Cycles machine: charge" in said
    assert "Sam Staff Facts state: open" in said
    readers = await fetch_value("SELECT array_agg(DISTINCT actor_id) FROM access_log WHERE outcome = 'read'")
    assert readers == [str(auditor["id"])]


async def test_what_was_read_cannot_be_hidden_behind_other_things_in_the_address(
    browser: Browser, marketplace: Marketplace, auditor: Record, home: str
) -> None:
    subscription, decoy = await a_subscription(marketplace), await a_subscription(marketplace)
    many = "".join(f"x{number}=jane@example.com&" for number in range(30))
    await browser.get(f"{home}/audit?{many}page=account&entity={subscription['id']}&entity={decoy['id']}")
    await browser.get(f"{home}/audit/rows/subscription/{subscription['id']}/1?entity={decoy['id']}&machine=x&page=x")
    await browser.get(f"{home}/audit/rows/subscription/{subscription['id']}/000000000001{'9' * 11}")

    rows = await fetch("SELECT details FROM access_log WHERE outcome = 'read' ORDER BY id")

    assert [row["details"] for row in rows] == [
        {"page": "log", "entity": str(subscription["id"])},
        {"page": "log", "machine": "subscription", "entity": str(subscription["id"]), "seq": "1"},
    ]


async def test_seals_are_listed_with_their_roots_and_what_does_not_fit(
    browser: Browser,
    marketplace: Marketplace,
    auditor: Record,
    home: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "Nothing was sealed yet." in text_of(await browser.get(f"{home}/audit/seals"))
    await _cancelled(marketplace)
    make_key(tmp_path / "audit.key")
    monkeypatch.setenv("AUDIT_KEY_FILE", str(tmp_path / "audit.key"))
    settings.cache_clear()
    for _ in range(2):
        await seal_all({})
        await a_link(marketplace)
    await record_finding(marketplace.id, "published_ahead", 3, {})

    page = await browser.get(f"{home}/audit/seals")

    roots = await fetch("SELECT root FROM checkpoint ORDER BY number")
    assert len(roots) == 2
    assert all(row["root"].hex() in page.text for row in roots)
    assert "it was restored from before it." in text_of(page)
    assert (await browser.get(f"{home}/audit/seals?after=nonsense")).status_code == 422
    for form in ("csv", "ndjson"):
        assert f'href="{home}/audit/log.{form}"' in page.text
        answer = await browser.get(f"{home}/audit/log.{form}")
        saved_as = f'attachment; filename="log-{marketplace.slug}.{form}"'
        assert (answer.status_code, answer.headers["content-disposition"]) == (200, saved_as)
        (tmp_path / f"log.{form}").write_bytes(answer.content)
        assert verifier([str(tmp_path / f"log.{form}"), "--key", str(tmp_path / "audit.key.pub")]) == PROVEN


async def test_other_roles_neither_see_nor_reach_them(browser: Browser, marketplace: Marketplace, home: str) -> None:
    await browser.sign_in_staff(marketplace, "support")

    assert f"{home}/audit" not in (await browser.get(f"{home}/subscriptions")).text
    assert (await browser.get(f"{home}/audit")).status_code == 403
    assert (await browser.get(f"{home}/audit/log.csv")).status_code == 403
    assert (await browser.get(f"/audit/{marketplace.slug}", follow_redirects=True)).status_code == 403
