"""What the console's left-hand navigation leads to: one table. Who may not do an entry's act does not see it."""

from typing import NamedTuple

from workflows.marketplaces.callers import Caller


class Entry(NamedTuple):
    """A page in the navigation: its path under /console/{slug}, its words, the act that it needs."""

    path: str
    words: str
    act: str


# fmt: off
ENTRIES = (
    Entry("subscriptions", "Subscriptions", "subscriptions.read"),
    Entry("documents",     "Invoices",      "export"),
    Entry("apps",          "Apps",          "settings.read"),
    Entry("general",       "General",       "settings.read"),
    Entry("emails",        "E-mails",       "settings.read"),
    Entry("people",        "People",        "people.manage"),
    Entry("api-keys",      "API keys",      "keys.manage"),
    Entry("webhooks",      "Webhooks",      "webhooks.manage"),
    Entry("imports",       "Import",        "import"),
    Entry("clock",         "Sandbox clock", "sandbox.clock"),
    Entry("audit",         "Audit",         "audit.read"),
    Entry("facts",         "Facts",         "audit.read"),
)
# fmt: on
_ACCOUNT = "account"  # everybody has one
_OF_SANDBOXES = {"clock"}  # a live marketplace's clock is the world's


def entries_of(caller: Caller, *, sandbox: bool) -> list[Entry]:
    """What this person sees in the navigation, of a sandbox or of a live marketplace."""
    return [entry for entry in ENTRIES if caller.may(entry.act) and (sandbox or entry.path not in _OF_SANDBOXES)]


def first_page(caller: Caller) -> str:
    """The path of the page that signing in leads to."""
    seen = entries_of(caller, sandbox=False)
    return seen[0].path if seen else _ACCOUNT
