"""The whole application over real servers, called in process, as a browser at 127.0.0.1 would."""

from collections.abc import AsyncIterator

import pytest
from litestar import Litestar

from api.app import create_app
from models.database import Record
from tests.api.conftest import running
from tests.conftest import FreshDatabase
from tests.factories import a_customer, a_marketplace
from tests.web.browsing import Browser
from workflows.marketplaces.tenant import Marketplace


@pytest.fixture(scope="session")
def application() -> Litestar:
    """Made once: it reads its settings when it starts, which it does for each test."""
    return create_app()


@pytest.fixture
async def browser(application: Litestar, fresh_database: FreshDatabase, valkey_url: str) -> AsyncIterator[Browser]:
    """A browser with an empty cookie jar, at the running application."""
    async with running(application), Browser(application) as browser:
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
