"""Hands a command line over to the function of its verb (see cli/verbs.py)."""

import difflib
import importlib
import sys
from collections.abc import Callable, Sequence
from typing import Any, cast

import typer

from cli.verbs import VERBS, Verb, find, overview

MISUSED = 2  # the exit status of a wrong command line, as shells and Typer have it


def main(words: Sequence[str]) -> int:
    """Run the verb that `words` begin with and return the exit status."""
    if not words or words[0] in {"-h", "--help", "help"}:
        print(overview())
        return 0
    verb = find(words[0])
    if verb is None:
        print(_unknown(words[0]), file=sys.stderr)
        return MISUSED
    try:
        return _run(verb, list(words[1:]))
    except Exception as error:
        from workflows.runtime.faults import sentence_for  # imports the database's driver

        sentence = sentence_for(error)
        if sentence is None:
            raise
        print(sentence, file=sys.stderr)
        return 1


def _run(verb: Verb, rest: list[str]) -> int:
    target = load(verb.target)
    if verb.raw:
        return cast("Callable[[list[str]], int]", target)(rest)
    command = typer.main.get_command(_as_typer(target))
    status: Any = command.main(args=rest, prog_name=f"./gatehouse {verb.name}", standalone_mode=True)
    return int(status or 0)


def load(target: str) -> Any:
    """Import the module of "module:name" and return what is called name there."""
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)


def _as_typer(target: Any) -> typer.Typer:
    if isinstance(target, typer.Typer):
        return target
    app = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False)
    app.command()(target)
    return app


def _unknown(name: str) -> str:
    close = difflib.get_close_matches(name, [verb.name for verb in VERBS if not verb.hidden], n=1)
    hint = f" Did you mean {close[0]}?" if close else ""
    return f"There is no verb {name}.{hint}\n\n{overview()}"
