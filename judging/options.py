"""Section 1's options, each decided by autograd over generated networks.

An option is a statement about every network of some kind. It holds if no network of a fixed sample
refutes it; it fails if one does, and Hypothesis looks for a smaller one to show. Where a question
can be read in two ways, each reading is decided on its own, and the letters of either are accepted.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import torch
from hypothesis import HealthCheck, Phase, find, settings
from hypothesis.errors import NoSuchExample
from torch import Tensor

from judging.choices import Draw, Strategy, composite, integers, sample, sampled_from
from judging.oracles import ACTIVATIONS, gamma, softmax
from judging.strategies import lattice, scores_and_targets, sizes
from judging.verdict import shown

SAMPLE = 64
"""Networks that decide an option: each kind that it speaks of occurs among them many times."""

SEARCH = settings(
    max_examples=40,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


@dataclass(frozen=True)
class Option:
    """One option: its statement, and what refutes it on a case, in words, or None."""

    letter: str
    statement: str
    refutation: Callable[[Any], str | None]


def _refutes(option: Option, network: Any) -> bool:
    return option.refutation(network) is not None


@dataclass(frozen=True)
class Reading:
    """One way to understand a question: which networks it speaks of, and its options."""

    words: str
    networks: Strategy
    options: tuple[Option, ...]

    @cache  # noqa: B019 - the readings live as long as the process
    def refuted(self) -> dict[str, Any]:
        """Option letter → the first network of the sample that refutes it, None if none does."""
        networks = sample(self.networks, SAMPLE, self.words)
        return {
            option.letter: next(filter(partial(_refutes, option), networks), None)
            for option in self.options
        }

    @cache  # noqa: B019
    def counterexamples(self) -> dict[str, str | None]:
        """Option letter → the smallest counterexample found, or None where the option holds."""
        found: dict[str, str | None] = {}
        for option in self.options:
            case = self.refuted()[option.letter]
            if case is not None:
                # Which networks Hypothesis tries is a matter of its version: it may find none.
                with suppress(NoSuchExample):
                    refutes = partial(_refutes, option)
                    case = find(self.networks.hypothesis, refutes, settings=SEARCH)
            found[option.letter] = None if case is None else option.refutation(case)
        return found

    def letters(self) -> str:
        """The options that hold, in alphabetical order."""
        return "".join(letter for letter, case in self.refuted().items() if case is None)


def differs(claimed: Tensor, true: Tensor) -> bool:
    """Whether two float64 results differ by more than rounding.

    Each side takes fewer than 64 roundings of terms no larger than 1 + its largest entry.
    """
    size = 1 + float(torch.maximum(claimed.abs(), true.abs()).max())
    return bool(((claimed - true).abs() > gamma(64, torch.float64) * size).any())


@dataclass(frozen=True)
class Head:
    """The last layer of a network, y^(L-1) → y^(L), and the target; all in float64."""

    kind: str
    W: Tensor
    before: Tensor
    t: Tensor

    def deltas(self, loss: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """y^(L), δ^(L) and δ^(L-1), from autograd alone."""
        before = self.before.clone().requires_grad_()
        if self.kind == "linear":
            y = before @ self.W.T
        elif self.kind == "softmax":
            y = torch.softmax(before, dim=-1)
        else:
            y = ACTIVATIONS[self.kind].f(before)
        y.retain_grad()
        loss(y).backward()
        assert y.grad is not None
        assert before.grad is not None
        return y.detach(), y.grad, before.grad


@composite
def heads(draw: Draw, kinds: tuple[str, ...]) -> Head:
    """A last layer of one of these kinds, with K units, its input and its target."""
    k = draw(sizes)
    numbers = lattice((k,), most=8, unit=1 / 4)
    kind = draw(sampled_from(kinds))
    t = draw(numbers)
    if kind in ("softmax", "scores"):
        t = torch.nn.functional.one_hot(torch.tensor(draw(integers(0, k - 1))), k).double()
    return Head(kind, draw(lattice((k, k), most=4, unit=1 / 2)), draw(numbers), t)


def _compared(what: str, claimed: Tensor, true: Tensor, given: str) -> str | None:
    if not differs(claimed, true):
        return None
    return f"{given}: autograd gives {what} = {_plain(true)}, the option says {_plain(claimed)}"


def _plain(value: Tensor) -> str:
    return shown(value.float())


def _euclidean(option: str) -> Callable[[Head], str | None]:
    def refutation(head: Head) -> str | None:
        y, at_output, before = head.deltas(lambda y: ((y - head.t) ** 2).sum() / 2)
        slope = ACTIVATIONS["sigmoid" if head.kind == "linear" else head.kind].slope(head.before)
        given = (
            f"layer L {head.kind}"
            + (f" with W = {_plain(head.W)}" if head.kind == "linear" else "")
            + f", y^(L-1) = {_plain(head.before)}, t = {_plain(head.t)}"
        )
        if option == "A":
            return _compared("δ^(L)", y - head.t, at_output, given)
        claimed = (y - head.t) * (slope if option == "C" else 1)
        return _compared("δ^(L-1)", claimed, before, given)

    return refutation


def _cross_entropy(option: str) -> Callable[[Head], str | None]:
    def refutation(head: Head) -> str | None:
        if head.kind == "softmax":
            # y^(L) = f(y^(L-1)) is the output of the network, and E = −Σ t ln y^(L).
            y, at_output, before = head.deltas(lambda y: -(head.t * y.log()).sum())
            slope = y * (1 - y)
        else:
            # The formula as it stands: f is applied once more, to the output y^(L) of a layer W.
            linear = Head("linear", head.W, head.before, head.t)
            y, at_output, before = linear.deltas(
                lambda y: -(head.t * torch.log_softmax(y, dim=-1)).sum()
            )
            s = softmax(head.before)
            slope = s * (1 - s)
        given = f"y^(L-1) = {_plain(head.before)}, t = {_plain(head.t)}"
        if option == "A":
            return _compared("δ^(L)", y - head.t, at_output, given)
        claimed = (y - head.t) * (slope if option == "C" else 1)
        return _compared("δ^(L-1)", claimed, before, given)

    return refutation


def _mse_cannot_be_used(pair: tuple[Tensor, Tensor]) -> str | None:
    """Refuted by a network that learns: one step along −δ lowers E = mean((softmax(y) − t)²).

    The slope of E changes by less than 1 per unit of y, for softmax and its first two derivatives
    are all at most 1/2 and |s − t| ≤ √2; so the step y − δ lowers E by at least ‖δ‖²/2.
    """
    y, t = (value.double() for value in pair)
    before, after, delta = _descent(y, t)
    promised = float((delta**2).sum()) / 2
    if promised > 1e-6 and after <= before - promised * (1 - 2**-20):
        return (
            f"softmax with MSE at y = {_plain(y)}, t = {_plain(t)}: "
            f"one step lowers the error from {before:.4g} to {after:.4g}"
        )
    return None


def _mse_can_be_used(pair: tuple[Tensor, Tensor]) -> str | None:
    """Refuted by a network whose error does not fall along −δ, or has no finite δ."""
    y, t = (value.double() for value in pair)
    before, after, delta = _descent(y, t)
    promised = float((delta**2).sum()) / 2
    # Both errors are means of squares of at most 1 and so are rounded to within γ_64.
    if delta.isfinite().all() and after <= before - promised + gamma(64, torch.float64):
        return None
    return f"at y = {_plain(y)} the error does not fall along −δ"


def _descent(y: Tensor, t: Tensor) -> tuple[float, float, Tensor]:
    leaf = y.clone().requires_grad_()
    E = ((torch.softmax(leaf, dim=-1) - t) ** 2).mean()
    (delta,) = torch.autograd.grad(E, leaf)
    after = ((torch.softmax(y - delta, dim=-1) - t) ** 2).mean()
    return float(E.detach()), float(after), delta


def _sigmoid_claim(pair: tuple[Tensor, Tensor]) -> str | None:
    weights, before = pair
    leaf = before.clone().requires_grad_()
    y = torch.sigmoid(leaf)
    y.retain_grad()
    # Whatever comes after the layer: here a square, so that δ^(l) depends on y^(l).
    (weights * y**2).sum().backward()
    assert y.grad is not None
    assert leaf.grad is not None
    claimed = y.grad * ACTIVATIONS["sigmoid"].slope(before)
    return _compared("δ^(l-1)", claimed, leaf.grad, f"y^(l-1) = {_plain(before)}")


def _sigmoid_claim_is_wrong(pair: tuple[Tensor, Tensor]) -> str | None:
    if _sigmoid_claim(pair) is None:
        return f"at y^(l-1) = {_plain(pair[1])} autograd gives just what the claim says"
    return None


@composite
def sigmoid_layers(draw: Draw) -> tuple[Tensor, Tensor]:
    """The weights of what follows the layer, and y^(l-1), of one length."""
    numbers = lattice((draw(sizes),), most=16, unit=1 / 4)
    return draw(numbers), draw(numbers)


@dataclass(frozen=True)
class Convolution:
    """A kernel of distinct non-zero entries, an image, and W = ∂(output)/∂(image) by autograd."""

    kernel: Tensor
    height: int
    width: int

    def matrix(self) -> Tensor:
        """The Jacobian, shape (outputs, inputs)."""

        def convolve(image: Tensor) -> Tensor:
            x = image.reshape(1, 1, self.height, self.width)
            return torch.nn.functional.conv2d(x, self.kernel[None, None]).flatten()

        start = torch.zeros(self.height * self.width, dtype=torch.float64)
        return torch.autograd.functional.jacobian(convolve, start)  # type: ignore[return-value]

    def __str__(self) -> str:
        kh, kw = self.kernel.shape
        return f"a {kh} × {kw} kernel on a {self.height} × {self.width} image"


@composite
def convolutions(draw: Draw) -> Convolution:
    """Kernels from 1 × 1 up to the whole image."""
    kh, kw = draw(integers(1, 3)), draw(integers(1, 3))
    kernel = torch.arange(1.0, kh * kw + 1, dtype=torch.float64).reshape(kh, kw)
    return Convolution(kernel, kh + draw(integers(0, 2)), kw + draw(integers(0, 2)))


def _is_faster(layer: Convolution) -> str | None:
    outputs, inputs = layer.matrix().shape
    convolved = outputs * layer.kernel.numel()
    if convolved < outputs * inputs:
        return None
    return (
        f"speed depends on the sizes: {layer} takes as many multiplications, {convolved}, as the "
        "fully connected layer"
    )


def _is_local(layer: Convolution) -> str | None:
    reached = int((layer.matrix() != 0).sum(dim=1).max())
    window = layer.kernel.numel()
    return None if reached <= window else f"{layer}: an output depends on {reached} pixels"


def _alone_has_feature_maps(layer: Convolution) -> str | None:
    image = torch.arange(1.0, layer.height * layer.width + 1, dtype=torch.float64)
    dense = torch.nn.functional.linear(image, layer.matrix())
    x = image.reshape(1, 1, layer.height, layer.width)
    mapped = torch.nn.functional.conv2d(x, layer.kernel[None, None]).flatten()
    if torch.equal(dense, mapped):
        return f"{layer}: a fully connected layer with the right weights gives the same map"
    return None


def _shares_weights(layer: Convolution) -> str | None:
    W = layer.matrix()
    numbers = W[W != 0].unique().numel()
    kernel = layer.kernel.numel()
    return None if numbers == kernel else f"{layer}: {numbers} different weights, not {kernel}"


DELTAS = {
    "A": "δ^(L) = y^(L) − t",
    "B": "δ^(L-1) = y^(L) − t",
    "C": "δ^(L-1) = (y^(L) − t) ⊙ f'(y^(L-1))",
}
"""The options that 1.3 and 1.4 share."""


def _readings(
    refutation: Callable[[str], Callable[[Head], str | None]], kinds: dict[str, tuple[str, ...]]
) -> tuple[Reading, ...]:
    """One reading for each kind of last layer that the question may speak of."""
    options = tuple(Option(letter, words, refutation(letter)) for letter, words in DELTAS.items())
    return tuple(Reading(words, heads(layers), options) for words, layers in kinds.items())


QUESTIONS: dict[str, tuple[Reading, ...]] = {
    "1.1": (
        Reading(
            "Softmax and the mean squared error are used together if δ exists and learning works.",
            scores_and_targets(),
            (
                Option("A", "yes: the error falls along −δ", _mse_can_be_used),
                Option("B", "no: no network learns", _mse_cannot_be_used),
            ),
        ),
    ),
    "1.2": (
        Reading(
            "Layer l is a sigmoid layer, with any network behind it.",
            sigmoid_layers(),
            (
                Option("A", "yes: δ^(l-1) = δ^(l) ⊙ f'(y^(l-1))", _sigmoid_claim),
                Option("B", "no: it is something else", _sigmoid_claim_is_wrong),
            ),
        ),
    ),
    "1.3": _readings(
        _euclidean,
        {
            "Layer L is of any kind.": ("linear", "sigmoid", "tanh"),
            "Layer L applies an activation to each element.": ("sigmoid", "tanh", "relu"),
        },
    ),
    "1.4": _readings(
        _cross_entropy,
        {
            "Layer L is the softmax, y^(L) = f(y^(L-1)) is the output.": ("softmax",),
            "The softmax comes after the output y^(L), as the formula is written.": ("scores",),
        },
    ),
    "1.5": (
        Reading(
            "A property of a convolutional layer holds for every kernel and image, "
            "and sets it apart from a fully connected layer.",
            convolutions(),
            (
                Option("A", "it needs fewer multiplications", _is_faster),
                Option("B", "an output depends on its window alone", _is_local),
                Option("C", "no fully connected layer gives its map", _alone_has_feature_maps),
                Option("D", "all outputs share the kernel's weights", _shares_weights),
            ),
        ),
    ),
}


def accepted(question: str) -> dict[str, Reading]:
    """Each accepted answer with the reading under which it is the right one."""
    answers: dict[str, Reading] = {}
    for reading in QUESTIONS[question]:
        # A reading under which no option holds cannot be what a choice question means.
        if letters := reading.letters():
            answers.setdefault(letters, reading)
    return answers


def expected(question: str, letters: str) -> str:
    """What is accepted in the place of these letters, and why each that is wrong is wrong."""
    right = accepted(question)
    reading = next(iter(right.values()))
    counterexamples = reading.counterexamples()
    reasons = [
        f"{option.letter} ({option.statement}) "
        + (
            f"fails: {counterexamples[option.letter]}"
            if option.letter in letters
            else "holds for every network that was tried"
        )
        for option in reading.options
        if (option.letter in letters) != (counterexamples[option.letter] is None)
    ]
    return "\n".join([" or ".join(f'"{answer}"' for answer in right), *reasons])
