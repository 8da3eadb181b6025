"""A class in one run of pytest: a test for each submission, and what is kept of each."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from homework import EXERCISES, points
from judging import checks, digits, marking
from judging.intake import Limits
from judging.session import is_worker, limits
from judging.submissions import NoClass, Submission, submissions, unpacked
from report import marked as records
from report.marked import Decisions, How, Line, Marked, Undecidable

RESULTS = "report/class"
"""Where results are kept unless the run says so, as a path in the suite's folder."""


@dataclass
class Classroom:
    """A class that is marked in this run."""

    submissions: list[Submission]
    results: Path
    exercises: list[str]
    limits: Limits
    resume: bool = False
    by_hand: Decisions = field(default_factory=dict)
    shown: dict[str, int] = field(default_factory=dict)
    """Of each test that was shown, how many were before it."""

    keys: dict[str, str] = field(default_factory=dict)
    """Of each submission, by its slug, on what its record rests."""

    def key(self, submission: Submission) -> str:
        """On what a record rests: the submission as it was, and how it is judged."""
        if submission.slug not in self.keys:
            self.keys[submission.slug] = self._key(submission)
        return self.keys[submission.slug]

    def _key(self, submission: Submission) -> str:
        how = {
            "seed": checks.luck_of_the_run,
            "exercises": self.exercises,
            "patience": self.limits.patience,
            "memory": self.limits.memory,
            "digits": digits.name(),
            **{name: version(name) for name in ("pytorch-basics-verified", "torch")},
        }
        return f"{submission.digest()} {json.dumps(how, sort_keys=True)}"

    def marked(self, submission: Submission) -> Marked:
        """The record of a submission: that of an interrupted run, or a new one, kept at once."""
        key = self.key(submission)
        kept = records.read(self.results, submission.slug) if self.resume else None
        if kept and kept.key == key:
            return kept
        made = marking.mark(submission, key, self.exercises, self.limits)
        made.write(self.results)
        return made

    def left(self, shown: str, config: pytest.Config) -> str:
        """How many submissions have still to be shown, after the test of this name."""
        before = self.shown.setdefault(shown, len(self.shown))
        session: Any = config.pluginmanager.getplugin("session")
        left = session.testscollected - before - 1
        return f"{left} left" if left > 0 else "the last"

    def records(self) -> Iterator[Marked]:
        """What this run has kept, and nothing that an earlier one has left in its folder."""
        for submission in self.submissions:
            kept = records.read(self.results, submission.slug)
            if kept and kept.key == self.key(submission):
                yield kept


CLASS = pytest.StashKey[Classroom]()
"""The class, where one is judged."""


def prepare(config: pytest.Config) -> None:
    """Read who has handed in what. Raises pytest.UsageError where that cannot be told."""
    into = tempfile.TemporaryDirectory(prefix="class-", ignore_cleanup_errors=True)
    config.add_cleanup(into.cleanup)
    asked = config.getoption("--exercise")
    try:
        found = submissions(*unpacked(Path(config.getoption("--class")).resolve(), Path(into.name)))
        path = config.getoption("--decisions")
        names, slugs = [one.student for one in found], [one.slug for one in found]
        by_hand = records.decisions(Path(path), names) if path else {}
        found = _shard(found, config.getoption("--shard"))
    except (NoClass, Undecidable) as cannot:
        raise pytest.UsageError(f"--class: {cannot}") from cannot
    config.stash[CLASS] = Classroom(
        found,
        results_of(config),
        [number for number in EXERCISES if not asked or number in asked],
        limits(config),
        config.getoption("--resume"),
        by_hand,
    )
    # One line a submission, as it is judged and not again, and the messages on students' pages.
    config.option.verbose += 1
    if config.option.reportchars == "fE":  # as it is unless the run says otherwise
        config.option.reportchars = ""
    if config.option.tbstyle == "auto":
        config.option.tbstyle = "no"
    if not is_worker(config):
        How(
            config.getoption("--hypothesis-seed"),
            asked,
            config.getoption("--patience"),
            config.getoption("--memory"),
            slugs,
        ).write(results_of(config))


def results_of(config: pytest.Config) -> Path:
    """The folder of the results."""
    given = config.getoption("--results")
    return Path(given).resolve() if given else config.rootpath / RESULTS


def _shard(found: list[Submission], shard: str | None) -> list[Submission]:
    """Every n-th of the submissions, from the k-th on, of a shard k/n."""
    if not shard:
        return found
    k, _, n = shard.partition("/")
    if not (k.isdigit() and n.isdigit() and 1 <= int(k) <= int(n)):
        raise NoClass(f"--shard {shard}: it is k/n, from 1/n to n/n")
    return found[int(k) - 1 :: int(n)]


def go_on_as_before(config: pytest.Config) -> None:
    """Let this run judge as the one before with the same results did.

    So one submission can be judged anew, and stands beside the others in one list. Raises
    pytest.UsageError where it is told to judge otherwise, or where each share would have its own
    cases.
    """
    kept = records.how(results_of(config))
    if kept is None:
        if config.getoption("--shard") and config.getoption("--hypothesis-seed") is None:
            raise pytest.UsageError(
                "--shard: all shares need the same seed, so that every submission faces the same "
                "cases. Choose a number, and give each share --hypothesis-seed=NUMBER."
            )
        return
    for option, name, unless_given, before in (
        ("--hypothesis-seed", "hypothesis_seed", None, kept.seed),
        ("--exercise", "exercise", [], kept.exercises),
        ("--patience", "patience", None, kept.patience),
        ("--memory", "memory", How.memory, kept.memory),
    ):
        given = config.getoption(option)
        if given == unless_given:
            setattr(config.option, name, before)
        elif str(given) != str(before):
            was = "without it" if before == unless_given else f"with {before}"
            raise pytest.UsageError(
                f"{option}: what is in {results_of(config)} was judged {was}, and a list is judged "
                "in one way. Leave the option out, or give another folder with --results."
            )


class Lost(AssertionError):
    """A submission that has not earned every point that could be decided; says which."""


def require_full_marks(line: Line) -> None:
    """Raise Lost, saying where points were lost, unless every decided point was earned."""
    lost = [
        f"{number} {points(earned)} of {points(EXERCISES[number].points)}"
        for number, earned in line.earned.items()
        if earned is not None and number not in line.waiting
        if earned < EXERCISES[number].points
    ]
    if lost:
        raise Lost(f"{', '.join(lost)}. The messages are on the student's page.")
