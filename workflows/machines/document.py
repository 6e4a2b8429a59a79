"""The life of a PDF: requested, rendered in the background, or given up after many tries until somebody asks again."""

from workflows.engine.machine import NEW, Rule, StateMachine

# fmt: off
DOCUMENT = StateMachine(
    "document",
    states=("requested", "rendered", "failed"),
    terminal=("rendered",),
    rules=[
        #    trigger      from         to           stages
        Rule("request",   NEW,         "requested", stages=("document.render",)),
        Rule("render",    "requested", "rendered"),
        Rule("give_up",   "requested", "failed"),
        Rule("ask_again", "failed",    "requested", stages=("document.render",)),
    ],
)
