"""The results of one submission as GitHub Classroom's reporter reads them: classroom.yml.

The file has a line for each exercise, as a step of a workflow gives its outputs: a name, and what
the reporter takes of a "runner" in base64, JSON with the points of each part. Its fields are those
of https://github.com/classroom-resources/autograding-grading-reporter, in src/ and __tests__/.

Points are whole numbers, hundredths of ours: Classroom keeps integers, and would lose 0.25.

Nothing that comes from an answer is in it. The reporter prints the texts, and GitHub's runner would
obey a printed ``::notice title=Autograding report::``. The log of the suite says what is wrong.
"""

import json
from base64 import b64encode
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

from homework import EXERCISES, Exercise
from report.marked import write as write_whole
from report.run import Part, Run

UNDECIDED = "neither right nor wrong: for a human reader, or for want of something to judge it by"


def begin(path: Path, why: str) -> None:
    """Write at once what holds if the run should not come to its end.

    Args: why, is not told: it may quote what was handed in.
    """
    _write(
        path,
        [
            (exercise, "error", [_test(_name(exercise), "error", 0, "was not judged")])
            for exercise in EXERCISES.values()
        ],
    )


def write(run: Run, path: Path) -> None:
    """Write the points of each part."""
    runners, earned = [], Fraction(0)
    for exercise in run.exercises:
        tests = []
        for name, part in zip(exercise.parts, run.parts(exercise), strict=True):
            # Rounded down is the sum, so that it is the total that every other output has.
            before, earned = earned, earned + part.earned
            score = _hundredths(earned) - _hundredths(before)
            tests.append(_test(f"{_name(exercise)}: {name}", *_verdict(part, score)))
        judged = all(part.judged for part in run.parts(exercise))
        failed = any(test["status"] == "fail" for test in tests)
        status = "fail" if failed else "pass" if judged else "error"
        if not exercise.parts:
            tests.append(_test(_name(exercise), "error", 0, UNDECIDED))
        runners.append((exercise, status, tests))
    _write(path, runners)


def output(exercise: Exercise) -> str:
    """The name of its line. The reporter allows letters and digits."""
    number = exercise.number.replace(".", "")
    return f"exercise{number}" if number.isdigit() else number.lower()


def _hundredths(earned: Fraction) -> int:
    return int(earned * 100)


def _verdict(part: Part, score: int) -> tuple[str, int, str]:
    """Status, points and message. The reporter knows pass and fail, and calls the rest an error."""
    if part.undecided:
        return "error", 0, UNDECIDED
    if not part.judged:
        return "error", 0, "was not judged"
    return ("pass", score, "") if part.earned else ("fail", 0, "")


def _name(exercise: Exercise) -> str:
    return f"{exercise.number} {exercise.title}"


def _test(name: str, status: str, score: int, message: str) -> dict[str, Any]:
    return {
        "name": name,
        "status": status,
        "score": score,
        "message": f"{name}: {message}" if message else "",
        "test_code": "",
        "filename": "",
        "line_no": 0,
    }


def _write(path: Path, runners: Iterable[tuple[Exercise, str, list[dict[str, Any]]]]) -> None:
    lines = []
    for exercise, status, tests in runners:
        result = {
            "version": 1,
            "status": status,
            "max_score": _hundredths(exercise.points),
            "tests": tests,
        }
        lines.append(f"{output(exercise)}={b64encode(json.dumps(result).encode()).decode()}\n")
    write_whole(path, "".join(lines))
