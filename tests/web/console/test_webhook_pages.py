"""Webhooks in the console: an endpoint's life from the empty page to its removal, and the log of what was sent."""

import re

import httpx
import pytest

from models.database import execute, fetch_row, fetch_value
from tests.factories import BY_WORKER
from tests.web.browsing import Browser, form_of, forms_of, text_of
from tests.webhook_rows import a_delivery, an_endpoint, endpoint_now
from workflows.engine.fire import fire
from workflows.machines import WEBHOOK_DELIVERY, WEBHOOK_ENDPOINT
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.encryption import Encrypted
from workflows.webhooks.secrets import decrypt_secret, shown

PUBLIC = "https://93.184.215.14/webhooks"  # needs nobody to look it up


@pytest.fixture
async def home(browser: Browser, marketplace: Marketplace) -> str:
    """The console's webhooks, an owner signed in."""
    await browser.sign_in_staff(marketplace)
    return f"/console/{marketplace.slug}/webhooks"


async def test_from_the_empty_page_to_a_secret_that_is_seen_once(
    browser: Browser, marketplace: Marketplace, home: str
) -> None:
    empty = await browser.get(home)
    assert "Add the address of your own system" in text_of(empty)
    assert f'<a class="button primary" href="{home}/new">Add an Endpoint</a>' in empty.text

    form = await browser.get(f"{home}/new")
    fields = {"url": PUBLIC, "description": "Accounts", "which": "some", "charge.failed": "yes"}
    fields_of = form_of(form, "Add Endpoint").fields
    kept = {name: fields_of[name] for name in ("form_token", "once")}
    made = await browser.send_form(form_of(form, "Add Endpoint").action, {**kept, **fields})

    assert made.status_code == 200
    (secret,) = re.findall(r"whsec_[A-Za-z0-9+/]{43}=", made.text)
    row = await fetch_row("SELECT * FROM webhook_endpoint")
    assert row is not None
    assert (row["url"], row["description"], row["event_types"]) == (PUBLIC, "Accounts", ["charge.failed"])
    assert shown(decrypt_secret(marketplace.id, Encrypted(row["sealed_secret"], row["key_id"]))) == secret
    for page in (await browser.get(home), await browser.get(f"{home}/{row['id']}")):
        assert "Accounts" in text_of(page)
        assert "Enabled" in text_of(page)
        assert secret not in page.text

    reloaded = await browser.send_form(form_of(form, "Add Endpoint").action, {**kept, **fields})
    assert "The endpoint is made already." in text_of(await browser.follow(reloaded))
    assert await fetch_value("SELECT count(*) FROM webhook_endpoint") == 1


async def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(browser: Browser, home: str) -> None:
    form = form_of(await browser.get(f"{home}/new"), "Add Endpoint")
    typed = {"url": "https://127.0.0.1/<hooks>", "description": "Mine", "which": "some"}

    answer = await browser.send_form(form.action, {"form_token": form.fields["form_token"], **typed})

    assert answer.status_code == 422
    assert 'id="url-error">It must be' in answer.text.replace("must lead to", "must be")
    assert 'id="event_types-error">must name at least one event type' in answer.text
    again = form_of(answer, "Add Endpoint").fields
    assert (again["url"], again["description"]) == (typed["url"], "Mine")
    assert await fetch_value("SELECT count(*) FROM webhook_endpoint") == 0


async def test_it_is_edited_switched_off_and_on_and_removed_after_a_question(
    browser: Browser, marketplace: Marketplace, home: str
) -> None:
    endpoint, _ = await an_endpoint(marketplace, event_types=["charge.failed", "charge.refunded"])
    one = f"{home}/{endpoint['id']}"
    form = await browser.get(f"{one}/edit")
    assert re.findall(r'name="([a-z_.]+)" value="yes" checked', form.text) == ["charge.failed", "charge.refunded"]
    carried = {name: form_of(form, "Save").fields[name] for name in ("form_token", "version")}

    edited = await browser.send_form(f"{one}/edit", {**carried, "url": PUBLIC, "which": "all"})
    page = await browser.follow(edited)
    assert "The endpoint is changed." in text_of(page)
    late = await browser.send_form(f"{one}/edit", {**carried, "url": PUBLIC, "which": "some", "charge.failed": "yes"})
    assert "It was changed meanwhile, and yours is not saved." in text_of(await browser.follow(late))
    off = await browser.follow(await browser.submit(page, "Disable"))
    assert "It was disabled by hand." in text_of(off)
    assert "Send Test Event" not in text_of(off)
    on = await browser.follow(await browser.submit(off, "Enable"))
    assert "Nothing is sent there" not in text_of(on)
    row = await endpoint_now(endpoint)
    assert (row["url"], row["event_types"], row["state"]) == (PUBLIC, None, "enabled")

    question = await browser.get(f"{one}/remove")
    assert "It cannot be brought back" in text_of(question)
    gone = await browser.follow(await browser.submit(question, "Remove"))
    assert "93.184.215.14 is removed." in text_of(gone)
    assert (await browser.get(one)).status_code == 404


async def test_a_new_secret_is_seen_once_and_says_how_long_the_old_one_is_good(
    browser: Browser, marketplace: Marketplace, home: str
) -> None:
    endpoint, old = await an_endpoint(marketplace)

    page = await browser.get(f"{home}/{endpoint['id']}")
    made = await browser.submit(page, "Make a New Secret")
    reloaded = await browser.follow(await browser.submit(page, "Make a New Secret"))

    assert "The new secret is made already." in text_of(reloaded)
    assert await fetch_value("SELECT count(*) FROM change_log WHERE act = 'secret_rotated'") == 1
    assert re.search(r"whsec_[A-Za-z0-9+/]{43}=", made.text)
    assert old not in made.text
    assert "the secret before it signs too" in text_of(made)
    assert "the one before signs too until" in text_of(await browser.get(f"{home}/{endpoint['id']}"))


async def test_why_an_endpoint_is_off_or_failing_is_said(browser: Browser, marketplace: Marketplace, home: str) -> None:
    pages: dict[str, httpx.Response] = {}
    for trigger in ("gone", "give_up"):
        endpoint, _ = await an_endpoint(marketplace)
        await fire(WEBHOOK_ENDPOINT, marketplace.id, endpoint["id"], trigger, BY_WORKER)
        pages[trigger] = await browser.get(f"{home}/{endpoint['id']}")
    failing, _ = await an_endpoint(marketplace)
    await execute("UPDATE webhook_endpoint SET failing_since = now() WHERE id = $1", failing["id"])

    assert "410 Gone" in text_of(pages["gone"])
    assert "For three days nothing that we sent got through." in text_of(pages["give_up"])
    assert "Nothing got through since" in text_of(await browser.get(f"{home}/{failing['id']}"))
    assert text_of(await browser.get(home)).count("Disabled") == 2


async def test_a_test_event_leads_to_what_becomes_of_it(browser: Browser, marketplace: Marketplace, home: str) -> None:
    endpoint, _ = await an_endpoint(marketplace)

    page = await browser.follow(await browser.submit(await browser.get(f"{home}/{endpoint['id']}"), "Send Test Event"))

    assert "webhook.test Waiting" in text_of(page)
    assert "The test event is on its way." in text_of(page)
    assert "Not tried yet." in text_of(page)


async def test_the_log_shows_each_delivery_and_sends_what_failed_again(
    browser: Browser, marketplace: Marketplace, home: str
) -> None:
    endpoint, _ = await an_endpoint(marketplace)
    delivery = await a_delivery(endpoint, attempts=1, tries=1)
    await execute(
        "INSERT INTO webhook_attempt (marketplace_id, delivery_id, number, at, duration_ms, status, answer)"
        " VALUES ($1, $2, 1, now(), 1234, 500, '<script>alert(1)</script>')",
        marketplace.id,
        delivery["id"],
    )
    await fire(WEBHOOK_DELIVERY, marketplace.id, delivery["id"], "give_up", BY_WORKER)
    one = f"{home}/{endpoint['id']}"

    log, none = await browser.get(one), await browser.get(f"{one}?state=delivered")
    full = await browser.get(f"{home}/deliveries/{delivery['id']}")

    assert "customer.updated" in text_of(log)
    assert "Nothing like that was sent." in text_of(none)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in full.text
    assert "1,234 ms" in text_of(full)
    assert f"evt_{delivery['event_id'].hex}" in text_of(full)
    assert '"täglich"' in text_of(full)
    again = await browser.follow(await browser.submit(log, "Resend"))
    assert "It is on its way again." in text_of(again)
    assert await fetch_value("SELECT state FROM webhook_delivery") == "pending"

    await fire(WEBHOOK_DELIVERY, marketplace.id, delivery["id"], "give_up", BY_WORKER)
    await fire(WEBHOOK_ENDPOINT, marketplace.id, endpoint["id"], "disable", BY_WORKER)
    assert not [form for form in forms_of(await browser.get(one)) if form.words.startswith("Resend")]
    refused = await browser.follow(await browser.submit(full, "Resend"))  # a page from before
    assert "Its endpoint is not enabled." in text_of(refused)
    assert not [form for form in forms_of(refused) if form.words.startswith("Resend")]
    await fire(WEBHOOK_ENDPOINT, marketplace.id, endpoint["id"], "remove", BY_WORKER)
    assert "An endpoint that was removed" in text_of(await browser.get(f"{home}/deliveries/{delivery['id']}"))


async def test_a_long_log_is_read_page_by_page(browser: Browser, marketplace: Marketplace, home: str) -> None:
    endpoint, _ = await an_endpoint(marketplace)
    made = [str((await a_delivery(endpoint))["id"]) for _ in range(53)]
    first = await browser.get(f"{home}/{endpoint['id']}?state=pending")

    (older,) = re.findall(r'href="([^"]+)">Older', first.text)
    second = await browser.get(older.replace("&amp;", "&"))

    def listed(page: httpx.Response) -> list[str]:
        return re.findall(r"deliveries/([0-9a-f-]+)\">", page.text)

    assert listed(first) + listed(second) == made[::-1]
    assert "Newest" in text_of(second)
    broken = await browser.get(f"{home}/{endpoint['id']}?after=nonsense&state=lost")
    assert listed(broken) == made[:2:-1]
