"""Exercises 2.1 and 2.2: making, combining, reshaping and slicing tensors."""

from typing import NamedTuple

import torch
from torch import Tensor

from solutions import arguments


class Arithmetic(NamedTuple):
    """The results of 2.1 for A and B of shape (n, n), each of that shape and dtype."""

    zeros: Tensor
    sum: Tensor
    difference: Tensor
    product: Tensor
    matmul: Tensor


def random_matrices(
    shape: tuple[int, int] = (5, 5),
    *,
    dtype: torch.dtype = torch.float32,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """2.1: A and B, filled with random numbers.

    The numbers are independent and standard normal.

    Args: shape (m, n); a floating-point dtype; the generator to draw from, torch's own if None.
    Returns: A and B, both of that shape and dtype.
    Raises: TypeError or ValueError, naming the argument that does not fit.
    """
    arguments.pair(shape=shape)
    m, n = shape
    arguments.count(**{"shape[0]": m, "shape[1]": n})
    if dtype not in arguments.FLOATS:
        raise TypeError(f"dtype must be a floating-point torch.dtype, but is {dtype!r}")
    arguments.generator(generator=generator)
    A = torch.randn(m, n, dtype=dtype, generator=generator)
    B = torch.randn(m, n, dtype=dtype, generator=generator)
    return A, B


def arithmetic(A: Tensor, B: Tensor) -> Arithmetic:
    """2.1: zeros like A, A + B, A − B, A ⊙ B (element by element) and AB (the matrix product).

    PyTorch writes the two products as A * B and A @ B.

    Args: A and B of shape (n, n), one dtype of numbers. Both are left as they were.
    Raises: TypeError or ValueError, naming the argument that does not fit.
    """
    arguments.matrix(A=A, B=B)
    arguments.numeric(A=A, B=B)
    arguments.alike(A=A, B=B)
    if A.shape[0] != A.shape[1]:
        raise ValueError(
            f"A must be square, or A @ B does not exist, but has shape {tuple(A.shape)}"
        )
    return Arithmetic(
        zeros=torch.zeros_like(A),
        sum=A + B,
        difference=A - B,
        product=A * B,
        matmul=A @ B,
    )


def flatten(x: Tensor) -> Tensor:
    """2.2: the entries of x (m, n) in row-major order, shape (m·n,): out[n·i + j] = x[i, j].

    Raises: TypeError or ValueError, naming the argument that does not fit.
    """
    arguments.matrix(x=x)
    return x.reshape(-1)


def middle(x: Tensor, rows: int = 4, columns: int = 2) -> Tensor:
    """2.2: the block at the centre of x (m, n), shape (rows, columns).

    As much is left over above as below and left as right, so m − rows and n − columns are even.

    Raises: ValueError if the block is larger than x, or has no exact centre in it because an odd
        number of rows or columns is left over; TypeError if x is no tensor.
    """
    arguments.matrix(x=x)
    arguments.count(rows=rows, columns=columns)
    m, n = x.shape
    if rows > m or columns > n:
        raise ValueError(
            f"a block of rows={rows}, columns={columns} does not fit into x of shape {(m, n)}"
        )
    if (m - rows) % 2 or (n - columns) % 2:
        raise ValueError(
            f"a block of rows={rows}, columns={columns} has no exact centre in x of shape {(m, n)}"
        )
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
