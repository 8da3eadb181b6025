"""What strategies are made of: values that Hypothesis draws, or that follow from a seed alone.

Hypothesis generates the cases of a run, and shrinks the one that fails. The trial needs a sample
that is the same everywhere, which Hypothesis promises for one version of it only. So each strategy
is written once and drawn in two ways: ``hypothesis`` is what ``@given`` takes, and ``sample`` makes
values from a seed.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Concatenate, Generic, ParamSpec, Protocol, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")
S = TypeVar("S")
P = ParamSpec("P")


@dataclass(frozen=True, eq=False)
class Strategy(Generic[T]):
    """Values of one kind. ``chosen`` makes one from numbers in [0, 1), one for each choice."""

    hypothesis: st.SearchStrategy[T]
    chosen: Callable[[Iterator[float]], T]

    def map(self, function: Callable[[T], S]) -> "Strategy[S]":
        """The values of this function."""
        return Strategy(self.hypothesis.map(function), lambda shares: function(self.chosen(shares)))


class Draw(Protocol):
    """What a composite strategy draws its parts with."""

    def __call__(self, strategy: Strategy[T], /) -> T: ...


def sample(strategy: Strategy[T], size: int, seed: str) -> list[T]:
    """So many values, the same in every version of Python and of Hypothesis.

    A Latin hypercube (McKay, Beckman & Conover 1979): the first choices behind the values fall one
    in each of ``size`` equal parts of what there is to choose from; so do the second ones, and all
    others. So a boolean is true in half of the values, and no dtype is missing by chance.
    """
    # Of Python's generator, random() alone is promised never to change.
    luck = Random(seed)
    choices: list[list[float]] = []

    def shares(value: int) -> Iterator[float]:
        for choice in count():
            if choice == len(choices):
                parts = sorted(range(size), key=lambda _: luck.random())
                choices.append([(part + luck.random()) / size for part in parts])
            yield choices[choice][value]

    return [strategy.chosen(shares(value)) for value in range(size)]


def integers(least: int, most: int) -> Strategy[int]:
    """From least to most, both included."""
    return Strategy(
        st.integers(least, most), lambda shares: least + int(next(shares) * (most - least + 1))
    )


def booleans() -> Strategy[bool]:
    """False and True."""
    return sampled_from([False, True])


def sampled_from(options: Sequence[T]) -> Strategy[T]:
    """One of the options; a failing example shrinks towards the first."""
    return Strategy(
        st.sampled_from(options), lambda shares: options[int(next(shares) * len(options))]
    )


def bytes_of(length: int) -> Strategy[bytes]:
    """So many bytes, in one draw."""
    return Strategy(
        st.binary(min_size=length, max_size=length),
        lambda shares: bytes(int(256 * next(shares)) for _ in range(length)),
    )


def lists(elements: Strategy[T], least: int, most: int) -> Strategy[list[T]]:
    """Lists of least to most elements."""
    length = integers(least, most)
    return Strategy(
        st.lists(elements.hypothesis, min_size=least, max_size=most),
        lambda shares: [elements.chosen(shares) for _ in range(length.chosen(shares))],
    )


def several_of(options: Sequence[T], least: int, most: int) -> Strategy[list[T]]:
    """Least to most of the options, each at most once, in any order."""
    length = integers(least, most)

    def chosen(shares: Iterator[float]) -> list[T]:
        left = [*options]
        return [left.pop(int(next(shares) * len(left))) for _ in range(length.chosen(shares))]

    return Strategy(
        st.lists(st.sampled_from(options), min_size=least, max_size=most, unique=True), chosen
    )


def composite(build: Callable[Concatenate[Draw, P], T]) -> Callable[P, Strategy[T]]:
    """Make ``build(draw, …)`` a function of … that returns a strategy, as Hypothesis's own does."""

    def make(*args: P.args, **kwargs: P.kwargs) -> Strategy[T]:
        def generated(draw: st.DrawFn) -> T:
            return build(lambda part: draw(part.hypothesis), *args, **kwargs)

        def chosen(shares: Iterator[float]) -> T:
            return build(lambda part: part.chosen(shares), *args, **kwargs)

        generated.__name__ = build.__name__
        return Strategy(st.composite(generated)(), chosen)

    make.__name__, make.__doc__, make.__module__ = build.__name__, build.__doc__, build.__module__
    return make


def now_and_then(usual: Strategy[T], rare: Strategy[T], out_of: int = 8) -> Strategy[T]:
    """Values of the one kind, and once out of so many times one of the other."""

    @composite
    def either(draw: Draw) -> T:
        return draw(rare if draw(integers(1, out_of)) == out_of else usual)

    return either()
