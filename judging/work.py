"""A hand-in that has run, as it is judged: what it holds, what was recorded, what was found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from answering.events import At, Record
from answering.hand_in import Cell, Text

__all__ = ["Cell", "Finding", "Text", "Work"]


@dataclass
class Work:
    """A hand-in that has run, at least twice.

    ``runs[0]`` ran with the seeds that it sets itself; in ``runs[1]`` each of them was another, so
    that whatever is random there has moved. ``cells`` are the code cells, by the index that
    ``At.cell`` has; ``texts`` the words.
    """

    cells: list[Cell] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    runs: list[Record] = field(default_factory=list)

    def where(self, at: At) -> str:
        """A place in the work as a reader finds it: "cell 3, line 2: print(A + B)"."""
        cell = self.cells[at.cell]
        lines = cell.source.split("\n")
        line = lines[at.line - 1].strip() if 0 < at.line <= len(lines) else ""
        return f"{cell.title}, line {at.line}" + (f": {line[:120]}" if line else "")


@dataclass(frozen=True)
class Finding:
    """The verdict on one part of an exercise.

    Args:
        outcome: "right", "wrong", "missing" (nothing of the kind was found), or "for a reader".
        message: for the learner: where, what was shown, what was expected by which formula, and
            the known mistake; "" where it is right.
        at: the places in the work on which it rests.
        mistake: the name of the known mistake that it is, "" if it is none.
        words: the answer, where it is prose that may be for a reader.
    """

    outcome: Literal["right", "wrong", "missing", "for a reader"]
    message: str = ""
    at: tuple[At, ...] = ()
    mistake: str = ""
    words: str = ""
