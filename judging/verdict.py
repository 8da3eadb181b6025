"""The vocabulary in which checks judge: few words, each with a message for the learner.

A check calls the answers, compares what came back with an oracle by one of these words, and says
the formula. What fails raises ``Wrong``, which reads: what was called, what came back, what was
expected and why.
"""

import math
import operator
import unittest
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import PurePath
from typing import Any, NoReturn

import torch
from torch import Tensor, nn

MOST_SHOWN = 24
"""Entries up to which a tensor is shown whole."""

MOST_LINES = 20
"""Lines shown of what an answer printed."""

LONGEST, LONGEST_LINE = 400, 2_000
"""Characters after which what is shown of a value is cut, and a line of a message."""

MOST_VISITED = 1_000
"""Entries of a value, within whatever contains them, that are visited to show it."""


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
        self.printed = ""
        """What the answer printed meanwhile."""
        self.returned, self.expected, self.call, self.where = returned, expected, call, where

    def seen(self) -> tuple[str, str]:
        """What tells one wrong answer from another on one case, however it is written."""
        return self.returned, self.expected

    def __str__(self) -> str:
        call, returned, where = (
            line(text or "") for text in (self.call, self.returned, self.where)
        )
        lines = [call, f"  {returned}", f"  at {where}" if where else ""]
        lines.append(f"  expected {self.expected}")
        if self.printed:
            lines += ["  It printed:", *(f"    {line}" for line in printable(self.printed))]
        return "\n".join(filter(None, lines))


def line(text: str) -> str:
    """A foreign text on one line, of a length that can be read, with nothing hidden in it."""
    short = text if len(text) <= LONGEST_LINE else f"{text[:LONGEST_LINE]}…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in short)


def printable(text: str) -> list[str]:
    """What an answer printed, as lines that a terminal can show: 20 at most, nothing hidden."""
    lines = text.splitlines()
    more = [f"… and {len(lines) - MOST_LINES} more lines"] if len(lines) > MOST_LINES else []
    return [*("    ".join(map(line, one.split("\t"))) for one in lines[:MOST_LINES]), *more]


class NotTried(unittest.SkipTest):
    """The system lacks for ever what a check needs; the words say what."""


class NotDecided(unittest.SkipTest):
    """The surroundings lack what a check needs; the words say what, and what to do."""


class ForReader(NotDecided):
    """What only a human reader can decide; the words say what a reader will look for."""


def shown(value: Any, digits: int = 6) -> str:
    """A value as the learner would write it down: short, and exact where it can be."""
    text = _Shown(digits).text(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


class _Shown:
    """Shows one value: what contains much, or itself, costs no more than the first of it."""

    def __init__(self, digits: int) -> None:
        self.digits = digits
        self.left, self.depth = MOST_VISITED, 0

    def text(self, value: Any) -> str:
        self.left -= 1
        if self.left < 0 or self.depth > DEEPEST:
            return "…"
        self.depth += 1
        try:
            return self._text(value)
        finally:
            self.depth -= 1

    def _text(self, value: Any) -> str:
        if isinstance(value, Tensor):
            return _tensor_shown(value, self.digits)
        if isinstance(value, float):
            return _number(value, self.digits)
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            entries = self._all(value)
            named = [
                f"{name} = {entry}" for name, entry in zip(value._fields, entries, strict=False)
            ]
            return f"{type(value).__name__}({', '.join(named)})"
        if isinstance(value, tuple | list):
            inside = ", ".join(self._all(value))
            if isinstance(value, list):
                return f"[{inside}]"
            return f"({inside}{',' * (len(value) == 1)})"
        if isinstance(value, dict):
            pairs = (f"{self.text(key)}: {self.text(entry)}" for key, entry in value.items())
            return "{" + ", ".join(islice(pairs, LONGEST)) + "}"
        if isinstance(value, set | frozenset) and value:
            return "{" + ", ".join(self._all(value)) + "}"
        if isinstance(value, int) and value.bit_length() > 4 * LONGEST:
            return f"an integer of {value.bit_length():,} bits"
        if isinstance(value, str | bytes):
            return repr(value[: LONGEST + 1])
        if isinstance(value, nn.Module):
            return f"a {type(value).__name__}"
        if isinstance(value, PurePath):
            return repr(value.name[: LONGEST + 1])
        if isinstance(value, torch.Generator):
            return f"a generator seeded with {value.initial_seed()}"
        return _repr(value)

    def _all(self, entries: Iterable[Any]) -> list[str]:
        """The first entries, as many as can be shown at all."""
        return [self.text(entry) for entry in islice(entries, LONGEST)]


DEEPEST = 40
"""How deep what is shown may be nested."""


def _repr(value: Any) -> str:
    # Answers are strangers' objects: their repr may fail, or name a place in memory.
    try:
        text = repr(value)
    except Exception:
        text = " at 0x"
    return f"a {type(value).__name__}" if " at 0x" in text else " ".join(text.split())


def _type_of(value: Any) -> str:
    """The name of a value's type, as the learner knows it: of what is elsewhere, its type there."""
    known = type(value).__name__
    return known if isinstance(value, tuple) else getattr(value, "type_name", known)


def _number(value: float, digits: int) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e6:
        return str(int(value))
    return f"{value:.{digits}g}" if isinstance(value, float) else str(value)


def _unlike(one: Any, other: Any) -> tuple[str, str]:
    """Two values in words, with as many digits as it takes to tell them apart."""
    short = shown(one), shown(other)
    return short if short[0] != short[1] else (shown(one, digits=17), shown(other, digits=17))


def _tensor_shown(value: Tensor, digits: int) -> str:
    shape = tuple(value.shape)
    dtype = "" if value.dtype == torch.float32 else f" {str(value.dtype).removeprefix('torch.')}"
    if value.numel() > MOST_SHOWN or value.is_meta or value.layout != torch.strided:
        return f"a{dtype} tensor of shape {shape}"

    def nested(entries: Any) -> str:
        if isinstance(entries, list):
            return "[" + ", ".join(map(nested, entries)) + "]"
        return _number(entries, digits)

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
            f"{returned}, of type {_type_of(actual)}",
            f"a torch.Tensor of shape {tuple(shape)}: {formula}",
        )
    if actual.layout != torch.strided:
        raise Wrong(f"{returned}, of layout {actual.layout}", f"a dense tensor: {formula}")
    if actual.shape != shape:
        if "of shape" not in returned:
            returned += f", of shape {tuple(actual.shape)}"
        raise Wrong(returned, f"shape {tuple(shape)}: {formula}")
    if actual.dtype != dtype:
        raise Wrong(f"{returned}, of dtype {actual.dtype}", f"dtype {dtype}: {formula}")
    if actual.device.type != torch.device(device).type:
        raise Wrong(f"{returned}, on {actual.device}", f"on {device}: {formula}")


def equal(actual: Any, expected: Tensor, formula: str, *, said: str = "returned ") -> None:
    """Require exactly ``expected``: shape, dtype, device and every value, with no tolerance.

    NaN is what NaN is expected to be.
    """
    same_form(actual, tuple(expected.shape), expected.dtype, formula, expected.device, said=said)
    if not torch.equal(actual, expected):
        off = (actual != expected) & ~(actual.isnan() & expected.isnan())
        if off.any():
            _reject_values(actual, expected, off, formula, said)


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


def undefined(actual: Any, where: Tensor, formula: str) -> None:
    """Require NaN in the entries where there is no result, and let the others be what they are."""
    holds(
        isinstance(actual, Tensor)
        and actual.shape == where.shape
        and bool(actual.detach()[where].isnan().all()),
        f"returned {shown(actual)}",
        f"NaN at {where.nonzero().tolist()}: {formula}",
    )


def _reject_values(
    actual: Tensor, expected: Tensor, off: Tensor, formula: str, said: str
) -> NoReturn:
    # The oracle counts in float64; the learner should see the answer's own dtype.
    expected = expected.to(actual.dtype)
    if actual.numel() <= MOST_SHOWN:
        returned, wanted = _unlike(actual, expected)
        raise Wrong(f"{said}{returned}", f"{wanted} = {formula}")
    index = tuple(off.nonzero()[0].tolist())
    returned, wanted = _unlike(actual[index].item(), expected[index].item())
    raise Wrong(
        f"{said}a tensor of shape {tuple(actual.shape)}, first wrong at {list(index)}: {returned}",
        f"{wanted} there = {formula}",
    )


def same_number(actual: Any, expected: int, formula: str) -> None:
    """Require an integer, whatever its type, of this value."""
    try:
        right = not _is_bool(actual) and operator.index(actual) == expected
    except (TypeError, ValueError, RuntimeError):
        right = False
    if not right:
        returned = shown(actual)
        if returned == str(expected):
            returned += f", of type {_type_of(actual)}"
        raise Wrong(f"returned {returned}", f"the integer {expected} = {formula}")


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool) or str(getattr(value, "dtype", "")).endswith("bool")


def near(
    actual: Any, expected: float, bound: float, formula: str, *, said: str = "returned "
) -> None:
    """Require a real number (a Python or NumPy one, or a tensor of one element) within bound."""
    value = _real(actual)
    if value is None:
        raise Wrong(f"{said}{shown(actual)}", f"the number {expected:.6g} = {formula}")
    if not abs(value - expected) <= bound:
        digits = 9 if f"{value:.9g}" != f"{expected:.9g}" else 17
        raise Wrong(f"{said}{value:.{digits}g}", f"{expected:.{digits}g} = {formula}")


def positive(actual: Any, formula: str, *, said: str = "returned ") -> None:
    """Require a real number that is positive and finite."""
    value = _real(actual)
    if value is None or not 0 < value < math.inf:
        raise Wrong(f"{said}{shown(actual)}", f"a positive number: {formula}")


def _real(value: Any) -> float | None:
    """What a Python or NumPy number, or a tensor of one element, amounts to; None for no number."""
    if _is_bool(value) or isinstance(value, str | bytes):  # which float would take
        return None
    try:
        return float(value)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        return None


def refuses(
    function: Any,
    *args: Any,
    error: type[BaseException] | tuple[type[BaseException], ...],
    because: str,
    **kwargs: Any,
) -> Any:
    """Require that the call raises this kind of error; returns it, in plain words."""
    kinds = error if isinstance(error, tuple) else (error,)
    names = " or ".join("an error" if kind is Exception else f"a {kind.__name__}" for kind in kinds)
    outcome = function.outcome(*args, **kwargs)
    if hasattr(outcome, "is_a"):
        if outcome.is_a(NotImplementedError):
            raise function.unwritten()
        if outcome.is_a(*kinds):
            return outcome
        words = f": {outcome}" if str(outcome) else ""
        raise Wrong(f"raised {outcome.type_name}{words}", f"{names}, because {because}")
    raise Wrong(f"returned {shown(outcome)}", f"{names}, because {because}")


def drawn(
    draw: Callable[[torch.Generator], Sequence[Tensor]], names: str, seed: int, *, anew: str
) -> None:
    """Require that the generator alone decides the tensors that ``draw`` returns, named ``names``.

    Those in ``anew`` must be others for another seed, and at the second draw from one generator.
    """
    source = "all of them are drawn from the generator passed in"

    def seeded(seed: int) -> torch.Generator:
        return torch.Generator().manual_seed(seed)

    def named(tensors: Sequence[Tensor]) -> dict[str, Tensor]:
        return dict(zip(names, tensors, strict=True))

    first, again = named(draw(seeded(seed))), named(draw(seeded(seed)))
    other, running = named(draw(seeded(seed + 1))), seeded(seed)
    draw(running)
    later = named(draw(running))
    for name, one in first.items():
        holds(
            torch.equal(one, again[name]),
            f"returned another {name} for a generator with the same seed",
            f"the same numbers: {source}",
        )
    for name in anew:
        holds(
            not torch.equal(first[name], other[name]),
            f"returned the same {name} for generators with different seeds",
            f"other numbers: {source}",
        )
        holds(
            not torch.equal(first[name], later[name]),
            f"returned the same {name} when the same generator was used a second time",
            "new numbers: a generator goes on where the last draw stopped",
        )


def drawn_from_torchs_own(
    draw: Callable[[], Sequence[Tensor]],
    seed: Callable[[int, int], None],
    names: str,
    *,
    anew: str,
) -> None:
    """Require that torch's own generator decides what ``draw`` returns without one passed in.

    Args:
        draw: calls the answer; ``names`` are those of the tensors that it returns.
        seed: seeds torch's own generator with its first, and all others with its second argument.
        anew: the tensors that must be others in the next call, which nobody seeds.
    """

    def named() -> dict[str, Tensor]:
        return dict(zip(names, draw(), strict=True))

    seed(1, 2)
    first, later = named(), named()
    seed(1, 3)
    again = named()
    for name, one in first.items():
        holds(
            torch.equal(one, again[name]),
            f"returned another {name} after torch.manual_seed with the same seed",
            "the same numbers: without a generator, torch's own is the only source",
        )
    for name in anew:
        holds(
            not torch.equal(first[name], later[name]),
            f"returned the same {name} in the next call",
            "new numbers in each call: nobody has seeded torch's own generator in between",
        )
