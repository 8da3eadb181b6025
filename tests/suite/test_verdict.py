"""The words of the verdict are themselves on trial: each passes what is right and nothing else."""

import inspect
import math
import random
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy
import pytest
import torch
from torch import Tensor, nn

from answering.worker import described
from judging import verdict
from judging.sides import Raised
from judging.verdict import (
    MOST_SHOWN,
    Wrong,
    drawn,
    drawn_from_torchs_own,
    equal,
    holds,
    near,
    positive,
    refuses,
    same_form,
    same_number,
    shown,
    undefined,
    within,
    wrong,
)

F32, F64 = torch.float32, torch.float64
COLUMN = torch.tensor([[1.0], [2.0]])
MANY = torch.arange(30.0)


def above(value: float, dtype: torch.dtype = F32) -> Tensor:
    """The next number of the dtype: one ulp more."""
    return torch.nextafter(torch.tensor(value, dtype=dtype), torch.tensor(torch.inf, dtype=dtype))


def answer(result: Any) -> Any:
    """A function of the answers whose outcome is this result or error."""
    if isinstance(result, BaseException):
        result = Raised(described(result, Path("answers")))
    return SimpleNamespace(outcome=lambda *args, **kwargs: result)


class NoTorch:
    """Looks like a tensor from afar."""

    shape, dtype, device = (2,), F32, torch.device("cpu")


class Pair(NamedTuple):
    zeros: Tensor
    sum: float


def seed_all(own: int, others: int) -> None:
    """Seed torch's own generator, and Python's with another number."""
    torch.manual_seed(own)
    random.seed(others)


RIGHT: dict[str, list[Callable[[], Any]]] = {
    "holds": [lambda: holds(True, "", "")],
    "wrong": [],
    "same_form": [
        lambda: same_form(COLUMN, (2, 1), F32, ""),
        lambda: same_form(nn.Parameter(COLUMN), (2, 1), F32, ""),
        lambda: same_form(torch.tensor(1.0), (), F32, ""),
        lambda: same_form(torch.ones(0, 3), (0, 3), F32, ""),
        lambda: same_form(torch.ones(2, device="meta"), (2,), F32, "", "meta"),
    ],
    "equal": [
        lambda: equal(COLUMN.clone(), COLUMN, ""),
        lambda: equal(COLUMN.clone().requires_grad_(), COLUMN, ""),
        lambda: equal(torch.stack((COLUMN, COLUMN + 1), -1)[..., 0], COLUMN, ""),
        lambda: equal(torch.tensor([-0.0]), torch.tensor([0.0]), ""),
        lambda: equal(torch.tensor([torch.inf]), torch.tensor([torch.inf]), ""),
        lambda: equal(torch.ones(0), torch.ones(0), ""),
        lambda: equal(torch.tensor([True]), torch.tensor([True]), ""),
        lambda: equal(torch.tensor([torch.nan, 1.0]), torch.tensor([torch.nan, 1.0]), ""),
    ],
    "undefined": [
        lambda: undefined(torch.tensor([torch.nan, 1.0]), torch.tensor([True, False]), ""),
        lambda: undefined(torch.tensor([torch.nan] * 2), torch.tensor([True, False]), ""),
        lambda: undefined(torch.ones(2), torch.tensor([False, False]), ""),
    ],
    "within": [
        lambda: within(COLUMN, COLUMN.double(), 0.0, "", F32),
        lambda: within(COLUMN + 0.5, COLUMN.double(), 0.5, "", F32),
        lambda: within(COLUMN - 0.5, COLUMN.double(), torch.full((2, 1), 0.5), "", F32),
        lambda: within(COLUMN.requires_grad_(), COLUMN.detach().double(), 0.0, "", F32),
    ],
    "same_number": [
        lambda: same_number(3, 3, ""),
        lambda: same_number(numpy.int64(3), 3, ""),
        lambda: same_number(torch.tensor(3), 3, ""),
        lambda: same_number(torch.tensor([3], dtype=torch.uint8), 3, ""),
        lambda: same_number(10**30, 10**30, ""),
    ],
    "near": [
        lambda: near(0.5, 0.5, 0.0, ""),
        lambda: near(1, 0.5, 0.5, ""),
        lambda: near(torch.tensor([[0.25]]), 0.5, 0.25, ""),
        lambda: near(numpy.float32(0.5), 0.5, 0.0, ""),
        lambda: near(Fraction(1, 2), 0.5, 0.0, ""),
    ],
    "positive": [
        lambda: positive(0.5, ""),
        lambda: positive(torch.tensor([2.0]), ""),
        lambda: positive(numpy.float32(1e-30), ""),
    ],
    "refuses": [
        lambda: refuses(answer(ValueError("no")), error=ValueError, because=""),
        lambda: refuses(answer(KeyError("no")), error=(ValueError, LookupError), because=""),
        lambda: refuses(answer(SystemExit(1)), error=SystemExit, because=""),
    ],
    "drawn": [
        lambda: drawn(lambda g: [torch.rand(8, generator=g)], "A", 0, anew="A"),
        lambda: drawn(lambda g: [COLUMN, torch.rand(8, generator=g)], "xy", 7, anew="y"),
    ],
    "drawn_from_torchs_own": [
        lambda: drawn_from_torchs_own(lambda: [torch.rand(8)], seed_all, "A", anew="A"),
        lambda: drawn_from_torchs_own(lambda: [COLUMN, torch.rand(8)], seed_all, "xy", anew="y"),
    ],
}

WRONG: dict[str, dict[str, tuple[Callable[[], Any], str]]] = {
    "holds": {
        "false": (
            lambda: holds(False, "changed its argument A", "A as it was"),
            "changed its argument A | A as it was",
        ),
    },
    "wrong": {
        "anything": (lambda: wrong(None, "a module"), "returned None | a module"),
    },
    "same_form": {
        "None": (
            lambda: same_form(None, (2,), F32, "the sum"),
            "returned None, of type NoneType | a torch.Tensor of shape (2,): the sum",
        ),
        "a list": (
            lambda: same_form([1.0, 2.0], (2,), F32, "the sum"),
            "returned [1, 2], of type list | a torch.Tensor of shape (2,): the sum",
        ),
        "an array": (
            lambda: same_form(numpy.ones(2, numpy.float32), (2,), F32, "the sum"),
            "of type ndarray | a torch.Tensor of shape (2,): the sum",
        ),
        "a look-alike": (
            lambda: same_form(NoTorch(), (2,), F32, "the sum"),
            "returned a NoTorch, of type NoTorch | a torch.Tensor",
        ),
        "a shape that broadcasts": (
            lambda: same_form(COLUMN, (2, 2), F32, "the sum"),
            "returned [[1], [2]], of shape (2, 1) | shape (2, 2): the sum",
        ),
        "a shape with a 1 more": (
            lambda: same_form(torch.ones(1, 2), (2,), F32, "the sum"),
            "returned [[1, 1]], of shape (1, 2) | shape (2,): the sum",
        ),
        "a transposed shape": (
            lambda: same_form(COLUMN.T, (2, 1), F32, "the sum"),
            "returned [[1, 2]], of shape (1, 2) | shape (2, 1): the sum",
        ),
        "a large shape": (
            lambda: same_form(torch.ones(9, 9), (9,), F32, "the sum"),
            "returned a tensor of shape (9, 9) | shape (9,): the sum",
        ),
        "another dtype": (
            lambda: same_form(COLUMN.double(), (2, 1), F32, "the sum"),
            "returned [[1], [2]] (float64), of dtype torch.float64 | dtype torch.float32: the sum",
        ),
        "integers": (
            lambda: same_form(COLUMN.long(), (2, 1), F32, "the sum"),
            "of dtype torch.int64 | dtype torch.float32: the sum",
        ),
        "another device": (
            lambda: same_form(COLUMN.to("meta"), (2, 1), F32, "the sum"),
            "returned a tensor of shape (2, 1), on meta | on cpu: the sum",
        ),
        "a sparse tensor": (
            lambda: same_form(torch.eye(2).to_sparse(), (2, 2), F32, "the sum"),
            "sparse | the sum",
        ),
        "a part of the result": (
            lambda: same_form(None, (2,), F32, "the sum", said="returned sum = "),
            "returned sum = None, of type NoneType | ",
        ),
    },
    "equal": {
        "None": (lambda: equal(None, COLUMN, "2x"), "returned None | a torch.Tensor"),
        "a number for all": (
            lambda: equal(torch.tensor([[1.0]]), torch.ones(2, 2), "2x"),
            "returned [[1]], of shape (1, 1) | shape (2, 2): 2x",
        ),
        "another value": (
            lambda: equal(COLUMN * 2, COLUMN, "2x"),
            "returned [[2], [4]] | [[1], [2]] = 2x",
        ),
        "another value in one place of many": (
            lambda: equal(MANY.clone().index_fill(0, torch.tensor([7]), 0.5), MANY, "2x"),
            "returned a tensor of shape (30,), first wrong at [7]: 0.5 | 7 there = 2x",
        ),
        "one ulp more": (lambda: equal(above(1.0), torch.tensor(1.0), "2x"), "returned | = 2x"),
        "one ulp more in float64": (
            lambda: equal(above(1 / 3, F64), torch.tensor(1 / 3, dtype=F64), "2x"),
            "returned | = 2x",
        ),
        "one more of a large integer": (
            lambda: equal(torch.tensor([16777217]), torch.tensor([16777216]), "2x"),
            "returned [16777217] (int64) | [16777216] (int64) = 2x",
        ),
        "NaN": (
            lambda: equal(torch.tensor([torch.nan]), torch.tensor([1.0]), "2x"),
            "returned [nan] | [1] = 2x",
        ),
        "a number for NaN": (
            lambda: equal(torch.tensor([1.0]), torch.tensor([torch.nan]), "0/0"),
            "returned [1] | [nan] = 0/0",
        ),
        "another value beside NaN": (
            lambda: equal(torch.tensor([torch.nan, 1]), torch.tensor([torch.nan, 2]), "2x"),
            "returned [nan, 1] | [nan, 2] = 2x",
        ),
        "the same values in float64": (
            lambda: equal(COLUMN.double(), COLUMN, "2x"),
            "of dtype torch.float64 | dtype torch.float32: 2x",
        ),
        "one ulp more of many": (
            lambda: equal(MANY + MANY.eq(3) * 2**-22, MANY, "2x"),
            "first wrong at [3] | there = 2x",
        ),
    },
    "undefined": {
        "a number": (
            lambda: undefined(torch.ones(2), torch.tensor([False, True]), "0/0"),
            "returned [1, 1] | NaN at [[1]]: 0/0",
        ),
        "infinity": (
            lambda: undefined(torch.tensor([torch.inf]), torch.tensor([True]), "0/0"),
            "returned [inf] | NaN at [[0]]: 0/0",
        ),
        "None": (
            lambda: undefined(None, torch.tensor([True]), "0/0"),
            "returned None | NaN at [[0]]: 0/0",
        ),
        "a shape that broadcasts": (
            lambda: undefined(torch.tensor([torch.nan]), torch.ones(2, 2).bool(), "0/0"),
            "returned [nan] | NaN at",
        ),
    },
    "within": {
        "one ulp beyond": (
            lambda: within(above(1.5), torch.tensor(1.0, dtype=F64), 0.5, "2x", F32),
            "returned 1.5 | 1 = 2x",
        ),
        "one ulp below": (
            lambda: within(
                -above(-0.5 + 2**-53, F64), torch.tensor(1.0, dtype=F64), 0.5, "2x", F64
            ),
            "returned | 1 (float64) = 2x",
        ),
        "one entry beyond its own bound": (
            lambda: within(COLUMN + 0.5, COLUMN.double(), torch.tensor([[0.5], [0.25]]), "2x", F32),
            "returned [[1.5], [2.5]] | [[1], [2]] = 2x",
        ),
        "NaN": (
            lambda: within(torch.tensor(torch.nan), torch.tensor(1.0).double(), 9.0, "2x", F32),
            "returned nan | 1 = 2x",
        ),
        "NaN in an infinite bound": (
            lambda: within(torch.tensor(torch.nan), torch.tensor(1.0).double(), math.inf, "", F32),
            "returned nan | 1",
        ),
        "infinity": (
            lambda: within(torch.tensor(torch.inf), torch.tensor(1.0).double(), 9.0, "2x", F32),
            "returned inf | 1 = 2x",
        ),
        "a bound that is NaN": (
            lambda: within(COLUMN, COLUMN.double(), math.nan, "2x", F32),
            "returned [[1], [2]] | = 2x",
        ),
        "another dtype": (
            lambda: within(COLUMN.double(), COLUMN.double(), 1.0, "2x", F32),
            "of dtype torch.float64 | dtype torch.float32: 2x",
        ),
        "a shape that broadcasts": (
            lambda: within(torch.ones(2), torch.ones(2, 2).double(), 1.0, "2x", F32),
            "returned [1, 1], of shape (2,) | shape (2, 2): 2x",
        ),
        "one of many": (
            lambda: within(MANY + MANY.eq(29), MANY.double(), 0.5, "2x", F32),
            "returned a tensor of shape (30,), first wrong at [29]: 30 | 29 there = 2x",
        ),
    },
    "same_number": {
        "another": (lambda: same_number(4, 3, "2 + 1"), "returned 4 | the integer 3 = 2 + 1"),
        "a float": (
            lambda: same_number(3.0, 3, "2 + 1"),
            "returned 3, of type float | the integer 3 = 2 + 1",
        ),
        "a bool": (lambda: same_number(True, 1, "2 − 1"), "returned True | 1 = 2 − 1"),
        "a string": (lambda: same_number("3", 3, "2 + 1"), "returned '3' | 3 = 2 + 1"),
        "None": (lambda: same_number(None, 3, "2 + 1"), "returned None | 3 = 2 + 1"),
        "a tensor of 3.5": (
            lambda: same_number(torch.tensor(3.5), 3, "2 + 1"),
            "returned 3.5 | 3 = 2 + 1",
        ),
        "a tensor of True": (lambda: same_number(torch.tensor(True), 1, ""), "returned True | 1"),
        "two numbers": (
            lambda: same_number(torch.tensor([3, 3]), 3, "2 + 1"),
            "returned [3, 3] (int64) | 3 = 2 + 1",
        ),
    },
    "near": {
        "beyond": (lambda: near(0.75, 0.5, 0.2, "2x"), "returned 0.75 | 0.5 = 2x"),
        "one ulp beyond": (
            lambda: near(math.nextafter(1.5, 2), 1.0, 0.5, "2x"),
            "returned 1.5 | 1 = 2x",
        ),
        "NaN": (lambda: near(math.nan, 0.5, math.inf, "2x"), "returned nan | 0.5 = 2x"),
        "a bound that is NaN": (lambda: near(0.5, 0.5, math.nan, "2x"), "returned 0.5 | 0.5 = 2x"),
        "None": (lambda: near(None, 0.5, 9, "2x"), "returned None | the number 0.5 = 2x"),
        "a string": (lambda: near("0.5", 0.5, 9, "2x"), "returned '0.5' | the number 0.5 = 2x"),
        "a bool": (lambda: near(True, 1.0, 9, "2x"), "returned True | the number 1 = 2x"),
        "NumPy's True": (lambda: near(numpy.bool_(True), 1.0, 9, ""), " | the number 1"),
        "one ulp beyond a small bound": (
            lambda: near(math.nextafter(1 / 3, 1), 1 / 3, 0.0, "2x"),
            "returned 0.333333333 | 0.333333333",
        ),
        "complex": (lambda: near(0.5 + 0j, 0.5, 9, "2x"), "returned (0.5+0j) | the number 0.5"),
        "two numbers": (
            lambda: near(torch.ones(2), 1.0, 9, "2x"),
            "returned [1, 1] | the number 1 = 2x",
        ),
        "too large for a float": (
            lambda: near(10**400, 1.0, 9, ""),
            "returned 1000 | the number 1",
        ),
        "a part of the result": (
            lambda: near(0.75, 0.5, 0.2, "2x", said="has the bias "),
            "has the bias 0.75 | 0.5 = 2x",
        ),
    },
    "positive": {
        "zero": (lambda: positive(0.0, "the mean"), "returned 0 | a positive number: the mean"),
        "below zero": (lambda: positive(-1, "it"), "returned -1 | a positive number: it"),
        "infinite": (lambda: positive(torch.inf, "it"), "returned inf | a positive number: it"),
        "NaN": (lambda: positive(torch.nan, "it"), "returned nan | a positive number: it"),
        "no number": (lambda: positive("1", "it"), "returned '1' | a positive number: it"),
    },
    "refuses": {
        "a result": (
            lambda: refuses(answer(COLUMN), error=ValueError, because="there is none"),
            "returned [[1], [2]] | a ValueError, because there is none",
        ),
        "another error": (
            lambda: refuses(answer(TypeError("no")), error=ValueError, because="there is none"),
            "raised TypeError: no | a ValueError, because there is none",
        ),
        "an error that is returned in a list": (
            lambda: refuses(answer([ValueError("no")]), error=ValueError, because="it is so"),
            "returned [ValueError('no')] | a ValueError, because it is so",
        ),
        "no error of several": (
            lambda: refuses(answer(None), error=(TypeError, ValueError), because="it is so"),
            "returned None | a TypeError or a ValueError, because it is so",
        ),
        "no error of any kind": (
            lambda: refuses(answer(None), error=Exception, because="it is so"),
            "returned None | an error, because it is so",
        ),
        "leaving": (
            lambda: refuses(answer(SystemExit("bye")), error=Exception, because="it is so"),
            "raised SystemExit: bye | an error, because it is so",
        ),
    },
    "drawn": {
        "from elsewhere": (
            lambda: drawn(lambda _: [torch.rand(8)], "A", 0, anew="A"),
            "returned another A for a generator with the same seed | the same numbers",
        ),
        "one of two from elsewhere": (
            lambda: drawn(lambda g: [torch.rand(8, generator=g), torch.rand(8)], "xy", 0, anew="x"),
            "returned another y for a generator with the same seed | the same numbers",
        ),
        "always the same": (
            lambda: drawn(lambda _: [COLUMN], "A", 0, anew="A"),
            "returned the same A for generators with different seeds | other numbers",
        ),
        "from the seed alone": (
            lambda: drawn(
                lambda g: [torch.rand(8, generator=g.manual_seed(g.initial_seed()))],
                "A",
                0,
                anew="A",
            ),
            "returned the same A when the same generator was used a second time | new numbers",
        ),
    },
    "drawn_from_torchs_own": {
        "from Python's own": (
            lambda: drawn_from_torchs_own(
                lambda: [torch.tensor([random.random() for _ in range(8)])],
                seed_all,
                "A",
                anew="A",
            ),
            "returned another A after torch.manual_seed with the same seed | the same numbers",
        ),
        "seeded anew in each call": (
            lambda: drawn_from_torchs_own(
                lambda: [torch.rand(8, generator=torch.manual_seed(0))], seed_all, "A", anew="A"
            ),
            "returned the same A in the next call | new numbers",
        ),
    },
}


def test_every_word_is_on_trial() -> None:
    words = {
        name
        for name, word in inspect.getmembers(verdict, inspect.isfunction)
        if word.__module__ == verdict.__name__ and not name.startswith("_")
    }
    in_words = {"shown", "printable", "line"}  # they judge nothing, and have tests of their own
    assert words == {*WRONG, *in_words} == {*RIGHT, *in_words}


@pytest.mark.parametrize("word", RIGHT)
def test_what_is_right_passes(word: str) -> None:
    for right in RIGHT[word]:
        right()


@pytest.mark.parametrize(
    ("word", "what"), [(word, what) for word, table in WRONG.items() for what in table]
)
def test_what_is_wrong_is_told(word: str, what: str) -> None:
    """In so many words, and what came back reads otherwise than what was expected."""
    call, told = WRONG[word][what]
    with pytest.raises(Wrong) as rejected:
        call()
    returned, expected = told.split(" | ")
    assert returned in rejected.value.returned
    assert expected in rejected.value.expected
    if "ulp" in what:
        found = re.split("returned |: ", rejected.value.returned)[-1]
        assert found != re.split(" there | = ", rejected.value.expected)[0]


def test_what_an_answer_printed_is_shown_as_it_is() -> None:
    """Twenty lines, control characters in words, no line of a thousand letters hidden."""
    assert verdict.printable("a\n\x1b[31mb\tc") == ["a", r"\x1b[31mb    c"]
    lines = verdict.printable("x\n" * 25)
    assert (len(lines), lines[-1]) == (21, "… and 5 more lines")
    assert "\n" not in verdict.line("one\ntwo\x1b[0m")
    assert "\x1b" not in verdict.line("one\ntwo\x1b[0m")


def test_an_error_that_is_right_is_handed_on() -> None:
    error = refuses(answer(ValueError("the reason")), error=Exception, because="")
    assert str(error) == "the reason"


def test_a_message_has_its_lines_in_order() -> None:
    told = Wrong("returned 1", "2 = 1 + 1", call="add(1, 1)", where="sums.py, line 3: return a")
    assert str(told).splitlines() == [
        "add(1, 1)",
        "  returned 1",
        "  at sums.py, line 3: return a",
        "  expected 2 = 1 + 1",
    ]
    assert str(Wrong("returned 1", "2")).splitlines() == ["  returned 1", "  expected 2"]


def test_two_answers_that_are_wrong_alike_are_seen_alike() -> None:
    """Wherever the line is that raised, and whoever noticed."""
    one = Wrong("returned 1", "2", call="add(1, 1)", where="mine.py, line 3")
    assert one.seen() == Wrong("returned 1", "2", where="yours.py, line 9").seen()
    assert one.seen() != Wrong("returned 3", "2", call="add(1, 1)").seen()


# Values in words


class Silent:
    def __repr__(self) -> str:
        raise RuntimeError("none of your business")


class Chatty:
    def __repr__(self) -> str:
        return "two\n  lines"


def containing_itself() -> list:
    inside: list = [1]
    inside.append(inside)
    return inside


SHOWN: dict[str, tuple[Any, str]] = {
    "a vector": (torch.tensor([1.0, -2.5, 1e-7]), "[1, -2.5, 1e-07]"),
    "a matrix": (torch.eye(2), "[[1, 0], [0, 1]]"),
    "a scalar": (torch.tensor(0.1), "0.1"),
    "float64": (torch.tensor([0.1], dtype=F64), "[0.1] (float64)"),
    "integers": (torch.tensor([1, 2]), "[1, 2] (int64)"),
    "bools": (torch.tensor([True, False]), "[True, False] (bool)"),
    "complex numbers": (torch.tensor([1 + 2j]), "[(1+2j)] (complex64)"),
    "bfloat16": (torch.ones(1, dtype=torch.bfloat16), "[1] (bfloat16)"),
    "not finite": (torch.tensor([torch.nan, torch.inf, -torch.inf]), "[nan, inf, -inf]"),
    "large numbers": (torch.tensor([1e30, 123456.0]), "[1e+30, 123456]"),
    "as many as are shown": (torch.zeros(MOST_SHOWN), f"[{', '.join('0' * MOST_SHOWN)}]"),
    "one more": (torch.zeros(MOST_SHOWN + 1), f"a tensor of shape ({MOST_SHOWN + 1},)"),
    "many in float64": (torch.zeros(5, 5, dtype=F64), "a float64 tensor of shape (5, 5)"),
    "empty": (torch.ones(0, 3), "an empty tensor of shape (0, 3)"),
    "empty integers": (torch.ones(0, dtype=torch.int64), "an empty int64 tensor of shape (0,)"),
    "without values": (torch.ones(2, device="meta"), "a tensor of shape (2,)"),
    "sparse": (torch.eye(2).to_sparse(), "a tensor of shape (2, 2)"),
    "that requires a gradient": (torch.ones(1, requires_grad=True), "[1]"),
    "a parameter": (nn.Parameter(torch.ones(1)), "[1]"),
    "None": (None, "None"),
    "a bool": (True, "True"),
    "an int": (12345678, "12345678"),
    "a float": (0.1 + 0.2, "0.3"),
    "a whole float": (2.0, "2"),
    "NaN": (math.nan, "nan"),
    "a NumPy float": (numpy.float64(0.5), "0.5"),
    "a string": ("a 'b'\n", "\"a 'b'\\n\""),
    "a list": ([1.0, [None]], "[1, [None]]"),
    "a list of itself": (containing_itself(), "[1, "),
    "a pair": ((1, 2.0), "(1, 2)"),
    "a tuple of one": ((1,), "(1,)"),
    "nothing in a tuple": ((), "()"),
    "a named tuple": (Pair(torch.zeros(1), 1.0), "Pair(zeros = [0], sum = 1)"),
    "a dict": ({"w": torch.ones(1), 2: 0.5}, "{'w': [1], 2: 0.5}"),
    "a path": (Path("/tmp/somewhere/w.pt"), "'w.pt'"),
    "a module": (nn.Sequential(nn.Linear(1, 1)), "a Sequential"),
    "a generator": (torch.Generator().manual_seed(7), "a generator seeded with 7"),
    "a function": (containing_itself, "a function"),
    "an object": (object(), "a object"),
    "an object that cannot be shown": (Silent(), "a Silent"),
    "such an object in a list": ([Silent()], "[a Silent]"),
    "such an object as a key": ({Silent(): 1}, "{a Silent: 1}"),
    "an object of two lines": (Chatty(), "two lines"),
    "an error": (ValueError("no"), "ValueError('no')"),
    "a dtype": (F32, "torch.float32"),
    "an int of many digits": (10**5000, ""),
}


@pytest.mark.parametrize("what", SHOWN)
def test_a_value_is_shown_as_one_would_write_it(what: str) -> None:
    value, text = SHOWN[what]
    assert shown(value) == text or what in ("a list of itself", "an int of many digits")
    assert shown(value).startswith(text)


@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support is in beta")
def test_a_tensor_that_is_sparse_by_rows_is_shown() -> None:
    assert shown(torch.eye(2).to_sparse_csr()) == "a tensor of shape (2, 2)"


@pytest.mark.parametrize(
    "value",
    ["x" * 10**4, [1.5] * 10**4, dict.fromkeys(range(10**4)), [torch.zeros(9)] * 999],
    ids=["a string", "a list", "a dict", "tensors"],
)
def test_a_long_value_is_cut(value: Any) -> None:
    assert len(shown(value)) == 401
    assert shown(value).endswith("…")


def test_nothing_shown_names_a_place_in_memory() -> None:
    """Or the same failure would read otherwise in each run."""
    for value in (object(), lambda: 1, [object()], {"f": print}, iter([])):
        assert "0x" not in shown(value)
