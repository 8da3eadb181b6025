"""What is generated: shapes, layouts, dtypes, tensors on lattices and tensors of all magnitudes.

A small tensor is drawn as bytes, one draw whatever its size and layout: quick, and a failing
example shrinks towards zeros. On a lattice of small integers every order of summation gives the
same float, so products and gradients can be compared bit for bit. Magnitudes are spread evenly over
their exponents, with all digits filled, so that nothing that is cut, clipped or rounded on the way
goes unnoticed. A long tensor is made from a seed.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import product
from math import prod
from time import perf_counter

import torch
from torch import Tensor

from judging.choices import Draw, Strategy, booleans, bytes_of, composite, integers, sampled_from

LONGEST = 6
"""The longest dimension of a tensor that is drawn entry by entry."""

LANDMARKS = (8, 10, 16, 32, 64, 100, 128, 256, 512, 1000, 1024)
"""Lengths at which answers change their ways: the size of a chunk, a buffer, a byte, a cap."""

sizes = integers(1, LONGEST)
"""The length of a dimension."""

floats = sampled_from([torch.float32, torch.float64])
"""The dtypes in which gradients are computed."""

dtypes = sampled_from(
    [
        torch.float32,
        torch.float64,
        torch.int64,
        torch.bool,
        torch.bfloat16,
        torch.float16,
        torch.uint8,
        torch.int32,
    ]
)
"""The dtypes in which entries are kept, and moved."""

seeds = integers(0, 2**32 - 1)
"""Seeds for torch.Generator and torch.manual_seed."""


@composite
def lengths(draw: Draw) -> tuple[int, int]:
    """One length at a landmark or beside it, and one beyond 1,000, which no chunk divides."""
    one = draw(sampled_from(LANDMARKS)) + draw(sampled_from([0, 1, -1]))
    return one, draw(sampled_from([1001, 1025, 1023]))


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
        values = torch.frombuffer(content, dtype=torch.int8).to(dtype).fmod_(most + 1)
        return layout((values if unit == 1 else values.mul_(unit)).reshape(shape))

    return _bytes(prod(shape) + 1).map(build)


@cache
def magnitudes(shape: tuple[int, ...], least: float, most: float) -> Strategy[Tensor]:
    """A float64 tensor of zeros, of both signs, and numbers of either sign from 2^least to 2^most.

    The exponents are spread evenly and are no integers, so that all digits are filled.
    """

    def build(drawn: bytes) -> Tensor:
        content = bytearray(drawn)
        layout = ORDER[content.pop() % len(ORDER)]
        exponents, signs = torch.frombuffer(content, dtype=torch.uint8).double().reshape(2, *shape)
        sizes = torch.exp2(least + (exponents - 1) * ((most - least) / 254))
        return layout(torch.where(exponents == 0, 0, sizes) * (1 - 2 * (signs % 2)))

    return _bytes(2 * prod(shape) + 1).map(build)


@cache
def bits(shape: tuple[int, ...], dtype: torch.dtype) -> Strategy[Tensor]:
    """Any tensor of this dtype: with subnormal numbers, zeros of both signs, infinities and NaN."""
    width = torch.empty((), dtype=dtype).element_size()

    def build(drawn: bytes) -> Tensor:
        content = bytearray(drawn)
        special = content.pop()
        layout = ORDER[content.pop() % len(ORDER)]
        if dtype == torch.bool:
            return layout(torch.frombuffer(content, dtype=torch.uint8).reshape(shape) % 2 == 1)
        values = torch.frombuffer(content, dtype=dtype).clone()
        if dtype.is_floating_point and special >= 64:
            values[special % len(values)] = SPECIAL[special % len(SPECIAL)]
        return layout(values.reshape(shape))

    return _bytes(prod(shape) * width + 2).map(build)


def seeded_bits(shape: tuple[int, ...], dtype: torch.dtype, generator: torch.Generator) -> Tensor:
    """As ``bits``, made from a seed and contiguous: for tensors of any length."""
    if dtype == torch.bool:
        return torch.randint(0, 2, shape, generator=generator) == 1
    count = prod(shape) * torch.empty((), dtype=dtype).element_size()
    content = torch.randint(0, 256, (count,), dtype=torch.uint8, generator=generator)
    return content.view(dtype).reshape(shape)


SPECIAL = (torch.inf, -torch.inf, torch.nan, -0.0, 0.0)
"""What no arithmetic on finite numbers leads to unasked, and the two zeros."""


def seeded(shape: tuple[int, ...], generator: torch.Generator, least: float, most: float) -> Tensor:
    """As ``magnitudes``, made from a seed and contiguous: for tensors of any length."""
    exponents = torch.empty(shape, dtype=torch.float64).uniform_(least, most, generator=generator)
    signs = torch.randint(0, 2, shape, generator=generator) * 2 - 1
    return torch.exp2(exponents) * signs


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
def scaled_factors(draw: Draw) -> tuple[Tensor, Tensor]:
    """X (m, k) and M (k, n), float64: rows of M of very different size, X of all magnitudes."""
    m, k, n = draw(triples)
    X = draw(magnitudes((m, k), -60, 60))
    return X, draw(magnitudes((k, 1), -50, 50)) * draw(magnitudes((k, n), -3, 3))


@composite
def squares(draw: Draw) -> tuple[Tensor, Tensor]:
    """A and B (n, n) of one dtype: of each of these, where 6 products of at most 4² fit."""
    n = draw(sizes)
    dtype = draw(
        sampled_from(
            [
                torch.float32,
                torch.float64,
                torch.float16,
                torch.bfloat16,
                torch.int64,
            ]
        )
    )
    A, B = draw(lattice((n, n), dtype, most=4)), draw(lattice((n, n), dtype, most=4))
    # Whole numbers beyond float32, whose sums of products float64 holds.
    return (A, B) if dtype != torch.int64 else (1_000_003 * A, 1_000_003 * B)


@composite
def scaled_squares(draw: Draw) -> tuple[Tensor, Tensor]:
    """A and B (n, n), float32 or float64, whose products stay normal: no lattice, every bit.

    The rows of A and the columns of B are of very different size, and so are the entries of A @ B.
    """
    n, dtype = draw(sizes), draw(floats)
    rows, columns = draw(magnitudes((n, 1), -24, 24)), draw(magnitudes((1, n), -24, 24))
    A = rows * draw(magnitudes((n, n), -6, 6))
    return A.to(dtype), (columns * draw(magnitudes((n, n), -6, 6))).to(dtype)


@composite
def any_squares(draw: Draw) -> tuple[Tensor, Tensor]:
    """A and B (n, n) of one floating-point dtype and of any bits, as ``bits`` has them."""
    n = draw(sizes)
    dtype = draw(sampled_from([torch.float32, torch.float64, torch.float16, torch.bfloat16]))
    return draw(bits((n, n), dtype)), draw(bits((n, n), dtype))


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
def scores_of_all_magnitudes(draw: Draw, most: float) -> tuple[Tensor, Tensor]:
    """y and t, float64, of shape (K,) or (N, K): scores with which exp overflows, and ties.

    Each example has a magnitude of its own, and lies about an offset of its own. The targets are
    distributions, one-hot or of any numbers, some of them tiny, which sum to 1 but for rounding.
    """
    # What is drawn before anything of a changing length is spread evenly over a sample.
    (n, k), layout = draw(pairs), draw(layouts)
    ties, single, hot = draw(booleans()), draw(booleans()), draw(sampled_from([False, True, False]))
    y = draw(magnitudes((n, k), -10, most))
    y = y * draw(magnitudes((n, 1), -3, 0)) + draw(magnitudes((n, 1), -10, 11))
    if ties:
        y[:, -1] = y[:, 0]
    t = draw(magnitudes((n, k), -60, 0)).abs()
    if hot:
        t = torch.where(t == t.amax(dim=1, keepdim=True), t, 0)
    t[:, 0] += t.sum(dim=1) == 0
    t = t / t.sum(dim=1, keepdim=True)
    return (y[0], t[0]) if single else (layout(y), t)


@composite
def scores_or_more(draw: Draw) -> tuple[Tensor, Tensor]:
    """Scores and targets on a lattice, or of all magnitudes."""
    most = draw(sampled_from([0, 11, 3, 0, 100]))
    return draw(scores_of_all_magnitudes(most) if most else scores_and_targets())


@composite
def alike(draw: Draw, most: int = 64, unit: float = 1 / 8) -> tuple[Tensor, Tensor]:
    """Two tensors of one dtype and one shape, of one, two or three dimensions."""
    shape = draw(triples)[: draw(integers(1, 3))]
    dtype = draw(floats)
    return (
        draw(lattice(shape, dtype, most=most, unit=unit)),
        draw(lattice(shape, dtype, most=most, unit=unit)),
    )


@composite
def alike_of_all_magnitudes(draw: Draw, first: float, second: float) -> tuple[Tensor, Tensor]:
    """Two float64 tensors of one shape, of one to four dimensions: up to 2^first and 2^second."""
    (m, k, n), dimensions = draw(triples), draw(sampled_from([2, 4, 1, 3]))
    shape = (m, k, n, 2)[:dimensions]
    return draw(magnitudes(shape, -first, first)), draw(magnitudes(shape, -first, second))


@composite
def alike_or_more(draw: Draw, most: float) -> tuple[Tensor, Tensor]:
    """Two tensors of one shape, on a lattice or of all magnitudes.

    Of these, some second ones are no larger than 2^7, and some first ones equal or nearly so.
    """
    kind = draw(sampled_from(["lattice", "free", "close", "lattice", "small"]))
    if kind == "lattice":
        return draw(alike())
    one, other = draw(alike_of_all_magnitudes(most, 7 if kind == "small" else most))
    return (other * (1 + one.clamp(-1, 1)), other) if kind == "close" else (one, other)


QUICK = 0.05
"""Seconds up to which a case may be followed by a larger one."""


def while_quick(ascending: Iterable[int]) -> Iterator[int]:
    """These sizes, as long as they are judged quickly: loops in Python are slow, and not wrong."""
    for size in ascending:
        start = perf_counter()
        yield size
        if perf_counter() - start > QUICK:
            return


def in_each_dtype(*values: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """The values as they were drawn, then in the other of float32 and float64, which hold both."""
    yield values
    other = torch.float64 if values[0].dtype == torch.float32 else torch.float32
    yield tuple(value.to(other) for value in values)
