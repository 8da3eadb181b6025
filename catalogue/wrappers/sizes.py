"""Answers that are right for the sizes at which they were tried, and wrong from some size on."""

import torch
from torch import Tensor

from catalogue.wrappers.tensors import COUNTS, DRAWN, GIVEN, NO_TENSORS, mapped
from judging.matrix import wrapper


def longest(value):
    """The longest dimension of the tensors given, or the largest number."""
    if isinstance(value, Tensor):
        return max(value.shape, default=0)
    if isinstance(value, tuple):
        return max(map(longest, value), default=0)
    return value if isinstance(value, int) else 0


def enter(size, on):
    """Enter the wrapper of what is wrong from this size on."""

    def wrap(right):
        def wrong(*args, **kwargs):
            result = right(*args, **kwargs)
            if longest(args) < size:
                return result
            return 0 if isinstance(result, int) else mapped(torch.zeros_like, result)

        return wrong

    wrap.__name__ = f"is_wrong_from_{size}_on"
    wrapper(
        f"a result that is right for sizes below {size} alone, and zero from there on",
        look=f"Look for a {size} in what you wrote: let sizes come from the arguments.",
        on=on,
        elsewhere=NO_TENSORS,
        but={"a product of so large matrices, by loops, takes minutes": ("arithmetic",)}
        if size > 256
        else {},
    )(wrap)


for _size in (8, 10, 32, 64, 128, 256, 1000):
    enter(_size, GIVEN + DRAWN + COUNTS)


def beyond(change):
    """A wrapper that changes what lies beyond some index, in each dimension of the result."""

    def changed(x):
        x = x.detach().clone()
        for dimension in range(x.dim()):
            change(x.movedim(dimension, 0))
        return x

    return lambda right: lambda *args, **kwargs: mapped(changed, right(*args, **kwargs))


@wrapper(
    "a result whose rows and columns beyond the 64th are zero",
    look="Let sizes come from the arguments.",
    on=GIVEN + DRAWN,
    elsewhere=NO_TENSORS,
)
def fills_only_64(right):
    return beyond(lambda rows: rows[64:].zero_())(right)


@wrapper(
    "a computation in chunks of 32 rows, which leaves out those after the last whole one",
    look="The last chunk may be shorter: let the loop go on to it.",
    on=GIVEN + DRAWN,
    elsewhere=NO_TENSORS,
)
def loses_the_last_chunk(right):
    def change(rows):
        if len(rows) > 32 and len(rows) % 32:
            rows[len(rows) // 32 * 32 :].zero_()

    return beyond(change)(right)


@wrapper(
    "a result with an index in one byte: row 256 is row 0 once more",
    look="An index in uint8 ends at 255: use int64.",
    on=GIVEN + DRAWN,
    elsewhere=NO_TENSORS,
)
def counts_rows_in_a_byte(right):
    def change(rows):
        if len(rows) > 256:
            rows[256:] = rows[: len(rows) - 256].clone()

    return beyond(change)(right)
