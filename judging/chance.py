"""Whether numbers that should be random and independent are so, whatever their distribution.

The distribution is free, so only this is used: independent draws of one distribution come in every
order with the same probability. Take n pairs (a, b), of which n₁ have an a, and n₂ a b, in the
upper half of theirs. If b is independent of a, the number K of pairs with both is hypergeometric,
and P(|K − n₁n₂/n| ≥ t) ≤ 2·exp(−2t²/min(n₁, n₂)) (Hoeffding 1963, section 6), ties or not.
"""

import math
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy
from torch import Tensor

from judging.verdict import Wrong, holds

RARE = 1e-15
"""The probability that one comparison rejects what is right. A run makes fewer than 10⁶ of them, so
it is at most 10⁻⁹ a run."""

SIDE = 32
"""The side of a square that is compared: its 1,024 pairs tell |φ| > 0.38 from independence. That
half of it holds one value alone has a probability of at most 0.9⁴⁹⁵ < 10⁻²², unless more than nine
in ten of the numbers are the same."""

Array = Any
"""Of NumPy: a dozen small steps a comparison take a fifth of the time there."""


def upper(values: Array) -> Array:
    """Which values lie in the upper half, as 0 and 1: the split that is nearest to the middle."""
    median = numpy.median(values)
    above, from_there = values > median, values >= median
    off, other = (abs(2 * int(one.sum()) - one.size) for one in (above, from_there))
    return (above if off <= other else from_there).astype(float)


def dependent(together: Array, n1: Array, n2: Array, n: Array) -> Array:
    """Whether so many of n pairs with both in the upper half are too many, or too few."""
    t = numpy.sqrt(numpy.minimum(n1, n2) * (math.log(2 / RARE) / 2))
    return numpy.abs(together - n1 * n2 / n) > t


def go_together(a: Array, b: Array) -> bool:
    """Whether two sequences of zeros and ones depend on each other."""
    return bool(dependent(a @ b, a.sum(), b.sum(), a.size))


@cache
def turned() -> tuple[list[str], Array]:
    """The eight ways to turn a square: their names, and the places of its entries."""
    square = numpy.arange(SIDE * SIDE).reshape(SIDE, SIDE)
    ways = {
        f"{transposed}{how}": one
        for transposed, lines in (("", square), (", transposed", square.T))
        for how, one in (
            ("", lines),
            (", upside down", lines[::-1]),
            (", from right to left", lines[:, ::-1]),
            (", turned by 180°", lines[::-1, ::-1]),
        )
    }
    return [*ways], numpy.stack([one.ravel() for one in ways.values()])


def independent(names: str, a: Tensor, b: Tensor) -> None:
    """Require that two squares of SIDE rows are independent, in whatever order they are read.

    Wrong where one, or how far its entries are from their middle, follows from the other, turned or
    moved along its rows: as 1 − A and 2A do, A upside down, and two windows of one sequence.
    """
    ways, places = turned()
    for about, one, other in _aspects(a.numpy().ravel(), b.numpy().ravel()):
        first, second = upper(one), upper(other)
        found = dependent(second[places] @ first, first.sum(), second.sum(), first.size)
        moved = _moved(first, second)
        holds(
            not found.any() and moved is None,
            f"returned {names} that depend on each other{about}"
            + (ways[int(found.argmax())] if found.any() else f", moved by {moved} places"),
            f"{names}, drawn independently of each other",
        )


def _aspects(a: Array, b: Array) -> Iterator[tuple[str, Array, Array]]:
    yield "", a, b
    yield " in their size", abs(a - numpy.median(a)), abs(b - numpy.median(b))


def _moved(a: Array, b: Array) -> int | None:
    """By how many places b must be moved to depend on a, at most half of its length; or None."""
    n = a.size
    s = numpy.arange(1, n // 2 + 1)
    f, g = numpy.fft.rfft(a, 2 * n), numpy.fft.rfft(b, 2 * n)
    # The sum of a[i]·b[i + s] at s, and that of b[i]·a[i + s] at −s.
    both = numpy.fft.irfft(f.conj() * g, 2 * n).round()
    for sign, first, second, together in ((1, a, b, both[s]), (-1, b, a, both[-s])):
        n1, n2 = first.cumsum()[n - s - 1], second.sum() - second.cumsum()[s - 1]
        if (off := dependent(together, n1, n2, n - s)).any():
            return sign * int(s[off.argmax()])
    return None


def unordered(name: str, square: Tensor) -> None:
    """Require that the entries of a square of SIDE rows are independent draws of each other.

    Wrong where they repeat, follow from those on the other side of the diagonal, or rise or fall.
    """
    entries = square.numpy()
    expected = f"{name} of random numbers, each drawn for itself"
    above = numpy.triu_indices(SIDE, 1)
    sides = entries[above], entries.T[above]
    halves = [*numpy.split(entries, 2), *numpy.split(entries, 2, axis=1), *sides]
    for half in halves:
        if (half == half.flat[0]).all():
            raise Wrong(f"returned {name}, half of which is {half.flat[0]:.6g}", expected)
    holds(
        not go_together(*map(upper, sides)),
        f"returned {name} whose two sides of the diagonal depend on each other",
        expected,
    )
    later = (numpy.arange(SIDE * SIDE) >= SIDE * SIDE // 2).astype(float)
    for lines in (entries, entries.T):
        high = upper(lines.ravel())
        holds(
            not go_together(high, later),
            f"returned {name} whose entries rise or fall from place to place",
            expected,
        )
        for s in APART:
            # Blocks of s, every second one, each against the next: no entry is in two pairs.
            pairs = high[: high.size // (2 * s) * 2 * s].reshape(-1, 2, s)
            holds(
                not go_together(pairs[:, 0].ravel(), pairs[:, 1].ravel()),
                f"returned {name} in which entries that are {s} places apart go together",
                expected,
            )


APART = (1, 2, 3, 4, 5, 6, 8, 10, 16, 32, 64, 128, 256, 512)
"""Places between entries that are compared with each other, along the rows and the columns."""
