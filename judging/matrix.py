"""Mistakes made from right answers: ways to break a function, times the functions of the contract.

A wrapper takes a right function and returns a wrong one: "remembers its first result", "is float32
inside", "is wrong from 64 on". With each function of the contract it makes a cell: a mistake that a
check of that function has to reject, or no mistake at all, for a reason that is given. Wrappers
stand in ``catalogue.wrappers``, one module for each kind; importing them fills the register here.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from math import ceil
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


ONE_FOR_EACH_LAW = {
    "when the same was asked again": "is_wrong_once_in_ten_calls/softmax_mse_delta",
    "had returned: it was": "returns_a_shared_buffer/sigmoid_layer_delta",
    "lies in the memory of the result of": "remembers_the_first_result/softmax_mse_delta",
    "drew from torch's own generator": "is_wrong_in_one_draw_of_ten/random_data",
    "changed the seed of torch's own generator": "seeds_torch_itself/answers",
    "hooks on the model": "leaves_a_hook/train_epoch",
    "in another mode": "leaves_the_model_in_eval_mode/save_weights",
    "changed requires_grad of": "freezes_the_model/save_weights",
    "that depend on each other": "B_is_A_turned/random_matrices",
    "two sides of the diagonal": "matrices_symmetric/random_matrices",
    "rise or fall": "matrices_sorted/random_matrices",
    "places apart go together": "errors_come_in_pairs/random_data",
}
"""Words of each law of ``judging.laws`` and ``judging.chance`` that a check's author need not
remember → a cell that it rejects. Every run tries these, whatever else it leaves out."""


def few(mistakes: Sequence[Cell], share: int) -> list[Cell]:
    """Some of these mistakes: the cells of the laws, and one wrapper of each kind in ``share``.

    Each breaks the function that was broken least often until then; where none broke a function, so
    does the first that can. What comes first in ``mistakes`` is chosen first.
    """
    always = {*ONE_FOR_EACH_LAW.values()}
    chosen = [cell for cell in mistakes if cell.name in always]
    broken = Counter(cell.part for cell in chosen)

    def take(row: Iterable[Cell]) -> None:
        chosen.append(min(row, key=lambda cell: broken[cell.part]))
        broken[chosen[-1].part] += 1

    kinds: dict[str, dict[Wrapper, list[Cell]]] = {}
    for cell in mistakes:
        if cell.name not in always:
            kinds.setdefault(cell.wrapper.kind, {}).setdefault(cell.wrapper, []).append(cell)
    for rows in kinds.values():
        for row in [*rows.values()][: ceil(len(rows) / share)]:
            take(row)
    for part in PLACES:
        if not broken[part]:
            take(cell for cell in mistakes if cell.part == part)
    return chosen


def cell_of(name: str) -> Cell:
    """The cell of this name, "wrapper/function"."""
    one, _, part = name.partition("/")
    return Cell(WRAPPERS[one], part)
