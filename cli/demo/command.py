"""`./gatehouse demo`: everything on this machine, in one foreground process.

PostgreSQL and Valkey (unless DATABASE_URL, OWNER_DATABASE_URL and REDIS_URL name others),
migrations, the demo marketplace, API, dispatcher and workers under one supervisor.
"""

import asyncio
import json
import os
import socket
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cli import stack
from cli.embedded import DirectoryInUse, DirectoryLock, EmbeddedPostgres, EmbeddedValkey, ServerFailed
from cli.paths import ROOT, as_typed
from cli.programs import Program
from cli.supervisor import Supervisor

READY_WITHIN = timedelta(seconds=60)
_DEFAULT_DATA = ROOT / ".data"

# A proxy of the environment cannot reach this machine's own address.
_directly = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class DemoFailed(Exception):
    """Raised when the demo cannot start; the message is for the person who started it."""


def demo(
    port: Annotated[int, typer.Option(help="The port on 127.0.0.1.", min=1, max=65535)] = 8000,
    data: Annotated[Path, typer.Option(help="Where everything is kept.")] = _DEFAULT_DATA,
) -> None:
    """Start everything on this machine with a demo marketplace; Ctrl-C ends it."""
    console = Console(highlight=False, soft_wrap=True)  # addresses and paths stay whole
    try:
        Demo(console, port, as_typed(data)).run()
    except KeyboardInterrupt:
        console.print("Ended.")
    except (DemoFailed, DirectoryInUse, ServerFailed, stack.SettingsMissing) as refusal:
        console.print(str(refusal), style="red", markup=False)
        raise typer.Exit(1) from None


class Demo:
    """One run of the demo on one data directory."""

    def __init__(self, console: Console, port: int, data: Path) -> None:
        self._console = console
        self._port = port
        self._data = data

    def run(self) -> None:
        """Start everything and stay until interrupted. Raises what `demo` tells the person."""
        with ExitStack() as held:
            held.enter_context(DirectoryLock(self._data))
            _refuse_if_taken(self._port)
            (self._data / "demo.json").unlink(missing_ok=True)  # written again when all is running
            supervisor = held.enter_context(Supervisor(self._say))
            servers = stack.servers_from(os.environ) or self._start_servers(supervisor)
            settings = stack.environment(servers, port=self._port, data=self._data)
            self._migrate(servers["OWNER_DATABASE_URL"])
            owner = {**settings, "OWNER_DATABASE_URL": servers["OWNER_DATABASE_URL"]}
            facts = self._load(supervisor, owner, "people")
            self._write_facts(facts)  # before /health/ready can answer 200
            self._start(supervisor, stack.programs(settings, port=self._port, logs=self._data / "logs"))
            self._show(facts)
            self._load(supervisor, owner, "purchases")
            self._await_documents(supervisor, settings)
            supervisor.watch()

    def _load(self, supervisor: Supervisor, environment: Mapping[str, str], part: str) -> dict[str, object]:
        """Load a part of the demo marketplace, or find it loaded, and return what demo.json tells of it."""
        output = self._data / "loaded.json"
        with self._console.status(f"Loading the demo's {part}"):
            _run_verb(supervisor, environment, "load-demo", "--part", part, "--output", str(output))
        facts: dict[str, object] = json.loads(output.read_text())
        output.unlink()
        self._say(f"the demo's {part} are loaded")
        return facts

    def _await_documents(self, supervisor: Supervisor, settings: Mapping[str, str]) -> None:
        """Wait for the PDFs. The demo runs on without them: they wait for an engine, and /health/ready says so."""
        words = [sys.executable, "-m", "cli", "await-documents"]
        if supervisor.run_to_end(Program("await-documents", words, settings)) == 0:
            self._say("Everything is loaded: all invoices have their PDF.")
        else:
            self._say(f"Everything is loaded. Some PDFs are still missing: {self._url}/health/ready says why.")

    def _start_servers(self, supervisor: Supervisor) -> dict[str, str]:
        postgres = EmbeddedPostgres(self._data / "postgres")
        valkey = EmbeddedValkey(self._data / "valkey")
        with self._console.status("Starting PostgreSQL and Valkey"):
            supervisor.keep_server(postgres)
            supervisor.keep_server(valkey)
        self._say("PostgreSQL and Valkey are up")
        return stack.addresses(postgres, valkey)

    def _migrate(self, owner_url: str) -> None:
        from cli.migrate import migrate  # Piccolo takes a while to import: not for a refused start

        with self._console.status("Migrating the database"):
            asyncio.run(migrate(owner_url))
        self._say("database migrated")

    def _start(self, supervisor: Supervisor, programs: Sequence[Program]) -> None:
        for program in programs:
            supervisor.keep(program)
        with self._console.status("Starting the API and the workers"):
            ready = supervisor.watch(self._is_ready, READY_WITHIN)
        if not ready:
            raise DemoFailed(f"Not ready within a minute; see the logs in {self._data / 'logs'}.")

    def _is_ready(self) -> bool:
        try:
            _directly.open(f"{self._url}/health/ready", timeout=2).close()
        except OSError:  # nobody listens yet, or an answer that is an error
            return False
        return True

    def _write_facts(self, facts: Mapping[str, object]) -> None:
        """The logins in it work as soon as /health/ready answers 200."""
        unfinished = self._data / "demo.json.new"
        unfinished.touch(mode=0o600)  # it holds an API key
        unfinished.write_text(json.dumps(facts, indent=2) + "\n")
        unfinished.rename(self._data / "demo.json")

    def _show(self, facts: Mapping[str, object]) -> None:
        table = Table(show_header=False, box=None, pad_edge=False)
        for name, value in facts.items():
            if name.endswith("_url"):
                label = name.removesuffix("_url").replace("_", " ").capitalize()
                table.add_row(label, str(value))
        self._console.print()
        self._console.print(table)
        self._console.print(f"\nMore in {self._data / 'demo.json'}. Ctrl-C ends everything.\n")

    @property
    def _url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False)


def _run_verb(supervisor: Supervisor, environment: Mapping[str, str], *words: str) -> None:
    """Run a verb of ours in a process of its own, which ends when we do. Raises DemoFailed."""
    program = Program(words[0], [sys.executable, "-m", "cli", *words], environment)
    if supervisor.run_to_end(program) != 0:
        raise DemoFailed(f"`gatehouse {words[0]}` failed; see above.")


def _refuse_if_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise DemoFailed(f"Port {port} is taken ({error.strerror}); choose one with --port.") from None
