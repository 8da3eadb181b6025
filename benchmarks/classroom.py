"""What a class costs: `--class` beside a fresh `pytest --solutions` for each submission.

    python -m benchmarks.classroom [--size 60] [--otter PATH]

CPU is that of every process that a command has started, whoever waited for it. All submissions
keep the contract: the reference without its own checks of types, in two ways of writing. With the
path of otter-grader's command, `otter run` judges a notebook of one cell by one trivial test.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import resource
import shutil
import sys
import tempfile
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil

from benchmarks.command import ROOT, watched

PYTEST = [sys.executable, "-m", "pytest", "-q", "--hypothesis-seed=1"]
PLAIN = """
def checked(function):
    return function


def require(fits, otherwise):
    if not fits:
        raise ValueError(otherwise)
"""
ONE_EXERCISE = "--exercise=1.3"
"""What many submissions are judged by, to see what grows with their number."""

PR_SET_CHILD_SUBREAPER = 36


class Cost(NamedTuple):
    """CPU and wall in seconds; memory: the largest resident set of the judging process, in kB."""

    cpu: float
    wall: float
    memory: float


def cost(command: list[str], folder: Path = ROOT) -> Cost:
    """Run a command, and wait for all that it has started."""
    before, memory = resource.getrusage(resource.RUSAGE_CHILDREN), 0

    def look(judge: psutil.Process) -> None:
        nonlocal memory
        memory = max(memory, judge.memory_info().rss)

    wall = watched(command, look, folder=folder, every=0.1)
    # What it leaves behind has become a child of this process.
    with suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)
    return Cost(used, wall, memory / 1024)


def laid(folder: Path, size: int) -> Path:
    """A class of so many submissions that keep the contract."""
    for number in range(size):
        one = folder / f"student {number:04}"
        shutil.copytree(ROOT / "solutions", one, ignore=shutil.ignore_patterns("__pycache__"))
        (one / "guards.py").write_text(PLAIN)
        if number % 2:
            module = one / "objective_questions.py"
            source = module.read_text().replace("return y - t", "return -(t - y)")
            module.write_text(source)
    return folder


def a_class(folder: Path, size: int, *more: str) -> Cost:
    """The cost of a class of so many."""
    of = laid(folder / f"class-{size}", size)
    results = folder / f"results-{size}-{len(more)}"
    measured = cost([*PYTEST, f"--class={of}", f"--results={results}", *more])
    shutil.rmtree(of)
    return measured


def otter(command: str, folder: Path) -> Cost:
    """The cost of `otter run` on a notebook that imports torch, with one trivial test."""
    test = "OK_FORMAT = True\ntest = {'name': 'q1', 'points': 1, 'suites': [{'cases': ["
    test += (
        "{'code': '>>> x\\n3'}], 'scored': True, 'setup': '', 'teardown': '', 'type': 'doctest'}]}"
    )
    with zipfile.ZipFile(folder / "autograder.zip", "w") as archive:
        archive.writestr("tests/q1.py", test)
        archive.writestr("otter_config.json", json.dumps({"lang": "python"}))
        for name in ("requirements.txt", "files/.keep"):
            archive.writestr(name, "")
    cell: dict[str, object] = {
        "cell_type": "code",
        "metadata": {},
        "outputs": [],
        "execution_count": None,
    }
    notebook = {
        "cells": [cell | {"source": "import torch\nx = int(torch.ones(3).sum())"}],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "", "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 4,
    }
    (folder / "submission.ipynb").write_text(json.dumps(notebook))
    (folder / "out").mkdir()
    measured = cost(
        [command, "run", "-a", "autograder.zip", "-o", "out", "submission.ipynb"], folder
    )
    (results,) = folder.glob("out/*.json")
    told = json.loads(results.read_text())
    if not any(one.get("score") for one in told["tests"]):
        raise RuntimeError(f"otter gave no point to a right answer: {told}")
    return measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=60)
    parser.add_argument("--otter", metavar="PATH")
    given = parser.parse_args()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        one = laid(folder / "one", 1) / "student 0000"
        fresh = [cost([*PYTEST, f"--solutions={one}"]) for _ in range(3)]
        alone = min(each.cpu for each in fresh)
        print(f"pytest --solutions, fresh for each: {alone:6.2f} s CPU")
        if given.otter:
            other = otter(given.otter, folder).cpu
            print(f"otter run, one trivial test:        {other:6.2f} s CPU, {other / alone:.2f} ×")
        few = a_class(folder, 2)
        many = a_class(folder, given.size)
        each = (many.cpu - few.cpu) / (given.size - 2)
        share = many.cpu / given.size
        print(
            f"--class, {given.size:4} submissions:         {share:6.2f} s CPU each, "
            f"{share / alone:.2f} ×; {each:.2f} s each after two; {many.wall:.0f} s in all"
        )
        print(f"one exercise only ({ONE_EXERCISE}):")
        least = None
        for size in (10, 100, 1000):
            measured = a_class(folder, size, ONE_EXERCISE, "-p", "no:cacheprovider")
            least = least or (size, measured)
            grown = ""
            if size > least[0]:
                more = (measured.memory - least[1].memory) / (size - least[0])
                grown = f", {more:.0f} kB of the judging process for each more"
            print(
                f"  {size:5} submissions: {measured.cpu / size:6.2f} s CPU each, "
                f"{measured.wall:.0f} s{grown}"
            )


if __name__ == "__main__":
    main()
