"""The laws that hold for every call, on both sides: what breaks one is told, and nothing else."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
import torch
from torch import nn

from judging import laws
from judging.answers import Answers
from judging.verdict import Wrong

Make = Callable[..., Answers]

A, B = torch.arange(4.0).reshape(2, 2), torch.ones(2, 2)


class Always(Random):
    """Luck that always has it: arguments by name, defaults left out, questions before and after."""

    def random(self) -> float:
        return 0.0


def gradient(body: str) -> str:
    """An answer to 2.3 with these lines."""
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    return f"import torch\nKEPT = []\ndef gradient(X, M=None):\n{lines}\n"


# What was returned

BUFFER = """
if not KEPT: KEPT.append(torch.empty(2, 2))
return KEPT[0].copy_(X * 2)
"""


def test_a_result_that_a_later_call_changes_is_told(make: Make) -> None:
    answers = make(autograd=gradient(BUFFER))
    answers.autograd.gradient(A)
    with pytest.raises(Wrong) as wrong:
        answers.autograd.gradient(B)
    assert wrong.value.returned == (
        "changed what gradient(X) with X = [[0, 1], [2, 3]] had returned: it was "
        "[[0, 2], [4, 6]], and then [[2, 2], [2, 2]]"
    )
    assert "stays what it was" in wrong.value.expected


def test_the_entry_that_has_changed_is_told_of_a_large_result(make: Make) -> None:
    answers = make(autograd=gradient("KEPT.append(X + 0)\nKEPT[0][3] += 1\nreturn KEPT[-1]"))
    answers.autograd.gradient(torch.zeros(90))
    with pytest.raises(Wrong, match=r"it was 1 at \[3\], and then 2"):
        answers.autograd.gradient(torch.zeros(90))


def test_a_list_that_a_later_call_makes_longer_is_told(make: Make) -> None:
    answers = make(autograd=gradient("KEPT.append(1.5)\nreturn KEPT"))
    answers.autograd.gradient(A)
    with pytest.raises(Wrong, match=r"it was \[1.5\], and then \[1.5, 1.5\]"):
        answers.autograd.gradient(A)


def test_a_new_case_asks_nothing_about_the_results_of_the_one_before(make: Make) -> None:
    answers = make(autograd=gradient(BUFFER))
    for X in (A, B):
        answers.begin("autograd.gradient")
        answers.autograd.gradient(X)


SHARED = {
    "one tensor": "KEPT.append(torch.ones(2, 2))\nreturn KEPT[0]",
    "two views that overlap": "KEPT.append(torch.ones(3))\nreturn KEPT[0][:2 - len(KEPT) % 2]",
    "in a dict": "KEPT.append(torch.ones(2))\nreturn {'a': KEPT[0]}",
}


@pytest.mark.parametrize("how", SHARED)
def test_results_that_lie_in_one_memory_are_told(make: Make, how: str) -> None:
    answers = make(autograd=gradient(SHARED[how]))
    answers.autograd.gradient(A)
    with pytest.raises(Wrong, match=r"lies in the memory of the result of gradient\(X\) with"):
        answers.autograd.gradient(A)


APART = {
    "disjoint rows of one tensor": "KEPT.append(1)\nreturn POOL[len(KEPT)]",
    "interleaved columns of one tensor": "KEPT.append(1)\nreturn POOL[:, len(KEPT)]",
    "views of the argument": "return X[:1]",
    "one number": "return 5.0",
    "a constant text": "return 'AB'",
    "an expanded tensor": "return X.sum().expand(2, 2)",
}


@pytest.mark.parametrize("how", APART)
def test_results_that_share_nothing_are_no_matter(make: Make, how: str) -> None:
    answers = make(autograd=gradient(APART[how]) + "POOL = torch.zeros(4, 4)\n")
    for _ in range(3):
        answers.autograd.gradient(A)


def test_a_result_in_the_memory_of_an_argument_is_told_where_it_has_to_be_new(make: Make) -> None:
    views = "def {0}: return (A.T,)\n"
    answers = make(tensor_operations=views.format("arithmetic(A, B)") + "def flatten(x): return x")
    assert answers.tensor_operations.flatten(A).equal(A)
    with pytest.raises(Wrong, match="shares its memory with an argument"):
        answers.tensor_operations.arithmetic(A, B)


def test_a_network_that_is_returned_twice_is_told(make: Make) -> None:
    answers = make(
        linear_regression="from torch import nn\nONE = nn.Linear(1, 1)\n"
        "def LinearRegression(): return ONE"
    )
    answers.linear_regression.LinearRegression()
    with pytest.raises(Wrong, match="lies in the memory of the result of LinearRegression"):
        answers.linear_regression.LinearRegression()


# What was given, and the process

GIVEN = {
    "requires_grad": ("X.requires_grad_()", "changed X.requires_grad from False to True"),
    ".grad": ("X.grad = torch.ones(2, 2)", "wrote into X.grad"),
    "a value": ("X[0, 0] = 9", "changed its argument X"),
}


@pytest.mark.parametrize("what", GIVEN)
def test_an_argument_that_is_another_one_afterwards_is_told(make: Make, what: str) -> None:
    body, told = GIVEN[what]
    with pytest.raises(Wrong, match=told):
        make(autograd=gradient(body)).autograd.gradient(A.clone())


NETWORK = {
    "a value": ("model.weight.data.add_(1)", "changed weight of model"),
    "requires_grad": ("model.requires_grad_(False)", "changed requires_grad of weight of model"),
    ".grad": ("model.weight.grad = torch.ones(1, 1)", "left another .grad at weight of model"),
    "its mode": ("model.eval()", "left model in another mode"),
    "a hook": ("model.register_forward_hook(print)", "left 1 hooks on the model"),
}


@pytest.mark.parametrize("what", NETWORK)
def test_a_network_that_is_another_one_afterwards_is_told(make: Make, what: str) -> None:
    body, told = NETWORK[what]
    answers = make(
        gradient_comparison=f"import torch\ndef layer_gradients(model, images, labels):\n    {body}"
    )
    with pytest.raises(Wrong, match=told):
        answers.gradient_comparison.layer_gradients(nn.Linear(1, 1), B, B)


def test_what_learns_may_change_its_network(make: Make) -> None:
    answers = make(
        linear_regression="def train_epoch(model, x, y, *, lr=0.1):\n"
        "    model.weight.data.add_(1)\n    return 0.0"
    )
    answers.linear_regression.train_epoch(nn.Linear(1, 1), B, B)


def test_torchs_own_generator_is_left_alone_where_another_one_is_given(make: Make) -> None:
    draw = "def random_matrices(shape=(5, 5), *, generator=None):\n    return torch.rand({})"
    source = torch.Generator().manual_seed(1)
    for body, told in (("2, generator=generator", ""), ("2", "drew from torch's own generator")):
        answers = make(tensor_operations="import torch\n" + draw.format(body))
        answers.tensor_operations.random_matrices()
        if told:
            with pytest.raises(Wrong, match=told):
                answers.tensor_operations.random_matrices(generator=source)
        else:
            answers.tensor_operations.random_matrices(generator=source)


# How it is asked


TAKES = ["x", "rows", "columns", "shape", "dtype", "generator"]


def forms(*args: Any, takes: list[str] = TAKES, **kwargs: Any) -> set[str]:
    """The forms in which luck puts a call of middle, or of random_matrices."""
    name = "middle" if args else "random_matrices"
    asked = (
        laws.as_asked("tensor_operations", name, args, kwargs, Random(luck), takes)
        for luck in range(300)
    )
    return {f"{positional} {sorted(named)}" for positional, named in asked}


def test_every_form_that_the_contract_permits_is_asked() -> None:
    assert forms("x", 4, 3) == {
        "('x', 4, 3) []",
        "('x', 4) ['columns']",
        "('x',) ['columns', 'rows']",
        "('x',) ['columns']",
        "() ['columns', 'rows', 'x']",
        "() ['columns', 'x']",
    }


def test_a_parameter_that_the_answer_calls_otherwise_is_passed_by_place() -> None:
    assert forms("x", 4, 3, takes=["x", "r", "columns"]) == {
        "('x', 4, 3) []",
        "('x', 4) ['columns']",
    }
    assert forms("x", 4, 3, takes=[]) == {"('x', 4, 3) []"}


@pytest.mark.parametrize(("names", "right"), [("tensor, by", True), ("M, X", False)])
def test_only_names_that_mean_something_else_are_wrong(make: Make, names: str, right: bool) -> None:
    first, second = names.split(", ")
    answers = make(autograd=f"def gradient({names}):\n    return {first} @ {second}")
    X, M = torch.tensor([[1.0, 2], [0, 1]]), torch.tensor([[1.0, 0], [3, 1]])
    told = set()
    for luck in range(1, 20):
        answers.choose(luck)
        result = answers.autograd.gradient.outcome(X, M)
        told.add(isinstance(result, torch.Tensor) and torch.equal(result, X @ M))
    assert (told == {True}) is right


def test_what_the_contract_takes_by_name_alone_is_never_passed_by_place() -> None:
    told = forms(shape=(2, 3), dtype=torch.float32)
    assert told == {
        "((2, 3),) []",
        "((2, 3),) ['dtype']",
        "() ['shape']",
        "() ['dtype', 'shape']",
    }


def test_an_argument_is_left_out_only_where_it_is_the_default() -> None:
    assert all("'lr'" in form for form in forms(shape=(5, 5), lr=0.1))
    for rows, may in ((4, True), (4.0, False), (True, False), (3, False)):
        left_out = any(
            "rows" not in named and len(positional) < 2
            for positional, named in (
                laws.as_asked("tensor_operations", "middle", ("x", rows), {}, Random(luck), TAKES)
                for luck in range(100)
            )
        )
        assert left_out is may, rows


def test_a_cache_by_shape_answers_the_question_before(make: Make) -> None:
    """Which the side asks about the same tensors, their entries in other places."""
    cached = "if not KEPT: KEPT.append(X * 2)\nreturn KEPT[0].clone()"
    for body, right in (("return X * 2", True), (cached, False)):
        answers = make(autograd=gradient(body))
        answers.luck = Always()
        X = A.clone()
        assert answers.autograd.gradient(X).equal(2 * A) is right
        assert X.equal(A)


def test_another_answer_to_the_same_question_is_told(make: Make) -> None:
    answers = make(autograd=gradient("KEPT.append(1.0)\nreturn float(len(KEPT) // 6)"))
    answers.luck = Always()
    with pytest.raises(Wrong, match="returned 0, and 1 when the same was asked again"):
        answers.autograd.gradient(A)


def test_what_an_answer_prints_before_is_not_told_twice(elsewhere: Make) -> None:
    answers = elsewhere(autograd=gradient("print('once')\nreturn 1"))
    answers.luck = Always()
    answers.side.call("autograd", "gradient", (A,), {}, rehearsed=True)
    outcome = answers.side.call("autograd", "gradient", (A,), {}, rehearsed=True)
    assert outcome.printed == "once\n"
