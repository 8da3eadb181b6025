"""What was handed in, taken in to be judged: functions, work as it is handed in, or both."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from answering import starting
from answering.hand_in import HandIn, NothingToJudge, take
from answering.snapshot import snapshot
from answering.worker import Place
from homework import EXERCISES, MODULES, Exercise
from judging import digits
from judging.answers import Answers
from judging.hand_in import copied, run
from judging.parts import Findings, in_parts
from judging.sides import Apart

NO_WORK = {"conftest", "setup", "sitecustomize", "usercustomize"}
"""Scripts that configure Python or pytest, and answer nothing."""

PATIENCE, PATIENCE_OF_CELLS = 10.0, 60.0
"""Seconds that a call of a function, and a cell of a hand-in, may take unless the run says so."""


@dataclass(frozen=True)
class Limits:
    """What an answer may cost.

    Args:
        patience: seconds, None for PATIENCE or PATIENCE_OF_CELLS.
        memory: GiB.
    """

    patience: float | None = None
    memory: float = 4.0


@dataclass(frozen=True)
class Taken:
    """What was handed in, as it was read.

    Args:
        functions: the folder of functions, None where there are none.
        hand_in: the work, None where all of it is functions.
        laid: the copy of the work that was read.
        by_work: the exercises that are judged by what the work shows, and not as functions.
    """

    functions: Path | None
    hand_in: HandIn | None
    laid: Path
    by_work: tuple[str, ...] = ()

    def exercises(self) -> list[Exercise]:
        """The exercises, each with the parts by which it is judged here."""
        return [in_parts(e) if n in self.by_work else e for n, e in EXERCISES.items()]


def taken_in(path: Path, into: Path) -> Taken:
    """Read what lies at path, and copy work to the new folder ``into``. Raises NothingToJudge."""
    has_functions = path.is_dir() and has_answers(path)
    try:
        hand_in = take(path, into)
    except NothingToJudge:
        if has_functions:
            return Taken(path, None, into)
        raise
    units = tuple(u for u in hand_in.units if Path(u.file).stem.lower() not in NO_WORK)
    hand_in = replace(hand_in, units=units)
    if has_functions and not units:
        return Taken(path, None, into)
    # Functions are called in one folder: that with most modules of the contract.
    folders = Counter(hand_in.modules.values())
    home = max(folders, key=lambda folder: (folders[folder], folder == ".")) if folders else None
    modules = {module for module, folder in hand_in.modules.items() if folder == home}
    functions = None
    if home is not None:
        functions = path if path.is_dir() and home == "." else into / home
    by_work = tuple(n for n, e in EXERCISES.items() if e.parts and e.module not in modules)
    return Taken(functions, hand_in if by_work else None, into, by_work)


def has_answers(folder: Path) -> bool:
    """Whether a module of the contract is there, as a file or as a package."""
    names = (name for module in MODULES for name in (f"{module}.py", f"{module}/__init__.py"))
    return any((folder / name).is_file() for name in names)


@contextmanager
def _room() -> Iterator[Path]:
    """A folder for what answers need, in memory where that can be."""
    in_memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(
        prefix="answers-", dir=in_memory, ignore_cleanup_errors=True
    ) as name:
        yield Path(name).resolve()


@contextmanager
def answers_apart(folder: Path, limits: Limits) -> Iterator[Answers]:
    """The answers in a folder, as they are now, in a process of their own."""
    starting.prepare_for_strangers()
    with _room() as room:
        copy, scratch = room / folder.name, room / "scratch"
        shelf = scratch.with_name("shelf")
        for new in (copy, scratch, shelf):
            new.mkdir()
        refused = snapshot(folder, copy)
        readable = (shelf, *digits.places())
        place = Place(copy, scratch, int(limits.memory * 2**30), readable)
        side = Apart(place, limits.patience or PATIENCE, refused, many=True)
        try:
            yield Answers(side)
        finally:
            side.end()


def found(
    taken: Taken, limits: Limits, seed: int, told: Callable[[str], None] = lambda title: None
) -> Findings:
    """Run the work that was taken in, apart, and say what is found in it.

    Args: told, is called with the title of each cell before it runs.
    """
    assert taken.hand_in is not None
    starting.prepare_for_strangers()
    with _room() as room:
        nothing = room / "nothing"
        nothing.mkdir()
        places = digits.places()
        work = run(
            taken.hand_in,
            Place(nothing, nothing.with_name("scratch"), int(limits.memory * 2**30), tuple(places)),
            lambda folder: copied(taken.laid, folder),
            patience=limits.patience or PATIENCE_OF_CELLS,
            digits=str(places[0]) if places else "",
            seed=seed,
            told=told,
        )
    return Findings(taken.hand_in, work, taken.by_work)
