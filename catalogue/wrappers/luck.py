"""Answers by luck: wrong in a few draws, drawn from elsewhere, or not independent of each other."""

import random

import torch
from torch import Tensor, nn

from catalogue.wrappers.memory import in_place_of, tensors
from judging.matrix import wrapper

DRAWING = ("random_matrices", "random_data", "MLP")
NOT_RANDOM = "draws nothing, or nothing that has to be random"
PAIRS = ("random_matrices",)


def spoilt(value):
    """A result that is wrong in each of its parts, if only a little."""
    if isinstance(value, bool | None):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str):
        return value.replace("B", "C") if "B" in value else value.replace("A", "C")
    if isinstance(value, Tensor):
        return -2 - value
    if isinstance(value, nn.Module):
        for parameter in value.parameters():
            parameter.data.fill_(0.5)
        return value
    if isinstance(value, dict):
        return {key: spoilt(entry) for key, entry in value.items()}
    if isinstance(value, tuple | list):
        entries = [spoilt(entry) for entry in value]
        return type(value)(*entries) if hasattr(value, "_fields") else type(value)(entries)
    return None


@wrapper(
    "wrong in one call of ten, as luck has it",
    look="A right answer is right each time: nothing in it is left to chance.",
    but={
        "any model of that form is right": ["LinearRegression"],
        "what it returns is free": ["save_weights"],
        "a picture is drawn ten times in a run: what is wrong so seldom may pass": ["plot"],
    },
)
def is_wrong_once_in_ten_calls(right):
    def wrong(*args, **kwargs):
        result = right(*args, **kwargs)
        return spoilt(result) if random.random() < 0.1 else result

    return wrong


@wrapper(
    "wrong in one call of ten, as torch's own generator has it",
    look="A right answer is right each time: nothing in it is left to chance.",
    but={
        "any model of that form is right": ["LinearRegression"],
        "what it returns is free": ["save_weights"],
        "a picture is drawn ten times in a run: what is wrong so seldom may pass": ["plot"],
    },
)
def is_wrong_in_one_draw_of_ten(right):
    def wrong(*args, **kwargs):
        draw = torch.rand(()).item()
        result = right(*args, **kwargs)
        return spoilt(result) if draw < 0.1 else result

    return wrong


@wrapper(
    "the same in every call, for it seeds torch's own generator itself",
    look="Leave the seed to the caller: torch.manual_seed belongs where the program begins.",
)
def seeds_torch_itself(right):
    def wrong(*args, **kwargs):
        torch.manual_seed(0)
        return right(*args, **kwargs)

    return wrong


@wrapper(
    "drawn in the same way in every call, for torch's own generator is put back afterwards",
    look="Let the generator go on: the next call has to draw other numbers.",
    on=DRAWING,
    elsewhere=NOT_RANDOM,
)
def puts_the_generator_back(right):
    def wrong(*args, **kwargs):
        with torch.random.fork_rng(devices=[]):
            return right(*args, **kwargs)

    return wrong


@wrapper(
    "drawn from a generator of its own, which torch.manual_seed does not reach",
    look="Without a generator, torch's own is the source: pass generator=None on.",
    on=("random_matrices", "random_data"),
    elsewhere="is given no generator",
)
def keeps_a_generator_of_its_own(right):
    own = torch.Generator().manual_seed(7)

    def wrong(*args, generator=None, **kwargs):
        return right(*args, generator=own if generator is None else generator, **kwargs)

    return wrong


@wrapper(
    "drawn from numbers that Python's random module seeds, and not torch's own generator",
    look="Without a generator, torch's own is the source: pass generator=None on.",
    on=("random_matrices", "random_data"),
    elsewhere="is given no generator",
)
def draws_by_pythons_random(right):
    def wrong(*args, generator=None, **kwargs):
        source = generator or torch.Generator().manual_seed(random.randrange(2**32))
        return right(*args, generator=source, **kwargs)

    return wrong


@wrapper(
    "drawn from torch's own generator, which is seeded from the one that is passed in",
    look="Hand the generator on to what draws, and leave torch's own alone.",
    on=("random_matrices", "random_data"),
    elsewhere="is given no generator",
)
def seeds_torch_from_the_generator(right):
    def wrong(*args, generator=None, **kwargs):
        if generator is not None:
            torch.manual_seed(torch.randint(2**31, (), generator=generator).item())
        return right(*args, **kwargs)

    return wrong


def second_from_first(change):
    """Wraps a function so that the second tensor of its pair follows from the first."""

    def wrap(right):
        def wrong(*args, **kwargs):
            first, second = right(*args, **kwargs)
            return first, change(first, second).to(second.dtype)

        return wrong

    return wrap


def reshaped(change):
    """A change of one row of numbers, for tensors of any shape."""
    return lambda A, B: change(A.flatten(), B.flatten()).reshape(A.shape)


DEPENDENT = {
    "upside_down": ("A upside down", lambda A, B: A.flip(0)),
    "from_right_to_left": ("A from right to left", lambda A, B: A.flip(1)),
    "turned": ("A turned by 180°", lambda A, B: A.flip(0, 1)),
    "transposed": (
        "A transposed, where A is a square",
        lambda A, B: A.T.clone() if A.shape[0] == A.shape[1] else B,
    ),
    "one_minus": ("1 − A", lambda A, B: 1 - A),
    "twice": ("2·A", lambda A, B: 2 * A),
    "negative": ("−A", lambda A, B: -A),
    "with_other_signs": ("A with signs of its own", lambda A, B: A.abs() * B.sign()),
    "near": ("A with a little noise on it", lambda A, B: A + 0.2 * B),
    "half": (
        "half A and half numbers of its own",
        reshaped(lambda a, b: torch.cat((a[: len(a) // 2], b[len(a) // 2 :]))),
    ),
    "next_window": (
        "the window of A's sequence that begins one place later",
        reshaped(lambda a, b: torch.cat((a[1:], b[:1]))),
    ),
    "window_a_row_later": (
        "the window of A's sequence that begins a row later",
        lambda A, B: torch.cat((A[1:], B[:1])),
    ),
    "rolled": ("A with its rows moved round by three", lambda A, B: A.roll(3, 0)),
}

for _name, (_what, _change) in DEPENDENT.items():
    _wrap = second_from_first(_change)
    _wrap.__name__, _wrap.__module__ = f"B_is_A_{_name}", __name__
    wrapper(
        f"a pair that is not independent: B is {_what}",
        look="B needs a draw of its own, of which nothing follows from A.",
        on=PAIRS,
        elsewhere="does not return two matrices",
    )(_wrap)


def each(change):
    """Wraps a function so that each of its matrices has a form that is not random."""

    def wrap(right):
        def wrong(*args, **kwargs):
            result = right(*args, **kwargs)
            if isinstance(result, nn.Module):
                for parameter in result.parameters():
                    if parameter.dim() == 2:
                        parameter.data = change(parameter.data).contiguous()
                return result
            return in_place_of(result, [change(one) for one in tensors(result)])

        return wrong

    return wrap


def mirrored(A):
    """A square with one side of its diagonal on both."""
    return A.tril() + A.tril(-1).T if A.shape[0] == A.shape[1] else A


FORMS = {
    "symmetric": ("symmetric wherever they are squares", mirrored),
    "triangular": ("zero above the diagonal", lambda A: A.tril()),
    "diagonal": ("zero beside the diagonal", lambda A: A.triu().tril()),
    "sorted": ("sorted by size", lambda A: A.flatten().sort().values.reshape(A.shape)),
    "of_repeated_rows": ("made of rows that repeat", lambda A: A[torch.arange(len(A)) // 2]),
    "of_repeated_columns": (
        "made of columns that repeat",
        lambda A: A[:, torch.arange(A.shape[1]) // 2],
    ),
    "of_one_half": (
        "random in their upper half, which the lower one repeats",
        lambda A: A[torch.arange(len(A)) % max(1, len(A) // 2)],
    ),
}

for _name, (_what, _change) in FORMS.items():
    _wrap = each(_change)
    _wrap.__name__, _wrap.__module__ = f"matrices_{_name}", __name__
    wrapper(
        f"a draw of matrices that are {_what}",
        look="Each entry needs a number of its own.",
        on=("random_matrices", "MLP"),
        elsewhere="draws no matrix",
    )(_wrap)


@wrapper(
    "a draw of x and of errors that are x once more",
    look="The errors need a draw of their own, and not the numbers that x has.",
    on=["random_data"],
    elsewhere="has no errors",
)
def errors_repeat_x(right):
    def wrong(n=64, *, slope, intercept, noise, generator=None):
        x, _ = right(n, slope=0.0, intercept=0.0, noise=0.0, generator=generator)
        return x, slope * x + intercept + noise * x.flip(0)

    return wrong


@wrapper(
    "a draw of errors that grow with the size of x",
    look="The errors have one deviation, wherever x is.",
    on=["random_data"],
    elsewhere="has no errors",
)
def errors_grow_with_x(right):
    def wrong(n=64, *, slope, intercept, noise, generator=None):
        x, e = right(n, slope=0.0, intercept=0.0, noise=1.0, generator=generator)
        return x, slope * x + intercept + noise * e * x.abs()

    return wrong


@wrapper(
    "a draw of errors in pairs, each error followed by its negative",
    look="Draw as many errors as there are examples.",
    on=["random_data"],
    elsewhere="has no errors",
)
def errors_come_in_pairs(right):
    def wrong(n=64, *, slope, intercept, noise, generator=None):
        x, e = right(n, slope=0.0, intercept=0.0, noise=1.0, generator=generator)
        place = torch.arange(n)
        e = e[place // 2 * 2] * (1 - 2 * (place % 2))[:, None]
        return x, slope * x + intercept + noise * e

    return wrong


@wrapper(
    "a network all of whose square layers begin with the same weights",
    look="Initialise each layer by itself, with a draw of its own.",
    on=["MLP"],
    elsewhere="makes no network of several layers",
)
def layers_begin_alike(right):
    def wrong(*args, **kwargs):
        model = right(*args, **kwargs)
        first = {}
        for parameter in model.parameters():
            same = first.setdefault(tuple(parameter.shape), parameter)
            parameter.data = same.data.clone()
        return model

    return wrong


@wrapper(
    "a network whose layers are windows of one sequence of random numbers",
    look="Initialise each layer by itself, with a draw of its own.",
    on=["MLP"],
    elsewhere="makes no network of several layers",
)
def layers_are_windows(right):
    def wrong(*args, **kwargs):
        model = right(*args, **kwargs)
        pool = torch.empty(2**20).uniform_(-1, 1)
        for place, parameter in enumerate(p for p in model.parameters() if p.dim() == 2):
            deviation = parameter.data.square().mean().sqrt() * 3**0.5
            window = pool[place : place + parameter.numel()].view(parameter.shape)
            parameter.data = deviation * window
        return model

    return wrong
