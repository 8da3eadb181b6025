"""Exercise 2.4: how large the gradient is in each layer of a network, and what changes it."""

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice, pairwise
from pathlib import Path
from typing import Literal

import torch
from jaxtyping import Float, Int64
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_pre_hook
from torch.utils.data import DataLoader, TensorDataset
from torchvision.datasets import MNIST
from torchvision.transforms import Compose, Normalize, ToTensor

from solutions.guards import checked, require

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
}
INITIALISATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "xavier": nn.init.xavier_uniform_,
    "he": partial(nn.init.kaiming_uniform_, nonlinearity="relu"),
}


@checked
def mnist(root: str | Path = "data", *, train: bool = True, download: bool = False) -> MNIST:
    """The MNIST digits under root, as tensors of shape (1, 28, 28).

    ``ToTensor`` scales the bytes 0…255 to 0…1. ``Normalize`` subtracts 0.1307 and divides by
    0.3081, the mean and the standard deviation of the pixels of MNIST. So the tensors of MNIST
    itself have mean 0 and deviation 1; those of other digits need not.

    A missing file is a FileNotFoundError, and a damaged one is a ValueError; both name root and the
    two ways to fill it.
    """
    transform = Compose([ToTensor(), Normalize((0.1307,), (0.3081,))])
    try:
        digits = MNIST(root, train=train, transform=transform, download=download)
        images, labels = len(digits.data), len(digits.targets)
        require(images == labels, f"{images} images with {labels} labels")
    except Exception as error:  # of many kinds, where a file is damaged
        all_there = len([*Path(root, "MNIST", "raw").glob("*-ubyte")]) == 4
        kind, what = (ValueError, "damaged") if all_there else (FileNotFoundError, "missing")
        raise kind(
            f"files of MNIST are {what} in {root}: {error!r}. Fill the folder with "
            "`python -m data --download`, or draw digits that need no network with "
            "`python -m data` and use data/drawn"
        ) from error
    return digits


class MLP(nn.Sequential):
    """A multilayer perceptron for digits: (N, 1, 28, 28) → (N, 10), one score for each class.

    A hidden layer is linear, then batch norm if asked for, then the activation. Xavier's weights
    have the variance 2/(inputs + outputs), He's have 2/inputs; the default is PyTorch's.
    """

    @checked
    def __init__(
        self,
        hidden: Sequence[int] = (128, 128, 128, 128),
        *,
        activation: Literal["sigmoid", "tanh", "relu"] = "relu",
        init: Literal["default", "xavier", "he"] = "default",
        batch_norm: bool = False,
    ) -> None:
        super().__init__()
        self.add_module("flatten", nn.Flatten())
        widths = (28 * 28, *hidden)
        for layer, (inputs, outputs) in enumerate(pairwise(widths), start=1):
            self.add_module(f"linear{layer}", nn.Linear(inputs, outputs))
            if batch_norm:
                self.add_module(f"norm{layer}", nn.BatchNorm1d(outputs))
            self.add_module(f"{activation}{layer}", ACTIVATIONS[activation]())
        self.add_module(f"linear{len(widths)}", nn.Linear(widths[-1], 10))
        if init != "default":
            for module in self:
                if isinstance(module, nn.Linear):
                    INITIALISATIONS[init](module.weight)
                    nn.init.zeros_(module.bias)


@checked
def error_and_layers(
    model: nn.Module, images: Float[Tensor, "N 1 28 28"], labels: Int64[Tensor, " N"]
) -> tuple[Float[Tensor, ""], dict[str, nn.Linear]]:
    """The mean cross-entropy E, and every linear layer by name in forward order.

    A model may use its layers in another order than it holds them in, so a hook notes each module
    when it is used. A linear layer that is not used comes last.
    """
    lowest, highest = labels.min(), labels.max()
    require(lowest >= 0 and highest <= 9, f"labels go from {lowest} to {highest}, not from 0 to 9")
    names = {layer: name for name, layer in model.named_modules() if isinstance(layer, nn.Linear)}
    used: list[nn.Module] = []
    with register_module_forward_pre_hook(lambda module, _: used.append(module)):
        scores = model(images)
    layers = {names[layer]: layer for layer in [*used, *names] if layer in names}
    return nn.functional.cross_entropy(scores, labels), layers


@checked
def layer_gradients(
    model: nn.Module, images: Float[Tensor, "N 1 28 28"], labels: Int64[Tensor, " N"]
) -> dict[str, Tensor]:
    """∂E/∂W for the weight W of every linear layer, in forward order; E is the mean cross-entropy.

    The gradients are taken on a copy of the model, for batch norm remembers every batch that it
    sees. E does not depend on a layer that the model does not use: its gradient is 0.
    """
    E, layers = error_and_layers(copy.deepcopy(model).requires_grad_(), images, labels)
    weights = [layer.weight for layer in layers.values()]
    gradients = torch.autograd.grad(E, weights, materialize_grads=True)
    return dict(zip(layers, gradients, strict=True))


@checked
def train(
    model: nn.Module,
    loader: Iterable[tuple[Tensor, Tensor]],
    *,
    lr: float = 0.01,
    steps: int,
) -> list[dict[str, float]]:
    """Plain SGD on the mean cross-entropy: W ← W − lr·∂E/∂W, one batch of the loader a step.

    For each step it returns the mean |∂E/∂W| of each linear layer, of the gradient that was used.
    """
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    history = []
    for images, labels in islice(rounds(loader), steps):
        E, layers = error_and_layers(model, images, labels)
        optimizer.zero_grad()
        E.backward()
        history.append({name: mean_absolute(layer.weight.grad) for name, layer in layers.items()})
        optimizer.step()
    return history


def rounds(loader: Iterable[tuple[Tensor, Tensor]]) -> Iterator[tuple[Tensor, Tensor]]:
    """The batches of the loader, from the beginning again after the last one."""
    while True:
        batch = None
        for batch in loader:
            yield batch
        require(batch is not None, "loader must give at least one batch in every round")


def mean_absolute(gradient: Tensor | None) -> float:
    """The mean of |∂E/∂W|; PyTorch's None stands for a gradient of 0."""
    return 0.0 if gradient is None else gradient.abs().mean().item()


@checked
def compare(
    variants: Mapping[str, nn.Module],
    images: Float[Tensor, "N 1 28 28"],
    labels: Int64[Tensor, " N"],
) -> dict[str, dict[str, float]]:
    """The mean |∂E/∂W| of every linear layer of every variant, all on the same batch."""
    return {
        variant: {
            layer: mean_absolute(gradient)
            for layer, gradient in layer_gradients(model, images, labels).items()
        }
        for variant, model in variants.items()
    }


@checked
def plot(comparison: Mapping[str, Mapping[str, float]]) -> Figure:
    """What compare returns, as a picture: one line a variant, over the layers, on a log scale.

    Where the gradient vanishes, each layer on the way back from the output multiplies it by about
    the same small factor. Read from input to output, that is a straight line that rises.
    """
    require(comparison, "comparison must hold at least one variant, but is empty")
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
    """A sigmoid and a ReLU network, and for each setting a network that changes it."""
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
    """Compare the layers of every variant on one batch, then watch two of them train."""
    import data

    torch.manual_seed(0)
    digits = data.available()
    # Reading an image takes longer than a step of training: each of these is read once.
    images, labels = next(iter(DataLoader(mnist(digits.root), batch_size=1024, shuffle=True)))
    comparison = compare(variants(), images[:256], labels[:256])
    print(f"Mean |∂E/∂W| of each linear layer, from input to output, on {digits.name}")
    for variant, layers in comparison.items():
        print(f"  {variant:<22}", *(f"{value:.1e}" for value in layers.values()))
    plot(comparison).savefig(picture, dpi=150)
    print(f"Picture written to {picture}")

    batches = DataLoader(TensorDataset(images, labels), batch_size=128, shuffle=True)
    models = {
        "sigmoid": MLP((64, 64), activation="sigmoid"),
        "tanh": MLP((64, 64), activation="tanh"),
    }
    print("\nThe same of the first and the last layer, while two hidden layers of 64 train:")
    histories = {name: train(model, batches, lr=0.5, steps=201) for name, model in models.items()}
    print("  step ", *(f"{name:<18}" for name in histories))
    for step in range(0, 201, 40):
        ends = ([*history[step].values()] for history in histories.values())
        print(f"  {step:>4} ", *(f"{first:.1e}   {last:.1e}  " for first, *_, last in ends))


if __name__ == "__main__":
    main()
