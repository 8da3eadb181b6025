"""The results of one submission as Gradescope's autograder reads them.

Its format: https://gradescope-autograders.readthedocs.io/en/latest/specs/. Every text is declared
as text, so that the platform escapes it.

``setup.sh`` and ``run_autograder`` beside this file are what a teacher uploads.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from homework import Exercise, points
from report.marked import write as write_whole
from report.run import Part, Run, total
from report.text import clipped, visible

MOST_LETTERS = 8_000
"""Letters of the messages of one part."""

NOT_ENDED = "The run did not come to its end. What has no points here was not judged."


def begin(path: Path, why: str) -> None:
    """Write at once what holds if the run should not come to its end."""
    _write(path, {"score": 0, "output": visible(clipped(why, MOST_LETTERS))})


def write(run: Run, path: Path) -> None:
    """Write a test for each part of each exercise, with its points and what is to be corrected."""
    reasons = [f"{outcome}: {reason}" for reason, outcome in run.reasons().items()]
    facts = [f"{key}: {value}" for key, value in run.environment.items()]
    words = "\n".join([*([] if run.ended else [NOT_ENDED, ""]), *facts, "", *reasons])
    _write(
        path,
        {
            # As every other output of the suite has it: rounded down to hundredths.
            "score": float(points(total(run.score()).earned)),
            "output": visible(clipped(words, MOST_LETTERS)),
            "tests": [test for exercise in run.exercises for test in _tests(run, exercise)],
        },
    )


def _tests(run: Run, exercise: Exercise) -> Iterator[dict[str, Any]]:
    parts = zip(exercise.parts, run.parts(exercise), strict=True)
    for place, (name, part) in enumerate(parts, 1):
        if part.results:
            test = _test(f"{exercise.number} {exercise.title}: {name}", _said(part))
            yield {**test, "number": f"{exercise.number}.{place}", **_verdict(part)}
    if not exercise.parts:
        waits = f"Not decided. Points that a human reader gives: {points(exercise.points)}."
        yield {**_test(exercise.title, waits), "number": exercise.number}


def _test(name: str, output: str) -> dict[str, Any]:
    return {
        "name": name,
        "name_format": "text",
        "output": output,
        "output_format": "text",
        "visibility": "visible",
    }


def _verdict(part: Part) -> dict[str, Any]:
    """Points and status. What has no verdict has neither, for Gradescope calls a 0 failed."""
    if part.undecided or not part.judged:
        return {}
    return {
        "score": float(part.earned),
        "max_score": float(part.possible),
        "status": "passed" if part.earned else "failed",
    }


def _said(part: Part) -> str:
    """What is to be corrected, or why it is not decided."""
    said = dict.fromkeys(result.message for result in part.results if result.message)
    words = "\n\n".join(said) or ("Right." if part.earned else "Not all of its checks ran.")
    if part.undecided:
        words = f"Not decided: {points(part.undecided)} points neither earned nor lost.\n\n{words}"
    return visible(clipped(words, MOST_LETTERS))


def _write(path: Path, content: dict[str, Any]) -> None:
    told = {"output_format": "text", "visibility": "visible", "stdout_visibility": "hidden"}
    write_whole(path, json.dumps({**told, **content}, ensure_ascii=False, indent=1))
