"""Arguments of another dtype, layout or kind than those at which an answer was tried."""

import torch
from torch import Tensor

from catalogue.wrappers.tensors import DRAWN, GIVEN, NO_TENSORS, PLACED, mapped
from judging.matrix import wrapper

ELEMENTWISE = ("sigmoid_layer_delta", "euclidean_delta")
NOT_MORE = "the contract admits no more than the others do, or it is given no tensor"


def zero_if(odd):
    """A wrapper that gives zeros where one of the tensors given is odd."""

    def wrap(right):
        def wrong(*args, **kwargs):
            result = right(*args, **kwargs)
            if any(odd(x) for x in (*args, *kwargs.values()) if isinstance(x, Tensor)):
                return mapped(torch.zeros_like, result)
            return result

        return wrong

    return wrap


@wrapper(
    "a result of float32, whichever dtype is asked for",
    look="torch.tensor of a list, and torch.zeros of a shape, are float32: say dtype=x.dtype.",
    on=GIVEN + DRAWN,
    elsewhere=NO_TENSORS,
)
def gives_float32(right):
    return lambda *args, **kwargs: mapped(Tensor.float, right(*args, **kwargs))


@wrapper(
    "a result for float32 and float64 alone",
    look="Leave out what depends on the dtype: PyTorch's own functions take them all.",
    on=("arithmetic", *PLACED),
    elsewhere=NOT_MORE,
)
def knows_two_dtypes(right):
    return zero_if(lambda x: x.dtype not in (torch.float32, torch.float64))(right)


@wrapper(
    "a result for 32 and 64 bits alone: of float16 and bfloat16 it makes float32",
    look="Hand the dtype on as it is.",
    on=("arithmetic", *PLACED, *DRAWN),
    elsewhere=NOT_MORE,
)
def knows_no_half_precision(right):
    def change(x):
        return x.float() if x.is_floating_point() and x.element_size() == 2 else x

    return lambda *args, **kwargs: mapped(change, right(*args, **kwargs))


@wrapper(
    "a detour through float32, in which large integers and truth values are lost",
    look="Move the entries as they are, without .float().",
    on=("arithmetic", *PLACED),
    elsewhere=NOT_MORE,
)
def takes_integers_for_floats(right):
    def change(x):
        return x if x.is_floating_point() else x.float()

    return lambda *args, **kwargs: mapped(change, right(*args, **kwargs))


@wrapper(
    "the result for what lies in memory from the first entry on, whatever the strides",
    look="Ask for entries by their indices, or call contiguous() first.",
    on=GIVEN,
    elsewhere=NO_TENSORS,
)
def reads_memory_in_order(right):
    def given(x):
        if x.numel() > x.untyped_storage().nbytes() // x.element_size() - x.storage_offset():
            return x
        return x.as_strided(x.shape, torch.empty(x.shape).stride())

    return lambda *args, **kwargs: right(*mapped(given, args), **kwargs)


@wrapper(
    "a result for one or two dimensions alone",
    look='The shape is any: "*shape" may have three dimensions and more.',
    on=ELEMENTWISE,
    elsewhere="it is given matrices and vectors alone",
)
def knows_two_dimensions(right):
    return zero_if(lambda x: x.dim() > 2)(right)


@wrapper(
    "a result for tensors alone that do not require a gradient",
    look="Detach first: x.detach() has the values, and no history.",
    on=("gradient", *PLACED),
    elsewhere="it is given nothing that requires a gradient",
)
def knows_no_gradients(right):
    return zero_if(lambda x: x.requires_grad)(right)


@wrapper(
    "a result for tensors alone that have memory of their own for each entry",
    look="What expand gives has one entry in many places: do not write into it, nor read its "
    "storage.",
    on=PLACED,
    elsewhere="it is given no such tensor: PyTorch itself takes none in forward-mode autograd, "
    "by which gradients can be computed",
)
def knows_no_expanded_tensors(right):
    return zero_if(
        lambda x: any(s == 0 and n > 1 for s, n in zip(x.stride(), x.shape, strict=True))
    )(right)
