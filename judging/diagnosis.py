"""Which known mistake an answer makes.

A name is a claim, and it has to be true. An answer makes a known mistake if it behaves like it in
whatever can be seen: on every case of every check of the function it passes or fails alike, in the
same words, and its calls have the same results. An answer that only agrees with a mistake on the
case that failed is told so, and no more.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from judging.answers import Answers
from judging.checks import REGISTER, Case, Check
from judging.known import ALTERNATIVES, MISTAKES, Mistake
from judging.verdict import Wrong

PATIENCE = 10.0
"""Seconds of CPU time after which the search for a name is given up: then there is none."""

DEAR, FEW = 0.5, 3
"""Seconds from which a case is dear: it is tried with few suspects, and not to choose them."""

NUMBER = re.compile(r"-?\d[\d.]*(?:e[-+]?\d+)?")

BY_WORDS = ("random_matrices", "random_data", "answers")
"""Whose results are compared by the verdict's words alone: they are chance, or answer other
questions as well."""


@dataclass(frozen=True)
class Diagnosis:
    """The mistakes that an answer makes; or those that it agrees with ``on_this_case`` alone."""

    mistakes: tuple[Mistake, ...] = ()
    on_this_case: tuple[Mistake, ...] = ()

    def __str__(self) -> str:
        if len(self.mistakes) == 1:
            return str(self.mistakes[0])
        if self.mistakes:
            named = "\n".join(f"- {mistake}" for mistake in self.mistakes)
            return f"Several known mistakes behave like this on every case:\n{named}"
        if len(self.on_this_case) == 1:
            return f"On this case it gives what this would give: {self.on_this_case[0].this_is}."
        return ""


@dataclass(frozen=True)
class Behaviour:
    """What could be seen of answers on one case: the verdict's words, and what its calls gave."""

    words: tuple[str, str] | None
    heard: tuple[Any, ...]
    seconds: float

    def like(self, other: Behaviour) -> bool:
        """Whether two answers behaved alike, but for their rounding.

        What the check accepts of both is right, and tells nothing.
        """
        if self.words is None or other.words is None:
            return self.words is other.words
        if not (self.heard and other.heard):
            return self.words == other.words and alike(self.heard, other.heard)
        return self._without_numbers() == other._without_numbers() and alike(
            self.heard, other.heard
        )

    def _without_numbers(self) -> list[str]:
        """The words, but for the numbers in them, which the calls' results have in full."""
        return [NUMBER.sub("#", text) for text in self.words or ()]


def diagnose(check: Check, answers: Answers, case: Case, wrong: Wrong) -> Diagnosis:
    """The known mistakes that explain the failure, as far as that is certain."""
    until = time.process_time() + PATIENCE
    failed = behaviour(check, answers, case)
    if failed.words != wrong.seen():
        return Diagnosis()  # another time it fails in another way
    # Where even a right answer in the place of this one fails alike, the fault lies elsewhere.
    controls = (right for right in ALTERNATIVES.values() if check.function in right.replaced)
    if (right := next(controls, None)) and behaviour(
        check, answers.trying(right), case
    ).words == failed.words:
        return Diagnosis()
    suspects = [
        mistake
        for mistake in MISTAKES.values()
        if mistake.exercise == check.exercise and check.function in mistake.replaced
    ]

    def agreeing(some: list[Mistake], check: Check, case: Case, seen: Behaviour) -> list[Mistake]:
        return [m for m in some if behaviour(check, answers.trying(m), case).like(seen)]

    if failed.seconds < DEAR:
        suspects = agreeing(suspects, check, case, failed)
    left = suspects
    for other, number in _cases(check):
        if not left or time.process_time() > until:
            break
        seen = _remembered(other, answers, number)
        if seen.seconds < DEAR:
            left = agreeing(left, other, other.corpus[number], seen)
    if failed.seconds >= DEAR and len(left) <= FEW:
        suspects = left = agreeing(left, check, case, failed)
    if time.process_time() > until or (failed.seconds >= DEAR and len(left) > FEW):
        return Diagnosis()
    return Diagnosis(tuple(left), () if left else tuple(suspects))


def _cases(check: Check) -> Iterator[tuple[Check, int]]:
    """All first cases of the samples of the function's checks, then all second ones, …"""
    checks = [
        other
        for other in REGISTER.values()
        if other.function == check.function and other.exercise == check.exercise
    ]
    for number in range(max(len(one.corpus) for one in checks)):
        yield from ((one, number) for one in checks if number < len(one.corpus))


_SEEN: WeakKeyDictionary[Answers, dict[tuple[str, int], Behaviour]] = WeakKeyDictionary()


def _remembered(check: Check, answers: Answers, number: int) -> Behaviour:
    """What the answers do on a case of the check's sample, which each failed check asks for."""
    seen = _SEEN.setdefault(answers, {})
    if number and seen[check.name, 0].seconds >= DEAR:
        return seen[check.name, 0]
    if (check.name, number) not in seen:
        seen[check.name, number] = behaviour(check, answers, check.corpus[number])
    return seen[check.name, number]


def behaviour(check: Check, answers: Answers, case: Case) -> Behaviour:
    """What can be seen of the answers on a case."""
    answers.heard, began = [], time.monotonic()
    try:
        wrong = check.failure(answers, case)
        heard = () if check.part in BY_WORDS else tuple(answers.heard)
    finally:
        answers.heard = None
    return Behaviour(wrong.seen() if wrong else None, heard, time.monotonic() - began)


def alike(one: Any, other: Any) -> bool:
    """Whether two results are the same but for rounding.

    Two routes to one formula differ by some units in the last place of the largest entry, and by
    more where they cancel; two formulas that agree in a third of their digits on every case are
    one.
    """
    if isinstance(one, Tensor) or isinstance(other, Tensor):
        return _tensors_alike(one, other)
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        both_nan = math.isnan(one) and math.isnan(other)
        return both_nan or math.isclose(one, other, rel_tol=_same(torch.float64))
    if isinstance(one, dict):
        return [*one] == [*other] and _all_alike(one.values(), other.values())
    if isinstance(one, list | tuple):
        return len(one) == len(other) and _all_alike(one, other)
    return bool(one == other)


def _same(dtype: torch.dtype) -> float:
    return torch.finfo(dtype).eps ** (1 / 3)


def _all_alike(ones: Iterable[Any], others: Iterable[Any]) -> bool:
    return all(alike(one, other) for one, other in zip(ones, others, strict=True))


def _tensors_alike(one: Any, other: Any) -> bool:
    if not (isinstance(one, Tensor) and isinstance(other, Tensor)):
        return False
    if one.dtype != other.dtype or one.shape != other.shape or one.layout != other.layout:
        return False
    if one.layout != torch.strided or one.is_meta or not one.dtype.is_floating_point:
        return one.is_meta or bool((one == other).all())
    most = (
        torch.maximum(one.abs(), other.abs()).nan_to_num(0.0, 0.0, 0.0).max() if one.numel() else 0
    )
    near = (one - other).abs() <= _same(one.dtype) * most
    return bool((near | (one == other) | (one.isnan() & other.isnan())).all())
