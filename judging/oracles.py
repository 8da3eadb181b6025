"""What is true: rounding errors bounded by theory, and gradients derived by hand.

Notation of Higham, Accuracy and Stability of Numerical Algorithms (2nd ed., 2002), chapter 3:
u is the unit roundoff, and γ_n = n·u/(1 − n·u) bounds the relative error that n roundings can make
together, in any order, on any device.
"""

from collections.abc import Callable, Sequence
from math import sqrt
from typing import NamedTuple

import torch
from torch import Tensor


def unit_roundoff(dtype: torch.dtype) -> float:
    """u: half the distance from 1 to the next number of the dtype."""
    return torch.finfo(dtype).eps / 2


def gamma(n: float, dtype: torch.dtype) -> float:
    """γ_n = n·u/(1 − n·u) for n roundings in this dtype."""
    nu = n * unit_roundoff(dtype)
    return nu / (1 - nu)


def product_bound(A: Tensor, B: Tensor) -> Tensor:
    """|fl(A @ B) − A @ B| ≤ γ_k |A| |B| (Higham, eq. 3.13), k the number of terms in each sum.

    Twice that, for the oracle in float64 may err by as much.
    """
    return 2 * gamma(A.shape[-1], A.dtype) * (A.double().abs() @ B.double().abs())


def softmax(y: Tensor) -> Tensor:
    """exp(y) / Σ exp(y) over the last dimension, in float64, for scores of any size."""
    y = y.double()
    powers = (y - y.amax(dim=-1, keepdim=True)).exp()
    return powers / powers.sum(dim=-1, keepdim=True)


def softmax_error(y: Tensor, more: float = 0) -> Tensor:
    """The relative error of a softmax, however it is computed, and of so many roundings after it.

    An exponent y − max y or y − ln Σ exp y is rounded to within u·(2|y| + ln K), which exp turns
    into a relative error; exp and ln of a good library err by at most 2u each, the sum of K terms
    by γ_K and the quotient by u. The oracle in float64 takes as many: hence the factor 2. In all
    that are n roundings, and (1 − u)^−n − 1 ≤ exp(1.01·n·u) − 1. Where it is large, every result
    from 0 to 1 is as good as another: scores that large are only told apart by whole units.

    Returns: float64, shape (N, 1) for y of shape (N, K), and (1,) for (K,).
    """
    k = y.shape[-1]
    largest = y.double().abs().amax(dim=-1, keepdim=True)
    n = 2 * (2 * largest + 2 * k + 8) + more
    return torch.expm1((1.01 * unit_roundoff(y.dtype) * n).clamp(max=100))


class Layer(NamedTuple):
    """y ↦ f(W y + b). ``activation`` is a key of ACTIVATIONS; the last layer's is "identity"."""

    W: Tensor
    b: Tensor
    activation: str


def _sigmoid_slope(z: Tensor) -> Tensor:
    f = torch.sigmoid(z)
    return f * (1 - f)


class Activation(NamedTuple):
    """f with its derivative f', and the largest |f'| and |f''| anywhere."""

    f: Callable[[Tensor], Tensor]
    slope: Callable[[Tensor], Tensor]
    steepest: float
    most_curved: float


ACTIVATIONS = {
    "identity": Activation(lambda z: z, torch.ones_like, 1, 0),
    # Not clamp, whose gradient at the kink is 1: at 0 torch.relu and nn.ReLU take the slope 0.
    "relu": Activation(torch.relu, lambda z: (z > 0).to(z.dtype), 1, 0),
    "tanh": Activation(torch.tanh, lambda z: 1 - torch.tanh(z) ** 2, 1, 4 / (3 * sqrt(3))),
    "sigmoid": Activation(torch.sigmoid, _sigmoid_slope, 1 / 4, 1 / (6 * sqrt(3))),
}


class Backpropagation(NamedTuple):
    """What the hand-derived recursion finds for a batch."""

    logits: Tensor
    logits_bound: Tensor
    """What rounding in float64 can move the logits by, entry by entry; so for the others."""
    gradients: list[Tensor]
    """∂E/∂W of each layer, from input to output."""
    bounds: list[Tensor]
    bias_gradients: list[Tensor]
    bias_bounds: list[Tensor]


def backpropagate(layers: Sequence[Layer], x: Tensor, labels: Tensor) -> Backpropagation:
    """Section 1's recursion for the mean cross-entropy E of a batch, written out.

    Forward z_l = W_l y_(l-1) + b_l, y_l = f(z_l). At the output δ_L = (softmax(z_L) − t)/N (1.4);
    through an activation δ ⊙ f'(z) (1.2); through W it is Wᵀδ; and ∂E/∂W_l = δ_l y_(l-1)ᵀ.

    The bounds follow the same recursion with every term made positive: |W| for W, max|f'| for f,
    and max|f'| + max|f''|·|z| for f'(z), whose argument is itself rounded. Such a sum of |terms|
    times γ_n, n the roundings on the longest path, bounds the error to first order; its factor 4
    covers the second order, the oracle's own error and the functions' last bits.

    Args: x (N, inputs) and all layers in float64; labels (N,), int64.
    """
    y, size = x, x.abs()
    inputs, sizes, sums, magnitudes = [], [], [], []
    steps = 16.0
    for W, b, activation in layers:
        inputs.append(y)
        sizes.append(size)
        z = y @ W.T + b
        size = size @ W.abs().T + b.abs()
        sums.append(z)
        magnitudes.append(size)
        y = ACTIVATIONS[activation].f(z)
        size = ACTIVATIONS[activation].steepest * size + y.abs()
        steps += W.shape[1] + 8
    n, k = y.shape
    t = torch.nn.functional.one_hot(labels, k).to(x.dtype)
    delta = (softmax(y) - t) / n
    # |s − t| ≤ 1, and s moves by at most s·2|Δz|: the logits' magnitude enters here.
    reach = (1 + 2 * size.amax(dim=1, keepdim=True)).expand_as(delta) / n
    logits_bound = 4 * gamma(steps, x.dtype) * size

    gradients, bounds, bias_gradients, bias_bounds = [], [], [], []
    for (W, _, activation), y, size, z, magnitude in reversed(
        [*zip(layers, inputs, sizes, sums, magnitudes, strict=True)]
    ):
        f = ACTIVATIONS[activation]
        delta = delta * f.slope(z)
        reach = reach * (f.steepest + f.most_curved * magnitude)
        gradients.append(delta.T @ y)
        bounds.append(reach.T @ size)
        bias_gradients.append(delta.sum(dim=0))
        bias_bounds.append(reach.sum(dim=0))
        delta, reach = delta @ W, reach @ W.abs()
        steps += W.shape[0] + n + 8
    scale = 4 * gamma(steps, x.dtype)
    return Backpropagation(
        logits=sums[-1],
        logits_bound=logits_bound,
        gradients=gradients[::-1],
        bounds=[scale * bound for bound in bounds[::-1]],
        bias_gradients=bias_gradients[::-1],
        bias_bounds=[scale * bound for bound in bias_bounds[::-1]],
    )
