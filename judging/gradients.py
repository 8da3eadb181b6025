"""2.4 as it was recorded: sizes of the gradients of MNIST's layers, taken, drawn and compared."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from math import log, log10, sqrt

import numpy
import torch

from answering.events import (
    Backward,
    Called,
    DataSet,
    Event,
    Figure,
    Operation,
    Shown,
    Step,
    Transformed,
)
from judging.history import LEAVING, History, entries_of, is_zero, numbers_in, size_of
from judging.oracles import unit_roundoff
from judging.work import Finding, Work

RIGHT = Finding("right")

Key = tuple[int, str]
"""A layer: the number of its network, and its name; of a tensor of its own, −1 and its number."""

ACTIVATIONS = {
    *("relu", "relu_", "sigmoid", "sigmoid_", "tanh", "tanh_", "leaky_relu", "elu", "selu", "gelu"),
    *("silu", "softplus", "hardtanh", "relu6", "hardswish", "mish", "softsign", "logsigmoid"),
    *("clamp", "clamp_min", "dropout", "batch_norm", "layer_norm", "prelu", "celu", "rrelu"),
}
HOOK = re.compile(r"\bregister_(full_backward_|backward_|post_accumulate_grad_)?(pre_)?hook\b")
"""What lets a work see gradients while they flow back, where nobody records them."""

LOSSES = {"cross_entropy", "nll_loss", "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"}

U = unit_roundoff(torch.float32)

READING_NUMPY = 64
"""Roundings of a sum in float32 outside PyTorch: numpy adds pairwise, in blocks of 128 numbers
that eight sums share, so 128/8 + log₂ of the blocks for 2²⁰ entries, and as many for squares."""


@dataclass
class Pass:
    """A backward pass through two layers or more."""

    place: int
    event: Backward
    layers: dict[Key, list[tuple[int, int]]]
    """Layer → (the object number of a parameter, the value of its gradient)."""
    setting: tuple[object, ...] = ()

    @property
    def network(self) -> frozenset[int]:
        return frozenset(number for held in self.layers.values() for number, _ in held)


@dataclass
class Taken:
    """Numbers that were computed from one layer's gradient: at which pass, and which."""

    numbers: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    series: dict[tuple[object, str], list[float]] = field(default_factory=lambda: defaultdict(list))


class Gradients:
    """What became of the gradients of one run."""

    def __init__(self, work: Work, history: History) -> None:
        self.history = history
        code = [line.partition("#")[0] for cell in work.cells for line in cell.source.split("\n")]
        self.hooked = any(HOOK.search(line) for line in code)
        self.passes = [*self._passes()]
        self.taken: dict[Key, Taken] = defaultdict(Taken)
        self.zeroed: list[Event] = []
        self.none: list[Event] = []
        self.early: list[Event] = []
        """Where .grad was read: it was 0, None, and None before any backward pass."""
        self.of_values: list[Operation] = []
        self.left: dict[Key, set[int]] = defaultdict(set)
        """Layers whose gradient went on outside PyTorch as a whole → their passes."""
        self.labels: dict[tuple[int, str], frozenset[int]] = {}
        self.by_digest: dict[tuple[int, str], int] = {}
        self._follow()

    @cached_property
    def layer_of(self) -> dict[int, Key]:
        """Each parameter's layer."""
        return {n: key for one in self.passes for key, held in one.layers.items() for n, _ in held}

    def _passes(self) -> Iterator[Pass]:
        values, owners = self.history.values, self.history.owners
        for place, event in self.history.all(Backward):
            layers: dict[Key, list[tuple[int, int]]] = defaultdict(list)
            weights: set[Key] = set()
            for gradient in event.gradients:
                number, shape = values[gradient.of].object, values[gradient.of].shape
                if number in owners:
                    network, layer = owners[number]
                    key = network, layer.name or layer.kind
                else:
                    key = -1, f"a tensor of shape {shape}, number {number}"
                layers[key].append((number, gradient.after))
                if len(shape) >= 2:
                    weights.add(key)
            if len(weights) >= 2:
                held = {key: found for key, found in layers.items() if key in weights}
                yield Pass(place, event, held)

    def label(self, index: int) -> frozenset[int]:
        """The parameters of whose gradients a value was computed."""
        value = self.history.values[index]
        found = self.labels.get((value.object, value.digest))
        if found is None and value.digest and size_of(value) > 1:
            number = self.by_digest.get((size_of(value), value.digest))
            found = None if number is None else frozenset((number,))
        return found or frozenset()

    def _follow(self) -> None:
        values, leaves = self.history.values, self.history.leaves
        for one in self.passes:
            for held in one.layers.values():
                for number, after in held:
                    value = values[after]
                    if value.digest and not is_zero(value):
                        self.by_digest[size_of(value), value.digest] = number
        last: dict[int, tuple[int, int]] = {}
        plain: dict[int, Operation] = {}
        ahead = iter(enumerate(self.passes))
        coming = next(ahead, None)
        for place, event in enumerate(self.history.events):
            if coming is not None and coming[1].place == place:
                for held in coming[1].layers.values():
                    last |= {number: (coming[0], after) for number, after in held}
                coming = next(ahead, None)
            if not isinstance(event, Operation):
                continue
            if event.name == "grad" and len(event.operands) == 1:
                number = values[event.operands[0]].object
                if number not in last:
                    if number in self.layer_of and not event.results:
                        self.early.append(event)
                    continue
                if not event.results:
                    self.none.append(event)
                for index in event.results:
                    if is_zero(values[index]) and not is_zero(values[last[number][1]]):
                        self.zeroed.append(event)
                    else:
                        key = values[index].object, values[index].digest
                        self.labels[key] = frozenset((number,))
                continue
            found = frozenset().union(*(self.label(index) for index in event.operands))
            if not found:
                for index in event.operands:
                    value = values[index]
                    if (value.object in self.layer_of or value.object in plain) and event.name in (
                        *("abs", "norm", "mean", "std", "sum", "data", "detach", "item", "numpy"),
                        *("vector_norm", "linalg_vector_norm", "linalg_norm", "pow", "max"),
                        *("square", "sqrt", "flatten", "clone", "tolist", "var", "median"),
                    ):
                        for result in event.results:
                            plain[values[result].object] = event
                        if any(size_of(values[r]) == 1 for r in event.results):
                            self.of_values.append(event)
                continue
            self._note(event, found, last, leaves)

    def _note(self, event: Operation, found: frozenset[int], last: dict, leaves: set[int]) -> None:
        values = self.history.values
        for index in event.results:
            if values[index].object not in leaves:
                self.labels[values[index].object, values[index].digest] = found
        keys = {self.layer_of[number] for number in found if number in self.layer_of}
        if len(keys) != 1:
            return
        key = keys.pop()
        passes = [last[number][0] for number in found if number in last]
        at = max(passes, default=0)
        numbers = [] if event.scalar is None else [float(event.scalar)]
        for index in event.results:
            entries = entries_of(values[index])
            if size_of(values[index]) == 1 and entries is not None:
                numbers.append(float(entries))
        layer = self.passes[at].layers.get(key, []) if self.passes else []
        if numbers and not any(numbers) and not all(is_zero(values[g]) for _, g in layer):
            self.zeroed.append(event)
            return
        for number in dict.fromkeys(numbers):
            self.taken[key].numbers[at].append(number)
            self.taken[key].series[event.at, event.name].append(number)
        if event.name in LEAVING and any(size_of(values[i]) > 1 for i in event.operands):
            self.left[key].add(at)

    @cached_property
    def networks(self) -> dict[frozenset[int], list[int]]:
        """The passes of each network, by their numbers; the one of most layers first."""
        found: dict[frozenset[int], list[int]] = defaultdict(list)
        for number, one in enumerate(self.passes):
            found[one.network].append(number)
        return found

    def is_taken(self, key: Key) -> bool:
        """Whether a size of a layer's gradient was taken."""
        return key in self.taken or key in self.left

    @cached_property
    def by_hooks(self) -> bool:
        """Whether sizes could be taken by hooks alone: then what is drawn has to tell."""
        return self.hooked and not self.taken and not self.left

    def known(
        self, key: Key, passes: set[int] | None = None, *, means: bool = True
    ) -> numpy.ndarray:
        """All that may stand for the size of a layer's gradient, at some of the passes."""
        found: list[float] = []
        taken = self.taken.get(key, Taken())
        for at, numbers in taken.numbers.items():
            if passes is None or at in passes:
                found += numbers
        for at in self.left.get(key, ()) if key in self.left else ():
            if passes is None or at in passes:
                found += _sizes(self.history, self.passes[at].layers.get(key, []))
        if means:
            found += _means(taken.series.values())
        array = numpy.array([one for one in found if one and numpy.isfinite(one)], dtype=float)
        return numpy.unique(array)


def _sizes(history: History, held: list[tuple[int, int]]) -> list[float]:
    """What the size of a gradient may be said to be, of each parameter and of all together."""
    found: list[float] = []
    total = count = square = 0.0
    for _, index in held:
        value = history.values[index]
        sizes = value.sizes
        if not sizes:
            continue
        n = size_of(value)
        found += [*sizes.values(), sqrt(sizes["mean_square"]), sizes["norm"] ** 2]
        found += [sizes["std"] ** 2, sizes["std"] * sqrt(max(n - 1, 0) / max(n, 1))]
        total, count = total + sizes["sum_abs"], count + n
        square += sizes["norm"] ** 2
    if count:
        found += [total / count, sqrt(square), sqrt(square / count), square / count, total]
    return found


def _means(series: object) -> list[float]:
    """Means and sums over the first so many steps, and over rounds of equal length."""
    found: list[float] = []
    for numbers in series:  # type: ignore[attr-defined]
        n = len(numbers)
        if n < 2 or n > 6000:
            continue
        sums = numpy.concatenate([[0.0], numpy.cumsum(numbers)])
        found += [*(sums[2:] / numpy.arange(2, n + 1)), *sums[2:]]
        for length in range(2, min(n, 1000)):
            parts = sums[length::length] - sums[:-length:length][: len(sums[length::length])]
            found += [*(parts / length)]
            if length <= 10 and n <= 1000:
                found += [*((sums[length:] - sums[:-length]) / length)]
    return found


def _hits(known: numpy.ndarray, numbers: numpy.ndarray, reach: numpy.ndarray) -> bool:
    """Whether one of the numbers is one of those known, to within its reach."""
    if not len(known) or not len(numbers):
        return False
    places = numpy.searchsorted(known, numbers)
    below = known[numpy.clip(places - 1, 0, len(known) - 1)]
    above = known[numpy.clip(places, 0, len(known) - 1)]
    off = numpy.minimum(abs(numbers - below), abs(numbers - above))
    return bool((off <= reach).any())


def judge_gradients(work: Work, history: History) -> dict[str, Finding]:
    """The verdict on each part of 2.4 in one run."""
    found = Gradients(work, history)
    _set_settings(history, found)
    gradients = _gradients(work, history, found)
    return {
        "data": _data(work, history),
        "gradients": gradients,
        "picture": _picture(work, history, found),
        "changes": _changes(work, history, found),
    }


def _data(work: Work, history: History) -> Finding:
    sets = [event for _, event in history.all(DataSet)]
    digits = [event for event in sets if event.kind == "MNIST"]
    looked = "torchvision.datasets.MNIST with a transform"
    if not sets:
        return Finding("missing", f"Looked for {looked}: no data set of torchvision was made.")
    expected = f"  expected {looked}, such as transforms.ToTensor()"
    if not digits:
        other = sets[0]
        return Finding(
            "wrong",
            f"{work.where(other.at)}\n  made {other.kind}\n{expected}\n"
            f"This is {other.kind}, which holds other pictures than the digits of MNIST.",
            (other.at,),
            f"{other.kind} in place of MNIST",
        )
    if any(event.transform for event in digits) or history.all(Transformed):
        return RIGHT
    return Finding(
        "wrong",
        f"{work.where(digits[0].at)}\n  made MNIST without a transform\n{expected}\n"
        "No transforms were used: give it transform=transforms.ToTensor(), which makes tensors of "
        "the pictures.",
        (digits[0].at,),
        "no transforms",
    )


def _told(keys: list[Key]) -> str:
    return ", ".join(name for _, name in keys)


def _gradients(work: Work, history: History, found: Gradients) -> Finding:
    looked = "a size of .grad, such as its mean |∂E/∂W| or its norm, for each layer"
    if not found.passes:
        single = [event for _, event in history.all(Backward) if event.gradients]
        hint = " No backward pass went through two layers or more." if single else ""
        return Finding("missing", f"Looked for {looked}: there is none.{hint}")
    best: tuple[float, list[Key], list[Key]] | None = None
    for passes in found.networks.values():
        layers = [*found.passes[passes[0]].layers]
        dead = [key for key in layers if _is_dead(history, found, passes, key)]
        have = [key for key in layers if found.is_taken(key) or _is_drawn(history, found, key)]
        lack = [key for key in layers if key not in have and key not in dead]
        if have and not lack:
            return RIGHT
        if best is None or len(have) / len(layers) > best[0]:
            best = len(have) / len(layers), have, lack
    if found.by_hooks and _is_shown(history, found, [0]):
        return RIGHT
    assert best is not None
    _, have, lack = best
    at = found.passes[0].event.at
    expected = f"  expected {looked}"
    if have:
        one = "one layer only" if len(have) == 1 else "layers left out"
        return Finding(
            "wrong",
            f"{work.where(at)}\n  left a gradient in each layer\n"
            f"  a size was taken of {_told(have)}\n"
            f"{expected}\nThis is {one}: none was taken of {_told(lack)}.",
            (at,),
            one,
        )
    for events, mistake, what, look in (
        (
            found.zeroed,
            "gradients read after zeroing",
            "read .grad, which was 0 again",
            "The gradients were zeroed between backward() and reading them: read them before "
            "zero_grad().",
        ),
        (
            found.of_values,
            "values in place of gradients",
            "took the size of a layer's weights",
            "These are the values of the weights, not their gradients: weight.grad holds those.",
        ),
        (
            found.none,
            "gradients read after zeroing",
            "read .grad, which was None",
            "zero_grad() has cleared the gradients, to None: read them between backward() and it.",
        ),
        (
            found.early,
            "gradients before backward",
            "read .grad, which was None",
            "Gradients are there after backward(), and not before it.",
        ),
    ):
        if events:
            event = events[0]
            return Finding(
                "wrong",
                f"{work.where(event.at)}\n  {what}\n{expected}\n{look}",
                (event.at,),
                mistake,
            )
    return Finding(
        "missing",
        f"{work.where(at)}\n  called backward. Looked for {looked}: none was taken.",
        (at,),
    )


def _is_dead(history: History, found: Gradients, passes: list[int], key: Key) -> bool:
    return all(
        is_zero(history.values[after])
        for number in passes
        for _, after in found.passes[number].layers.get(key, [])
    )


def _is_drawn(history: History, found: Gradients, key: Key) -> bool:
    """Whether a layer's gradient itself was drawn, as a histogram or picture."""
    return any(
        found.layer_of.get(number) == key
        for _, figure in history.all(Figure)
        for plot in figure.plots
        for index in plot.arguments
        for number in found.label(index)
    )


def _plotted(history: History, figure: Figure) -> numpy.ndarray:
    rows = [entries_of(history.values[i]) for plot in figure.plots for i in plot.arguments]
    kept = [row.numpy() for row in rows if row is not None]
    return numpy.concatenate(kept) if kept else numpy.zeros(0)


def _layers_in(
    history: History, found: Gradients, figure: Figure, passes: set[int], means: bool = True
) -> set[Key]:
    """The layers whose gradients, or their sizes at some of the passes, a figure shows."""
    numbers = _plotted(history, figure)
    hit: set[Key] = set()
    if found.by_hooks:
        return _by_hooks(history, found, numbers)
    keys = {key for number in passes for key in found.passes[number].layers}
    labels = {n for plot in figure.plots for i in plot.arguments for n in found.label(i)}
    for key in keys:
        if any(found.layer_of.get(number) == key for number in labels):
            hit.add(key)
            continue
        known = found.known(key, passes, means=means)
        # What left PyTorch whole was summed elsewhere, in float32; log10 and 1/n round once more.
        reach = (READING_NUMPY if found.left.get(key) else 4) * U * abs(numbers)
        if _hits(known, numbers, reach):
            hit.add(key)
            continue
        positive = known[known > 0]
        for change in (numpy.log10, numpy.log):
            scaled = numpy.sort(change(positive))
            if _hits(scaled, numbers, 4 * U * (1 + abs(numbers))):
                hit.add(key)
    return hit


def _by_hooks(history: History, found: Gradients, numbers: numpy.ndarray) -> set[Key]:
    """The layers, if numbers are drawn that are neither whole nor losses nor sizes of weights."""
    known = numpy.concatenate([_losses(history), _weights(history, found)])
    rest = [n for n in numbers if n % 1 and not _hits(numpy.unique(known), *_within(n))]
    return {*found.passes[0].layers} if len({*rest}) >= 2 else set()


def _within(number: float) -> tuple[numpy.ndarray, numpy.ndarray]:
    one = numpy.array([number])
    return one, READING_NUMPY * U * abs(one)


def _losses(history: History) -> numpy.ndarray:
    """What backward was called on."""
    losses = [entries_of(history.values[event.loss]) for _, event in history.all(Backward)]
    return numpy.unique([float(one) for one in losses if one is not None and len(one) == 1])


def _weights(history: History, found: Gradients) -> numpy.ndarray:
    """The sizes of the weights themselves, at each pass."""
    gradients = [gradient for one in found.passes for gradient in one.event.gradients]
    sizes = [size for one in gradients for size in history.values[one.of].sizes.values()]
    return numpy.unique([size for size in sizes if size])


def _picture(work: Work, history: History, found: Gradients) -> Finding:
    looked = "a figure of the sizes of the gradients, layer by layer"
    figures = [(place, one) for place, one in history.all(Figure)]
    if not found.passes:
        return Finding("missing", f"Looked for {looked}: no gradient of several layers was there.")
    first = found.passes[0].place
    figures = [(place, one) for place, one in figures if place > first]
    if not figures:
        return Finding(
            "missing", f"Looked for {looked}: no figure was shown or saved after backward()."
        )
    for passes in found.networks.values():
        for _, figure in figures:
            if len(_layers_in(history, found, figure, set(passes))) >= 2:
                return RIGHT
    figure = figures[0][1]
    numbers = _plotted(history, figure)
    names = {key for key in found.layer_of.values() if found.is_taken(key)}
    losses, sizes = _losses(history), _weights(history, found)
    reach = READING_NUMPY * U * abs(numbers)
    words = " ".join(figure.words).lower()
    mistake, look = "", "None of its numbers is a size of a gradient that backward() left."
    if not any(one.plots for _, one in figures):
        mistake, look = "an empty figure", "Nothing is drawn in it."
    elif one_layer := [
        key for p in found.networks.values() for key in _layers_in(history, found, figure, set(p))
    ]:
        mistake = "one layer only"
        look = f"It shows {_told(one_layer[:1])} alone: nothing is compared."
    elif _hits(losses, numbers, reach):
        mistake, look = "the loss in the picture", "These are the losses, not the gradients."
    elif _hits(sizes, numbers, reach) or (found.of_values and not names):
        mistake = "values in place of gradients"
        look = "These are sizes of the weights themselves, not of their gradients."
    elif len(names) >= 2 and ("grad" in words or "梯度" in words) and found.left:
        return Finding(
            "for a reader",
            f"{work.where(figure.at)}\n  shows numbers that could be computed from the gradients, "
            "outside PyTorch: a reader can see whether they compare the layers.",
            (figure.at,),
        )
    return Finding(
        "wrong",
        f"{work.where(figure.at)}\n  shows a figure\n  expected {looked}: two layers or "
        f"more\n{look}",
        (figure.at,),
        mistake,
    )


def _set_settings(history: History, found: Gradients) -> None:
    """Say of each pass under which setting it ran: what a learner may have changed."""
    values = history.values
    steps = history.all(Step)
    places = [place for place, _ in history.all(Called)]
    of_network: dict[frozenset[int], tuple[object, ...]] = {}
    batches: dict[frozenset[int], Counter[int]] = defaultdict(Counter)
    optimizers: dict[frozenset[int], object] = {}
    for one in found.passes:
        objects = one.network
        owners = {key[0] for key in one.layers} - {-1}
        calls = [
            (place, call)
            for owner in owners
            for place, call in history.networks[owner].calls
            if place < one.place
        ]
        if calls:
            _, call = max(calls, key=lambda each: each[0])
            if call.inputs and values[call.inputs[0]].shape:
                batches[objects][values[call.inputs[0]].shape[0]] += 1
        for _, step in (each for each in steps if each[0] > one.place):
            if any(values[before].object in objects for before, _, _ in step.parameters):
                optimizers[objects] = (step.kinds[:1], tuple(sorted(step.settings.items())))
                break
        if objects not in of_network:
            since = max((p for p in places if not calls or p < max(c[0] for c in calls)), default=0)
            acts = {
                event.name
                for event in history.events[since : one.place]
                if isinstance(event, Operation) and event.name in ACTIVATIONS | LOSSES
            }
            form = tuple(
                (
                    history.networks[owner].described.kind,
                    *(
                        (layer.kind, layer.settings)
                        for layer in history.networks[owner].described.layers
                    ),
                )
                for owner in sorted(owners)
            )
            shapes = tuple(
                values[g.of].shape for g in one.event.gradients if values[g.of].object in objects
            )
            scales = tuple(
                (size_of(values[g.of]), values[g.of].sizes.get("std", 0.0))
                for g in one.event.gradients
                if values[g.of].object in objects and len(values[g.of].shape) > 1
            )
            of_network[objects] = (form, shapes, frozenset(acts), scales)
    for one in found.passes:
        objects = one.network
        batch = max(batches[objects], default=0)
        one.setting = (*of_network[objects], batch, optimizers.get(objects))


def _differ(one: Pass, other: Pass) -> bool:
    """Whether two passes ran under different settings."""
    *first, scales, batch, optimizer = one.setting
    *second, scales_2, batch_2, optimizer_2 = other.setting
    if first != second or batch != batch_2:
        return True
    if optimizer and optimizer_2 and optimizer != optimizer_2:
        return True
    for (n, a), (_, b) in zip(scales, scales_2, strict=False):  # type: ignore[arg-type,call-overload]
        # The deviation of n normal numbers has itself a relative deviation of 1/√(2n).
        if a and b and abs(log(a / b)) > 0.05 + 8 / sqrt(2 * n):
            return True
        if bool(a) != bool(b):
            return True
    return False


def _groups(found: Gradients) -> list[list[int]]:
    """Passes by network, and by a scale of its weights that no step explains."""
    return [*found.networks.values()]


def _changes(work: Work, history: History, found: Gradients) -> Finding:
    looked = "two or more settings of the network or of its training, and the gradients of each"
    if not found.passes:
        return Finding("missing", f"Looked for {looked}: no gradient of several layers was there.")
    groups = _settings_within(history, found)
    shown = [group for group in groups if _is_shown(history, found, group)]
    if not found.taken and (found.zeroed or found.of_values or found.none or found.early):
        # What was looked at is wrong, as the part "gradients" says; this part asks of how many.
        shown = groups if [*history.all(Figure), *history.all(Shown)] else []
    for place, group in enumerate(shown):
        for other in shown[:place]:
            if _differ(found.passes[group[0]], found.passes[other[0]]):
                return RIGHT
            if found.passes[group[0]].network == found.passes[other[0]].network:
                return RIGHT
    at = found.passes[0].event.at
    if not any(found.is_taken(key) for key in found.layer_of.values()) and not shown:
        return Finding("missing", f"Looked for {looked}: no size of a gradient was taken.", (at,))
    if len(shown) >= 2:
        at = found.passes[shown[1][0]].event.at
        return Finding(
            "wrong",
            f"{work.where(at)}\n  showed the gradients of {len(shown)} networks that are built and "
            f"trained alike\n  expected {looked}\nThis is the same setting twice: change the "
            "layers, the activation, the first weights, the batch or the optimizer.",
            (at,),
            "the same setting twice",
        )
    more = " The gradients of another were computed, and not shown." if len(groups) > 1 else ""
    return Finding(
        "wrong",
        f"{work.where(at)}\n  called backward; the gradients of one setting are shown\n"
        f"  expected {looked}\nThis is one setting only: change one thing, and show what it "
        f"does to the gradients.{more}",
        (at,),
        "one setting only",
    )


def _settings_within(history: History, found: Gradients) -> list[list[int]]:
    """The passes of each network, apart where its weights were drawn again, or what steps with it
    or is given to it became another."""
    values = history.values
    steps = history.all(Step)
    groups: list[list[int]] = []
    for passes in found.networks.values():
        group: list[int] = []
        before: tuple[dict[int, float], object] | None = None
        for number in passes:
            one = found.passes[number]
            scales = {
                values[g.of].object: values[g.of].sizes.get("std", 0.0)
                for g in one.event.gradients
                if len(values[g.of].shape) > 1
            }
            step = next(
                (
                    (s.optimizer, tuple(sorted(s.settings.items())))
                    for p, s in steps
                    if p > one.place
                    and any(values[b].object in one.network for b, _, _ in s.parameters)
                ),
                None,
            )
            if before is not None:
                other = step and before[1] and step != before[1]
                redrawn = any(
                    a and before[0].get(key) and abs(log10(a / before[0][key])) > log10(1.5)
                    for key, a in scales.items()
                )
                if other or redrawn:
                    groups.append(group)
                    group = []
            group.append(number)
            before = scales, step or (before and before[1])
        groups.append(group)
    return groups


def _is_shown(history: History, found: Gradients, group: list[int]) -> bool:
    """Whether sizes of the gradients of these passes are shown, in print or in a figure."""
    passes = set(group)
    keys = {key for number in group for key in found.passes[number].layers}
    means = len(found.networks[found.passes[group[0]].network]) == len(group)
    need = min(2, sum(found.is_taken(key) for key in keys) or 2)
    for _, figure in history.all(Figure):
        if len(_layers_in(history, found, figure, passes, means)) >= need:
            return True
    written = [
        number
        for _, event in history.all(Shown)
        for number in numbers_in(event.text)
        if number.digits >= 2 and number.unit < 1
    ]
    if not written:
        return False
    numbers = numpy.array([one.value for one in written])
    # Rounded to its last digit, or written to all of a float32's.
    reach = numpy.array([0.5 * one.unit for one in written]) + 2.0**-23 * abs(numbers)
    hit = sum(_hits(found.known(key, passes, means=means), numbers, reach) for key in keys)
    return hit >= need
