"""A check: one claim about one function of the contract, judged on generated cases.

``@check`` makes a function into a pytest test and enters it in the register. The function takes
``solutions``, the answers under test, and the case that Hypothesis generates; it returns if the
answers are right on that case and raises ``Wrong`` if not. Because a check is a function of answers
and case, the same check serves the learner's run, the trial of the catalogue and the diagnosis.
"""

import functools
import inspect
import unittest
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings

from homework import EXERCISES
from judging.answers import Answers
from judging.choices import Strategy, integers, sample
from judging.verdict import ForReader, NotDecided, NotTried, Wrong

CORPUS, FEWEST = 12, 8
"""On so many cases, divided by its cost but not fewer than FEWEST, each check judges the catalogue.
Other samples of this size reject every mistake, too: `python -m benchmarks.luck` tries them."""

Case = dict[str, Any]

LUCK = "luck"
"""The argument of a case that seeds what is left to luck, in the answers and in how they are asked.
In the smallest cases it is 0, which leaves each call as the check makes it."""

_luck = integers(0, 2**32 - 1)

luck_of_the_run = 1
"""The luck of the checks that have one case only."""


@dataclass(eq=False)
class Check:
    """One claim about ``part``, a function of the contract; ``name`` is the test's name."""

    exercise: str
    part: str
    name: str
    claim: str
    judge: Callable[..., None]
    strategies: dict[str, Strategy]
    cost: int = 1
    enough: int = 0
    asked: set[str] = field(default_factory=set, repr=False)
    """The functions of the contract that it has been seen to call."""
    examples: int = 0
    evidence: list[dict[str, Any]] = field(default_factory=list, repr=False)
    lacks: NotTried | NotDecided | None = field(default=None, repr=False)
    """What kept it from being tried."""
    last_failure: tuple[Case, Wrong] | None = field(default=None, repr=False)

    test: Callable[[Answers], None] = field(init=False, repr=False)
    """Judges on the cases that Hypothesis generates, and shrinks what fails."""

    def forget(self) -> None:
        """Be as new, for the answers of somebody else."""
        self.examples, self.evidence, self.lacks, self.last_failure = 0, [], None, None

    @property
    def function(self) -> str:
        """The function that the check judges, as "module.function"."""
        return f"{EXERCISES[self.exercise].module}.{self.part}"

    def run(self, answers: Answers, case: Case) -> None:
        """Judge the answers on one case. Raises Wrong, saying what was called."""
        answers.begin(self.function)
        given = dict(case)
        answers.choose(given.pop(LUCK, 0))
        try:
            self.judge(answers, **given)
        except (NotTried, NotDecided) as lacking:
            self.lacks = lacking
            raise
        except Wrong as wrong:
            if wrong.call is None and answers.calls:
                wrong.call = str(answers.calls[-1])
            wrong.printed = wrong.printed or answers.printed
            raise
        except Exception as error:
            # A check of the suite stumbles over what an answer returned: a result without the
            # attribute, or a model whose forward raises. That is for the learner to read, too.
            call = str(answers.calls[-1]) if answers.calls else self.name
            words = str(error).strip().splitlines() or [""]
            raise Wrong(
                f"gave a result that cannot be used: {type(error).__name__}: {words[0][:300]}",
                f"what the check needs: {self.claim}",
                call=call,
            ) from error
        finally:
            self.asked |= answers.asked
            for made in reversed(answers.calls):
                made.before.undo()

    def verdict(self, answers: Answers, case: Case) -> Wrong | ForReader | None:
        """The verdict on one case, as a value: None where the answers are right, and also where
        that cannot be tried on this system."""
        try:
            self.run(answers, case)
        except (Wrong, ForReader) as verdict:
            return verdict
        except NotTried:
            pass  # which ``lacks`` tells
        return None

    def failure(self, answers: Answers, case: Case) -> Wrong | None:
        """What is wrong on one case, if anything is beyond doubt."""
        verdict = self.verdict(answers, case)
        return verdict if isinstance(verdict, Wrong) else None

    def sample(self, seed: str) -> list[Case]:
        """Cases that follow from the seed, whatever the versions of Python and Hypothesis."""
        size = self.enough or max(FEWEST, CORPUS // self.cost)
        # Each argument by itself, so that its choices are spread over the cases.
        strategies = self.strategies | {LUCK: _luck}
        columns = [
            sample(strategy, size, f"{seed} {self.name} {argument}")
            for argument, strategy in strategies.items()
        ]
        return [dict(zip(strategies, row, strict=True)) for row in zip(*columns, strict=True)]

    @functools.cached_property
    def corpus(self) -> list[Case]:
        """The sample of the trial, the same in every run and everywhere: no verdict by luck."""
        return self.sample("trial") if self.strategies else [{LUCK: 1}]


class _NoNeedToShrink(unittest.SkipTest):
    """Passes through Hypothesis at once: a function that is not there fails on every case."""


REGISTER: dict[str, Check] = {}
"""Every check that has been imported, by name."""


def check(
    exercise: str, part: str, *, cost: int = 1, enough: int = 0, **strategies: Strategy
) -> Callable:
    """Make the decorated function the check of a part of an exercise.

    Args:
        exercise: its number, as in "2.3".
        part: the function of the contract that it judges, one of the exercise's parts.
        cost: how many times dearer than usual a case is; so many times fewer are generated.
        enough: how many cases are enough, where each goes through all that there is to try.
        strategies: a strategy for each argument of the check but ``solutions``.
    """
    home = EXERCISES[exercise]
    if part not in home.parts:
        raise ValueError(f"exercise {exercise} has the parts {home.parts}, not {part!r}")

    def register(judge: Callable[..., None]) -> Callable[..., None]:
        name = judge.__name__
        if name in REGISTER:
            raise ValueError(f"two checks are called {name}")
        claim = " ".join((judge.__doc__ or "").split())
        if not claim:
            raise ValueError(f"{name} needs a docstring: the claim that it verifies")
        this = Check(exercise, part, name, claim, judge, strategies, cost, enough)
        REGISTER[name] = this

        @functools.wraps(judge)
        def on_case(solutions: Answers, **case: Any) -> None:
            this.examples += 1
            try:
                this.run(solutions, case)
            except Wrong as wrong:
                this.last_failure = (case, wrong)
                if wrong.whatever_the_case:
                    raise _NoNeedToShrink(wrong.returned) from wrong
                raise

        def on_cases(solutions: Answers) -> None:
            on_case(solutions, **{LUCK: luck_of_the_run})

        if strategies:
            # Hypothesis reads there which arguments it has to draw.
            solutions, *arguments = inspect.signature(judge).parameters.values()
            by_name = [inspect.Parameter(n.name, n.KEYWORD_ONLY) for n in arguments]
            luck = inspect.Parameter(LUCK, inspect.Parameter.KEYWORD_ONLY)
            on_case.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
                [solutions, *by_name, luck]
            )
            drawn = strategies | {LUCK: _luck}
            hypothesis = {name: kind.hypothesis for name, kind in drawn.items()}
            # The first case that Hypothesis tries is the simplest, the same in every run.
            fewest = 1 + enough if enough else 5
            examples = max(fewest, settings().max_examples // cost)
            on_cases = settings(max_examples=examples)(given(**hypothesis)(on_case))

        def test(solutions: Answers) -> None:
            try:
                on_cases(solutions)
            except _NoNeedToShrink as hopeless:
                raise hopeless.__cause__ or hopeless from None

        test.__name__, test.__doc__, test.__module__ = name, judge.__doc__, judge.__module__
        test.check = this  # type: ignore[attr-defined]
        this.test = test
        return test

    return register


def checks_of(exercise: str) -> Iterator[Check]:
    """The registered checks of one exercise."""
    return (check for check in REGISTER.values() if check.exercise == exercise)
