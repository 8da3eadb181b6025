"""Exercises 2.1 and 2.2: making, combining, reshaping and slicing tensors."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Num, Shaped
from torch import Tensor


class Arithmetic(NamedTuple):
    """The results of 2.1, each of the shape and dtype of A and B."""

    zeros: Num[Tensor, "n n"]
    sum: Num[Tensor, "n n"]
    difference: Num[Tensor, "n n"]
    product: Num[Tensor, "n n"]
    matmul: Num[Tensor, "n n"]


def random_matrices(
    shape: tuple[int, int] = (5, 5),
    *,
    dtype: torch.dtype = torch.float32,
    generator: torch.Generator | None = None,
) -> tuple[Float[Tensor, "m n"], Float[Tensor, "m n"]]:
    """2.1: A and B, both of this shape and dtype, filled with random numbers.

    The dtype is one of floating point. Which distribution they have is free, as long as they are
    finite and A and B are drawn independently. All of them come from the generator, which is
    torch's own if it is None: the same state of the generator gives the same A and B.
    """
    raise NotImplementedError


def arithmetic(A: Num[Tensor, "n n"], B: Num[Tensor, "n n"]) -> Arithmetic:
    """2.1: zeros like A, A + B, A − B, A ⊙ B (element by element) and AB (the matrix product).

    A and B have one dtype, floating point or int64, require no gradient, and are left as they were.
    The zeros are a tensor of their own; if A or B is not finite, they are free, and ∞ and NaN in
    the other results are what IEEE 754 makes of them.
    """
    raise NotImplementedError


def flatten(x: Shaped[Tensor, "m n"]) -> Shaped[Tensor, " m*n"]:
    """2.2: the entries of x in row-major order: out[n·i + j] = x[i, j].

    x has any dtype, bool and bfloat16 included, and may require a gradient. A view of x and a copy
    are both right, with a gradient or without.
    """
    raise NotImplementedError


def middle(
    x: Shaped[Tensor, "m n"], rows: int = 4, columns: int = 2
) -> Shaped[Tensor, "{rows} {columns}"]:
    """2.2: the block at the centre of x: as much is left over above as below it, and left as right.

    x has any dtype, bool and bfloat16 included, and may require a gradient. A view of x and a copy
    are both right, with a gradient or without.

    Raises: ValueError if the block is larger than x, and if it has no exact centre in x, because an
        odd number of rows or columns is left over.
    """
    raise NotImplementedError
