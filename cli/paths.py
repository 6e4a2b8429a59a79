"""Where things are: the project's root, and paths typed by a person.

`gatehouse` changes to the project's root before it hands over, so a relative path that somebody
typed has to be read from the folder in which they typed it.
"""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def as_typed(path: Path) -> Path:
    """Return `path` as an absolute path, relative ones starting where `./gatehouse` was called."""
    return Path(os.environ.get("GATEHOUSE_CALLED_FROM", ".")).joinpath(path).resolve()


def to_be_written(path: Path) -> Path:
    """Return `path` as typed, where a file can be. Raises FileNotFoundError, IsADirectoryError, said for people."""
    file = as_typed(path)
    if file.is_dir():
        raise IsADirectoryError(f"{file} is a folder: name a file.")
    if not file.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {file.parent}.")
    return file
