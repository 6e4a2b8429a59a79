"""The life of an invoice: issued, and corrected when a credit note undid it. Its content never changes."""

from workflows.machine import NEW, Rule, StateMachine

# fmt: off
INVOICE = StateMachine(
    "invoice",
    states=("issued", "corrected"),
    terminal=("corrected",),
    rules=[
        #    trigger    from      to
        Rule("issue",   NEW,      "issued"),
        Rule("correct", "issued", "corrected"),
    ],
    importable=True,
)
