"""A name is a claim: a known mistake is named where an answer makes it, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

import catalogue  # noqa: F401 - importing it enters the known mistakes
from homework import MODULES
from judging.answers import Answers
from judging.checks import REGISTER
from judging.diagnosis import Diagnosis, alike, diagnose
from judging.known import MISTAKES
from judging.trial import concerned, rejection

for module in MODULES:  # importing the checks registers them
    import_module(f"tests.test_{module}")

EVERY = 12
"""One in so many known mistakes is given to the diagnosis: all of them take minutes."""


def diagnosis(answers: Answers, place: str, wrong: Callable[..., Any]) -> Diagnosis:
    """What is said of an answer that nobody has listed, where a check first rejects it."""
    learner = answers.trying(SimpleNamespace(name="", replaced={place: wrong}))
    checks = [check for check in REGISTER.values() if check.function == place]
    found = rejection(checks, learner)
    assert found
    check, case, why = found
    return diagnose(check, learner, case, why)


@pytest.mark.parametrize("name", [*MISTAKES][::EVERY])
def test_a_known_mistake_is_named(name: str, solutions: Answers) -> None:
    mistake = MISTAKES[name]
    learner = solutions.trying(mistake)
    checks = [c for c in concerned(mistake, solutions) if c.exercise == mistake.exercise]
    found = rejection(checks, learner)
    if found is None:  # prose that is left to a human reader, and so is its name
        assert mistake.exercise == "1.6"
        return
    check, case, why = found
    said = diagnose(check, learner, case, why)
    # What needs a process for each case, or trains, may take too long to be sure; a name is never
    # wrong.
    parts = {place.partition(".")[2] for place in mistake.replaced}
    dear = parts & {"save_weights", "load_weights", "train", "train_epoch"}
    assert mistake in said.mistakes or (dear and not said.mistakes)


def cropped(x: Tensor, rows: int = 4, columns: int = 2) -> Tensor:
    """x[a:-a, b:-b] is x[1:-1, 1:-1] wherever one row and one column are cut off."""
    if rows > x.shape[0] or columns > x.shape[1]:
        raise ValueError("too large")
    a, b = (x.shape[0] - rows) // 2, (x.shape[1] - columns) // 2
    return x[a:-a, b:-b]


def squared_noise(
    n: int = 64, *, slope: float, intercept: float, noise: float, generator: Any = None
) -> tuple[Tensor, Tensor]:
    """noise² is slope · noise wherever slope = noise."""
    x = torch.randn(n, 1, generator=generator)
    return x, slope * x + intercept + noise**2 * torch.randn(n, 1, generator=generator)


def bessel(y: Tensor, t: Tensor) -> Tensor:
    """The mean over K − 1 entries is the sum wherever K = 2."""
    right = torch.autograd.functional.jacobian(
        lambda y: ((y.softmax(-1) - t) ** 2).sum() / max(y.numel() - 1, 1), y
    )
    assert isinstance(right, Tensor)
    return right


@pytest.mark.parametrize(
    ("place", "wrong"),
    [
        ("tensor_operations.middle", cropped),
        ("linear_regression.random_data", squared_noise),
        ("objective_questions.softmax_mse_delta", bessel),
    ],
)
def test_what_agrees_with_a_mistake_on_some_cases_is_not_it(
    place: str, wrong: Callable[..., Any], solutions: Answers
) -> None:
    assert diagnosis(solutions, place, wrong).mistakes == ()


def test_what_words_do_not_tell_apart_the_results_do(solutions: Answers) -> None:
    """A network whose scores are wrong in a way of its own has no known mistake."""

    class Off(torch.nn.Module):
        def __init__(self, hidden: Any = (128,) * 4, **options: Any) -> None:
            super().__init__()
            from solutions.gradient_comparison import MLP

            self.inner = MLP(hidden, **options)

        def forward(self, x: Tensor) -> Tensor:
            return self.inner(x) * 1.25

    assert diagnosis(solutions, "gradient_comparison.MLP", Off).mistakes == ()


def test_results_are_alike_but_for_their_rounding() -> None:
    x = torch.linspace(1, 2, 5)
    assert alike(x, x * (1 + 1e-6))
    assert not alike(x, x * 1.01)
    assert not alike(x, x.double())
    assert alike([1, 2.0, float("nan")], [1, 2.0 + 1e-12, float("nan")])
    assert not alike([1, 2.0], [1, 2])
    assert not alike({"a": x}, {"b": x})
    assert alike(torch.empty(0), torch.empty(0))
