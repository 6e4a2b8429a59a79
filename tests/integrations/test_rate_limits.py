"""Limits shared through Valkey, and held in memory while it is away."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cli.embedded import EmbeddedValkey
from integrations import rate_limits
from integrations.rate_limits import SharedLimiter, limiter
from workflows.runtime.settings import settings


@pytest.fixture
async def shared(valkey_url: str) -> AsyncIterator[SharedLimiter]:
    made = limiter(settings())
    yield made
    await made.close()


async def test_so_many_pass_and_the_next_one_waits_for_the_first_to_grow_old(shared: SharedLimiter) -> None:
    passed = [await shared.hit("requests", 3, 60, "192.0.2.1") for _ in range(3)]

    wait = await shared.hit("requests", 3, 60, "192.0.2.1")

    assert passed == [0, 0, 0]
    assert 58 <= wait <= 60


async def test_a_refused_request_does_not_prolong_the_wait(shared: SharedLimiter) -> None:
    await shared.hit("requests", 1, 60, "192.0.2.1")

    waits = [await shared.hit("requests", 1, 60, "192.0.2.1") for _ in range(50)]

    assert max(waits) <= 60
    assert min(waits) >= 58


async def test_once_the_wait_is_over_one_more_passes(shared: SharedLimiter) -> None:
    await shared.hit("requests", 1, 1, "192.0.2.1")
    wait = await shared.hit("requests", 1, 1, "192.0.2.1")

    await asyncio.sleep(wait)  # what Retry-After promised, and no more

    assert wait == 1
    assert await shared.hit("requests", 1, 1, "192.0.2.1") == 0


async def test_limits_and_callers_do_not_share_a_count(shared: SharedLimiter) -> None:
    await shared.hit("requests", 1, 60, "192.0.2.1")

    assert await shared.hit("redemptions", 1, 60, "192.0.2.1") == 0
    assert await shared.hit("requests", 1, 60, "192.0.2.2") == 0
    assert await shared.hit("requests", 1, 60, "2001:db8::/64") == 0
    assert await shared.hit("requests", 1, 60, "192.0.2.1") > 0


async def test_two_processes_count_together_and_never_let_more_through(valkey_url: str) -> None:
    one, other = SharedLimiter(valkey_url), SharedLimiter(valkey_url)

    answers = await asyncio.gather(*(each.hit("requests", 7, 60, "who") for _ in range(20) for each in (one, other)))

    assert answers.count(0) == 7
    await one.close()
    await other.close()


async def test_without_valkey_it_counts_in_memory() -> None:
    alone = SharedLimiter("")

    assert [await alone.hit("requests", 2, 60, "who") for _ in range(2)] == [0, 0]
    assert 58 <= await alone.hit("requests", 2, 60, "who") <= 60


async def test_when_valkey_dies_the_limit_holds_quickly_and_once_it_is_back_it_counts_there(
    server_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limits, "LOOKS_AGAIN_AFTER", 0.0)
    with EmbeddedValkey(server_folder / "dying-valkey", durable=False) as server:
        shared = SharedLimiter(server.url)
        assert await shared.hit("requests", 2, 60, "who") == 0
        server.stop()

        began = time.monotonic()
        without = [await shared.hit("requests", 2, 60, "who") for _ in range(3)]
        took = time.monotonic() - began

        assert [answer == 0 for answer in without] == [True, True, False]  # counted from nothing, and then held
        assert took < 3

        server.start()
        assert await shared.hit("requests", 1, 60, "somebody") == 0
        neighbour = SharedLimiter(server.url)
        assert await neighbour.hit("requests", 1, 60, "somebody") > 0  # what one counted, the other knows
        await neighbour.close()
        await shared.close()


async def test_a_valkey_that_accepts_and_never_answers_costs_half_a_second_once() -> None:
    async def never_answer(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    silent = await asyncio.start_server(never_answer, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    shared = SharedLimiter(f"redis://127.0.0.1:{port}/0")

    began = time.monotonic()
    first = await shared.hit("requests", 1, 60, "who")
    second = await shared.hit("requests", 1, 60, "who")
    took = time.monotonic() - began

    assert (first, second > 0) == (0, True)
    assert took < 2 * rate_limits.ANSWERS_WITHIN
    silent.close()
