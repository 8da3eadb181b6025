"""The digits on which this run works: real MNIST where it is, else the drawn ones."""

from functools import cache
from pathlib import Path

import data
from judging.verdict import NotDecided

root: Path | None = None
"""The folder given with ``--mnist-root``, set before anything is asked for."""


@cache
def digits() -> data.DataSet:
    """The data set of this run, made now if it has to be. NotDecided if it cannot be read."""
    try:
        return data.available(root)
    except (OSError, ValueError) as error:
        words = " ".join(str(error).split())
        raise NotDecided(f"the digits of this run cannot be read: {words}") from error


def name() -> str:
    """What results are shown with."""
    try:
        return digits().name
    except NotDecided:
        return "none that can be read"


def places() -> list[Path]:
    """The folder of the digits, where there are any."""
    try:
        return [digits().root.resolve()]
    except NotDecided:
        return []
