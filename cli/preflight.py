"""What the tests need of the machine: asked before the first test, so that a missing library is one line."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

_START_DRIVER = """
import os, pathlib, playwright
node = str(pathlib.Path(playwright.__file__).parent / "driver" / "node")
os.execv(node, [node, "--version"])
"""

NEEDED: Mapping[str, tuple[Sequence[str], str]] = {
    "Chromium": (["chromium", "--version"], "chromium"),
    "pdftotext": (["pdftotext", "-v"], "poppler-utils"),
    "Playwright's Node.js": ([sys.executable, "-c", _START_DRIVER], "libatomic1"),
}
"""Each by its name: a command that shows that it starts, and the Debian package that it comes with or needs."""


def missing(needed: Mapping[str, tuple[Sequence[str], str]] = NEEDED) -> list[str]:
    """Return a sentence for each thing that does not start: what it said, and what to install."""
    return [
        f"{name} does not start ({reason}). Install it: sudo apt-get install {package}"
        for name, (argv, package) in needed.items()
        if (reason := _refusal(argv))
    ]


def _refusal(argv: Sequence[str]) -> str:
    """Return why the command fails, empty where it does not."""
    try:
        ran = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60, env=os.environ)
    except FileNotFoundError:
        return f"{argv[0]} is not on PATH"
    except subprocess.TimeoutExpired:
        return "no answer within a minute"
    said = ran.stderr.strip().splitlines()
    return "" if ran.returncode == 0 else (said[-1] if said else f"status {ran.returncode}")
