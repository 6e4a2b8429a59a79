"""The whole application over real servers, called in process: `api.get(...)` as a client at 127.0.0.1."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from litestar import Litestar

from api.app import app
from models.database import Record
from tests.conftest import FreshDatabase
from tests.factories import a_customer, a_marketplace, a_session
from workflows.access.api_keys import create_key
from workflows.marketplaces.tenant import Marketplace

BASE = "http://127.0.0.1:8000"


def a_client(address: str) -> httpx.AsyncClient:
    """A client that the application sees at `address`."""
    # Litestar's and httpx's types of an ASGI application differ in words only.
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False, client=(address, 4711))  # pyright: ignore[reportArgumentType]
    return httpx.AsyncClient(transport=transport, base_url=BASE)


@asynccontextmanager
async def running(served: Litestar) -> AsyncGenerator[None]:
    """Starts the application and stops it in one and the same task, as its server would: fixtures change theirs."""
    started, stop = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with served.lifespan():
            started.set()
            await stop.wait()

    life = asyncio.create_task(live())
    waits = asyncio.create_task(started.wait())
    await asyncio.wait({life, waits}, return_when=asyncio.FIRST_COMPLETED)
    waits.cancel()
    if life.done() and isinstance(kept := life.exception(), ExceptionGroup):
        raise kept.exceptions[0]  # what kept it from starting
    yield
    stop.set()
    await life


@pytest.fixture
async def api(fresh_database: FreshDatabase, valkey_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the running application."""
    async with running(app), a_client("127.0.0.1") as client:
        yield client


@pytest.fixture
async def marketplace(api: httpx.AsyncClient) -> Marketplace:
    return await a_marketplace()


@pytest.fixture
async def key(marketplace: Marketplace) -> dict[str, str]:
    """The headers of a key with all scopes."""
    made = await create_key(marketplace.id, "tests")
    return {"Authorization": f"Bearer {made.key}"}


@pytest.fixture
async def customer(marketplace: Marketplace) -> Record:
    return await a_customer(marketplace)


@pytest.fixture
async def session(marketplace: Marketplace, customer: Record) -> dict[str, str]:
    """The headers of the customer's live session."""
    token, _ = await a_session(marketplace, customer)
    return {"Authorization": f"Bearer {token}"}
