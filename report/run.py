"""What a run of the suite recorded, and the score that follows from it.

Everything here is plain data, so that it crosses from a pytest-xdist worker to its controller, and
so that the terminal, the page and the PDF show one and the same thing.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

from homework import EXERCISES, Exercise

UNDECIDED = 6
"""The exit status of a run in which nothing is wrong, but something could not be decided."""


@dataclass(frozen=True)
class Result:
    """One check as it ran. ``of`` is how many checks its part has, run or not."""

    exercise: str
    part: str
    name: str
    claim: str
    outcome: str
    """"passed", "failed", "skipped", or, where it came to no verdict, "not decided" or "not tried".

    What the surroundings lack (digits that cannot be read) and what is for a human reader (prose)
    leave the points undecided; what the system never has (a limit to the size of files) leaves them
    to the other checks."""
    message: str
    """For the learner: what is wrong, or why it could not be tried."""
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
    for_reader: bool = False
    """Whether it was left to a human reader, neither rejected nor accepted."""


@dataclass(frozen=True)
class Part:
    """A function of an exercise: what it can earn, and what it has earned."""

    possible: Fraction
    earned: Fraction
    undecided: Fraction
    checks: int
    """Those that it has, run or not."""
    results: list[Result]

    @property
    def judged(self) -> bool:
        """Whether it has a verdict: all of its checks ran, or one of them failed."""
        return bool(self.results) and (
            len(self.results) == self.checks or any(r.outcome == "failed" for r in self.results)
        )


@dataclass(frozen=True)
class Row:
    """A line of the score card. ``undecided`` points are neither earned nor lost.

    So are all of an exercise without parts, which is for a human reader to judge.
    """

    exercise: Exercise
    earned: Fraction
    passed: int
    checks: int
    examples: int
    undecided: Fraction

    @property
    def open(self) -> bool:
        """Whether nothing of it is decided."""
        return self.undecided == self.exercise.points


@dataclass(frozen=True)
class Decision:
    """Points of an exercise that a teacher gives by hand, and why."""

    points: Fraction
    remark: str = ""


@dataclass
class Run:
    """A whole run: the exercises, the checks as they came in, and where they ran."""

    exercises: list[Exercise] = field(default_factory=lambda: [*EXERCISES.values()])
    results: dict[str, Result] = field(default_factory=dict)
    tried: dict[str, Tried] = field(default_factory=dict)
    passed: int = 0
    """Tests of any kind that ran and passed."""
    lacking: list[str] = field(default_factory=list)
    """Of those of any kind that could not be tried, whether "not tried" or "not decided"."""
    ended: bool = True
    """Whether it came to its end, so that only what was not asked for has not run."""
    environment: dict[str, str] = field(default_factory=dict)
    code: dict[str, str] = field(default_factory=dict)
    """The source of what the answers under test define, by "module.name"."""

    found: dict[str, dict[str, str]] = field(default_factory=dict)
    """What was found in a hand-in: its "environment", and the "code" of its parts."""

    words: str = ""
    """What a hand-in says beside its code, for whoever reads the report."""

    by_hand: dict[str, Decision] = field(default_factory=dict)
    """What a teacher decided, by exercise: it stands, whatever the checks say."""

    def take(self, report: Any) -> None:
        """Take in what a test left on pytest's report of it, if it left anything."""
        self.found = getattr(report, "found", self.found)
        self.passed += (
            report.when == "call" and report.outcome == "passed" and not hasattr(report, "wasxfail")
        )
        if outcome := getattr(report, "lacking", ""):
            self.lacking.append(outcome)
        if result := getattr(report, "verified", None):
            self.add(Result(**result))
        if entry := getattr(report, "tried", None):
            self.tried[entry["name"]] = Tried(**entry)

    def add(self, result: Result) -> None:
        """Take in the result of one check."""
        self.results[result.name] = result

    def ran(self) -> set[str]:
        """The exercises of which a check ran."""
        return {result.exercise for result in self.results.values()}

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
                left = sum(entry.passed and entry.for_reader for entry in tried)
                as_it_should = sum(entry.passed for entry in tried) - left
                said.append(f"{as_it_should} of {len(tried)} {what}")
                said += [f"{left} left to a human reader"] if left else []
        return ", ".join(said)

    def parts(self, exercise: Exercise) -> list[Part]:
        """The parts of an exercise: each earns its share if all of its checks ran and passed."""
        parts = []
        for part in exercise.parts:
            results = [r for r in self.of_exercise(exercise.number) if r.part == part]
            checks = max((result.of for result in results), default=0)
            share = exercise.points / len(exercise.parts)
            passed, not_tried, not_decided = (
                sum(result.outcome == outcome for result in results)
                for outcome in ("passed", "not tried", "not decided")
            )
            earned = share if passed and passed + not_tried == checks else Fraction(0)
            right_so_far = not_decided and passed + not_tried + not_decided == checks
            undecided = share if right_so_far else Fraction(0)
            parts.append(Part(share, earned, undecided, checks, results))
        return parts

    def score(self) -> list[Row]:
        """The score card: what the parts of each exercise have earned."""
        rows = []
        for exercise in self.exercises:
            parts, results = self.parts(exercise), self.of_exercise(exercise.number)
            given = self.by_hand.get(exercise.number)
            rows.append(
                Row(
                    exercise,
                    given.points if given else sum((part.earned for part in parts), Fraction(0)),
                    sum(result.outcome == "passed" for result in results),
                    sum(part.checks for part in parts),
                    sum(result.examples for result in results),
                    Fraction(0)
                    if given
                    else sum((part.undecided for part in parts), Fraction(0))
                    if parts
                    else exercise.points,
                )
            )
        return rows

    def reasons(self) -> dict[str, str]:
        """Why points are neither earned nor lost, or a check was not tried: reason → outcome."""
        said = {
            f"{exercise.title.lower()} is for a human reader": "not decided"
            for exercise in self.exercises
            if not exercise.parts and exercise.number not in self.by_hand
        }
        return said | {
            result.message: result.outcome
            for result in self.results.values()
            if result.outcome.startswith("not ")
        }

    def status(self, pytest_says: int, asked: int) -> int:
        """The exit status: 0 says that each of the ``asked`` tests ran and passed.

        1: something is wrong, or was skipped; 6: nothing is, but something could not be decided;
        what pytest says of a run that it gave up (2 interrupted, 3 its own fault, 5 nothing ran)
        stands.
        """
        if pytest_says not in (0, 1):
            return pytest_says
        done = self.passed + self.lacking.count("not tried")
        if pytest_says == 0 and done == asked:
            return 0
        if pytest_says == 0 and done + self.lacking.count("not decided") == asked:
            return UNDECIDED
        return 1


class Total(NamedTuple):
    """The points of the whole score card: earned, possible, and neither earned nor lost."""

    earned: Fraction
    possible: Fraction
    undecided: Fraction

    @property
    def decided(self) -> Fraction:
        """Points that were earned or lost."""
        return self.possible - self.undecided


def total(rows: list[Row]) -> Total:
    """What the rows come to."""
    return Total(
        sum((row.earned for row in rows), Fraction(0)),
        sum((row.exercise.points for row in rows), Fraction(0)),
        sum((row.undecided for row in rows), Fraction(0)),
    )
