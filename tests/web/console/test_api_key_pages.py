"""API keys in the console: made with scopes and shown once, listed with last use, revoked after a question."""

from models.database import fetch_row, fetch_value
from tests.web.browsing import Browser, text_of
from workflows.access.api_keys import authenticate, create_key, list_keys
from workflows.marketplaces.permissions import SCOPES
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.errors import NotSignedIn


async def test_a_key_is_made_with_the_scopes_that_were_ticked_and_shown_once(
    browser: Browser, marketplace: Marketplace
) -> None:
    home = f"/console/{marketplace.slug}"
    owner = await browser.sign_in_staff(marketplace)
    assert "No key yet" in text_of(await browser.get(f"{home}/api-keys"))

    form = await browser.get(f"{home}/api-keys/new")
    ticked = dict.fromkeys(SCOPES, "") | {"orders:write": "yes", "customers:write": "yes"}
    made = await browser.submit(form, "Make Key", name=" Checkout ", **ticked)

    key = made.text.partition('<code class="secret">')[2].partition("</code>")[0]
    assert (await authenticate(key)).scopes == ["customers:write", "orders:write"]
    assert "shown this once" in text_of(made)
    listed = await browser.get(f"{home}/api-keys")
    assert key not in listed.text
    assert "Checkout" in text_of(listed)
    assert f"{key[:12]}…" in text_of(listed)
    change = await fetch_row("SELECT * FROM change_log")
    assert change is not None
    assert (change["act"], change["actor_id"]) == ("made", str(owner["id"]))
    assert key not in str(dict(change))


async def test_the_same_form_sent_again_makes_no_second_key(browser: Browser, marketplace: Marketplace) -> None:
    await browser.sign_in_staff(marketplace)
    form = await browser.get(f"/console/{marketplace.slug}/api-keys/new")
    ticked = dict.fromkeys(SCOPES, "") | {"orders:write": "yes"}

    refused = await browser.submit(form, "Make Key", name="", **ticked)
    made = await browser.submit(form, "Make Key", name="Checkout", **ticked)
    reloaded = await browser.follow(await browser.submit(form, "Make Key", name="Checkout", **ticked))
    corrected = await browser.submit(form, "Make Key", name="Warehouse", **ticked)

    assert [refused.status_code, made.status_code, corrected.status_code] == [422, 200, 200]
    assert "“Checkout” is made already." in text_of(reloaded)
    assert sorted(key.name for key in await list_keys(marketplace.id)) == ["Checkout", "Warehouse"]


async def test_a_key_without_name_or_scope_is_refused_beside_its_field(
    browser: Browser, marketplace: Marketplace
) -> None:
    await browser.sign_in_staff(marketplace)
    form = await browser.get(f"/console/{marketplace.slug}/api-keys/new")
    nothing = dict.fromkeys(SCOPES, "")

    no_scope = await browser.submit(form, "Make Key", name="x", **nothing)
    neither = await browser.submit(form, "Make Key", name="", **nothing)
    no_name = await browser.submit(form, "Make Key", name=" ", **{**nothing, "orders:write": "yes"})

    assert (no_scope.status_code, no_name.status_code) == (422, 422)
    assert "Choose at least one" in text_of(no_scope)
    assert "It must have 1 to 120 characters." in text_of(no_name)
    assert all(reason in text_of(neither) for reason in ("Choose at least one", "It must have 1 to 120 characters."))
    assert await fetch_value("SELECT count(*) FROM api_key") == 0


async def test_a_key_is_revoked_after_a_question(browser: Browser, marketplace: Marketplace) -> None:
    home = f"/console/{marketplace.slug}"
    made = await create_key(marketplace.id, "Old shop")
    await browser.sign_in_staff(marketplace)

    question = await browser.get(f"{home}/api-keys/{made.id}/revoke")
    assert "Revoke the key “Old shop”?" in text_of(question)
    assert (await list_keys(marketplace.id))[0].revoked_at is None
    told = await browser.follow(await browser.submit(question, "Revoke"))

    assert "The key “Old shop” is revoked." in text_of(told)
    assert "Revoked" in text_of(told)
    try:
        await authenticate(made.key)
    except NotSignedIn:
        return
    raise AssertionError("a revoked key still works")
