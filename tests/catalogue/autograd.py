"""2.3: mistakes and alternatives in the gradient of Σ(X @ M)."""

import torch
from torch import Tensor

from tests.catalogue import alternative, mistake

M = torch.tensor([[1.0, 0.0, 2.0], [1.0, 1.0, 0.0], [0.0, 3.0, 1.0]])


def leaf(X: Tensor) -> Tensor:
    return X.detach().clone().requires_grad_()


@mistake(
    "2.3",
    "gradient",
    "the gradient of Σ(X * M), element by element",
    look="The exercise multiplies matrices: X @ M.",
)
def gradient_of_the_elementwise_product(X: Tensor, M: Tensor = M) -> Tensor:
    X = leaf(X)
    (X * M).sum().backward()
    return X.grad


@alternative("2.3", "gradient", "torch.autograd.grad in place of backward")
def gradient_by_autograd_grad(X: Tensor, M: Tensor = M) -> Tensor:
    X = leaf(X)
    return torch.autograd.grad((X @ M).sum(), X)[0]
