"""What one run of pytest judges, and on which luck: its folder, its checks, its seed."""

from __future__ import annotations

import io
import os
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, Phase, settings
from hypothesis.configuration import set_hypothesis_home_dir

from answering.hand_in import NothingToJudge
from homework import EXERCISES, Exercise
from judging import checks, digits
from judging.answers import REFERENCE, Answers
from judging.beside import AFTERWARDS
from judging.intake import Limits, Taken, answers_apart, found, taken_in
from judging.parts import Findings

USAGE = 2
"""The exit status of a run that was asked for what cannot be."""

common: dict[str, Any] = {
    "deadline": None,
    "database": None,
    "report_multiple_bugs": False,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.differing_executors],
    "phases": [Phase.explicit, Phase.generate, Phase.shrink],
}
settings.register_profile("default", max_examples=25, **common)
settings.register_profile("thorough", max_examples=1000, **common)
settings.register_profile("ci", max_examples=25, derandomize=True, **common)


def prepare(config: pytest.Config) -> None:
    """Set what holds for the whole run, as it was asked for. It ends at once if that cannot be."""
    if not __debug__:
        pytest.exit(
            "python -O leaves out assertions, and what the suite and the answers check by them: "
            "run pytest without -O and without PYTHONOPTIMIZE",
            USAGE,
        )
    checked = [number for number, exercise in EXERCISES.items() if exercise.parts]
    if unknown := [n for n in config.getoption("--exercise") if n not in checked]:
        pytest.exit(f"--exercise {unknown[0]}: the exercises are {', '.join(checked)}", USAGE)
    if config.getoption("--class") and config.getoption("--solutions"):
        raise pytest.UsageError("--class judges many, --solutions one: give one of them")
    if config.getoption("--class"):
        for option in ("--gradescope", "--github-classroom"):
            if config.getoption(option):
                raise pytest.UsageError(f"{option} is for the results of one: --class judges many")
    if config.getoption("--solutions"):
        take_in(config)
    if mnist_root := config.getoption("--mnist-root"):
        digits.root = Path(mnist_root)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # What a terminal's encoding lacks, as cp1252 lacks δ, becomes a question mark. pytest would
        # write the whole message as one line of escapes.
        sys.stdout.reconfigure(errors="replace")
    # The environment said so to what is loaded from here on; a plugin may have loaded torch before.
    torch.set_num_threads(1)
    # Hypothesis keeps notes of the sources that it sees: not in the project, and not for long.
    home = tempfile.TemporaryDirectory(prefix="hypothesis-", ignore_cleanup_errors=True)
    config.add_cleanup(home.cleanup)
    set_hypothesis_home_dir(home.name)
    choose_luck(config)


TAKEN = pytest.StashKey[Taken]()
"""What was handed in, where it is not the reference."""

FOUND = pytest.StashKey[Findings]()
"""What was found in it, once it has run."""


def limits(config: pytest.Config) -> Limits:
    """What an answer may cost in this run."""
    return Limits(config.getoption("--patience"), config.getoption("--memory"))


def take_in(config: pytest.Config) -> None:
    """Read what was given with --solutions: functions, work as it is handed in, or both."""
    given = config.getoption("--solutions")
    path = Path(given).resolve()
    if path == REFERENCE:
        return
    if not path.exists():
        pytest.exit(f"--solutions {given}: there is no such file or folder", USAGE)
    laid = tempfile.TemporaryDirectory(prefix="hand-in-", ignore_cleanup_errors=True)
    config.add_cleanup(laid.cleanup)
    try:
        config.stash[TAKEN] = taken_in(path, Path(laid.name).resolve() / "work")
    except NothingToJudge as nothing:
        pytest.exit(f"--solutions {given}: {nothing}", USAGE)


def by_work(config: pytest.Config) -> tuple[str, ...]:
    """The exercises that are judged by what a hand-in shows."""
    return config.stash[TAKEN].by_work if TAKEN in config.stash else ()


def exercises(config: pytest.Config) -> list[Exercise]:
    """The exercises, each with the parts by which this run judges it."""
    return config.stash[TAKEN].exercises() if TAKEN in config.stash else [*EXERCISES.values()]


def findings(config: pytest.Config, told: Callable[[str], None] = lambda title: None) -> Findings:
    """What was found in the hand-in of this run, which runs now if it has not run yet."""
    if FOUND not in config.stash:
        config.stash[FOUND] = found(
            config.stash[TAKEN], limits(config), checks.luck_of_the_run, told
        )
    return config.stash[FOUND]


SEED = "hypothesis_seed"
"""The name of the seed for the workers of pytest-xdist, which know the command line only."""


def choose_luck(config: pytest.Config) -> None:
    """Load the profile, and choose the seed; a worker of pytest-xdist is given that of the run."""
    if not config.getoption("--hypothesis-profile", None):
        settings.load_profile("ci" if os.environ.get("CI") else "default")
    if config.getoption("--hypothesis-seed") is None and not settings().derandomize:
        given = getattr(config, "workerinput", {}).get(SEED)
        config.option.hypothesis_seed = given or str(random.SystemRandom().randrange(2**32))
    seed = config.getoption("--hypothesis-seed")
    checks.luck_of_the_run = 1 if seed is None else random.Random(str(seed)).randrange(1, 2**32)


def folder_of(config: pytest.Config) -> Path:
    """The folder with the answers under test."""
    given = Path(config.getoption("--solutions") or REFERENCE).resolve()
    taken = config.stash.get(TAKEN, None)
    return (taken.functions or given) if taken else given


def is_reference(config: pytest.Config) -> bool:
    """Whether the reference is judged, and with it the suite."""
    return not config.getoption("--class") and folder_of(config) == REFERENCE


def in_process(config: pytest.Config) -> bool:
    """Whether answers run in this process: our own, or one's own that one looks into."""
    return bool(
        is_reference(config) or config.getoption("--in-process") or config.getoption("usepdb")
    )


@contextmanager
def answers_under_test(config: pytest.Config) -> Iterator[Answers]:
    """The answers of this run, in this process or, as they are now, in one of their own."""
    folder = folder_of(config)
    if in_process(config):
        yield Answers.here(folder).install()
        return
    with answers_apart(folder, limits(config)) as answers:
        yield answers


def is_worker(config: pytest.Config) -> bool:
    """Whether this process is one of pytest-xdist's, and another one shows the results."""
    return hasattr(config, "workerinput")


def check_of(item: pytest.Item) -> Any:
    """The check that a test is, or None."""
    return getattr(getattr(item, "function", None), "check", None)


def exercise_of(item: pytest.Item) -> str | None:
    """The exercise that a test judges, or None."""
    if part := part_of(item):
        return part[0]
    return getattr(check_of(item), "exercise", None)


def part_of(item: pytest.Item) -> tuple[str, str] | None:
    """The exercise and the part of a hand-in that a test judges, or None."""
    if item.name.startswith("test_hand_in[") and isinstance(item, pytest.Function):
        asked = item.callspec.params
        return str(asked["exercise"]), str(asked["part"])
    return None


def faults_before(items: list[pytest.Item]) -> list[str]:
    """What the checks that were asked for will miss of their surroundings."""
    needed = any(exercise_of(item) == "2.4" for item in items)
    return digits.faults() if needed else []


def select(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the checks that were asked for, and the suite's own tests where it is on trial."""
    if config.getoption("--class"):
        return
    numbers, by_what_is_shown = config.getoption("--exercise"), by_work(config)

    def runs(item: pytest.Item) -> bool:
        exercise = exercise_of(item)
        if exercise is not None and (part_of(item) is None) is (exercise in by_what_is_shown):
            return False
        if numbers:
            return exercise in numbers
        # What is no check of an exercise judges the suite itself, not a learner's answers.
        return exercise is not None or is_reference(config)

    config.hook.pytest_deselected(items=[item for item in items if not runs(item)])
    items[:] = sorted(
        filter(runs, items), key=lambda item: item.get_closest_marker(AFTERWARDS) is not None
    )
