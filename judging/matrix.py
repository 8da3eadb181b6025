"""Mistakes made from right answers: ways to break a function, times the functions of the contract.

A wrapper takes a right function and returns a wrong one: "remembers its first result", "is float32
inside", "is wrong from 64 on". With each function of the contract it makes a cell: a mistake that a
check of that function has to reject, or no mistake at all, for a reason that is given. Wrappers
stand in ``catalogue.wrappers``, one module for each kind; importing them fills the register here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from answering.folder import PACKAGE
from homework import EXERCISES, contract
from judging.known import Mistake

PLACES: dict[str, str] = {
    part: f"{exercise.module}.{part}" for exercise in EXERCISES.values() for part in exercise.parts
}
"""Where each function of the contract is, by its name: "module.function"."""

TENSORS = (
    "softmax_mse_delta",
    "sigmoid_layer_delta",
    "euclidean_delta",
    "softmax_cross_entropy_delta",
    "convolution_matrix",
    "random_matrices",
    "arithmetic",
    "flatten",
    "middle",
    "gradient",
    "layer_gradients",
    "random_data",
)
"""The functions whose result is made of tensors."""

LIVE = ("MLP", "LinearRegression", "load_weights", "plot")
"""Those whose result lives on: a network, or a figure."""


class Right:
    """A right function of the contract, or a class, as a function: the reference's, when called."""

    def __init__(self, part: str) -> None:
        self.part, self.place = part, PLACES[part]
        self.module = self.place.partition(".")[0]

    @property
    def promise(self) -> contract.Promise:
        """What the contract says of it."""
        return contract.promises(self.module)[self.part]

    @property
    def parameters(self) -> dict[str, str]:
        """The names that the contract gives its arguments → defaults, as written, or ""."""
        return self.promise.parameters

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return getattr(import_module(f"{PACKAGE}.{self.module}"), self.part)(*args, **kwargs)


Wrap = Callable[[Right], Callable[..., Any]]


@dataclass(frozen=True, eq=False)
class Wrapper:
    """A way to break a right function. ``reasons`` has the functions that it does not break."""

    name: str
    kind: str
    this_is: str
    look: str
    wrap: Wrap
    reasons: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class Cell:
    """A wrapper at a function: a mistake, unless there is a ``reason`` why it is none."""

    wrapper: Wrapper
    part: str

    @property
    def name(self) -> str:
        return f"{self.wrapper.name}/{self.part}"

    @property
    def reason(self) -> str:
        """Why it is no mistake, "" if it is one."""
        return self.wrapper.reasons.get(self.part, "")

    def mistake(self) -> Mistake:
        """The mistake, made anew: it remembers nothing of an earlier trial."""
        exercise = next(e.number for e in EXERCISES.values() if self.part in e.parts)
        wrong = self.wrapper.wrap(Right(self.part))
        return Mistake(
            self.name,
            exercise,
            self.part,
            self.wrapper.this_is,
            self.wrapper.look,
            {PLACES[self.part]: wrong},
        )


WRAPPERS: dict[str, Wrapper] = {}


def wrapper(
    this_is: str,
    *,
    look: str,
    on: Iterable[str] = tuple(PLACES),
    elsewhere: str = "",
    but: Mapping[str, Sequence[str]] = {},
) -> Callable[[Wrap], Wrap]:
    """Enter the decorated function, which wraps a right function into a wrong one.

    Args:
        this_is: a phrase that completes "This is …", whatever the function.
        look: a sentence that says what to look at.
        on: the functions of the contract that it concerns; all, unless said otherwise.
        elsewhere: the reason why it breaks none of the others.
        but: reason → those of the functions in ``on`` that it does not break.

    Raises: ValueError, where a name is taken or unknown, or a reason is missing.
    """
    concerned = {*on}
    reasons = {part: elsewhere for part in PLACES if part not in concerned}
    reasons |= {part: reason for reason, parts in but.items() for part in parts}

    def enter(wrap: Wrap) -> Wrap:
        name = wrap.__name__
        if name in WRAPPERS:
            raise ValueError(f"two wrappers are called {name}")
        if unknown := (concerned | reasons.keys()) - PLACES.keys():
            raise ValueError(f"{name}: the contract has no {', '.join(sorted(unknown))}")
        if not all(reasons.values()):
            raise ValueError(f"{name} needs a reason why it breaks nothing elsewhere")
        kind = wrap.__module__.rpartition(".")[2]
        WRAPPERS[name] = Wrapper(name, kind, this_is, look, wrap, reasons)
        return wrap

    return enter


def cells() -> list[Cell]:
    """The whole matrix, cells that are no mistake included."""
    return [Cell(one, part) for one in WRAPPERS.values() for part in PLACES]


def few() -> list[Cell]:
    """Some mistakes of the matrix: every wrapper and every function at least once.

    Each wrapper breaks the function that was broken least often until then.
    """
    chosen: list[Cell] = []
    mistakes = [cell for cell in cells() if not cell.reason]

    def take(row: Iterable[Cell]) -> None:
        broken = [cell.part for cell in chosen]
        chosen.append(min(row, key=lambda cell: broken.count(cell.part)))

    for one in WRAPPERS.values():
        take(cell for cell in mistakes if cell.wrapper is one)
    for part in PLACES:
        if all(cell.part != part for cell in chosen):
            chosen += [cell for cell in mistakes if cell.part == part][:1]
    return chosen


def cell_of(name: str) -> Cell:
    """The cell of this name, "wrapper/function"."""
    one, _, part = name.partition("/")
    return Cell(WRAPPERS[one], part)
