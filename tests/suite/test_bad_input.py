"""What the reference refuses, and in which words: arguments that do not fit.

``RIGHT`` holds a call of each function that is accepted. Each row of ``TYPES`` and
``VALUES`` changes one argument of it, so that nothing else can be the reason for the refusal.
"""

import random
import tempfile
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch
from torch import Tensor, nn

from answering.own import regression
from data import idx
from judging.answers import Answers

IMAGES, LABELS = torch.linspace(-1, 1, 3 * 28 * 28).reshape(3, 1, 28, 28), torch.tensor([0, 9, 4])
ONE_HOT = torch.tensor([[0.0, 1.0, 0.0], [0.5, 0.25, 0.25]])


def classifier() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(28 * 28, 10))


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


MODULES: dict[str, dict[str, Callable[[], dict[str, Any]]]] = {
    "objective_questions": {
        "answers": dict,
        "softmax_mse_delta": lambda: {"y": torch.rand(2, 3), "t": torch.rand(2, 3)},
        "sigmoid_layer_delta": lambda: {"delta": torch.rand(4), "y": torch.rand(4)},
        "euclidean_delta": lambda: {"y": torch.rand(2, 1, 4), "t": torch.rand(2, 1, 4)},
        "softmax_cross_entropy_delta": lambda: {"y": torch.rand(2, 3), "t": ONE_HOT},
        "convolution_matrix": lambda: {"kernel": torch.rand(2, 3), "height": 4, "width": 5},
        "dense_parameter_count": lambda: {"inputs": 3, "outputs": 2},
        "convolution_parameter_count": lambda: {
            "kernel_size": 3,
            "in_channels": 1,
            "out_channels": 2,
        },
    },
    "tensor_operations": {
        "random_matrices": lambda: {"shape": (2, 3), "dtype": torch.float64, "generator": None},
        "arithmetic": lambda: {"A": torch.rand(2, 2), "B": torch.rand(2, 2)},
        "flatten": lambda: {"x": torch.rand(2, 3)},
        "middle": lambda: {"x": torch.rand(4, 6), "rows": 2, "columns": 4},
    },
    "autograd": {"gradient": lambda: {"X": torch.rand(2, 3), "M": torch.rand(3, 4)}},
    "gradient_comparison": {
        "mnist": lambda: {"root": folder(), "train": False, "download": False},
        "MLP": lambda: {"hidden": (3, 2), "activation": "tanh", "init": "he", "batch_norm": True},
        "layer_gradients": lambda: {"model": classifier(), "images": IMAGES, "labels": LABELS},
        "train": lambda: {"model": classifier(), "loader": [(IMAGES, LABELS)], "lr": 1, "steps": 2},
        "compare": lambda: {"variants": {"a": classifier()}, "images": IMAGES, "labels": LABELS},
        "plot": lambda: {"comparison": {"one": {"linear1": 0.5, "linear2": 1}}},
    },
    "linear_regression": {
        "LinearRegression": dict,
        "random_data": lambda: {"n": 3, "slope": 2, "intercept": 1.0, "noise": 0.5},
        "train_epoch": lambda: {
            "model": regression(1.0, 2.0),
            "x": torch.rand(4, 1),
            "y": torch.rand(4, 1),
            "lr": 0.5,
        },
        "save_weights": lambda: {"model": regression(1.0, 2.0), "path": folder() / "saved.pt"},
        "load_weights": lambda: {"path": str(folder() / "weights.pt")},
    },
}
RIGHT: dict[str, tuple[str, Callable[[], dict[str, Any]]]] = {
    name: (module, call) for module, calls in MODULES.items() for name, call in calls.items()
}

NO_FLOATS = [[[1.0, 2.0]], numpy.ones((2, 3)), torch.ones(2, 3, dtype=torch.int64), None]
TYPES: dict[str, list[tuple[str, list[Any]]]] = {
    "softmax_mse_delta": [("y", [*NO_FLOATS, torch.tensor(1.0)]), ("t", [torch.rand(1, 3)])],
    "sigmoid_layer_delta": [("delta", NO_FLOATS), ("y", [*NO_FLOATS, torch.rand(1, 4)])],
    "euclidean_delta": [("y", NO_FLOATS), ("t", [*NO_FLOATS, torch.rand(2, 4)])],
    "softmax_cross_entropy_delta": [("y", NO_FLOATS), ("t", [LABELS, torch.rand(2, 4)])],
    "convolution_matrix": [("kernel", [*NO_FLOATS, torch.rand(3)]), ("height", [4.0, "4", None])],
    "dense_parameter_count": [("inputs", [2.0, "2", None]), ("outputs", [torch.tensor(2)])],
    "convolution_parameter_count": [("kernel_size", [(3, 3)]), ("in_channels", [None])],
    "random_matrices": [
        ("shape", [5, (5,), (5, 5, 5), (5, 2.0), "55"]),
        ("dtype", [float, "float32"]),
        ("generator", [0]),
    ],
    "arithmetic": [
        ("A", [torch.rand(2, 3), torch.ones(2, 2, dtype=torch.bool), [[1.0]]]),
        ("B", [torch.rand(3, 3), torch.rand(2), 2.0]),
    ],
    "flatten": [("x", [torch.rand(3), torch.rand(2, 2, 2), [[1.0]], None])],
    "middle": [("x", [torch.rand(3), [[1.0]]]), ("rows", [2.0, None]), ("columns", ["4"])],
    "gradient": [
        ("X", [*NO_FLOATS, torch.rand(3), torch.ones(2, 3, dtype=torch.complex64)]),
        ("M", [*NO_FLOATS, torch.rand(4, 3), torch.rand(3)]),
    ],
    "mnist": [("root", [None, 3]), ("train", [1, "no"]), ("download", [None])],
    "MLP": [
        ("hidden", [5, ("3",), None]),
        ("activation", ["ReLU", nn.ReLU]),
        ("init", ["uniform", None]),
        ("batch_norm", [1]),
    ],
    "layer_gradients": [
        ("model", [None, nn.Linear, lambda images: images]),
        ("images", [*NO_FLOATS, IMAGES[:, 0], IMAGES.flatten(1), IMAGES[:, :, 1:]]),
        ("labels", [LABELS[:2], LABELS[:, None], LABELS.int(), LABELS.float(), [0, 9, 4]]),
    ],
    "train": [
        ("model", [None, nn.Linear]),
        ("loader", [None, 5]),
        ("lr", ["0.1"]),
        ("steps", [2.0]),
    ],
    "compare": [
        ("variants", [[classifier()], classifier(), {"a": None}, {1: classifier()}]),
        ("images", [IMAGES[:, 0]]),
        ("labels", [LABELS[:2]]),
    ],
    "plot": [("comparison", [[("one", {"linear1": 0.5})], {"one": [0.5]}, {"one": {"a": "1"}}])],
    "random_data": [("n", [3.0, None]), ("slope", ["2"]), ("noise", [None]), ("generator", [0])],
    "train_epoch": [
        ("model", [None, nn.Linear]),
        ("x", [*NO_FLOATS, torch.rand(4), torch.rand(4, 2)]),
        ("y", [torch.rand(5, 1), torch.rand(4), torch.ones(4, 1, dtype=torch.int64)]),
        ("lr", ["0.1"]),
    ],
    "save_weights": [("model", [None, {"weight": torch.ones(1)}]), ("path", [None, 3])],
    "load_weights": [("path", [None, 3])],
}
"""Function → argument → what its type does not admit."""

VALUES: list[tuple[str, str, Any, str]] = [
    ("softmax_cross_entropy_delta", "t", torch.full((2, 3), 2 / 3), "sum to 1.*2 to 2"),
    (
        "softmax_cross_entropy_delta",
        "t",
        torch.tensor([[1.0, 0, 0], [0, 0, 0]]),
        "sum to 1.*0 to 1",
    ),
    ("softmax_cross_entropy_delta", "t", torch.tensor([[-1.0, 1, 1], [0, 0, 1]]), "negative.* -1"),
    ("softmax_cross_entropy_delta", "t", torch.full((2, 3), torch.nan), "nan"),
    ("convolution_matrix", "kernel", torch.ones(5, 3), r"kernel.*\(5, 3\).*\(4, 5\)"),
    ("convolution_matrix", "width", 2, r"kernel.*\(2, 3\).*\(4, 2\)"),
    ("middle", "rows", 6, r"rows=6, columns=4 does not fit into x of shape \(4, 6\)"),
    ("middle", "columns", 8, r"rows=2, columns=8 does not fit into x of shape \(4, 6\)"),
    ("middle", "rows", 3, "rows=3, columns=4 has no exact centre"),
    ("middle", "columns", 1, "rows=2, columns=1 has no exact centre"),
    ("layer_gradients", "labels", LABELS + 1, "labels go from 1 to 10"),
    ("layer_gradients", "labels", LABELS - 1, "labels go from -1 to 8"),
    ("train", "loader", [], "loader must give at least one batch"),
    ("train", "loader", iter([(IMAGES, LABELS)]), "loader must give at least one batch"),
    ("train", "loader", [(IMAGES, LABELS + 1)], "labels go from 1 to 10"),
    ("plot", "comparison", {}, "comparison must hold"),
    ("random_data", "noise", -0.5, "noise must not be negative, but is -0.5"),
]
"""What a type admits and the function refuses: function, argument, value, words of the error."""


def function_of(solutions: Answers, name: str) -> Callable[..., Any]:
    """The function itself: what ``solutions`` looks after at each call is tested here."""
    return getattr(import_module(f"solutions.{RIGHT[name][0]}"), name)


def luck() -> tuple[Any, list[int]]:
    """The state of Python's and of torch's random numbers."""
    return random.getstate(), torch.get_rng_state().tolist()


@pytest.mark.parametrize("name", RIGHT)
def test_the_right_call_is_accepted(solutions: Answers, name: str) -> None:
    """And to check it draws none of the caller's random numbers."""
    function, before = function_of(solutions, name), random.getstate()
    function(**RIGHT[name][1]())
    assert random.getstate() == before


@pytest.mark.skipif(not __debug__, reason="beartype checks nothing under python -O")
@pytest.mark.parametrize(
    ("name", "argument", "value"),
    [(name, arg, v) for name, rows in TYPES.items() for arg, values in rows for v in values],
)
def test_what_its_type_does_not_admit_is_refused(
    solutions: Answers, name: str, argument: str, value: Any
) -> None:
    with pytest.raises(TypeError, match=rf"{name}\b[^\n]*\n[^\n]*parameter '{argument}'"):
        function_of(solutions, name)(**{**RIGHT[name][1](), argument: value})


@pytest.mark.parametrize(("name", "argument", "value", "words"), VALUES)
def test_what_no_type_can_say_is_refused(
    solutions: Answers, name: str, argument: str, value: Any, words: str
) -> None:
    arguments, before = RIGHT[name][1](), luck()
    with pytest.raises(ValueError, match=words) as refusal:
        function_of(solutions, name)(**{**arguments, argument: value})
    assert "\n" not in str(refusal.value)
    assert luck() == before, "numbers were drawn before the refusal"


# What is unusual and yet fits


class OutputFirst(nn.Module):
    """Makes its layers in another order than it uses them, and one that it does not use."""

    def __init__(self) -> None:
        super().__init__()
        self.output, self.spare, self.hidden = nn.Linear(5, 10), nn.Linear(2, 3), nn.Linear(784, 5)

    def forward(self, images: Tensor) -> Tensor:
        return self.output(self.hidden(images.flatten(1)).relu())


def test_layers_come_in_forward_order_and_unused_ones_last(solutions: Answers) -> None:
    """In the same order, and under the same names, from all three functions; frozen ones, too."""
    model, functions = OutputFirst(), solutions.gradient_comparison
    model.hidden.requires_grad_(False)
    gradients = functions.layer_gradients(model, IMAGES, LABELS)
    comparison = functions.compare({"it": model}, IMAGES, LABELS)["it"]
    assert not model.hidden.weight.requires_grad
    (history,) = functions.train(model.requires_grad_(), [(IMAGES, LABELS)], steps=1)
    assert [*gradients] == [*history] == [*comparison] == ["hidden", "output", "spare"]
    assert [tuple(g.shape) for g in gradients.values()] == [(5, 784), (10, 5), (3, 2)]
    assert [value > 0 for value in history.values()] == [True, True, False]
    assert history == comparison


def test_the_names_of_the_layers_count_from_1(solutions: Answers) -> None:
    model = solutions.gradient_comparison.MLP((3, 2))
    found = solutions.gradient_comparison.layer_gradients(model, IMAGES, LABELS)
    assert [*found] == ["linear1", "linear2", "linear3"]


def test_the_picture_counts_the_layers_from_1(solutions: Answers) -> None:
    """The axes say what they show, and a variant of one layer is a point that can be seen."""
    figure = function_of(solutions, "plot")(
        {"deep": {"a": 0.5, "b": 0.25, "c": 0.125}, "flat": {"a": 0.5}}
    )
    (axes,) = figure.axes
    assert [[*line.get_xdata()] for line in axes.lines] == [[1, 2, 3], [1]]
    assert [line.get_marker() for line in axes.lines] == ["o", "o"]
    assert [*axes.get_xticks()] == [1, 2, 3]
    assert axes.get_xlabel() == "linear layer, from input to output"
    assert axes.get_ylabel() == "mean |∂E/∂W|"
