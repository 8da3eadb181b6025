"""Exercise 2.3: the gradient that autograd finds, and why it is what it is."""

import torch
from torch import Tensor

from solutions import arguments

M = torch.tensor([[1.0, 0.0, 2.0], [1.0, 1.0, 0.0], [0.0, 3.0, 1.0]])


def gradient(X: Tensor, M: Tensor = M) -> Tensor:
    """2.3: ∂S/∂X for S = Σ(X @ M), the sum of all elements of the matrix product.

    S = Σ_ikj X_ik M_kj, so ∂S/∂X_ik = Σ_j M_kj: every row of the gradient is the row sums of M,
    ones @ Mᵀ. For the homework's M every row is [3, 2, 4]. X itself does not occur: S is linear.

    Args: X of shape (m, k) and M of shape (k, n), one floating-point dtype. The caller's X keeps
        its own ``.grad`` and ``requires_grad``.
    Returns: shape (m, k), the dtype of X.
    Raises: TypeError or ValueError, naming the argument that does not fit.
    """
    arguments.matrix(X=X, M=M)
    arguments.floating(X=X, M=M)
    arguments.akin(X=X, M=M)
    if X.shape[1] != M.shape[0]:
        raise ValueError(
            f"M must have as many rows as X has columns, {X.shape[1]}, "
            f"but has shape {tuple(M.shape)}"
        )
    X = X.detach().clone().requires_grad_()
    S = (X @ M).sum()
    S.backward()
    assert X.grad is not None
    return X.grad


def main() -> None:
    """Print a random X of shape (3, 3), M, X @ M, its sum, and the gradient."""
    X = torch.randn(3, 3, requires_grad=True)
    Y = X @ M
    print(f"X =\n{X}\n\nM =\n{M}\n\nX @ M =\n{Y}\n\nΣ(X @ M) = {Y.sum()}\n")
    print(f"∂Σ(X @ M)/∂X =\n{gradient(X)}")


if __name__ == "__main__":
    main()
