"""The suite on trial: every known mistake is rejected, every right answer is accepted.

The entries of the catalogue face the checks on a fixed sample of cases, in this process, and a
mistake stops at its first failing case: a trial costs milliseconds. An entry faces the checks that
call what it replaces; another check cannot tell that it is there.
"""

from collections.abc import Iterable
from functools import cache
from itertools import zip_longest

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
    check.run(answers, check.corpus[0])
    return frozenset(answers.asked)


def concerned(entry: Mistake | Alternative, answers: Answers) -> list[Check]:
    """The checks, of any exercise, that call what the entry replaces; its own part's first."""
    checks = [c for c in REGISTER.values() if asks(c, answers).intersection(entry.replaced)]
    return sorted(checks, key=lambda check: check.function not in entry.replaced)


def rejection(checks: list[Check], answers: Answers) -> tuple[Check, Case, Wrong] | None:
    """The first case on which one of the checks rejects the answers: all first cases, then …"""
    for cases in zip_longest(*(check.corpus for check in checks)):
        for check, case in zip(checks, cases, strict=True):
            if case is not None and (wrong := check.failure(answers, case)):
                return check, case, wrong
    return None


@cache
def conviction(mistake: Mistake, answers: Answers) -> tuple[Check, Case, Wrong] | None:
    """How a mistake is first rejected by a check of its own exercise."""
    own = [check for check in concerned(mistake, answers) if check.exercise == mistake.exercise]
    return rejection(own, answers.trying(mistake))


def named(entries: Iterable) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("entry", entries, ids=lambda entry: entry.name)


@named(MISTAKES.values())
def test_a_mistake_is_rejected(solutions: Answers, entry: Mistake) -> None:
    """A check of its own exercise rejects it; no check of another exercise does.

    The rejection is the same when it is tried again, which is what the diagnosis names it by.
    """
    guilty = solutions.trying(entry)
    found = conviction(entry, solutions)
    assert found, f"no check of {entry.exercise} rejects {entry.name}"
    check, case, wrong = found
    again = check.failure(guilty, case)
    assert again is not None
    assert again.seen() == wrong.seen()
    strangers = [c for c in concerned(entry, solutions) if c.exercise != entry.exercise]
    wronged = rejection(strangers, guilty)
    assert not wronged, f"{wronged[0].name} of another exercise rejects {entry.name}"


@named(ALTERNATIVES.values())
def test_a_right_answer_is_accepted(solutions: Answers, entry: Alternative) -> None:
    """Every check accepts it on every case."""
    if found := rejection(concerned(entry, solutions), solutions.trying(entry)):
        check, _, wrong = found
        pytest.fail(f"{check.name} rejects {entry.name}:\n{wrong}")


@named(REGISTER.values())
def test_a_check_earns_its_place(solutions: Answers, entry: Check) -> None:
    """Each check rejects at least one known mistake: what rejects nothing proves nothing."""
    suspects = [
        mistake
        for mistake in MISTAKES.values()
        if mistake.exercise == entry.exercise and asks(entry, solutions) & mistake.replaced.keys()
    ]
    if any((conviction(mistake, solutions) or [None])[0] is entry for mistake in suspects):
        return
    assert any(rejection([entry], solutions.trying(mistake)) for mistake in suspects), (
        f"{entry.name} rejects none of the {len(suspects)} known mistakes in what it calls"
    )
