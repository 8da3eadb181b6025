"""What is generated: shapes, layouts, dtypes, and tensors on lattices where sums are exact.

A tensor is drawn as bytes, one draw whatever its size and layout, viewed as int8: quick, and a
failing example shrinks towards zeros. On small integers every order of summation gives the same
float, so products and gradients can be compared bit for bit.
"""

from collections.abc import Callable, Iterator
from functools import cache
from itertools import product
from math import prod

import torch
from torch import Tensor

from judging.choices import Draw, Strategy, booleans, bytes_of, composite, integers, sampled_from

LONGEST = 6
"""The longest dimension: no mistake is known that needs seven rows to show."""

sizes = integers(1, LONGEST)
"""The length of a dimension."""

floats = sampled_from([torch.float32, torch.float64])
"""The dtypes in which gradients are computed."""

seeds = integers(0, 2**32 - 1)
"""Seeds for torch.Generator and torch.manual_seed."""

Layout = Callable[[Tensor], Tensor]

LAYOUTS: dict[str, Layout] = {
    "contiguous": lambda x: x,
    "transposed": lambda x: x.mT.contiguous().mT if x.dim() >= 2 else x,
    "every other column": lambda x: torch.stack((x, x + 1), dim=-1)[..., 0],
    "with an offset": lambda x: torch.cat((x[:1], x))[1:],
}
"""Ways to lie in memory: the same values under other strides. A right answer cannot tell."""

ORDER = [*LAYOUTS.values()]
layouts = sampled_from(ORDER)


@cache
def _bytes(length: int) -> Strategy[bytes]:
    return bytes_of(length)


@cache
def lattice(
    shape: tuple[int, ...],
    dtype: torch.dtype = torch.float64,
    *,
    most: int = 8,
    unit: float = 1.0,
) -> Strategy[Tensor]:
    """A tensor of this shape and dtype whose entries are integers from −most to most, times unit.

    Args: most, at most 127; unit, a power of two, so that scaling rounds nothing.
    """

    def build(drawn: bytes) -> Tensor:
        content = bytearray(drawn)
        layout = ORDER[content.pop() % len(ORDER)]
        values = torch.frombuffer(content, dtype=torch.int8).to(dtype)
        return layout(values.fmod_(most + 1).mul_(unit).reshape(shape))

    return _bytes(prod(shape) + 1).map(build)


def shapes(dimensions: int) -> Strategy[tuple[int, ...]]:
    """Shapes of this many dimensions, 1 in every place included.

    Squares are few, for they hide transposes, and so are coincidences of sizes. The list begins
    with the 2 × 2 × … that a failing example should shrink to: the smallest where order shows.
    """
    distinct = [
        shape
        for shape in product(range(1, LONGEST + 1), repeat=dimensions)
        if len(set(shape)) == dimensions
    ]
    squares = [(size,) * dimensions for size in range(1, LONGEST + 1)]
    return sampled_from([(2,) * dimensions, *sorted(distinct, key=prod), *squares])


pairs = shapes(2)
triples = shapes(3)


@composite
def matrices(draw: Draw) -> Tensor:
    """A matrix (m, n), float32 or float64."""
    return draw(lattice(draw(pairs), draw(floats)))


@composite
def factors(draw: Draw) -> tuple[Tensor, Tensor]:
    """X (m, k) and M (k, n) of one dtype, for a product X @ M that is exact."""
    m, k, n = draw(triples)
    dtype = draw(floats)
    return draw(lattice((m, k), dtype)), draw(lattice((k, n), dtype))


@composite
def squares(draw: Draw) -> tuple[Tensor, Tensor]:
    """A and B (n, n) of one dtype: float16 and bfloat16 too, where 6 products of at most 4² fit."""
    n = draw(sizes)
    dtype = draw(sampled_from([torch.float32, torch.float64, torch.float16, torch.bfloat16]))
    return draw(lattice((n, n), dtype, most=4)), draw(lattice((n, n), dtype, most=4))


@composite
def finite_squares(draw: Draw) -> tuple[Tensor, Tensor]:
    """A and B (n, n), float32, of any sizes whose products stay normal: no lattice, every bit."""
    n = draw(sizes)
    content = bytearray(draw(_bytes(2 * n * n * 4)))
    bits = torch.frombuffer(content, dtype=torch.int32)
    # Exponents from 2^-32 to 2^31: a product of two neither overflows nor becomes subnormal.
    exponent = (((bits >> 23) & 63) + 95) << 23
    values = ((bits & ~0x7F800000) | exponent).view(torch.float32)
    A, B = values.reshape(2, n, n)
    return draw(layouts)(A), draw(layouts)(B)


@composite
def scores_and_targets(draw: Draw) -> tuple[Tensor, Tensor]:
    """y and t of shape (K,) or (N, K): scores from −8 to 8, targets that are distributions.

    Each row of t is dyadic, so that it sums to 1 exactly, and half of them are one-hot.
    """
    n, k = draw(pairs)
    dtype = draw(floats)
    y = draw(lattice((n, k), dtype, most=64, unit=1 / 8))
    choices = torch.frombuffer(bytearray(draw(_bytes(n * 8))), dtype=torch.uint8)
    classes = choices.reshape(n, 8).to(torch.int64) % k
    if draw(booleans()):
        classes = classes[:, :1]
    t = torch.nn.functional.one_hot(classes, k).to(dtype).mean(dim=1)
    return (y[0], t[0]) if draw(booleans()) else (y, draw(layouts)(t))


@composite
def alike(draw: Draw, most: int = 64, unit: float = 1 / 8) -> tuple[Tensor, Tensor]:
    """Two tensors of one dtype and one shape, of one, two or three dimensions."""
    shape = draw(triples)[: draw(integers(1, 3))]
    dtype = draw(floats)
    return (
        draw(lattice(shape, dtype, most=most, unit=unit)),
        draw(lattice(shape, dtype, most=most, unit=unit)),
    )


def in_each_dtype(*values: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """The values as they were drawn, then in the other of float32 and float64, which hold both."""
    yield values
    other = torch.float64 if values[0].dtype == torch.float32 else torch.float32
    yield tuple(value.to(other) for value in values)
