"""The results of one submission as Gradescope's autograder reads them.

Its format: https://gradescope-autograders.readthedocs.io/en/latest/specs/. Every text is declared
as text, so that the platform escapes it.
"""

import json
from pathlib import Path
from typing import Any

from report.marked import write as write_whole
from report.run import Part, Run, total
from report.text import clipped, visible

MOST_LETTERS = 8_000
"""Letters of the messages of one part."""


def begin(path: Path) -> None:
    """Write at once what holds if the run should not come to its end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(path, {"score": 0, "output": "The run did not come to its end: nothing was judged."})


def write(run: Run, path: Path) -> None:
    """Write a test for each part of each exercise, with its points and what is to be corrected."""
    tests = []
    for exercise in run.exercises:
        for place, (name, part) in enumerate(
            zip(exercise.parts, run.parts(exercise), strict=True), 1
        ):
            if part.results:
                tests.append(
                    {
                        "name": f"{exercise.number} {exercise.title}: {name}",
                        "name_format": "text",
                        "number": f"{exercise.number}.{place}",
                        "score": float(part.earned),
                        "max_score": float(part.possible),
                        "status": "passed" if part.earned else "failed",
                        "output": _said(part),
                        "output_format": "text",
                        "visibility": "visible",
                    }
                )
    points = total(run.score())
    reasons = [f"{outcome}: {reason}" for reason, outcome in run.reasons().items()]
    facts = [f"{key}: {value}" for key, value in run.environment.items()]
    _write(
        path,
        {
            "score": float(points.earned),
            "output": visible("\n".join([*facts, "", *reasons])),
            "tests": tests,
        },
    )


def _said(part: Part) -> str:
    """What is to be corrected, or why it is not decided."""
    said = dict.fromkeys(result.message for result in part.results if result.message)
    words = "\n\n".join(said) or ("Right." if part.earned else "Not all of its checks ran.")
    return visible(clipped(words, MOST_LETTERS))


def _write(path: Path, content: dict[str, Any]) -> None:
    told = {"output_format": "text", "visibility": "visible", "stdout_visibility": "hidden"}
    write_whole(path, json.dumps({**told, **content}, ensure_ascii=False, indent=1))
