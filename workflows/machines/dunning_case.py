"""The life of a Subscription Saver case: open from the first failure until money came, tries ran out, or it was dropped."""

from workflows.engine.machine import NEW, Rule, StateMachine

# fmt: off
DUNNING_CASE = StateMachine(
    "dunning_case",
    states=("open", "recovered", "exhausted", "abandoned"),
    terminal=("recovered", "exhausted", "abandoned"),
    rules=[
        #    trigger           from    to
        Rule("open",           NEW,    "open"),
        Rule("attempt_failed", "open", "open"),
        Rule("stop_trying",    "open", "open"),       # the policy is through and leaves the subscription as it is
        Rule("recover",        "open", "recovered"),
        Rule("exhaust",        "open", "exhausted"),
        Rule("abandon",        "open", "abandoned"),
    ],
    importable=True,
)
