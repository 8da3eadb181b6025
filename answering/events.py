"""What is recorded while a hand-in runs: plain data, as it was at that moment.

``answering.recorder`` writes it beside the work, ``judging`` reads it in another process. Whatever
an in-place operation does later, a recorded value stays as it was. Values are kept once, in the
table ``Record.values``, and named by their place in it, an ``int`` called a value's index below.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgpack
import torch
from torch import Tensor

MOST_ENTRIES = 4096
"""Entries of a tensor that are kept; a larger one is known by shape, dtype, digest and sizes."""


class At(NamedTuple):
    """Where in the work something happened: which cell (0 for the first), and its line (from 1)."""

    cell: int
    line: int


@dataclass(frozen=True)
class Value:
    """A tensor, array, list of numbers or number, as it was when it was recorded.

    ``object`` numbers the object: two values of one object have the same, and no other object of
    the run has it. ``entries`` has its shape; None if it is too large. ``dtype`` is torch's name
    ("float32"), also for arrays; of lists and numbers "int64", "float64" or "bool".
    """

    object: int
    kind: str
    """ "tensor", "array", "list" or "number"."""
    shape: tuple[int, ...]
    dtype: str
    entries: Tensor | None
    digest: str
    """Of its bytes in row-major order: equal digests mean equal values."""
    requires_grad: bool = False
    is_leaf: bool = False
    sizes: dict[str, float] = field(default_factory=dict)
    """Of gradients and parameters: "mean_abs", "norm", "max_abs", "mean", "std", "mean_square",
    "sum_abs", "sum", "min", "max", each a float (float64 arithmetic on the entries)."""


@dataclass(frozen=True)
class Event:
    """Something that happened; ``at`` is the innermost line of the work that led there."""

    at: At


@dataclass(frozen=True)
class Operation(Event):
    """An operation of PyTorch (or torch.from_numpy, Tensor.numpy(), Tensor.tolist(), .item()).

    ``name`` is the function's: "add", "matmul", "rand", "__getitem__", "zero_", "grad" and "data"
    for the attributes. ``operands`` and ``results`` are indices of values, those that are tensors
    or numbers; an operand is recorded as it was before, a result as it was after. An in-place
    operation's result is the same object as its operand.
    """

    name: str
    operands: tuple[int, ...]
    results: tuple[int, ...]
    scalar: float | None = None
    """What came back, where that is a plain number or bool and no tensor."""


@dataclass(frozen=True)
class Shown(Event):
    """Something that a reader sees: printed, displayed, or a cell's last expression.

    ``values`` are those of its parts that are objects (print's arguments, the expression, entries
    of a tuple or dict of them); ``text`` is what is read.
    """

    how: str
    """ "print", "display" or "last"."""
    text: str
    values: tuple[int, ...] = ()
    figures: tuple[int, ...] = ()


@dataclass(frozen=True)
class Gradient:
    """A parameter or leaf whose ``.grad`` a backward pass has set or changed: indices of values."""

    of: int
    """The leaf itself."""
    before: int | None
    """Its .grad before; None if there was none."""
    after: int


@dataclass(frozen=True)
class Backward(Event):
    """A call of ``backward``, or of ``torch.autograd.grad``, which leaves no .grad but returns it;
    ``loss`` is what it was called on."""

    loss: int
    gradients: tuple[Gradient, ...]


@dataclass(frozen=True)
class Layer:
    """A module without children, or with parameters of its own, in a network."""

    name: str
    """As in ``named_modules``: "linear", "net.0"."""
    kind: str
    """The type's name, "Linear"."""
    shape: tuple[int, ...]
    """(in_features, out_features) of an exact nn.Linear or a subclass; of others ()."""
    is_linear: bool
    settings: str
    """``extra_repr`` of it: "in_features=1, out_features=1, bias=True"."""
    parameters: tuple[tuple[str, int], ...]
    """The name (as in ``named_parameters`` of the network) and the object number of each."""


@dataclass(frozen=True)
class Module(Event):
    """A network, described when it is first called (or loaded into): the outermost one of a call.

    ``module`` numbers the object. ``own``: its class is written in the work itself. ``bases`` are
    the names of its class and of its bases ("Net", "Module", "object").
    """

    module: int
    kind: str
    bases: tuple[str, ...]
    own: bool
    layers: tuple[Layer, ...]


@dataclass(frozen=True)
class Called(Event):
    """A call of a network: what it was given, what came back, and its parameters and mode then."""

    module: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    parameters: dict[str, int]
    training: bool


@dataclass(frozen=True)
class Step(Event):
    """A call of an optimizer's ``step``: for each parameter its value before, its gradient, its
    value after (indices; the gradient None if there is none)."""

    optimizer: int
    kinds: tuple[str, ...]
    """The names of its class and of its bases: "SGD", "Optimizer", "object"."""
    settings: dict[str, float]
    """Of the first group, those that are numbers: "lr", "momentum", …"""
    parameters: tuple[tuple[int, int | None, int], ...]


@dataclass(frozen=True)
class Saved(Event):
    """A call of torch.save (or another way to write tensors into a file).

    ``what``: "state dict" (keys to tensors), "module" (a whole model), "tensor", "other".
    ``tensors``: those found in it, however deep, by key: indices of values.
    """

    path: str
    what: str
    tensors: dict[str, int]


@dataclass(frozen=True)
class Loaded(Event):
    """A call of torch.load, as Saved has it."""

    path: str
    what: str
    tensors: dict[str, int]


@dataclass(frozen=True)
class LoadedInto(Event):
    """A call of ``load_state_dict``: on which network, and its parameters afterwards."""

    module: int
    tensors: dict[str, int]
    parameters: dict[str, int]


@dataclass(frozen=True)
class DataSet(Event):
    """A data set of torchvision that was made: "MNIST", "FashionMNIST"; its transform in words
    ("Compose(ToTensor(), …)"), "" if it has none."""

    kind: str
    transform: str
    train: bool


@dataclass(frozen=True)
class Transformed(Event):
    """A transform of torchvision that was called by the work itself, on a picture or array."""

    kind: str


@dataclass(frozen=True)
class Plot:
    """One plotting call on axes: "plot", "bar", "hist", "semilogy", "imshow", …, with its numeric
    arguments (indices), its label, and, of bars and lines, what was drawn in the end."""

    call: str
    arguments: tuple[int, ...]
    label: str
    axes: int
    """Which axes of the figure, from 0."""


@dataclass(frozen=True)
class Figure(Event):
    """A figure, as it was when it was shown, saved, or left at the end of its cell."""

    figure: int
    plots: tuple[Plot, ...]
    words: tuple[str, ...]
    """Titles, labels of axes and ticks, legends, texts."""
    png: bytes = b""
    saved: str = ""
    """The path, where it was saved to a file."""


@dataclass(frozen=True)
class CellEnd(Event):
    """A cell came to its end: ``error`` in words ("NameError: name 'x' is not defined"), "" if it
    ran through. ``ended``: the process ended or was ended with it, in words."""

    error: str = ""
    ended: str = ""


@dataclass(frozen=True)
class Note(Event):
    """Something that a reader of the result should know: "pip install was left out", "there is no
    seaborn here", "there is no GPU here: the CPU took its place"."""

    words: str


@dataclass
class Record:
    """All that was recorded of one run, in the order in which it happened."""

    values: list[Value] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    seconds: float = 0.0
    cut: bool = False
    """Whether more happened than was kept."""

    def message(self) -> bytes:
        """The record as bytes: numbers, texts, lists and dicts of them, and nothing that can run.

        Each event is a pair of its class's name and its fields; a tensor is its bytes, row by row.
        """
        return msgpack.packb(
            {
                "values": self.values,
                "events": [(type(event).__name__, event) for event in self.events],
                "cut": self.cut,
            },
            default=_plain,
        )


def _plain(thing: Any) -> Any:
    if isinstance(thing, Tensor):
        return bytes_of(thing)
    return vars(thing)


def bytes_of(tensor: Tensor) -> bytes:
    """The entries of a tensor, row by row, as they lie in memory."""
    flat = tensor.detach().to("cpu").reshape(-1)
    if flat.stride() != (1,):  # one entry may lie anywhere, and is contiguous all the same
        flat = flat.clone(memory_format=torch.contiguous_format)
    return flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""
