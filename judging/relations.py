"""Exercises 2.1, 2.2 and 2.3 of work as it is handed in: what it computed and showed, by relation.

Names and steps are free. A and B are the pair of recorded matrices for which most of what 2.1 asks
for was shown, x the recorded (6, 4) tensor for which most of 2.2 was; the gradient of 2.3 is the
one that autograd left. A part is right where it holds in each run, and what was typed in does not:
A and B have moved, and it has not.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import permutations
from typing import Any

import numpy
import torch
from torch import Tensor

from answering.events import At, Backward, CellEnd, Operation, Record, Shown, Value
from homework.hand_in import PARTS
from judging.known import MISTAKES, Mistake
from judging.oracles import gamma, unit_roundoff
from judging.read_numbers import Found, Numbers
from judging.verdict import shown as written
from judging.work import Finding, Work

DRAWS = frozenset(
    (
        *("rand", "randn", "randint", "rand_like", "randn_like", "randint_like", "randperm"),
        *("normal", "normal_", "uniform_", "bernoulli", "bernoulli_", "random_", "exponential_"),
        *("cauchy_", "log_normal_", "geometric_", "poisson", "multinomial", "trunc_normal_"),
        *("xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_"),
    )
)
"""Operations whose result follows from no operand but from chance."""

EMPTY = frozenset(["empty", "empty_like", "new_empty", "empty_strided"])
"""Operations whose result holds what lay in memory."""

DERIVATIVES = frozenset(["grad", "vjp", "jacobian", "jacrev", "jacfwd", "grad_and_value"])

OPERATIONS = {
    "sum": frozenset(["add", "add_", "__add__", "__radd__", "__iadd__", "sum"]),
    "difference": frozenset(["sub", "sub_", "subtract", "__sub__", "__rsub__", "rsub", "__isub__"]),
    "product": frozenset(["mul", "mul_", "multiply", "__mul__", "__rmul__", "__imul__"]),
    "matmul": frozenset(["matmul", "mm", "__matmul__", "bmm", "einsum", "dot", "tensordot"]),
}
FORMULAS = {"sum": "A + B", "difference": "A − B", "product": "A * B", "matmul": "A @ B"}

MOST_CANDIDATES = 14

M = torch.tensor([[1.0, 0.0, 2.0], [1.0, 1.0, 0.0], [0.0, 3.0, 1.0]])
"""The homework's matrix of 2.3."""

GRADIENT = torch.ones(3, 3) @ M.T

Array = Any
Key = tuple[Any, ...]


@dataclass(frozen=True)
class Target:
    """What is looked for among what was shown: float64, and how far off a right value may be."""

    value: Array
    slack: Array


def target(value: Tensor, terms: Tensor | None = None, n: int = 0) -> Target:
    """A value that is the sum of n products with these |terms|: γ_n·terms bounds its error, in any
    order (Higham, eq. 3.5), and one rounding more its way into another format."""
    exact = value.detach().double().numpy()
    if not value.dtype.is_floating_point:
        return Target(exact, numpy.zeros_like(exact))
    slack = unit_roundoff(value.dtype) * numpy.abs(exact)
    if terms is not None:
        slack = slack + gamma(n, value.dtype) * terms.double().numpy()
    return Target(exact, numpy.nan_to_num(slack, posinf=0))


@dataclass
class Run:
    """A record, by what the judges ask of it."""

    record: Record
    shown: list[int] = field(default_factory=list)
    """Which events are Shown."""
    objects: dict[int, list[tuple[int, Value]]] = field(default_factory=lambda: defaultdict(list))
    """Number of entries → the event that shows such an object, and the object."""

    stacks: dict[int, tuple[Array, Array]] = field(default_factory=dict)
    """Number of entries → those of all these objects as one array, and their u."""

    def __post_init__(self) -> None:
        for index, event in enumerate(self.record.events):
            if isinstance(event, Shown):
                self.shown.append(index)
                for one in map(self.value, event.values):
                    if one.entries is not None and one.kind != "number":
                        self.objects[one.entries.numel()].append((index, one))

    def value(self, index: int) -> Value:
        return self.record.values[index]

    def at(self, event: int) -> At:
        return self.record.events[event].at

    @cached_property
    def numbers(self) -> Numbers:
        return Numbers(
            event.text if event.how == "print" else f"{event.text}\n"
            for event in self.record.events
            if isinstance(event, Shown)
        )

    def operations(self) -> Iterator[tuple[int, Operation]]:
        for index, event in enumerate(self.record.events):
            if isinstance(event, Operation):
                yield index, event

    def showing(self, what: Target, shape: tuple[int, ...] | None = None) -> list[int]:
        """The events that show it, in order; if its shape counts, those that show it in it."""
        found = {index for index, one in self.equals(what) if shape is None or one.shape == shape}
        if found and shape is None:
            return sorted(found)
        for place in self.numbers.find(what.value, what.slack):
            if shape is None or len(shape) == 2 or place.flat:
                found.add(self.shown[place.text])
        return sorted(found)

    def equals(self, what: Target) -> list[tuple[int, Value]]:
        """The events that show an object with these entries, and the object."""
        objects = self.objects.get(what.value.size, [])
        if len(objects) < 8:
            return [(index, one) for index, one in objects if _equal(one, what)]
        if what.value.size not in self.stacks:
            entries = [one.entries for _, one in objects if one.entries is not None]
            self.stacks[what.value.size] = (
                numpy.stack([_real(one).double().numpy().ravel() for one in entries]),
                numpy.array([_roundoff(one) for one in entries])[:, None],
            )
        values, roundoffs = self.stacks[what.value.size]
        expected = what.value.ravel()
        near = numpy.abs(values[:, 0] - expected[0]) <= (
            what.slack.flat[0] + roundoffs[:, 0] * abs(expected[0])
        )
        near |= (values[:, 0] == expected[0]) | numpy.isnan(values[:, 0])
        few = (objects[place] for place in numpy.flatnonzero(near))
        return [(index, one) for index, one in few if _equal(one, what)]

    @cached_property
    def names(self) -> dict[int, set[str]]:
        """The identity of a value → the names of the operations that gave it."""
        found: dict[int, set[str]] = defaultdict(set)
        for _, event in self.operations():
            for index in event.results:
                found[id(self.value(index))].add(event.name)
        return found

    def memory(self) -> set[int]:
        """The values that are whatever lay in memory."""
        made = (event.results for _, event in self.operations() if event.name in EMPTY)
        return {value for results in made for value in results}

    def computed(self, what: Target, shape: tuple[int, ...]) -> At | None:
        """Where an operation gave it, if one did."""
        for _, event in self.operations():
            for one in map(self.value, event.results):
                if one.shape == shape and _equal(one, what):
                    return event.at
        return None

    def keyed(self) -> Iterator[tuple[Key, str, int, int]]:
        """Each tensor among operands and results: its place in the run (that in another run is the
        corresponding one), the operation's name if it is a result, the event, the value."""
        seen: Counter[tuple[At, str]] = Counter()
        for index, event in self.operations():
            site = event.at, event.name
            seen[site] += 1
            for role, values in (("operand", event.operands), ("result", event.results)):
                for place, value in enumerate(values):
                    name = event.name if role == "result" else ""
                    yield (*site, seen[site], role, place), name, index, value


def _real(one: Tensor) -> Tensor:
    return one.real if one.is_complex() else one


def _roundoff(one: Tensor) -> float:
    return unit_roundoff(one.dtype) if one.dtype.is_floating_point else 0.0


def _equal(one: Value, what: Target) -> bool:
    if one.entries is None or one.entries.numel() != what.value.size:
        return False
    if one.entries.dtype.is_complex:
        return False
    value, expected = one.entries.double().numpy().ravel(), what.value.ravel()
    slack = what.slack.ravel()
    if one.entries.dtype.is_floating_point:
        slack = slack + unit_roundoff(one.entries.dtype) * numpy.abs(expected)
    with numpy.errstate(invalid="ignore"):
        near = numpy.abs(value - expected) <= slack
    same = (value == expected) | (numpy.isnan(value) & numpy.isnan(expected))
    return bool((near | same).all())


@dataclass(eq=False)
class Candidate:
    """A tensor of the work, in each of its runs."""

    values: tuple[Value, ...]
    at: At
    order: int
    name: str
    """Of the operation that made it; "" if none was recorded."""
    uses: int = 0
    sources: frozenset[int] = frozenset()
    """Those candidates, by order, that it was computed from."""

    @property
    def moved(self) -> bool:
        return self.name in DRAWS or (
            len(self.values) > 1 and self.values[0].digest != self.values[1].digest
        )

    @property
    def constant(self) -> bool:
        return any(bool((one == one.flatten()[0]).all()) for one in self.tensors)

    @property
    def tensors(self) -> list[Tensor]:
        return [one.entries for one in self.values if one.entries is not None]

    @property
    def dtype(self) -> str:
        return self.values[0].dtype


def candidates(runs: list[Run], fits: Callable[[tuple[int, ...]], bool]) -> list[Candidate]:
    """The tensors of a shape that fits among operands and results, those that chance made first."""
    others = [{key: value for key, _, _, value in run.keyed()} for run in runs[1:]]
    found: dict[str, Candidate | None] = {}
    sources: dict[int, frozenset[int]] = defaultdict(frozenset)
    first, event = runs[0], -1
    by_chance = first.memory()
    fresh: frozenset[int] = frozenset()
    for key, name, index, value in first.keyed():
        if index != event:
            event, fresh = index, frozenset()
        one = first.value(value)
        ours = one.kind == "tensor" and one.entries is not None and fits(one.shape)
        ours = ours and value not in by_chance
        made = name if key[3] == "result" else ""
        if key[3] == "result" and made not in DRAWS and not made.endswith(("s_like", "y_like")):
            sources[value] |= fresh
        if ours and one.dtype != "bool" and not one.dtype.startswith("complex"):
            mark = f"{one.digest} {one.dtype} {one.shape}"
            if mark not in found:
                partners = [each.get(key) for each in others]
                values = [
                    run.value(p) for run, p in zip(runs[1:], partners, strict=True) if p is not None
                ]
                alike = len(values) == len(runs) - 1 and all(
                    v.shape == one.shape and v.dtype == one.dtype and v.entries is not None
                    for v in values
                )
                found[mark] = (
                    Candidate((one, *values), key[0], len(found), made, 0, sources[value])
                    if alike
                    else None
                )
            candidate = found[mark]
            if candidate is not None and key[3] == "operand":
                candidate.uses += key[1] != "__setitem__"
                fresh |= {candidate.order}
        if key[3] == "operand":
            fresh |= sources[value]
    usable = [one for one in found.values() if one is not None]
    usable.sort(key=lambda one: (not one.moved, one.name not in DRAWS, one.uses == 0, one.order))
    return sorted(usable[:MOST_CANDIDATES], key=lambda one: one.order)


def judge(work: Work, exercise: str) -> dict[str, Finding]:
    """A finding for each part of exercise 2.1, 2.2 or 2.3, from what was recorded of the runs."""
    runs = [Run(record) for record in work.runs]
    judges = {"2.1": _tensor_operations, "2.2": _shapes, "2.3": _gradient}
    found = judges[exercise](work, runs)
    stopped = _stopped(work, runs[0])
    return {
        part.name: Finding(one.outcome, f"{one.message}\n{stopped}".strip(), one.at, one.mistake)
        if (one := found[part.name]).outcome == "missing"
        else one
        for part in PARTS[exercise]
    }


def _stopped(work: Work, run: Run) -> str:
    lines = [
        f"{work.cells[event.at.cell].title} did not run to its end: {event.error or event.ended}"
        for event in run.record.events
        if isinstance(event, CellEnd) and (event.error or event.ended)
    ]
    return "\n".join([*dict.fromkeys(lines)][:3])


# --- 2.1


def _results(A: Tensor, B: Tensor) -> dict[str, Target]:
    """The four results, and what rounding may change in each, in whatever way they are computed."""
    common = torch.promote_types(A.dtype, B.dtype)
    A, B = A.to(common), B.to(common)
    a, b = A.double().abs(), B.double().abs()
    results = {
        "sum": target(A + B, a + b, 2),
        "difference": target(A - B, a + b, 2),
        "product": target(A * B, a * b, 2),
    }
    if A.dim() == 2 and A.shape[1] == B.shape[0]:
        n = A.shape[1]
        results["matmul"] = target(A @ B, a @ b, n + 1)
    return results


@dataclass
class Reading:
    """A and B, and which of the four results were shown in each run, and where."""

    A: Candidate
    B: Candidate
    results: list[dict[str, Target]]
    at: dict[str, list[int]]


def _reading(runs: list[Run], A: Candidate, B: Candidate) -> Reading:
    results = [_results(a, b) for a, b in zip(A.tensors, B.tensors, strict=True)]
    at: dict[str, list[int]] = {}
    for part in FORMULAS:
        if part in results[0]:
            places = runs[0].showing(results[0][part])
            others = zip(runs[1:], results[1:], strict=True)
            if places and all(run.showing(one[part]) for run, one in others):
                at[part] = places
    return Reading(A, B, results, at)


def _mixed(one: Candidate, by_order: dict[int, Candidate]) -> bool:
    """Whether it was computed from two tensors, none of which comes from the other."""
    known = [by_order[order] for order in one.sources if order in by_order]
    return any(
        a.order not in b.sources and b.order not in a.sources for a, b in permutations(known, 2)
    )


def _pairs(found: list[Candidate]) -> Iterator[list[tuple[Candidate, Candidate]]]:
    """The pairs that may be A and B, the likelier kinds first."""
    by_order = {one.order: one for one in found}
    mixed = {one.order for one in found if _mixed(one, by_order)}

    def may(a: Candidate, b: Candidate) -> bool:
        related = b.order in a.sources or a.order in b.sources or a.sources & b.sources
        return not (related and (a.order in mixed or b.order in mixed))

    def differ(a: Candidate, b: Candidate) -> bool:
        return a.values[0].shape == b.values[0].shape and may(a, b)

    varied = [one for one in found if not one.constant]
    square = [one for one in varied if one.values[0].shape == (5, 5)]
    # One matrix under two names is the better reading where it explains more of what is shown.
    same = [(one, one) for one in square]
    moved = [
        pair
        for pair in permutations(square, 2)
        if differ(*pair) and pair[0].moved and pair[1].moved
    ]
    yield moved + same if moved else []
    yield [pair for pair in permutations(square, 2) if differ(*pair)] + same
    yield [pair for pair in permutations(varied, 2) if differ(*pair)]
    yield [(a, b) for a, b in permutations(found, 2) if differ(a, b) and a.values[0].shape == (5, 5)
           and all(bool(t.any()) for t in (*a.tensors, *b.tensors))]  # fmt: skip


def _best(runs: list[Run], found: list[Candidate]) -> Reading | None:
    first: Reading | None = None
    for pairs in _pairs(found):
        readings = [_reading(runs, a, b) for a, b in pairs]
        if not readings:
            continue
        best = max(
            readings, key=lambda one: (len(one.at), one.A is not one.B, one.A.order < one.B.order)
        )
        if best.at:
            return best
        first = first or best
    return first


def _tensor_operations(work: Work, runs: list[Run]) -> dict[str, Finding]:
    found = candidates(runs, lambda shape: shape == (5, 5))
    reading = _best(runs, found)
    if reading is None or not reading.at:
        more = candidates(runs, lambda shape: len(shape) in (1, 2, 3) and 9 <= _size(shape) <= 400)
        other = _best(runs, more)
        reading = other if other and (other.at or reading is None) else reading
    if reading is None:
        words = "two tensors of shape (5, 5), filled with random numbers, were looked for"
        lone = next((one for one in found if one.moved and not one.constant), None)
        random = Finding("missing", f"A and B: {words}, and none was found.")
        if lone is not None:
            random = Finding(
                "wrong",
                f"{work.where(lone.at)}\n  makes one random tensor of shape (5, 5)\n"
                "  expected two of them, A and B, each drawn for itself",
                (lone.at,),
            )
        nothing = {
            part: Finding("missing", f"{formula} was looked for, and there are no A and B.")
            for part, formula in FORMULAS.items()
        }
        return {"random": random, "zeros": _zeros(work, runs, lone), **nothing}
    findings = {
        "random": _random(work, reading),
        "zeros": _zeros(work, runs, reading.A),
    }
    taken = Counter(event for places in reading.at.values() for event in places[:1])
    for part in FORMULAS:
        if part in reading.at:
            findings[part] = Finding("right", at=(runs[0].at(reading.at[part][0]),))
        else:
            findings[part] = _result_missed(work, runs, reading, part, taken)
    return findings


def _size(shape: tuple[int, ...]) -> int:
    return int(numpy.prod(shape))


def _random(work: Work, reading: Reading) -> Finding:
    A, B = reading.A, reading.B
    shape = A.values[0].shape
    faults = []
    if shape != (5, 5):
        faults.append((A, f"has the shape {shape}", "A and B of shape (5, 5)"))
    if A is B or all(torch.equal(a, b) for a, b in zip(A.tensors, B.tensors, strict=True)):
        faults.append((B, "A and B hold the same numbers", "two tensors, each drawn for itself"))
    for one in (A, B):
        if one.constant:
            faults.append((one, "all entries are the same number", "random numbers"))
        elif not one.moved:
            faults.append(
                (
                    one,
                    f"holds {written(one.tensors[0][:1])[1:-1]}, … in both runs, whatever the seed",
                    "random numbers, which differ from run to run",
                )
            )
    if A.dtype != B.dtype:
        faults.append((B, f"A is of {A.dtype}, B of {B.dtype}", "A and B of one dtype"))
    if not faults:
        return Finding("right", at=(A.at, B.at))
    one, what, expected = faults[0]
    return Finding("wrong", f"{work.where(one.at)}\n  {what}\n  expected {expected}", (one.at,))


def _zeros(work: Work, runs: list[Run], A: Candidate | None) -> Finding:
    shape, dtype = (A.values[0].shape, A.dtype) if A else ((5, 5), "float32")
    places = [_zeros_in(run, shape, dtype) for run in runs]
    if all(places):
        return Finding("right", at=(places[0][0],))
    expected = f"zeros of shape {shape} and {dtype}, as A has them: torch.zeros_like(A)"
    for _, event in runs[0].operations():
        for one in map(runs[0].value, event.results):
            if one.kind != "tensor" or one.entries is None or _size(one.shape) < 2:
                continue
            is_zero = not bool(one.entries.any())
            if event.name in EMPTY and (one.shape, one.dtype) == (shape, dtype):
                what = f"{event.name} holds whatever lay in memory"
            elif event.name in ("ones", "ones_like") and (one.shape, one.dtype) == (shape, dtype):
                what = "gives ones"
            elif is_zero and "zero" in event.name and (one.shape, one.dtype) != (shape, dtype):
                if one.shape == shape:
                    what = f"gives zeros of {one.dtype}"
                elif one.shape[:1] in ((5,), (25,)):
                    what = f"gives zeros of shape {one.shape}"
                else:
                    continue
            else:
                continue
            message = f"{work.where(event.at)}\n  {what}\n  expected {expected}"
            return Finding("wrong", message, (event.at,))
    return Finding("missing", f"C: {expected} were looked for, and there are none.")


def _zeros_in(run: Run, shape: tuple[int, ...], dtype: str) -> list[At]:
    """Where zeros of this kind are, but for memory that happens to hold zeros."""
    uncertain = run.memory()
    found = []
    for event in run.record.events:
        indices: Iterable[int] = ()
        if isinstance(event, Operation):
            indices = (*event.operands, *event.results)
        elif isinstance(event, Shown):
            indices = event.values
        for index in indices:
            one = run.value(index)
            if (one.kind, one.shape, one.dtype) != ("tensor", shape, dtype) or one.entries is None:
                continue
            if index not in uncertain and not bool(one.entries.any()):
                found.append(event.at)
    return found


def _matrix_shown(what: Value, part: str, run: Run) -> bool:
    """Whether a value is the result of an operation that this part is computed with."""
    return not OPERATIONS[part].isdisjoint(run.names.get(id(what), ()))


def _result_missed(
    work: Work, runs: list[Run], reading: Reading, part: str, taken: Counter[int]
) -> Finding:
    formula = FORMULAS[part]
    if part not in reading.results[0]:
        return Finding("missing", f"{formula} was looked for; A and B have no such product.")
    wanted = [results[part] for results in reading.results]
    expected = f"expected {formula} = {_written(wanted[0].value)}"
    named = _known(runs, reading, part, taken)
    if named is not None:
        mistake, event, value = named
        at = runs[0].at(event)
        message = f"{work.where(at)}\n  shows {_written(value)}\n  {expected}\n{mistake}"
        return Finding("wrong", message, (at,), mistake.name)
    if len(runs) > 1 and (places := runs[0].showing(wanted[0])):
        at = runs[0].at(places[0])
        return Finding(
            "wrong",
            f"{work.where(at)}\n  shows {formula} with the seed of the work alone: with another, A "
            f"and B change, and this does not follow\n  expected {formula}, computed from A and B",
            (at,),
        )
    stand_in = next(
        (
            (event, one)
            for event, one in runs[0].objects[wanted[0].value.size]
            if _matrix_shown(one, part, runs[0])
            and not any(_equal(one, right) for right in reading.results[0].values())
        ),
        None,
    )
    if stand_in is not None:
        at = runs[0].at(stand_in[0])
        shows = _written(stand_in[1].entries)
        return Finding("wrong", f"{work.where(at)}\n  shows {shows}\n  {expected}", (at,))
    return _not_shown(work, runs[0], wanted[0], reading.A.values[0].shape, formula)


def _not_shown(
    work: Work, run: Run, wanted: Target, shape: tuple[int, ...], formula: str
) -> Finding:
    """It was computed and not shown, or its shape was; or it is not there at all."""
    at = run.computed(wanted, shape)
    if at is None:
        return Finding(
            "missing", f"{formula} was looked for among what is shown, and is not there."
        )
    sizes = {f"torch.Size({list(shape)})", str(shape)}
    for index in run.shown:
        event = run.record.events[index]
        if (
            isinstance(event, Shown)
            and event.at.cell == at.cell
            and event.at.line >= at.line
            and any(size in event.text for size in sizes)
        ):
            return Finding(
                "wrong",
                f"{work.where(event.at)}\n  shows the shape, {event.text.strip()[:120]}\n"
                f"  expected {formula} itself, which is computed in {work.where(at)}",
                (event.at,),
            )
    return Finding("wrong", f"{formula} is computed in {work.where(at)}\n  and not shown.", (at,))


def _written(value: Any) -> str:
    value = torch.as_tensor(value)
    if value.dim() == 2 and value.numel() > 24:
        value = value.float() if value.dtype == torch.float64 else value
        return f"[{written(value[0].tolist(), 4)}, …]"
    return written(value.float() if value.dtype == torch.float64 else value, 4)


def _call(function: Any, *arguments: Tensor) -> Any:
    """What a known mistake gives; None where it gives an error, as some do on purpose."""
    try:
        return function(*(one.detach().clone() for one in arguments))
    except Exception:
        return None


def _mistakes(exercise: str, part: str) -> Iterator[tuple[Mistake, Any]]:
    for mistake in MISTAKES.values():
        if (mistake.exercise, mistake.part) == (exercise, part):
            for name, function in mistake.replaced.items():
                if name.endswith(f".{part}"):
                    yield mistake, function


def _known(
    runs: list[Run], reading: Reading, part: str, taken: Counter[int]
) -> tuple[Mistake, int, Array] | None:
    """A known mistake whose result is shown in each run, and is no part's right result there."""
    found: list[tuple[int, int, Mistake, int, Array]] = []
    for mistake, function in _mistakes("2.1", "arithmetic"):
        places: list[int] = []
        value, changed = None, 0
        for run, results, a, b in zip(
            runs, reading.results, reading.A.tensors, reading.B.tensors, strict=True
        ):
            given = _call(function, a, b)
            wrong = getattr(given, part, None)
            if not isinstance(wrong, Tensor) or wrong.shape not in (a.shape, ()):
                break
            if not wrong.dim():
                numbers = [i for i, one in run.equals(target(wrong)) if one.shape == ()]
                if not numbers:
                    break
                places.append(numbers[0])
                value, changed = wrong, 1
                continue
            terms = a.double().abs() + b.double().abs()
            if part in ("product", "matmul"):
                terms = a.double().abs() @ b.double().abs() + terms * terms
            what = target(wrong, terms, 2 * a.shape[-1] + 2)
            if numpy.all(numpy.abs(what.value - results[part].value) <= what.slack):
                break
            shown = run.showing(target(wrong))
            if run is runs[0]:
                value = what.value
                shown = [one for one in shown if not taken[one]]
                changed = sum(
                    isinstance(one := getattr(given, name, None), Tensor)
                    and one.shape == a.shape
                    and not numpy.array_equal(one.double().numpy(), results[name].value)
                    for name in results
                )
                operands = (target(a), target(b))
                if any(numpy.array_equal(wrong.double().numpy(), one.value) for one in operands):
                    shown = [
                        index
                        for index, one in run.objects[what.value.size]
                        if index in shown and _matrix_shown(one, part, run)
                    ]
            if not shown:
                break
            places.append(shown[0])
        if len(places) == len(runs):
            found.append((changed, len(found), mistake, places[0], value))
    if not found:
        return None
    _, _, mistake, event, value = min(found, key=lambda one: one[:2])
    taken[event] += 1
    return mistake, event, value


# --- 2.2


def _shapes(work: Work, runs: list[Run]) -> dict[str, Finding]:
    found = [one for one in candidates(runs, lambda shape: shape == (6, 4)) if not one.constant]
    if not found:
        words = "a random tensor of shape (6, 4) was looked for, and there is none."
        return {part.name: Finding("missing", f"{part.name}: {words}") for part in PARTS["2.2"]}

    def flat(one: Candidate) -> list[list[int]]:
        both = zip(runs, one.tensors, strict=True)
        return [run.showing(target(x.flatten()), (24,)) for run, x in both]

    def middle(one: Candidate) -> list[list[int]]:
        return [_block_shown(run, x, 1, 1) for run, x in zip(runs, one.tensors, strict=True)]

    read = [(one, flat(one), middle(one)) for one in found]
    x, flats, middles = max(
        read, key=lambda one: (all(one[1]) + all(one[2]), one[0].moved, -one[0].order)
    )
    fixed = next(((one, places) for one, places, _ in read if all(places)), None)
    return {
        "flatten": _flatten(work, runs, *(fixed if fixed and not all(flats) else (x, flats))),
        "middle": _middle(work, runs, x, middles),
    }


def _block_shown(
    run: Run, x: Tensor, top: int, left: int, rows: int = 4, columns: int = 2
) -> list[int]:
    """The events that show a block of x by itself, and not x with the block in it."""
    what = target(x[top : top + rows, left : left + columns])
    found = {
        index
        for index, one in run.objects[rows * columns]
        if one.shape == (rows, columns) and _equal(one, what)
    }
    wholes = [(place.first, place.last) for place in run.numbers.find(*_pair(target(x)))]
    for place in run.numbers.find(*_pair(what)):
        if place.boxed and run.numbers.depths[place.first] == 1:
            continue  # one sequence in one bracket
        if any(first <= place.first <= last for first, last in wholes):
            continue
        if _goes_on(run.numbers, place, x, top, left, rows, columns):
            continue
        found.add(run.shown[place.text])
    return sorted(found)


def _goes_on(
    numbers: Numbers, place: Found, x: Tensor, top: int, left: int, rows: int, columns: int
) -> bool:
    """Whether the columns beside a block stand beside it, too: it is part of a larger one."""
    entries, between = place.steps
    starts = place.first + numpy.arange(rows) * (columns * (1 + entries) + between)
    whole = target(x).value[top : top + rows]
    for column, beside in ((left - 1, starts - 1), (left + columns, starts + columns)):
        if entries or not between or not 0 <= column < x.shape[1]:
            continue
        if beside[0] >= 0 and beside[-1] < len(numbers):
            off = numpy.abs(numbers.values[beside] - whole[:, column])
            if (off <= numbers.halves[beside] * 1.01).all():
                return True
    return False


def _pair(what: Target) -> tuple[Array, Array]:
    return what.value, what.slack


def _flatten(work: Work, runs: list[Run], x: Candidate, places: list[list[int]]) -> Finding:
    tensors = x.tensors
    expected = "expected the 24 entries of the (6, 4) tensor as (24,), row by row: x.reshape(-1)"
    if all(places):
        at = runs[0].at(places[0][0])
        if x.moved:
            return Finding("right", at=(at,))
        return Finding(
            "wrong",
            f"{work.where(x.at)}\n  holds {written(tensors[0][:1])[1:-1]}, … in both runs, "
            "whatever the seed\n  expected random numbers, which differ from run to run",
            (x.at,),
        )
    if places[0]:
        return _typed_in(work, runs[0], places[0][0], "x as (24,)")
    for mistake, function in _mistakes("2.2", "flatten"):
        events = []
        for run, one in zip(runs, tensors, strict=True):
            wrong = _call(function, one)
            if not isinstance(wrong, Tensor) or (wrong.shape in ((24,), (6, 4)) and torch.equal(
                wrong.reshape(-1), one.reshape(-1)
            )):  # fmt: skip
                break
            if wrong.dtype != one.dtype or wrong.numel() != 24:
                break
            shown = (
                run.showing(target(wrong), (24,))
                if wrong.dim() == 1
                else [
                    i
                    for i, o in run.objects[24]
                    if o.shape == wrong.shape and _equal(o, target(wrong))
                ]
            )
            if not shown:
                break
            events.append(shown[0])
        if len(events) == len(runs):
            at = runs[0].at(events[0])
            message = f"{work.where(at)}\n  shows {_written(wrong)[:200]}\n  {expected}\n{mistake}"
            return Finding("wrong", message, (at,), mistake.name)
    for index, other in runs[0].objects[24]:
        if other.shape not in ((6, 4), (24,)) and _equal(other, target(tensors[0])):
            at = runs[0].at(index)
            message = f"{work.where(at)}\n  shows the entries as {other.shape}\n  {expected}"
            return Finding("wrong", message, (at,))
    return _not_shown(work, runs[0], target(tensors[0].flatten()), (24,), "x as (24,)")


def _typed_in(work: Work, run: Run, event: int, what: str) -> Finding:
    at = run.at(event)
    return Finding(
        "wrong",
        f"{work.where(at)}\n  shows {what} with the seed of the work alone: with another, "
        f"x changes, and this does not follow\n  expected {what}, computed from x",
        (at,),
    )


def _middle(work: Work, runs: list[Run], x: Candidate, places: list[list[int]]) -> Finding:
    if all(places):
        return Finding("right", at=(runs[0].at(places[0][0]),))
    tensors = x.tensors
    expected = (
        f"expected x[1:5, 1:3] = {_written(tensors[0][1:5, 1:3])}, rows 1 to 4, columns 1 to 2"
    )
    if places[0]:
        return _typed_in(work, runs[0], places[0][0], "the middle of x")
    for mistake, function in _mistakes("2.2", "middle"):
        events = []
        for run, one in zip(runs, tensors, strict=True):
            wrong = _call(function, one)
            right = one[1:5, 1:3]
            if (
                not isinstance(wrong, Tensor)
                or wrong.numel() < 2
                or wrong.shape == x.values[0].shape
            ):
                break
            if wrong.shape == right.shape and torch.equal(wrong, right):
                break
            shown = [
                index
                for index, o in run.objects[wrong.numel()]
                if o.shape == wrong.shape and _equal(o, target(wrong))
            ]
            if not shown:
                break
            events.append(shown[0])
        if len(events) == len(runs):
            at = runs[0].at(events[0])
            shows = f"{_written(wrong)}{_which(x, wrong)}"
            message = f"{work.where(at)}\n  shows {shows}\n  {expected}\n{mistake}"
            return Finding("wrong", message, (at,), mistake.name)
    for top in range(3):
        for left in range(3):
            blocks = [
                _block_shown(run, one, top, left) for run, one in zip(runs, tensors, strict=True)
            ]
            if (top, left) != (1, 1) and all(blocks):
                at = runs[0].at(blocks[0][0])
                block = tensors[0][top : top + 4, left : left + 2]
                which = f"rows {top} to {top + 3}, columns {left} to {left + 1}"
                message = f"{work.where(at)}\n  shows {_written(block)}, {which}\n  {expected}"
                return Finding("wrong", message, (at,))
    for size, objects in runs[0].objects.items():
        for index, other in objects:
            part = other.entries
            if size in (24, 1) or part is None or part.dim() != 2 or other.dtype != x.dtype:
                continue
            if which := _which(x, part):
                at = runs[0].at(index)
                message = f"{work.where(at)}\n  shows {_written(part)}{which}\n  {expected}"
                return Finding("wrong", message, (at,))
    for index, other in runs[0].objects.get(8, []):
        part = other.entries
        if other.shape == (4, 2) and part is not None and torch.isin(part, tensors[0]).all():
            at = runs[0].at(index)
            message = f"{work.where(at)}\n  shows {_written(part)}, no block of x\n  {expected}"
            return Finding("wrong", message, (at,))
    return _not_shown(work, runs[0], target(tensors[0][1:5, 1:3]), (4, 2), "x[1:5, 1:3]")


def _which(x: Candidate, block: Tensor) -> str:
    """Which rows and columns of x a block is, in words; "" if it is none."""
    whole = x.tensors[0]
    if block.dim() != 2 or block.dtype != whole.dtype or len(whole.unique()) < whole.numel():
        return ""
    places = (whole.flatten() == block.reshape(-1, 1)).nonzero()
    if len(places) != block.numel():
        return ""
    rows, columns = (places[:, 1] // 4).view(block.shape), (places[:, 1] % 4).view(block.shape)
    if not (rows == rows[:, :1]).all() or not (columns == columns[:1]).all():
        return ""
    return f": rows {_listed(rows[:, 0])}, columns {_listed(columns[0])} of x"


def _listed(numbers: Tensor) -> str:
    return ", ".join(map(str, numbers.tolist()))


# --- 2.3


@dataclass(frozen=True)
class Derived:
    """A gradient as autograd left it: which event, of which tensor, and what it is."""

    event: int
    of: Value
    gradient: Value


def _derived(run: Run) -> list[Derived]:
    found = []
    for index, event in enumerate(run.record.events):
        if isinstance(event, Backward):
            found += [
                Derived(index, run.value(one.of), run.value(one.after)) for one in event.gradients
            ]
        elif isinstance(event, Operation) and event.name in DERIVATIVES:
            given = [run.value(one) for one in event.operands]
            is_attribute = event.name == "grad" and len(given) < 2
            for one in map(run.value, event.results):
                of = next((g for g in reversed(given) if g.shape == one.shape), None)
                if of is not None and not is_attribute and of.entries is not None:
                    found.append(Derived(index, of, one))
    return [one for one in found if one.gradient.entries is not None and one.of.shape]


def _matrices(run: Run) -> list[Tensor]:
    """The (3, 3) operands of what was computed."""
    found: dict[str, Tensor] = {}
    for _, event in run.operations():
        if event.name not in DERIVATIVES:
            for one in map(run.value, event.operands):
                if one.shape == (3, 3) and one.entries is not None:
                    found.setdefault(one.digest, one.entries)
    return [*found.values()]


def _is(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and torch.equal(one.double(), other.double())


def _gradient(work: Work, runs: list[Run]) -> dict[str, Finding]:
    return {"gradient": _judge_gradient(work, runs)}


def _judge_gradient(work: Work, runs: list[Run]) -> Finding:
    # Eighteen roundings are the longest way: the mean, say, times the number of its elements.
    right = target(GRADIENT, GRADIENT, 18)
    expected = f"expected {_written(GRADIENT)} = ones @ Mᵀ, the gradient of Σ(X @ M)"
    all_derived = [_derived(run) for run in runs]
    proper = [
        [one for one in derived if one.of.shape == (3, 3) and _equal(one.gradient, right)]
        for derived in all_derived
    ]
    if all(proper):
        others = [one for one in _matrices(runs[0]) if not _is(one, _x(proper[0][0]))]
        has_m = not others or any(_is(one, M) or _is(one, M.T) for one in others)
        places = [
            [index for index in run.showing(right) if index >= min(one.event for one in found)]
            for run, found in zip(runs, proper, strict=True)
        ]
        at = runs[0].at(proper[0][0].event)
        if not has_m:
            return Finding("wrong", f"{work.where(at)}\n  {_mistyped(others)}", (at,))
        if all(places):
            return Finding("right", at=(runs[0].at(places[0][0]), at))
        later = [_wrongly(derived) for derived in all_derived]
        if later[0] is not None and all(
            one is not None and run.showing(target(_left(one)))
            for run, one in zip(runs, later, strict=True)
        ):
            return _wrong_gradient(work, runs, all_derived, later[0], expected)
        if finding := _none_shown(work, runs[0], expected):
            return finding
        if finding := _shown_instead(work, runs, proper, expected):
            return finding
        return Finding(
            "wrong",
            f"the gradient, {_written(GRADIENT)}, is left by {work.where(at)}\n  and not shown.",
            (at,),
        )
    other = _wrongly(all_derived[0])
    if other is None:
        other = next((one for one in all_derived[0] if 3 in one.of.shape and len(one.of.shape) < 3
                      and _size(one.of.shape) <= 9), None)  # fmt: skip
    if other is None:
        if shown := runs[0].showing(right):
            at = runs[0].at(shown[0])
            return Finding(
                "wrong",
                f"{work.where(at)}\n  shows {_written(GRADIENT)}, but no gradient was computed by "
                "autograd\n  expected what backward() leaves in X.grad",
                (at,),
            )
        return _none_shown(work, runs[0], expected) or Finding(
            "missing",
            "the gradient of Σ(X @ M) for a leaf X of shape (3, 3) was looked for: no backward "
            "pass left one.",
        )
    return _wrong_gradient(work, runs, all_derived, other, expected)


def _x(one: Derived) -> Tensor:
    return one.of.entries if one.of.entries is not None else torch.zeros(3, 3)


def _shown_instead(
    work: Work, runs: list[Run], proper: list[list[Derived]], expected: str
) -> Finding | None:
    """A known mistake that is shown after the backward pass, in place of the gradient."""
    for mistake, function in _mistakes("2.3", "gradient"):
        events = []
        for run, found in zip(runs, proper, strict=True):
            wrong = _call(function, _x(found[0]), M.to(_x(found[0]).dtype))
            if not isinstance(wrong, Tensor) or _is(wrong, GRADIENT) or _is(wrong, M):
                break
            what = target(wrong, wrong.abs().max().expand(wrong.shape), 18)
            shown = [i for i, one in run.equals(what) if one.shape == wrong.shape]
            events += [index for index in shown if index > found[0].event][:1]
        if len(events) == len(runs):
            at = runs[0].at(events[0])
            shows = f"{work.where(at)}\n  shows {_written(wrong)}"
            return Finding("wrong", f"{shows}\n  {expected}\n{mistake}", (at,), mistake.name)
    return None


def _left(one: Derived) -> Tensor:
    return one.gradient.entries if one.gradient.entries is not None else torch.zeros(3, 3)


def _none_shown(work: Work, run: Run, expected: str) -> Finding | None:
    for index in run.shown:
        event = run.record.events[index]
        line = work.where(event.at)
        if isinstance(event, Shown) and "None" in event.text and "grad" in line:
            return Finding(
                "wrong",
                f"{line}\n  shows None\n  {expected}\nThere is no gradient yet: .grad is None "
                "before backward(), and stays None for what is no leaf.",
                (event.at,),
            )
    return None


def _mistyped(matrices: list[Tensor]) -> str:
    """What is wrong with the matrix that stands in the place of M."""
    near = min(matrices, key=lambda one: int((one.double() != M.double()).sum()))
    places = (near.double() != M.double()).nonzero().tolist()
    if len(places) > 4:
        return f"multiplies by {_written(near)}\n  expected M = {_written(M)}"
    entries = ", ".join(f"M[{i}, {j}] = {near[i, j]:g}, not {M[i, j]:g}" for i, j in places)
    return (
        f"multiplies by {_written(near)}\n  expected M = {_written(M)}\nM is mistyped: {entries}."
    )


def _wrong_gradient(
    work: Work, runs: list[Run], derived: list[list[Derived]], other: Derived, expected: str
) -> Finding:
    at = runs[0].at(other.event)
    gradient = other.gradient.entries
    if gradient is None:
        return Finding("missing", "the gradient is too large to be the one of a (3, 3) tensor.")
    message = f"{work.where(at)}\n  leaves the gradient {_written(gradient)}\n  {expected}"
    if other.of.shape != (3, 3):
        return Finding("wrong", f"{message}\nX has the shape {other.of.shape}, not (3, 3).", (at,))
    X = _x(other)
    others = [one for one in _matrices(runs[0]) if not _is(one, X)]
    if others and not any(_is(one, M) or _is(one, M.T) for one in others):
        for one in others:
            if _is((torch.ones(3, 3) @ one.T.float()), gradient):
                return Finding("wrong", f"{message}\n{_mistyped([one])}", (at,))
    passes = sum(isinstance(event, Backward) for event in runs[0].record.events)
    for mistake, function in _mistakes("2.3", "gradient"):
        if passes < 2 and "two_backward" in mistake.name:
            continue
        lefts = [_wrongly(found) for found in derived]
        agrees = all(left is not None and _agrees(function, left) for left in lefts)
        if agrees:
            return Finding("wrong", f"{message}\n{mistake}", (at,), mistake.name)
    return Finding("wrong", message, (at,))


def _wrongly(derived: list[Derived]) -> Derived | None:
    """The last gradient of a (3, 3) tensor that is not the right one."""
    right = target(GRADIENT)
    wrong = (one for one in reversed(derived) if one.of.shape == (3, 3))
    return next((one for one in wrong if not _equal(one.gradient, right)), None)


def _agrees(function: Any, left: Derived) -> bool:
    """Whether a known mistake gives the gradient that autograd left."""
    wrong = _call(function, _x(left).double(), M.double())
    if not isinstance(wrong, Tensor) or _is(wrong, GRADIENT):
        return False
    # The same formula in the work's dtype: a few roundings of terms as large as the largest.
    most = wrong.abs().max().expand(wrong.shape) * 27
    return _equal(left.gradient, target(wrong.to(_x(left).dtype), most, 18))
