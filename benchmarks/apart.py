"""What it costs to run answers apart: a fresh process, and a call, beside the same call here.

    python -m benchmarks.apart [--rounds 5]

Each round times all of them, one after the other, so that a machine that is slow for a while is
slow for all. The tensors are those of exercise 2.3, (3, 3), and a batch of 64 images.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

from answering import starting
from answering.process import Process
from answering.worker import Place
from judging.answers import REFERENCE
from judging.sides import Apart, Here

CALLS = 200


def seconds(act: Callable[[], object], times: int = 1) -> float:
    """The mean time of so many runs."""
    start = time.perf_counter()
    for _ in range(times):
        act()
    return (time.perf_counter() - start) / times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    X, images = torch.randn(3, 3), torch.randn(64, 28 * 28)
    with tempfile.TemporaryDirectory() as folder:
        place = Place(REFERENCE, Path(folder), 4 * 2**30)
        apart, here = Apart(place, 60.0), Here(REFERENCE)
        here.install()

        def gradient(side: Apart | Here) -> object:
            return side.call("autograd", "gradient", (X,), {})

        def flatten(side: Apart | Here) -> object:
            return side.call("tensor_operations", "flatten", (images,), {})

        measured: dict[str, list[float]] = {}
        starting.prepare()
        Process(place, 60.0).kill()  # the first waits until torch is imported there
        for one in (apart, here):
            gradient(one), flatten(one)
        for _ in range(rounds):
            for name, act, times in (
                ("a fresh process, ready and ended", lambda: Process(place, 60.0).kill(), 1),
                ("gradient(X), (3, 3), here", lambda: gradient(here), CALLS),
                ("gradient(X), (3, 3), apart", lambda: gradient(apart), CALLS),
                ("flatten(x), (64, 784), here", lambda: flatten(here), CALLS),
                ("flatten(x), (64, 784), apart", lambda: flatten(apart), CALLS),
            ):
                measured.setdefault(name, []).append(seconds(act, times))
        apart.end()
    for name, found in measured.items():
        middle = statistics.median(found)
        print(f"{name:<34}{1e3 * min(found):>9.3f}{1e3 * middle:>9.3f}{1e3 * max(found):>9.3f} ms")
    print("minimum, median and maximum of the rounds")


if __name__ == "__main__":
    main()
