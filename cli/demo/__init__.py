"""`./gatehouse demo`: the demo marketplace and the processes that serve it on one machine.

This package is the code. The files that it reads, purchases and products, are in `demo/` at the project's root.
"""
