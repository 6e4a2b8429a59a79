"""The life of an invoice: issued, and corrected when a credit note undid it. Its content never changes."""

from workflows.engine.machine import NEW, Rule, StateMachine

# fmt: off
INVOICE = StateMachine(
    "invoice",
    states=("issued", "corrected"),
    terminal=("corrected",),
    rules=[
        #    trigger    from      to           told to the merchant's systems
        Rule("issue",   NEW,      "issued",    event="invoice.issued"),
        Rule("correct", "issued", "corrected", event="invoice.corrected"),
    ],
    importable=True,
)
