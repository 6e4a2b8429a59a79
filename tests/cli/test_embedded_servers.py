"""PostgreSQL and Valkey from wheels: roles, reuse, crashes, and one holder for each directory."""

import json
import os
import signal
import stat
import subprocess
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
from redis.asyncio import Redis

from cli.embedded import DirectoryInUse, DirectoryLock, EmbeddedPostgres, EmbeddedValkey, ServerFailed
from tests.cli.observed import all_gone, eventually, is_alive

Start = Callable[..., subprocess.Popen[str]]


@asynccontextmanager
async def connected(url: str) -> AsyncGenerator["asyncpg.Connection[asyncpg.Record]", None]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(tmp_path_factory.mktemp("postgres"), durable=False) as server:
        yield server


async def test_the_server_is_postgresql_18_in_utc(postgres: EmbeddedPostgres) -> None:
    async with connected(postgres.app_url) as connection:
        assert connection.get_server_version().major == 18
        assert await connection.fetchval("SHOW timezone") == "UTC"
        assert await connection.fetchval("SHOW max_connections") == "200"


async def test_only_the_owner_owns_and_nobody_but_postgres_is_superuser(postgres: EmbeddedPostgres) -> None:
    async with connected(postgres.superuser_url) as connection:
        owner = await connection.fetchval("SELECT datdba::regrole::text FROM pg_database WHERE datname = 'gatehouse'")
        superusers = await connection.fetch("SELECT rolname FROM pg_roles WHERE rolsuper")

    assert owner == "gatehouse_owner"
    assert [row["rolname"] for row in superusers] == ["postgres"]


async def test_the_owner_may_make_tables_and_the_app_may_not(postgres: EmbeddedPostgres) -> None:
    async with connected(postgres.owner_url) as connection:
        await connection.execute("CREATE TABLE thing (id int)")
    async with connected(postgres.app_url) as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("CREATE TABLE other (id int)")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("SELECT * FROM thing")


async def test_a_wrong_password_is_refused(postgres: EmbeddedPostgres) -> None:
    password = postgres.app_url.split(":")[2].split("@")[0]
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(postgres.app_url.replace(password, "guessed"))


def test_passwords_are_kept_where_only_we_read_them(postgres: EmbeddedPostgres) -> None:
    file = postgres.directory / "passwords.json"

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(set(json.loads(file.read_text()).values())) == 4


@pytest.mark.skipif(os.geteuid() != 0, reason="only root drops to another user")
def test_the_server_does_not_run_as_root(postgres: EmbeddedPostgres) -> None:
    status = Path(f"/proc/{postgres.pid}/status").read_text()

    assert "\nUid:\t65534\t65534\t65534\t65534\n" in status
    assert "\nGid:\t65534\t65534\t65534\t65534\n" in status
    assert "\nGroups:\t \n" in status


def test_a_folder_that_nobody_may_enter_stays_closed(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)

    with EmbeddedPostgres(closed / "postgres", durable=False) as server:
        pointer = server.directory / "cluster.path"
        outside = Path(pointer.read_text()) if pointer.exists() else None

    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert outside is None or not outside.exists(), "what lay outside is removed"


async def test_a_second_start_finds_the_data_even_after_kill_9(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "postgres")
    with server:
        url, pid = server.owner_url, server.pid
        async with connected(url) as connection:
            await connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        assert eventually(lambda: server.pid is None)

        server.start()

        assert server.owner_url == url, "clients find it where it was"
        async with connected(url) as connection:
            assert await connection.fetchval("SELECT answer FROM kept") == 42
    server.discard()


async def test_a_stale_pid_file_with_a_living_number_does_not_hurt(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "postgres")
    with server:
        pass
    data = cluster_of(server) / "data"
    (data / "postmaster.pid").write_text(f"{os.getpid()}\n{data}\n0\n1\n\n127.0.0.1\n0\nready\n")

    with EmbeddedPostgres(tmp_path / "postgres") as again:
        async with connected(again.app_url) as connection:
            assert await connection.fetchval("SELECT 1") == 1
    server.discard()


def test_an_interrupted_initdb_is_done_again(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "postgres")
    with server:
        pass
    cluster = cluster_of(server)
    (cluster / "data" / "global" / "pg_control").unlink()
    (cluster / "data").rename(cluster / "unfinished")

    with server:
        assert server.pid is not None
    server.discard()


def test_a_server_that_cannot_start_shows_its_log(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "postgres")
    with server:
        pass
    (cluster_of(server) / "data" / "postgresql.conf").write_text("nonsense = maybe\n")

    with pytest.raises(ServerFailed, match="nonsense"):
        server.start()
    server.discard()


@pytest.mark.parametrize("kind", [EmbeddedPostgres, EmbeddedValkey])
def test_a_directory_has_one_holder(kind: type[EmbeddedPostgres] | type[EmbeddedValkey], tmp_path: Path) -> None:
    with DirectoryLock(tmp_path / "data"):
        with pytest.raises(DirectoryInUse, match=f"process {os.getpid()}"):
            DirectoryLock(tmp_path / "data").acquire()
        assert kind(tmp_path / "data").pid is None


def test_servers_die_with_a_killed_parent_and_their_directory_is_free_then(run_python: Start, tmp_path: Path) -> None:
    holder = run_python("-m", "tests.cli.serve", tmp_path)
    assert holder.stdout is not None
    pids: dict[str, int] = json.loads(holder.stdout.readline())
    assert all(is_alive(pid) for pid in pids.values())

    holder.kill()
    holder.wait()

    with EmbeddedPostgres(tmp_path / "postgres", durable=False), EmbeddedValkey(tmp_path / "valkey"):
        assert not any(is_alive(pid) for pid in pids.values()), "the lock is theirs to the end"
    assert all_gone(list(pids.values()))


async def test_valkey_keeps_its_data_when_it_is_durable(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path / "valkey") as server:
        async with Redis.from_url(server.url) as client:
            await client.set("name", "gatehouse")
    with EmbeddedValkey(tmp_path / "valkey") as server:
        async with Redis.from_url(server.url) as client:
            assert await client.get("name") == b"gatehouse"


async def test_valkey_is_started_again_where_it_was(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path / "valkey", durable=False) as server:
        url, pid = server.url, server.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        assert eventually(lambda: server.pid is None)

        server.start()

        assert server.url == url
        async with Redis.from_url(url) as client:
            assert await client.ping()


def test_valkeys_password_is_on_no_command_line(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path / "valkey", durable=False) as server:
        password = server.url.split("@")[0].split(":")[-1]
        assert password not in Path(f"/proc/{server.pid}/cmdline").read_text()


def cluster_of(server: EmbeddedPostgres) -> Path:
    pointer = server.directory / "cluster.path"
    return Path(pointer.read_text()) if pointer.exists() else server.directory / "cluster"
