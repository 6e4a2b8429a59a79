"""What SIGTERM and SIGINT do to workers, dispatchers and the API: work in progress is finished or given back."""

import asyncio
import signal
from collections.abc import Callable

import pytest

from cli.embedded import EmbeddedValkey
from tests.tasks.processes import Processes, Running, until
from tests.tasks.rows import none_left, row, rows_left, stage

Telling = Callable[[Running], None]


def tell_the_first_process(running: Running) -> None:
    running.process.send_signal(signal.SIGTERM)


def tell_the_whole_group(running: Running) -> None:
    """As systemd does unless KillMode says otherwise."""
    running.signal(signal.SIGTERM)


def interrupt_the_whole_group(running: Running) -> None:
    """As a terminal does for Ctrl-C."""
    running.signal(signal.SIGINT)


def tell_all_of_it_twice(running: Running) -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
        running.signal(number)
        running.process.send_signal(number)


WAYS = pytest.mark.parametrize(
    "tell", [tell_the_first_process, tell_the_whole_group, interrupt_the_whole_group, tell_all_of_it_twice]
)


async def begin_an_email(processes: Processes, worker: Running) -> int:
    """The id of a row whose job has begun and waits for the gate."""
    await processes.ready(worker, processes.dispatcher())
    (row_id,) = await stage("email.deliver")
    await until(lambda: processes.noted("begun") == [row_id])
    return row_id


@WAYS
async def test_a_worker_told_to_end_finishes_what_it_has_begun(processes: Processes, tell: Telling):
    worker = processes.worker("emails")
    row_id = await begin_an_email(processes, worker)

    tell(worker)
    await until(lambda: worker.said("worker ending"))
    processes.gate.touch()

    assert await worker.ended() == 0
    assert processes.noted("done") == [row_id]
    assert await rows_left() == 0


@WAYS
async def test_an_idle_worker_told_to_end_ends(processes: Processes, tell: Telling):
    worker = await processes.worker().ready()

    tell(worker)

    assert await worker.ended() == 0
    assert worker.said("worker ended")


async def test_a_run_that_does_not_end_in_time_is_given_back_and_costs_no_attempt(processes: Processes):
    worker = processes.worker("emails", end_within=0.2)
    row_id = await begin_an_email(processes, worker)

    tell_the_whole_group(worker)

    assert await worker.ended() == 0
    assert worker.said("job given back")
    given_back = await row(row_id)
    assert (given_back["lease"], given_back["attempts"]) == (None, 0)
    assert given_back["status"] != "running"


async def test_what_was_given_back_is_done_by_another_worker(processes: Processes):
    worker = processes.worker("emails", end_within=0.2)
    row_id = await begin_an_email(processes, worker)
    tell_the_whole_group(worker)
    await worker.ended()

    processes.gate.touch()
    await processes.worker("emails").ready()
    await until(none_left)

    assert processes.noted("begun") == [row_id, row_id]
    assert processes.noted("done") == [row_id]


async def test_a_worker_ends_and_gives_back_also_while_valkey_is_away(
    processes: Processes, mortal_valkey: EmbeddedValkey
):
    worker = processes.worker("emails", end_within=0.2, REDIS_URL=mortal_valkey.url)
    dispatcher = processes.dispatcher(REDIS_URL=mortal_valkey.url)
    await processes.ready(worker, dispatcher)
    (row_id,) = await stage("email.deliver")
    await until(lambda: processes.noted("begun") == [row_id])
    mortal_valkey.stop()

    tell_the_whole_group(worker)

    assert await worker.ended() == 0
    assert (await row(row_id))["lease"] is None


def test_a_worker_refuses_a_queue_that_there_is_not(processes: Processes):
    worker = processes.worker("letters")

    assert worker.process.wait(60) == 2
    assert worker.said("argument --queues: invalid choice: 'letters'")


@WAYS
async def test_a_dispatcher_told_to_end_ends(processes: Processes, tell: Telling):
    dispatcher = await processes.dispatcher().ready()

    tell(dispatcher)

    assert await dispatcher.ended() == 0
    assert dispatcher.said("dispatcher ended")


async def test_the_api_told_to_end_answers_the_request_it_is_reading(processes: Processes):
    api, port = processes.api()
    await until(lambda: api.said("Uvicorn running on"))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /api/v1/login-links HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{")
    await writer.drain()
    await until(lambda: api.said("Uvicorn running on"))

    tell_the_whole_group(api)
    await until(lambda: api.said("Shutting down"))
    writer.write(b"}")

    assert (await reader.readline()).startswith(b"HTTP/1.1 404")
    await api.ended()
    writer.close()
