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


Colour = tuple[float, float, float, float]
"""Red, green, blue and opacity, from 0 to 1."""


class Look(NamedTuple):
    """How a line is drawn, or its sample in a legend.

    ``dashes`` is "none" for points without a line. Both are "" for a patch or a word, and
    ``marker`` is where there is none.
    """

    colour: Colour
    dashes: str
    marker: str


class Line(NamedTuple):
    """A line of a figure: the number of its axes, where it goes, its name and its look.

    ``across`` is where the view has its points: 0 at the left edge of the axes, 1 at the right.
    """

    axes: int
    xs: list[float]
    ys: list[float]
    across: list[float]
    label: str
    look: Look


class Word(NamedTuple):
    """Something written in a figure, but for its ticks, and what it stands beside.

    ``kind`` is "legend", "text", "title" or "other"; ``axes`` is the number of its axes, −1 if it
    has none. ``look`` is that of its sample in a legend, else that of the letters alone; ``at`` is
    where it stands, or what it points to, across and up the axes. ``ink`` and ``paper`` are the
    colours of the letters and of what they are on, ``size`` is in points.
    """

    kind: str
    text: str
    axes: int
    look: Look
    at: tuple[float, float]
    ink: Colour
    paper: Colour
    size: float


def lines(figure: Any) -> list[Line]:
    """Every line of every axes that is to be shown."""
    return [
        Line(
            number,
            [float(x) for x in line.get_xdata(orig=False)],
            [float(y) for y in line.get_ydata(orig=False)],
            [x for x, _ in _in_view(axes, line.get_transform(), line.get_xydata())],
            str(line.get_label()),
            _look(line),
        )
        for number, axes, line in _lines(figure)
    ]


def _lines(figure: Any) -> Iterator[tuple[int, Any, Any]]:
    for number, axes in enumerate(figure.axes):
        for line in axes.lines:
            if axes.get_visible() and line.get_visible():
                yield number, axes, line


def _in_view(axes: Any, transform: Any, places: Any) -> list[list[float]]:
    """Where the view has points: (0, 0) is the lower left corner of the axes, (1, 1) the other."""
    axes.get_xlim(), axes.get_ylim()  # which are only chosen when they are asked for
    return (transform - axes.transAxes).transform(places).tolist() if len(places) else []


def rises(figure: Any, values: list[float]) -> list[list[float]]:
    """How high each axes shows these values: 0 at the lower edge, 1 at the upper one."""
    return [
        [
            height
            for _, height in _in_view(
                axes, axes.transData, [(axes.get_xlim()[0], value) for value in values]
            )
        ]
        for axes in figure.axes
    ]


def _look(artist: Any) -> Look:
    """What is seen of a line, or of the sample of one, which may be a patch."""
    from matplotlib.colors import to_rgba_array

    for name in ("get_color", "get_facecolor", "get_edgecolor"):
        found = getattr(artist, name, lambda: None)()
        colours = [] if found is None else to_rgba_array(found).tolist()
        if colours:
            red, green, blue, opacity = colours[0]
            break
    else:
        red, green, blue, opacity = 0.0, 0.0, 0.0, 0.0
    if (alpha := artist.get_alpha()) is not None:
        opacity = float(alpha)
    dashes = ""
    if hasattr(artist, "get_marker"):
        style = artist.get_linestyle()
        drawn = style not in ("None", "none", " ", "")
        dashes = str(getattr(artist, "_unscaled_dash_pattern", style)) if drawn else "none"
    marker = str(artist.get_marker()) if hasattr(artist, "get_marker") else ""
    return Look(
        (red, green, blue, opacity), dashes, "" if marker in ("None", " ", "none") else marker
    )


SAMPLES = 16
"""Places on the way from one point of a line to the next at which the picture is looked at."""

MOST_PIXELS = 100_000
"""Pixels of the picture that is looked at: a larger figure is drawn smaller."""

MOST_LINES, MOST_POINTS = 32, 128
"""Lines, and points of each, that are looked at."""


def seen(figure: Any) -> list[Tensor]:
    """The colours on the way of each line, with the line in the picture and without it.

    uint8 of shape (segments, SAMPLES, 2, 3), red, green, blue: what is drawn in the axes, without
    any other line, and without anything written. Segments that are shorter than a few pixels are
    left out.
    """
    width, height = figure.get_size_inches()
    before = figure.dpi
    figure.dpi = min(before, (MOST_PIXELS / (width * height)) ** 0.5)
    shown = [*_lines(figure)][:MOST_LINES]
    try:
        for _, _, line in shown:
            line.set_visible(False)
        without = _drawn(figure)
        ways = []
        for _, _, line in shown:
            line.set_visible(True)
            ways.append(_on_the_way(line, _drawn(figure), without))
            line.set_visible(False)
        return ways
    finally:
        for _, _, line in shown:
            line.set_visible(True)
        figure.dpi = before


def _drawn(figure: Any) -> Tensor:
    """The picture of what is in the axes, uint8 of shape (height, width, 4), row 0 at its head."""
    from matplotlib.backends.backend_agg import RendererAgg

    width, height = (max(1, round(float(size))) for size in figure.bbox.size)
    renderer = RendererAgg(width, height, figure.dpi)
    figure.patch.draw(renderer)
    for axes in sorted(figure.axes, key=lambda axes: axes.get_zorder()):
        axes.get_xlim(), axes.get_ylim()
        if axes.get_visible():
            inside = [axes.patch, *axes.patches, *axes.lines, *axes.images, *axes.collections]
            for artist in sorted(inside, key=_depth):
                # What is written takes long to draw, and covers no line that could be seen.
                artist.draw(renderer)
    for artist in figure.patches:
        artist.draw(renderer)
    picture = torch.frombuffer(bytearray(renderer.buffer_rgba()), dtype=torch.uint8)
    return picture.reshape(height, width, 4)


def _depth(artist: Any) -> float:
    return artist.get_zorder()


def _on_the_way(line: Any, picture: Tensor, without: Tensor) -> Tensor:
    points = torch.as_tensor(line.get_transform().transform(line.get_path().vertices)).double()
    points = points[:MOST_POINTS]
    begin, end = points[:-1], points[1:]
    long = (end - begin).norm(dim=1) >= 4
    # Not near the points themselves, where a marker may be.
    shares = torch.linspace(0.25, 0.75, SAMPLES, dtype=torch.float64)[None, :, None]
    places = begin[long][:, None] + shares * (end - begin)[long][:, None]
    rows, columns = picture.shape[:2]
    limits = torch.tensor([columns - 2, rows - 2], dtype=torch.float64)
    outside = ((places < 1) | (places > limits)).any(dim=-1)
    x, y = places.nan_to_num(0).clamp(min=torch.ones_like(limits), max=limits).long().unbind(dim=-1)
    # A thin line may lie between two pixels: the one that differs most is taken.
    around = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
    both = torch.stack(
        [
            torch.stack((picture[rows - 1 - y + j, x + i], without[rows - 1 - y + j, x + i]), -2)
            for i, j in around
        ]
    )[..., :3]
    both[:, outside] = 0
    difference = (both[..., 0, :].int() - both[..., 1, :].int()).abs().sum(dim=-1)
    most = difference.argmax(dim=0)[None, ..., None, None].expand(1, *both.shape[1:])
    return both.gather(0, most)[0]


def words(figure: Any) -> list[Word]:
    """What is written in a figure to be seen, but for its ticks: legends, titles, labels, notes."""
    return [
        Word(
            kind,
            str(text.get_text()),
            number,
            _look(text if sample is None else sample),
            _place(figure, number, text) if kind == "text" else (0.0, 0.0),
            _look(text).colour,
            paper,
            float(text.get_fontsize()),
        )
        for kind, number, text, sample, paper in _texts(figure)
        if text.get_visible() and text.get_text()
    ]


def _place(figure: Any, number: int, text: Any) -> tuple[float, float]:
    """Where a text stands in its axes, or what it points to."""
    from matplotlib.transforms import IdentityTransform

    axes = figure.axes[number]
    axes.get_xlim(), axes.get_ylim()
    if points_to := getattr(text, "_get_position_xy", None):  # of an annotation, in pixels
        transform, place = IdentityTransform(), points_to(None)
    else:
        x, y = text.get_position()
        transform, place = text.get_transform(), (text.convert_xunits(x), text.convert_yunits(y))
    ((x, y),) = _in_view(axes, transform, [[float(place[0]), float(place[1])]])
    return x, y


def _texts(figure: Any) -> Iterator[tuple[str, int, Any, Any, Colour]]:
    """Each text with its kind, its axes, its sample in a legend, and what it is written on."""
    around = _look(figure.patch).colour
    pages = [figure, *getattr(figure, "subfigs", [])]
    for page in pages:
        for legend in page.legends:
            yield from _of_legend(legend, -1, around)
        yield from (("other", -1, text, None, around) for text in page.texts)
    for number, axes in enumerate(figure.axes):
        if not axes.get_visible():
            continue
        inside = _look(axes.patch).colour if axes.patch.get_visible() else around
        legends = [axes.get_legend(), *(c for c in axes.artists if hasattr(c, "get_texts"))]
        for legend in filter(None, legends):
            yield from _of_legend(legend, number, inside)
        for title in (axes.title, axes._left_title, axes._right_title):
            yield "title", number, title, None, around
        for label in (axes.xaxis.label, axes.yaxis.label):
            yield "other", number, label, None, around
        for text in axes.texts:
            yield "text", number, text, None, inside


def _of_legend(legend: Any, number: int, paper: Colour) -> Iterator[tuple[str, int, Any, Any, Any]]:
    if not legend.get_visible():
        return
    if legend.get_frame_on():
        paper = _look(legend.get_frame()).colour
    samples = getattr(legend, "legend_handles", None) or legend.legendHandles
    for text, sample in zip(legend.get_texts(), samples, strict=False):
        yield "legend", number, text, sample, paper
    yield "other", number, legend.get_title(), None, paper


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
        rises,
        seen,
        words,
    )
}
