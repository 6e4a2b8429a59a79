"""docs/state-machines.md says what the definitions say, and its diagrams what `transitions` itself would draw."""

import re

import pytest
from transitions.extensions import GraphMachine

from cli.state_machines import FILE, diagram, document
from workflows.engine.machine import NEW, StateMachine
from workflows.machines import MACHINES


def test_the_page_is_up_to_date() -> None:
    assert FILE.read_text() == document(), "run ./gatehouse state-machines"


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_the_diagram_has_every_arrow_that_transitions_draws(machine: StateMachine) -> None:
    drawn = GraphMachine(
        states=list(machine.states),
        initial=machine.initial,
        transitions=[[rule.trigger, rule.source, rule.target] for rule in machine.rules if rule.source != NEW],
        auto_transitions=False,
        graph_engine="mermaid",
    )

    source: str = drawn.get_combined_graph().source  # pyright: ignore[reportAttributeAccessIssue] - mermaid has it

    assert set(re.findall(r"(\w+) --> (\w+)", source)) == set(re.findall(r"(\w+) --> (\w+):", diagram(machine)))
