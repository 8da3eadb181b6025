"""2.3: the gradient of Σ(X @ M) with respect to X.

Nothing is asserted here, so nothing has to be rewritten: PYTEST_DONT_REWRITE
"""

import torch
from torch import Tensor

from judging.answers import Answers
from judging.checks import check
from judging.choices import booleans, sampled_from
from judging.evidence import show_tensor, wanted
from judging.oracles import gamma
from judging.strategies import (
    factors,
    in_each_dtype,
    lattice,
    lengths,
    matrices,
    scaled_factors,
    seeded,
    seeds,
)
from judging.verdict import equal, holds, undefined, within

FORMULA = "ones @ Mᵀ, the gradient of Σ(X @ M)"
HOMEWORK_M = torch.tensor([[1.0, 0.0, 2.0], [1.0, 1.0, 0.0], [0.0, 3.0, 1.0]])


@check("2.3", "gradient", offset=lattice((3, 3), torch.float32))
def test_gradient_of_the_homework_has_rows_3_2_4(solutions: Answers, offset: Tensor) -> None:
    """For the homework's M, every row of the gradient is [3, 2, 4], the row sums of M."""
    X = offset + torch.arange(1.0, 10.0).reshape(3, 3)
    equal(solutions.autograd.M, HOMEWORK_M, "M, the constant that the exercise gives")
    equal(solutions.autograd.gradient(X), torch.tensor([[3.0, 2.0, 4.0]] * 3), FORMULA)
    if wanted():
        X = torch.randn(3, 3, generator=torch.Generator().manual_seed(0))
        for title, value in (
            ("X", X),
            ("M", HOMEWORK_M),
            ("X @ M", X @ HOMEWORK_M),
            ("∂Σ(X @ M)/∂X", solutions.autograd.gradient(X)),
        ):
            show_tensor(title, value)


@check("2.3", "gradient", pair=factors())
def test_gradient_is_ones_times_M_transposed(
    solutions: Answers, pair: tuple[Tensor, Tensor]
) -> None:
    """∂Σ(X @ M)/∂X = ones @ Mᵀ for X (m, k), M (k, n), exactly on integers."""
    X, M = pair
    ones = torch.ones(X.shape[0], M.shape[1], dtype=torch.float64)
    expected = (ones @ M.double().T).to(X.dtype)
    equal(solutions.autograd.gradient(X, M), expected, FORMULA)


def judge_gradient(solutions: Answers, X: Tensor, M: Tensor) -> None:
    m, n = X.shape[0], M.shape[1]
    sums = M.double().sum(dim=1).expand(m, -1)
    # A sum of n terms; the oracle in float64 takes as many.
    bound = 2 * gamma(n, M.dtype) * M.double().abs().sum(dim=1).expand(m, -1)
    within(solutions.autograd.gradient(X, M), sums, bound, FORMULA, X.dtype)


@check("2.3", "gradient", pair=scaled_factors(), kind=sampled_from(["plain", "leaf", "no leaf"]))
def test_gradient_is_within_the_rounding_of_a_sum(
    solutions: Answers, pair: tuple[Tensor, Tensor], kind: str
) -> None:
    """On any real numbers, each entry is the sum of a row of M to within γ_n Σ|M|."""
    for values, M in in_each_dtype(*pair):
        X = values if kind == "plain" else values.clone().requires_grad_()
        judge_gradient(solutions, 1 * X if kind == "no leaf" else X, M)


@check("2.3", "gradient", cost=25, enough=1, sizes=lengths(), seed=seeds)
def test_gradient_of_large_matrices(solutions: Answers, sizes: tuple[int, int], seed: int) -> None:
    """The formula holds for matrices of any size."""
    generator = torch.Generator().manual_seed(seed)
    for size, dtype in zip(sizes, (torch.float32, torch.float64), strict=True):
        for m, k, n in ((size, 3, 2), (2, size, 3), (3, 2, size)):
            X, M = seeded((m, k), generator, -9, 9), seeded((k, n), generator, -4, 4)
            judge_gradient(solutions, X.to(dtype), M.to(dtype))


@check("2.3", "gradient", cost=25, enough=1, pair=factors())
def test_gradient_hides_no_nan(solutions: Answers, pair: tuple[Tensor, Tensor]) -> None:
    """Where M has NaN in a row, the sum of that row is NaN."""
    X, M = pair[0], pair[1].clone()
    M[0, 0] = torch.nan
    undefined(solutions.autograd.gradient(X, M), M.isnan().any(dim=1).expand(X.shape), FORMULA)


@check("2.3", "gradient", pair=factors(), tracked=booleans())
def test_gradient_leaves_the_caller_alone(
    solutions: Answers, pair: tuple[Tensor, Tensor], tracked: bool
) -> None:
    """The caller's X keeps its requires_grad and its .grad, and a second call adds nothing."""
    X, M = pair
    X = X.clone().requires_grad_(tracked)
    X.grad = kept = torch.full_like(X, 7.0) if tracked else None
    ones = torch.ones(X.shape[0], M.shape[1], dtype=torch.float64)
    expected = (ones @ M.double().T).to(X.dtype)
    for formula in (FORMULA, FORMULA + ", also when it is asked for a second time"):
        equal(solutions.autograd.gradient(X, M), expected, formula)
        holds(
            X.requires_grad is tracked,
            f"changed X.requires_grad from {tracked} to {X.requires_grad}",
            "X as it was: take the gradient on a copy, X.detach().clone()",
        )
        holds(
            M.requires_grad is False and M.grad is None,
            "left M with requires_grad on, or with a .grad",
            "M as it was: only X needs a gradient",
        )
        holds(
            X.grad is kept and (kept is None or bool((kept == 7).all())),
            "wrote into X.grad of the caller",
            "X.grad as it was: take the gradient on a copy, X.detach().clone()",
        )


@check("2.3", "gradient", X=matrices())
def test_gradient_with_the_identity_is_ones(solutions: Answers, X: Tensor) -> None:
    """For M = I the sum is Σ X, and its gradient is 1 everywhere, whatever X holds."""
    identity = torch.eye(X.shape[1], dtype=X.dtype)
    equal(solutions.autograd.gradient(X, identity), torch.ones(X.shape, dtype=X.dtype), FORMULA)
