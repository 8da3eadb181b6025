"""The suite on trial: every known mistake is rejected, every right answer is accepted.

The entries of the catalogue face the checks on a fixed sample of cases, in this process, and a
mistake stops at its first failing case: a trial costs milliseconds. An entry faces the checks that
call what it replaces; another check cannot tell that it is there.
"""

from collections.abc import Iterable, Iterator
from functools import cache

import pytest

from tests import (  # noqa: F401 - importing the checks registers them
    test_autograd,
    test_gradient_comparison,
    test_linear_regression,
    test_objective_questions,
    test_tensor_operations,
)
from tests.answers import Answers
from tests.catalogue import ALTERNATIVES, MISTAKES, Alternative, Mistake, load
from tests.checks import REGISTER, Case, Check
from tests.verdict import Wrong

load()


@cache
def asks(check: Check, answers: Answers) -> frozenset[str]:
    """The functions of the contract that a check calls."""
    answers.asked.clear()
    for case in check.corpus[:3]:
        check.run(answers, case)
    return frozenset(answers.asked)


def concerned(entry: Mistake | Alternative, answers: Answers) -> list[Check]:
    """The checks, of any exercise, that call what the entry replaces."""
    return [
        check for check in REGISTER.values() if asks(check, answers).intersection(entry.replaced)
    ]


def failures(check: Check, answers: Answers) -> Iterator[tuple[Case, Wrong]]:
    """The cases of the sample on which the check rejects the answers, each with the verdict."""
    for case in check.corpus:
        if wrong := check.failure(answers, case):
            yield case, wrong


@cache
def rejects(check: Check, mistake: Mistake, answers: Answers) -> bool:
    """Whether the check rejects the mistake, and in the same words when it is tried again."""
    guilty = answers.trying(mistake)
    for case, wrong in failures(check, guilty):
        again = check.failure(guilty, case)
        return again is not None and again.seen() == wrong.seen()
    return False


def named(entries: Iterable) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("entry", entries, ids=lambda entry: entry.name)


@named(MISTAKES.values())
def test_a_mistake_is_rejected(solutions: Answers, entry: Mistake) -> None:
    """A check of its own exercise rejects it; no check of another exercise does.

    The rejection is the same when it is tried again, which is what the diagnosis names it by.
    """
    own, strangers = [], []
    for check in concerned(entry, solutions):
        (own if check.exercise == entry.exercise else strangers).append(check)
    assert any(rejects(check, entry, solutions) for check in own), (
        f"no check of {entry.exercise} rejects {entry.name}"
    )
    wronged = [check.name for check in strangers if rejects(check, entry, solutions)]
    assert not wronged, f"checks of other exercises reject {entry.name}: {wronged}"


@named(ALTERNATIVES.values())
def test_a_right_answer_is_accepted(solutions: Answers, entry: Alternative) -> None:
    """Every check accepts it on every case."""
    innocent = solutions.trying(entry)
    for check in concerned(entry, solutions):
        for _, wrong in failures(check, innocent):
            pytest.fail(f"{check.name} rejects {entry.name}:\n{wrong}")


@named(REGISTER.values())
def test_a_check_earns_its_place(solutions: Answers, entry: Check) -> None:
    """Each check rejects at least one known mistake: what rejects nothing proves nothing."""
    suspects = [
        mistake
        for mistake in MISTAKES.values()
        if mistake.exercise == entry.exercise and asks(entry, solutions) & mistake.replaced.keys()
    ]
    assert any(rejects(entry, mistake, solutions) for mistake in suspects), (
        f"{entry.name} rejects none of the {len(suspects)} known mistakes in what it calls"
    )
