"""A class in one run of pytest: a test for each submission, and what is kept of each."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
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
from report.marked import Decisions, Line, Marked, Undecidable

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

    def key(self, submission: Submission) -> str:
        """On what a record rests: the submission as it is, and how it is judged."""
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

SEED = "seed.json"
"""Where a run keeps its seed, for the next one with the same results."""


def prepare(config: pytest.Config) -> None:
    """Read who has handed in what. Raises pytest.UsageError where that cannot be told."""
    into = tempfile.TemporaryDirectory(prefix="class-", ignore_cleanup_errors=True)
    config.add_cleanup(into.cleanup)
    asked = config.getoption("--exercise")
    try:
        found = submissions(*unpacked(Path(config.getoption("--class")).resolve(), Path(into.name)))
        path = config.getoption("--decisions")
        names = [one.student for one in found]
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
        _keep_seed(config)


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


def choose_seed(config: pytest.Config) -> None:
    """Let this run have the seed of the one before with the same results, or of the other shares.

    So one submission can be judged anew, and stands beside the others in one list.

    Raises pytest.UsageError where each share would have its own.
    """
    if config.getoption("--hypothesis-seed") is not None or is_worker(config):
        return
    with suppress(OSError, ValueError, KeyError):
        kept: Mapping[str, Any] = json.loads((results_of(config) / SEED).read_text("utf-8"))
        config.option.hypothesis_seed = kept["seed"]
        return
    if config.getoption("--shard"):
        raise pytest.UsageError(
            "--shard: all shares need the same seed, so that every submission faces the same "
            "cases. Choose a number, and give each share --hypothesis-seed=NUMBER."
        )


def _keep_seed(config: pytest.Config) -> None:
    folder = results_of(config)
    folder.mkdir(parents=True, exist_ok=True)
    seed = config.getoption("--hypothesis-seed")
    records.write(folder / SEED, json.dumps({"seed": seed}))


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
