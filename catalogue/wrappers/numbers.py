"""Numbers that are not taken as they are: too large, too small, too exact, or none at all."""

import torch
from torch import Tensor

from catalogue.wrappers.tensors import COUNTS, GIVEN, NO_TENSORS, mapped
from judging.matrix import wrapper


def floating(change):
    """The change, made to floating-point numbers alone."""
    return lambda x: change(x) if x.is_floating_point() else x


def inside(dtype):
    """A wrapper that computes in a dtype of fewer digits, and gives the result in the one asked."""

    def wrap(right):
        def wrong(*args, **kwargs):
            given = mapped(floating(lambda x: x.to(dtype).to(x.dtype)), args)
            result = right(*given, **kwargs)
            if isinstance(result, int):
                return int(torch.tensor(float(result), dtype=dtype).double())
            return mapped(floating(lambda x: x.to(dtype).to(x.dtype)), result)

        return wrong

    return wrap


@wrapper(
    "a computation in float32, which loses half of the digits of float64",
    look="Compute in the dtype of the arguments: leave out .float(), and constants of float32.",
    on=GIVEN + COUNTS,
    elsewhere=NO_TENSORS,
)
def is_float32_inside(right):
    return inside(torch.float32)(right)


@wrapper(
    "a computation in float16, which has three digits and ends at 65,504",
    look="Compute in the dtype of the arguments: leave out .half().",
    on=GIVEN,
    elsewhere=NO_TENSORS,
)
def is_float16_inside(right):
    return inside(torch.float16)(right)


@wrapper(
    "NaN where an argument is beyond 100, as exp overflows there and ∞/∞ follows",
    look="Write the formula so that nothing overflows: subtract the largest score first, or call "
    "what torch has for it.",
    on=GIVEN,
    elsewhere=NO_TENSORS,
)
def overflows_at_100(right):
    def wrong(*args, **kwargs):
        large = any(
            bool((x.isfinite() & (x.abs() > 100)).any())
            for x in args
            if isinstance(x, Tensor) and x.is_floating_point()
        )
        result = right(*args, **kwargs)
        return mapped(floating(lambda x: x * torch.nan), result) if large else result

    return wrong


def given_changed(change):
    """A wrapper that changes the floating-point arguments first."""

    def wrap(right):
        return lambda *args, **kwargs: right(*mapped(floating(change), args), **kwargs)

    return wrap


def result_changed(change):
    """A wrapper that changes the floating-point results."""

    def wrap(right):
        return lambda *args, **kwargs: mapped(floating(change), right(*args, **kwargs))

    return wrap


@wrapper(
    "a computation that takes what is smaller than 1e-6 for zero",
    look="A small number is a number: leave out the tolerance.",
    on=GIVEN,
    elsewhere=NO_TENSORS,
)
def flushes_small_arguments(right):
    return given_changed(lambda x: torch.where(x.abs() < 1e-6, 0, x))(right)


@wrapper(
    "a result in which what is smaller than 1e-9 has become zero",
    look="A small number is a number: leave out the tolerance.",
    on=GIVEN,
    elsewhere=NO_TENSORS,
)
def flushes_small_results(right):
    return result_changed(lambda x: torch.where(x.abs() < 1e-9, 0, x))(right)


@wrapper(
    "a result rounded to six digits after the point",
    look="Round when you print, not in what you return.",
    on=GIVEN,
    elsewhere=NO_TENSORS,
)
def rounds_to_6_digits(right):
    return result_changed(lambda x: torch.round(x, decimals=6))(right)


@wrapper(
    "a computation with its arguments clipped to ±50",
    look="Leave the arguments as they are: what is written to bear large numbers needs no clamp.",
    on=GIVEN,
    elsewhere=NO_TENSORS,
)
def clips_its_arguments(right):
    return given_changed(lambda x: x.clamp(-50, 50))(right)


@wrapper(
    "a result clipped to ±1,000",
    look="Leave out the clamp: a large result is right where the arguments are large.",
    on=tuple(part for part in GIVEN if not part.startswith("softmax")),
    elsewhere="its result is made of no numbers, or of none beyond 1",
)
def clips_its_result(right):
    return result_changed(lambda x: x.clamp(-1000, 1000))(right)


@wrapper(
    "a result in which NaN and ∞ have been replaced by numbers",
    look="Leave out nan_to_num: NaN says that there is no result, and a number says that there is.",
    on=tuple(part for part in GIVEN if part != "convolution_matrix"),
    elsewhere=NO_TENSORS + ", or what is not finite is free in it",
)
def hides_nan(right):
    return result_changed(torch.nan_to_num)(right)


@wrapper(
    "a result with 1e-8 added, as if to keep something from being zero",
    look="Nothing is divided by it: leave the result as it is.",
    on=GIVEN,
    elsewhere=NO_TENSORS,
)
def adds_an_epsilon(right):
    return result_changed(lambda x: x + 1e-8)(right)


@wrapper(
    "a result that is off by a millionth of itself",
    look="Use the formula itself in place of a table, a difference quotient or a series cut off.",
    on=GIVEN,
    elsewhere=NO_TENSORS,
)
def is_off_by_a_millionth(right):
    return result_changed(lambda x: x * (1 + 1e-6))(right)
