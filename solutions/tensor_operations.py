"""Exercises 2.1 and 2.2: making, combining, reshaping and slicing tensors."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Num, Shaped
from torch import Tensor

from solutions.guards import checked, require


class Arithmetic(NamedTuple):
    """The results of 2.1."""

    zeros: Num[Tensor, "n n"]
    sum: Num[Tensor, "n n"]
    difference: Num[Tensor, "n n"]
    product: Num[Tensor, "n n"]
    matmul: Num[Tensor, "n n"]


@checked
def random_matrices(
    shape: tuple[int, int] = (5, 5),
    *,
    dtype: torch.dtype = torch.float32,
    generator: torch.Generator | None = None,
) -> tuple[Float[Tensor, "m n"], Float[Tensor, "m n"]]:
    """2.1: A and B, filled with independent, standard normal random numbers."""
    A = torch.randn(shape, dtype=dtype, generator=generator)
    B = torch.randn(shape, dtype=dtype, generator=generator)
    return A, B


@checked
def arithmetic(A: Num[Tensor, "n n"], B: Num[Tensor, "n n"]) -> Arithmetic:
    """2.1: zeros like A, A + B, A − B, A ⊙ B (element by element) and AB (the matrix product).

    PyTorch writes the two products as A * B and A @ B.
    """
    return Arithmetic(
        zeros=torch.zeros_like(A),
        sum=A + B,
        difference=A - B,
        product=A * B,
        matmul=A @ B,
    )


@checked
def flatten(x: Shaped[Tensor, "m n"]) -> Shaped[Tensor, " m*n"]:
    """2.2: the entries of x, row after row: out[n·i + j] = x[i, j]."""
    return x.reshape(-1)


@checked
def middle(
    x: Shaped[Tensor, "m n"], rows: int = 4, columns: int = 2
) -> Shaped[Tensor, "{rows} {columns}"]:
    """2.2: the block at the centre of x.

    Above it and below it (m − rows)/2 rows are left over, left and right of it (n − columns)/2
    columns. Where these are not whole numbers, and where the block is larger than x, there is no
    such block: that is a ValueError.
    """
    m, n = x.shape
    block = f"a block of rows={rows}, columns={columns}"
    require(rows <= m and columns <= n, f"{block} does not fit into x of shape {(m, n)}")
    even = (m - rows) % 2 == 0 and (n - columns) % 2 == 0
    require(even, f"{block} has no exact centre in x of shape {(m, n)}")
    top, left = (m - rows) // 2, (n - columns) // 2
    return x[top : top + rows, left : left + columns]


def main() -> None:
    """Print what 2.1 and 2.2 ask for, on random tensors of shape (5, 5) and (6, 4)."""
    A, B = random_matrices()
    C, *results = arithmetic(A, B)
    print(f"A =\n{A}\n\nB =\n{B}\n\nC =\n{C}\n")
    for operation, result in zip(("A + B", "A − B", "A ⊙ B", "A @ B"), results, strict=True):
        print(f"{operation} =\n{result}\n")

    x = torch.randn(6, 4)
    print(f"x =\n{x}\n")
    print(f"x reshaped to (24,) =\n{flatten(x)}\n")
    print(f"The (4, 2) block in the middle of x =\n{middle(x)}")


if __name__ == "__main__":
    main()
