"""Numbers in what was printed, as a person reads them, and where a matrix stands among them.

A printed number stands for every value that rounds to it: p with its last digit in the place 10^k
for each v with |v − p| ≤ ½·10^k. Numbers that are printed together are printed alike, so zeros that
one of them ends with, or lacks, say less about it than the digits of its neighbours: 0.5 beside
0.1234 is 0.5000 (see ``Numbers.find``).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, NamedTuple

import numpy

NUMBER = re.compile(
    r"""(?P<sign>(?<![\w.)\]])[-+−])?(?<![\w.])
        (?:(?P<whole>\d+)(?:\.(?P<part>\d*))?|\.(?P<only>\d+))(?:[eE](?P<power>[-+]?\d+))?(?!\w)
      | (?P<odd>(?<![\w.])[-+−]?(?:nan|inf)\b)
      | (?P<cut>\.\.\.|…)
      | (?P<named>[\w.]\()
      | (?P<open>[\[(])
      | (?P<close>[\])])
      | (?P<line>\n)""",
    re.VERBOSE,
)

MOST_NUMBERS = 20_000
"""Numbers that are read of one run: what a person would still look through."""

BETWEEN_ENTRIES, BETWEEN_ROWS = 5, 5
"""Other numbers that may stand between two entries of a matrix, and further ones between two of its
rows: labels, indices, the terms of a sum that is printed with its result."""

AT_LEAST = -2
"""Zeros at the end of a number are its own down to this place, as in 2.50; beyond it, 2.5000, they
may be the printer's."""

Array = Any


class Found(NamedTuple):
    """Where a matrix stands: the first and last of its numbers, and the text that begins it."""

    first: int
    last: int
    text: int
    flat: bool
    """Whether it is read as one sequence: within one bracket, or as plain numbers that are not set
    out in its rows."""
    boxed: bool
    """Whether all of it stands within one bracket."""
    steps: tuple[int, int]
    """Other numbers between its entries, and further ones between its rows."""


class Numbers:
    """All numbers of some texts, in their order.

    Args: texts: as they were shown, one after the other, with the ends of their lines.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        rows: list[tuple[float, int, int, int, int, int, int, int]] = []
        self.texts = 0
        line = box = piece = 0
        for text in texts:
            boxes: list[int] = []
            for match in NUMBER.finditer(text):
                kind = match.lastgroup
                if kind == "line":
                    line += 1
                elif kind == "named":
                    boxes.append(-1)
                elif kind == "open":
                    box += 1
                    boxes.append(box)
                elif kind == "close":
                    if boxes:
                        boxes.pop()
                elif kind == "cut":
                    piece += any(one > 0 for one in boxes)
                elif len(rows) < MOST_NUMBERS:
                    within = [one for one in boxes if one > 0]
                    inner, depth = (within[-1], len(within)) if within else (0, 0)
                    rows.append((*_number(match), self.texts, line, inner, depth, piece))
            self.texts += 1
        table = list(zip(*rows, strict=True)) or [()] * 8
        self.values = numpy.array(table[0], dtype=float)
        self.units, self.tops, self.text, self.lines, self.boxes, self.depths, self.pieces = (
            numpy.array(column, dtype=int) for column in table[1:]
        )
        self.halves = 0.5 * 10.0**self.units

    def __len__(self) -> int:
        return len(self.values)

    def find(self, matrix: Array, slack: Array) -> list[Found]:
        """Every place in which a matrix stands, row by row, with or without labels between.

        Args:
            matrix: float64, (rows, columns), or (n,) for a sequence.
            slack: of its shape, what its values may be off by before they are printed.

        A number may be off by half a unit of its last digit that is no zero (of three digits
        after the point, where it ends in zeros), but not by more than the finest number of the
        place: neither by more than half a unit of the smallest place that any of them shows, nor,
        for formats that count digits, by more than half a unit of the largest count of digits. What
        shows digits before the point alone, one each, as "3." does, is whole.
        """
        values, slack = matrix.ravel(), slack.ravel()
        rows, columns = matrix.shape if matrix.ndim == 2 else (1, matrix.size)
        if len(self) < values.size:
            return []
        starts = numpy.flatnonzero(self._close(numpy.arange(len(self)), values[0], slack[0]))
        if not starts.size:
            return []
        found: dict[int, Found] = {}
        for layouts in _layouts(rows, columns):
            first_row = self._along(starts, layouts[0][1], 1, columns, values, slack)
            for steps, indices in layouts if first_row.size else ():
                here = self._along(first_row, indices, columns, values.size, values, slack)
                for start in here.tolist():
                    places = start + indices
                    if start not in found and self._is_one(places, values, slack):
                        found[start] = self._found(places, rows, columns, steps)
        return [found[start] for start in sorted(found)]

    def _along(
        self, starts: Array, indices: Array, first: int, last: int, values: Array, slack: Array
    ) -> Array:
        """The starts from which entries ``first`` to ``last`` − 1 are close to what is printed."""
        starts = starts[starts + indices[last - 1] < len(self)]
        for k in range(first, last):
            if not starts.size:
                break
            starts = starts[self._close(starts + indices[k], values[k], slack[k])]
        return starts

    def _close(self, places: Array, value: float, slack: float) -> Array:
        printed = self.values[places]
        if math.isnan(value):
            return numpy.isnan(printed)
        with numpy.errstate(invalid="ignore"):
            near = numpy.abs(printed - value) <= self.halves[places] * (1 + 1e-9) + slack
        return near | (printed == value)

    def _is_one(self, places: Array, values: Array, slack: Array) -> bool:
        if self.pieces[places[0]] != self.pieces[places[-1]]:
            return False
        units, tops = self.units[places], self.tops[places]
        finest = units.min()
        most = (tops - units).max()
        allowed = 0.5 * 10.0 ** numpy.maximum(finest, tops - most).astype(float)
        allowed = numpy.minimum(allowed, self.halves[places])
        printed = self.values[places]
        if finest == 0 and numpy.abs(printed).max() < 10:
            allowed = numpy.zeros_like(allowed)  # "0." and "3." throughout are whole numbers
        with numpy.errstate(invalid="ignore"):
            near = numpy.abs(printed - values) <= allowed * (1 + 1e-9) + slack
        same = (printed == values) | (numpy.isnan(printed) & numpy.isnan(values))
        return bool((near | same).all())

    def _found(self, places: Array, rows: int, columns: int, steps: tuple[int, int]) -> Found:
        boxes, depths = self.boxes[places], self.depths[places]
        one_box = bool((boxes == boxes[0]).all())
        flat = one_box and bool((depths == 1).all()) if depths.any() else True
        lines = self.lines[places]
        counts = numpy.unique(lines, return_counts=True)[1]
        # Plain numbers of equally many lines, more than one on each, are set out as a matrix.
        if flat and not depths.any():
            flat = len(counts) == 1 or counts.max() == 1 or len(set(counts.tolist())) > 1
        return Found(
            int(places[0]),
            int(places[-1]),
            int(self.text[places[0]]),
            flat and not steps[1],
            one_box and bool(depths[0]),
            steps,
        )


@cache
def _layouts(rows: int, columns: int) -> list[list[tuple[tuple[int, int], Array]]]:
    """How many numbers stand between entries and between rows, and where the entries then are.

    Those with as many between entries, and so with one first row, together.
    """
    i, j = numpy.divmod(numpy.arange(rows * columns), columns)
    between_rows = range(BETWEEN_ROWS + 1) if rows > 1 else range(1)
    between_entries = range(BETWEEN_ENTRIES + 1) if columns > 1 else range(1)
    return [
        [((e, r), i * (columns * (1 + e) + r) + j * (1 + e)) for r in between_rows]
        for e in between_entries
    ]


def _number(match: re.Match[str]) -> tuple[float, int, int]:
    """The value, the place of its last digit that counts, and of its first (as powers of ten)."""
    if odd := match["odd"]:
        return float(odd.replace("−", "-")), 0, 0
    whole, part = match["whole"] or "", match["part"] or match["only"] or ""
    power = max(-400, min(400, int(match["power"] or 0)))
    value = float(f"{whole or 0}.{part or 0}e{power}")
    kept = len(part.rstrip("0"))
    unit = power - max(kept, min(len(part), -AT_LEAST))
    digits = (whole + part).lstrip("0")
    top = power - len(part) + len(digits) - 1 if digits else unit
    return (-value if match["sign"] in ("-", "−") else value), max(unit, -300), top


def numbers_in(text: str) -> Iterator[float]:
    """The numbers of one text, as they stand there."""
    for match in NUMBER.finditer(text):
        if match.lastgroup in ("whole", "part", "only", "power", "odd"):
            yield _number(match)[0]
