"""The trial of the catalogue: every entry faces the checks.

An entry is judged on a fixed sample of cases, and a mistake stops at the first that fails: it costs
milliseconds. It faces the checks that call what it replaces; another check cannot tell that it is
there.
"""

from collections.abc import Callable, Hashable, Iterable
from itertools import zip_longest
from math import ceil
from random import Random
from typing import Any, NamedTuple, Protocol, TypeVar

from hypothesis import settings

from judging import checks, matrix
from judging.answers import EXAMPLES, Answers
from judging.checks import REGISTER, Case, Check
from judging.known import ALTERNATIVES, MISTAKES, Alternative, Mistake
from judging.verdict import ForReader, NotTried, Wrong

Entry = Mistake | Alternative


class Outcome(NamedTuple):
    """How an entry fared: the check that rejected it first, and what is wrong with that, if any.

    ``for_reader``: no check rejected it, and one left it to a human reader. A right answer must not
    be rejected and a mistake must not be accepted; what is left to a reader is neither.
    """

    rejected_by: str | None
    problem: str
    for_reader: bool = False


def asks(check: Check, answers: Answers) -> set[str]:
    """The functions of the contract that a check calls."""
    if not check.asked and (wrong := check.failure(answers, check.corpus[0])):
        raise wrong
    return check.asked


def concerned(entry: Entry, answers: Answers) -> list[Check]:
    """The checks, of any exercise, that call what the entry replaces; its own part's first.

    A check calls functions of its own module alone.
    """
    modules = {place.partition(".")[0] for place in entry.replaced}
    checks = [
        check
        for check in REGISTER.values()
        if check.function.partition(".")[0] in modules
        and asks(check, answers).intersection(entry.replaced)
    ]
    return sorted(checks, key=lambda check: (check.function not in entry.replaced, check.cost))


def doubt(
    checks: Iterable[Check], answers: Answers, most: int | None = None
) -> tuple[Check, Case, Wrong | ForReader] | None:
    """The first case on which a check rejects the answers: all first cases, then …

    If none does, the first that a check leaves to a reader; None if all accept them. Args: most,
    the cases of each check that are tried; all of its sample unless it is said.
    """
    checks, left = list(checks), None
    for cases in zip_longest(*(check.corpus[:most] for check in checks)):
        for check, case in zip(checks, cases, strict=True):
            verdict = None if case is None else check.verdict(answers, case)
            if isinstance(verdict, Wrong):
                return check, case, verdict
            if verdict:
                left = left or (check, case, verdict)
    return left


def rejection(
    checks: Iterable[Check], answers: Answers, most: int | None = None
) -> tuple[Check, Case, Wrong] | None:
    """The first case on which one of the checks rejects the answers."""
    found = doubt(checks, answers, most)
    return (*found[:2], found[2]) if found and isinstance(found[2], Wrong) else None


def raise_what_lacks(checks: Iterable[Check]) -> None:
    """Raise NotTried if one of the checks could not be tried on this system."""
    for check in checks:
        if isinstance(check.lacks, NotTried):
            raise check.lacks


def attempt(entry: Entry, answers: Answers, most: int | None = None) -> Outcome:
    """Try one entry against the checks that it concerns.

    Args: most, on how many cases a check has to accept what it must not reject.

    Raises: NotTried, if only those might reject it that cannot be tried on this system.
    """
    trial, checks = answers.trying(entry), concerned(entry, answers)
    if isinstance(entry, Alternative):
        found = doubt(checks, trial, most)
        if found and isinstance(found[2], Wrong):
            return Outcome(found[0].name, f"{found[0].name} rejects it:\n{found[2]}")
        return Outcome(None, "", for_reader=bool(found))
    found = doubt((c for c in checks if c.exercise == entry.exercise), trial)
    if not found:
        raise_what_lacks(checks)
        return Outcome(None, f"no check of {entry.exercise} rejects it")
    check, case, wrong = found
    if isinstance(wrong, ForReader):
        return Outcome(None, "", for_reader=True)
    # The diagnosis names a mistake by doing it once more: it has to go wrong in the same way.
    again = check.failure(trial, case)
    if again is None or again.seen() != wrong.seen():
        return Outcome(check.name, f"{check.name} rejects it, but not twice in the same words")
    stranger = rejection((c for c in checks if c.exercise != entry.exercise), trial, most)
    return Outcome(check.name, f"{stranger[0].name} rejects it, too" if stranger else "")


FEW = 1
"""The cases on which a check has to accept what it must not reject, where time counts."""


def is_thorough() -> bool:
    """Whether this run takes its time: for all cases of the trial, and all cells of the matrix."""
    return settings().max_examples > EXAMPLES


SHARE = 5
"""A run that does not take its time tries one in so many of what is known of each function."""


class Named(Protocol):
    """What is chosen by its name: an entry of the catalogue, or a cell of the matrix."""

    @property
    def name(self) -> str: ...


N = TypeVar("N", bound=Named)


def by_luck(entries: Iterable[N]) -> list[N]:
    """In an order that follows from the seed of the run, and of each from its name alone."""
    return sorted(entries, key=lambda e: Random(f"{checks.luck_of_the_run} {e.name}").random())


def of_this_run(entries: Iterable[N], group: Callable[[N], Hashable]) -> list[N]:
    """Those that this run tries, in their order: all, or one in SHARE of each group and at least
    one. Which, the seed of the run says: other runs try others, and -n 2 the same in each worker.
    """
    entries = [*entries]
    if is_thorough():
        return entries
    groups: dict[Hashable, list[N]] = {}
    for entry in by_luck(entries):
        groups.setdefault(group(entry), []).append(entry)
    chosen = {e.name for one in groups.values() for e in one[: ceil(len(one) / SHARE)]}
    return [entry for entry in entries if entry.name in chosen]


def cells_of_this_run() -> list[matrix.Cell]:
    """The mistakes of the matrix that this run tries: all, or some, which move with its seed."""
    mistakes = [cell for cell in matrix.cells() if not cell.reason]
    if is_thorough():
        return mistakes
    # By the names of wrappers, too: one with a single cell has the chance of one with many.
    row = {one.name: place for place, one in enumerate(by_luck(matrix.WRAPPERS.values()))}
    by_row = sorted(by_luck(mistakes), key=lambda cell: row[cell.wrapper.name])
    return matrix.few(by_row, SHARE)


def share_of_the_catalogue() -> str:
    """What of the catalogue this run does not try, in words; "" if it tries all."""
    if is_thorough():
        return ""
    return (
        f"drawn by the seed from {len(MISTAKES)} known mistakes and {len(ALTERNATIVES)} right "
        "answers: --hypothesis-profile=thorough tries all"
    )


REJECTING: set[str | None] = set()
"""The checks that were the first to reject one of the mistakes tried so far."""


def replaced(name: str) -> dict[str, Any]:
    """What the entry of the catalogue, or the cell of the matrix, of this name puts where."""
    if "/" in name:
        return matrix.cell_of(name).mistake().replaced
    return (MISTAKES.get(name) or ALTERNATIVES[name]).replaced
