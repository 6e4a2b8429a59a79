"""The process starts only where it is safe, and says how it is."""

import httpx


async def test_the_process_is_alive(api: httpx.AsyncClient) -> None:
    answer = await api.get("/health/live")

    assert answer.status_code == 200
    assert answer.json() == {"status": "alive"}
    assert answer.headers["X-Request-ID"]
