"""What is said again word for word is right again; what differs in a bit is judged as if new."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import tests.test_autograd
import tests.test_objective_questions  # noqa: F401 - importing the checks registers them
from judging import marking
from judging.checks import Check
from judging.conversations import Conversations
from judging.intake import Limits
from judging.submissions import Submission

PLAIN = "def euclidean_delta(y, t):\n    return y - t\n"
OTHERWISE = "def euclidean_delta(y, t):\n    return -(t - y)\n"
TURNED = "def euclidean_delta(y, t):\n    return t - y\n"
FORGETFUL = """
calls = 0

def euclidean_delta(y, t):
    global calls
    calls += 1
    return t - y if calls == 1 else y - t
"""
TIRED = """
calls = 0

def euclidean_delta(y, t):
    global calls
    calls += 1
    return y - t if calls < 12 else t - y
"""
ENDLESS = "def euclidean_delta(y, t):\n    while True:\n        pass\n"

CHECKS = [
    name
    for name, check in marking.checks.REGISTER.items()
    if check.function == "objective_questions.euclidean_delta"
]


class Marker:
    """Marks sources, one after the other, on the same cases, and counts what was judged in full."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.cases, self.submissions = folder, 0, 0

    def __call__(self, source: str) -> dict[str, str]:
        """The outcome of each check of euclidean_delta."""
        self.submissions += 1
        home = self.folder / f"s{self.submissions}"
        home.mkdir()
        (home / "objective_questions.py").write_text(source, encoding="utf-8")
        self.cases = 0
        submission = Submission(home.name, "", ((home, home.name),))
        marked = marking.mark(submission, "", ["1.3"], Limits(patience=1.0))
        return {r["name"]: r["outcome"] for r in marked.results if r["name"] in CHECKS}


@pytest.fixture
def mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Marker:
    monkeypatch.setattr(marking, "CONVERSATIONS", Conversations())
    marker = Marker(tmp_path)
    run = Check.run

    def counted(self: Check, answers: Any, case: Any) -> None:
        marker.cases += self.name in CHECKS
        run(self, answers, case)

    monkeypatch.setattr(Check, "run", counted)
    return marker


def right(outcomes: dict[str, str]) -> bool:
    assert set(outcomes) == {*CHECKS}
    return set(outcomes.values()) == {"passed"}


def test_the_same_words_need_no_oracle(mark: Marker) -> None:
    assert right(mark(PLAIN))
    assert mark.cases > 0
    assert right(mark(PLAIN))
    assert mark.cases == 0


def test_another_way_is_judged_and_then_known_too(mark: Marker) -> None:
    assert right(mark(PLAIN))
    # −(t − y) gives −0 where y − t gives +0.
    assert right(mark(OTHERWISE))
    assert mark.cases > 0
    for known in (OTHERWISE, PLAIN):
        assert right(mark(known))
        assert mark.cases == 0


@pytest.mark.parametrize("wrong", [TURNED, FORGETFUL, TIRED, ENDLESS])
def test_the_verdict_is_the_same_whatever_is_known(wrong: str, mark: Marker) -> None:
    alone = mark(wrong)
    assert right(mark(PLAIN))
    assert mark(wrong) == alone
    assert not right(alone)


def test_the_time_of_a_part_is_bounded_where_it_is_repeated_too(
    mark: Marker, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Less than the patience of one case: it is all cases together that take too long.
    monkeypatch.setattr("judging.answers.PATIENCES", 0.4)
    slow = "import time\n\ndef euclidean_delta(y, t):\n    time.sleep(0.03)\n    return y - t\n"
    alone = mark(slow)
    assert not right(alone)
    assert right(mark(PLAIN))
    assert mark(slow) == alone


def test_a_wrong_answer_teaches_nothing(mark: Marker) -> None:
    assert not right(mark(TURNED))
    assert not right(mark(TURNED))
    assert right(mark(PLAIN))


def test_a_fault_of_the_suite_costs_no_point_and_nobody_else(
    mark: Marker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("here")

    with monkeypatch.context() as patched:
        patched.setattr(marking, "_mark_functions", broken)
        home = mark.folder / "unlucky"
        home.mkdir()
        (home / "objective_questions.py").write_text(PLAIN)
        submission = Submission("unlucky", "", ((home, "unlucky"),))
        marked = marking.mark(submission, "", ["1.3"], Limits())
    assert {r["outcome"] for r in marked.results} == {"not decided"}
    assert marked.remarks == ["the suite could not judge this: ZeroDivisionError: here"]
    assert right(mark(PLAIN))
