"""What can be asked of an object that stays where the answer made it: a network, data, a figure.

Each question is a function of the object and plain data, and answers in plain data: copies, which
stay as they are whatever becomes of the object. Nothing here knows what is expected.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from answering.values import bases_of, hooked

Module = nn.Module


class Used(NamedTuple):
    """A layer as the input went through it. ``which`` is the same number for the same layer.

    ``kind`` is "linear", "batch norm" or "other"; ``sizes`` are a linear layer's inputs and
    outputs, or the width of a batch norm; ``eps`` is what a batch norm adds to the variance, and
    ``mean`` and ``variance`` are those that it has seen so far; ``training`` is its mode.
    """

    name: str
    which: int
    kind: str
    type_name: str
    sizes: tuple[int, ...]
    weight: Tensor | None
    bias: Tensor | None
    eps: float
    mean: Tensor | None
    variance: Tensor | None
    training: bool


def kind_of(value: Any) -> str | None:
    """Which of the kinds below an object is, or None: then it is no object to be asked."""
    bases = bases_of(type(value))
    if nn.Module in bases:
        return "network"
    for base in bases:
        # What a metaclass says of the name is hearsay, and may be an error.
        place = tuple(type.__dict__[name].__get__(base) for name in ("__module__", "__name__"))
        if place == ("matplotlib.figure", "Figure"):
            return "figure"
        if place == ("torchvision.datasets.mnist", "MNIST"):
            return "digits"
    return None


def is_linear_regression(model: Module) -> bool:
    """Whether ``model.linear`` is an nn.Linear."""
    return isinstance(getattr(model, "linear", None), nn.Linear)


def path(model: Module, x: Tensor) -> list[Used]:
    """The layers without children, in the order in which x goes through them, in evaluation."""
    names = {layer: name for name, layer in model.named_modules()}
    numbers = {layer: number for number, layer in enumerate(names)}
    used: list[nn.Module] = []
    hooks = [
        layer.register_forward_hook(lambda layer, *_: used.append(layer))
        for layer in names
        if not [*layer.children()]
    ]
    modes = {layer: layer.training for layer in names}
    try:
        with torch.no_grad():
            model.eval()(x)
    finally:
        for layer, mode in modes.items():
            layer.training = mode
        for hook in hooks:
            hook.remove()
    return [_used(layer, names[layer], numbers[layer]) for layer in used]


def _used(layer: nn.Module, name: str, which: int) -> Used:
    kind, eps = "other", 0.0
    mean, variance = None, None
    sizes: tuple[int, ...] = ()
    if isinstance(layer, nn.Linear):
        kind, sizes = "linear", (layer.in_features, layer.out_features)
    elif isinstance(layer, nn.modules.batchnorm._BatchNorm):
        kind, sizes, eps = "batch norm", (layer.num_features,), layer.eps
        mean, variance = layer.running_mean, layer.running_var
    weight, bias = getattr(layer, "weight", None), getattr(layer, "bias", None)
    return Used(
        name,
        which,
        kind,
        type(layer).__name__,
        sizes,
        _values(weight),
        _values(bias),
        eps,
        _values(mean),
        _values(variance),
        layer.training,
    )


def _values(value: Any) -> Tensor | None:
    return value.detach().clone() if isinstance(value, Tensor) else None


def forward(model: Module, x: Tensor) -> Any:
    """model(x), without a gradient, in the mode in which the model is."""
    with torch.no_grad():
        return model(x)


def backward(model: Module, x: Tensor, upstream: Tensor) -> dict[str, Tensor | None]:
    """∂Σ(model(x) ⊙ upstream)/∂p for each parameter p, in the mode in which the model is."""
    parameters = dict(model.named_parameters())
    through = torch.autograd.grad(model(x), [*parameters.values()], upstream, allow_unused=True)
    return dict(zip(parameters, through, strict=True))


def buffers(model: Module) -> dict[str, Tensor]:
    """The buffers by name as they are now."""
    return {name: buffer.clone() for name, buffer in model.named_buffers()}


def modes(model: Module) -> dict[str, bool]:
    """Whether each module is in training mode, by its name; the model's own is ""."""
    return {name: module.training for name, module in model.named_modules()}


def hooks(model: Module) -> list[str]:
    """The names of its modules that have hooks, or whose parameters have."""
    return hooked(model)


def leaves(model: Module) -> list[str]:
    """The types of the layers without children, in the order in which the model holds them."""
    return [type(layer).__name__ for layer in model.modules() if not [*layer.children()]]


def parameters(model: Module) -> dict[str, Tensor]:
    """The parameters by name as they are now, each with its requires_grad and its .grad."""
    return {name: _copy(parameter) for name, parameter in model.named_parameters()}


def _copy(parameter: Tensor) -> Tensor:
    copy = parameter.detach().clone().requires_grad_(parameter.requires_grad)
    copy.grad = None if parameter.grad is None else parameter.grad.clone()
    return copy


def fill(model: Module, values: dict[str, float]) -> None:
    """Set every entry of each parameter that is named."""
    with torch.no_grad():
        for name, value in values.items():
            model.get_parameter(name).fill_(value)


def add(model: Module, amount: float) -> None:
    """Add to every entry of every parameter."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(amount)


def double(model: Module) -> None:
    """From now on the model computes in float64."""
    model.double()


def train(model: Module, mode: bool) -> None:
    """Put the model into training mode, or into evaluation."""
    model.train(mode)


def length(dataset: Any) -> int:
    """How many examples there are."""
    return len(dataset)


def example(dataset: Any, index: int) -> Any:
    """dataset[index]."""
    return dataset[index]


def stored(dataset: Any) -> tuple[Tensor, Tensor]:
    """The bytes (N, 28, 28) and the labels (N,), as they are before any transform."""
    return dataset.data, torch.as_tensor(dataset.targets)


class Line(NamedTuple):
    """A line of a figure: the number of its axes, their scale, where it goes, and its name."""

    axes: int
    scale: str
    xs: list[float]
    ys: list[float]
    label: str


def lines(figure: Any) -> list[Line]:
    """Every line of every axes."""
    return [
        Line(
            number,
            str(axes.get_yscale()),
            [float(x) for x in line.get_xdata(orig=False)],
            [float(y) for y in line.get_ydata()],
            str(line.get_label()),
        )
        for number, axes in enumerate(figure.axes)
        for line in axes.lines
    ]


def words(figure: Any) -> list[str]:
    """What is written in a figure, but for its ticks: legends, titles, labels, notes."""
    return [text.get_text() for text in _texts(figure)]


def _texts(figure: Any) -> Iterator[Any]:
    legends = [*figure.legends, *(axes.get_legend() for axes in figure.axes)]
    for legend in filter(None, legends):
        yield from legend.get_texts()
        yield legend.get_title()
    yield from figure.texts
    for axes in figure.axes:
        yield from (axes.title, axes.xaxis.label, axes.yaxis.label, *axes.texts)


QUESTIONS: dict[str, Callable[..., Any]] = {
    question.__name__: question
    for question in (
        is_linear_regression,
        path,
        forward,
        backward,
        buffers,
        modes,
        hooks,
        leaves,
        parameters,
        fill,
        add,
        double,
        train,
        length,
        example,
        stored,
        lines,
        words,
    )
}
