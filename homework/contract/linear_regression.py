"""Exercise 2.5: a linear model is built, trained for one epoch, saved, loaded and applied."""

import os

import torch
from jaxtyping import Float
from torch import Tensor, nn


class LinearRegression(nn.Module):
    """y = w·x + b: its only layer is an ``nn.Linear(1, 1)``, named linear, of its own.

    With which weights it begins, and in which mode, is free.
    """

    def __init__(self) -> None:
        raise NotImplementedError

    def forward(self, x: Float[Tensor, "n 1"]) -> Float[Tensor, "n 1"]:
        raise NotImplementedError


def random_data(
    n: int = 64,
    *,
    slope: float,
    intercept: float,
    noise: float,
    generator: torch.Generator | None = None,
) -> tuple[Float[Tensor, "{n} 1"], Float[Tensor, "{n} 1"]]:
    """n examples x, and y = slope·x + intercept + noise·ε, both in float32, without gradients.

    Which x these are is free: random or evenly spaced, as long as they differ. The errors ε are
    random, with mean 0 and standard deviation 1; their distribution is free, the normal one for
    instance. All that is random comes from the generator, which is torch's own if it is None: the
    same state of the generator gives the same data.
    """
    raise NotImplementedError


def train_epoch(
    model: nn.Module, x: Float[Tensor, "n 1"], y: Float[Tensor, "n 1"], *, lr: float = 0.1
) -> float:
    """One epoch: forward, mean squared error, backward, one step of SGD over all the data.

    Gradients that the model has from earlier calls do not count. Its parameters are updated in
    their places, and nothing else of it is changed. Returns the error before the step; a tensor of
    one element is as good as a number.
    """
    raise NotImplementedError


def save_weights(model: nn.Module, path: str | os.PathLike[str]) -> None:
    """Write the model's state dict to path, and nothing else, so that torch.load reads it.

    path is the name as it is, with whatever suffix, or none; what is there is replaced, and no
    other file is left. What cannot be written is an error.

    A crash or a full disk, at any moment, leaves the old file there or the new one: never half a
    file, and never none where one was.
    """
    raise NotImplementedError


def load_weights(path: str | os.PathLike[str]) -> LinearRegression:
    """A new model with the weights that save_weights wrote to path.

    Whatever the file holds, none of it is run. The model can be trained on; its mode is free. Where
    the weights are in another dtype than float32, an error is right, too.

    Raises: an error if there is no such file, or if it does not hold the weights of a
        LinearRegression. Its kind is free; its message names the path and the reason.
    """
    raise NotImplementedError
