"""One-time links: issued, written as text, known again; and the two sites that they lead to."""
