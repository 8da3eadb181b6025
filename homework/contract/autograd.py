"""Exercise 2.3: the gradient that autograd finds."""

import torch
from jaxtyping import Float
from torch import Tensor

M = torch.tensor([[1.0, 0.0, 2.0], [1.0, 1.0, 0.0], [0.0, 3.0, 1.0]])


def gradient(X: Float[Tensor, "m k"], M: Float[Tensor, "k n"] = M) -> Float[Tensor, "m k"]:
    """2.3: ∂S/∂X for S = Σ(X @ M), the sum of all elements of the matrix product.

    X and M have one dtype, float32 or float64, which the result has, too. X may come with
    requires_grad, as a leaf or not, or without it: afterwards its requires_grad and its .grad are
    what they were, and so are those of M, which requires no gradient.
    """
    raise NotImplementedError
