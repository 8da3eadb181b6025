"""The starter folder: the contract with its README, for a learner to fill."""

import os
import shutil
from pathlib import Path

from homework.contract import FOLDER
from homework.exercises import MODULES

FILES = (*(f"{module}.py" for module in MODULES), "README.md")


class StarterError(Exception):
    """The starter folder cannot be made; the message says why."""


def write(folder: Path) -> list[Path]:
    """Make the folder, or fill an empty one, and return its files.

    Everything is written beside it first, so that a failure leaves no half of a starter.

    Raises: StarterError if the folder is there and not empty, OSError if it cannot be written.
    """
    folder = folder.resolve()
    if folder.exists() and not folder.is_dir():
        raise StarterError(f"{folder} is a file: name a new folder, or an empty one")
    if folder.is_dir() and any(folder.iterdir()):
        raise StarterError(f"{folder} is not empty: name a new folder, or an empty one")
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
    beside.mkdir()
    try:
        for name in FILES:
            (beside / name).write_bytes((FOLDER / name).read_bytes())
        if folder.is_dir():  # it may be where somebody's shell stands, so it stays that folder
            for name in FILES:
                (beside / name).rename(folder / name)
        else:
            beside.rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return [folder / name for name in FILES]
