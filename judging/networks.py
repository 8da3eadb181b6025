"""Networks that the suite makes itself, to ask 2.4's functions about something it understands."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from judging.choices import Draw, composite, integers, lists, sampled_from
from judging.live import Network
from judging.oracles import Backpropagation, Layer, backpropagate
from judging.strategies import seeds

MODULES = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}


def mlp(
    hidden: Sequence[int],
    activation: str,
    *,
    bias: bool = True,
    batch_norm: bool = False,
    initialise: Callable[[Tensor], object] | None = None,
) -> nn.Sequential:
    """Flatten, then linear layers with activations between them, from 784 pixels to 10 scores."""
    modules: list[nn.Module] = [nn.Flatten()]
    for index, (inputs, outputs) in enumerate(pairwise((28 * 28, *hidden, 10))):
        linear = nn.Linear(inputs, outputs, bias=bias)
        if initialise:
            initialise(linear.weight)
        modules.append(linear)
        if index < len(hidden):
            if batch_norm:
                modules.append(nn.BatchNorm1d(outputs))
            modules.append(MODULES[activation]())
    return nn.Sequential(*modules)


class Plan(NamedTuple):
    """A network and a batch, not yet built: everything follows from these few numbers."""

    hidden: tuple[int, ...]
    activation: str
    batch: int
    seed: int

    def model(self, *, bias: bool = True, batch_norm: bool = False) -> nn.Sequential:
        """Flatten, then linear layers with activations between them, in float64."""
        torch.default_generator.manual_seed(self.seed)

        def wide(weight: Tensor) -> None:
            # Wider than PyTorch's default, so that the gradient of no layer is tiny.
            nn.init.normal_(weight, std=2 / weight.shape[1] ** 0.5)

        model = mlp(self.hidden, self.activation, bias=bias, batch_norm=batch_norm, initialise=wide)
        return model.double()

    def images(self) -> Tensor:
        """(N, 1, 28, 28), float64."""
        generator = torch.Generator().manual_seed(self.seed + 1)
        return torch.randn(self.batch, 1, 28, 28, generator=generator, dtype=torch.float64)

    def labels(self) -> Tensor:
        """(N,), from 0 to 9."""
        generator = torch.Generator().manual_seed(self.seed + 2)
        return torch.randint(10, (self.batch,), generator=generator)

    def batches(self) -> list[tuple[Tensor, Tensor]]:
        """A loader of two batches that differ."""
        other = self._replace(seed=self.seed + 3)
        return [(self.images(), self.labels()), (other.images(), other.labels())]

    def __str__(self) -> str:
        return f"{self.activation} network with hidden layers {list(self.hidden)}"


@composite
def plans(
    draw: Draw,
    activations: Sequence[str] = ("relu", "tanh", "sigmoid"),
    depths: tuple[int, int] = (0, 4),
    batch: tuple[int, int] = (1, 4),
) -> Plan:
    """Networks of these depths, of widths from 1 to 6, and a batch for them."""
    hidden = draw(lists(integers(1, 6), *depths))
    return Plan(
        tuple(hidden),
        draw(sampled_from(activations)),
        draw(integers(*batch)),
        draw(seeds),
    )


def linear_layers(model: Any, images: Tensor) -> list[nn.Linear]:
    """The linear layers in the order in which a model, the suite's or an answer's, uses them."""
    if isinstance(model, Network):
        return model.linear_layers(images)
    used: list[nn.Linear] = []
    hooks = [
        layer.register_forward_hook(lambda layer, *_: used.append(layer))
        for layer in model.modules()
        if isinstance(layer, nn.Linear)
    ]
    training = model.training
    with torch.no_grad():
        model.eval()(images)
    model.train(training)
    for hook in hooks:
        hook.remove()
    return used


def derived(
    model: Any,
    activation: str,
    images: Tensor,
    labels: Tensor,
    *,
    before: float = 1.0,
    after: float = 1.0,
) -> Backpropagation:
    """The hand-derived gradients for a model of linear layers with one activation between them.

    ``before`` and ``after`` are factors on what goes into and comes out of each activation.
    """
    *hidden, output = linear_layers(model, images)
    layers = [_layer(linear, activation, before) for linear in hidden]
    layers.append(_layer(output, "identity", 1.0))
    layers[1:] = [layer._replace(W=layer.W * after) for layer in layers[1:]]
    return backpropagate(layers, images.double().flatten(1), labels)


def _layer(linear: nn.Linear, activation: str, scale: float) -> Layer:
    W = linear.weight.detach().double()
    b = W.new_zeros(len(W)) if linear.bias is None else linear.bias.detach().double()
    return Layer(W * scale, b * scale, activation)
