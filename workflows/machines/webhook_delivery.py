"""The life of one event on its way to one endpoint: pending while it is tried, delivered by any 2xx, or given up."""

from workflows.engine.machine import NEW, Rule, StateMachine

# fmt: off
WEBHOOK_DELIVERY = StateMachine(
    "webhook_delivery",
    states=("pending", "delivered", "failed"),
    terminal=(),
    rules=[
        #    trigger    from         to           stages
        Rule("stage",   NEW,         "pending",   stages=("webhook.deliver",)),
        Rule("deliver", "pending",   "delivered"),
        Rule("give_up", "pending",   "failed"),
        Rule("resend",  "pending",   "pending",   stages=("webhook.deliver",)),  # now instead of later
        Rule("resend",  "failed",    "pending",   stages=("webhook.deliver",)),
        Rule("resend",  "delivered", "pending",   stages=("webhook.deliver",)),
    ],
)
