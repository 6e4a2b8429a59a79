"""Rules: one state machine or one act a file. Knows tables; no HTTP, no broker, no vendor."""
