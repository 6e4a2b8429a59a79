"""`gatehouse audit verify`: checks an export of the log without a database, a network or the rest of Gatehouse.

Code of its own, written from docs/audit-format.md: it imports nothing of ours, so that what made an export cannot also
excuse it. The test command holds it to that.
"""
