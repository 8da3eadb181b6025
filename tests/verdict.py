"""The vocabulary in which checks judge: few words, each with a message for the learner.

A check calls the answers, compares what came back with an oracle by one of these words, and says
the formula. What fails raises ``Wrong``, which reads: what was called, what came back, what was
expected and why.
"""

from collections.abc import Callable
from pathlib import PurePath
from typing import Any, NoReturn

import torch
from torch import Tensor, nn

MOST_SHOWN = 24
"""Entries up to which a tensor is shown whole."""


class Wrong(AssertionError):
    """A wrong answer: ``call`` gave ``returned``, ``expected`` is why that is wrong.

    ``call`` is filled in by whoever knows what was called; ``where`` is the line of the answer in
    which an error arose. ``whatever_the_case`` says that no other case would go better: the
    function is missing, or not written.
    """

    def __init__(
        self,
        returned: str,
        expected: str,
        *,
        call: str | None = None,
        where: str | None = None,
        whatever_the_case: bool = False,
    ) -> None:
        super().__init__(returned, expected)
        self.whatever_the_case = whatever_the_case
        self.returned, self.expected, self.call, self.where = returned, expected, call, where

    def seen(self) -> tuple[str, str]:
        """What tells one wrong answer from another on one case, however it is written."""
        return self.returned, self.expected

    def __str__(self) -> str:
        lines = [self.call or "", f"  {self.returned}", f"  at {self.where}" if self.where else ""]
        return "\n".join([*filter(None, lines), f"  expected {self.expected}"])


def shown(value: Any) -> str:
    """A value as the learner would write it down: short, and exact where it can be."""
    if isinstance(value, Tensor):
        return _tensor_shown(value)
    if isinstance(value, bool | str | type(None)):
        text = repr(value)
    elif isinstance(value, float):
        text = _number(value)
    elif isinstance(value, nn.Module):
        text = f"a {type(value).__name__}"
    elif isinstance(value, PurePath):
        text = repr(value.name)
    elif isinstance(value, torch.Generator):
        text = f"a generator seeded with {value.initial_seed()}"
    elif isinstance(value, dict):
        text = "{" + ", ".join(f"{key!r}: {shown(entry)}" for key, entry in value.items()) + "}"
    elif isinstance(value, tuple) and hasattr(value, "_fields"):
        fields = zip(value._fields, value, strict=True)
        text = ", ".join(f"{name} = {shown(entry)}" for name, entry in fields)
        text = f"{type(value).__name__}({text})"
    elif isinstance(value, tuple | list):
        inside = ", ".join(shown(entry) for entry in value)
        text = f"[{inside}]" if isinstance(value, list) else f"({inside}{',' * (len(value) == 1)})"
    else:
        text = _repr(value)
    return text if len(text) <= 400 else f"{text[:400]}…"


def _repr(value: Any) -> str:
    # Answers are strangers' objects: their repr may fail, or name a place in memory.
    try:
        text = repr(value)
    except Exception:
        text = " at 0x"
    return f"a {type(value).__name__}" if " at 0x" in text else " ".join(text.split())


def _number(value: float) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e6:
        return str(int(value))
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _tensor_shown(value: Tensor) -> str:
    shape = tuple(value.shape)
    dtype = "" if value.dtype == torch.float32 else f" {str(value.dtype).removeprefix('torch.')}"
    if value.numel() > MOST_SHOWN or value.is_meta or value.is_sparse:
        return f"a{dtype} tensor of shape {shape}"

    def nested(entries: Any) -> str:
        if isinstance(entries, list):
            return "[" + ", ".join(map(nested, entries)) + "]"
        return _number(entries)

    if value.numel() == 0:
        return f"an empty{dtype} tensor of shape {shape}"
    return nested(value.detach().tolist()) + (f" ({dtype.strip()})" if dtype else "")


def wrong(returned: Any, expected: str) -> NoReturn:
    """Reject what was returned, saying in words what was expected."""
    raise Wrong(f"returned {shown(returned)}", expected)


def holds(condition: bool, returned: str, expected: str) -> None:
    """Require a condition. ``returned`` says what was seen ("changed its argument A")."""
    if not condition:
        raise Wrong(returned, expected)


def same_form(
    actual: Any,
    shape: tuple[int, ...],
    dtype: torch.dtype,
    formula: str,
    device: torch.device | str = "cpu",
    *,
    said: str = "returned ",
) -> None:
    """Require a dense tensor of this shape, dtype and device: structure first, then values.

    ``said`` begins what is told of the result, as in "returned sum = ".
    """
    returned = f"{said}{shown(actual)}"
    if not isinstance(actual, Tensor):
        raise Wrong(
            f"{returned}, of type {type(actual).__name__}",
            f"a torch.Tensor of shape {tuple(shape)}: {formula}",
        )
    if actual.shape != shape:
        if "of shape" not in returned:
            returned += f", of shape {tuple(actual.shape)}"
        raise Wrong(returned, f"shape {tuple(shape)}: {formula}")
    if actual.dtype != dtype:
        raise Wrong(f"{returned}, of dtype {actual.dtype}", f"dtype {dtype}: {formula}")
    if actual.device.type != torch.device(device).type:
        raise Wrong(f"{returned}, on {actual.device}", f"on {device}: {formula}")


def equal(actual: Any, expected: Tensor, formula: str, *, said: str = "returned ") -> None:
    """Require exactly ``expected``: shape, dtype, device and every value, with no tolerance."""
    same_form(actual, tuple(expected.shape), expected.dtype, formula, expected.device, said=said)
    if not torch.equal(actual, expected):
        _reject_values(actual, expected, actual != expected, formula, said)


def within(
    actual: Any,
    expected: Tensor,
    bound: Tensor | float,
    formula: str,
    dtype: torch.dtype,
    *,
    said: str = "returned ",
) -> None:
    """Require |actual − expected| ≤ bound in every entry.

    Args: expected, the oracle's float64 value; bound, its derived error bound, a number or a tensor
        of the same shape; dtype, what the answer's dtype must be. NaN is within no bound.
    """
    same_form(actual, tuple(expected.shape), dtype, formula, expected.device, said=said)
    off = ~((actual.detach().double() - expected).abs() <= bound)
    if off.any():
        _reject_values(actual, expected, off, formula, said)


def _reject_values(
    actual: Tensor, expected: Tensor, off: Tensor, formula: str, said: str
) -> NoReturn:
    if actual.numel() <= MOST_SHOWN:
        # The oracle counts in float64; the learner should see the answer's own dtype.
        raise Wrong(f"{said}{shown(actual)}", f"{shown(expected.to(actual.dtype))} = {formula}")
    index = tuple(off.nonzero()[0].tolist())
    raise Wrong(
        f"{said}a tensor of shape {tuple(actual.shape)}, first wrong at {list(index)}: "
        f"{_number(actual[index].item())}",
        f"{_number(expected[index].item())} there = {formula}",
    )


def same_number(actual: Any, expected: int, formula: str) -> None:
    """Require an integer, whatever its type, of this value."""
    if isinstance(actual, bool) or not hasattr(actual, "__index__") or int(actual) != expected:
        raise Wrong(f"returned {shown(actual)}", f"{expected} = {formula}")


def near(
    actual: Any, expected: float, bound: float, formula: str, *, said: str = "returned "
) -> None:
    """Require a real number (a Python or NumPy one, or a tensor of one element) within bound."""
    try:
        value = float(actual)
    except (TypeError, ValueError, RuntimeError):
        raise Wrong(f"{said}{shown(actual)}", f"the number {expected:.6g} = {formula}") from None
    if not abs(value - expected) <= bound:
        raise Wrong(f"{said}{value:.9g}", f"{expected:.9g} = {formula}")


def refuses(
    function: Callable[..., Any],
    *args: Any,
    error: type[BaseException] | tuple[type[BaseException], ...],
    because: str,
    **kwargs: Any,
) -> BaseException:
    """Require that the call raises this kind of error; returns the error."""
    kinds = error if isinstance(error, tuple) else (error,)
    names = " or ".join("an error" if kind is Exception else f"a {kind.__name__}" for kind in kinds)
    outcome = function.outcome(*args, **kwargs)  # type: ignore[attr-defined]
    if isinstance(outcome, NotImplementedError):
        raise function.unwritten()  # type: ignore[attr-defined]
    if isinstance(outcome, kinds):
        return outcome
    if isinstance(outcome, BaseException):
        words = f": {outcome}" if str(outcome) else ""
        raise Wrong(
            f"raised {type(outcome).__name__}{words}", f"{names}, because {because}"
        ) from outcome
    raise Wrong(f"returned {shown(outcome)}", f"{names}, because {because}")
