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


class Affine(NamedTuple):
    """y ↦ W y + b, a linear layer."""

    W: Tensor
    b: Tensor | None


class Norm(NamedTuple):
    """y ↦ scale ⊙ (y − mean)/√(variance + eps) + shift, batch norm.

    Without a mean and a variance it takes those of the batch, as it does while it trains.
    """

    scale: Tensor
    shift: Tensor
    eps: float
    mean: Tensor | None = None
    variance: Tensor | None = None


Step = Affine | Norm | str
"""What a network does to y, one after the other: a str is a key of ACTIVATIONS."""


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
    # Not clamp, whose gradient at the kink is 1: at 0 torch.relu and nn.ReLU take the slope 0.
    "relu": Activation(torch.relu, lambda z: (z > 0).to(z.dtype), 1, 0),
    "tanh": Activation(torch.tanh, lambda z: 1 - torch.tanh(z) ** 2, 1, 4 / (3 * sqrt(3))),
    "sigmoid": Activation(torch.sigmoid, _sigmoid_slope, 1 / 4, 1 / (6 * sqrt(3))),
    "dropped": Activation(torch.zeros_like, torch.zeros_like, 0, 0),
}


class Bounded(NamedTuple):
    """A value, and what rounding can move it by, entry by entry."""

    value: Tensor
    bound: Tensor


class Backpropagation(NamedTuple):
    """What the hand-derived recursion finds for a batch."""

    logits: Bounded
    delta: Tensor
    """∂E/∂logits."""
    weights: list[Bounded]
    """∂E/∂W of each linear layer, from input to output."""
    parameters: list[Bounded]
    """∂E/∂W and ∂E/∂b of each linear layer, ∂E/∂scale and ∂E/∂shift of each batch norm."""
    statistics: list[tuple[Bounded, Bounded]]
    """The mean and the variance of the batch in each batch norm that takes them."""


def backpropagate(
    steps: Sequence[Step], x: Tensor, labels: Tensor, dtype: torch.dtype = torch.float64
) -> Backpropagation:
    """Section 1's recursion for the mean cross-entropy E of a batch, written out.

    Forward z_l = W_l y_(l-1) + b_l, y_l = f(z_l). At the output δ_L = (softmax(z_L) − t)/N (1.4);
    through an activation δ ⊙ f'(z) (1.2); through W it is Wᵀδ; and ∂E/∂W_l = δ_l y_(l-1)ᵀ. Through
    a batch norm that takes the batch's statistics, with x̂ = (y − mean)/σ and g = scale ⊙ δ, it is
    (g − mean(g) − x̂ ⊙ mean(g ⊙ x̂))/σ.

    The bounds follow the same recursion with every term made positive: |W| for W, max|f'| for f,
    and max|f'| + max|f''|·|z| for f'(z), whose argument is itself rounded. Such a sum of |terms|
    times γ_n, n the roundings on the longest path, bounds the error to first order; its factor 4
    covers the second order, the oracle's own error and the functions' last bits.

    Args: x (N, inputs) and all steps in float64; labels (N,), int64; dtype, that of the answer.
    """
    y, size, roundings = x, x.abs(), 16.0
    n = len(x)
    ways: list[_Way] = []
    for step in steps:
        ways.append(_WAYS[type(step)](step, y, size))
        y, size = ways[-1].out
        roundings += ways[-1].roundings
    logits = Bounded(y, 4 * gamma(roundings, dtype) * size)
    t = torch.nn.functional.one_hot(labels, y.shape[1]).to(x.dtype)
    delta = upstream = (torch.softmax(y, dim=1) - t) / n
    # |s − t| ≤ 1, and s moves by at most s·2|Δz|: the logits' magnitude enters here.
    reach = (1 + 2 * size.amax(dim=1, keepdim=True)).expand_as(delta) / n

    found: list[list[Bounded]] = []
    for way in reversed(ways):
        found.append(way.parameters(delta, reach))
        delta, reach = way.back(delta, reach)
        roundings += way.roundings + n
    scale = 4 * gamma(roundings, dtype)

    def scaled(one: Bounded) -> Bounded:
        return Bounded(one.value, scale * one.bound)

    parameters = [[*map(scaled, one)] for one in reversed(found)]
    return Backpropagation(
        logits=logits,
        delta=upstream,
        weights=[one[0] for one, way in zip(parameters, ways, strict=True) if type(way) is _Linear],
        parameters=[each for one in parameters for each in one],
        statistics=[
            (scaled(way.mean), scaled(way.variance))
            for way in ways
            if isinstance(way, _Normalised) and way.of_the_batch
        ],
    )


class _Way:
    """One step as a batch goes through it: forth, where ``out`` is made, and back."""

    out: tuple[Tensor, Tensor]
    """What comes out, and the sum of its |terms|."""
    roundings: float

    def parameters(self, delta: Tensor, reach: Tensor) -> list[Bounded]:
        """The gradients of the step's own tensors, with the sums of their |terms|."""
        return []

    def back(self, delta: Tensor, reach: Tensor) -> tuple[Tensor, Tensor]:
        """δ before the step, from δ after it."""
        raise NotImplementedError


class _Linear(_Way):
    def __init__(self, step: Affine, y: Tensor, size: Tensor) -> None:
        self.step, self.y, self.size = step, y, size
        z, magnitude = y @ step.W.T, size @ step.W.abs().T
        if step.b is not None:
            z, magnitude = z + step.b, magnitude + step.b.abs()
        self.out = z, magnitude
        self.roundings = sum(step.W.shape) + 8

    def parameters(self, delta: Tensor, reach: Tensor) -> list[Bounded]:
        W = Bounded(delta.T @ self.y, reach.T @ self.size)
        return [W] if self.step.b is None else [W, Bounded(delta.sum(dim=0), reach.sum(dim=0))]

    def back(self, delta: Tensor, reach: Tensor) -> tuple[Tensor, Tensor]:
        return delta @ self.step.W, reach @ self.step.W.abs()


class _Activated(_Way):
    roundings = 8

    def __init__(self, step: str, z: Tensor, size: Tensor) -> None:
        self.f, self.z, self.size = ACTIVATIONS[step], z, size
        y = self.f.f(z)
        self.out = y, self.f.steepest * size + y.abs()

    def back(self, delta: Tensor, reach: Tensor) -> tuple[Tensor, Tensor]:
        slope = self.f.steepest + self.f.most_curved * self.size
        return delta * self.f.slope(self.z), reach * slope


class _Normalised(_Way):
    """To first order: with D the |terms| of d = y − mean, those of σ² are 3·mean(|d| D), those of
    x̂ = d/σ are X = D/σ + |x̂|·S with S = 3·mean(|d| D)/(2σ²) + 2, and so on through each formula.
    """

    def __init__(self, step: Norm, y: Tensor, size: Tensor) -> None:
        self.step, self.of_the_batch = step, step.mean is None
        mean = y.mean(dim=0) if step.mean is None else step.mean
        d = y - mean
        D = size + (size.mean(dim=0) if step.mean is None else mean.abs())
        variance = d.square().mean(dim=0) if step.variance is None else step.variance
        moved = 3 * (d.abs() * D).mean(dim=0) if step.variance is None else torch.zeros_like(mean)
        self.sigma = (variance + step.eps).sqrt()
        self.S = moved / (2 * self.sigma**2) + 2
        self.x = d / self.sigma
        self.X = D / self.sigma + self.x.abs() * self.S
        self.mean = Bounded(mean, size.mean(dim=0))
        self.variance = Bounded(variance, moved + variance)
        self.out = step.scale * self.x + step.shift, step.scale.abs() * self.X + step.shift.abs()
        self.roundings = 2 * len(y) + 16

    def parameters(self, delta: Tensor, reach: Tensor) -> list[Bounded]:
        return [
            Bounded((delta * self.x).sum(dim=0), 2 * (reach * self.X).sum(dim=0)),
            Bounded(delta.sum(dim=0), reach.sum(dim=0)),
        ]

    def back(self, delta: Tensor, reach: Tensor) -> tuple[Tensor, Tensor]:
        g, G = self.step.scale * delta, self.step.scale.abs() * reach
        if self.of_the_batch:
            g = g - g.mean(dim=0) - self.x * (g * self.x).mean(dim=0)
            G = G + G.mean(dim=0) + 4 * self.X * (G * self.X).mean(dim=0)
        return g / self.sigma, G * (1 + self.S) / self.sigma


_WAYS: dict[type, Callable[..., _Way]] = {Affine: _Linear, Norm: _Normalised, str: _Activated}
