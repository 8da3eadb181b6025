"""Records what a hand-in computes and shows while it runs: see answering.events.

PyTorch's operations pass through a ``TorchFunctionMode``; networks, optimizers and data sets
through the hooks that PyTorch has for them; what it has none for (torch.save, print) is wrapped.
Nothing here decides anything. What happens again and again at one line is recorded the first times
only, but for numbers that come from gradients: that keeps the cost of a training loop small.
"""

from __future__ import annotations

import builtins
import functools
import io
import sys
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import blake2b
from time import perf_counter
from typing import Any

import numpy
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from answering import events
from answering.events import MOST_ENTRIES, At, Event, Record, Value, bytes_of
from answering.values import plain_words, type_name

OFTEN = 32
"""Times that one kind of event is recorded at one line."""

OFTEN_NUMBERS = 6_000
"""The same for numbers that come from gradients, which pictures are made of."""

MOST_EVENTS, MOST_VALUES, MOST_BYTES = 20_000, 30_000, 32 * 2**20
"""Of one run: events, values, and bytes of copies."""

MOST_TEXT = 200_000
"""Characters of all that is printed."""

OFTEN_TEXT = 2_000
"""Lines that are kept of what one line of the work prints."""

ATTRIBUTES = {"grad", "data", "T", "mT", "H", "mH", "real"}
"""The attributes of a tensor that give another one; the rest is about the tensor itself."""

SILENT = {"__repr__", "__str__", "__format__", "__len__", "__array__", "backward", "size", "dim"}
SILENT |= {"__hash__", "stride", "requires_grad_", "numel", "is_floating_point", "register_hook"}
SILENT |= {"retain_grad", "element_size", "storage", "untyped_storage", "__dir__", "data_ptr"}
"""Functions whose results are no values of the work."""

INNER: tuple[str, ...] = (
    "/torch/optim/",
    "/torch/utils/data/",
    "/torch/_tensor_str",
    "/torch/nn/utils/",
)
INNER += tuple(part.replace("/", "\\") for part in INNER)
"""Where PyTorch works for itself."""

PLOTS = (
    *("plot", "bar", "barh", "hist", "semilogy", "semilogx", "loglog", "scatter", "imshow", "step"),
    *("matshow", "boxplot", "violinplot", "fill_between", "stem", "errorbar", "pie", "hist2d"),
    *("pcolormesh", "pcolor", "stackplot", "stairs", "hexbin", "contourf", "ecdf", "axhline"),
)
"""The calls of matplotlib's axes that draw numbers."""

FROM_NUMPY = torch.from_numpy

SIZES: dict[str, Callable[[Tensor], Tensor]] = {
    "mean_abs": lambda x: x.abs().mean(),
    "norm": lambda x: x.norm(),
    "max_abs": lambda x: x.abs().max(),
    "mean": lambda x: x.mean(),
    "std": lambda x: x.std() if x.numel() > 1 else x.new_zeros(()),
    "mean_square": lambda x: (x * x).mean(),
    "sum_abs": lambda x: x.abs().sum(),
    "sum": lambda x: x.sum(),
    "min": lambda x: x.min(),
    "max": lambda x: x.max(),
}
"""What the size of a gradient, or of a parameter, may be said to be; of float64."""


class Recorder:
    """Keeps the record of one run. Args: files, the file names of the work's code → its cell."""

    def __init__(self, files: dict[str, int], flush: Callable[[bytes], None]) -> None:
        self.files, self.flush = files, flush
        self.new, self.values = Record(), 0
        self.events, self.bytes, self.text = 0, 0, 0
        self.seen: Counter[Any] = Counter()
        self.known: dict[int, tuple[Any, int, int, int]] = {}
        """id of a tensor or array → (weak reference, its number, its version, index of a value)."""
        self.objects = 0
        self.from_gradients: dict[int, Any] = {}
        """id → weak reference of tensors that were computed from gradients."""
        self.depth = 0
        """Of calls of networks within each other."""
        self.networks: weakref.WeakKeyDictionary[nn.Module, int] = weakref.WeakKeyDictionary()
        self.optimizers: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
        self.before: dict[int, Any] = {}
        self.plots: weakref.WeakKeyDictionary[Any, list[Any]] = weakref.WeakKeyDictionary()
        self.figures: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
        self.drawing = self.printing = self.quiet = False
        self.flushed, self.flushes = perf_counter(), 0
        self.cell = 0
        self.libraries: dict[str, bool] = {}
        """File name → whether what it does is no work of the hand-in's, but PyTorch's own."""

    # --- where, and whether

    def here(self) -> At | None:
        """The innermost line of the work that led here; None if none did."""
        frame: Any = sys._getframe(1)
        while frame is not None:
            cell = self.files.get(frame.f_code.co_filename)
            if cell is not None:
                return At(cell, frame.f_lineno)
            frame = frame.f_back
        return None

    def place_of_operation(self) -> At | None:
        """The same for an operation; None where an optimizer or a loader of data does it."""
        frame: Any = sys._getframe(1)
        while frame is not None:
            file = frame.f_code.co_filename
            cell = self.files.get(file)
            if cell is not None:
                return At(cell, frame.f_lineno)
            inner = self.libraries.get(file)
            if inner is None:
                inner = self.libraries[file] = any(part in file for part in INNER)
            if inner:
                return None
            frame = frame.f_back
        return None

    def again(self, *site: Any, most: int = OFTEN) -> bool:
        """Whether this has been recorded here often enough."""
        if self.events >= MOST_EVENTS:
            self.new.cut = True
            return True
        self.seen[site] += 1
        return self.seen[site] > most

    def add(self, event: Event, *, soon: bool = False) -> None:
        """Keep an event, and send what is new now and then: a call may never come back."""
        self.events += 1
        self.new.events.append(event)
        late = perf_counter() - self.flushed
        soon = soon and (self.flushes < 100 or late > 0.0005 * self.flushes)
        if soon or len(self.new.events) >= 400:
            self.send()

    def send(self) -> None:
        """Send what was recorded since the last time."""
        part, self.new = self.new, Record(cut=self.new.cut)
        was, self.quiet = self.quiet, True
        try:
            self.flush(part.message())
        finally:
            self.quiet = was
        self.flushed, self.flushes = perf_counter(), self.flushes + 1

    # --- values

    def number_of(self, thing: Any) -> int:
        """The number of an object: it keeps it as long as it lives, and no other gets it."""
        known = self.known.get(id(thing))
        if known is not None and known[0]() is thing:
            return known[1]
        self.objects += 1
        with suppress(TypeError):
            self.known[id(thing)] = (weakref.ref(thing), self.objects, -1, -1)
        return self.objects

    def value(self, thing: Any, *, sizes: bool = False, bare: bool = False) -> int | None:
        """The index of a tensor, array, number or list of numbers as it is now.

        Args: sizes, of a gradient or parameter; bare, without its entries and digest.
        """
        # What is done to copy it is no work of the hand-in's.
        was, self.quiet = self.quiet, True
        try:
            return self._value(thing, sizes, bare)
        finally:
            self.quiet = was

    def _value(self, thing: Any, sizes: bool, bare: bool) -> int | None:
        if isinstance(thing, Tensor):
            return self._tensor(thing, "tensor", sizes, bare)
        if isinstance(thing, numpy.ndarray):
            if thing.dtype.kind not in "biuf":
                return None
            return self._copied(self.number_of(thing), "array", _as_tensor(thing))
        if isinstance(thing, bool | int | float | numpy.number | numpy.bool_):
            self.objects += 1
            return self._copied(self.objects, "number", _as_tensor(thing))
        if isinstance(thing, list | tuple) and thing:
            tensor = _listed(thing)
            if tensor is not None:
                self.objects += 1
                return self._copied(self.objects, "list", tensor)
        return None

    def _tensor(self, thing: Tensor, kind: str, sizes: bool, bare: bool) -> int | None:
        if thing.layout is not torch.strided or thing.is_quantized or thing.is_complex():
            return None
        number = self.number_of(thing)
        try:
            version = thing._version
        except RuntimeError:  # made in inference mode
            version = -2
        known = self.known.get(id(thing))
        if known is not None and known[2] == version >= 0 and known[3] >= 0 and not sizes:
            return known[3]
        index = self._copied(number, kind, thing.detach(), sizes=sizes, bare=bare, of=thing)
        if known is not None and index is not None and not bare:
            self.known[id(thing)] = (known[0], number, version, index)
        return index

    def _copied(
        self,
        number: int,
        kind: str,
        content: Tensor | None,
        *,
        sizes: bool = False,
        bare: bool = False,
        of: Tensor | None = None,
    ) -> int | None:
        if content is None or self.values >= MOST_VALUES:
            self.new.cut |= content is not None
            return None
        small = content.numel() <= MOST_ENTRIES and self.bytes < MOST_BYTES
        entries, digest = None, ""
        if not bare and content.numel() <= 2**22:
            content_bytes = bytes_of(content)
            digest = blake2b(content_bytes, digest_size=12).hexdigest()
            if small:
                entries = content.clone(memory_format=torch.contiguous_format)
                self.bytes += len(content_bytes)
        self.new.values.append(
            Value(
                number,
                kind,
                tuple(content.shape),
                str(content.dtype).removeprefix("torch."),
                entries,
                digest,
                of is not None and of.requires_grad,
                of is not None and of.is_leaf,
                _sizes(content) if sizes else {},
            )
        )
        self.values += 1
        return self.values - 1

    def parameters(self, network: nn.Module) -> dict[str, int]:
        """The values of a network's parameters and buffers, by name."""
        found = {name: self.value(one) for name, one in network.state_dict(keep_vars=True).items()
                 if isinstance(one, Tensor)}  # fmt: skip
        return {name: index for name, index in found.items() if index is not None}

    # --- operations

    def operation(self, name: str, args: Any, kwargs: Mapping[str, Any], run: Callable) -> Any:
        """Run an operation and record it."""
        given = [*_flat(args), *_flat(kwargs.values())]
        gradient = name == "grad" or any(self._is_from_gradient(one) for one in given)
        at = self.place_of_operation()
        most = OFTEN_NUMBERS if gradient else OFTEN
        if at is None or self.again("operation", at, name, most=most):
            result = run(*args, **kwargs)
            if gradient:
                self._mark(result)
            return result
        bare = gradient and self.seen["operation", at, name] > OFTEN
        operands = [self.value(one, bare=bare and one.numel() > 1 if isinstance(one, Tensor) else
                    bare) for one in given]  # fmt: skip
        result = run(*args, **kwargs)
        if gradient:
            self._mark(result)
        scalar = float(result) if isinstance(result, bool | int | float) else None
        results = [self.value(one, bare=bare and isinstance(one, Tensor) and one.numel() > 1)
                   for one in _flat((result,))]  # fmt: skip
        if name in ("__setitem__", "copy_", "__iadd__", "fill_"):
            results += [self.value(given[0])] if given and isinstance(given[0], Tensor) else []
        if name == "tolist":
            results = [self.value(result)]
        self.add(
            events.Operation(
                at,
                name,
                tuple(index for index in operands if index is not None),
                tuple(index for index in results if index is not None),
                scalar,
            )
        )
        if name == "grad" and isinstance(result, tuple) and args:
            self._derived(at, args[0], args[1] if len(args) > 1 else kwargs.get("inputs"), result)
        return result

    def _derived(self, at: At, outputs: Any, inputs: Any, gradients: tuple) -> None:
        """torch.autograd.grad has returned what a backward pass would have left."""
        loss = next((one for one in _flat((outputs,)) if isinstance(one, Tensor)), None)
        of = [one for one in _flat((inputs,)) if isinstance(one, Tensor)]
        index = None if loss is None else self.value(loss)
        if index is None or len(of) != len(gradients):
            return
        found = [
            (self.value(one, sizes=True), self.value(gradient, sizes=True))
            for one, gradient in zip(of, gradients, strict=True)
            if gradient is not None
        ]
        left = [events.Gradient(a, None, b) for a, b in found if a is not None and b is not None]
        self.add(events.Backward(at, index, tuple(left)))

    def _is_from_gradient(self, thing: Any) -> bool:
        found = self.from_gradients.get(id(thing))
        return found is not None and found() is thing

    def _mark(self, result: Any) -> None:
        for one in _flat((result,)):
            if isinstance(one, Tensor | numpy.ndarray):
                self.from_gradients[id(one)] = weakref.ref(one)

    # --- training

    def backward(self, run: Callable, tensors: Any, *args: Any, **kwargs: Any) -> Any:
        """Run a backward pass; record the gradients that it left."""
        at = self.here()
        if at is None or self.again("backward", at):
            return run(tensors, *args, **kwargs)
        roots = [one for one in _flat((tensors,)) if isinstance(one, Tensor)]
        loss = self.value(roots[0]) if roots else None
        leaves = _leaves(roots)
        held = [(leaf, None if leaf.grad is None else self.value(leaf.grad)) for leaf in leaves]
        stamps = [
            None if leaf.grad is None else (id(leaf.grad), leaf.grad._version) for leaf in leaves
        ]
        result = run(tensors, *args, **kwargs)
        gradients = []
        for (leaf, before), stamp in zip(held, stamps, strict=True):
            grad = leaf.grad
            if grad is None or stamp == (id(grad), grad._version):
                continue
            of, after = self.value(leaf, sizes=True), self.value(grad, sizes=True)
            if of is not None and after is not None:
                gradients.append(events.Gradient(of, before, after))
        if loss is not None:
            self.add(events.Backward(at, loss, tuple(gradients)))
        return result

    def before_call(self, network: nn.Module, args: Any) -> None:
        """A network, or a layer in one, is called."""
        self.depth += 1

    def after_call(self, network: nn.Module, args: Any, kwargs: Any, result: Any) -> None:
        """The call has come back: of the outermost network, with its parameters as they are."""
        self.depth = max(0, self.depth - 1)
        if self.depth or self.quiet or result is None:
            return
        at = self.here()
        if at is None or next(network.parameters(), None) is None:
            return
        small = sum(p.numel() for p in network.parameters()) <= OFTEN
        number = self.network(network, at)
        if self.again("call", at, number, most=OFTEN_NUMBERS // 4 if small else OFTEN // 4):
            return
        inputs = [self.value(one) for one in (*_flat(args), *_flat(kwargs.values()))]
        outputs = [self.value(one) for one in _flat((result,))]
        self.add(
            events.Called(
                at,
                number,
                tuple(index for index in inputs if index is not None),
                tuple(index for index in outputs if index is not None),
                self.parameters(network),
                network.training,
            )
        )

    def network(self, network: nn.Module, at: At) -> int:
        """The number of a network, which is described when it is first met."""
        number = self.networks.get(network)
        if number is None:
            number = self.networks[network] = len(self.networks)
            kinds = type(network).__mro__
            self.add(
                events.Module(
                    at,
                    number,
                    type_name(network),
                    tuple(plain_words(kind.__name__, 200) for kind in kinds),
                    self._is_own(type(network)),
                    tuple(self._layers(network)),
                )
            )
        return number

    def _is_own(self, kind: type) -> bool:
        return getattr(kind, "__module__", "") == "__main__" or not str(
            getattr(kind, "__module__", "")
        ).startswith(("torch", "torchvision"))

    def _layers(self, network: nn.Module) -> Iterator[events.Layer]:
        for name, layer in network.named_modules():
            own = [*layer.named_parameters(recurse=False)]
            if not own and next(layer.children(), None) is not None:
                continue
            if not own and layer is network:
                continue
            linear = isinstance(layer, nn.Linear)
            prefix = f"{name}." if name else ""
            yield events.Layer(
                name,
                type_name(layer),
                (layer.in_features, layer.out_features) if linear else (),
                linear,
                plain_words(layer.extra_repr(), 300),
                tuple((prefix + key, self.number_of(one)) for key, one in own),
            )

    def before_step(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        """An optimizer is about to take a step."""
        at = self.here()
        self.before.pop(id(optimizer), None)
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        small = sum(p.numel() for p in parameters) <= OFTEN
        most = OFTEN_NUMBERS // 4 if small else OFTEN // 8
        if at is None or self.again("step", at, id(optimizer), most=most):
            return
        held = [
            (p, self.value(p), None if p.grad is None else self.value(p.grad)) for p in parameters
        ]
        self.before[id(optimizer)] = at, held

    def after_step(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        """It has taken it."""
        at, held = self.before.pop(id(optimizer), (None, ()))
        if at is None:
            return
        group = optimizer.param_groups[0]
        number = self.optimizers.setdefault(optimizer, len(self.optimizers))
        after = [(before, grad, self.value(p)) for p, before, grad in held]
        self.add(
            events.Step(
                at,
                number,
                tuple(plain_words(kind.__name__, 200) for kind in type(optimizer).__mro__),
                {k: float(v) for k, v in group.items() if isinstance(v, bool | int | float)},
                tuple((b, g, a) for b, g, a in after if b is not None and a is not None),
            )
        )

    # --- files

    def saved(self, content: Any, path: Any) -> None:
        """Weights, or something else, were written into a file."""
        if (at := self.here()) is not None and not self.again("saved", at):
            what, tensors = self._described(content)
            self.add(events.Saved(at, plain_words(str(path), 300), what, tensors))

    def loaded(self, content: Any, path: Any) -> None:
        """A file was read."""
        if (at := self.here()) is not None and not self.again("loaded", at):
            what, tensors = self._described(content)
            self.add(events.Loaded(at, plain_words(str(path), 300), what, tensors))

    def loaded_into(self, network: nn.Module, state: Any) -> None:
        """load_state_dict was called."""
        if (at := self.here()) is not None and not self.again("loaded into", at):
            tensors = self._described(state)[1]
            number = self.network(network, at)
            self.add(events.LoadedInto(at, number, tensors, self.parameters(network)))

    def _described(self, content: Any) -> tuple[str, dict[str, int]]:
        if isinstance(content, nn.Module):
            return "module", self.parameters(content)
        found: dict[str, int] = {}
        modules = [False]

        def look(thing: Any, name: str, deep: int) -> None:
            if len(found) > 500 or deep > 6:
                return
            if isinstance(thing, Tensor | numpy.ndarray):
                index = self.value(thing)
                if index is not None:
                    found[name] = index
            elif isinstance(thing, nn.Module):
                modules[0] = True
                found.update({f"{name}.{k}": v for k, v in self.parameters(thing).items()})
            elif isinstance(thing, Mapping):
                for key, one in thing.items():
                    look(one, f"{name}.{key}" if name else str(key), deep + 1)
            elif isinstance(thing, list | tuple):
                for place, one in enumerate(thing):
                    look(one, f"{name}.{place}" if name else str(place), deep + 1)

        look(content, "", 0)
        if modules[0]:
            return "module", found
        if isinstance(content, Tensor):
            return "tensor", found
        return ("state dict" if found else "other"), found

    # --- data

    def data_set(self, data: Any) -> None:
        """A data set of torchvision was made."""
        if (at := self.here()) is not None and not self.again("data", at):
            transform = getattr(data, "transform", None)
            words = "" if transform is None else plain_words(" ".join(repr(transform).split()), 500)
            self.add(events.DataSet(at, type_name(data), words, bool(getattr(data, "train", True))))

    def transformed(self, transform: Any) -> None:
        """A transform was called by the work itself."""
        at = self.here()
        if at is not None and not self.again("transformed", at, type(transform)):
            self.add(events.Transformed(at, type_name(transform)))

    # --- what is shown

    def show(self, how: str, text: str, things: Iterable[Any] = (), at: At | None = None) -> None:
        """Something was shown."""
        at = at or self.here() or At(self.cell, 0)
        if self.again("shown", at, how, most=OFTEN_TEXT) or self.text > MOST_TEXT:
            return
        text = plain_words(text, 20_000)
        self.text += len(text)
        self.quiet = True
        try:
            found = [self.value(one) for one in _objects(things)]
            figures = [self.figure(one, at) for one in things if _is_figure(one)]
        finally:
            self.quiet = False
        values = tuple(index for index in found if index is not None)
        self.add(
            events.Shown(at, how, text, values, tuple(f for f in figures if f >= 0)), soon=True
        )

    def note(self, words: str) -> None:
        """Something that a reader of the result should know, once."""
        if not self.again("note", words, most=1):
            self.add(events.Note(self.here() or At(self.cell, 0), plain_words(words, 500)))

    def plotted(self, axes: Any, call: str, args: Any, kwargs: Any) -> None:
        """Numbers are drawn on axes."""
        plots = self.plots.setdefault(axes, [])
        if len(plots) >= 500:
            return
        self.quiet = True
        try:
            numbers = [self._plotted(one) for one in (*args, *(v for k, v in kwargs.items()
                       if k in ("x", "y", "height", "width", "weights", "data")))]  # fmt: skip
        finally:
            self.quiet = False
        label = kwargs.get("label")
        plots.append((call, tuple(n for n in numbers if n is not None), plain_words(label, 200)))

    def _plotted(self, thing: Any) -> int | None:
        if isinstance(thing, str | bool) or thing is None:
            return None
        index = self.value(thing)
        if index is None and not isinstance(thing, Tensor):
            with suppress(Exception):  # what is no numbers is no value
                array = numpy.asarray([*thing], dtype=float)
                index = self.value(array)
        return index

    def figure(self, figure: Any, at: At | None = None, *, saved: str = "") -> int:
        """A figure is shown, saved, or left at the end of its cell; its number, -1 if none."""
        at = at or self.here() or At(self.cell, 0)
        number = self.figures.setdefault(figure, len(self.figures))
        if self.again("figure", number, most=4):
            return number
        plots, words, png = [], [], b""
        self.quiet = self.drawing = True
        try:
            for place, axes in enumerate(figure.axes):
                for call, arguments, label in self.plots.get(axes, ()):
                    plots.append(events.Plot(call, arguments, label, place))
            with suppress(Exception):  # a figure may be drawn by what the work has written itself
                words = _words_of(figure)
            if len(self.figures) <= 24:
                with suppress(Exception):
                    png = _png(figure)
        finally:
            self.quiet = self.drawing = False
        self.add(
            events.Figure(at, number, tuple(plots), tuple(words), png, plain_words(saved, 300)),
            soon=True,
        )
        return number


def _png(figure: Any) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    width, height = figure.get_size_inches()
    dots = min(72.0, 900 / max(width, height, 1))
    out = io.BytesIO()
    FigureCanvasAgg(figure).print_figure(out, format="png", dpi=dots)
    return out.getvalue() if out.tell() < 400_000 else b""


def _words_of(figure: Any) -> list[str]:
    import matplotlib.text

    texts = [one.get_text() for one in figure.findobj(matplotlib.text.Text)]
    return [plain_words(text, 200) for text in dict.fromkeys(texts) if text][:300]


def _is_figure(thing: Any) -> bool:
    figure = sys.modules.get("matplotlib.figure")
    return figure is not None and isinstance(thing, figure.Figure)


def _sizes(content: Tensor) -> dict[str, float]:
    if not content.numel():
        return {}
    exact = content.double()
    return {name: float(size(exact)) for name, size in SIZES.items()}


def _as_tensor(thing: Any) -> Tensor | None:
    if isinstance(thing, int) and not isinstance(thing, bool) and abs(thing) >= 2**63:
        return None
    with suppress(TypeError, ValueError, RuntimeError):
        return FROM_NUMPY(numpy.array(thing))
    return None


def _listed(thing: Any) -> Tensor | None:
    """A list of numbers, however nested, as a tensor; None if it is anything else or too large."""
    if _count(thing, MOST_ENTRIES) <= 0:
        return None
    with suppress(Exception):  # what is no list of numbers is no value
        array = numpy.array([*map(_number, thing)])
        return FROM_NUMPY(array) if array.dtype.kind in "biuf" else None
    return None


def _number(thing: Any) -> Any:
    if isinstance(thing, Tensor):
        return thing.detach().cpu().numpy()
    return [*map(_number, thing)] if isinstance(thing, list | tuple) else thing


def _count(thing: Any, most: int) -> int:
    """How many numbers a nested list has; 0 if it holds anything else, or more than ``most``."""
    if isinstance(thing, list | tuple):
        total = 0
        for one in thing:
            inner = _count(one, most - total)
            if inner <= 0:
                return 0
            total += inner
        return total if total <= most else 0
    if isinstance(thing, Tensor | numpy.ndarray):
        return int(thing.numel() if isinstance(thing, Tensor) else thing.size)
    return isinstance(thing, bool | int | float | numpy.number)


def _flat(things: Any, deep: int = 0) -> Iterator[Any]:
    """The tensors, arrays and numbers among arguments, those in lists and tuples included."""
    for thing in things:
        if isinstance(thing, Tensor | numpy.ndarray | int | float | numpy.number):
            yield thing
        elif isinstance(thing, list | tuple) and deep < 2 and len(thing) <= 256:
            yield from _flat(thing, deep + 1)
        elif isinstance(thing, dict) and deep < 2 and len(thing) <= 256:
            yield from _flat(thing.values(), deep + 1)


def _objects(things: Iterable[Any], deep: int = 0) -> Iterator[Any]:
    """What of the things that are shown are values, those in containers included."""
    for thing in things:
        if isinstance(thing, Tensor | numpy.ndarray | bool | int | float | numpy.number):
            yield thing
        elif isinstance(thing, list | tuple):
            if _count(thing, MOST_ENTRIES) > 0:
                yield thing
            elif deep < 4 and len(thing) <= 256:
                yield from _objects(thing, deep + 1)
        elif isinstance(thing, Mapping) and deep < 4 and len(thing) <= 256:
            yield from _objects(thing.values(), deep + 1)


def _leaves(roots: list[Tensor]) -> list[Tensor]:
    """The leaves that a backward pass from these tensors reaches, in no particular order."""
    found: dict[int, Tensor] = {}
    met: set[Any] = set()
    new: list[Any] = [one.grad_fn for one in roots]
    for root in roots:
        if root.grad_fn is None and root.requires_grad:
            found[id(root)] = root
    while new and len(met) < 20_000:
        node = new.pop()
        if node is None or node in met:
            continue
        met.add(node)
        if (variable := getattr(node, "variable", None)) is not None:
            found[id(variable)] = variable
        new += [inner for inner, _ in node.next_functions]
    return [*found.values()]


class Watch(TorchFunctionMode):
    """Lets every operation of PyTorch pass through the recorder."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self.recorder = recorder

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        args, kwargs = on_cpu(args, kwargs, self.recorder)
        name = getattr(func, "__name__", "")
        if name == "__get__":
            name = getattr(getattr(func, "__self__", None), "__name__", "")
            if name not in ATTRIBUTES:
                return func(*args, **kwargs)
        elif name in ("__set__", "__delete__") or name in SILENT or name[:1] == "_" != name[1:2]:
            return func(*args, **kwargs)
        if self.recorder.quiet:
            return func(*args, **kwargs)
        return self.recorder.operation(name, args, kwargs, func)


def on_cpu(args: Any, kwargs: Any, recorder: Recorder) -> tuple[Any, Any]:
    """The same arguments, where those that name a GPU name the CPU instead, if there is no GPU."""
    if not any(map(_names_gpu, args)) and not _names_gpu(kwargs.get("device")):
        return args, kwargs
    if torch.cuda.is_available():
        return args, kwargs
    recorder.note("there is no GPU here: the CPU takes its place")
    args = tuple("cpu" if _names_gpu(one) else one for one in args)
    if _names_gpu(kwargs.get("device")):
        kwargs = {**kwargs, "device": "cpu"}
    return args, kwargs


def _names_gpu(thing: Any) -> bool:
    if isinstance(thing, str):
        return thing.startswith("cuda")
    return isinstance(thing, torch.device) and thing.type == "cuda"


@contextmanager
def watching(recorder: Recorder) -> Iterator[None]:
    """Record what the work does while the context lasts."""
    recorder.depth = 0
    with Watch(recorder):
        yield


def install(recorder: Recorder) -> None:
    """Put the recorder where PyTorch and print pass by; it stays as long as the process."""
    _install_torch(recorder)
    _install_print(recorder)


def _install_torch(recorder: Recorder) -> None:
    from torch.nn.modules.module import (
        register_module_forward_hook,
        register_module_forward_pre_hook,
    )
    from torch.optim.optimizer import (
        register_optimizer_step_post_hook,
        register_optimizer_step_pre_hook,
    )

    torch.autograd.backward = functools.partial(recorder.backward, torch.autograd.backward)
    register_module_forward_pre_hook(recorder.before_call)
    register_module_forward_hook(recorder.after_call, with_kwargs=True, always_call=True)
    register_optimizer_step_pre_hook(recorder.before_step)
    register_optimizer_step_post_hook(recorder.after_step)

    load_into = nn.Module.load_state_dict

    @functools.wraps(load_into)
    def load_state_dict(self: nn.Module, state_dict: Any, *args: Any, **kwargs: Any) -> Any:
        was, recorder.quiet = recorder.quiet, True
        try:
            result = load_into(self, state_dict, *args, **kwargs)
        finally:
            recorder.quiet = was
        recorder.loaded_into(self, state_dict)
        return result

    nn.Module.load_state_dict = load_state_dict  # type: ignore[method-assign]

    def cuda(self: Any, *args: Any, **kwargs: Any) -> Any:
        recorder.note("there is no GPU here: .cuda() does nothing")
        return self

    if not torch.cuda.is_available():
        nn.Module.cuda = Tensor.cuda = cuda  # type: ignore[method-assign,assignment]

    @functools.wraps(FROM_NUMPY)
    def converted(array: Any) -> Tensor:
        if recorder.quiet:
            return FROM_NUMPY(array)
        return recorder.operation("from_numpy", (array,), {}, FROM_NUMPY)

    torch.from_numpy = converted  # type: ignore[assignment]


def _install_print(recorder: Recorder) -> None:
    original = builtins.print

    @functools.wraps(original)
    def show(
        *things: Any, sep: Any = " ", end: Any = "\n", file: Any = None, flush: bool = False
    ) -> None:
        if file is not None and file is not sys.stdout:
            original(*things, sep=sep, end=end, file=file, flush=flush)
            return
        recorder.printing = True
        try:
            out = io.StringIO()
            original(*things, sep=sep, end=end, file=out)
        finally:
            recorder.printing = False
        recorder.show("print", out.getvalue(), things)
        if isinstance(sys.stdout, Echo):
            sys.stdout.keep(out.getvalue())

    builtins.print = show


class Echo(io.TextIOBase):
    """Stands for stdout: what is written past print is shown, too."""

    def __init__(self, recorder: Recorder, printed: io.TextIOBase) -> None:
        self.recorder, self.printed = recorder, printed

    encoding = "utf-8"  # type: ignore[assignment]

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.recorder.show("print", text)
        self.keep(text)
        return len(text)

    def keep(self, text: str) -> None:
        """Keep it for the message of a call that fails, too."""
        with suppress(ValueError):
            self.printed.write(text)

    def flush(self) -> None:
        """Everything is where it belongs already."""
