"""Records of small hand-ins, for the tests of those who judge them: run here, without a recorder.

``work(source)`` runs a source twice, the second time with every seed moved, and records what the
judges read: the operations of torch, what is printed or left as a cell's last expression, and what
``backward`` leaves. What else a test needs is appended to the records by hand, with ``value``.
"""

from __future__ import annotations

import ast
import builtins
import hashlib
import random
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from io import StringIO
from textwrap import dedent
from typing import Any
from unittest.mock import patch

import numpy
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from answering.events import (
    MOST_ENTRIES,
    At,
    Backward,
    CellEnd,
    Gradient,
    Operation,
    Record,
    Shown,
    Value,
)
from judging.work import Cell, Work

FILE = "<work, cell {}>"
FROM_NUMPY = torch.from_numpy


class Recording(TorchFunctionMode):
    """Records what happens while it is entered, as far as the tests need it."""

    def __init__(self) -> None:
        super().__init__()
        self.record = Record()
        self.kept: list[Any] = []
        self.objects: dict[int, int] = {}
        self.places: dict[tuple[Any, ...], int] = {}

    def value(self, thing: Any) -> int:
        """The place of a thing, as it is now, in the table of values."""
        kind, entries = _entries(thing)
        if kind == "number":
            number = -1
        else:
            number = self.objects.setdefault(id(thing), len(self.objects))
            self.kept.append(thing)
        data = entries.contiguous()
        digest = hashlib.sha256(
            data.view(torch.uint8).numpy().tobytes()
            if data.numel() and data.dim()
            else str(data.tolist()).encode()
        ).hexdigest()[:16]
        tracked = isinstance(thing, Tensor) and thing.requires_grad
        key = number, digest, tuple(data.shape), tracked
        if key not in self.places:
            self.places[key] = len(self.record.values)
            self.record.values.append(
                Value(
                    number,
                    kind,
                    tuple(data.shape),
                    str(data.dtype).removeprefix("torch."),
                    data if data.numel() <= MOST_ENTRIES else None,
                    digest,
                    tracked,
                    isinstance(thing, Tensor) and thing.is_leaf,
                    _sizes(data),
                )
            )
        return self.places[key]

    def at(self) -> At:
        """The innermost line of the work that led here."""
        frame = sys._getframe()
        while frame is not None:
            name = frame.f_code.co_filename
            if name.startswith("<work, cell "):
                return At(int(name[12:-1]), frame.f_lineno)
            frame = frame.f_back  # type: ignore[assignment]
        return At(0, 0)

    def shown(self, how: str, things: tuple[Any, ...], text: str) -> None:
        values = tuple(self.value(one) for thing in things for one in _objects(thing))
        self.record.events.append(Shown(self.at(), how, text, values))

    def print(self, *things: Any, **how: Any) -> None:
        written = StringIO()
        with _Off():
            builtins.print(*things, **{**how, "file": written})
            self.shown("print", things, written.getvalue())

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        if name == "__get__":
            name = getattr(getattr(func, "__self__", None), "__name__", "")
            if name not in ("grad", "data", "T"):
                return func(*args, **kwargs)
        if name in ("__repr__", "__format__", "size", "dim", "numel", "register_hook", "__set__"):
            return func(*args, **kwargs)
        operands = [self.value(one) for each in (args, kwargs.values()) for one in _objects(each)]
        if func is Tensor.backward:
            return self._backward(func, args, kwargs)
        result = func(*args, **kwargs)
        at = self.at()
        if at != (0, 0):
            results = tuple(map(self.value, _objects(result)))
            scalar = float(result) if isinstance(result, int | float) else None
            self.record.events.append(Operation(at, name, tuple(operands), results, scalar))
        return result

    def _backward(self, func: Any, args: Any, kwargs: Any) -> None:
        tracked = [one for one in self.kept if isinstance(one, Tensor) and one.requires_grad]
        leaves = [*{id(one): one for one in tracked if one.is_leaf}.values()]
        before = [None if one.grad is None else one.grad.clone() for one in leaves]
        func(*args, **kwargs)
        gradients = []
        for leaf, old in zip(leaves, before, strict=True):
            if leaf.grad is not None and (old is None or not torch.equal(old, leaf.grad)):
                was = None if old is None else self.value(old)
                gradients.append(Gradient(self.value(leaf), was, self.value(leaf.grad)))
        self.record.events.append(Backward(self.at(), self.value(args[0]), tuple(gradients)))


_Off = torch._C.DisableTorchFunction


def _entries(thing: Any) -> tuple[str, Tensor]:
    if isinstance(thing, Tensor):
        return "tensor", thing.detach().clone()
    if isinstance(thing, numpy.ndarray):
        return "array", FROM_NUMPY(thing.copy())
    if isinstance(thing, list):
        return "list", torch.tensor(thing, dtype=_of_list(thing))
    return "number", torch.tensor(thing, dtype=_of_list(thing))


def _of_list(thing: Any) -> torch.dtype:
    dtype = torch.tensor(thing).dtype
    return torch.float64 if dtype.is_floating_point else dtype


def _objects(thing: Any) -> Iterator[Any]:
    """The tensors, arrays, lists of numbers and numbers in a thing."""
    is_list = isinstance(thing, list) and thing and _is_numbers(thing)
    if is_list or isinstance(thing, Tensor | numpy.ndarray | int | float):
        yield thing
    elif isinstance(thing, tuple | list) and not isinstance(thing, torch.Size):
        for one in thing:
            yield from _objects(one)
    elif isinstance(thing, dict):
        for one in thing.values():
            yield from _objects(one)


def _is_numbers(thing: Any) -> bool:
    if isinstance(thing, list):
        return all(map(_is_numbers, thing)) and len({len(o) for o in thing if type(o) is list}) < 2
    return isinstance(thing, int | float)


def _sizes(data: Tensor) -> dict[str, float]:
    if not data.numel() or data.dtype.is_complex:
        return {}
    x = data.double()
    return {
        "mean_abs": float(x.abs().mean()),
        "norm": float(x.norm()),
        "max_abs": float(x.abs().max()),
        "mean": float(x.mean()),
        "std": float(x.std()) if x.numel() > 1 else 0.0,
        "mean_square": float(x.square().mean()),
        "sum_abs": float(x.abs().sum()),
        "sum": float(x.sum()),
        "min": float(x.min()),
        "max": float(x.max()),
    }


def cells(source: str) -> list[str]:
    """A source taken apart at its lines ``# %%``."""
    found: list[list[str]] = [[]]
    for line in dedent(source).strip("\n").split("\n"):
        if line.startswith("# %%"):
            found.append([])
        else:
            found[-1].append(line)
    return ["\n".join(lines) for lines in found if "".join(lines).strip()]


def record(parts: list[str], moved: int = 0) -> Record:
    """What was recorded while the cells ran, every seed moved by so much."""
    recording = Recording()
    names: dict[str, Any] = {"__name__": "__main__", "print": recording.print}
    torch_seed, numpy_seed, own_seed = torch.manual_seed, numpy.random.seed, random.seed
    for seed in (torch_seed, numpy_seed, own_seed):
        seed(1_000 + moved)
    with ExitStack() as stack:
        for module, name, real in (
            (torch, "manual_seed", torch_seed),
            (numpy.random, "seed", numpy_seed),
            (random, "seed", own_seed),
        ):
            stack.enter_context(patch.object(module, name, _moving(real, moved)))
        stack.enter_context(patch.object(torch, "from_numpy", _noted(recording)))
        stack.enter_context(recording)
        for number, source in enumerate(parts):
            error = _run(recording, names, number, source)
            recording.record.events.append(CellEnd(At(number, 0), error))
    return recording.record


def _moving(real: Any, moved: int) -> Any:
    return lambda seed=0: real(seed + moved)


def _noted(recording: Recording) -> Any:
    def from_numpy(array: Any) -> Tensor:
        operand, result = recording.value(array), FROM_NUMPY(array)
        recording.record.events.append(
            Operation(recording.at(), "from_numpy", (operand,), (recording.value(result),))
        )
        return result

    return from_numpy


def _run(recording: Recording, names: dict[str, Any], number: int, source: str) -> str:
    tree = ast.parse(source)
    last = tree.body[-1] if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    if last is not None:
        tree.body.pop()
    file = FILE.format(number)
    try:
        exec(compile(tree, file, "exec"), names)
        if last is not None:
            expression = ast.Expression(last.value)
            result = eval(compile(expression, file, "eval"), names)
            if result is not None:
                with _Off():
                    text = repr(result)
                    recording.record.events.append(
                        Shown(
                            At(number, last.lineno),
                            "last",
                            text,
                            tuple(map(recording.value, _objects(result))),
                        )
                    )
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def work(source: str) -> Work:
    """A hand-in that has run twice: its cells begin at lines ``# %%``."""
    parts = cells(source)
    titles = (f"cell {number}" for number in range(1, len(parts) + 1))
    return Work(
        [Cell(title, part) for title, part in zip(titles, parts, strict=True)],
        [],
        [record(parts), record(parts, moved=77)],
    )
