"""Exercise 2.4: how large the gradient is in each layer of a network, and what changes it."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from jaxtyping import Float, Int64
from matplotlib.figure import Figure
from torch import Tensor, nn
from torchvision.datasets import MNIST


def mnist(root: str | Path = "data", *, train: bool = True, download: bool = False) -> MNIST:
    """The MNIST digits under root, the training or the test set, as tensors of shape (1, 28, 28).

    Two transforms make the tensors: ToTensor, and then Normalize with the mean 0.1307 and the
    standard deviation 0.3081.

    Raises: an error where the files are missing. Its kind is free; its message names root and both
        ways to fill it: `python -m data --download`, and `python -m data`, which needs no network.
        What happens where a file is damaged is free.
    """
    raise NotImplementedError


class MLP(nn.Module):
    """A multilayer perceptron for digits: (N, 1, 28, 28) → (N, 10), one score for each class.

    hidden has the width of each hidden layer, none or more: a linear layer, then batch norm if
    asked for, then the activation; batch norm may also follow the activation. init says how the
    weights are drawn: "default" as PyTorch does, "xavier" with the variance 2/(inputs + outputs),
    "he" with 2/inputs. Whether they are uniform or normal, and what the biases are, is free. A new
    network is in float32 and in training mode, has weights of its own and nothing but these layers,
    and all its parameters can be trained.
    """

    def __init__(
        self,
        hidden: Sequence[int] = (128, 128, 128, 128),
        *,
        activation: Literal["sigmoid", "tanh", "relu"] = "relu",
        init: Literal["default", "xavier", "he"] = "default",
        batch_norm: bool = False,
    ) -> None:
        raise NotImplementedError

    def forward(self, images: Float[Tensor, "N 1 28 28"]) -> Float[Tensor, "N 10"]:
        raise NotImplementedError


def layer_gradients(
    model: nn.Module, images: Float[Tensor, "N 1 28 28"], labels: Int64[Tensor, " N"]
) -> dict[str, Tensor]:
    """∂E/∂W for the weight W of every nn.Linear, with E the mean cross-entropy of the batch.

    The dict has them in forward order, each under the name of its layer, a str. The names are free,
    but one that is the model's own must stand for that layer. labels are the classes, 0 to 9. A
    model may hold its layers within others; it uses each linear layer once, in the order in which
    it holds them. Each module counts in the mode in which it is, and all of the model is afterwards
    what it was: parameters, buffers, modes, gradients, hooks, and what requires a gradient. Where a
    parameter requires none, an error is right, too.
    """
    raise NotImplementedError


def train(
    model: nn.Module,
    loader: Iterable[tuple[Tensor, Tensor]],
    *,
    lr: float = 0.01,
    steps: int,
) -> list[dict[str, float]]:
    """Plain SGD on the mean cross-entropy, for so many steps.

    loader gives batches of images and labels, of one size or of several, one for each step; after
    its last batch it is begun again. The result has for each step the mean |∂E/∂W| of every
    nn.Linear, in forward order and named as for layer_gradients, of the gradient that the step
    used. Gradients that the model has from earlier calls do not count. A model that comes in
    training mode is trained in it, sees each batch once, and leaves in it. Its parameters are
    updated in their places and nothing else of it is changed; what requires no gradient stays, or
    is an error. A tensor of one element is as good as a number.
    """
    raise NotImplementedError


def compare(
    variants: Mapping[str, nn.Module],
    images: Float[Tensor, "N 1 28 28"],
    labels: Int64[Tensor, " N"],
) -> dict[str, dict[str, float]]:
    """Mean |∂E/∂W| of every nn.Linear of every variant, all on the same batch.

    The result maps the name of the variant, as it is, to a dict from its layers, in forward order
    and named as for layer_gradients, to their numbers; a tensor of one element is as good as a
    number. Each variant counts in the mode in which it is, and is afterwards what it was. The order
    of the variants is free.
    """
    raise NotImplementedError


def plot(comparison: Mapping[str, Mapping[str, float]]) -> Figure:
    """The result of compare as a picture: one line a variant, over its layers, on one log scale.

    Every line joins its layers, shows on its background, and lies within the limits. Up to four
    lines look different; with more, the styles may begin again. Each variant is named as it is, in
    a legend or at its line. Each call makes a figure of its own. All else about it is free, and so
    is what stands for a gradient of 0, which has no place on the scale.
    """
    raise NotImplementedError
