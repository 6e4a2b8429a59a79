"""The real thing for journeys: every process of a deployment on servers of their own, and Chromium in front of it."""

import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from playwright.async_api import Browser, async_playwright, expect

from cli import stack
from cli.embedded import EmbeddedPostgres, EmbeddedValkey
from cli.programs import Warden
from models.database import close_pool, open_pool
from tests.fakes.stripe.fake import FakeStripe
from tests.journeys.waiting import until
from tests.web.browsing import TEST_KEY

_CHROMIUM = "/usr/bin/chromium"
_FLAGS = [
    "--no-sandbox",  # as root; it opens our own pages only
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_PATIENCE = 20_000  # milliseconds; a busy machine is not a broken page
_NO_LIMITS = {  # all journeys come from one address; the limits have tests of their own
    "LINK_REQUESTS_PER_HOUR": "1000",
    "REDEMPTIONS_PER_MINUTE": "1000",
    "CARD_ATTEMPTS_PER_CLIENT_HOUR": "1000",
}


def pytest_collection_modifyitems(items: list[Any]) -> None:
    """schemathesis 4 and pytest 9 call the tests of all operations alike, and of tests called alike xdist runs one."""
    for item in items:
        operation = getattr(item, "operation_label", None)
        if operation is not None and operation not in item.nodeid:
            item._id = type(item.id).parse(f"{item.nodeid}[{operation}]")


@dataclass(frozen=True)
class Deployment:
    """Where everything runs."""

    url: str
    database_url: str
    logs: Path


@pytest.fixture(scope="session")
def stripe_account() -> Iterator[FakeStripe]:
    """What the deployment takes for Stripe. It tells of its events when a test asks it to."""
    with FakeStripe() as fake:
        yield fake


def stripe_settings(fake: FakeStripe) -> dict[str, str]:
    """The settings that name it."""
    return {
        "STRIPE_SECRET_KEY": fake.secret_key,
        "STRIPE_WEBHOOK_SECRETS": fake.webhook_secret,
        "STRIPE_API_BASE": fake.url,
    }


@pytest.fixture(scope="session")
async def deployment(
    postgres_server: EmbeddedPostgres, template_database: str, server_folder: Path, stripe_account: FakeStripe
) -> AsyncIterator[Deployment]:
    """API, dispatcher and workers, started as the demo starts them; up for all journeys."""
    await _make_database(postgres_server, template_database)
    with EmbeddedValkey(server_folder / "journeys-valkey", durable=False) as valkey:
        port = _free_port()
        servers = {"DATABASE_URL": postgres_server.url("gatehouse_app", "journeys"), "REDIS_URL": valkey.url}
        data = server_folder / "journeys"
        data.mkdir()
        environment = stack.environment(servers, port=port, data=data)
        environment |= {"SECRET_KEY": TEST_KEY, **_NO_LIMITS, **stripe_settings(stripe_account)}
        programs = stack.programs(environment, port=port, logs=data / "logs")
        warden = Warden()
        for program in programs:
            program.start(warden)
        try:
            deployment = Deployment(f"http://127.0.0.1:{port}", servers["DATABASE_URL"], data / "logs")
            await until(lambda: _is_ready(deployment.url), "the deployment to be ready", seconds=90)
            yield deployment
        finally:
            for program in programs:
                program.ask_to_end()
            for program in reversed(programs):
                if program.process is not None:
                    program.process.wait(timeout=20)
                program.clear(warden)
            warden.dismiss()


async def _make_database(server: EmbeddedPostgres, template: str) -> None:
    connection = await asyncpg.connect(server.url("postgres", "postgres"))
    try:
        await connection.execute(f"CREATE DATABASE journeys TEMPLATE {template} OWNER gatehouse_owner")
    finally:
        await connection.close()


async def _is_ready(url: str) -> bool:
    async with httpx.AsyncClient(trust_env=False) as client:
        try:
            return (await client.get(f"{url}/health/ready")).status_code == 200
        except httpx.TransportError:
            return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
async def shop_floor(deployment: Deployment) -> AsyncIterator[Deployment]:
    """This process's pool open on the deployment's database, for the factories."""
    await open_pool(deployment.database_url, min_size=1, max_size=2)
    yield deployment
    await close_pool()


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """One browser; each journey opens a context of its own in it."""
    expect.set_options(timeout=_PATIENCE)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=_CHROMIUM, args=_FLAGS)
        yield browser
        await browser.close()
