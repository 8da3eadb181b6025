"""How fast tensors are drawn: this suite's lattices, hypothesis-torch, and hypothesis.extra.numpy.

    pip install hypothesis-torch
    HYPOTHESIS_NO_PLUGINS=1 python -m benchmarks.strategies

All three draw float32 tensors of the same shapes whose entries are the integers from −8 to 8. Each
round times the three one after the other, and a single integer, which is what Hypothesis itself
takes for an example; the table shows the median of the rounds, and the ratios twice: of the whole
time, and of what is left without that of the integer, which is the drawing of the tensor. The
variable keeps hypothesis-torch from reseeding torch at every example of every strategy.
"""

import statistics
import time
from collections.abc import Callable
from math import prod

import hypothesis.extra.numpy as numpy_strategies
import numpy
import torch
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from judging.strategies import lattice

SHAPES = ((3, 3), (5, 5), (6, 4), (16, 16), (1, 28, 28))
EXAMPLES, ROUNDS, MOST = 100, 5, 8


def seconds(strategy: st.SearchStrategy) -> float:
    """The time to draw and run EXAMPLES examples."""

    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def draw(value: object) -> None:
        pass

    start = time.perf_counter()
    draw()
    return time.perf_counter() - start


def ours(shape: tuple[int, ...]) -> st.SearchStrategy:
    """One draw of bytes, whatever the size."""
    return lattice(shape, torch.float32, most=MOST).hypothesis


def with_hypothesis_torch(shape: tuple[int, ...]) -> st.SearchStrategy:
    """hypothesis-torch, one draw for each element."""
    import hypothesis_torch

    return hypothesis_torch.tensor_strategy(
        dtype=torch.float32,
        shape=shape,
        elements=st.integers(-MOST, MOST).map(float),
        device=torch.device("cpu"),
        layout=torch.strided,
        requires_grad=False,
        pin_memory=False,
    )


def with_numpy(shape: tuple[int, ...]) -> st.SearchStrategy:
    """hypothesis.extra.numpy, then torch.from_numpy."""
    elements = st.integers(-MOST, MOST).map(float)
    return numpy_strategies.arrays(numpy.float32, shape, elements=elements).map(torch.from_numpy)


def main() -> None:
    makers: dict[str, Callable[[tuple[int, ...]], st.SearchStrategy]] = {
        "an integer": lambda shape: st.integers(0, 2**62),
        "lattice": ours,
        "hypothesis-torch": with_hypothesis_torch,
        "extra.numpy": with_numpy,
    }
    print(f"Milliseconds for each example, median of {ROUNDS} rounds of {EXAMPLES} examples")
    print(
        f"{'shape':<14}"
        + "".join(f"{name:>18}" for name in makers)
        + f"{'whole ratios':>18}{'drawing alone':>18}"
    )
    for shape in SHAPES:
        times: dict[str, list[float]] = {name: [] for name in makers}
        for _ in range(ROUNDS):
            for name, make in makers.items():
                times[name].append(seconds(make(shape)) / EXAMPLES * 1000)
        medians = {name: statistics.median(values) for name, values in times.items()}
        engine, first, *others = medians.values()
        whole = "  ".join(f"{other / first:.1f}×" for other in others)
        alone = "  ".join(f"{(other - engine) / (first - engine):.1f}×" for other in others)
        print(
            f"{shape!s:<14}"
            + "".join(f"{value:>18.2f}" for value in medians.values())
            + f"{whole:>18}{alone:>18}   ({prod(shape)} entries)"
        )


if __name__ == "__main__":
    main()
