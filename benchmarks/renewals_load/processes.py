"""The processes of benchmarks/renewals.py and benchmarks/two_years.py: a deployment's own, on the servers at hand."""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from cli import stack
from cli.programs import Program, Warden

_STARTS_WITHIN = 60.0  # seconds
_ENDS_WITHIN = 30.0  # seconds: what is under way is finished first
_NO_LIMITS = {"LINK_REQUESTS_PER_HOUR": "1000000"}  # everything comes from one address


class Deployment:
    """What runs, by name, with its logs in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.url = os.environ["PUBLIC_URL"]
        self.programs: dict[str, Program] = {}
        self._folder, self._warden = folder, Warden()
        self._settings = {**os.environ, **_NO_LIMITS}

    async def start(self, *names: str) -> None:
        """Starts those of cli/stack.py, as the demo does."""
        port = urlsplit(self.url).port
        assert port is not None
        for program in stack.programs(self._settings, port=port, logs=self._folder):
            if program.name in names:
                await self._start(program, self._api_answers if program.name == "api" else _says_ready(program))

    async def start_worker(self, name: str, words: Sequence[str]) -> None:
        """Starts a worker: `python -m` these words."""
        argv = [sys.executable, "-m", *words]
        program = Program(name, argv, self._settings, self._folder / f"{name}.log")
        await self._start(program, _says_ready(program))

    async def end(self, *names: str) -> None:
        """Ends them in good order."""
        ending = [self.programs.pop(name) for name in names]
        for program in ending:
            program.ask_to_end()
        for program in ending:
            if program.process is not None:
                await asyncio.to_thread(program.process.wait, _ENDS_WITHIN)
            program.clear(self._warden)

    async def close(self) -> None:
        """Ends all that is left."""
        try:
            await self.end(*self.programs)
        finally:
            self._warden.dismiss()

    def groups(self, *names: str) -> list[int]:
        """The process groups of these programs."""
        return [process.pid for name in names if (process := self.programs[name].process) is not None]

    async def _start(self, program: Program, is_ready: Callable[[], Awaitable[bool]]) -> None:
        program.start(self._warden)
        self.programs[program.name] = program
        give_up_at = time.monotonic() + _STARTS_WITHIN
        while not await is_ready():
            if time.monotonic() > give_up_at or not program.running:
                raise RuntimeError(f"{program.name} did not start: {program.last_words(20)}")
            await asyncio.sleep(0.05)

    async def _api_answers(self) -> bool:
        async with httpx.AsyncClient(trust_env=False) as client:
            try:
                return (await client.get(f"{self.url}/health/live")).is_success
            except httpx.TransportError:
                return False


def _says_ready(program: Program) -> Callable[[], Awaitable[bool]]:
    async def says_so() -> bool:
        return program.log is not None and " ready" in program.log.read_text(errors="replace")

    return says_so


@asynccontextmanager
async def a_deployment() -> AsyncGenerator[Deployment]:
    """Nothing runs yet; what was started in the block ends with it."""
    with tempfile.TemporaryDirectory(prefix="gatehouse-bench-logs-") as folder:
        deployment = Deployment(Path(folder))
        try:
            yield deployment
        finally:
            await deployment.close()
