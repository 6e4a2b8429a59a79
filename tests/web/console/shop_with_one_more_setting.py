"""What a marketplace with one more portal setting, `show_phone`, looks like from outside. Prints it as JSON.

Run by test_one_more_setting.py in a copy of the project that declares the setting, on a database with its column.
"""

import asyncio
import json
from typing import Any

from api.app import create_app
from models.database import fetch_row
from tests.api.conftest import running
from tests.factories import a_marketplace
from tests.web.browsing import Browser, form_of, text_of
from workflows.access.api_keys import create_key

_API = "/api/v1/portal-settings"


async def main() -> dict[str, Any]:
    """Switches the setting on by the page and off by the API; returns what each shows."""
    application = create_app()
    async with running(application), Browser(application) as browser:
        shop = await a_marketplace()
        key = {"Authorization": f"Bearer {(await create_key(shop.id, 'key')).key}"}
        await browser.sign_in_staff(shop)
        page = await browser.get(f"/console/{shop.slug}/apps/customer-portal")
        begins = (await browser.get(_API, headers=key)).json()
        saved = await browser.follow(await browser.submit(page, "Save Settings", show_phone="yes"))
        switched_on = (await browser.get(_API, headers=key)).json()
        refused = await browser.patch(_API, headers=key, json={"show_phone": "yes"})
        await browser.patch(_API, headers=key, json={"show_phone": False})
        again = await browser.get(f"/console/{shop.slug}/apps/customer-portal")
        logged = await fetch_row("SELECT before, after FROM change_log ORDER BY id DESC LIMIT 1")
        documented = (await browser.get("/schema/openapi.json")).json()
        assert logged is not None
        return {
            "page": text_of(page),
            "begins": begins["show_phone"],
            "told": text_of(saved),
            "switched_on": switched_on["show_phone"],
            "refused": refused.json()["errors"],
            "switched_off": "show_phone" not in form_of(again, "Save Settings").fields,
            "logged": dict(logged),
            "documented": documented["components"]["schemas"]["PortalSettings"]["properties"]["show_phone"],
        }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main())))
