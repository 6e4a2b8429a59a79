"""The life of an address that events are sent to: enabled until staff, its owner or its silence end that; then removed."""

from workflows.engine.machine import NEW, Rule, StateMachine

# fmt: off
WEBHOOK_ENDPOINT = StateMachine(
    "webhook_endpoint",
    states=("enabled", "disabled", "removed"),
    terminal=("removed",),
    rules=[
        #    trigger    from        to
        Rule("add",     NEW,        "enabled"),
        Rule("disable", "enabled",  "disabled"),
        Rule("gone",    "enabled",  "disabled"),  # it answered 410: nobody there wants to hear of us
        Rule("give_up", "enabled",  "disabled"),  # for three days nothing got through
        Rule("enable",  "disabled", "enabled"),
        Rule("remove",  "enabled",  "removed"),
        Rule("remove",  "disabled", "removed"),
    ],
)
