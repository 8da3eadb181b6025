"""What is known of answers: mistakes, and right answers written differently.

A mistake is one small entry: the wrong function, what it computes, and what to look at. It serves
twice. The trial requires that a check of its exercise rejects it; the diagnosis names it when a
learner's answer behaves like it. An alternative is a right answer written in another way, which
every check must accept. The entries stand in ``catalogue``; importing it fills the registers here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from homework import EXERCISES


@dataclass(frozen=True, eq=False)
class Mistake:
    """A wrong answer that learners give.

    ``this_is`` completes the sentence "This is …", naming what the answer computes instead;
    ``look`` is one sentence on what to look at. ``replaced`` maps "module.function" to what stands
    in its place.
    """

    name: str
    exercise: str
    part: str
    this_is: str
    look: str
    replaced: dict[str, Any]

    def __str__(self) -> str:
        return f"This is {self.this_is}. {self.look}"


@dataclass(frozen=True, eq=False)
class Alternative:
    """A right answer, and in ``differs`` what is different about it."""

    name: str
    exercise: str
    part: str
    differs: str
    replaced: dict[str, Any]


MISTAKES: dict[str, Mistake] = {}
ALTERNATIVES: dict[str, Alternative] = {}


class Part:
    """A function of an exercise, to enter what is known of answers to it, by its decorators.

    Raises: ValueError, where the exercise has no such part, or two entries have one name.
    """

    def __init__(self, exercise: str, name: str, **others: Any) -> None:
        """``others``: further functions of the same module, which each entry replaces as well."""
        self.exercise, self.name, self.others = exercise, name, others

    def mistake(self, this_is: str, *, look: str, **others: Any) -> Callable[[Any], Any]:
        """Enter the decorated function, or class, as a mistake in this part.

        Args:
            this_is: a phrase without a full stop that completes "This is …".
            look: a sentence that says what to look at.
            others: further functions of the same module that the mistake replaces along with it.
        """

        def enter(wrong: Any) -> Any:
            name, replaced = wrong.__name__, self._replaced(wrong, others)
            MISTAKES[name] = Mistake(name, self.exercise, self.name, this_is, look, replaced)
            return wrong

        return enter

    def alternative(self, differs: str, **others: Any) -> Callable[[Any], Any]:
        """Enter the decorated function, or class, as a right answer written differently."""

        def enter(right: Any) -> Any:
            name, replaced = right.__name__, self._replaced(right, others)
            ALTERNATIVES[name] = Alternative(name, self.exercise, self.name, differs, replaced)
            return right

        return enter

    def _replaced(self, value: Any, others: dict[str, Any]) -> dict[str, Any]:
        if value.__name__ in MISTAKES or value.__name__ in ALTERNATIVES:
            raise ValueError(f"two entries of the catalogue are called {value.__name__}")
        home, values = EXERCISES[self.exercise], {self.name: value, **self.others, **others}
        for name in values:
            if name not in home.parts:
                raise ValueError(f"exercise {home.number} has the parts {home.parts}, not {name!r}")
        return {f"{home.module}.{name}": function for name, function in values.items()}
