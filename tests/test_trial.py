"""The suite on trial: every known mistake is rejected, every right answer is accepted.

The entries of the catalogue face the checks on a fixed sample of cases, in this process, and a
mistake stops at its first failing case: a trial costs milliseconds.
"""

import pytest

from tests.answers import Answers
from tests.catalogue import ALTERNATIVES, MISTAKES, Alternative, Mistake, load
from tests.checks import Check, checks_of
from tests.diagnosis import diagnose

load()


def first_failure(check: Check, answers: Answers) -> tuple[dict, Exception] | None:
    for case in check.corpus:
        if wrong := check.failure(answers, case):
            return case, wrong
    return None


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=lambda mistake: mistake.name)
def test_the_mistake_is_rejected_and_named(solutions: Answers, mistake: Mistake) -> None:
    """At least one check of its exercise rejects it, with a message that names it."""
    guilty = solutions.trying(mistake)
    named, rejected_by = False, []
    for check in checks_of(mistake.exercise):
        if failure := first_failure(check, guilty):
            rejected_by.append(check.name)
            named = named or mistake in diagnose(check, guilty, *failure)
    assert rejected_by, f"no check of {mistake.exercise} rejects {mistake.name}"
    assert named, f"{rejected_by} reject {mistake.name}, but none names it"


@pytest.mark.parametrize("right", ALTERNATIVES.values(), ids=lambda right: right.name)
def test_the_right_answer_is_accepted(solutions: Answers, right: Alternative) -> None:
    """Every check of its exercise accepts it on every case."""
    innocent = solutions.trying(right)
    for check in checks_of(right.exercise):
        if failure := first_failure(check, innocent):
            pytest.fail(f"{check.name} rejects {right.name}:\n{failure[1]}")
