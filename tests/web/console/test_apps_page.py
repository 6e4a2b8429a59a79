"""Apps: the marketplace's apps, searchable, each with "Open App" (PRODUCT.md 3.1)."""

from tests.web.browsing import Browser, text_of
from workflows.marketplaces.tenant import Marketplace


async def test_the_apps_are_listed_in_the_navigation_and_found_by_a_search(
    browser: Browser, marketplace: Marketplace
) -> None:
    home = f"/console/{marketplace.slug}"
    await browser.sign_in_staff(marketplace)

    page = await browser.get(f"{home}/apps")
    found = await browser.get(f"{home}/apps", params={"search": " SAVER "})
    none = await browser.get(f"{home}/apps", params={"search": "<b>"})

    assert f'<a href="{home}/apps" aria-current="page">Apps</a>' in page.text
    for app, path in (("Customer Portal", "apps/customer-portal"), ("Subscription Saver", "saver")):
        assert app in text_of(page)
        assert f'href="{home}/{path}">Open App' in page.text
    assert "Subscription Saver" in text_of(found)
    assert "Customer Portal" not in text_of(found)
    assert "No app is called “<b>”" in text_of(none)
    assert "Show all apps" in text_of(none)


async def test_a_role_without_settings_is_told_so_and_led_on(browser: Browser, marketplace: Marketplace) -> None:
    await browser.sign_in_staff(marketplace, "support")

    answer = await browser.get(f"/console/{marketplace.slug}/apps")

    assert answer.status_code == 403
    assert "Your role does not allow this" in text_of(answer)
    assert "Apps" not in text_of(answer)
