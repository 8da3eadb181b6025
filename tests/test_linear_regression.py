"""2.5: a linear model is built, trained, saved, loaded and applied.

Nothing is asserted here, so nothing has to be rewritten: PYTEST_DONT_REWRITE
"""

import io
import math
import os
import shutil
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from answering.own import LinearRegression, regression
from answering.values import same_bits
from judging.answers import Answers
from judging.chance import SIDE, independent, unordered
from judging.checks import check
from judging.choices import Draw, booleans, composite, integers, now_and_then, sampled_from
from judging.evidence import show_lines, show_scatter, show_table, wanted
from judging.live import Network
from judging.networks import Condition
from judging.oracles import gamma
from judging.sides import Outcome, Raised
from judging.strategies import floats, lattice, seeds
from judging.verdict import (
    Wrong,
    drawn,
    drawn_from_torchs_own,
    equal,
    holds,
    near,
    refuses,
    same_form,
    shown,
    within,
    wrong,
)


def new_path(solutions: Answers, name: str = "weights.pt") -> Path:
    """A path in an empty folder, so that what is left beside it can be seen.

    It is the same in every case, for two answers that fail alike should be told in the same words.
    """
    folder = solutions.scratch / "in"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder / name


def network(value: Any) -> Network:
    """The value if it is a torch.nn.Module that can be trained, or Wrong."""
    if not isinstance(value, Network):
        wrong(value, "an instance of torch.nn.Module")
    for name, parameter in value.parameters().items():
        holds(
            parameter.dtype == torch.float32,
            f"returned a model whose {name} is {parameter.dtype}",
            "a model in float32, as PyTorch makes it",
        )
        holds(
            parameter.requires_grad and parameter.grad is None,
            f"returned a model whose {name} "
            f"{'has a .grad already' if parameter.requires_grad else 'requires no gradient'}",
            "a new model, whose parameters can be trained",
        )
    more = [*value.buffers(), *value.hooks()]
    holds(not more, f"returned a model with {shown(more)} besides", "weight and bias alone")
    return value


def weights_of(model: Network) -> dict[str, float]:
    """The w and b of a model like the contract's, or Wrong."""
    found = model.parameters()
    expected = {"linear.weight": (1, 1), "linear.bias": (1,)}
    shapes = {name: tuple(value.shape) for name, value in found.items()}
    holds(
        shapes == expected,
        f"returned a model with the parameters {shown(shapes)}",
        f"the parameters {shown(expected)}: torch.nn.Linear(1, 1) named linear",
    )
    return {name: value.item() for name, value in found.items()}


def file_of(value: Any, *, zipped: bool = True) -> bytes:
    """What torch.save writes."""
    file = io.BytesIO()
    torch.save(value, file, _use_new_zipfile_serialization=zipped)
    return file.getvalue()


def put(path: Path, content: bytes) -> None:
    """Write a file where an answer can write, too: never through a link that it left there."""
    if os.open not in os.supports_dir_fd:
        path.unlink(missing_ok=True)
        path.write_bytes(content)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        with suppress(FileNotFoundError):
            os.unlink(path.name, dir_fd=folder)
        new = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(path.name, new, 0o600, dir_fd=folder), "wb") as file:
            file.write(content)
    finally:
        os.close(folder)


def left_in(path: Path) -> bytes | None:
    """What a file holds, read once, or None where there is no plain file of a fitting size."""
    try:
        where = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | NONBLOCKING)
    except OSError:
        return None
    status = os.fstat(where)
    if not stat.S_ISREG(status.st_mode) or status.st_size > MOST_WEIGHTS:
        os.close(where)
        return None
    with os.fdopen(where, "rb") as file:
        return file.read(MOST_WEIGHTS)


NONBLOCKING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
MOST_WEIGHTS = 2**22
"""Bytes of a file of weights that are read: two numbers take two thousand."""


def state_in(solutions: Answers, content: bytes) -> Any:
    """What torch.load reads from the bytes. Wrong if it is more than weights."""
    outcome = solutions.weights(content)
    if outcome.raised or outcome.ended or outcome.unfit:
        why = outcome.raised or outcome.ended or outcome.unfit
        raise Wrong(
            f"wrote a file that holds more than weights, or none: {str(why)[:200]}",
            "the state dict alone: torch.save(model.state_dict(), …)",
        )
    return outcome.result


quarters = integers(-8, 8).map(lambda k: k / 4)

COUNTS = [15, 16, 17, 31, 32, 33, 63, 65, 100, 127, 128, 129, 255, 256, 257, 999, 1000, 1025, 5000]
"""Numbers of examples beyond the few that shrink nicely."""


def column(n: int, seed: int, most: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Integers from −most to most, (n, 1)."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(-most, most + 1, (n, 1), generator=generator).to(dtype)


@check("2.5", "LinearRegression")
def test_the_model_is_one_linear_layer(solutions: Answers) -> None:
    """A torch.nn.Module whose only parameters are those of nn.Linear(1, 1), named linear."""
    model = network(solutions.linear_regression.LinearRegression())
    found = {name: tuple(p.shape) for name, p in model.parameters().items()}
    expected = {"linear.weight": (1, 1), "linear.bias": (1,)}
    is_linear, leaves = model.is_linear_regression(), model.leaves()
    holds(
        found == expected and is_linear,
        f"built a model with the parameters {shown(found)}, whose linear is "
        f"{'a' if is_linear else 'no'} torch.nn.Linear",
        f"the parameters {shown(expected)} and no others: torch.nn.Linear(1, 1) named linear",
    )
    holds(len(leaves) == 1, f"built a model of the layers {leaves}", "one layer, torch.nn.Linear")


@check(
    "2.5",
    "LinearRegression",
    w=quarters,
    b=quarters,
    scale=sampled_from([1.0, 2.0**40, 1.0, 2.0**-40]),
    n=now_and_then(integers(1, 6), sampled_from(COUNTS), 3),
    seed=seeds,
)
def test_the_model_computes_w_x_plus_b(
    solutions: Answers, w: float, b: float, scale: float, n: int, seed: int
) -> None:
    """forward(x) = w·x + b for x of shape (n, 1), exactly on integers, and so is its gradient."""
    model = network(solutions.linear_regression.LinearRegression())
    weights_of(model)
    # All of one scale, a power of two: nothing is rounded.
    w, b, x, upstream = w * scale, b * scale, column(n, seed, 16), column(n, seed + 1, 4)
    with solutions.calling(f"model(x) with w = {w:g}, b = {b:g} and x = {shown(x)}"):
        model.fill(weight=w, bias=b)
        equal(model(x), w * x + b, "w·x + b")
        through = model.backward(x, upstream)
        for name, expected in (
            ("linear.weight", (upstream * x).sum().reshape(1, 1)),
            ("linear.bias", upstream.sum().reshape(1)),
        ):
            if through.get(name) is None:
                raise Wrong(f"hands no gradient back to {name}", "an output autograd can follow")
            equal(
                through[name],
                expected,
                f"∂/∂{name} of Σ u·model(x) with u = {shown(upstream)}",
                said=f"hands back to {name} ",
            )


@check("2.5", "LinearRegression")
def test_each_model_has_parameters_of_its_own(solutions: Answers) -> None:
    """Two models share nothing."""
    made = [network(solutions.linear_regression.LinearRegression()) for _ in range(2)]
    before = weights_of(made[1])
    made[0].add(1)
    holds(
        weights_of(made[1]) == before,
        "returned a model whose change reached another one",
        "a layer of its own for each model, made in __init__",
    )


@check("2.5", "LinearRegression")
def test_each_model_is_a_new_one(solutions: Answers) -> None:
    """What becomes of one model does not reach the models that are made before and after it."""
    models = [network(solutions.linear_regression.LinearRegression()) for _ in range(3)]
    before = [weights_of(model) for model in models]
    models[1].add(1)
    for which in (0, 2):
        holds(
            weights_of(models[which]) == before[which],
            "returned a model whose weights are those of another one, too",
            "a new model in each call, with parameters of its own",
        )


def two_columns(pair: Any, n: int) -> tuple[Tensor, Tensor]:
    """The pair (x, y), both (n, 1) and float32, or Wrong."""
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        wrong(pair, "a pair of tensors (x, y)")
    for value in pair:
        same_form(value, (n, 1), torch.float32, "x and y, one row for each example")
        holds(
            not value.requires_grad,
            "returned data that require a gradient",
            "plain numbers: it is the weights that are trained",
        )
    return pair[0], pair[1]


def data(solutions: Answers, n: int, seed: int, **asked: float) -> tuple[Tensor, Tensor]:
    """n examples x and y of this line, from a generator with this seed, or Wrong."""
    source = torch.Generator().manual_seed(seed)
    return two_columns(solutions.linear_regression.random_data(n, **asked, generator=source), n)


sizes_of_all_kinds = integers(-199, 199).map(lambda k: math.copysign(1.5 ** (abs(k) - 100), k))
"""Numbers of either sign from 1.5^-100 to 1.5^99, their exponents spread evenly."""

coefficients = now_and_then(quarters, sizes_of_all_kinds, 3)
counts = now_and_then(
    integers(2, 40), sampled_from([*COUNTS, 2**16 - 1, 2**16, 2**16 + 1, 10**5]), 4
)


@check("2.5", "random_data", n=counts, slope=coefficients, intercept=coefficients, seed=seeds)
def test_data_without_noise_lie_on_the_line(
    solutions: Answers, n: int, slope: float, intercept: float, seed: int
) -> None:
    """With noise 0, y = slope·x + intercept, and the x differ."""
    x, y = data(solutions, n, seed, slope=slope, intercept=intercept, noise=0.0)
    holds(bool(x.isfinite().all()), "returned x that are no finite numbers", "numbers")
    holds(x.unique().numel() > 1, "returned x that are all the same", "random x")
    # Slope and intercept in float32, one product and two sums, each rounded once.
    bound = gamma(5, x.dtype) * (abs(slope) * x.double().abs() + abs(intercept))
    within(y, slope * x.double() + intercept, bound, "slope·x + intercept", torch.float32)


@check("2.5", "random_data", slope=quarters, intercept=quarters, seed=seeds)
def test_data_with_noise_scatter_about_the_line(
    solutions: Answers, slope: float, intercept: float, seed: int
) -> None:
    """With noise, the 64 residuals are not 0, and lie on both sides of the line."""
    x, y = two_columns(
        solutions.linear_regression.random_data(
            slope=slope,
            intercept=intercept,
            noise=1.0,
            generator=torch.Generator().manual_seed(seed),
        ),
        64,
    )
    residuals = y - (slope * x + intercept)
    # All 64 errors on one side happens once in 2^63 draws of a symmetric distribution.
    holds(
        bool((residuals > 0).any() and (residuals < 0).any()),
        f"returned residuals from {residuals.min():.3g} to {residuals.max():.3g}",
        "errors on both sides of the line slope·x + intercept, since noise is not 0",
    )
    # Residuals that are c·x lie on a line of their own; y is rounded to within γ_4 of its terms.
    pivot = int(x.abs().argmax())
    c = residuals[pivot] / x[pivot]
    rounding = gamma(8, x.dtype) * (abs(slope) + abs(intercept) + x.abs() + 1)
    holds(
        bool(((residuals - c * x).abs() > rounding * (1 + c.abs())).any()),
        f"returned residuals that are {c.item():.3g}·x, so that all points lie on one line",
        "errors that do not depend on x",
    )


@check(
    "2.5",
    "random_data",
    cost=3,
    n=now_and_then(sampled_from([4096]), sampled_from([1000, 1025, 10_000, 2**16 + 1]), 3),
    slope=quarters,
    intercept=quarters,
    noise=now_and_then(sampled_from([2.0, 0.5, 1.0, 4.0]), sampled_from([0.01, 0.1, 30.0, 1e5]), 3),
    seed=seeds,
)
def test_noise_is_the_standard_deviation_of_the_errors(
    solutions: Answers, n: int, slope: float, intercept: float, noise: float, seed: int
) -> None:
    """On many examples the errors have mean 0 and their mean square is noise²."""
    x, y = data(solutions, n, seed, slope=slope, intercept=intercept, noise=noise)
    errors = y.double() - (slope * x.double() + intercept)
    # As for the weights of 2.4: eight standard deviations do not happen by chance. y is rounded to
    # within γ_5 of its terms, which moves the mean by that and a mean square by twice its product.
    terms = abs(slope) * x.double().abs() + abs(intercept) + errors.abs()
    rounding = gamma(5, x.dtype) * float(terms.square().mean().sqrt())
    size = float(errors.square().mean().sqrt())
    near(
        float(errors.mean()),
        0.0,
        8 * noise / math.sqrt(n) + rounding,
        "the mean of y − (slope·x + intercept)",
        said="returned errors whose mean is ",
    )
    near(
        float((errors**2).mean()),
        noise**2,
        8 * math.sqrt(2 / n) * noise**2 + 2 * rounding * size + rounding**2,
        f"noise², the mean square of y − (slope·x + intercept), with noise={noise:g}",
        said="returned errors whose mean square is ",
    )


@check("2.5", "random_data", n=sampled_from([8, 1025, 8, 100]), seed=seeds)
def test_data_come_from_the_generator(solutions: Answers, n: int, seed: int) -> None:
    """One seed gives the same data, another seed others."""
    random_data = solutions.linear_regression.random_data
    # The x may be the same every time, evenly spaced for instance; the errors may not.
    drawn(
        lambda source: two_columns(
            random_data(n, slope=1.0, intercept=0.0, noise=0.5, generator=source), n
        ),
        "xy",
        seed,
        anew="y",
    )


@check("2.5", "random_data", cost=5, seed=seeds)
def test_data_come_from_torchs_own_generator_if_there_is_no_other(
    solutions: Answers, seed: int
) -> None:
    """Without a generator torch.manual_seed decides the data, and each call has new errors."""
    random_data = solutions.linear_regression.random_data
    drawn_from_torchs_own(
        lambda: two_columns(random_data(8, slope=1.0, intercept=0.0, noise=0.5), 8),
        lambda own, others: solutions.seed(seed + own, seed + others),
        "xy",
        anew="y",
    )


@check("2.5", "random_data", cost=2, seed=seeds, own=booleans())
def test_the_errors_are_independent(solutions: Answers, seed: int, own: bool) -> None:
    """No error follows from an x, from another error, or from one of the call before."""
    n = SIDE * SIDE
    source = {"generator": torch.Generator().manual_seed(seed)} if own else {}
    calls = []
    for _ in range(2):
        # With slope 1/2 and the noise so large, y − x/2 is the error to within 2⁻²⁰ of it.
        x, y = two_columns(
            solutions.linear_regression.random_data(
                n, slope=0.5, intercept=0.0, noise=1024.0, **source
            ),
            n,
        )
        calls.append((x.double(), y.double() - x.double() / 2))
    (x, errors), (_, others) = calls
    squares = [one.reshape(SIDE, SIDE) for one in (x, errors, others)]
    independent("x and errors", squares[0], squares[1])
    independent("errors and those of the next call", squares[1], squares[2])
    unordered("errors", squares[1])


@composite
def dyadic_epochs(draw: Draw) -> tuple[float, float, Tensor, Tensor, float]:
    """w, b, x, y and lr for which two epochs round nothing: integers over powers of two.

    In float32 the largest sum is one of 1,024 squares of at most (12 + 2 + 6)², in sixteenths: less
    than 2^23 of them.
    """
    n = draw(now_and_then(sampled_from([2, 4, 1, 8]), sampled_from([16, 32, 64, 256, 1024]), 6))
    dtype = draw(floats)
    w, b = draw(quarters), draw(quarters)
    if n > 8:
        x, y = (column(n, draw(seeds), 6, dtype) for _ in "xy")
    else:
        x, y = (draw(lattice((n, 1), dtype, most=6)) for _ in "xy")
    return w, b, x, y, draw(sampled_from([1 / 8, 1 / 2, 1 / 4]))


def step(w: float, b: float, x: Tensor, y: Tensor, lr: float) -> tuple[float, float, float]:
    """E = mean((w·x + b − y)²) and the w and b after one step of gradient descent on it."""
    x, y = x.double(), y.double()
    error = w * x + b - y
    return (
        float((error**2).mean()),
        w - lr * 2 * float((error * x).mean()),
        b - lr * 2 * float(error.mean()),
    )


def judge_weights(model: Any, w: float, b: float, bound: float, formula: str) -> None:
    for name, parameter, expected in (
        ("w", model.linear.weight, w),
        ("b", model.linear.bias, b),
    ):
        found = parameter.detach().double().item()
        holds(
            bool(abs(found - expected) <= bound),
            f"left {name} = {found:.9g}",
            f"{name} = {expected:.9g}: {formula}",
        )


STEP = "one step w ← w − lr·∂E/∂w and b ← b − lr·∂E/∂b on E = mean((w·x + b − y)²)"


@check("2.5", "train_epoch", epoch=dyadic_epochs(), had=booleans())
def test_an_epoch_is_one_exact_step(
    solutions: Answers, epoch: tuple[float, float, Tensor, Tensor, float], had: bool
) -> None:
    """On dyadic data the loss returned and the weights after the step are exact."""
    w, b, x, y, lr = epoch
    model = regression(w, b).to(x.dtype)
    if had:
        for parameter in model.parameters():
            parameter.grad = torch.full_like(parameter, 3.0)
    condition = Condition(model)
    loss, w1, b1 = step(w, b, x, y, lr)
    returned = solutions.linear_regression.train_epoch(model, x, y, lr=lr)
    near(returned, loss, 0.0, f"mean((w·x + b − y)²) before the step, at w = {w:g}, b = {b:g}")
    judge_weights(model, w1, b1, 0.0, f"{STEP}, from w = {w:g}, b = {b:g}")
    condition.judge_form(model)


@check(
    "2.5",
    "train_epoch",
    n=now_and_then(integers(1, 9), sampled_from(COUNTS), 3),
    dtype=floats,
    seed=seeds,
    size=sampled_from([1.0, 1e-6, 1e-3, 10.0, 1e3, 1e6]),
    lr=sampled_from([0.1, 1e-7, 0.003, 1, 0.7, 2, 1e4]),
)
def test_an_epoch_is_one_step_whatever_the_data(
    solutions: Answers, n: int, dtype: torch.dtype, seed: int, size: float, lr: float
) -> None:
    """Any number of examples, data of any size and any lr: to within the rounding of its sums."""
    generator = torch.Generator().manual_seed(seed)
    x, y = size * torch.randn(2, n, 1, generator=generator, dtype=dtype)
    w, b = torch.randn(2, generator=generator).tolist()
    model = regression(w, b).to(dtype)
    loss, w1, b1 = step(w, b, x, y, lr)
    returned = solutions.linear_regression.train_epoch(model, x, y, lr=lr)
    # An error w·x + b − y comes within γ_3 of its terms s, its square within γ_7 of s², and a mean
    # of n such within γ_(n + 1) more; so do the two gradients, with s·|x| and s. Two more for the
    # step, from w and b as they are in float32.
    xs = x.double().abs()
    s = abs(w) * xs + abs(b) + y.double().abs()
    rounding = gamma(n + 10, dtype)
    near(
        returned,
        loss,
        rounding * float((s**2).mean()),
        f"mean((w·x + b − y)²) before the step, at w = {w:.6g}, b = {b:.6g}",
    )
    for name, parameter, expected, was, terms in (
        ("w", model.linear.weight, w1, w, 2 * lr * float((s * xs).mean())),
        ("b", model.linear.bias, b1, b, 2 * lr * float(s.mean())),
    ):
        near(
            parameter.detach(),
            expected,
            rounding * (abs(was) + terms),
            f"{STEP}, from w = {w:.6g}, b = {b:.6g} with lr = {lr:g}",
            said=f"left {name} = ",
        )


@check("2.5", "train_epoch", epoch=dyadic_epochs())
def test_a_second_epoch_starts_from_a_clean_gradient(
    solutions: Answers, epoch: tuple[float, float, Tensor, Tensor, float]
) -> None:
    """Two epochs are two steps, each with the gradient of its own forward pass."""
    w, b, x, y, lr = epoch
    x, y = x.double(), y.double()
    model = regression(w, b).double()
    for which in ("first", "second"):
        loss, w1, b1 = step(w, b, x, y, lr)
        returned = solutions.linear_regression.train_epoch(model, x, y, lr=lr)
        near(returned, loss, 0.0, f"mean((w·x + b − y)²) before the {which} step")
        judge_weights(model, w1, b1, 0.0, f"{STEP}, from w = {w:g}, b = {b:g}: the {which} epoch")
        w, b = w1, b1


@check("2.5", "train_epoch", epoch=dyadic_epochs())
def test_the_rate_is_a_tenth_unless_asked_otherwise(
    solutions: Answers, epoch: tuple[float, float, Tensor, Tensor, float]
) -> None:
    """Without lr, an epoch is a step with lr = 0.1."""
    w, b, x, y, _ = epoch
    x, y = x.double(), y.double()
    model = regression(w, b).double()
    _, w1, b1 = step(w, b, x, y, 0.1)
    solutions.linear_regression.train_epoch(model, x, y)
    # The gradient is exact: lr·gradient and the difference are rounded once each, here and there.
    bound = gamma(6, x.dtype) * (abs(w) + abs(b) + abs(w1 - w) + abs(b1 - b))
    judge_weights(model, w1, b1, bound, f"{STEP} with lr = 0.1, from w = {w:g}, b = {b:g}")


@check("2.5", "train_epoch", seed=seeds, relative=sampled_from([0.5, 1.5, 0.1, 2.5, 1.0]))
def test_descent_follows_the_closed_form(solutions: Answers, seed: int, relative: float) -> None:
    """After k epochs θ_k − θ* = (I − lr·H)^k (θ_0 − θ*): it converges just where lr < 2/λ_max."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(16, 1, generator=generator, dtype=torch.float64)
    y = 2 * x - 1 + 0.1 * torch.randn(16, 1, generator=generator, dtype=torch.float64)
    design = torch.cat((x, torch.ones_like(x)), dim=1)
    # E is quadratic: its Hessian is H = 2 XᵀX/n, its minimum solves XᵀX θ* = Xᵀy.
    H = 2 * design.T @ design / len(x)
    best = torch.linalg.solve(design.T @ design, design.T @ y)
    values = torch.linalg.eigvalsh(H)
    lr = relative / float(values.max())
    model = regression(0.5, 0.25).double()
    away = torch.tensor([[0.5], [0.25]], dtype=torch.float64) - best
    epochs = 8
    for _ in range(epochs):
        solutions.linear_regression.train_epoch(model, x, y, lr=lr)
        away = away - lr * H @ away
    # Each epoch rounds sums of 16 terms; what it adds then grows by at most |1 − lr·λ| an epoch.
    growth = max(1.0, float((1 - lr * values).abs().max())) ** epochs
    condition = float(values.max() / values.min())
    size = float(best.abs().max() + 1) * float(design.abs().max() + 1) ** 2
    bound = gamma(64 * epochs, torch.float64) * growth * condition * 4 * size
    expected = best + away
    does = "converges" if relative < 2 else "diverges"
    judge_weights(
        model,
        float(expected[0]),
        float(expected[1]),
        bound,
        f"θ* + (I − lr·H)^{epochs} (θ_0 − θ*), which {does} for lr = {relative:g}/λ_max",
    )


def noisy_line() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """x and y = 2x − 1 with noise, the design matrix (x, 1), and the least-squares (w, b)."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(64, 1, generator=generator, dtype=torch.float64)
    y = 2 * x - 1 + 0.5 * torch.randn(64, 1, generator=generator, dtype=torch.float64)
    design = torch.cat((x, torch.ones_like(x)), dim=1)
    return x, y, design, torch.linalg.solve(design.T @ design, design.T @ y)


@check("2.5", "train_epoch")
def test_training_reaches_the_least_squares_line(solutions: Answers) -> None:
    """Many epochs lead to the closed-form solution of least squares."""
    x, y, design, best = noisy_line()
    values = torch.linalg.eigvalsh(2 * design.T @ design / len(x))
    lr = float(2 / (values.max() + values.min()))
    model = regression(0.0, 0.0).double()
    epochs = 60
    losses, lines = [], {"before": (0.0, 0.0)}
    for epoch in range(epochs):
        losses.append(float(solutions.linear_regression.train_epoch(model, x, y, lr=lr)))
        if epoch == 0:
            lines["after one epoch"] = (model.linear.weight.item(), model.linear.bias.item())
    lines["after convergence"] = (model.linear.weight.item(), model.linear.bias.item())
    # With the best lr the distance shrinks by (κ − 1)/(κ + 1) an epoch; the rest is rounding.
    kappa = float(values.max() / values.min())
    bound = float(best.norm()) * ((kappa - 1) / (kappa + 1)) ** epochs
    bound += gamma(64 * 64, torch.float64) * kappa * 16
    judge_weights(
        model, float(best[0]), float(best[1]), bound, "the solution of XᵀX θ = Xᵀy, least squares"
    )
    if wanted():
        show_regression(x, y, lines, losses)


def show_regression(
    x: Tensor, y: Tensor, lines: dict[str, tuple[float, float]], losses: list[float]
) -> None:
    ends = [float(x.min()), float(x.max())]
    show_scatter(
        "data and line",
        {"data": (x.flatten().tolist(), y.flatten().tolist())},
        {name: (ends, [w * end + b for end in ends]) for name, (w, b) in lines.items()},
        x="x",
        y="y",
        alt="The data scatter about a rising line. The model's line is flat before training, "
        "close to the data after one epoch, and through their middle after convergence.",
    )
    show_lines(
        "loss",
        {"mean squared error": losses[:12]},
        x="epoch",
        y="mean((w·x + b − y)²)",
        log=True,
        alt="The loss falls steeply in the first epochs and then stays at the noise.",
    )
    show_table(
        "weights",
        ["", "slope w", "intercept b"],
        [
            ["data were made with", "2", "−1"],
            *[[name, f"{w:.6f}", f"{b:.6f}"] for name, (w, b) in lines.items()],
        ],
    )


def save(solutions: Answers, model: nn.Module, path: Path) -> bytes:
    """Save the weights; what is then in the file, or Wrong."""
    solutions.linear_regression.save_weights(model, path)
    content = left_in(path)
    if content is None:
        raise Wrong(f"left no file at {path.name}", "the weights in a plain file of that name")
    return content


def save_somehow(solutions: Answers, model: LinearRegression, path: Path) -> None:
    """Save the weights by the answers' save_weights or, where that is wrong, by torch itself."""
    try:
        state = state_in(solutions, save(solutions, model, path))
        if all(torch.equal(state[name], value) for name, value in model.state_dict().items()):
            return
    except (Wrong, KeyError, TypeError):
        pass  # which the checks of save_weights tell
    torch.save(model.state_dict(), path)


PLACES: dict[str, Callable[[Path], Any]] = {
    "Path": Path,
    "str": str,
    "str, beside it": lambda path: path.name,
    "Path, beside it": lambda path: Path(path.name),
    "str, from where it is": lambda path: f"./{path.name}",
}
"""How a path may be given; in the working directory, its name alone will do."""

NAMES = [
    "weights.pt",
    "weights",
    "two words.pt",
    ".hidden",
    "weights.tar.gz",
    "δ.pth",
    "weights.pt.tmp",
]
"""Names that a file may have: with the suffix .pt, another, or none."""


def place(solutions: Answers, name: str, how: str) -> tuple[Any, Path]:
    """A path as it is given, and where that is: in the scratch folder, or a new one within it."""
    path = new_path(solutions, name) if "beside" not in how and "from" not in how else None
    if path is None:
        path = solutions.scratch / name
        path.unlink(missing_ok=True)
    return PLACES[how](path), path


def files_in(folder: Path) -> set[str]:
    """The files in a folder, and in those within it."""
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}


values = now_and_then(
    quarters, sampled_from([-0.0, 1 / 3, 1e-40, 3e38, -1e-7, 2.0**-149, 16777217.0]), 3
)
"""Weights as they may come: thirds, and the largest and smallest that float32 has, too."""


@check(
    "2.5",
    "save_weights",
    w=values,
    b=values,
    name=sampled_from(NAMES),
    how=sampled_from([*PLACES]),
    dtype=now_and_then(sampled_from([torch.float32]), sampled_from([torch.float64]), 3),
    old=booleans(),
)
def test_the_file_holds_the_state_dict_and_nothing_else(
    solutions: Answers, w: float, b: float, name: str, how: str, dtype: torch.dtype, old: bool
) -> None:
    """torch.load with weights_only=True reads the model's state dict, bit for bit."""
    save_weights = solutions.linear_regression.save_weights
    given, path = place(solutions, name, how)
    if old:
        put(path, b"what was here before")
    model = regression(w, b).to(dtype)
    before, condition = files_in(solutions.scratch), Condition(model)
    with solutions.at_home():
        save_weights(model, given)
    content = left_in(path)
    if content is None:
        raise Wrong(f"left no file at {path.name}", "the weights in a plain file of that name")
    state = state_in(solutions, content)
    expected = {"linear.weight": model.linear.weight.detach(), "linear.bias": model.linear.bias}
    if not isinstance(state, dict) or set(state) != set(expected):
        raise Wrong(f"wrote {shown(state)}", f"the state dict, with the keys {[*expected]}")
    for key, value in expected.items():
        equal(state[key], value.detach(), f"{key} as the model has it", said=f"wrote {key} = ")
        holds(
            same_bits(state[key], value),
            f"wrote {key} = {shown(state[key])} with another sign",
            "its bits as they are",
        )
    beside = files_in(solutions.scratch) ^ before - {path.relative_to(solutions.scratch).as_posix()}
    beside.discard(path.relative_to(solutions.scratch).as_posix())
    holds(
        not beside,
        f"left or took away {shown(sorted(beside))} besides {path.name}",
        "one file, and nothing beside it",
    )
    condition.judge_kept(model)


@check("2.5", "save_weights")
def test_what_cannot_be_saved_is_an_error(solutions: Answers) -> None:
    """Where the weights cannot be written, saving raises an error: whoever calls must know."""
    for what in ("a folder is in its place", "there is no such folder", "its folder is a file"):
        path = new_path(solutions)
        if what.startswith("a folder"):
            path.mkdir()
        elif what.startswith("there"):
            path = path.parent / "none" / path.name
        else:
            put(path.parent / "file", b"")
            path = path.parent / "file" / path.name
        save_weights = solutions.linear_regression.save_weights
        outcome = save_weights.outcome(regression(1.0, 2.0), path)
        if isinstance(outcome, Raised):
            if outcome.is_a(NotImplementedError):
                raise save_weights.unwritten()
            continue
        # Making the folder that is missing is right, too.
        holds(
            left_in(path) is not None,
            f"returned {shown(outcome)}, as if the weights were saved",
            f"an error, because {what}",
        )


@check("2.5", "save_weights", w=quarters)
def test_saving_again_replaces_the_file(solutions: Answers, w: float) -> None:
    """The second of two saves to one path is what the file holds."""
    path = new_path(solutions)
    save(solutions, regression(w + 1, 0.0), path)
    state = state_in(solutions, save(solutions, regression(w, 0.5), path))
    holds(
        isinstance(state, dict)
        and isinstance(saved := state.get("linear.weight"), Tensor)
        and torch.equal(saved, torch.tensor([[w]])),
        f"left {shown(state)} in the file",
        f"the weights of the second model, w = {w:g}",
    )


@check("2.5", "save_weights")
def test_a_crash_while_writing_leaves_the_old_file_or_the_new_one(solutions: Answers) -> None:
    """A process killed at any byte of the writing leaves a file wholly old or new."""
    path, old = old_weights(solutions)
    for size in (1, 700):
        with solutions.fresh() as fresh:
            fresh.limit_files(size, deadly=True)
            save_anew(fresh, path)
        judge_left(
            solutions, left_in(path), old, f"the process was killed at byte {size} of the file"
        )
        put(path, old)


@check("2.5", "save_weights")
def test_a_crash_between_steps_leaves_the_old_file_or_the_new_one(solutions: Answers) -> None:
    """A process killed before any step that opens, renames or removes leaves it old or new."""
    path, old = old_weights(solutions)

    found: list[Wrong] = []

    def look(step: str) -> None:
        try:
            if not found:
                judge_left(solutions, left_in(path), old, f"the process was killed before {step}")
        except Wrong as wrong:
            found.append(wrong)

    with solutions.fresh() as fresh:
        fresh.pause_at_steps(path.parent, look)
        save_anew(fresh, path)
    if found:
        raise found[0]


@check("2.5", "save_weights")
def test_a_full_disk_leaves_the_old_file(solutions: Answers) -> None:
    """A disk that fills up while the file is written is an error, and costs no old weights."""
    path, old = old_weights(solutions)
    for size in (0, 700):
        with solutions.fresh() as fresh:
            fresh.limit_files(size, deadly=False)
            outcome = save_anew(fresh, path)
        judge_left(solutions, left_in(path), old, f"the disk was full at byte {size} of the file")
        holds(
            bool(outcome.raised or outcome.ended) or is_new(solutions, left_in(path)),
            f"returned {shown(outcome.result)}, as if the weights were saved",
            "an error, because the disk was full",
        )
        put(path, old)


@check("2.5", "save_weights")
def test_the_old_file_is_replaced_and_not_written_over(solutions: Answers) -> None:
    """The bytes of the old file stay what they were until the new file takes the name."""
    path, old = new_path(solutions), file_of(regression(1.0, 2.0).state_dict())
    put(path, old)
    link = path.with_name("the-old-file")
    link.hardlink_to(path)
    solutions.linear_regression.save_weights(regression(3.0, 4.0), path)
    holds(
        left_in(link) == old,
        "wrote the new bytes over the old ones, in the same file",
        "a new file that takes the name when it is complete: os.replace(beside, path)",
    )


def old_weights(solutions: Answers) -> tuple[Path, bytes]:
    """A path with weights in it, saved by the answers, and what is in it."""
    path = new_path(solutions)
    return path, save(solutions, regression(1.0, 2.0), path)


def save_anew(solutions: Answers, path: Path) -> Outcome:
    """Save other weights over those in path, whatever comes of it: the file will be looked at."""
    return solutions.attempt("linear_regression", "save_weights", regression(3.0, 4.0), path)


def judge_left(solutions: Answers, content: bytes | None, old: bytes, what: str) -> None:
    if content == old or is_new(solutions, content):
        return
    left = "no file" if content is None else "a file that is neither the old nor the new"
    size = "" if content is None else f" ({len(content)} bytes)"
    raise Wrong(
        f"left {left}{size} when {what}",
        "the old file or the new one, whole: write a file beside path, then os.replace",
        call="save_weights(model, path) with weights already in path",
    )


def is_new(solutions: Answers, content: bytes | None) -> bool:
    if content is None:
        return False
    try:
        return state_in(solutions, content)["linear.weight"].item() == 3.0
    except (Wrong, KeyError, TypeError, AttributeError):
        return False


@check(
    "2.5",
    "load_weights",
    w=values,
    b=values,
    seed=seeds,
    name=sampled_from(NAMES),
    how=sampled_from([*PLACES]),
    zipped=booleans(),
)
def test_the_loaded_model_gives_identical_outputs(
    solutions: Answers, w: float, b: float, seed: int, name: str, how: str, zipped: bool
) -> None:
    """A new model with the weights in the file: its outputs are the same, bit for bit."""
    load_weights = solutions.linear_regression.load_weights
    given, path = place(solutions, name, how)
    saved = regression(w, b)
    content = file_of(saved.state_dict(), zipped=zipped)
    put(path, content)
    before = files_in(solutions.scratch)
    solutions.seed(seed)
    with solutions.at_home():
        model = network(load_weights(given))
    # An input that no product of takes beyond float32.
    x = column(5, seed, 1)
    weights_of(model)
    loaded = model.parameters()
    for key, value in saved.named_parameters():
        equal(
            loaded[key].detach(),
            value.detach(),
            f"{key} in the file",
            said=f"returned a model with {key} = ",
        )
    with solutions.calling(f"load_weights(path)(x) with x = {shown(x)}"):
        expected = saved(x).detach()
        equal(model(x), expected, "the output of the saved model, bit for bit")
        through = model.backward(x, torch.ones_like(x))
        for key, slope in (("linear.weight", x.sum()), ("linear.bias", torch.tensor(5.0))):
            handed = through.get(key)
            holds(
                handed is not None and float(handed) == float(slope),
                f"hands back to {key} the gradient {shown(handed)}",
                f"{shown(slope)}: a loaded model can be trained on",
            )
    holds(
        left_in(path) == content and files_in(solutions.scratch) == before,
        f"changed the files: {path.name}, or what is beside it",
        "files that are only read",
    )


@check("2.5", "load_weights", cost=2, w=quarters)
def test_loaded_models_share_nothing(solutions: Answers, w: float) -> None:
    """Two models loaded from one file are separate: changing one changes neither file nor other."""
    path = new_path(solutions)
    put(path, file_of(regression(w, 0.0).state_dict()))
    load_weights = solutions.linear_regression.load_weights
    first, second = network(load_weights(path)), network(load_weights(path))
    before = weights_of(second)
    first.add(1)
    holds(
        weights_of(second) == before,
        "returned a model whose change reached another model that was loaded before",
        "a new model each time, with parameters of its own",
    )
    holds(
        weights_of(network(load_weights(path))) == before,
        "returned a model whose change reached the next one that was loaded",
        "the weights in the file, each time",
    )


@check("2.5", "load_weights", cost=3, w=quarters)
def test_what_was_saved_last_is_loaded_and_shared_with_nobody(solutions: Answers, w: float) -> None:
    """save_weights and load_weights go through the file: the saved model is not the loaded one."""
    path = new_path(solutions)
    for value in (w, w + 1):
        model = regression(value, 0.5)
        save_somehow(solutions, model, path)
        loaded = network(solutions.linear_regression.load_weights(path))
        found = weights_of(loaded)["linear.weight"]
        holds(
            found == value,
            f"returned w = {found:g}",
            f"w = {value:g}, which was saved to this path last",
        )
        loaded.add(1)
        holds(
            model.linear.weight.item() == value,
            "returned a model whose change reached the model that was saved",
            "a new model with parameters of its own",
        )


@check("2.5", "load_weights")
def test_weights_survive_into_a_fresh_process(solutions: Answers) -> None:
    """What was saved here gives identical outputs, bit for bit, in a process started anew."""
    *_, best = noisy_line()
    path, model = new_path(solutions), regression(*best.flatten().tolist())
    x = torch.arange(-3.0, 4.0).reshape(-1, 1)
    save_somehow(solutions, model, path)
    with torch.no_grad():
        y = model(x)
    call = "load_weights(path) in a new process, after save_weights(model, path) in this one"
    with solutions.fresh() as fresh, solutions.calling(call):
        loaded = network(fresh.linear_regression.load_weights(path))
        found = loaded(x)
        if wanted():
            show_table(
                "saved and loaded",
                ["x", "least-squares line", "loaded in a new process"],
                [
                    [f"{one:g}", repr(saved), repr(again)]
                    for one, saved, again in zip(
                        x.flatten().tolist(),
                        y.flatten().tolist(),
                        found.flatten().tolist(),
                        strict=False,
                    )
                ],
            )
        equal(found, y, "the outputs of the saved model, bit for bit", said="gave the outputs ")


def refused(solutions: Answers, path: Path, because: str) -> None:
    """Loading path is an error whose message names it."""
    error = refuses(
        solutions.linear_regression.load_weights, path, error=Exception, because=because
    )
    holds(
        path.name in str(error) and len(str(error)) > len(str(path)) + 5,
        f"raised {error.type_name}: {error}",
        f"an error that names the path, {path.name}, and the reason: {because}",
    )


@check("2.5", "load_weights")
def test_a_missing_file_is_a_clear_error(solutions: Answers) -> None:
    """The error for a file that is not there names its path."""
    refused(solutions, new_path(solutions), "there is no such file")


@check("2.5", "load_weights", share=integers(0, 31))
def test_a_truncated_file_is_a_clear_error(solutions: Answers, share: int) -> None:
    """However much of the file is missing at its end, loading is an error that names the path."""
    path = new_path(solutions)
    content = file_of(regression(1.0, 2.0).state_dict())
    put(path, content[: len(content) * share // 32])
    refused(solutions, path, f"only {share}/32 of the file is there")


WEIGHT, BIAS = {"linear.weight": torch.ones(1, 1)}, {"linear.bias": torch.ones(1)}

FOREIGN: dict[str, Any] = {
    "text": b"weight = 1, bias = 2\n",
    "an empty dict": {},
    "a tensor": torch.ones(2),
    "a larger model's weights": nn.Linear(2, 2).state_dict(),
    "weights without the bias": {"linear.weight": torch.ones(1, 1)},
    "weights under other names": {"fc.weight": torch.ones(1, 1), "fc.bias": torch.ones(1)},
    "the weights of a deeper network": {
        "linear.weight": torch.ones(1, 1),
        "linear.bias": torch.ones(1),
        "hidden.weight": torch.ones(3, 3),
    },
    "weights of another shape": {"linear.weight": torch.ones(1, 2), "linear.bias": torch.ones(1)},
    "a weight without its second dimension": BIAS | {"linear.weight": torch.ones(1)},
    "a weight that is a single number": BIAS | {"linear.weight": torch.tensor(1.0)},
    "a bias that is a single number": WEIGHT | {"linear.bias": torch.tensor(1.0)},
    "a bias of two dimensions": WEIGHT | {"linear.bias": torch.ones(1, 1)},
    "numbers that are no tensors": {"linear.weight": 1.0, "linear.bias": 2.0},
    "None for the bias": WEIGHT | {"linear.bias": None},
    "the weights of a model within another": {"module.linear.weight": torch.ones(1, 1)},
    "a checkpoint with weights inside it": {"model": WEIGHT | BIAS, "epoch": 1},
    "the weights in a list": [torch.ones(1, 1), torch.ones(1)],
    "nothing": b"",
    "None": None,
}


@check("2.5", "load_weights", cost=3)
def test_a_foreign_file_is_a_clear_error(solutions: Answers) -> None:
    """A file that holds something else is an error that names the path."""
    path = new_path(solutions)
    for what, content in FOREIGN.items():
        put(path, content if isinstance(content, bytes) else file_of(content))
        refused(solutions, path, f"the file holds {what}, not the weights of a LinearRegression")
    path.unlink()
    path.mkdir()
    refused(solutions, path, "it is a folder")


@check("2.5", "load_weights", w=quarters, dtype=sampled_from([torch.float64, torch.float16]))
def test_weights_in_another_dtype_keep_their_values(
    solutions: Answers, w: float, dtype: torch.dtype
) -> None:
    """Weights in another dtype are refused, or loaded with the values that they have."""
    path = new_path(solutions)
    put(path, file_of(regression(w, 0.5).to(dtype).state_dict()))
    load_weights = solutions.linear_regression.load_weights
    outcome = load_weights.outcome(path)
    if isinstance(outcome, Raised):
        if outcome.is_a(NotImplementedError):
            raise load_weights.unwritten()
        return
    if not isinstance(outcome, Network):
        wrong(outcome, "an instance of torch.nn.Module, or an error")
    found = weights_of(outcome)
    holds(
        found == {"linear.weight": w, "linear.bias": 0.5},
        f"returned a model with {shown(found)}",
        f"w = {w:g} and b = 0.5, as the file has them in {dtype}",
    )


class Hostile:
    """What unpickles to a call: here it makes a folder; it could do anything."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple:
        return (Path.mkdir, (self.trace,))


class Deadly:
    """What unpickles to the end of the process: nobody can undo that and go on."""

    def __reduce__(self) -> tuple:
        return (os._exit, (CODE_RAN,))


CODE_RAN = 77


@check("2.5", "load_weights", zipped=booleans())
def test_a_hostile_file_runs_nothing(solutions: Answers, zipped: bool) -> None:
    """A file that would run code when unpickled is an error, and its code does not run."""
    path = new_path(solutions)
    trace = path.parent / "the-code-ran"
    outcome = judge_hostile(solutions, path, Hostile(trace), zipped)
    holds(not trace.exists(), RAN, SAFE)
    holds(
        hasattr(outcome, "is_a") and path.name in str(outcome),
        f"gave {shown(outcome)}",
        f"an error that names the path, {path.name}, since the file is no weights",
    )


@check("2.5", "load_weights")
def test_a_deadly_file_ends_nothing(solutions: Answers) -> None:
    """In a process of its own, a file that would end it when unpickled leaves it alive."""
    with solutions.fresh() as fresh:
        path = new_path(solutions)
        put(path, file_of({"linear.weight": torch.ones(1, 1), "linear.bias": Deadly()}))
        outcome = fresh.attempt("linear_regression", "load_weights", path)
    holds(not outcome.ended, RAN, SAFE)


RAN = "ran the code that was hidden in the file"
SAFE = "no code to run: torch.load(path, weights_only=True)"


def judge_hostile(solutions: Answers, path: Path, hidden: object, zipped: bool) -> Any:
    """What comes of loading weights with something hidden in them."""
    state: dict[str, Any] = dict(regression(1.0, 2.0).state_dict())
    put(path, file_of(state | {"linear.bias": hidden}, zipped=zipped))
    return solutions.linear_regression.load_weights.outcome(path)
