"""One-time links: issued, written as text, known again; and the two realms that they lead to."""
