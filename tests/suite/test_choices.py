"""What strategies are made of: both ways to draw give values of one kind, and a sample is fixed."""

from collections import Counter
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homework import MODULES
from judging.checks import REGISTER
from judging.choices import (
    Draw,
    Strategy,
    booleans,
    bytes_of,
    composite,
    integers,
    lists,
    sample,
    sampled_from,
    several_of,
)

for module in MODULES:  # importing the checks registers them
    import_module(f"tests.test_{module}")


@composite
def intervals(draw: Draw, least: int) -> tuple[int, int]:
    low = draw(integers(least, 9))
    return low, draw(integers(low, 9))


KINDS: dict[str, tuple[Strategy, Callable[[Any], bool]]] = {
    "integers": (integers(-3, 5), lambda value: value in range(-3, 6)),
    "seeds": (integers(0, 2**32 - 1), lambda value: value in range(2**32)),
    "booleans": (booleans(), lambda value: value in (False, True)),
    "sampled_from": (sampled_from("abc"), lambda value: value in ("a", "b", "c")),
    "bytes_of": (bytes_of(3), lambda value: isinstance(value, bytes) and len(value) == 3),
    "lists": (
        lists(integers(1, 2), 2, 4),
        lambda value: 2 <= len(value) <= 4 and set(value) <= {1, 2},
    ),
    "several_of": (
        several_of("abc", 1, 3),
        lambda value: 1 <= len(value) <= 3 and max(Counter(value).values()) == 1,
    ),
    "map": (integers(0, 3).map(lambda value: 2 * value), lambda value: value in (0, 2, 4, 6)),
    "composite": (intervals(4), lambda value: 4 <= value[0] <= value[1] <= 9),
}


@pytest.mark.parametrize("kind", KINDS)
def test_both_ways_draw_values_of_the_kind(kind: str) -> None:
    strategy, belongs = KINDS[kind]

    @given(strategy.hypothesis, st.text(), st.integers(1, 9))
    def both(value: object, seed: str, size: int) -> None:
        assert belongs(value)
        values = sample(strategy, size, seed)
        assert len(values) == size
        assert all(map(belongs, values))

    both()


def test_a_sample_is_the_same_in_every_version() -> None:
    """These were drawn once: another Python or Hypothesis that draws others changes the trial."""
    assert sample(integers(0, 99), 6, "a seed") == [27, 0, 53, 35, 66, 98]
    words = [["γ"], [], ["α", "β", "γ"], ["γ", "β"]]
    assert sample(lists(sampled_from("αβγ"), 0, 3), 4, "a seed") == words
    assert sample(intervals(0), 5, "another") == [(2, 3), (4, 9), (6, 8), (9, 9), (0, 1)]
    assert sample(bytes_of(2), 3, "another") == [b"\x9dd", b"\xfdK", b"\x14\xca"]


@pytest.mark.parametrize(
    ("strategy", "counts"),
    [
        (booleans(), {False: 6, True: 6}),
        (sampled_from("abc"), {"a": 4, "b": 4, "c": 4}),
        (integers(1, 12), dict.fromkeys(range(1, 13), 1)),
    ],
    ids=["booleans", "options", "integers"],
)
@given(seed=st.text())
def test_a_sample_has_every_choice_as_often(strategy: Strategy, counts: dict, seed: str) -> None:
    assert Counter(sample(strategy, 12, seed)) == counts


def test_later_choices_are_spread_out_too() -> None:
    @composite
    def pairs(draw: Draw) -> tuple[bool, str]:
        return draw(booleans()), draw(sampled_from("abc"))

    drawn = sample(pairs(), 12, "")
    assert Counter(second for _, second in drawn) == {"a": 4, "b": 4, "c": 4}
    assert len(set(drawn)) > 3, "the second choice does not follow from the first"


def test_every_check_has_its_own_sample_and_keeps_it() -> None:
    for check in REGISTER.values():
        if check.strategies:
            again, other = (str(check.sample(seed)) for seed in ("trial", "other"))
            assert again == str(check.corpus), f"the sample of {check.name} changes"
            assert again != other, f"{check.name} ignores its seed"
