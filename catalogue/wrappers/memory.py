"""Calls that remember: what an earlier call was given, or gave, is in the result of a later one."""

import torch
from torch import Tensor, nn

from judging.matrix import LIVE, TENSORS, wrapper

ONE_QUESTION = "it is asked one question, which has one answer"
A_NUMBER = "returns a number, or a text, which has no memory that a later call could write"


def tensors(value):
    """The tensors in a result, which may be a container or a network."""
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, nn.Module):
        return [*value.parameters()]
    if isinstance(value, dict):
        value = [*value.values()]
    if isinstance(value, tuple | list):
        return [tensor for entry in value for tensor in tensors(entry)]
    return []


def form(value):
    """What a cache that looks at shapes alone makes of a value."""
    if isinstance(value, Tensor):
        return tuple(value.shape), value.dtype
    if isinstance(value, nn.Module):
        return tuple(form(parameter) for parameter in value.parameters())
    if isinstance(value, dict):
        return tuple((key, form(entry)) for key, entry in value.items())
    return str(value) if isinstance(value, int | float | str | tuple | list) else type(value)


def in_place_of(result, others):
    """The result, its tensors exchanged for others, one after the other."""
    if isinstance(result, Tensor):
        return others.pop(0)
    if isinstance(result, dict):
        return {key: in_place_of(entry, others) for key, entry in result.items()}
    if isinstance(result, tuple | list):
        entries = [in_place_of(entry, others) for entry in result]
        return type(result)(*entries) if hasattr(result, "_fields") else type(result)(entries)
    return result


@wrapper(
    "the result of the first call, given again whatever is asked",
    look="Compute each result from the arguments of its own call.",
    but={ONE_QUESTION: ["answers"]},
)
def remembers_the_first_result(right):
    first = []

    def wrong(*args, **kwargs):
        if not first:
            first.append(right(*args, **kwargs))
        return first[0]

    return wrong


@wrapper(
    "a result that is kept for all later calls whose arguments have the same shapes",
    look="Arguments of one shape have other values each time: compute the result anew.",
    but={
        ONE_QUESTION: ["answers"],
        "numbers and texts have no shapes: equal ones have one result": [
            "dense_parameter_count",
            "convolution_parameter_count",
            "mnist",
        ],
    },
)
def caches_by_shape(right):
    cache = {}

    def wrong(*args, **kwargs):
        key = tuple(map(form, args)), form(kwargs)
        if key not in cache:
            cache[key] = right(*args, **kwargs)
        return cache[key]

    return wrong


@wrapper(
    "a result that is kept for all later calls with the same objects, whatever is in them by then",
    look="A tensor can hold other values later: id(X) says which tensor it is, not what it holds.",
    on=[*TENSORS, "compare"],
    elsewhere="is given no tensor, or changes what it is given, or draws",
    but={
        "is given no tensor": ["random_matrices", "random_data"],
        "returns a view, which has what the tensor holds by now": ["middle"],
    },
)
def caches_by_identity(right):
    cache = {}

    def wrong(*args, **kwargs):
        given = [*args, *kwargs.values()]
        key = tuple(id(one) if isinstance(one, Tensor | nn.Module) else str(one) for one in given)
        if key not in cache:
            cache[key] = given, right(*args, **kwargs)
        return cache[key][1]

    return wrong


@wrapper(
    "a right result in a buffer of the module's, which the next call of the same shape writes over",
    look="Return a new tensor each time: whoever keeps an earlier result must find it unchanged.",
    on=TENSORS,
    elsewhere=A_NUMBER,
)
def returns_a_shared_buffer(right):
    buffers = {}

    def wrong(*args, **kwargs):
        result = right(*args, **kwargs)
        found = tensors(result)
        key = tuple(map(form, found))
        kept = buffers.setdefault(key, [torch.empty(t.shape, dtype=t.dtype) for t in found])
        for buffer, value in zip(kept, found, strict=True):
            buffer.copy_(value.detach())
        return in_place_of(result, [*kept])

    return wrong


@wrapper(
    "right results that lie one in another's memory, in views of one large buffer",
    look="Return a tensor of its own, not a view of one that lives as long as the module.",
    on=TENSORS,
    elsewhere=A_NUMBER,
)
def returns_views_of_one_pool(right):
    pools = {}

    def wrong(*args, **kwargs):
        result = right(*args, **kwargs)
        views = []
        for place, value in enumerate(tensors(result)):
            pool = pools.setdefault((place, value.dtype), torch.empty(2**12, dtype=value.dtype))
            view = pool[: value.numel()].view(value.shape)
            views.append(view.copy_(value.detach()))
        return in_place_of(result, views)

    return wrong


@wrapper(
    "right for the first time only: each later call gives the result of the one before it",
    look="A call must not depend on an earlier one: what is kept between calls belongs nowhere.",
    but={
        ONE_QUESTION: ["answers"],
        "returns nothing that could be late": ["save_weights"],
        "each model but the first is another one, and all are made alike": ["LinearRegression"],
    },
)
def lags_one_call_behind(right):
    last = []

    def wrong(*args, **kwargs):
        last.append(right(*args, **kwargs))
        return last.pop(0) if len(last) > 1 else last[0]

    return wrong


@wrapper(
    "right in two calls of three: every third one gives the result of the call before",
    look="Count no calls, and keep no result: each call has its own.",
    but={ONE_QUESTION: ["answers"]},
)
def stumbles_at_every_third_call(right):
    calls, last = [], []

    def wrong(*args, **kwargs):
        calls.append(1)
        result = last[0] if len(calls) % 3 == 0 and last else right(*args, **kwargs)
        last[:] = [result]
        return result

    return wrong


@wrapper(
    "one object, made once and returned by every call",
    look="Make a new one in each call: what one caller changes must not reach another.",
    on=LIVE,
    elsewhere="returns no network and no picture",
)
def returns_one_object(right):
    made = {}

    def wrong(*args, **kwargs):
        return made.setdefault(form(kwargs) + tuple(map(form, args)), right(*args, **kwargs))

    return wrong
