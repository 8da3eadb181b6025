"""What the reference refuses: by an error that names the argument, what was given and what fits.

``RIGHT`` holds a call of each function that is accepted. Each case changes one argument of it, so
that nothing else can be the reason for the refusal.
"""

import copy
import errno
import io
import os
import re
import shutil
import struct
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from judging.processes import regression
from torch import Tensor, nn

from data import idx
from judging.answers import Answers

IMAGES, LABELS = torch.linspace(-1, 1, 3 * 28 * 28).reshape(3, 1, 28, 28), torch.tensor([0, 9, 4])
LINE = {"slope": 2.0, "intercept": 1.0, "noise": 0.5}


def classifier(outputs: int = 10) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(28 * 28, outputs))


def frozen(model: nn.Module) -> nn.Module:
    return model.requires_grad_(False)


@cache
def _folder() -> tempfile.TemporaryDirectory:
    return tempfile.TemporaryDirectory(prefix="bad-input-")


@cache
def folder() -> Path:
    """A folder with weights and, in MNIST's format, three black images with their labels."""
    root = Path(_folder().name)
    torch.save(regression(1.0, 2.0).state_dict(), root / "weights.pt")
    black = torch.zeros(3, 28, 28, dtype=torch.uint8), LABELS.to(torch.uint8)
    idx.write_dataset(root, train=black, test=black)
    return root


class Returning(nn.Module):
    """Returns what it was made with, whatever it sees."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.linear = nn.Linear(1, 1)
        self.value = value

    def forward(self, _: Tensor) -> Any:
        return self.value


RIGHT: dict[str, Callable[[], dict[str, Any]]] = {
    "objective_questions.softmax_mse_delta": lambda: {"y": torch.rand(2, 3), "t": torch.rand(2, 3)},
    "objective_questions.sigmoid_layer_delta": lambda: {"delta": torch.rand(4), "y": torch.rand(4)},
    "objective_questions.euclidean_delta": lambda: {"y": torch.rand(4), "t": torch.rand(4)},
    "objective_questions.softmax_cross_entropy_delta": lambda: {
        "y": torch.rand(2, 3),
        "t": torch.tensor([[0.0, 1.0, 0.0], [0.5, 0.25, 0.25]]),
    },
    "objective_questions.convolution_matrix": lambda: {
        "kernel": torch.rand(2, 3),
        "height": 4,
        "width": 5,
    },
    "objective_questions.dense_parameter_count": lambda: {"inputs": 3, "outputs": 2},
    "objective_questions.convolution_parameter_count": lambda: {
        "kernel_size": 3,
        "in_channels": 1,
        "out_channels": 2,
    },
    "tensor_operations.random_matrices": lambda: {
        "shape": (2, 3),
        "dtype": torch.float64,
        "generator": None,
    },
    "tensor_operations.arithmetic": lambda: {"A": torch.rand(2, 2), "B": torch.rand(2, 2)},
    "tensor_operations.flatten": lambda: {"x": torch.rand(2, 3)},
    "tensor_operations.middle": lambda: {"x": torch.rand(4, 6), "rows": 2, "columns": 4},
    "autograd.gradient": lambda: {"X": torch.rand(2, 3), "M": torch.rand(3, 4)},
    "gradient_comparison.MLP": lambda: {
        "hidden": (3, 2),
        "activation": "tanh",
        "init": "he",
        "batch_norm": True,
    },
    "gradient_comparison.layer_gradients": lambda: {
        "model": classifier(),
        "images": IMAGES,
        "labels": LABELS,
    },
    "gradient_comparison.train": lambda: {
        "model": classifier(),
        "loader": [(IMAGES, LABELS)],
        "lr": 0.5,
        "steps": 2,
    },
    "gradient_comparison.compare": lambda: {
        "variants": {"one": classifier()},
        "images": IMAGES,
        "labels": LABELS,
    },
    "gradient_comparison.plot": lambda: {"comparison": {"one": {"linear1": 0.5, "linear2": 0.0}}},
    "linear_regression.random_data": lambda: {"n": 3, **LINE, "generator": None},
    "linear_regression.train_epoch": lambda: {
        "model": regression(1.0, 2.0),
        "x": torch.rand(4, 1),
        "y": torch.rand(4, 1),
        "lr": 0.5,
    },
    "linear_regression.save_weights": lambda: {
        "model": regression(1.0, 2.0),
        "path": folder() / "saved.pt",
    },
    "linear_regression.load_weights": lambda: {"path": folder() / "weights.pt"},
    "gradient_comparison.mnist": lambda: {"root": folder(), "train": False, "download": False},
}


class Case(NamedTuple):
    """One argument of a right call put in the place of another."""

    function: str
    wrong: str
    argument: str
    value: Any
    error: type[Exception]
    given: str
    """What of the argument the message has to say."""
    part: str = ""
    """What the message calls the part of the argument that does not fit, if it has a name."""

    def __str__(self) -> str:
        return f"{self.function.partition('.')[2]}: {self.argument} {self.wrong}"


def cases(function: str, argument: str, *rows: tuple[str, Any, type, str]) -> Iterator[Case]:
    for wrong, value, error, said in rows:
        yield Case(function, wrong, argument, value, error, said)


NO_TENSOR = [
    ("a list", [[1.0, 2.0]], TypeError, "list"),
    ("a NumPy array", numpy.ones((2, 2)), TypeError, "ndarray"),
    ("a number", 2.0, TypeError, "2.0"),
    ("None", None, TypeError, "None"),
    ("empty", torch.ones(0, 3), ValueError, "(0, 3)"),
    ("sparse", torch.eye(2).to_sparse(), TypeError, "sparse"),
]
NO_MATRIX = [
    ("a vector", torch.ones(3), ValueError, "(3,)"),
    ("a scalar", torch.tensor(1.0), ValueError, "()"),
    ("of three dimensions", torch.ones(2, 2, 2), ValueError, "(2, 2, 2)"),
]
NO_GRADIENT = [
    ("of integers", torch.ones(2, 3, dtype=torch.int64), TypeError, "torch.int64"),
    ("of bools", torch.ones(2, 3, dtype=torch.bool), TypeError, "torch.bool"),
    ("complex", torch.ones(2, 3, dtype=torch.complex64), TypeError, "torch.complex64"),
    ("in float8", torch.ones(2, 3).to(torch.float8_e5m2), TypeError, "torch.float8_e5m2"),
]
NO_COUNT = [
    ("zero", 0, ValueError, "0"),
    ("negative", -3, ValueError, "-3"),
    ("a float", 2.0, TypeError, "2.0"),
    ("a bool", True, TypeError, "True"),
    ("a string", "2", TypeError, "'2'"),
    ("None", None, TypeError, "None"),
    ("a tensor", torch.tensor(2), TypeError, "Tensor"),
]
NO_NUMBER = [
    ("nan", float("nan"), ValueError, "nan"),
    ("infinite", float("inf"), ValueError, "inf"),
    ("too large for a float", 10**400, ValueError, "0000"),
    ("too large for an int", 2**63, ValueError, str(2**63)),
    ("a string", "0.1", TypeError, "'0.1'"),
    ("None", None, TypeError, "None"),
    ("a bool", True, TypeError, "True"),
    ("complex", 1j, TypeError, "1j"),
    ("a tensor", torch.tensor(0.1), TypeError, "Tensor"),
]
NOT_POSITIVE = [
    ("zero", 0, ValueError, "0"),
    ("negative", -0.5, ValueError, "-0.5"),
    *NO_NUMBER,
]
NO_MODULE = [
    ("None", None, TypeError, "None"),
    ("a class", nn.Linear, TypeError, "Linear"),
    ("a function", classifier, TypeError, "function"),
    ("a dict of weights", {"weight": torch.ones(1)}, TypeError, "dict"),
]
NO_IMAGES = [
    *NO_TENSOR,
    *NO_GRADIENT,
    ("flat", IMAGES.flatten(1), ValueError, "(3, 784)"),
    ("without their channel", IMAGES[:, 0], ValueError, "(3, 28, 28)"),
    ("of two channels", torch.cat((IMAGES, IMAGES), dim=1), ValueError, "(3, 2, 28, 28)"),
    ("of another size", IMAGES[:, :, 1:], ValueError, "(3, 1, 27, 28)"),
    ("not in the model's dtype", IMAGES.double(), TypeError, "torch.float64"),
    ("on another device", IMAGES.to("meta"), ValueError, "meta"),
]
NO_LABELS = [
    *NO_TENSOR,
    ("too few", LABELS[:2], ValueError, "(2,)"),
    ("in a column", LABELS[:, None], ValueError, "(3, 1)"),
    ("one-hot", nn.functional.one_hot(LABELS, 10), ValueError, "(3, 10)"),
    ("a scalar", LABELS[0], ValueError, "()"),
    ("in int32", LABELS.int(), TypeError, "torch.int32"),
    ("in floating point", LABELS.float(), TypeError, "torch.float32"),
    ("of a class 10", LABELS + 1, ValueError, "10"),
    ("of a negative class", LABELS - 1, ValueError, "-1"),
    ("on another device", LABELS.to("meta"), ValueError, "meta"),
]
NO_CLASSIFIER = [
    ("without a linear layer", nn.Flatten(), ValueError, "none"),
    ("of five classes", classifier(5), ValueError, "(3, 5)"),
    ("that returns None", Returning(None), TypeError, "None"),
    ("that returns classes", Returning(LABELS), TypeError, "torch.int64"),
    ("in float64", classifier().double(), TypeError, "torch.float64"),
    ("on another device", classifier().to("meta"), ValueError, "meta"),
]
BOOLS = [
    ("a string", "False", TypeError, "'False'"),
    ("an int", 1, TypeError, "1"),
    ("None", None, TypeError, "None"),
]
NO_GENERATOR = [("a seed", 0, TypeError, "0"), ("a string", "cpu", TypeError, "'cpu'")]
NO_COMPARISON = [
    ("of numbers", {"one": 0.5}, TypeError, "0.5"),
    ("of lists", {"one": [0.5, 0.25]}, TypeError, "list"),
    ("without layers", {"one": {"linear1": 0.5}, "two": {}}, ValueError, "empty"),
]
NO_PATH = [
    ("None", None, TypeError, "None"),
    ("an int", 3, TypeError, "3"),
    ("bytes", b"weights.pt", TypeError, "bytes"),
    ("empty", "", ValueError, "''"),
    ("with a null", "a\0b", ValueError, r"a\x00b"),
]


def unlike(shape: tuple[int, ...]) -> list[tuple[str, Any, type, str]]:
    """What does not go with a float32 tensor of another shape."""
    right = RIGHT["objective_questions.softmax_cross_entropy_delta"]()["t"]
    like = right if shape == right.shape else torch.ones(shape)
    more = (*shape[:-1], shape[-1] + 1)
    return [
        ("of another shape", torch.ones(more), ValueError, str(more)),
        ("that would broadcast", torch.ones((1, *shape)), ValueError, str((1, *shape))),
        ("of another dtype", like.double(), TypeError, "torch.float64"),
        ("on another device", like.to("meta"), ValueError, "meta"),
    ]


def all_cases() -> Iterator[Case]:
    for module, name, *tensors in [
        ("objective_questions", "softmax_mse_delta", "y", "t"),
        ("objective_questions", "sigmoid_layer_delta", "delta", "y"),
        ("objective_questions", "euclidean_delta", "y", "t"),
        ("objective_questions", "softmax_cross_entropy_delta", "y", "t"),
        ("autograd", "gradient", "X", "M"),
        ("linear_regression", "train_epoch", "x", "y"),
    ]:
        for argument in tensors:
            yield from cases(f"{module}.{name}", argument, *NO_TENSOR, *NO_GRADIENT)
    for name, shape, argument in [
        ("softmax_mse_delta", (2, 3), "t"),
        ("sigmoid_layer_delta", (4,), "y"),
        ("euclidean_delta", (4,), "t"),
        ("softmax_cross_entropy_delta", (2, 3), "t"),
    ]:
        yield from cases(f"objective_questions.{name}", argument, *unlike(shape))
    for name in ("softmax_mse_delta", "softmax_cross_entropy_delta"):
        function = f"objective_questions.{name}"
        yield Case(function, "a scalar", "y", torch.tensor(1.0), ValueError, "()")
    yield from cases(
        "objective_questions.softmax_cross_entropy_delta",
        "t",
        ("of classes that sum to 2", torch.full((2, 3), 2 / 3), ValueError, "2"),
        ("of zeros", torch.zeros(2, 3), ValueError, "0"),
        ("negative", torch.tensor([[-1.0, 1, 1], [0, 0, 1]]), ValueError, "-1"),
        ("of zeros in one row", torch.tensor([[0.0, 0, 0], [1, 0, 0]]), ValueError, "to 0"),
        ("of two classes in one row", torch.tensor([[1.0, 0, 0], [1, 1, 0]]), ValueError, "to 2"),
        ("nan", torch.full((2, 3), torch.nan), ValueError, "nan"),
    )

    function = "objective_questions.convolution_matrix"
    yield from cases(function, "kernel", *NO_TENSOR, *NO_MATRIX)
    yield Case(function, "larger than the image", "kernel", torch.ones(5, 3), ValueError, "(5, 3)")
    yield Case(function, "wider than the image", "kernel", torch.ones(2, 6), ValueError, "(2, 6)")
    for name, counts in {
        "objective_questions.convolution_matrix": ("height", "width"),
        "objective_questions.dense_parameter_count": ("inputs", "outputs"),
        "objective_questions.convolution_parameter_count": (
            "kernel_size",
            "in_channels",
            "out_channels",
        ),
        "tensor_operations.middle": ("rows", "columns"),
        "gradient_comparison.train": ("steps",),
        "linear_regression.random_data": ("n",),
    }.items():
        for argument in counts:
            yield from cases(name, argument, *NO_COUNT)

    yield from cases(
        "tensor_operations.random_matrices",
        "shape",
        ("an int", 5, TypeError, "5"),
        ("None", None, TypeError, "None"),
        ("a string", "55", TypeError, "'55'"),
        ("of one size", (5,), ValueError, "(5,)"),
        ("of three sizes", (5, 5, 5), ValueError, "(5, 5, 5)"),
        *((f"with {wrong} in it", (2, v), kind, said) for wrong, v, kind, said in NO_COUNT),
        *((f"with {wrong} at first", (v, 2), kind, said) for wrong, v, kind, said in NO_COUNT),
    )
    yield from cases(
        "tensor_operations.random_matrices",
        "dtype",
        ("of integers", torch.int64, TypeError, "torch.int64"),
        ("complex", torch.complex64, TypeError, "torch.complex64"),
        ("float8", torch.float8_e5m2, TypeError, "torch.float8_e5m2"),
        ("a string", "float32", TypeError, "'float32'"),
        ("Python's float", float, TypeError, "float"),
        ("None", None, TypeError, "None"),
    )
    for function in ("tensor_operations.random_matrices", "linear_regression.random_data"):
        yield from cases(function, "generator", *NO_GENERATOR)

    for argument in ("A", "B"):
        yield from cases("tensor_operations.arithmetic", argument, *NO_TENSOR, *NO_MATRIX)
    yield from cases(
        "tensor_operations.arithmetic",
        "A",
        ("of bools", torch.ones(2, 2, dtype=torch.bool), TypeError, "torch.bool"),
        ("of unsigned words", torch.ones(2, 2, dtype=torch.uint16), TypeError, "torch.uint16"),
    )
    yield from cases("tensor_operations.arithmetic", "B", *unlike((2, 2)))
    for function in ("tensor_operations.flatten", "tensor_operations.middle"):
        yield from cases(function, "x", *NO_TENSOR, *NO_MATRIX)
    yield from cases(
        "tensor_operations.middle",
        "rows",
        ("more than there are", 6, ValueError, "6"),
        ("without a centre", 3, ValueError, "3"),
    )
    yield from cases(
        "tensor_operations.middle",
        "columns",
        ("more than there are", 8, ValueError, "8"),
        ("without a centre", 1, ValueError, "1"),
    )

    for argument in ("X", "M"):
        yield from cases("autograd.gradient", argument, *NO_MATRIX)
    yield from cases(
        "autograd.gradient",
        "M",
        ("with too many rows", torch.ones(4, 3), ValueError, "(4, 3)"),
        ("of another dtype", torch.ones(3, 4).double(), TypeError, "torch.float64"),
        ("on another device", torch.ones(3, 4, device="meta"), ValueError, "meta"),
    )

    function = "gradient_comparison.MLP"
    yield from cases(
        function,
        "hidden",
        ("an int", 5, TypeError, "5"),
        ("a string", "12", TypeError, "'1'"),
        ("None", None, TypeError, "None"),
        ("an iterator", iter([3]), TypeError, "iterator"),
        *((f"with {wrong} in it", (2, v), kind, said) for wrong, v, kind, said in NO_COUNT),
    )
    for argument in ("activation", "init"):
        yield from cases(
            function,
            argument,
            ("unknown", "swish", ValueError, "'swish'"),
            ("in capitals", "ReLU", ValueError, "'ReLU'"),
            ("a class", nn.ReLU, TypeError, "ReLU"),
            ("a list", ["relu"], TypeError, "['relu']"),
            ("None", None, TypeError, "None"),
        )
    yield from cases(function, "batch_norm", *BOOLS)

    for name in ("layer_gradients", "compare"):
        yield from cases(f"gradient_comparison.{name}", "images", *NO_IMAGES)
        yield from cases(f"gradient_comparison.{name}", "labels", *NO_LABELS)
    yield from cases("gradient_comparison.layer_gradients", "model", *NO_MODULE, *NO_CLASSIFIER)
    yield from cases(
        "gradient_comparison.compare",
        "variants",
        ("empty", {}, ValueError, "empty"),
        ("None", None, TypeError, "None"),
        ("a list", [classifier()], TypeError, "list"),
        ("a model", classifier(), TypeError, "Sequential"),
        *((f"of {wrong}", {"one": v}, kind, said) for wrong, v, kind, said in NO_MODULE),
    )
    yield from cases(
        "gradient_comparison.plot",
        "comparison",
        ("empty", {}, ValueError, "empty"),
        ("None", None, TypeError, "None"),
        ("a list", [("one", {"linear1": 0.5})], TypeError, "list"),
        *NO_COMPARISON,
        *((f"of {wrong}", {"1": {"a": v}}, kind, said) for wrong, v, kind, said in NO_NUMBER),
    )

    function = "gradient_comparison.train"
    yield from cases(function, "model", *NO_MODULE, *NO_CLASSIFIER)
    yield Case(function, "frozen", "model", frozen(classifier()), ValueError, "none")
    yield from cases(function, "lr", *NOT_POSITIVE)
    yield from cases(
        function,
        "loader",
        ("empty", [], ValueError, "none"),
        ("None", None, TypeError, "None"),
        ("a number", 5, TypeError, "5"),
        ("of numbers", [1, 2], TypeError, "int"),
        ("a string", "abc", TypeError, "'a'"),
        ("of images alone", [IMAGES], TypeError, "Tensor"),
        ("of three", [(IMAGES, LABELS, LABELS)], ValueError, "3"),
    )
    for argument, others in {"images": NO_IMAGES, "labels": NO_LABELS}.items():
        for wrong, value, error, said in others:
            pair = (value, LABELS) if argument == "images" else (IMAGES, value)
            yield Case(function, f"of {argument} {wrong}", "loader", [pair], error, said, argument)

    for function, argument in [
        ("linear_regression.save_weights", "path"),
        ("linear_regression.load_weights", "path"),
        ("gradient_comparison.mnist", "root"),
    ]:
        yield from cases(function, argument, *NO_PATH)
    for argument in ("train", "download"):
        yield from cases("gradient_comparison.mnist", argument, *BOOLS)
    yield from cases("linear_regression.save_weights", "model", *NO_MODULE)

    function = "linear_regression.random_data"
    for argument in LINE:
        yield from cases(function, argument, *NO_NUMBER)
    yield Case(function, "negative", "noise", -0.5, ValueError, "-0.5")

    function = "linear_regression.train_epoch"
    yield from cases(function, "model", *NO_MODULE)
    yield from cases(
        function,
        "model",
        ("without parameters", nn.Flatten(), ValueError, "none"),
        ("frozen", frozen(regression(1, 2)), ValueError, "none"),
        ("with two outputs", nn.Linear(1, 2), ValueError, "(4, 2)"),
        ("that returns None", Returning(None), TypeError, "None"),
        ("in float64", regression(1, 2).double(), TypeError, "torch.float64"),
        ("on another device", regression(1, 2).to("meta"), ValueError, "meta"),
    )
    for argument in ("x", "y"):
        yield from cases(function, argument, *NO_MATRIX)
    yield Case(function, "of two columns", "x", torch.ones(4, 2), ValueError, "(4, 2)")
    yield from cases(function, "y", *unlike((4, 1)))
    yield from cases(function, "lr", *NOT_POSITIVE)


CASES = [*all_cases()]


def function_of(solutions: Answers, name: str) -> Callable[..., Any]:
    """The function itself: what ``solutions`` looks after at each call is tested here."""
    module, _, function = name.partition(".")
    return solutions.get(module, function).target


def picture(value: Any) -> Any:
    """All of a value that a call could change, as something that can be compared."""
    if isinstance(value, Tensor):
        # As complex numbers, whatever the dtype, and with NaN equal to NaN.
        content = value.detach().to_dense().to(torch.complex128).nan_to_num(7.5)
        return value.layout, value.dtype, value.requires_grad, picture(value.grad), content
    if isinstance(value, nn.Module):
        tensors = dict(value.named_parameters()) | dict(value.named_buffers())
        return value.training, {name: picture(tensor) for name, tensor in tensors.items()}
    if isinstance(value, Mapping):
        return {name: picture(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [picture(entry) for entry in value]
    return repr(value)


def same(one: Any, other: Any) -> bool:
    if isinstance(one, Tensor):
        return one.is_meta or torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


@pytest.mark.parametrize("name", RIGHT)
def test_the_right_call_is_accepted(solutions: Answers, name: str) -> None:
    function_of(solutions, name)(**RIGHT[name]())


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_does_not_fit_is_refused_in_words(solutions: Answers, case: Case) -> None:
    """The error has the right type and names the argument and what was given. Nothing changes."""
    function, arguments = function_of(solutions, case.function), RIGHT[case.function]()
    arguments[case.argument] = case.value
    before, luck = picture(arguments), torch.get_rng_state()
    with pytest.raises(case.error) as refusal:
        function(**arguments)
    words = str(refusal.value)
    assert refusal.type is case.error, words
    # What does not fit is the subject, unless it is the other one's dtype or device that does not.
    two = re.search("of the model|on the device of", words)
    subject = words if two else words.partition(" must ")[0]
    assert re.search(rf"\b{case.part or case.argument}\b", subject), words
    assert "must be None" not in words
    assert case.given in words, words
    assert "\n" not in words
    assert same(picture(arguments), before), "an argument was changed before it was refused"
    assert torch.equal(torch.get_rng_state(), luck), "numbers were drawn before the refusal"


class Mixed(nn.Module):
    """A model with parameters of two dtypes."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(1, 1)
        self.scale = nn.Parameter(torch.ones(1, dtype=torch.float64))


class TwoLines:
    def __repr__(self) -> str:
        return "two\nlines"


SENTENCES = [
    ("tensor_operations.flatten", "x", [1], "x must be a torch.Tensor, but is of type list: [1]"),
    ("linear_regression.save_weights", "model", {}, "model must be a torch.nn.Module, but is of "),
    ("linear_regression.random_data", "n", "2", "n must be an int, but is of type str: '2'"),
    ("linear_regression.random_data", "noise", None, "noise must be a number, but is of type"),
    (
        "linear_regression.random_data",
        "generator",
        7,
        "generator must be a torch.Generator or None, but is of type int: 7",
    ),
    ("linear_regression.load_weights", "path", 3, "path must be a str or a path, but is of type"),
    ("tensor_operations.random_matrices", "shape", 5, "shape must be a pair, but is of type int"),
    ("gradient_comparison.MLP", "hidden", 5, "hidden must be a sequence of ints, but is of type"),
    ("gradient_comparison.MLP", "batch_norm", 1, "batch_norm must be True or False, but is of"),
    ("gradient_comparison.train", "loader", 5, "loader must be an iterable, but is of type int"),
    ("gradient_comparison.plot", "comparison", [1], "comparison must be a mapping, but is of type"),
    (
        "gradient_comparison.layer_gradients",
        "model",
        nn.Flatten(),
        "model must have a torch.nn.Linear among its modules, but has none",
    ),
    (
        "linear_regression.save_weights",
        "path",
        TwoLines(),
        "path must be a str or a path, but is of type TwoLines: two lines",
    ),
    (
        "linear_regression.train_epoch",
        "model",
        nn.Linear(1, 2),
        "model(x) must have the shape of y, (4, 1), but has shape (4, 2)",
    ),
]


@pytest.mark.parametrize(("function", "argument", "value", "sentence"), SENTENCES)
def test_the_sentence_reads_as_it_should(
    solutions: Answers, function: str, argument: str, value: Any, sentence: str
) -> None:
    with pytest.raises((TypeError, ValueError)) as refusal:
        function_of(solutions, function)(**{**RIGHT[function](), argument: value})
    assert str(refusal.value).startswith(sentence)


def test_a_model_of_two_dtypes_is_told_with_both(solutions: Answers) -> None:
    arguments = RIGHT["linear_regression.train_epoch"]()
    half = {"model": Mixed(), "x": arguments["x"].half(), "y": arguments["y"].half()}
    with pytest.raises(TypeError, match=r"torch\.float(32|64) or torch\.float(32|64), but has"):
        function_of(solutions, "linear_regression.train_epoch")(**half)


@pytest.mark.parametrize("size", [1000, -1e18, 2**62])
def test_a_large_number_is_a_number(solutions: Answers, size: float) -> None:
    random_data = function_of(solutions, "linear_regression.random_data")
    assert random_data(**{**RIGHT["linear_regression.random_data"](), "slope": size})


ALIKE: dict[str, Sequence[tuple[str, Any, type, str]]] = {
    "tensor_operations.arithmetic": [
        ("of bools", torch.ones(2, 2, dtype=torch.bool), TypeError, "torch.bool"),
        ("of unsigned words", torch.ones(2, 2, dtype=torch.uint16), TypeError, "torch.uint16"),
        ("not square", torch.ones(2, 3), ValueError, "(2, 3)"),
    ],
    "autograd.gradient": [
        ("of integers", torch.ones(2, 2, dtype=torch.int64), TypeError, "torch.int64"),
        ("complex", torch.ones(2, 2, dtype=torch.complex64), TypeError, "torch.complex64"),
    ],
    "objective_questions.softmax_mse_delta": NO_MATRIX[1:],
    "objective_questions.softmax_cross_entropy_delta": NO_MATRIX[1:],
    "objective_questions.euclidean_delta": NO_GRADIENT,
}


@pytest.mark.parametrize(
    ("name", "wrong"), [(name, row[0]) for name, rows in ALIKE.items() for row in rows]
)
def test_arguments_that_go_together_can_both_be_wrong(
    solutions: Answers, name: str, wrong: str
) -> None:
    """Whatever is wrong with one of them, the other is as it."""
    value, error, given = next(row[1:] for row in ALIKE[name] if row[0] == wrong)
    first, second = RIGHT[name]()
    with pytest.raises(error, match=re.escape(given)) as refusal:
        function_of(solutions, name)(**{first: value, second: value})
    assert str(refusal.value).startswith(f"{first} must")


# Files


def contents(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*.*"))}


@pytest.mark.parametrize(
    ("place", "error"),
    [
        ("", OSError),
        ("a-folder.d", OSError),
        ("missing/weights.pt", FileNotFoundError),
        ("weights.pt/weights.pt", NotADirectoryError),
        ("w" * 300, OSError),
        ("a-pipe.p", OSError),
    ],
)
def test_weights_that_cannot_be_written_leave_nothing(
    solutions: Answers, tmp_path: Path, place: str, error: type[OSError]
) -> None:
    """The error names the path; all that was in the folder is as it was, and nothing is new."""
    (tmp_path / "weights.pt").write_bytes(b"precious")
    (tmp_path / "a-folder.d").mkdir()
    os.mkfifo(tmp_path / "a-pipe.p")
    before = sorted(tmp_path.rglob("*"))
    path = tmp_path / place
    with pytest.raises(error) as refusal:
        function_of(solutions, "linear_regression.save_weights")(regression(1.0, 2.0), path)
    assert path.name in str(refusal.value)
    assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "weights.pt").read_bytes() == b"precious"


def test_a_disk_that_fills_up_is_left_as_it_was(
    solutions: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was written beside the old weights until then is removed."""

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "weights.pt").write_bytes(b"precious")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        function_of(solutions, "linear_regression.save_weights")(
            regression(1.0, 2.0), tmp_path / "weights.pt"
        )
    assert contents(tmp_path) == {"weights.pt": b"precious"}


def test_the_bytes_are_on_disk_before_they_take_the_name(
    solutions: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a loss of power could leave the name with a file of nothing."""
    path, done = tmp_path / "weights.pt", []
    replace = os.replace

    def note_replace(source: Any, target: Any) -> None:
        done.append(("replace", os.stat(source).st_size))
        replace(source, target)

    monkeypatch.setattr(os, "fsync", lambda fd: done.append(("fsync", os.fstat(fd).st_size)))
    monkeypatch.setattr(os, "replace", note_replace)
    function_of(solutions, "linear_regression.save_weights")(regression(1.0, 2.0), path)
    assert done == [("fsync", path.stat().st_size), ("replace", path.stat().st_size)]


STATE = regression(1.0, 2.0).state_dict()


def saved(value: Any, *, zipped: bool = True) -> bytes:
    file = io.BytesIO()
    torch.save(value, file, _use_new_zipfile_serialization=zipped)
    return file.getvalue()


class Hostile:
    """What unpickles to a call of print."""

    def __reduce__(self) -> tuple:
        return print, ("this was run",)


NO_WEIGHTS: dict[str, tuple[Any, str]] = {
    "nothing": (b"", "EOFError"),
    "words": (b"weight = 1, bias = 2", "Error"),
    "a tensor": (torch.ones(1, 1), "Tensor"),
    "a list": ([*STATE.values()], "list"),
    "no entry": ({}, "linear.weight"),
    "no bias": ({"linear.weight": torch.ones(1, 1)}, "linear.bias"),
    "one entry more": (STATE | {"linear.scale": torch.ones(1)}, "linear.scale"),
    "names that are numbers": ({1: torch.ones(1, 1), 2: torch.ones(1)}, "int"),
    "numbers for tensors": ({"linear.weight": 1.0, "linear.bias": 2.0}, "float"),
    "another shape": (STATE | {"linear.bias": torch.ones(2)}, "[2]"),
    "no shape": (STATE | {"linear.bias": torch.tensor(1.0)}, "[]"),
    "integers": (STATE | {"linear.bias": torch.ones(1, dtype=torch.int64)}, "int64"),
    "a sparse tensor": (STATE | {"linear.weight": torch.eye(1).to_sparse()}, "linear.weight"),
    "a tensor without values": (STATE | {"linear.bias": torch.ones(1, device="meta")}, "meta"),
    "code": (STATE | {"linear.bias": Hostile()}, "print"),
}


@pytest.mark.filterwarnings("ignore:Validating sparse tensor")
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "pickle"])
@pytest.mark.parametrize("what", NO_WEIGHTS)
def test_a_file_of_something_else_is_refused(
    solutions: Answers,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    what: str,
    zipped: bool,
) -> None:
    """The error names the path and the reason, and no word of it advises to trust the file."""
    path = tmp_path / "weights.pt"
    value, said = NO_WEIGHTS[what]
    content = value if isinstance(value, bytes) else saved(value, zipped=zipped)
    path.write_bytes(content)
    with pytest.raises(ValueError, match=re.escape(str(path))) as refusal:
        function_of(solutions, "linear_regression.load_weights")(path)
    assert said in str(refusal.value)
    assert "weights_only" not in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert path.read_bytes() == content
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("place", "said"), [("", "it is a folder"), ("none.pt", "there is no such file")]
)
def test_weights_that_are_not_there_are_refused(
    solutions: Answers, tmp_path: Path, place: str, said: str
) -> None:
    path = tmp_path / place
    with pytest.raises(FileNotFoundError, match=f"{re.escape(str(path))}.* {said}$"):
        function_of(solutions, "linear_regression.load_weights")(path)


FILES = [saved(STATE), saved(STATE, zipped=False)]


def repacked(content: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """A zip file with its pickle changed, and sums that are right again: damage that they hide."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            new.writestr(name, change(part) if name.endswith("data.pkl") else part)
    return file.getvalue()


@st.composite
def damage(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    """Cut off the end, or put other bytes in the place of some, or between them."""
    place, length = draw(st.integers(0, 2**16)), draw(st.sampled_from([0, 1, 1, 2, 4, 2**16]))
    new = draw(st.binary(max_size=4))

    def change(content: bytes) -> bytes:
        start = place % (len(content) + 1)
        return content[:start] + new + content[start + length :]

    return change


damaged = st.one_of(
    st.binary(max_size=64),
    st.tuples(damage(), st.sampled_from(FILES)).map(lambda drawn: drawn[0](drawn[1])),
    damage().map(lambda change: repacked(FILES[0], change)),
)


@pytest.mark.filterwarnings("ignore::UserWarning")
@given(content=damaged)
def test_whatever_the_bytes_they_are_weights_or_refused(solutions: Answers, content: bytes) -> None:
    """No other kind of error, and no model that cannot be applied, comes of a damaged file."""
    path = folder() / "damaged.pt"
    path.write_bytes(content)
    model = solutions.linear_regression.load_weights.outcome(path)
    if type(model) is ValueError:
        assert str(path) in str(model)
        return
    assert not isinstance(model, Exception), repr(model)
    assert {name: (p.shape, p.dtype, p.requires_grad) for name, p in model.named_parameters()} == {
        "linear.weight": ((1, 1), torch.float32, True),
        "linear.bias": ((1,), torch.float32, True),
    }
    assert model(torch.ones(2, 1)).shape == (2, 1)


def fewer(content: bytes) -> bytes:
    """An IDX file of three as one of two."""
    start = 4 + 4 * content[3]
    body = content[start:]
    return content[:4] + struct.pack(">I", 2) + content[8:start] + body[: len(body) * 2 // 3]


NO_MNIST: dict[str, Callable[[bytes], bytes | None]] = {
    "missing": lambda content: None,
    "empty": lambda content: b"",
    "cut off in its header": lambda content: content[:6],
    "cut off": lambda content: content[:-5],
    "foreign": lambda content: b"<html>404 Not Found</html>" * 100,
    "of two, not three": fewer,
}


@pytest.mark.parametrize("name", idx.FILES["train"])
@pytest.mark.parametrize("what", NO_MNIST)
def test_digits_that_cannot_be_read_are_refused(
    solutions: Answers, tmp_path: Path, what: str, name: str
) -> None:
    """The error names the folder and both ways to fill it, whatever is wrong with which file."""
    file = tmp_path / "MNIST" / "raw" / name
    shutil.copytree(folder() / "MNIST", tmp_path / "MNIST")
    content = NO_MNIST[what](file.read_bytes())
    file.unlink() if content is None else file.write_bytes(content)
    before = contents(tmp_path)
    with pytest.raises(FileNotFoundError) as refusal:
        function_of(solutions, "gradient_comparison.mnist")(tmp_path)
    told = str(refusal.value)
    assert str(tmp_path) in told
    assert told.endswith(
        "`python -m data --download`, or draw digits that need no network with "
        "`python -m data` and use data/drawn"
    )
    assert contents(tmp_path) == before


@pytest.mark.parametrize("place", ["none", "weights.pt"], ids=["no folder", "a file"])
def test_a_root_without_digits_is_refused(solutions: Answers, place: str) -> None:
    with pytest.raises(FileNotFoundError, match=place):
        function_of(solutions, "gradient_comparison.mnist")(folder() / place)
    assert not (folder() / "none").exists()


# What is unusual and yet fits


class OutputFirst(nn.Module):
    """Makes its layers in another order than it uses them, and one that it does not use."""

    def __init__(self) -> None:
        super().__init__()
        self.output, self.spare, self.hidden = nn.Linear(5, 10), nn.Linear(2, 3), nn.Linear(784, 5)

    def forward(self, images: Tensor) -> Tensor:
        return self.output(self.hidden(images.flatten(1)).relu())


def test_layers_come_in_forward_order_and_unused_ones_last(solutions: Answers) -> None:
    """In the same order, and under the same names, from all three functions."""
    model, functions = OutputFirst(), solutions.gradient_comparison
    gradients = functions.layer_gradients(model, IMAGES, LABELS)
    (history,) = functions.train(copy.deepcopy(model), [(IMAGES, LABELS)], steps=1)
    comparison = functions.compare({"it": model}, IMAGES, LABELS)["it"]
    assert [*gradients] == [*history] == [*comparison] == ["hidden", "output", "spare"]
    assert [tuple(g.shape) for g in gradients.values()] == [(5, 784), (10, 5), (3, 2)]
    assert [value > 0 for value in history.values()] == [True, True, False]
    assert history == comparison


def test_a_frozen_layer_has_a_gradient_and_stays_frozen(solutions: Answers) -> None:
    model = OutputFirst()
    frozen(model.hidden)
    layer_gradients = solutions.gradient_comparison.layer_gradients
    found = layer_gradients(model, IMAGES, LABELS)
    assert not model.hidden.weight.requires_grad
    free = layer_gradients(model.requires_grad_(), IMAGES, LABELS)
    assert all(torch.equal(found[name], free[name]) for name in free)


def test_a_loader_that_runs_dry_is_refused_when_it_does(solutions: Answers) -> None:
    """An iterator can be gone through once: its batches are used, and then it is empty."""
    model = classifier()
    outcome = solutions.gradient_comparison.train.outcome(
        model, iter([(IMAGES, LABELS)]), lr=0.5, steps=2
    )
    assert isinstance(outcome, ValueError)
    assert "loader" in str(outcome)
    assert str(outcome).endswith("none in 2")


def test_the_names_of_the_layers_count_from_1(solutions: Answers) -> None:
    MLP = solutions.gradient_comparison.MLP.target
    found = solutions.gradient_comparison.layer_gradients(MLP((3, 2)), IMAGES, LABELS)
    assert [*found] == ["linear1", "linear2", "linear3"]


def test_the_picture_counts_the_layers_from_1(solutions: Answers) -> None:
    """The axes say what they show, and a variant of one layer is a point that can be seen."""
    figure = function_of(solutions, "gradient_comparison.plot")(
        {"deep": {"a": 0.5, "b": 0.25, "c": 0.125}, "flat": {"a": 0.5}}
    )
    (axes,) = figure.axes
    assert [[*line.get_xdata()] for line in axes.lines] == [[1, 2, 3], [1]]
    assert [line.get_marker() for line in axes.lines] == ["o", "o"]
    assert [*axes.get_xticks()] == [1, 2, 3]
    assert axes.get_xlabel() == "linear layer, from input to output"
    assert axes.get_ylabel() == "mean |∂E/∂W|"


def test_digits_are_read_from_data_and_downloaded_only_if_asked(
    solutions: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def download(dataset: Any) -> None:
        asked.append(dataset.root)
        shutil.copytree(folder() / "MNIST", tmp_path / "data" / "MNIST")

    monkeypatch.setattr("torchvision.datasets.MNIST.download", download)
    monkeypatch.chdir(tmp_path)
    mnist = function_of(solutions, "gradient_comparison.mnist")
    with pytest.raises(FileNotFoundError):
        mnist()
    assert asked == []
    assert len(mnist(download=True)) == 3
    assert asked == ["data"]
    assert len(mnist()) == 3


def test_labels_that_are_too_few_are_counted(solutions: Answers, tmp_path: Path) -> None:
    two = torch.zeros(2, 28, 28, dtype=torch.uint8), LABELS[:2].to(torch.uint8)
    idx.write_dataset(tmp_path, train=two, test=two)
    raw, (images, _) = Path("MNIST", "raw"), idx.FILES["train"]
    shutil.copy(folder() / raw / images, tmp_path / raw / images)
    with pytest.raises(FileNotFoundError, match="3 images with 2 labels"):
        function_of(solutions, "gradient_comparison.mnist")(tmp_path)


def test_weights_that_were_saved_on_a_gpu_are_loaded_without_one(
    solutions: Answers, tmp_path: Path
) -> None:
    path = tmp_path / "weights.pt"
    on_gpu = repacked(
        FILES[0],
        lambda part: part.replace(b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:0"),
    )
    assert on_gpu != FILES[0]
    path.write_bytes(on_gpu)
    model = function_of(solutions, "linear_regression.load_weights")(path)
    assert {name: p.device.type for name, p in model.named_parameters()} == {
        "linear.weight": "cpu",
        "linear.bias": "cpu",
    }
    assert model(torch.ones(1, 1)).item() == 3.0
