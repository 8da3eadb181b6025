"""The digits on which this run works: real MNIST where it is, else the drawn ones."""

from functools import cache
from pathlib import Path

import data

root: Path | None = None
"""The folder given with ``--mnist-root``, set before anything is asked for."""


@cache
def digits() -> data.DataSet:
    """The data set of this run, made now if it has to be."""
    return data.available(root)
