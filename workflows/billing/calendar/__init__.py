"""When charges fall: calendar months, sandbox time."""
