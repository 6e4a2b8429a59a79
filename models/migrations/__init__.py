"""The schema's history: one SQL file a step, run in order by Piccolo under an advisory lock."""
