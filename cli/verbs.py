"""The table of verbs: what `./gatehouse` can do and which function does it.

Read without any package installed (`./gatehouse` alone prints it on a bare machine), so only the
standard library here; a verb's module is imported when the verb is called.

To add a verb: write a function with Typer's annotations in a file of `cli/`, add a row here. A
`typer.Typer` in place of the function makes a verb with verbs of its own (`marketplace create`).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Verb:
    """One row: `target` is "module:name"; a `raw` function gets the words after the verb as they are."""

    name: str
    target: str
    says: str
    raw: bool = False
    hidden: bool = False


# fmt: off
VERBS = (
    Verb("demo",    "cli.demo.command:demo", "Start everything on this machine with a demo marketplace"),
    Verb("install", "cli.installed:command", "Install what a server needs; start nothing"),
    Verb("migrate", "cli.migrate:command", "Bring the database to this version's schema and rules"),
    Verb("marketplace", "cli.marketplace:app", "Make a marketplace with its owner and first API key"),
    Verb("import",  "cli.import_csv:app", "Import customers, orders and payments from CSV files, or from Stripe"),
    Verb("audit",   "cli.audit:app",   "Export, verify and prove the log, retire old months, make signing keys"),
    Verb("customer", "cli.customer:app", "Give a customer their data, or erase them"),
    Verb("jobs",    "cli.jobs:app",    "List work that was given up, and let it run again"),
    Verb("check-facts", "cli.check_facts:command", "Check what must always hold; name what does not"),
    Verb("state-machines", "cli.state_machines:command", "Write docs/state-machines.md from the definitions"),
    Verb("architecture", "cli.architecture:command", "Draw the pictures of docs/architecture.md from the imports"),
    Verb("roles",   "cli.roles:command", "Write docs/roles.md from the table of acts"),
    Verb("languages", "cli.languages:command", "Bring the translations up to date with the words in the code"),
    Verb("test",    "cli.check:check", "Check style, types, import rules and run the tests", raw=True),
    Verb("bench",   "cli.bench:bench", "Run a benchmark; without a name list them", raw=True),
    Verb("load-demo", "cli.demo.load:load_demo", "Load the demo marketplace", hidden=True),
    Verb("await-documents", "cli.demo.documents:await_documents", "Wait until the PDFs are there", hidden=True),
)
# fmt: on


def find(name: str) -> Verb | None:
    """Return the verb with that name."""
    return next((verb for verb in VERBS if verb.name == name), None)


def overview() -> str:
    """Return the verbs, a line each."""
    shown = [verb for verb in VERBS if not verb.hidden]
    width = max(len(verb.name) for verb in shown)
    lines = [f"  {verb.name:{width}}  {verb.says}" for verb in shown]
    return "\n".join(["Usage: ./gatehouse VERB [options]", "", *lines, "", _MORE])


_MORE = "./gatehouse VERB --help says more."

if __name__ == "__main__":
    print(overview())
