"""Embedded servers held by a process of their own, to be killed: `serve.py FOLDER`."""

import json
import sys
import time
from pathlib import Path

from cli.embedded import EmbeddedPostgres, EmbeddedValkey


def main(folder: Path) -> None:
    """Start both, print their numbers as one line of JSON, sleep."""
    postgres = EmbeddedPostgres(folder / "postgres", durable=False).start()
    valkey = EmbeddedValkey(folder / "valkey").start()
    print(json.dumps({"postgres": postgres.pid, "valkey": valkey.pid}), flush=True)
    time.sleep(600)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
