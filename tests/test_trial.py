"""The suite on trial: every known mistake is rejected, every right answer is accepted.

A run tries one in five of those of each function, which its seed chooses; all of them are tried
with --hypothesis-profile=thorough.
"""

from importlib import import_module

import pytest

import catalogue  # noqa: F401 - importing it enters the known mistakes
from homework import MODULES
from judging.answers import Answers
from judging.checks import REGISTER, Check
from judging.known import ALTERNATIVES, MISTAKES, Alternative, Mistake
from judging.recording import TRIED, tried
from judging.trial import (
    FEW,
    REJECTING,
    Entry,
    asks,
    attempt,
    by_luck,
    is_thorough,
    of_this_run,
    raise_what_lacks,
)

for module in MODULES:  # importing the checks registers them
    import_module(f"tests.test_{module}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    entries: dict[str, list] = {
        "test_a_mistake_is_rejected": of_this_run(MISTAKES.values(), part_of),
        "test_a_right_answer_is_accepted": of_this_run(ALTERNATIVES.values(), part_of),
        "test_a_check_earns_its_place": [*REGISTER.values()],
    }
    its = entries[metafunc.function.__name__]
    metafunc.parametrize("entry", its, ids=lambda entry: entry.name)


def part_of(entry: Entry) -> tuple[str, str]:
    return entry.exercise, entry.part


def test_a_mistake_is_rejected(
    solutions: Answers, entry: Mistake, request: pytest.FixtureRequest
) -> None:
    """A check of its own exercise rejects it, and does so again; none of another exercise does.

    One of 1.6's prose may be left to a human reader: it must not be accepted.
    """
    judge(entry, solutions, request.node)


def test_a_right_answer_is_accepted(
    solutions: Answers, entry: Alternative, request: pytest.FixtureRequest
) -> None:
    """No check rejects it on any case; prose may be left to a human reader.

    The whole sample is tried with --hypothesis-profile=thorough, and a part of it in other runs.
    """
    judge(entry, solutions, request.node)


def judge(entry: Mistake | Alternative, solutions: Answers, item: pytest.Item) -> None:
    outcome = attempt(entry, solutions, None if is_thorough() else FEW)
    item.stash[TRIED] = tried(entry, outcome.rejected_by, outcome.for_reader)
    assert not outcome.problem, f"{entry.name} of {entry.exercise}: {outcome.problem}"


@pytest.mark.afterwards
def test_a_check_earns_its_place(solutions: Answers, entry: Check) -> None:
    """Each check rejects at least one known mistake: what rejects nothing proves nothing."""
    if entry.name in REJECTING:
        return
    suspects = [
        mistake
        for mistake in MISTAKES.values()
        if mistake.exercise == entry.exercise and asks(entry, solutions) & mistake.replaced.keys()
    ]
    # First those of its own part, each on one case before the next: most checks reject one of them
    # on the first.
    suspects = sorted(by_luck(suspects), key=lambda mistake: mistake.part != entry.part)
    rejected = any(
        entry.failure(solutions.trying(mistake), case)
        for case in entry.corpus
        for mistake in suspects
    )
    if not rejected:
        raise_what_lacks([entry])
    assert rejected, (
        f"{entry.name} rejects none of the {len(suspects)} known mistakes in what it calls"
    )
