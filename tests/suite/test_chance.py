"""What is drawn: every right way is accepted, and nothing that follows from another draw."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from judging.chance import SIDE, independent, unordered
from judging.verdict import Wrong


def square(draw: Callable[..., Tensor], seed: int) -> Tensor:
    return draw((SIDE, SIDE), generator=torch.Generator().manual_seed(seed))


DRAWS: dict[str, Callable[..., Tensor]] = {
    "normal": torch.randn,
    "uniform": torch.rand,
    "ten integers": lambda shape, generator: torch.randint(10, shape, generator=generator).float(),
    "coins": lambda shape, generator: torch.randint(2, shape, generator=generator).float(),
    "one in ten": lambda shape, generator: (torch.rand(shape, generator=generator) < 0.1).float(),
    "far from zero": lambda shape, generator: 100 + 0.01 * torch.randn(shape, generator=generator),
    "heavy tails": lambda shape, generator: torch.empty(shape).cauchy_(generator=generator),
}


@pytest.mark.parametrize("how", DRAWS)
def test_independent_draws_of_any_distribution_are_accepted(how: str) -> None:
    for seed in range(0, 60, 2):
        A, B = square(DRAWS[how], seed), square(DRAWS[how], seed + 1)
        independent("A and B", A, B)
        unordered("A", A)


DEPENDENT: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "the same": lambda A, B: A,
    "1 − A": lambda A, B: 1 - A,
    "2·A": lambda A, B: 2 * A,
    "upside down": lambda A, B: A.flip(0),
    "transposed": lambda A, B: A.T,
    "transposed and turned": lambda A, B: A.T.flip(0),
    "a window one place later": lambda A, B: torch.cat((A.flatten()[1:], A.new_zeros(1))).view(
        A.shape
    ),
    "a window 300 places before": lambda A, B: torch.cat(
        (B.flatten()[:300], A.flatten()[:-300])
    ).view(A.shape),
    "half of it": lambda A, B: torch.cat((A[: SIDE // 2], B[SIDE // 2 :])),
    "with noise": lambda A, B: A + 0.3 * B,
    "with signs of its own": lambda A, B: A * B.sign(),
}


@pytest.mark.parametrize("how", DEPENDENT)
def test_what_follows_from_another_draw_is_rejected(how: str) -> None:
    for seed in range(0, 20, 2):
        A, B = square(torch.randn, seed), square(torch.randn, seed + 1)
        with pytest.raises(Wrong, match="A and B that depend on each other"):
            independent("A and B", A, DEPENDENT[how](A, B))


ORDERED: dict[str, Callable[[Tensor], Tensor]] = {
    "one number": lambda A: A[:1, :1].expand(A.shape),
    "rows that repeat": lambda A: A[torch.arange(SIDE) // 2],
    "one row": lambda A: A[:1].expand(A.shape),
    "columns that repeat": lambda A: A[:, torch.arange(SIDE) // 2],
    "symmetric": lambda A: A.tril() + A.tril(-1).T,
    "antisymmetric": lambda A: A.tril(-1) - A.tril(-1).T,
    "triangular": lambda A: A.triu(),
    "diagonal": lambda A: A.diag().diag(),
    "sorted": lambda A: A.flatten().sort().values.view(A.shape),
    "columns sorted": lambda A: A.sort(dim=0).values,
    "counted": lambda A: torch.arange(A.numel(), dtype=A.dtype).view(A.shape),
}


@pytest.mark.parametrize("how", ORDERED)
def test_entries_that_follow_from_each_other_are_rejected(how: str) -> None:
    for seed in range(10):
        with pytest.raises(Wrong):
            unordered("A", ORDERED[how](square(torch.randn, seed)))
