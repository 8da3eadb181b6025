"""How long the suite takes, as a multiple of the floor: importing what it cannot do without.

    python -m benchmarks.suite [--rounds 3]

Each round times the floor and every command, one after the other, so that a machine that is slow
for a while is slow for all of them. Memory is the largest resident set of a single process, and
the proportional set of the whole process tree, which counts shared pages once.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import psutil

from benchmarks.command import ROOT, watched

FLOOR = "import torch, torchvision, matplotlib.pyplot, hypothesis, pytest"


class Cost(NamedTuple):
    """Wall time in seconds; memory in bytes."""

    seconds: float
    largest: int
    tree: int


def measure(command: list[str]) -> Cost:
    """Run the command in the project's root and sample its process tree while it lasts."""
    largest, tree = 0, 0

    def look(parent: psutil.Process) -> None:
        nonlocal largest, tree
        resident, proportional = [0], [0]
        for one in (parent, *parent.children(recursive=True)):
            memory = one.memory_full_info()
            resident.append(memory.rss)
            proportional.append(getattr(memory, "pss", memory.rss))
        largest, tree = max(largest, *resident), max(tree, sum(proportional))

    seconds = watched(command, look)
    return Cost(seconds, largest, tree)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        starter = Path(folder) / "starter"
        subprocess.run(
            [sys.executable, "-m", "solutions", "--starter", str(starter)],
            cwd=ROOT,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        pytest = [sys.executable, "-m", "pytest"]
        page, pdf = f"--html={folder}/results.html", f"--pdf={folder}/report.pdf"
        commands = {
            "floor: the imports": [sys.executable, "-c", FLOOR],
            "pytest -v": [*pytest, "-v"],
            "pytest -v --html --pdf": [*pytest, "-v", page, pdf],
            "pytest --solutions=solutions copy": [*pytest, f"--solutions={copy(folder)}"],
            "pytest --solutions=starter": [*pytest, f"--solutions={starter}"],
        }
        subprocess.run([sys.executable, "-m", "data"], cwd=ROOT, check=True)
        costs: dict[str, list[Cost]] = {name: [] for name in commands}
        for _ in range(rounds):
            for name, command in commands.items():
                costs[name].append(measure(command))
    floor = costs["floor: the imports"]
    print(f"{os.cpu_count()} cores, {rounds} rounds, medians; × is the multiple of the floor")
    print(f"{'':<36}{'wall':>9}{'':>8}{'largest process':>18}{'':>8}{'whole tree':>13}")
    for name, measured in costs.items():
        seconds, largest, tree = (
            statistics.median(column) for column in zip(*measured, strict=True)
        )
        base = [statistics.median(column) for column in zip(*floor, strict=True)]
        print(
            f"{name:<36}{seconds:>7.2f} s{seconds / base[0]:>7.2f}×"
            f"{largest / 2**20:>13,.0f} MiB{largest / base[1]:>7.2f}×"
            f"{tree / 2**20:>9,.0f} MiB{tree / base[2]:>7.2f}×"
        )


def copy(folder: str) -> Path:
    """The reference answers in another place, as a learner's folder would be."""
    place = Path(folder) / "answers"
    place.mkdir()
    for source in (ROOT / "solutions").glob("*.py"):
        (place / source.name).write_bytes(source.read_bytes())
    return place


if __name__ == "__main__":
    main()
