"""The life of an e-mail, from its cause to the provider's last word on it."""

from workflows.engine.machine import NEW, Guard, Rule, StateMachine

CAME_BACK_FOR_NOW = Guard(lambda row, _: row["bounce"] == "soft", "bounce IS NOT DISTINCT FROM 'soft'")
NOT_COMPLAINED_OF = Guard(lambda row, _: row["bounce"] != "complaint", "bounce IS DISTINCT FROM 'complaint'")

# fmt: off
OUTGOING_EMAIL = StateMachine(
    "outgoing_email",
    states=("queued", "sent", "delivered", "bounced", "dropped"),
    terminal=("dropped",),
    rules=[
        #    trigger     from         to           guard
        Rule("queue",    NEW,         "queued"),
        Rule("deliver",  "queued",    "sent"),
        Rule("drop",     "queued",    "dropped"),
        Rule("confirm",  "sent",      "delivered"),
        Rule("bounce",   "queued",    "bounced"),                         # refused on the spot
        Rule("bounce",   "sent",      "bounced"),
        Rule("bounce",   "delivered", "bounced"),                         # spam complaints and late bounces
        Rule("bounce",   "bounced",   "bounced",   "not_complained_of"),  # worse news of the same
        Rule("confirm",  "bounced",   "delivered", "came_back_for_now"),  # a soft bounce that got through after all
    ],
    guards={"came_back_for_now": CAME_BACK_FOR_NOW, "not_complained_of": NOT_COMPLAINED_OF},
)
