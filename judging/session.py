"""What one run of pytest judges, and on which luck: its folder, its checks, its seed."""

from __future__ import annotations

import io
import os
import random
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, Phase, settings
from hypothesis.configuration import set_hypothesis_home_dir

from answering import starting
from answering.snapshot import snapshot
from answering.worker import Place
from homework import EXERCISES, MODULES
from judging import checks, digits
from judging.answers import REFERENCE, Answers
from judging.beside import AFTERWARDS
from judging.sides import Apart

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
    if problem := problem_of(folder_of(config)):
        pytest.exit(f"--solutions {config.getoption('--solutions')}: {problem}", USAGE)
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


def problem_of(folder: Path) -> str:
    """Why the answers in a folder cannot be judged, or "" if they can."""
    if not folder.exists():
        return "there is no such folder"
    if not folder.is_dir():
        return f"this is a file; the answers are judged by their folder, {folder.parent}"
    if has_answers(folder):
        return ""
    inside = [one.name for one in sorted(folder.iterdir()) if one.is_dir() and has_answers(one)]
    hint = f"; there are some in its folder {inside[0]}" if inside else ""
    return f"this folder has no answers: none of {', '.join(f'{m}.py' for m in MODULES)}{hint}"


def has_answers(folder: Path) -> bool:
    """Whether a module of the contract is there, as a file or as a package."""
    names = (name for module in MODULES for name in (f"{module}.py", f"{module}/__init__.py"))
    return any((folder / name).is_file() for name in names)


def choose_luck(config: pytest.Config) -> None:
    """Load the profile, and choose the seed: here, so that every worker has the same."""
    if not config.getoption("--hypothesis-profile", None):
        settings.load_profile("ci" if os.environ.get("CI") else "default")
    if config.getoption("--hypothesis-seed") is None and not settings().derandomize:
        config.option.hypothesis_seed = str(random.SystemRandom().randrange(2**32))
    seed = config.getoption("--hypothesis-seed")
    checks.luck_of_the_run = 1 if seed is None else random.Random(str(seed)).randrange(1, 2**32)


def folder_of(config: pytest.Config) -> Path:
    """The folder with the answers under test."""
    return Path(config.getoption("--solutions") or REFERENCE).resolve()


def is_reference(config: pytest.Config) -> bool:
    """Whether the reference is judged, and with it the suite."""
    return folder_of(config) == REFERENCE


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
    starting.prepare_for_strangers()
    in_memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(
        prefix="answers-", dir=in_memory, ignore_cleanup_errors=True
    ) as name:
        copy, scratch = Path(name).resolve() / folder.name, Path(name).resolve() / "scratch"
        shelf = scratch.with_name("shelf")
        for new in (copy, scratch, shelf):
            new.mkdir()
        refused = snapshot(folder, copy)
        memory = int(config.getoption("--memory") * 2**30)
        readable = (shelf, *digits.places())
        place = Place(copy, scratch, memory, readable)
        side = Apart(place, config.getoption("--patience"), refused, many=True)
        try:
            yield Answers(side)
        finally:
            side.end()


def is_worker(config: pytest.Config) -> bool:
    """Whether this process is one of pytest-xdist's, and another one shows the results."""
    return hasattr(config, "workerinput")


def check_of(item: pytest.Item) -> Any:
    """The check that a test is, or None."""
    return getattr(getattr(item, "function", None), "check", None)


def faults_before(items: list[pytest.Item]) -> list[str]:
    """What the checks that were asked for will miss of their surroundings."""
    needed = any((check := check_of(item)) and check.exercise == "2.4" for item in items)
    return digits.faults() if needed else []


def select(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the checks that were asked for, and the suite's own tests where it is on trial."""
    numbers = config.getoption("--exercise")

    def runs(item: pytest.Item) -> bool:
        check = check_of(item)
        if numbers:
            return check is not None and check.exercise in numbers
        # What is no check of an exercise judges the suite itself, not a learner's answers.
        return check is not None or is_reference(config)

    config.hook.pytest_deselected(items=[item for item in items if not runs(item)])
    items[:] = sorted(
        filter(runs, items), key=lambda item: item.get_closest_marker(AFTERWARDS) is not None
    )
