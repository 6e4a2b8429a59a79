"""The process starts only where it is safe, and says how it is."""

import httpx
import pytest

from api.app import app
from api.operations.production import UnsafeDeployment
from models.database import DB, execute
from models.roles import PowerfulRole
from tests.api.conftest import a_client, running
from tests.conftest import FreshDatabase
from workflows.runtime.settings import SettingsInvalid, settings

pytestmark = pytest.mark.usefixtures("valkey_url")


PRODUCTION = {"ENVIRONMENT": "production", "MAILER": "smtp", "PUBLIC_URL": "https://portal.example"}


async def start(monkeypatch: pytest.MonkeyPatch, database_url: str, **environment: str) -> None:
    for name, value in {**environment, "DATABASE_URL": database_url}.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    async with running(app):
        pass


async def test_production_does_not_start_with_the_inbox_that_shows_every_link(
    fresh_database: FreshDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UnsafeDeployment, match="MAILER"):
        await start(monkeypatch, fresh_database.app_url, **{**PRODUCTION, "MAILER": "capture"})


async def test_production_does_not_start_without_https(
    fresh_database: FreshDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    for url in ("http://portal.example", "https://", "portal.example"):
        with pytest.raises(SettingsInvalid, match="PUBLIC_URL"):
            await start(monkeypatch, fresh_database.app_url, **{**PRODUCTION, "PUBLIC_URL": url})


async def test_production_starts_where_all_is_well(
    fresh_database: FreshDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    await start(monkeypatch, fresh_database.app_url, **PRODUCTION)

    assert DB.pool is None  # and leaves nothing open


async def test_it_does_not_start_as_a_role_that_could_rewrite_the_log(
    fresh_database: FreshDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    for url in (fresh_database.owner_url, fresh_database.superuser_url):
        with pytest.raises(PowerfulRole):
            await start(monkeypatch, url)
        assert DB.pool is None


async def test_it_is_alive_and_not_ready_before_anybody_does_the_work(api: httpx.AsyncClient) -> None:
    alive, ready = await api.get("/health/live"), await api.get("/health/ready")

    assert (alive.status_code, alive.json()) == (200, {"status": "alive"})
    assert (ready.status_code, ready.json()["status"]) == (503, "not ready")
    assert any("dispatcher" in reason for reason in ready.json()["reasons"])


async def test_it_is_ready_once_dispatcher_and_worker_live(api: httpx.AsyncClient) -> None:
    await execute("INSERT INTO heartbeat (process, kind) VALUES ('d1', 'dispatcher'), ('w1', 'worker')")

    ready, asked = await api.get("/health/ready"), await api.head("/health/ready")

    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    assert (asked.status_code, asked.content) == (200, b"")


async def test_metrics_count_the_work_by_route_and_never_by_path(api: httpx.AsyncClient) -> None:
    await api.get("/portal/some-shop/access/a-token-that-must-not-be-kept")
    await execute(
        "INSERT INTO outbox (queue, actor, status) VALUES ('links', 'link.request', 'waiting'), ('links', 'x', 'dead')"
    )

    answer = await api.get("/metrics")

    assert answer.status_code == 200
    assert answer.headers["content-type"].count("charset") == 1  # what says it twice, Prometheus does not read
    assert 'gatehouse_waiting_jobs{queue="links"} 1.0' in answer.text
    assert 'gatehouse_dead_jobs{queue="links"} 1.0' in answer.text
    assert "gatehouse_request_seconds_count" in answer.text
    assert "a-token-that-must-not-be-kept" not in answer.text


async def test_metrics_are_for_scrapers_inside(api: httpx.AsyncClient) -> None:
    async with a_client("8.8.8.8") as stranger:
        assert (await stranger.get("/metrics")).status_code == 404
    assert (await api.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"})).status_code == 404


async def test_the_log_names_routes_and_no_token(api: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    await api.get("/portal/some-shop/access/tokenTokentokenTokentokenTokentokenToken?q=secret")
    await api.get("/nowhere/tokenTokentokenTokentokenTokentokenToken")

    logged = [str(record.msg) for record in caplog.records if record.name.startswith("gatehouse")]

    assert len(logged) == 2
    assert "/portal/{slug}/access/{token}" in logged[0]
    assert not [line for line in logged if "tokenToken" in line or "secret" in line]
