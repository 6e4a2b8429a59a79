"""The life of one attempt to take money, and of that money afterwards."""

from workflows.engine.machine import NEW, Guard, Rule, StateMachine

NOT_SUBMITTED = Guard(lambda row, _: row["submitted_at"] is None, "submitted_at IS NULL")
REFUNDS_ALL = Guard(
    lambda row, given: row["refunded_minor"] + given["refund_minor"] == row["amount_minor"],
    "refunded_minor + :refund_minor = amount_minor",
)
REFUNDS_PART = Guard(
    lambda row, given: row["refunded_minor"] + given["refund_minor"] < row["amount_minor"],
    "refunded_minor + :refund_minor < amount_minor",
)
NOTHING_REFUNDED = Guard(lambda row, _: row["refunded_minor"] == 0, "refunded_minor = 0")
PART_REFUNDED = Guard(
    lambda row, _: 0 < row["refunded_minor"] < row["amount_minor"],
    "refunded_minor > 0 AND refunded_minor < amount_minor",
)
ALL_REFUNDED = Guard(
    lambda row, _: 0 < row["refunded_minor"] == row["amount_minor"],
    "refunded_minor > 0 AND refunded_minor = amount_minor",
)
REFUNDS_NO_MORE_THAN_PAID = Guard(
    lambda row, given: row["refunded_minor"] + given["refund_minor"] <= row["amount_minor"],
    "refunded_minor + :refund_minor <= amount_minor",
)

# fmt: off
CHARGE = StateMachine(
    "charge",
    states=("pending", "succeeded", "failed", "action_required", "refunded", "partially_refunded", "disputed"),
    terminal=("failed",),
    rules=[
        #    trigger           from                  to                    guard                        told
        Rule("attempt",        NEW,                  "pending"),
        Rule("succeed",        "pending",            "succeeded",                                       event="charge.succeeded"),
        Rule("succeed",        "action_required",    "succeeded",                                       event="charge.succeeded"),
        Rule("decline",        "pending",            "failed",                                          event="charge.failed"),
        Rule("decline",        "action_required",    "failed",                                          event="charge.failed"),
        Rule("require_action", "pending",            "action_required",                                 event="charge.action_required"),
        Rule("withdraw",       "pending",            "failed",             "not_submitted"),            # nobody tried
        Rule("withdraw",       "action_required",    "failed",             stages=("charge.withdraw",)),
        Rule("refund",         "succeeded",          "refunded",           "refunds_all",               event="charge.refunded"),
        Rule("refund",         "succeeded",          "partially_refunded", "refunds_part",              event="charge.refunded"),
        Rule("refund",         "partially_refunded", "refunded",           "refunds_all",               event="charge.refunded"),
        Rule("refund",         "partially_refunded", "partially_refunded", "refunds_part",              event="charge.refunded"),
        Rule("refund",         "disputed",           "disputed",           "refunds_no_more_than_paid", event="charge.refunded"),
        Rule("dispute",        "succeeded",          "disputed",                                        event="charge.disputed"),
        Rule("dispute",        "partially_refunded", "disputed",                                        event="charge.disputed"),
        Rule("dispute",        "refunded",           "disputed",                                        event="charge.disputed"),
        Rule("win_dispute",    "disputed",           "succeeded",          "nothing_refunded",          event="charge.dispute_won"),
        Rule("win_dispute",    "disputed",           "partially_refunded", "part_refunded",             event="charge.dispute_won"),
        Rule("win_dispute",    "disputed",           "refunded",           "all_refunded",              event="charge.dispute_won"),
    ],
    guards={
        "not_submitted": NOT_SUBMITTED,
        "refunds_all": REFUNDS_ALL,
        "refunds_part": REFUNDS_PART,
        "nothing_refunded": NOTHING_REFUNDED,
        "part_refunded": PART_REFUNDED,
        "all_refunded": ALL_REFUNDED,
        "refunds_no_more_than_paid": REFUNDS_NO_MORE_THAN_PAID,
    },
    importable=True,
)
