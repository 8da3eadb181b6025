"""The suite on trial: every known mistake is rejected, every right answer is accepted."""

from collections.abc import Iterable
from importlib import import_module

import pytest

import catalogue  # noqa: F401 - importing it enters the known mistakes
from homework import MODULES
from judging.answers import Answers
from judging.checks import REGISTER, Check
from judging.known import ALTERNATIVES, MISTAKES, Alternative, Mistake
from judging.recording import TRIED, tried
from judging.trial import Outcomes, asks, rejection

for module in MODULES:  # importing the checks registers them
    import_module(f"tests.test_{module}")


@pytest.fixture(scope="session")
def outcomes(request: pytest.FixtureRequest, solutions: Answers) -> Outcomes:
    """The outcomes of all entries whose tests were selected."""
    outcomes = Outcomes(solutions)
    chosen = [
        item.callspec.params["entry"]
        for item in request.session.items
        if isinstance(item, pytest.Function) and "outcomes" in item.fixturenames
    ]
    outcomes.try_all([entry for entry in chosen if isinstance(entry, Mistake | Alternative)])
    return outcomes


def named(entries: Iterable) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("entry", [*entries], ids=lambda entry: entry.name)


@named(MISTAKES.values())
def test_a_mistake_is_rejected(
    outcomes: Outcomes, entry: Mistake, request: pytest.FixtureRequest
) -> None:
    """A check of its own exercise rejects it, and does so again; none of another exercise does."""
    judge(outcomes, entry, request.node)


@named(ALTERNATIVES.values())
def test_a_right_answer_is_accepted(
    outcomes: Outcomes, entry: Alternative, request: pytest.FixtureRequest
) -> None:
    """Every check accepts it on every case."""
    judge(outcomes, entry, request.node)


def judge(outcomes: Outcomes, entry: Mistake | Alternative, item: pytest.Item) -> None:
    outcome = outcomes[entry]
    item.stash[TRIED] = tried(entry, outcome.rejected_by)
    assert not outcome.problem, f"{entry.name} of {entry.exercise}: {outcome.problem}"


@named(REGISTER.values())
def test_a_check_earns_its_place(outcomes: Outcomes, solutions: Answers, entry: Check) -> None:
    """Each check rejects at least one known mistake: what rejects nothing proves nothing."""
    if outcomes.rejected_by(entry):
        return
    suspects = [
        mistake
        for mistake in MISTAKES.values()
        if mistake.exercise == entry.exercise and asks(entry, solutions) & mistake.replaced.keys()
    ]
    assert any(rejection([entry], solutions.trying(mistake)) for mistake in suspects), (
        f"{entry.name} rejects none of the {len(suspects)} known mistakes in what it calls"
    )
