"""What 2.4 needs of its surroundings: digits, real or drawn, and a torchvision that imports."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import data
from answering import starting
from answering.process import Process
from answering.worker import Place
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


@cache
def broken_torchvision() -> str:
    """What is raised where torchvision is imported, as "ImportError: …"; "" if nothing is.

    The process that those of strangers' answers are forked from has imported it: this one need
    not.
    """
    if starting.context().get_start_method() == "forkserver" and not starting.OWN:
        with TemporaryDirectory(prefix="nothing-") as empty:
            place = Place(Path(empty), Path(empty), 2**30, confined=False)
            process = Process(place, 1.0).be_ready()
            process.kill()
            return process.broken
    try:
        import torchvision  # noqa: F401
    except Exception as error:
        lines = str(error).strip().splitlines() or [""]
        return f"{type(error).__name__}: {lines[0]}"
    return ""


def faults() -> list[str]:
    """What is wrong with the surroundings, and what to do: no answer is to blame for it."""
    found = []
    try:
        digits()
    except NotDecided as fault:
        found.append(str(fault))
    if broken := broken_torchvision():
        found.append(TORCHVISION.format(broken))
    return found


TORCHVISION = (
    "torchvision cannot be imported ({}): "
    "pip install --force-reinstall torch torchvision puts both in order"
)
