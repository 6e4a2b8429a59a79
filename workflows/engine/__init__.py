"""The engine: how a state machine is declared and checked, and how rows change state in SQL."""
