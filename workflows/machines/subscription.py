"""The life of a subscription. A trial is a period of an active one, not a state."""

from workflows.engine.machine import NEW, Guard, Rule, StateMachine

PAID_OFF = Guard(
    lambda row, _: row["payments_total"] is not None and row["payments_made"] >= row["payments_total"],
    "payments_total IS NOT NULL AND payments_made >= payments_total",
)

CANCELLATION_AHEAD = Guard(
    lambda row, given: row["cancel_at"] is not None and row["cancel_at"] > given["now"], "cancel_at > :now"
)

# fmt: off
SUBSCRIPTION = StateMachine(
    "subscription",
    states=("active", "failed_charge", "completed", "cancelled"),
    terminal=("completed",),
    rules=[
        #    trigger          from             to               guard                 told to the merchant's systems
        Rule("start",         NEW,             "active",                              event="subscription.created"),
        Rule("charge_failed", "active",        "failed_charge",                       event="subscription.charge_failed"),
        Rule("recovered",     "failed_charge", "active",                              event="subscription.recovered"),
        Rule("complete",      "active",        "completed",     "paid_off",           event="subscription.completed"),
        Rule("cancel",        "active",        "cancelled",                           event="subscription.cancelled"),
        Rule("cancel",        "failed_charge", "cancelled",                           event="subscription.cancelled"),
        Rule("restart",       "cancelled",     "active",                              event="subscription.restarted"),
        # Arrangements: the state stays, what is to come changes, and the log says who arranged it.
        Rule("reschedule",    "active",        "active",                              event="subscription.updated"),  # another next billing date
        Rule("cancel_later",  "active",        "active",                              event="subscription.updated"),  # at the end of the period, or on a date
        Rule("cancel_later",  "failed_charge", "failed_charge",                       event="subscription.updated"),
        Rule("undo_cancel",   "active",        "active",        "cancellation_ahead", event="subscription.updated"),
        Rule("undo_cancel",   "failed_charge", "failed_charge", "cancellation_ahead", event="subscription.updated"),
    ],
    guards={"paid_off": PAID_OFF, "cancellation_ahead": CANCELLATION_AHEAD},
    importable=True,
)
