"""Networks that the suite makes itself, to ask 2.4's functions about something it understands."""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from random import Random
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from answering.questions import Used
from answering.values import hooked, same_bits
from judging.choices import (
    Draw,
    booleans,
    composite,
    integers,
    lists,
    now_and_then,
    sampled_from,
)
from judging.oracles import Affine, Backpropagation, Norm, Step, backpropagate
from judging.strategies import seeds
from judging.verdict import holds

MODULES = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}
NAMES = {kind: name for name, kind in MODULES.items()}


def mlp(
    hidden: Sequence[int],
    activation: str,
    *,
    bias: bool = True,
    batch_norm: bool = False,
    dropped: int | None = None,
    nested: bool = False,
    initialise: Callable[[Tensor], object] | None = None,
) -> nn.Sequential:
    """Flatten, then linear layers with activations between them, from 784 pixels to 10 scores.

    Args:
        dropped: the hidden layer after which, in training mode, dropout leaves nothing: what it
            drops is no matter of luck then.
        nested: whether each hidden layer is a module of its own; else they share one activation.
    """
    shared = MODULES[activation]()
    blocks: list[list[nn.Module]] = [[nn.Flatten()]]
    for index, (inputs, outputs) in enumerate(pairwise((28 * 28, *hidden, 10))):
        linear = nn.Linear(inputs, outputs, bias=bias)
        if initialise:
            initialise(linear.weight)
        blocks.append([linear])
        if index < len(hidden):
            if batch_norm:
                blocks[-1].append(nn.BatchNorm1d(outputs))
            blocks[-1].append(MODULES[activation]() if nested else shared)
            if index == dropped:
                blocks[-1].append(nn.Dropout(1))
    if nested:
        return nn.Sequential(*(nn.Sequential(*block) for block in blocks))
    return nn.Sequential(*(module for block in blocks for module in block))


class Plan(NamedTuple):
    """A network and a batch, not yet built: everything follows from these few numbers."""

    hidden: tuple[int, ...]
    activation: str
    batch: int
    seed: int
    dtype: torch.dtype = torch.float64
    gain: float = 2.0
    """The deviation of its weights, times √inputs."""
    size: float = 1.0
    """The deviation of its images."""
    nested: bool = False
    batch_norm: bool = False
    dropout: bool = False
    frozen: bool = False
    """Whether some of its biases require no gradient."""
    modes: str = "training"
    """"training" or "evaluation", or "mixed": each module its own."""

    def model(self, *, bias: bool = True) -> nn.Sequential:
        """Flatten, then linear layers with activations between them."""
        torch.default_generator.manual_seed(self.seed)
        luck = Random(self.seed)

        def wide(weight: Tensor) -> None:
            # Wider than PyTorch's default, so that the gradient of no layer is tiny.
            nn.init.normal_(weight, std=self.gain / weight.shape[1] ** 0.5)

        model = mlp(
            self.hidden,
            self.activation,
            bias=bias,
            batch_norm=self.batch_norm,
            dropped=luck.randrange(len(self.hidden)) if self.dropout and self.hidden else None,
            nested=self.nested,
            initialise=wide,
        )
        for module in model.modules():
            if isinstance(module, nn.BatchNorm1d):
                # Not 0, where a unit whose inputs are all alike would sit on ReLU's kink.
                nn.init.uniform_(module.weight, 0.5, 1.5)
                nn.init.uniform_(module.bias, 0.1, 0.5)
                assert module.running_mean is not None
                assert module.running_var is not None
                nn.init.normal_(module.running_mean)
                nn.init.uniform_(module.running_var, 0.5, 1.5)
            module.training = self.modes == "training" or (
                self.modes == "mixed" and luck.random() < 0.5
            )
            if self.frozen and bias and isinstance(module, nn.Linear) and luck.random() < 0.5:
                module.bias.requires_grad_(False)
        return model.to(self.dtype)

    def images(self) -> Tensor:
        """(N, 1, 28, 28); the same tensor as long as one network is asked."""
        return _images_of(self)

    def _images(self) -> Tensor:
        generator = torch.Generator().manual_seed(self.seed + 1)
        images = torch.randn(self.batch, 1, 28, 28, generator=generator, dtype=self.dtype)
        return images.mul_(self.size)

    def labels(self) -> Tensor:
        """(N,), from 0 to 9."""
        generator = torch.Generator().manual_seed(self.seed + 2)
        return torch.randint(10, (self.batch,), generator=generator)

    def batches(self) -> list[tuple[Tensor, Tensor]]:
        """A loader of two batches that differ, in their sizes, too: the last one is smaller."""
        fewest = 2 if self.batch_norm else 1
        other = self._replace(seed=self.seed + 3, batch=max(fewest, self.batch - 1))
        return [(self.images(), self.labels()), (other.images(), other.labels())]

    def __str__(self) -> str:
        kind = f"{self.activation} network with hidden layers {list(self.hidden)}"
        if self.batch_norm:
            kind += ", with batch norm"
        if self.dropout:
            kind += ", with a dropout of everything"
        return f"{kind}, in {self.modes} mode" if self.batch_norm or self.dropout else kind


widths = lists(integers(1, 6), 0, 4)
"""Widths of hidden layers: few and narrow."""

LARGE = [
    (257, 9),
    (129, 17),
    (65, 64),
    (101, 33),
    (300, 7),
    (256, 8),
    (128, 16),
    (1025, 2),
    (100, 31),
]
"""Sizes of a batch and of a layer, or the other way round: powers of two with their neighbours, and
hundreds. Both are not large at once, for their product is what costs."""


GAINS_AND_SIZES = [(2.0, 1.0), (40.0, 1.0), (2.0, 1e3), (1e-3, 1.0), (2.0, 1e-4), (1.0, 50.0)]


@composite
def plans(
    draw: Draw,
    activations: Sequence[str] = ("relu", "tanh", "sigmoid"),
    depths: tuple[int, int] = (0, 4),
    batch: tuple[int, int] = (1, 4),
    *,
    modes: Sequence[str] = (),
    all_sizes: bool = False,
) -> Plan:
    """Networks of these depths, of widths from 1 to 6, and a batch for them.

    Args:
        modes: where they have some, batch norm, dropout and frozen biases are drawn, too.
        all_sizes: whether images and weights of all sizes are, and float32.
    """
    hidden: list[int] = draw(lists(integers(1, 6), *depths))
    plan = Plan(
        tuple(hidden),
        draw(sampled_from(activations)),
        draw(integers(*batch)),
        draw(seeds),
        nested=draw(booleans()),
    )
    if all_sizes:
        # Scores in the hundreds, where a softmax is 0 or 1 to the last bit, and tiny ones.
        gain, size = draw(
            sampled_from(
                [(2.0, 1.0), (40.0, 1.0), (2.0, 1e3), (1e-3, 1.0), (2.0, 1e-4), (1.0, 50.0)]
            )
        )
        dtype = draw(now_and_then(sampled_from([torch.float64]), sampled_from([torch.float32]), 3))
        plan = plan._replace(gain=gain, size=size, dtype=dtype)
    if modes:
        batch_norm = plan.batch > 1 and plan.dtype == torch.float64 and draw(booleans())
        plan = plan._replace(
            batch_norm=batch_norm,
            dropout=draw(integers(0, 2)) == 0,
            frozen=draw(booleans()),
            modes=draw(sampled_from(modes)),
        )
    return plan


@composite
def large_plans(draw: Draw) -> Plan:
    """Networks with a wide layer or a large batch, and up to 17 hidden layers."""
    batch, width = draw(sampled_from(LARGE))
    if draw(booleans()):
        batch, width = width, batch
    deeper: int = draw(sampled_from([0, 16, 1, 2, 10, 0, 8, 1]))
    return Plan(
        (width,) + (3,) * deeper,
        draw(sampled_from(["relu", "tanh", "sigmoid"])),
        batch,
        draw(seeds),
        # Weights that keep δ about as large as it is: the bound grows with each layer.
        gain=1.0,
        batch_norm=draw(booleans()),
        modes="evaluation",
    )


@lru_cache(maxsize=1)
def _images_of(plan: Plan) -> Tensor:
    return plan._images()


def leaves(model: nn.Module) -> Iterator[nn.Module]:
    """The layers of one of these networks, in the order in which it uses them."""
    if isinstance(model, nn.Sequential):
        for module in model:
            yield from leaves(module)
    else:
        yield model


def linear_layers(model: nn.Module) -> list[nn.Linear]:
    """The linear layers of one of these networks, in forward order."""
    return [layer for layer in leaves(model) if isinstance(layer, nn.Linear)]


def steps_of(model: nn.Module) -> list[Step]:
    """What one of these networks computes, each module in the mode in which it is."""
    steps: list[Step] = []
    for layer in leaves(model):
        if isinstance(layer, nn.Linear):
            steps.append(Affine(_exact(layer.weight), _exact(layer.bias)))
        elif isinstance(layer, nn.BatchNorm1d):
            known = () if layer.training else (layer.running_mean, layer.running_var)
            given = (_exact(layer.weight), _exact(layer.bias), layer.eps, *map(_exact, known))
            steps.append(Norm(*given))
        elif isinstance(layer, nn.Dropout):
            steps += ["dropped"] if layer.training else []
        elif type(layer) in NAMES:
            steps.append(NAMES[type(layer)])
    return steps


def steps_through(path: Sequence[Used], activation: str, *, norm_last: bool = False) -> list[Step]:
    """What a network of an answer computes on its way through these layers, as MLP is asked to.

    ``norm_last`` says that batch norm follows the activation.
    """
    steps: list[Step] = []
    linears = [used for used in path if used.kind == "linear"]
    norms = [used for used in path if used.kind == "batch norm"]
    for index, layer in enumerate(linears):
        steps.append(Affine(_exact(layer.weight), _exact(layer.bias)))
        if index == len(linears) - 1:
            break
        inside: list[Step] = [activation]
        if index < len(norms):
            inside.insert(len(inside) if norm_last else 0, _norm(norms[index]))
        steps += inside
    return steps


def _norm(used: Used) -> Norm:
    one = torch.ones(used.sizes, dtype=torch.float64)
    known = () if used.training or used.mean is None else (used.mean, used.variance)
    return Norm(
        one if used.weight is None else _exact(used.weight),
        0 * one if used.bias is None else _exact(used.bias),
        used.eps,
        *map(_exact, known),
    )


def _exact(value: Tensor | None) -> Any:
    return None if value is None else value.detach().double()


def derived(model: nn.Module, images: Tensor, labels: Tensor) -> Backpropagation:
    """The hand-derived gradients for one of these networks, in the modes in which it is."""
    return backpropagate(steps_of(model), images.double().flatten(1), labels, images.dtype)


class Condition:
    """What a function that only looks at a network leaves as it was, and what trains it may not."""

    def __init__(self, model: nn.Module) -> None:
        self.parts = [*model.named_modules()]
        self.modes = [part.training for _, part in self.parts]
        self.hooks = hooked(model)
        self.parameters = dict(model.named_parameters())
        self.requires_grad = {name: p.requires_grad for name, p in self.parameters.items()}
        self.grads = {
            name: None if p.grad is None else p.grad.detach().clone()
            for name, p in self.parameters.items()
        }
        self.values = {name: value.clone() for name, value in model.state_dict().items()}

    def judge_kept(self, model: nn.Module) -> None:
        """Wrong if anything is not as it was."""
        self.judge_form(model)
        for name, value in model.state_dict().items():
            holds(
                same_bits(value, self.values[name]), f"changed {name} of the model", "it as it was"
            )
        for name, before in self.grads.items():
            grad = self.parameters[name].grad
            same = grad is None if before is None else grad is not None and same_bits(grad, before)
            holds(
                same,
                f"changed the .grad of {name}",
                "the .grad that was there before the call, or none where there was none",
            )

    def judge_form(self, model: nn.Module) -> None:
        """Wrong if it has other layers, parameters, modes or hooks than it had."""
        now = [*model.named_modules()]
        holds(
            len(now) == len(self.parts)
            and all(one is other for (_, one), (_, other) in zip(now, self.parts, strict=True)),
            f"left a model with the layers {[type(part).__name__ for _, part in now[1:]]}",
            "the layers that it had",
        )
        for (name, part), mode in zip(self.parts, self.modes, strict=True):
            what = f"layer {name} of the model" if name else "the model"
            holds(
                part.training is mode,
                f"left {what} in {_mode(part.training)} mode",
                f"the mode in which it came, {_mode(mode)}",
            )
        holds(
            hooked(model) == self.hooks,
            "left a hook on the model, which runs in every later call",
            "a model without hooks, as it came: handle.remove()",
        )
        found = dict(model.named_parameters())
        for name, parameter in self.parameters.items():
            holds(
                found.get(name) is parameter,
                f"put another tensor in the place of {name}",
                "the parameter that was there: an optimizer that knows it would train it for "
                "nothing",
            )
            dtype = self.values[name].dtype
            holds(
                parameter.dtype == dtype,
                f"left {name} in {parameter.dtype}",
                f"{dtype}, in which it came",
            )
            holds(
                parameter.requires_grad is self.requires_grad[name],
                f"{'froze' if self.requires_grad[name] else 'unfroze'} {name}",
                f"requires_grad = {self.requires_grad[name]}, as it came",
            )
        names, had = {*model.state_dict()}, {*self.values}
        holds(names == had, f"left a model with {sorted(names ^ had)} more or less", "what it had")


def _mode(training: bool) -> str:
    return "training" if training else "evaluation"
