"""`./gatehouse bench NAME`: run a benchmark against embedded servers.

A benchmark is a module of `benchmarks/` with a `main()`. It reads the servers' addresses from the
environment, prints a table, and appends its figures to benchmarks/results.json itself.
"""

import ast
import asyncio
import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from cli import stack
from cli.embedded import EmbeddedPostgres, EmbeddedValkey, processes
from cli.paths import ROOT
from cli.programs import Program
from cli.supervisor import Supervisor

INTERRUPTED = 130  # what shells report for a program that Ctrl-C ended

_FOLDER = ROOT / "benchmarks"


def bench(words: list[str]) -> int:
    """Run the benchmark named first, the other words handed to it; return its exit status."""
    known = names()
    if not words or words[0].startswith("-"):
        print("Usage: ./gatehouse bench NAME\n")
        print("\n".join(f"  {name}" for name in known) or "There are no benchmarks yet.")
        return 0
    if words[0] not in known:
        print(f"There is no benchmark {words[0]}. There are: {', '.join(known)}", file=sys.stderr)
        return 2
    return _run(words[0], words[1:])


def names(folder: Path = _FOLDER) -> list[str]:
    """Return the names of the modules that define a `main()`, read without importing them."""
    return sorted(path.stem for path in folder.glob("*.py") if _defines_main(path))


def _defines_main(path: Path) -> bool:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    top_level = ast.parse(path.read_text(), str(path)).body
    return any(isinstance(node, functions) and node.name == "main" for node in top_level)


def _run(name: str, words: list[str]) -> int:
    try:
        with ExitStack() as held:
            data = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="gatehouse-bench-")))
            data.chmod(0o711)  # started by root the server is nobody, who has to reach its own folder
            supervisor = held.enter_context(Supervisor(lambda line: print(line, file=sys.stderr)))
            environment = _environment(supervisor, data)
            module = [sys.executable, "-m", f"benchmarks.{name}", *words]
            return supervisor.run_to_end(Program(name, module, environment))
    except KeyboardInterrupt:
        return INTERRUPTED


def _environment(supervisor: Supervisor, data: Path) -> dict[str, str]:
    """Migrated servers, as durable as in production: figures without fsync would flatter."""
    from cli.migrate import migrate

    given = stack.servers_from(os.environ)
    extra: dict[str, str] = {}
    if given is None:
        postgres = EmbeddedPostgres(data / "postgres")
        valkey = EmbeddedValkey(data / "valkey")
        supervisor.keep_server(postgres)
        supervisor.keep_server(valkey)
        given = stack.addresses(postgres, valkey)
        extra = {
            "SUPERUSER_DATABASE_URL": postgres.superuser_url,
            "PGBENCH": str(postgres.programs / "pgbench"),
        }
    asyncio.run(migrate(given["OWNER_DATABASE_URL"]))
    settings = stack.environment(given, port=processes.free_port(), data=data)
    return {**settings, **extra, "OWNER_DATABASE_URL": given["OWNER_DATABASE_URL"]}
