"""Exercise 2.4: how large the gradient is in each layer of a network, and what changes it."""

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_pre_hook

from solutions import arguments

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from torchvision.datasets import MNIST

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
}
INITIALISATIONS: dict[str, Callable[[Tensor], Tensor] | None] = {
    "default": None,
    "xavier": nn.init.xavier_uniform_,
    "he": partial(nn.init.kaiming_uniform_, nonlinearity="relu"),
}


def mnist(root: str | Path = "data", *, train: bool = True, download: bool = False) -> "MNIST":
    """The MNIST digits under root, as tensors of shape (1, 28, 28) with mean 0 and deviation 1.

    Returns: the dataset with two transforms: ``ToTensor`` scales the bytes 0…255 to 0…1;
        ``Normalize`` subtracts the mean of MNIST's pixels, 0.1307, and divides by their standard
        deviation, 0.3081.
    Raises: FileNotFoundError if the files are not there, naming root and both ways to fill it:
        `python -m data --download`, and `python -m data`, which needs no network.
    """
    from torchvision import datasets, transforms

    arguments.path(root=root)
    arguments.flag(train=train, download=download)
    transform = transforms.Compose(
        [transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))]
    )
    try:
        digits = datasets.MNIST(str(root), train=train, transform=transform, download=download)
        if len(digits.data) != len(digits.targets):
            raise ValueError(f"{len(digits.data)} images with {len(digits.targets)} labels")
    except Exception as error:  # of many kinds, where a file is damaged
        raise FileNotFoundError(
            f"there is no MNIST to be read in {root}: {error!r}. Fill the folder with "
            "`python -m data --download`, or draw digits that need no network with "
            "`python -m data` and use data/drawn"
        ) from error
    return digits


class MLP(nn.Sequential):
    """A multilayer perceptron for digits: (N, 1, 28, 28) → (N, 10), one score for each class.

    Args: hidden, the width of each hidden layer, which is linear, then batch norm if asked for,
        then the activation; activation "sigmoid", "tanh" or "relu"; init "default" (PyTorch's),
        "xavier" (variance 2/(inputs + outputs)) or "he" (2/inputs).
    Raises: TypeError or ValueError, naming the argument that does not fit.
    """

    def __init__(
        self,
        hidden: Sequence[int] = (128, 128, 128, 128),
        *,
        activation: str = "relu",
        init: str = "default",
        batch_norm: bool = False,
    ) -> None:
        super().__init__()
        arguments.counts(hidden=hidden)
        arguments.choice(ACTIVATIONS, activation=activation)
        arguments.choice(INITIALISATIONS, init=init)
        arguments.flag(batch_norm=batch_norm)
        widths = (28 * 28, *hidden)
        self.add_module("flatten", nn.Flatten())
        for layer, (inputs, outputs) in enumerate(zip(widths, hidden, strict=False), start=1):
            self.add_module(f"linear{layer}", nn.Linear(inputs, outputs))
            if batch_norm:
                self.add_module(f"norm{layer}", nn.BatchNorm1d(outputs))
            self.add_module(f"{activation}{layer}", ACTIVATIONS[activation]())
        self.add_module(f"linear{len(widths)}", nn.Linear(widths[-1], 10))
        initialise = INITIALISATIONS[init]
        for module in self:
            if initialise and isinstance(module, nn.Linear):
                initialise(module.weight)
                nn.init.zeros_(module.bias)


def error_and_layers(
    model: nn.Module, images: Tensor, labels: Tensor
) -> tuple[Tensor, dict[str, nn.Linear]]:
    """The mean cross-entropy E, and every linear layer by name in forward order.

    A model may use its layers in another order than it holds them in, so a hook notes each module
    as it is used. A linear layer that is not used comes last.
    """
    arguments.batch(images, labels)
    arguments.suited(model, images=images)
    names = {layer: name for name, layer in model.named_modules() if isinstance(layer, nn.Linear)}
    if not names:
        raise ValueError("model must have a torch.nn.Linear among its modules, but has none")
    used: list[nn.Module] = []
    with register_module_forward_pre_hook(lambda module, _: used.append(module)):
        scores = model(images)
    arguments.floating(**{"model(images)": scores})
    if scores.shape != (len(images), 10):
        raise ValueError(
            f"model(images) must have shape ({len(images)}, 10), a score for each class, "
            f"but has shape {tuple(scores.shape)}"
        )
    layers = {names[layer]: layer for layer in [*used, *names] if layer in names}
    return nn.functional.cross_entropy(scores, labels), layers


def layer_gradients(model: nn.Module, images: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """∂E/∂W for the weight W of every linear layer, E the mean cross-entropy of the batch.

    The gradients are taken on a copy, for batch norm counts what it sees. E does not depend on a
    layer that the model does not use: it comes last, with the gradient 0.

    Args: model, which keeps its parameters, buffers, mode and ``.grad``; images (N, 1, 28, 28) in
        floating point, labels (N,) from 0 to 9, int64.
    Returns: layer name → tensor of the weight's shape, in forward order.
    Raises: TypeError or ValueError, naming the argument that does not fit.
    """
    arguments.module(model=model)
    E, layers = error_and_layers(copy.deepcopy(model).requires_grad_(), images, labels)
    weights = [layer.weight for layer in layers.values()]
    gradients = torch.autograd.grad(E, weights, materialize_grads=True)
    return dict(zip(layers, gradients, strict=True))


def train(
    model: nn.Module,
    loader: Iterable[tuple[Tensor, Tensor]],
    *,
    lr: float = 0.01,
    steps: int,
) -> list[dict[str, float]]:
    """Plain SGD on the mean cross-entropy for so many steps, round the loader as often as it takes.

    Returns: for each step, layer name → mean |∂E/∂W| of the gradient that the step used.
    Raises: TypeError or ValueError, naming the argument that does not fit.
    """
    arguments.trainable(model=model)
    arguments.iterable(loader=loader)
    arguments.positive(lr=lr)
    arguments.count(steps=steps)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    history = []
    for images, labels in islice(_round_and_round(loader), steps):
        E, layers = error_and_layers(model, images, labels)
        optimizer.zero_grad()
        E.backward()
        history.append({name: _mean_absolute(layer.weight.grad) for name, layer in layers.items()})
        optimizer.step()
    return history


def _round_and_round(loader: Iterable[tuple[Tensor, Tensor]]) -> Iterator[tuple[Tensor, Tensor]]:
    for turn in count(1):
        batch = None
        for batch in loader:
            arguments.pair(**{"each batch of loader": batch})
            yield batch
        if batch is None:
            raise ValueError(f"loader must give batches in every round, but gave none in {turn}")


def _mean_absolute(gradient: Tensor | None) -> float:
    return 0.0 if gradient is None else gradient.abs().mean().item()


def compare(
    variants: Mapping[str, nn.Module], images: Tensor, labels: Tensor
) -> dict[str, dict[str, float]]:
    """Mean |∂E/∂W| of every linear layer of every variant, all on the same batch.

    Args: variants, a name for each model; images and labels as for layer_gradients.
    Returns: variant name → layer name → mean absolute weight gradient.
    Raises: TypeError or ValueError, naming the argument that does not fit.
    """
    arguments.mapping(variants=variants)
    arguments.module(**{f"variants[{name!r}]": model for name, model in variants.items()})
    return {
        name: {
            layer: _mean_absolute(gradient)
            for layer, gradient in layer_gradients(model, images, labels).items()
        }
        for name, model in variants.items()
    }


def plot(comparison: Mapping[str, Mapping[str, float]]) -> "Figure":
    """The result of compare as a picture: one line a variant, over the layers, on a log scale.

    A vanishing gradient shrinks by a factor in every layer: on this scale, a falling line.

    Returns: a figure of its own, with the name of each variant in the legend.
    Raises: TypeError or ValueError, naming the argument that does not fit.
    """
    from matplotlib.figure import Figure

    arguments.mapping(comparison=comparison)
    for variant, layers in comparison.items():
        arguments.mapping(**{f"comparison[{variant!r}]": layers})
        for layer, value in layers.items():
            arguments.number(**{f"comparison[{variant!r}][{layer!r}]": value})
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for variant, layers in comparison.items():
        axes.plot(range(1, len(layers) + 1), list(layers.values()), marker="o", label=variant)
    axes.set_yscale("log")
    axes.set_xticks(range(1, max(map(len, comparison.values())) + 1))
    axes.set_xlabel("linear layer, from input to output")
    axes.set_ylabel("mean |∂E/∂W|")
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


def variants() -> dict[str, nn.Module]:
    """One baseline and, for each parameter that can be changed, a network that changes it."""
    deep = (64,) * 5
    return {
        "sigmoid": MLP(deep, activation="sigmoid"),
        "tanh": MLP(deep, activation="tanh"),
        "ReLU": MLP(deep),
        "ReLU, 2 hidden layers": MLP((64, 64)),
        "ReLU, 4 × as wide": MLP((256,) * 5),
        "sigmoid, Xavier": MLP(deep, activation="sigmoid", init="xavier"),
        "ReLU, He": MLP(deep, init="he"),
        "sigmoid, batch norm": MLP(deep, activation="sigmoid", batch_norm=True),
    }


def main(picture: str = "report/gradient_comparison.png") -> None:
    """Compare the layers of every variant on one batch, print the table, write the picture."""
    import data

    torch.manual_seed(0)
    digits = data.available()
    loader = torch.utils.data.DataLoader(mnist(digits.root), batch_size=256, shuffle=True)
    images, labels = next(iter(loader))
    comparison = compare(variants(), images, labels)
    print(f"Mean |∂E/∂W| of each linear layer, from input to output, on {digits.name}")
    for variant, layers in comparison.items():
        print(f"  {variant:<22}", *(f"{value:.1e}" for value in layers.values()))
    plot(comparison).savefig(picture, dpi=150)
    print(f"Picture written to {picture}")

    model = MLP((64,) * 5, activation="sigmoid", init="xavier")
    history = train(model, loader, lr=0.5, steps=100)
    print("The first layer's gradient while a sigmoid network with Xavier weights trains:")
    for step in range(0, 100, 20):
        print(f"  step {step:>3}  {next(iter(history[step].values())):.1e}")


if __name__ == "__main__":
    main()
