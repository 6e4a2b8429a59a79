"""How a process that cannot start ends: with one sentence for a fault of the surroundings."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from workflows.runtime.faults import sentence_for


def run_or_say(main: Callable[[], Coroutine[Any, Any, None]]) -> int:
    """Runs the process's main function. Returns 1 after printing the sentence for a known fault, else 0."""
    try:
        asyncio.run(main())
    except Exception as error:
        sentence = sentence_for(error)
        if sentence is None:
            raise
        print(sentence, file=sys.stderr)
        return 1
    return 0
