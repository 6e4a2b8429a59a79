"""A supervisor as a process of its own, to be signalled and killed: `supervise.py FOLDER NAME…`."""

import os
import sys
from pathlib import Path

from cli.programs import Program
from cli.supervisor import Supervisor

FAMILY = Path(__file__).with_name("family.py")


def main(folder: str, *words: str) -> None:
    """Keep one family for each name, until interrupted."""
    options = [word for word in words if word.startswith("--")]
    try:
        with Supervisor(lambda line: print(line, flush=True)) as supervisor:
            for name in words:
                if name not in options:
                    argv = [sys.executable, str(FAMILY), folder, name, *options]
                    supervisor.keep(Program(name, argv, os.environ))
            print("watching", flush=True)
            supervisor.watch()
    except KeyboardInterrupt:
        print("ended", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
