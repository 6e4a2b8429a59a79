"""`gatehouse install`: what a server needs is there; nothing is started.

The launcher has made .venv and installed programs before this runs (cli/install.sh). What is left is to compile:
services run as a user who may not write here, and would compile every module at each start.
"""

import compileall
import platform
import sys

from cli.paths import ROOT


def command() -> None:
    """Install what a server needs, and start nothing."""
    compileall.compile_dir(ROOT, maxlevels=20, quiet=2, workers=0)
    print(f"Installed in {ROOT}, with Python {platform.python_version()} at {sys.executable}.")
    print("Next: docs/install-server.md")
