"""What an answer made and keeps: a network, a data set or a figure, which can be asked questions.

It may live in this process or in another; a check cannot tell. Questions and their answers are
those of ``answering.questions``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import Tensor

from answering.questions import Line, Look, Used, Word

if TYPE_CHECKING:
    from judging.answers import Answers


class Live:
    """Something that an answer returned and that stays where it is.

    Args:
        answers: whom to ask.
        there: the object itself, or its handle in the other process.
        type_name: the name of its type.
        made_by: the function of the contract that returned it, as "module.function".
    """

    def __init__(self, answers: Answers, there: Any, type_name: str, made_by: str) -> None:
        self._answers, self.there = answers, there
        self.type_name, self.made_by = type_name, made_by

    def __repr__(self) -> str:
        return f"a {self.type_name}"

    def _ask(self, question: str, *args: Any) -> Any:
        return self._answers.ask(self, question, *args)


class Network(Live):
    """A torch.nn.Module."""

    def __call__(self, x: Tensor) -> Any:
        """What the module gives for x, without a gradient, in the mode in which it is."""
        return self._ask("forward", x)

    def path(self, x: Tensor) -> list[Used]:
        """The layers without children, in the order in which x goes through them."""
        return [Used(*used) for used in self._ask("path", x)]

    def backward(self, x: Tensor, upstream: Tensor) -> dict[str, Tensor | None]:
        """∂Σ(model(x) ⊙ upstream)/∂p for each parameter p, in the mode in which it is."""
        return self._ask("backward", x, upstream)

    def buffers(self) -> dict[str, Tensor]:
        """Its buffers by name."""
        return self._ask("buffers")

    def modes(self) -> dict[str, bool]:
        """Whether each of its modules is in training mode."""
        return self._ask("modes")

    def hooks(self) -> list[str]:
        """The names of its modules that have hooks, or whose parameters have."""
        return self._ask("hooks")

    def leaves(self) -> list[str]:
        """The types of its layers without children."""
        return self._ask("leaves")

    def parameters(self) -> dict[str, Tensor]:
        """Its parameters by name."""
        return self._ask("parameters")

    def is_linear_regression(self) -> bool:
        """Whether its ``linear`` is a torch.nn.Linear."""
        return self._ask("is_linear_regression")

    def fill(self, **values: float) -> None:
        """Set the weight and the bias of ``linear``."""
        self._ask("fill", {f"linear.{name}": value for name, value in values.items()})

    def add(self, amount: float) -> None:
        """Add to every entry of every parameter."""
        self._ask("add", amount)

    def double(self) -> Network:
        """The same network, which computes in float64 from now on."""
        self._ask("double")
        return self

    def eval(self) -> Network:
        """The same network, which is in evaluation mode from now on."""
        self._ask("train", False)
        return self


class Digits(Live):
    """A torchvision.datasets.MNIST."""

    def __len__(self) -> int:
        return self._ask("length")

    def __getitem__(self, index: int) -> Any:
        """One example, through its transforms."""
        return self._ask("example", index)

    def stored(self) -> tuple[Tensor, Tensor]:
        """The bytes (N, 28, 28) and the labels (N,), as they are before any transform."""
        data, labels = self._ask("stored")
        return data, labels


class Figure(Live):
    """A matplotlib.figure.Figure."""

    def lines(self) -> list[Line]:
        """Every line of every axes."""
        return [
            line._replace(look=Look(*line.look)) for line in (Line(*x) for x in self._ask("lines"))
        ]

    def rises(self, values: list[float]) -> list[list[float]]:
        """How high each axes shows these values, as a share of its height."""
        return self._ask("rises", values)

    def seen(self) -> list[Tensor]:
        """The colours on the way of each line, with the line in the picture and without it."""
        return self._ask("seen")

    def words(self) -> list[Word]:
        """What is written in it, but for its ticks."""
        return [
            word._replace(look=Look(*word.look)) for word in (Word(*w) for w in self._ask("words"))
        ]


KINDS: dict[str, type[Live]] = {"network": Network, "digits": Digits, "figure": Figure}
