"""The supervisor with real processes: masters that fork workers, signals, kill -9."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from cli.programs import Program
from cli.supervisor import Supervisor
from tests.cli.observed import all_gone, eventually, is_alive

Start = Callable[..., subprocess.Popen[str]]


def family(folder: Path, name: str) -> list[int]:
    """The numbers of a family's master and workers, as soon as it has told them."""
    file = folder / f"{name}.pids"
    assert eventually(file.exists), f"{name} did not start"
    return [int(word) for word in file.read_text().split()]


def wait_for_line(supervisor: subprocess.Popen[str], words: str) -> str:
    assert supervisor.stdout is not None
    for line in supervisor.stdout:
        if words in line:
            return line
    pytest.fail(f"the supervisor ended without saying {words!r}")


def warden_of(supervisor: subprocess.Popen[str]) -> int:
    """The number of the supervisor's warden."""
    children = psutil.Process(supervisor.pid).children()
    (warden,) = (child for child in children if any(word.endswith("warden.py") for word in child.cmdline()))
    return warden.pid


@pytest.fixture
def supervise(run_python: Start, tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    def start(*words: str) -> subprocess.Popen[str]:
        return run_python("-m", "tests.cli.supervise", tmp_path, *words)

    return start


def test_a_program_that_dies_is_started_again(supervise: Start, tmp_path: Path) -> None:
    supervisor = supervise("api")
    first = family(tmp_path, "api")
    (tmp_path / "api.pids").unlink()

    os.kill(first[0], signal.SIGKILL)

    assert "starting it again" in wait_for_line(supervisor, "api ended")
    second = family(tmp_path, "api")
    assert second[0] != first[0]
    assert is_alive(second[0])


def test_workers_of_a_dead_master_do_not_run_beside_the_new_ones(supervise: Start, tmp_path: Path) -> None:
    supervise("worker")
    first = family(tmp_path, "worker")
    (tmp_path / "worker.pids").unlink()

    os.kill(first[0], signal.SIGKILL)

    assert family(tmp_path, "worker") != first
    assert all_gone(first)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_programs_and_their_workers(supervise: Start, tmp_path: Path, number: signal.Signals) -> None:
    supervisor = supervise("api", "worker")
    pids = family(tmp_path, "api") + family(tmp_path, "worker")

    supervisor.send_signal(number)

    assert supervisor.wait(5) == 0
    assert all_gone(pids, within=1)


def test_a_second_ctrl_c_does_not_wait_for_the_deaf(supervise: Start, tmp_path: Path) -> None:
    supervisor = supervise("worker", "--deaf")
    pids = family(tmp_path, "worker")

    supervisor.send_signal(signal.SIGINT)
    assert eventually((tmp_path / "worker.asked").exists)
    assert supervisor.poll() is None
    supervisor.send_signal(signal.SIGINT)

    assert supervisor.wait(3) == 0
    assert all_gone(pids, within=1)


@pytest.mark.parametrize("option", [[], ["--deaf"]], ids=["obedient", "deaf"])
def test_kill_9_leaves_nothing_behind(supervise: Start, tmp_path: Path, option: list[str]) -> None:
    supervisor = supervise("api", "worker", *option)
    pids = family(tmp_path, "api") + family(tmp_path, "worker")
    descendants = [child.pid for child in psutil.Process(supervisor.pid).children(recursive=True)]
    assert set(pids) <= set(descendants)

    supervisor.kill()
    supervisor.wait()

    assert all_gone(descendants), "the warden itself included"


def test_kill_9_leaves_nothing_behind_though_the_warden_had_been_killed(supervise: Start, tmp_path: Path) -> None:
    supervisor = supervise("api", "worker")
    first, workers = family(tmp_path, "api"), family(tmp_path, "worker")
    warden = warden_of(supervisor)
    os.kill(warden, signal.SIGKILL)
    assert all_gone([warden])
    (tmp_path / "api.pids").unlink()
    os.kill(first[0], signal.SIGKILL)
    second = family(tmp_path, "api")  # the supervisor, that has started it again, has looked for its warden before

    supervisor.kill()
    supervisor.wait()

    assert all_gone([*first, *second, *workers])


def test_the_pause_grows_while_a_program_keeps_dying(tmp_path: Path) -> None:
    lines: list[str] = []
    dying = Program("api", [sys.executable, "-c", "print('no settings'); exit(1)"], os.environ, tmp_path / "log")

    with Supervisor(lines.append) as supervisor:
        supervisor.keep(dying)
        supervisor.watch(lambda: len(lines) >= 6)

    assert lines[::2] == [f"api ended; starting it again in {pause} s" for pause in ("0.2", "0.4", "0.8")]
    assert "no settings" in lines[1]


def test_a_step_runs_to_its_end_and_tells_its_status() -> None:
    with Supervisor(print) as supervisor:
        status = supervisor.run_to_end(Program("load", [sys.executable, "-c", "exit(3)"], os.environ))

    assert status == 3


def test_servers_are_started_again_and_end_last() -> None:
    events: list[str] = []

    class Server:
        name = "PostgreSQL"
        pid: int | None = None

        def start(self) -> None:
            events.append("server starts")
            self.pid = 4711

        def stop(self) -> None:
            events.append("server stops")

    server = Server()
    client = Program("api", [sys.executable, "-c", "import time; time.sleep(60)"], os.environ)
    with Supervisor(events.append) as supervisor:
        supervisor.keep_server(server)
        supervisor.keep(client)
        server.pid = None
        supervisor.watch(lambda: server.pid is not None, within=None)
        process = client.process

    assert events == [
        "server starts",
        "PostgreSQL ended; starting it again in 0.2 s",
        "server starts",
        "server stops",
    ]
    assert process is not None
    assert process.poll() is not None
