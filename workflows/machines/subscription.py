"""The life of a subscription. A trial is a period of an active one, not a state."""

from workflows.machine import NEW, Guard, Rule, StateMachine

PAID_OFF = Guard(
    lambda row, _: row["payments_total"] is not None and row["payments_made"] >= row["payments_total"],
    "payments_total IS NOT NULL AND payments_made >= payments_total",
)

# fmt: off
SUBSCRIPTION = StateMachine(
    "subscription",
    states=("active", "failed_charge", "completed", "cancelled"),
    terminal=("completed",),
    rules=[
        #    trigger          from             to               guard
        Rule("start",         NEW,             "active"),
        Rule("charge_failed", "active",        "failed_charge"),
        Rule("recovered",     "failed_charge", "active"),
        Rule("complete",      "active",        "completed",     "paid_off"),
        Rule("cancel",        "active",        "cancelled"),
        Rule("cancel",        "failed_charge", "cancelled"),
        Rule("restart",       "cancelled",     "active"),
    ],
    guards={"paid_off": PAID_OFF},
    importable=True,
)
