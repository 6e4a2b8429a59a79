"""The life of a one-time link: issued, then redeemed once, or expired by time, by a redeemed sibling, or by staff."""

from workflows.engine.machine import NEW, Rule, StateMachine
from workflows.machines.expiry import NOT_PAST_EXPIRY, PAST_EXPIRY

# fmt: off
ACCESS_TOKEN = StateMachine(
    "access_token",
    states=("issued", "redeemed", "expired"),
    terminal=("redeemed", "expired"),
    rules=[
        #    trigger      from       to          guard
        Rule("issue",     NEW,       "issued"),
        Rule("redeem",    "issued",  "redeemed", "not_past_expiry"),
        Rule("expire",    "issued",  "expired",  "past_expiry"),
        Rule("supersede", "issued",  "expired"),
        Rule("revoke",    "issued",  "expired"),
    ],
    guards={"not_past_expiry": NOT_PAST_EXPIRY, "past_expiry": PAST_EXPIRY},
)
