"""What a run of the suite recorded, and the score that follows from it.

Everything here is plain data, so that it crosses from a pytest-xdist worker to its controller, and
so that the terminal, the page and the PDF show one and the same thing.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from homework import EXERCISES, Exercise


@dataclass(frozen=True)
class Result:
    """One check as it ran. ``of`` is how many checks its part has, run or not."""

    exercise: str
    part: str
    name: str
    claim: str
    outcome: str
    """"passed", "failed" or "skipped"."""
    message: str
    """For the learner; empty unless the check failed."""
    examples: int
    of: int
    evidence: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Tried:
    """An entry of the catalogue on trial: a known mistake, or a right answer written differently.

    ``says`` is what the mistake computes instead, or what is different about the right answer.
    """

    exercise: str
    part: str
    name: str
    says: str
    is_mistake: bool
    rejected_by: str | None
    """The first check that rejected it."""
    passed: bool
    """Whether it fared as it should."""


@dataclass(frozen=True)
class Part:
    """A function of an exercise: what it can earn, and what it has earned."""

    possible: Fraction
    earned: Fraction
    checks: int
    """Those that it has, run or not."""
    results: list[Result]


@dataclass(frozen=True)
class Row:
    """A line of the score card. ``earned`` is None where a reader has to decide."""

    exercise: Exercise
    earned: Fraction | None
    passed: int
    checks: int
    examples: int


@dataclass
class Run:
    """A whole run: the exercises, the checks as they came in, and where they ran."""

    exercises: list[Exercise] = field(default_factory=lambda: [*EXERCISES.values()])
    results: dict[str, Result] = field(default_factory=dict)
    tried: dict[str, Tried] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    code: dict[str, str] = field(default_factory=dict)
    """The source of what the answers under test define, by "module.name"."""

    def take(self, report: Any) -> None:
        """Take in what a test left on pytest's report of it, if it left anything."""
        if result := getattr(report, "verified", None):
            self.add(Result(**result))
        if entry := getattr(report, "tried", None):
            self.tried[entry["name"]] = Tried(**entry)

    def add(self, result: Result) -> None:
        """Take in the result of one check."""
        self.results[result.name] = result

    def of_exercise(self, number: str) -> list[Result]:
        """The results of one exercise, in the order in which its checks ran."""
        return [result for result in self.results.values() if result.exercise == number]

    def trial(self, exercise: str | None = None) -> str:
        """How the catalogue fared, all of it or one exercise's share, in words; "" if untried."""
        said = []
        for is_mistake, what in (
            (True, "known mistakes rejected"),
            (False, "right answers written differently accepted"),
        ):
            tried = [
                entry
                for entry in self.tried.values()
                if entry.is_mistake == is_mistake and exercise in (None, entry.exercise)
            ]
            if tried:
                said.append(f"{sum(entry.passed for entry in tried)} of {len(tried)} {what}")
        return ", ".join(said)

    def parts(self, exercise: Exercise) -> list[Part]:
        """The parts of an exercise: each earns its share if all of its checks ran and passed."""
        parts = []
        for part in exercise.parts:
            results = [r for r in self.of_exercise(exercise.number) if r.part == part]
            checks = max((result.of for result in results), default=0)
            share = exercise.points / len(exercise.parts)
            full = checks and sum(result.outcome == "passed" for result in results) == checks
            parts.append(Part(share, share if full else Fraction(0), checks, results))
        return parts

    def score(self) -> list[Row]:
        """The score card: what the parts of each exercise have earned."""
        rows = []
        for exercise in self.exercises:
            parts, results = self.parts(exercise), self.of_exercise(exercise.number)
            rows.append(
                Row(
                    exercise,
                    sum((part.earned for part in parts), Fraction(0)) if parts else None,
                    sum(result.outcome == "passed" for result in results),
                    sum(part.checks for part in parts),
                    sum(result.examples for result in results),
                )
            )
        return rows


def total(rows: list[Row]) -> tuple[Fraction, Fraction]:
    """Points earned and points possible, of the whole score card."""
    return (
        sum((row.earned for row in rows if row.earned is not None), Fraction(0)),
        sum((row.exercise.points for row in rows), Fraction(0)),
    )
