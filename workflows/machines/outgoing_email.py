"""The life of an e-mail, from its cause to the provider's last word on it."""

from workflows.machine import NEW, Rule, StateMachine

# fmt: off
OUTGOING_EMAIL = StateMachine(
    "outgoing_email",
    states=("queued", "sent", "delivered", "bounced", "dropped"),
    terminal=("dropped",),
    rules=[
        #    trigger     from         to
        Rule("queue",    NEW,         "queued"),
        Rule("deliver",  "queued",    "sent"),
        Rule("drop",     "queued",    "dropped"),
        Rule("confirm",  "sent",      "delivered"),
        Rule("bounce",   "queued",    "bounced"),    # refused on the spot
        Rule("bounce",   "sent",      "bounced"),
        Rule("bounce",   "delivered", "bounced"),    # spam complaints and late bounces
        Rule("confirm",  "bounced",   "delivered"),  # a soft bounce that got through after all
    ],
)
