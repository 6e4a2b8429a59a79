"""What the demo refuses before it starts anything, and what its processes are told."""

import os
import socket
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from cli import stack
from cli.embedded import DirectoryLock

Start = Callable[..., subprocess.Popen[str]]


def test_a_second_demo_on_the_same_data_is_refused(run_python: Start, tmp_path: Path) -> None:
    with DirectoryLock(tmp_path):
        second = run_python("-m", "cli", "demo", "--data", tmp_path)
        told, _ = second.communicate(timeout=30)

    assert second.returncode == 1
    assert f"in use by another Gatehouse (process {os.getpid()})" in told


def test_a_taken_port_is_named(run_python: Start, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = str(holder.getsockname()[1])
        refused = run_python("-m", "cli", "demo", "--data", tmp_path, "--port", port)
        told, _ = refused.communicate(timeout=30)

    assert refused.returncode == 1
    assert f"Port {port} is taken" in told
    assert "--port" in told


def test_half_given_servers_are_refused(run_python: Start, tmp_path: Path) -> None:
    refused = run_python(
        "-m", "cli", "demo", "--data", tmp_path, "--port", "18765", DATABASE_URL="postgresql://elsewhere/x"
    )
    told, _ = refused.communicate(timeout=30)

    assert refused.returncode == 1
    assert "OWNER_DATABASE_URL, REDIS_URL is missing" in told


def test_no_address_means_embedded_servers() -> None:
    assert stack.servers_from({"PATH": "/bin"}) is None


def test_processes_do_not_learn_the_owners_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OWNER_DATABASE_URL", "postgresql://gatehouse_owner@elsewhere/gatehouse")
    servers = {"DATABASE_URL": "a", "OWNER_DATABASE_URL": "b", "REDIS_URL": "c"}

    told = stack.environment(servers, port=8000, data=tmp_path)

    assert "OWNER_DATABASE_URL" not in told
    assert told["PUBLIC_URL"] == "http://127.0.0.1:8000"
    assert told["MAILER"] == "capture"


def test_the_secret_key_is_drawn_once_and_private(tmp_path: Path) -> None:
    file = tmp_path / "secret.key"

    key = stack.secret_key(file)

    assert len(key) >= 43, "256 bits in base64"
    assert stack.secret_key(file) == key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
