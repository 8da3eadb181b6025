"""Exercise 2.3: the gradient that autograd finds, and why it is what it is."""

import torch
from jaxtyping import Float
from torch import Tensor

from solutions.guards import checked

M = torch.tensor([[1.0, 0.0, 2.0], [1.0, 1.0, 0.0], [0.0, 3.0, 1.0]])


@checked
def gradient(X: Float[Tensor, "m k"], M: Float[Tensor, "k n"] = M) -> Float[Tensor, "m k"]:
    """2.3: ∂S/∂X for S = Σ(X @ M), the sum of all elements of the matrix product.

    S = Σ_ikj X_ik M_kj, so ∂S/∂X_ik = Σ_j M_kj: every row of the gradient is the row sums of M,
    ones @ Mᵀ. For the homework's M every row is [3, 2, 4]. X itself does not occur: S is linear.

    ``S.backward()`` would add this gradient to X.grad; ``torch.autograd.grad`` returns it.
    """
    X = X.detach().requires_grad_()  # the caller's X may require no gradient, and stays so
    S = (X @ M).sum()
    (dS_dX,) = torch.autograd.grad(S, X)
    return dS_dX


def main() -> None:
    """Print a random X of shape (3, 3), M, X @ M, its sum, and the gradient."""
    X = torch.randn(3, 3, requires_grad=True)
    Y = X @ M
    print(f"X =\n{X}\n\nM =\n{M}\n\nX @ M =\n{Y}\n\nΣ(X @ M) = {Y.sum()}\n")
    print(f"∂Σ(X @ M)/∂X =\n{gradient(X)}")


if __name__ == "__main__":
    main()
