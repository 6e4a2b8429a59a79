"""The life of a signed-in session: active until its absolute end, or ended by its owner or by staff."""

from workflows.engine.machine import NEW, Rule, StateMachine
from workflows.machines.expiry import PAST_EXPIRY

# fmt: off
PORTAL_SESSION = StateMachine(
    "portal_session",
    states=("active", "expired", "ended"),
    terminal=("expired", "ended"),
    rules=[
        #    trigger     from      to         guard
        Rule("start",    NEW,      "active"),
        Rule("expire",   "active", "expired", "past_expiry"),
        Rule("sign_out", "active", "ended"),
        Rule("revoke",   "active", "ended"),
    ],
    guards={"past_expiry": PAST_EXPIRY},
)
