"""The whole application over real servers, called in process, as a browser at 127.0.0.1 would."""

from collections.abc import AsyncIterator

import pytest

from api.app import create_app
from models.database import Record
from tests.api.conftest import running
from tests.conftest import FreshDatabase
from tests.factories import a_customer, a_marketplace
from tests.web.browsing import Browser
from workflows.portal_views import Marketplace


@pytest.fixture
async def browser(fresh_database: FreshDatabase, valkey_url: str) -> AsyncIterator[Browser]:
    """A browser with an empty cookie jar."""
    app = create_app()
    async with running(app), Browser(app) as browser:
        yield browser


@pytest.fixture
async def other_browser(browser: Browser) -> AsyncIterator[Browser]:
    """Another one at the same application."""
    async with Browser(browser.application) as other:
        yield other


@pytest.fixture
async def marketplace(browser: Browser) -> Marketplace:
    return await a_marketplace(self_cancellation=True)


@pytest.fixture
async def customer(marketplace: Marketplace) -> Record:
    return await a_customer(marketplace)
