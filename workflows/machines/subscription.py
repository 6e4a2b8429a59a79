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
        #    trigger          from             to               guard       told to the merchant's systems
        Rule("start",         NEW,             "active",                    event="subscription.created"),
        Rule("charge_failed", "active",        "failed_charge",             event="subscription.charge_failed"),
        Rule("recovered",     "failed_charge", "active",                    event="subscription.recovered"),
        Rule("complete",      "active",        "completed",     "paid_off", event="subscription.completed"),
        Rule("cancel",        "active",        "cancelled",                 event="subscription.cancelled"),
        Rule("cancel",        "failed_charge", "cancelled",                 event="subscription.cancelled"),
        Rule("restart",       "cancelled",     "active",                    event="subscription.restarted"),
    ],
    guards={"paid_off": PAID_OFF},
    importable=True,
)
